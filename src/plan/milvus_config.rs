//! Milvus's settings as Milvus reads them: `user.yaml` over `default.yaml`, the
//! environment over both.
//!
//! Milvus flattens the YAML into keys (`proxy: {http: {port: 1}}` and
//! `proxy.http.port: 1` are one), writes them in lower case and takes out `/`, `_`
//! and `.` (pkg/config, `formatKey`).

use json_patch::jsonptr::{Pointer, PointerBuf};
use json_patch::{AddOperation, Patch, PatchOperation, ReplaceOperation, TestOperation};
use serde_json::{Map, Value};

use super::USER_YAML;
use crate::object::{Object, path};
use crate::refusal::{Reason, Refusal, Spot};
use crate::release::workload::{Server, Variable};
use crate::yaml;

/// A setting of Milvus.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    keys: [&'static str; 3],
}

pub(crate) const TLS_MODE: Setting =
    Setting { name: "common.security.tlsMode", keys: ["common", "security", "tlsMode"] };
pub(crate) const HTTP_PORT: Setting = Setting { name: "proxy.http.port", keys: ["proxy", "http", "port"] };
pub(super) const HTTP_ENABLED: Setting = Setting { name: "proxy.http.enabled", keys: ["proxy", "http", "enabled"] };

/// `proxy.port`, as Milvus flattens it.
const GRPC_PORT: &str = "proxyport";

/// The settings of one release, and what is to change in `user.yaml`.
pub(crate) struct MilvusConfig<'r, 'i> {
    object: &'r Object<'i>,
    server: &'r Server,
    /// As it will be.
    user: Value,
    default: Value,
    operations: Vec<PatchOperation>,
}

/// One setting in one of the files.
struct Leaf {
    path: PointerBuf,
    value: Value,
}

impl<'r, 'i> MilvusConfig<'r, 'i> {
    /// `http_port` is the port that Milvus's HTTP server may be given: where the files
    /// mention it, they may do so as the gRPC port.
    pub(crate) fn read(object: &'r Object<'i>, server: &'r Server, http_port: u16) -> Result<Self, Refusal> {
        let mut config = Self {
            object,
            server,
            user: parse(object, object.value(), "user.yaml")?,
            default: Value::Null,
            operations: Vec::new(),
        };
        // The chart's own settings are long and hold none of ours in recent versions.
        let of_user = config.in_files(HTTP_PORT)?;
        let of_environment = config.environment(HTTP_PORT).and_then(|variable| variable.value.clone());
        let ports: Vec<_> = [Some(http_port.to_string()), of_user, of_environment].into_iter().flatten().collect();
        let is_port = |port: &String| !port.trim().is_empty();
        let relevant = |text: &str| {
            mentions_settings(text) || ports.iter().filter(|port| is_port(port)).any(|port| text.contains(port.trim()))
        };
        config.default = if object.document.unread().any(relevant) {
            parse(object, object.whole()?.value(), "default.yaml")?
        } else {
            parse(object, object.value(), "default.yaml")?
        };
        Ok(config)
    }

