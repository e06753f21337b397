//! Milvus's settings as Milvus reads them: `user.yaml` over `default.yaml`, the
//! environment over both.
//!
//! Milvus flattens the YAML into keys (`proxy: {http: {port: 1}}` and
//! `proxy.http.port: 1` are one), writes them in lower case and takes out `/`, `_`
//! and `.` (pkg/config, `formatKey`).

use json_patch::jsonptr::{Pointer, PointerBuf};
use serde_json::Value;

use super::pods::{Server, Variable};
use crate::kube::object::{Object as _, Parsed};
use crate::kube::value::pointer;
use crate::report::place::{Place, Spot};
use crate::report::refusal::{Reason, Refusal};
use crate::yaml::{self, Entries};

/// A setting of Milvus.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// As it is documented.
    pub name: &'static str,
    /// Where it is nested.
    pub keys: [&'static str; 3],
}

/// Whether Milvus's servers speak TLS: 0 no, 1 yes, 2 with client certificates.
pub const TLS_MODE: Setting = Setting { name: "common.security.tlsMode", keys: ["common", "security", "tlsMode"] };
/// The port of Milvus's HTTP server.
pub const HTTP_PORT: Setting = Setting { name: "proxy.http.port", keys: ["proxy", "http", "port"] };
/// Whether Milvus serves HTTP.
pub const HTTP_ENABLED: Setting = Setting { name: "proxy.http.enabled", keys: ["proxy", "http", "enabled"] };

/// `proxy.port`, as Milvus flattens it.
const GRPC_PORT: &str = "proxyport";

/// Where the ConfigMap holds the user's settings.
pub const USER_YAML: [&str; 2] = ["data", "user.yaml"];

/// What is read of the ConfigMap: the chart's own `default.yaml` is long, and rarely of
/// interest.
pub const ENTRIES: Entries = &[
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "annotations"],
    &["data", "user.yaml"],
];

/// The settings of one release.
#[derive(Debug)]
pub struct Config<'r, 'i> {
    object: &'r Parsed<'i>,
    server: &'r Server,
    /// The value of `user.yaml`.
    pub(crate) user: Value,
    default: Value,
}

/// One setting in one of the files.
#[derive(Debug)]
pub struct Leaf {
    /// Where it is in the file.
    pub path: PointerBuf,
    /// What it is set to.
    pub value: Value,
}

impl<'r, 'i> Config<'r, 'i> {
    /// `http_port` is the port that Milvus's HTTP server may be given: where the files
    /// mention it, they may do so as the gRPC port.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where one of the files is not what Milvus reads there.
    pub fn read(object: &'r Parsed<'i>, server: &'r Server, http_port: u16) -> Result<Self, Refusal> {
        let user = parse(object, object.value(), "user.yaml")?;
        let mut config = Self { object, server, user, default: Value::Null };
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
    #[must_use]
    pub fn environment(&self, setting: Setting) -> Option<&'r Variable> {
        self.variable(&flat(setting.name))
    }

