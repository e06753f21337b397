//! Plausible mistakes in the fields of objects.

use std::collections::BTreeSet;
use std::env;

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value, json};

use crate::common::{live, run, say};

/// One mistake.
pub(crate) struct Mutation {
    pub(crate) name: String,
    /// Whether it leads to something that may exist, though it is not in the input.
    pub(crate) may_exist_outside: bool,
    /// Of the objects.
    pub(crate) index: usize,
    at: PointerBuf,
    change: Change,
}

enum Change {
    Lose,
    /// Another key.
    Rename(String),
    Put(Value),
    /// Twice.
    Repeat,
}

impl Mutation {
    pub(crate) fn apply(&self, objects: &[Value]) -> Vec<Value> {
        let mut objects = objects.to_vec();
        let object = &mut objects[self.index];
        let Some((parent, key)) = self.at.split_back() else { return objects };
        let key = key.decoded().into_owned();
        match (parent.resolve_mut(object).unwrap(), &self.change) {
            (Value::Object(parent), Change::Lose) => drop(parent.shift_remove(&key)),
            (Value::Object(parent), Change::Put(value)) => drop(parent.insert(key, value.clone())),
            (Value::Object(parent), Change::Rename(other)) => {
                let entries = std::mem::take(parent).into_iter();
                *parent =
                    entries.map(|(name, value)| (if name == key { other.clone() } else { name }, value)).collect();
            }
            (Value::Array(parent), change) => {
                let index: usize = key.parse().unwrap();
                match change {
                    Change::Lose => drop(parent.remove(index)),
                    Change::Put(value) => parent[index] = value.clone(),
                    Change::Repeat => parent.insert(index, parent[index].clone()),
                    Change::Rename(_) => unreachable!("an item has no key"),
                }
            }
            _ => unreachable!("a field is in an object or an array"),
        }
        objects
    }
}

/// All of what is ours, and of the Service.
pub(crate) fn of(objects: &[Value]) -> impl Iterator<Item = Mutation> {
    objects
        .iter()
        .enumerate()
        .filter(|(_, object)| !["Deployment", "ConfigMap"].contains(&object["kind"].as_str().unwrap()))
        .flat_map(|(index, object)| {
            let mut fields = Vec::new();
            walk(object, &PointerBuf::root(), &mut fields);
            let kind = object["kind"].as_str().unwrap().to_owned();
            fields.into_iter().flat_map(move |(at, value)| {
                let kind = kind.clone();
                changes(&at, &value).into_iter().map(move |(what, change)| Mutation {
                    name: format!("{kind} {at} {what}"),
                    may_exist_outside: leads_outside(&kind, at.as_str()),
                    index,
                    at: at.clone(),
                    change,
                })
            })
        })
}

fn walk(value: &Value, at: &PointerBuf, fields: &mut Vec<(PointerBuf, Value)>) {
    let mut visit = |token: String, value: &Value| {
        // The release's labels are read by nobody here.
        if at.as_str() != "/metadata" || token != "labels" {
            let at = at.with_trailing_token(token);
            fields.push((at.clone(), value.clone()));
            walk(value, &at, fields);
        }
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| visit(key.clone(), value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| visit(index.to_string(), value)),
        _ => {}
    }
}

/// Names of what may be in the cluster, or in the project, already.
fn leads_outside(kind: &str, at: &str) -> bool {
    const NAMES: [&str; 15] = [
        "static-ip-name",
        "pre-shared-cert",
        "managed-certificates",
        "FrontendConfig",
        "backend-config",
        "secretName",
        "/service/name",
        "/securityPolicy/name",
        "/sslPolicy",
        // Of a Gateway.
        "certmap",
        "pre-shared-certs",
        "cert-manager-certs",
        "/certificateRefs/0/name",
        "/parentRefs/0/name",
        "/backendRefs/0/name",
    ];
    // An object of another name is missing where it is asked for.
    let is_renamed = ["/metadata/name", "/metadata/namespace", "/kind", "/apiVersion", "/metadata"].contains(&at);
    NAMES.iter().any(|name| at.ends_with(name)) || (is_renamed && kind != "Ingress")
}

fn changes(at: &PointerBuf, value: &Value) -> Vec<(String, Change)> {
    let mut changes = vec![("left out".to_owned(), Change::Lose)];
    let mut put = |what: &str, value: Value| changes.push((format!("{what}: {value}"), Change::Put(value)));
    match value {
        Value::String(text) => {
            put("another", format!("{text}-x").into());
            put("empty", "".into());
            let (lower, upper) = (text.to_lowercase(), text.to_uppercase());
            put("in another case", if lower == *text { upper } else { lower }.into());
            if text.starts_with('{') {
                slips(text).into_iter().for_each(|(what, slip)| put(what, slip.into()));
            }
        }
        Value::Number(number) => {
            put("one more", json!(number.as_f64().unwrap() + 1.0).as_f64().map_or(Value::Null, whole));
            put("a string", number.to_string().into());
        }
        Value::Bool(value) => {
            put("the opposite", json!(!value));
            put("a string", value.to_string().into());
        }
        Value::Object(_) => put("empty", json!({})),
        Value::Array(_) => put("empty", json!([])),
        Value::Null => {}
    }
    if let Some(key) = at.last().map(|token| token.decoded().into_owned()) {
        if key.parse::<usize>().is_ok() {
            changes.push(("twice".to_owned(), Change::Repeat));
        } else {
            for other in misspelt(&key) {
                changes.push((format!("misspelt {other}"), Change::Rename(other)));
            }
        }
    }
    changes
}

