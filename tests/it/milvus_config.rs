//! Milvus's own reader of its configuration (tests/judges/milvus-config) on `user.yaml` before and after the filter: TLS
//! is on, HTTP has a port of its own, and everything else reads as before.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use milvus_gke_l7::kube::object::Parsed;
use milvus_gke_l7::milvus::config::{AUTHORIZATION, Config as MilvusConfig, HTTP_ENABLED, HTTP_PORT, TLS_MODE};
use milvus_gke_l7::milvus::pods::Server;
use milvus_gke_l7::stream::Stream;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;

use crate::common::{self, corpus, run, say};

type Settings = BTreeMap<String, String>;

const OURS: [&str; 3] = ["commonsecuritytlsmode", "proxyhttpport", "proxyhttpenabled"];

/// Milvus's reader.
struct Milvus(PathBuf);

impl Milvus {
    fn find() -> Option<Self> {
        Some(Self(common::judge("milvus-config")?.join("milvus-config")))
    }

    /// What Milvus reads in each of the texts, by keys without separators, or why it cannot.
    fn read(&self, texts: &[String]) -> Vec<Result<Settings, String>> {
        let mut child = Command::new(&self.0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines: String = texts.iter().map(|text| format!("{}\n", Value::from(text.as_str()))).collect();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        // Its log stands between the answers.
        let answers = output.stdout.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        let answers: Vec<_> = answers.map(|value| answer(&value)).collect();
        assert_eq!(answers.len(), texts.len(), "{}", String::from_utf8_lossy(&output.stdout));
        answers
    }
}

fn answer(answer: &Value) -> Result<Settings, String> {
    if let Some(why) = answer["error"].as_str() {
        return Err(why.to_owned());
    }
    let settings = answer["settings"].as_object().cloned().unwrap_or_default().into_iter();
    Ok(settings.map(|(key, value)| (key.replace(['.', '/', '_'], ""), value.as_str().unwrap().to_owned())).collect())
}

/// The texts of ConfigMaps that the filter changed, before and after.
fn changed(before: &[u8], after: &[u8]) -> Vec<(String, String)> {
    let (before, after) = (texts(before), texts(after));
    let pairs = after.into_iter().filter_map(|(key, after)| Some((before.get(&key)?.clone(), after)));
    pairs.filter(|(before, after)| before != after).collect()
}

/// By ConfigMap and key.
fn texts(stream: &[u8]) -> BTreeMap<(String, String), String> {
    let values = common::documents(stream)
        .into_iter()
        .filter_map(|document| serde_yaml::from_slice::<Value>(common::body(document)).ok());
    let objects = values.flat_map(|value| match value["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![value],
    });
    let maps = objects.filter(|object| object["kind"] == "ConfigMap");
    let texts = maps.flat_map(|map| {
        let name = map["metadata"]["name"].to_string();
        let data = map["data"].as_object().cloned().unwrap_or_default().into_iter();
        let texts = data.filter_map(move |(key, text)| Some(((name.clone(), key), text.as_str()?.to_owned())));
        texts.collect::<Vec<_>>()
    });
    texts.collect()
}

/// What is wrong with a change.
fn wrong(before: &Settings, after: &Settings, port: Option<&str>) -> Option<String> {
    // A `null` of which a mapping of ours becomes is nothing that Milvus asks for.
    let is_other = |key: &str, value: &str| {
        let is_parent = ["common", "commonsecurity", "proxy", "proxyhttp"].contains(&key);
        !(OURS.contains(&key) || is_parent && value.is_empty())
    };
    let others = |settings: &Settings| {
        let others = settings.iter().filter(|(key, value)| is_other(key, value));
        others.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
    };
    if after.get(OURS[0]).map(String::as_str) != Some("1") {
        return Some(format!("tlsMode is {:?}", after.get(OURS[0])));
    }
    let (before_others, after_others) = (others(before), others(after));
    if before_others != after_others {
        return Some(format!("other settings: {before_others:?}, then {after_others:?}"));
    }
    match port {
        Some("off") if is_on(after) => Some("HTTP is on".to_owned()),
        Some("off" | "keep") => None,
        Some(port) if after.get(OURS[1]).map(String::as_str) != Some(port) || !is_on(after) => {
            Some(format!("HTTP: {:?}, not {port}", after.get(OURS[1])))
        }
        _ => None,
    }
}

/// Go's strconv.ParseBool, and false for the rest (Milvus pkg/util/paramtable); on where nothing is said.
fn is_on(settings: &Settings) -> bool {
    settings.get(OURS[2]).is_none_or(|value| ["1", "t", "T", "true", "TRUE", "True"].contains(&value.as_str()))
}

/// HTTP's port, if it is not that of gRPC.
fn own_port(settings: &Settings) -> Option<u16> {
    settings.get(OURS[1])?.parse().ok().filter(|port| ![0, 19530].contains(port))
}

fn judge(milvus: &Milvus, cases: &[(String, String, String, Option<String>)]) {
    let before = milvus.read(&cases.iter().map(|case| case.1.clone()).collect::<Vec<_>>());
    let after = milvus.read(&cases.iter().map(|case| case.2.clone()).collect::<Vec<_>>());
    let failures: Vec<_> = cases
        .iter()
        .zip(before.iter().zip(&after))
        .filter_map(|((name, _, text, port), read)| match read {
            (Ok(before), Ok(after)) => {
                wrong(before, after, port.as_deref()).map(|what| format!("{name}: {what}\n{text}"))
            }
            (before, after) => Some(format!("{name}: {:?}, then {:?}", before.as_ref().err(), after.as_ref().err())),
        })
        .collect();
    say(&format!("{} changed texts", cases.len()));
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    assert!(!cases.is_empty());
}

#[test]
fn recorded_outputs() {
    let Some(milvus) = Milvus::find() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut cases = Vec::new();
    for file in corpus::yaml_files(&root).iter().filter(|file| file.ends_with("stdout.yaml")) {
        let Ok(input) = fs::read(file.with_file_name("stdin.yaml")) else { continue };
        let args = fs::read_to_string(file.with_file_name("args")).unwrap();
        let port = args.lines().find_map(|line| line.strip_prefix("--http-port=")).map(str::to_owned);
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        cases.extend(
            changed(&input, &fs::read(file).unwrap()).into_iter().map(|(b, a)| (name.clone(), b, a, port.clone())),
        );
    }
    judge(&milvus, &cases);
}

#[test]
fn real_charts() {
    let (Some(milvus), Some(charts)) = (Milvus::find(), corpus::charts()) else { return };
    let mut cases = Vec::new();
    for case in corpus::cases(&charts) {
        let input = fs::read(charts.join(&case)).unwrap();
        let output = run(&["--host=milvus.example.com".to_owned()], &[], &input);
        if output.status == Some(0) {
            cases.extend(changed(&input, &output.stdout).into_iter().map(|(b, a)| (case.clone(), b, a, None)));
        }
    }
    judge(&milvus, &cases);
}

/// Settings of ours and others, in any spelling that Milvus knows, and in some that it does not.
fn user_yaml() -> impl Strategy<Value = String> {
    let flag = prop::sample::select(vec![
        "true", "false", "True", "FALSE", "yes", "no", "on", "off", "y", "t", "0", "1", "\"off\"", "'true'", "\"1\"",
        "~", "",
    ]);
    let port = prop::sample::select(vec![
        "8080",
        "9000",
        "19530",
        "\"9000\"",
        "'19530'",
        "0",
        "017",
        "0x1f90",
        "8_080",
        "8080.0",
        "8_080.0",
        "8.08e3",
        "808e1",
        "+8080",
        "-1",
        "0b1_1",
        "0o17",
        "0x1f_90",
        "09",
        "1_",
        "8080 # HTTP",
        "70000",
        "\"\"",
        "~",
        "!!str 8081",
    ]);
    let http = prop::sample::select(vec!["http", "HTTP", "Http"]);
    let enabled = (http.clone(), prop::sample::select(vec!["enabled", "Enabled", "ENABLED", "enable"]), flag)
        .prop_map(|(http, key, value)| (http, format!("{key}: {value}")));
    let ports = (http, prop::sample::select(vec!["port", "Port", "PORT", "debug_mode"]), port)
        .prop_map(|(http, key, value)| (http, format!("{key}: {value}")));
    let entry = prop_oneof![enabled, ports];
    let nested = entry.clone().prop_map(|(http, entry)| format!("proxy:\n  {http}:\n    {entry}\n"));
    let dotted = entry.clone().prop_map(|(http, entry)| format!("proxy.{http}.{entry}\n"));
    let half = entry.clone().prop_map(|(http, entry)| format!("proxy:\n  {http}.{entry}\n"));
    let flow = (entry.clone(), entry)
        .prop_map(|((http, one), (_, other))| format!("proxy: {{{http}: {{{one}, x: 1}}, y: {{{other}}}}}\n"));
    let tls = prop::sample::select(vec![
        "",
        "common:\n  security:\n    tlsMode: 0\n",
        "common.security.tlsMode: 1\n",
        "Common: {Security: {TLSMode: 0}}\n",
        "common:\n  retentionDuration: 0\n",
        "common: {}\n",
    ]);
    let other = prop::sample::select(vec![
        "",
        "log:\n  level: info\n",
        "dataCoord.segment.maxSize: 1_024\n",
        "# nothing\n",
        "etcd: {endpoints: [a, b]}\n",
    ]);
    (tls, prop_oneof![nested, dotted, half, flow, Just(String::new())], other, any::<bool>()).prop_map(
        |(tls, http, other, is_second)| {
            format!("{tls}{http}{other}{}", if is_second { "---\nproxy: {http: {port: 1}}\n" } else { "" })
        },
    )
}

/// Ours is what Milvus reads: where HTTP is on and shares the port of gRPC, and only there, it gets a port.
#[test]
fn generated_texts() {
    let Some(milvus) = Milvus::find() else { return };
    let sample =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml")).unwrap();
    let start = sample.find("  user.yaml: |-\n").unwrap();
    let end = start + sample[start..].find("\n---").unwrap() + 1;
    let (mut judged, mut refused) = (0, 0);
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let mut check = |text: String| {
        let lines: String = text.lines().map(|line| format!("    {line}\n")).collect();
        let input = format!("{}  user.yaml: |\n{lines}{}", &sample[..start], &sample[end..]);
        let output = run(&["--host=milvus.example.com".to_owned()], &[], input.as_bytes());
        if output.status != Some(0) {
            refused += 1;
            return Ok(());
        }
        let pairs = changed(input.as_bytes(), &output.stdout);
        let [(before, after)] = pairs.as_slice() else { return Ok(()) };
        let mut read = milvus.read(&[before.clone(), after.clone()]).into_iter();
        let (Some(Ok(before)), Some(after_read)) = (read.next(), read.next()) else { return Ok(()) };
        let after_read = after_read.map_err(TestCaseError::fail)?;
        judged += 1;
        let needs_port = is_on(&before) && own_port(&before).is_none();
        let port = needs_port.then_some("8080");
        if let Some(what) = wrong(&before, &after_read, port) {
            return Err(TestCaseError::fail(format!("{what}\n{after}")));
        }
        let http = |settings: &Settings| OURS[1..].iter().map(|key| settings.get(*key).cloned()).collect::<Vec<_>>();
        prop_assert!(needs_port || http(&before) == http(&after_read), "HTTP changes without need\n{after}");
        Ok(())
    };
    let cell = std::cell::RefCell::new(&mut check);
    runner.run(&user_yaml(), |text| (cell.borrow_mut())(text)).unwrap();
    say(&format!("{judged} judged, {refused} refused"));
    assert!(judged > 50, "{judged} judged, {refused} refused");
}

/// Our reader of Milvus's settings alone, setting by setting: what Milvus reads, or a refusal.
#[test]
fn generated_settings() {
    let Some(milvus) = Milvus::find() else { return };
    let mut runner = TestRunner::new(Config { cases: 1, failure_persistence: None, ..Config::default() });
    let strategy = (user_yaml(), authorization()).prop_map(|(text, authorization)| authorization + &text);
    let texts: Vec<_> =
        std::iter::repeat_with(|| strategy.new_tree(&mut runner).unwrap().current()).take(1000).collect();
    let (mut judged, mut refused, mut failures) = (0, 0, Vec::new());
    for (text, read) in texts.iter().zip(milvus.read(&texts)) {
        // What Milvus cannot read, it does not start with.
        let Ok(wanted) = read else { continue };
        for (setting, ours) in settings(text) {
            let key = setting.to_ascii_lowercase().replace('.', "");
            match ours {
                // Two spellings of one key, of which Milvus takes one by chance.
                Err(_) => refused += 1,
                Ok(ours) => {
                    judged += 1;
                    // An empty value is one that is not set.
                    let wanted = wanted.get(&key).map(|value| value.trim()).unwrap_or_default();
                    let ours = ours.unwrap_or_default();
                    if ours != wanted {
                        failures.push(format!("{setting}: {ours:?}, and for Milvus {wanted:?}\n{text}"));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    say(&format!("{judged} settings judged, {refused} refused"));
    assert!(judged > 3000, "{judged} judged, {refused} refused");
}

/// What our reader makes of each setting that we look for in a `user.yaml`.
fn settings(text: &str) -> Vec<(&'static str, Result<Option<String>, String>)> {
    let map = serde_json::json!({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"user.yaml": text}});
    let map = serde_yaml::to_string(&map).unwrap();
    let stream = Stream::read(map.as_bytes()).unwrap().open();
    let id = stream.ids().next().unwrap();
    let object = Parsed::parse(&stream, id).unwrap();
    let server = Server { grpc_port: 19530, health_port: None, version: None, environment: Vec::new(), document: id };
    let read = |setting| {
        let config =
            MilvusConfig::read(&object, "user.yaml", &server, 8080).map_err(|refusal| format!("{refusal:?}"))?;
        config.in_files(setting).map_err(|refusal| format!("{refusal:?}"))
    };
    [TLS_MODE, HTTP_PORT, HTTP_ENABLED, AUTHORIZATION].map(|setting| (setting.name, read(setting))).to_vec()
}

/// `common.security.authorizationEnabled` in some form, or another setting of its neighbourhood.
fn authorization() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec!["true", "True", "on", "\"on\"", "no", "1", "~", "'y'", "yes # really"]);
    let key = prop::sample::select(vec![
        "common.security.authorizationEnabled",
        "COMMON.security.AuthorizationEnabled",
        "common/security/authorization_enabled",
        "common.security.superUsers",
    ]);
    prop_oneof![Just(String::new()), (key, value).prop_map(|(key, value)| format!("{key}: {value}\n"))]
}