    /// The variable that sets it in the environment.
    pub(crate) fn environment(&self, setting: Setting) -> Option<&'r Variable> {
        self.variable(&flat(setting.name))
    }

    fn variable(&self, flat_key: &str) -> Option<&'r Variable> {
        self.server.environment.iter().rev().find(|variable| {
            let name = variable.name.to_ascii_lowercase();
            flat(name.strip_prefix("milvus.").unwrap_or(&name)) == flat_key
        })
    }

    /// A refusal about a variable that says otherwise than it should.
    pub(crate) fn refuse_environment(&self, variable: &Variable, setting: Setting) -> Refusal {
        let reason = Reason::Environment { variable: variable.name.clone(), setting: setting.name };
        Refusal::at(reason, self.server.document, Spot::Path(variable.path.clone()))
    }

    /// What the two files set, as text; empty for `null`, `None` where neither sets it.
    pub(crate) fn in_files(&self, setting: Setting) -> Result<Option<String>, Refusal> {
        if let Some(leaf) = self.leaf(&self.user, "user.yaml", setting)? {
            return Ok(Some(as_text(&leaf.value)));
        }
        Ok(self.leaf(&self.default, "default.yaml", setting)?.map(|leaf| as_text(&leaf.value)))
    }

    /// The port of the gRPC server, if it is told.
    pub(super) fn grpc_port(&self) -> Option<u16> {
        if let Some(variable) = self.variable(GRPC_PORT) {
            return variable.value.as_deref()?.trim().parse().ok();
        }
        let mut found = Vec::new();
        leaves(&self.user, &PointerBuf::root(), "", GRPC_PORT, &mut found);
        leaves(&self.default, &PointerBuf::root(), "", GRPC_PORT, &mut found);
        as_text(&found.first()?.value).parse().ok()
    }

    /// Sets it in `user.yaml`: where it stands already, or nested.
    pub(super) fn set(&mut self, setting: Setting, value: Value) -> Result<(), Refusal> {
        if let Some(leaf) = self.leaf(&self.user, "user.yaml", setting)? {
            if leaf.value != value {
                let path = leaf.path;
                self.push(PatchOperation::Test(TestOperation { path: path.clone(), value: leaf.value }));
                self.push(PatchOperation::Replace(ReplaceOperation { path, value }));
            }
            return Ok(());
        }
        let mut at = PointerBuf::root();
        let mut parent = &self.user;
        for (depth, key) in setting.keys.iter().enumerate() {
            let rest = &setting.keys[depth..];
            match parent {
                Value::Null => {
                    let value = nested(rest, value);
                    self.push(PatchOperation::Add(AddOperation { path: at, value }));
                    return Ok(());
                }
                Value::Object(mapping) => match entry(mapping, key) {
                    Some((name, child)) => {
                        at.push_back(name.as_str());
                        parent = child;
                    }
                    None => {
                        at.push_back(*key);
                        let value = nested(&rest[1..], value);
                        self.push(PatchOperation::Add(AddOperation { path: at, value }));
                        return Ok(());
                    }
                },
                _ => break,
            }
        }
        Err(self.not_a_mapping(at))
    }

    fn push(&mut self, operation: PatchOperation) {
        // The operations are made from the value they apply to: they cannot fail.
        let applied = json_patch::patch_unsafe(&mut self.user, std::slice::from_ref(&operation));
        debug_assert!(applied.is_ok(), "{operation} does not apply");
        self.operations.push(operation);
    }

    /// The patch of `user.yaml`.
    pub(super) fn finish(self) -> Patch {
        Patch(self.operations)
    }

    /// A refusal about a setting in `user.yaml`, or in `default.yaml`.
    pub(crate) fn refuse(&self, reason: Reason, setting: Setting) -> Refusal {
        for (value, key) in [(&self.user, "user.yaml"), (&self.default, "default.yaml")] {
            if let Ok(Some(leaf)) = self.leaf(value, "", setting) {
                let spot = Spot::InText { text: path(["data", key]), inner: leaf.path };
                return Refusal::at(reason, self.object.id, spot);
            }
        }
        Refusal::new(reason)
    }

    fn not_a_mapping(&self, inner: PointerBuf) -> Refusal {
        let key = inner.tokens().map(|token| token.decoded().into_owned()).collect::<Vec<_>>().join(".");
        let reason =
            Reason::ConfigNotAMapping { what: format!("`{key}` of `user.yaml`"), config_map: name(self.object) };
        Refusal::at(reason, self.object.id, Spot::InText { text: path(USER_YAML), inner })
    }

    fn leaf(&self, value: &Value, file: &'static str, setting: Setting) -> Result<Option<Leaf>, Refusal> {
        let mut found = Vec::new();
        leaves(value, &PointerBuf::root(), "", &flat(setting.name), &mut found);
        if let [first, second, ..] = found.as_slice() {
            let reason = Reason::TwoForms {
                setting: setting.name,
                file,
                first: readable(&first.path),
                second: readable(&second.path),
            };
            let spot = Spot::InText { text: path(["data", file]), inner: second.path.clone() };
            return Err(Refusal::at(reason, self.object.id, spot));
        }
        Ok(found.pop())
    }
}