fn whole(number: f64) -> Value {
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

/// A letter lost, two letters swapped, another case.
fn misspelt(key: &str) -> Vec<String> {
    let middle =
        key.rfind('/').map_or(0, |slash| slash + 1) + (key.len() - key.rfind('/').map_or(0, |slash| slash + 1)) / 2;
    let lost = format!("{}{}", &key[..middle], &key[middle + 1..]);
    let mut swapped: Vec<_> = key.chars().collect();
    if middle + 1 < swapped.len() {
        swapped.swap(middle, middle + 1);
    }
    let start = key.rfind(['/', '.']).map_or(0, |at| at + 1);
    let mut cased: Vec<_> = key.chars().collect();
    cased[start] =
        if cased[start].is_uppercase() { cased[start].to_ascii_lowercase() } else { cased[start].to_ascii_uppercase() };
    let mut all = vec![lost, swapped.into_iter().collect(), cased.into_iter().collect()];
    all.retain(|other| other != key);
    all
}

/// Slips of JSON, and of what is in it.
fn slips(text: &str) -> Vec<(&'static str, String)> {
    let mut slips = vec![
        ("no end", text.trim_end_matches('}').to_owned()),
        ("single quotes", text.replace('"', "'")),
        ("no quotes", text.replace('"', "")),
        ("a list", format!("[{text}]")),
        ("a comma", text.replace('}', ",}")),
    ];
    if text.contains("true") {
        slips.push(("a string", text.replace("true", "\"true\"")));
        slips.push(("false", text.replace("true", "false")));
    }
    let entries: Map<String, Value> = serde_json::from_str(text).unwrap();
    if let Some((key, value)) = entries.iter().next() {
        slips.push(("another key", text.replacen(key, &format!("{key}s"), 1)));
        slips.push(("without it", json!(entries.clone().into_iter().skip(1).collect::<Map<_, _>>()).to_string()));
        if let Some(value) = value.as_str() {
            slips.push(("another value", text.replacen(value, &format!("{value}s"), 1)));
            slips.push(("lower case", text.replacen(value, &value.to_lowercase(), 1)));
        }
    }
    slips.retain(|(_, slip)| slip != text);
    slips
}

/// The mutations of this run, by a seed that is said.
pub(crate) fn chosen<T>(mut all: Vec<(T, Mutation)>) -> Vec<(T, Mutation)> {
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse().ok());
    if let Ok(part) = env::var("MUTATIONS_NAMED") {
        all.retain(|(_, mutation)| mutation.name.contains(&part));
    }
    let count = match env::var("MUTATIONS").as_deref() {
        Ok("all") => all.len(),
        _ => number("MUTATIONS").map_or(300, |count: u64| count as usize).min(all.len()),
    };
    let seed: u64 = number("MUTATIONS_SEED").unwrap_or(1);
    say(&format!("{count} of {} mutations: MUTATIONS_SEED={seed}", all.len()));
    // The first ones of a shuffle (splitmix64).
    let mut state = seed;
    let mut random = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    for at in 0..count {
        let other = at + (random() % (all.len() - at) as u64) as usize;
        all.swap(at, other);
    }
    all.truncate(count);
    all
}

/// What `check` finds.
pub(crate) fn findings(objects: &[Value]) -> Vec<Value> {
    findings_of(&live::stream(objects))
}

pub(crate) fn findings_of(input: &str) -> Vec<Value> {
    // The charts leave authentication off, which the controllers do not look at.
    let args = ["check", "--output=json", "--ignore=authentication-off"].map(str::to_owned);
    let run = run(&args, &[], input.as_bytes());
    match serde_json::from_slice(&run.stdout) {
        Ok(findings) => findings,
        // What it cannot look at at all, it refuses.
        Err(_) => {
            assert_eq!(run.status, Some(1), "{input}");
            vec![json!({"severity": "error", "rule": "refused", "message": String::from_utf8_lossy(&run.stderr)})]
        }
    }
}

pub(crate) fn is_error(finding: &Value) -> bool {
    finding["severity"] == "error"
}

/// Rules of errors and warnings.
pub(crate) fn alarms(findings: &[Value]) -> BTreeSet<String> {
    let alarms = findings.iter().filter(|finding| finding["severity"] != "note");
    alarms.map(|finding| format!("{} {}", finding["rule"], finding["message"])).collect()
}