    fn variable(&self, flat_key: &str) -> Option<&'r Variable> {
        self.server.environment.iter().rev().find(|variable| {
            let name = variable.name.to_ascii_lowercase();
            flat(name.strip_prefix("milvus.").unwrap_or(&name)) == flat_key
        })
    }

    /// What the two files set, as a string; empty for `null`, `None` where neither sets it.
    ///
    /// # Errors
    ///
    /// [`Reason::TwoForms`]
    pub fn in_files(&self, setting: Setting) -> Result<Option<String>, Refusal> {
        let leaf = match self.in_user_yaml(setting)? {
            Some(leaf) => Some(leaf),
            None => self.leaf(&self.default, "default.yaml", setting)?,
        };
        Ok(leaf.map(|leaf| as_string(&leaf.value)))
    }

    /// Where `user.yaml` sets it.
    ///
    /// # Errors
    ///
    /// [`Reason::TwoForms`]
    pub fn in_user_yaml(&self, setting: Setting) -> Result<Option<Leaf>, Refusal> {
        self.leaf(&self.user, "user.yaml", setting)
    }

    /// The port of the gRPC server.
    #[must_use]
    pub fn grpc_port(&self) -> u16 {
        self.configured_grpc_port().unwrap_or(self.server.grpc_port)
    }

    fn configured_grpc_port(&self) -> Option<u16> {
        if let Some(variable) = self.variable(GRPC_PORT) {
            return variable.value.as_deref()?.trim().parse().ok();
        }
        let mut found = Vec::new();
        leaves(&self.user, &PointerBuf::root(), "", GRPC_PORT, &mut found);
        leaves(&self.default, &PointerBuf::root(), "", GRPC_PORT, &mut found);
        as_string(&found.first()?.value).parse().ok()
    }

    /// Where a variable is set.
    #[must_use]
    pub fn place_of_variable(&self, variable: &Variable) -> Place {
        Place { document: self.server.document, spot: Spot::Path(variable.path.clone()) }
    }

    /// Where one of the files sets it.
    #[must_use]
    pub fn place_in_files(&self, setting: Setting) -> Option<Place> {
        [(&self.user, "user.yaml"), (&self.default, "default.yaml")].into_iter().find_map(|(value, key)| {
            let leaf = self.leaf(value, key, setting).ok()??;
            Some(self.place(key, leaf.path))
        })
    }

    fn place(&self, file: &str, inner: PointerBuf) -> Place {
        Place { document: self.object.id, spot: Spot::InText { text: pointer(["data", file]), inner } }
    }

    /// A refusal about a variable that says otherwise than it should.
    pub(crate) fn refuse_environment(&self, variable: &Variable, setting: Setting) -> Refusal {
        let reason = Reason::Environment { variable: variable.name.clone(), setting: setting.name };
        Refusal { reason, place: Some(Box::new(self.place_of_variable(variable))) }
    }

    /// A refusal about a setting in one of the files.
    pub(crate) fn refuse(&self, reason: Reason, setting: Setting) -> Refusal {
        Refusal { reason, place: self.place_in_files(setting).map(Box::new) }
    }

    /// A refusal of something in `user.yaml` in which settings cannot be nested.
    pub(crate) fn refuse_scalar(&self, inner: PointerBuf) -> Refusal {
        let key = inner.tokens().map(|token| token.decoded().into_owned()).collect::<Vec<_>>().join(".");
        let what = format!("`{key}` of `user.yaml`");
        let reason = Reason::ConfigNotAMapping { what, config_map: name(self.object) };
        Refusal { reason, place: Some(Box::new(self.place("user.yaml", inner))) }
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
            return Err(Refusal { reason, place: Some(Box::new(self.place(file, second.path.clone()))) });
        }
        Ok(found.pop())
    }
}

/// The value of one of the ConfigMap's files; `null` where it is missing or empty.
fn parse(object: &Parsed<'_>, value: &Value, key: &'static str) -> Result<Value, Refusal> {
    let at = pointer(["data", key]);
    // Of a file as such no line is shown: it may hold secrets.
    let refuse = |reason, line| Refusal::at(reason, object.id, Spot::LineInText { text: at.clone(), line });
    let text = match at.resolve(value).ok() {
        None | Some(Value::Null) => return Ok(Value::Null),
        Some(Value::String(text)) => text,
        Some(_) => return Err(refuse(Reason::NotAText { key, config_map: name(object) }, 1)),
    };
    let value = yaml::read(text).map_err(|error| {
        let message = error.to_string();
        refuse(Reason::ConfigDoesNotParse { key, config_map: name(object), message }, error.line())
    })?;
    match value {
        Value::Null | Value::Object(_) => Ok(value),
        _ => {
            let reason = Reason::ConfigNotAMapping { what: format!("`{key}`"), config_map: name(object) };
            Err(refuse(reason, 1))
        }
    }
}

/// Whether a setting of ours may be in the text, in whatever spelling: their keys
/// share these letters. Web addresses, as in licence headers, do not count.
fn mentions_settings(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let is_key =
        |(at, _): (usize, &str)| !text[at..].trim_start_matches("http").trim_start_matches('s').starts_with("://");
    text.contains("tls") || text.match_indices("http").any(is_key)
}

fn name(object: &Parsed<'_>) -> String {
    object.name().unwrap_or_default().to_owned()
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

/// As Milvus turns a value into a string.
fn as_string(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}
