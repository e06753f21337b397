//! Objects, field by field: unknown fields are pruned without a word, and what has the wrong type is refused.

use json_patch::jsonptr::{Pointer, PointerBuf};
use serde_json::Value;

use super::findings::{Finding, Findings};
use super::{annotations, rules};
use crate::gke::kind::{Field, HTTP_ROUTE, Kind, METADATA, SECRET, SERVICE, Shape};
use crate::host::is_label;
use crate::kube::object::{Existing, Object as _, is_label_value, is_qualified_name, is_subdomain};
use crate::kube::value::{base64, pointer, set_at};
use crate::text::nearest;

/// Names that people write for others.
const MISTAKEN: [(&str, &str); 8] = [
    ("path", "requestPath"),
    ("protocol", "type"),
    ("interval", "checkIntervalSec"),
    ("timeout", "timeoutSec"),
    ("backend", "defaultBackend"),
    ("secret", "secretName"),
    ("sslPolicyName", "sslPolicy"),
    ("domain", "domains"),
];

static METADATA_SHAPE: Shape = Shape::Fields(METADATA, &[]);

/// Checks an object of a kind that is known: its version, its name, its annotations and all other fields.
pub(super) fn check(object: &Existing, kind: &'static Kind, findings: &mut Findings) {
    let version = object.api_version();
    if !kind.is_served(version) {
        return findings.push(unserved(object, kind));
    }
    check_name(object, kind, findings);
    let needs_spec = kind.fields.iter().any(|field| matches!(field, ("spec", Shape::Fields(_, [_, ..]))));
    if (needs_spec || kind.name == HTTP_ROUTE.name) && set_at(&object.value, "/spec").is_none() {
        findings.object(&rules::FIELD_REQUIRED, object, format!("the {} has no `spec`", kind.name));
    }
    annotations::check(object, findings);
    let older = kind.older.iter().find(|(older, _)| *older == version);
    let mut checked = Checked { object, kind, lacks: older.map_or(&[], |(_, lacks)| lacks), findings };
    for (field, value) in object.value.as_object().into_iter().flatten() {
        let at = pointer([field.as_str()]);
        match (field.as_str(), kind.fields.iter().find(|(name, _)| name == field)) {
            ("apiVersion" | "kind" | "status", _) => {}
            ("metadata", _) => checked.value(&at, value, &METADATA_SHAPE),
            (_, Some((_, shape))) => checked.value(&at, value, shape),
            (_, None) => checked.unknown(at, field, kind.fields),
        }
    }
}

fn check_name(object: &Existing, kind: &Kind, findings: &mut Findings) {
    // The name of a Service is one label of its DNS name.
    let fits = |name: &str| if kind.name == SERVICE.name { is_label(name) } else { is_subdomain(name) };
    match object.name() {
        Some(name) if !fits(name) => {
            findings.object(&rules::OBJECT_NAME, object, format!("`{name}` is not a valid name for the object"));
        }
        None if set_at(&object.value, "/metadata/generateName").is_none() => {
            findings.at(&rules::OBJECT_NAME, object, pointer(["metadata"]), format!("the {} has no name", kind.name));
        }
        _ => {}
    }
    if let Some(namespace) = object.namespace().filter(|namespace| !is_label(namespace)) {
        let place = pointer(["metadata", "namespace"]);
        findings.at(
            &rules::OBJECT_NAME,
            object,
            place,
            format!("`{namespace}` is not a name that a namespace may have"),
        );
    }
    let labels = set_at(&object.value, "/metadata/labels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        if !is_qualified_name(key) || value.as_str().is_some_and(|value| !is_label_value(value)) {
            let place = pointer(["metadata", "labels", key]);
            findings.at(&rules::LABEL, object, place, format!("`{key}` is not a valid label"));
        }
    }
}