/// The value of one of the ConfigMap's texts; `null` where it is missing or empty.
fn parse(object: &Object<'_>, value: &Value, key: &'static str) -> Result<Value, Refusal> {
    let at = path(["data", key]);
    let text = match at.resolve(value).ok() {
        None | Some(Value::Null) => return Ok(Value::Null),
        Some(Value::String(text)) => text,
        Some(_) => return Err(refuse_text(object, Reason::NotAText { key, config_map: name(object) }, at)),
    };
    let value = yaml::read(text).map_err(|error| {
        let message = error.to_string();
        let reason = Reason::ConfigDoesNotParse { key, config_map: name(object), message };
        Refusal::at(reason, object.id, Spot::LineInText { text: at.clone(), line: error.line() })
    })?;
    match value {
        Value::Null | Value::Object(_) => Ok(value),
        _ => {
            let reason = Reason::ConfigNotAMapping { what: format!("`{key}`"), config_map: name(object) };
            Err(refuse_text(object, reason, at))
        }
    }
}

/// Whether a setting of ours may stand in the text, in whatever spelling: their keys
/// share these letters. Web addresses, as in licence headers, do not count.
fn mentions_settings(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let is_key =
        |(at, _): (usize, &str)| !text[at..].trim_start_matches("http").trim_start_matches('s').starts_with("://");
    text.contains("tls") || text.match_indices("http").any(is_key)
}

/// A refusal about a text as such, which is not shown: it may hold secrets.
fn refuse_text(object: &Object<'_>, reason: Reason, text: PointerBuf) -> Refusal {
    Refusal::at(reason, object.id, Spot::LineInText { text, line: 1 })
}

fn name(object: &Object<'_>) -> String {
    object.name().unwrap_or_default().to_owned()
}

/// The entry that Milvus reads as `key`: the exact spelling first, then any.
fn entry<'v>(mapping: &'v Map<String, Value>, key: &str) -> Option<(&'v String, &'v Value)> {
    let nestable = |value: &Value| value.is_object() || value.is_null();
    let exact = mapping.get_key_value(key);
    exact.or_else(|| mapping.iter().find(|(name, value)| name.eq_ignore_ascii_case(key) && nestable(value)))
}

fn nested(keys: &[&str], value: Value) -> Value {
    keys.iter().rev().fold(value, |value, key| Value::Object(Map::from_iter([((*key).to_owned(), value)])))
}

/// All places that Milvus flattens to `wanted`.
fn leaves(value: &Value, at: &Pointer, prefix: &str, wanted: &str, found: &mut Vec<Leaf>) {
    let Value::Object(mapping) = value else { return };
    for (key, value) in mapping {
        let flat_key = format!("{prefix}{}", flat(key));
        if !wanted.starts_with(&flat_key) {
            continue;
        }
        let path = at.with_trailing_token(key.as_str());
        match value {
            Value::Object(_) => leaves(value, &path, &flat_key, wanted, found),
            _ if flat_key == wanted => found.push(Leaf { path, value: value.clone() }),
            _ => {}
        }
    }
}

/// As Milvus flattens a key.
fn flat(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '/' | '_' | '.')).map(|c| c.to_ascii_lowercase()).collect()
}

fn readable(path: &Pointer) -> String {
    path.tokens().map(|token| format!("`{}`", token.decoded())).collect::<Vec<_>>().join(" → ")
}

/// As Milvus turns a value into text.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}