/// An object of a kind that the API server does not know by its `apiVersion`.
pub(super) fn unserved(object: &Existing, kind: &Kind) -> Finding {
    let (rule, path, message) = match (object.api_version(), object.kind()) {
        (_, written) if written != kind.name => {
            (&rules::API_VERSION, "kind", format!("the kind is called {}, not `{written}`", kind.name))
        }
        (version, "Ingress") if version.ends_with("/v1beta1") => {
            (&rules::INGRESS_VERSION, "apiVersion", format!("{version} was removed in Kubernetes 1.22"))
        }
        ("", name) => (&rules::API_VERSION, "kind", format!("the {name} has no apiVersion")),
        (version, name) => (&rules::API_VERSION, "apiVersion", format!("{name} is not served as {version}")),
    };
    let finding = Finding::at(rule, object, pointer([path]), message);
    if rule.id == rules::API_VERSION.id {
        return finding.with_fix(format!("write apiVersion: {}, kind: {}", kind.api_version, kind.name));
    }
    finding
}

/// An object that is being checked.
struct Checked<'a> {
    object: &'a Existing,
    kind: &'static Kind,
    /// Fields of `spec` that its older version lacks.
    lacks: &'static [&'static str],
    findings: &'a mut Findings,
}

impl Checked<'_> {
    fn at(&mut self, rule: &'static super::rules::Rule, at: &Pointer, message: String) {
        // The line would show what is secret.
        let is_secret = self.kind.name == SECRET.name && at.count() > 1;
        let place = at.first().filter(|_| is_secret).map_or_else(|| at.to_buf(), |field| pointer([&*field.decoded()]));
        self.findings.at(rule, self.object, place, message);
    }

    fn value(&mut self, at: &Pointer, value: &Value, shape: &'static Shape) {
        let wrong = |what: &str| format!("`{}` is not {what}", name(at));
        // The API server takes null for nothing.
        let problem = match shape {
            _ if value.is_null() => return,
            Shape::Fields(known, required) => match value {
                Value::Object(_) => return self.fields(at, value, known, required),
                _ => wrong("a mapping"),
            },
            Shape::Map(shape) => match value {
                Value::Object(fields) => {
                    return fields.iter().for_each(|(key, value)| {
                        self.value(&at.with_trailing_token(key.as_str()), value, shape);
                    });
                }
                _ => wrong("a mapping"),
            },
            Shape::List(shape) => match value {
                Value::Array(items) => {
                    return items.iter().enumerate().for_each(|(index, value)| {
                        self.value(&at.with_trailing_token(index.to_string()), value, shape);
                    });
                }
                _ => wrong("a list"),
            },
            Shape::Integer(least, most) => match value.as_i64() {
                None if value.as_f64().is_some_and(|number| number.fract() == 0.0 && number.abs() < 1e15) => return,
                None => wrong("a whole number"),
                Some(number) => return self.range(at, (*least..=*most).contains(&number), number, *least, *most),
            },
            Shape::Number(least, most) => match value.as_f64() {
                None => wrong("a number"),
                Some(number) => return self.range(at, (*least..=*most).contains(&number), number, *least, *most),
            },
            Shape::OneOf(values) => match value.as_str() {
                None => wrong("a string"),
                Some(text) if text.is_empty() || values.contains(&text) => return,
                Some(text) => {
                    let message = format!("`{}` is `{text}`, not one of {}", name(at), values.join(", "));
                    return self.at(&rules::FIELD_VALUE, at, message);
                }
            },
            Shape::Enum(values) => match value.as_str() {
                None => wrong("a text"),
                Some(text) if values.contains(&text) => return,
                Some(text) => {
                    let message = format!("`{}` is `{text}`, not one of {}", name(at), values.join(", "));
                    return self.at(&rules::FIELD_VALUE, at, message);
                }
            },
            Shape::Fits(fits, what) => match value.as_str() {
                None => wrong("a text"),
                Some(text) if fits(text) => return,
                Some(text) => {
                    return self.at(&rules::FIELD_VALUE, at, format!("`{}` is `{text}`, not {what}", name(at)));
                }
            },
            Shape::Header => match value.as_str() {
                None => wrong("a string"),
                Some(header) if header.split_once(':').is_some_and(|(name, _)| !name.is_empty()) => return,
                Some(header) => {
                    return self.at(&rules::FIELD_VALUE, at, format!("`{}` is `{header}`, not NAME:VALUE", name(at)));
                }
            },
            Shape::String if !value.is_string() => wrong("a string"),
            Shape::PortOrName if !is_port_or_name(value) => wrong("the number or the name of a port"),
            Shape::Boolean if !value.is_boolean() => wrong("true or false"),
            Shape::Base64 if value.as_str().and_then(base64).is_none() => wrong("base64"),
            _ => return,
        };
        self.at(&rules::FIELD_TYPE, at, problem);
    }

    fn range<N: std::fmt::Display>(&mut self, at: &Pointer, fits: bool, number: N, least: N, most: N) {
        if !fits {
            self.at(&rules::FIELD_VALUE, at, format!("`{}` is {number}, not {least} to {most}", name(at)));
        }
    }

    fn fields(&mut self, at: &Pointer, value: &Value, known: &'static [Field], required: &[&str]) {
        for field in required.iter().filter(|field| value.get(**field).is_none_or(Value::is_null)) {
            self.at(&rules::FIELD_REQUIRED, at, format!("`{}` has no `{field}`", name(at)));
        }
        for (field, value) in value.as_object().into_iter().flatten() {
            let place = at.with_trailing_token(field.as_str());
            match known.iter().find(|(name, _)| name == field) {
                Some(_) if at.count() == 1 && self.lacks.contains(&field.as_str()) => {
                    let message = format!("{} has no field `{field}`", self.object.api_version());
                    let finding = Finding::at(&rules::UNKNOWN_FIELD, self.object, place, message);
                    self.findings.push(finding.with_fix(format!("write apiVersion: {}", self.kind.api_version)));
                }
                Some((_, shape)) => self.value(&place, value, shape),
                None => self.unknown(place, field, known),
            }
        }
    }

    fn unknown(&mut self, at: PointerBuf, field: &str, known: &'static [Field]) {
        // What the API server has taken it has also pruned; a newer one knows more.
        if self.object.is_live() {
            return;
        }
        let has = |fields: &[Field], name: &str| fields.iter().any(|(known, _)| *known == name);
        let mistaken = MISTAKEN.iter().find(|(wrong, right)| *wrong == field && has(known, right));
        let near = || nearest(field, known.iter().map(|(name, _)| *name), if field.len() < 5 { 1 } else { 3 });
        let of_spec = self.kind.fields.iter().find_map(|field| match field {
            ("spec", Shape::Fields(fields, _)) => Some(*fields),
            _ => None,
        });
        let fix = match mistaken.map(|(_, right)| *right) {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if has(METADATA, field) && at.count() <= 2 => Some(format!("move `{field}` into metadata")),
            None if of_spec.is_some_and(|fields| has(fields, field)) && at.count() <= 2 => {
                Some(format!("move `{field}` into spec"))
            }
            None => near().map(|meant| format!("did you mean `{meant}`?")),
        };
        let message = format!("{} has no field `{field}` here", self.object.kind());
        let finding = Finding::at(&rules::UNKNOWN_FIELD, self.object, at, message);
        self.findings.push(match fix {
            Some(fix) => finding.with_fix(fix),
            None => finding,
        });
    }
}

/// A port of a container; 0 and an empty name are those of the Service's port (apimachinery pkg/util/validation
/// `IsValidPortName`).
fn is_port_or_name(value: &Value) -> bool {
    let is_name = |name: &str| {
        name.len() <= 15 && is_label(name) && !name.contains("--") && name.bytes().any(|byte| byte.is_ascii_lowercase())
    };
    match value {
        Value::String(name) => name.is_empty() || is_name(name),
        _ => value.as_i64().is_some_and(|port| (0..=65535).contains(&port)),
    }
}

/// How a field is called: `ports[0].name`, without `spec`.
fn name(at: &Pointer) -> String {
    let mut name = String::new();
    let skipped = usize::from(at.count() > 1 && at.first().is_some_and(|token| token.encoded() == "spec"));
    for token in at.tokens().skip(skipped) {
        let token = token.decoded();
        if token.bytes().all(|byte| byte.is_ascii_digit()) {
            name.push_str(&format!("[{token}]"));
        } else {
            name.push_str(if name.is_empty() { "" } else { "." });
            name.push_str(&token);
        }
    }
    name
}
