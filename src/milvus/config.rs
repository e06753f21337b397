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
use crate::stream::{self, DocumentId, Stream};
use crate::yaml::{self, Document, Entries};

/// A setting of Milvus.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// As it is documented.
    pub name: &'static str,
    /// Where it is nested.
    pub keys: &'static [&'static str],
}

/// Whether Milvus's servers speak TLS: 0 no, 1 yes, 2 with client certificates.
pub const TLS_MODE: Setting = Setting { name: "common.security.tlsMode", keys: &["common", "security", "tlsMode"] };
/// The port of Milvus's HTTP server.
pub const HTTP_PORT: Setting = Setting { name: "proxy.http.port", keys: &["proxy", "http", "port"] };
/// Whether Milvus serves HTTP.
pub const HTTP_ENABLED: Setting = Setting { name: "proxy.http.enabled", keys: &["proxy", "http", "enabled"] };

/// Whether Milvus asks for a password.
pub const AUTHORIZATION: Setting =
    Setting { name: "common.security.authorizationEnabled", keys: &["common", "security", "authorizationEnabled"] };

/// The chart's own settings.
const DEFAULT_YAML: &str = "default.yaml";

/// The port of the gRPC server.
pub const GRPC_PORT: Setting = Setting { name: "proxy.port", keys: &["proxy", "port"] };
/// The port at which Milvus's components reach the proxy.
const INTERNAL_PORT: Setting = Setting { name: "proxy.internalPort", keys: &["proxy", "internalPort"] };

/// What is read of the chart's ConfigMap: its own `default.yaml` is long, and rarely of interest.
pub const ENTRIES: Entries = &[
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "annotations"],
    &["data", "user.yaml"],
];

/// `proxy.internalPort` where nothing else is said (Milvus configs/milvus.yaml).
const DEFAULT_INTERNAL_PORT: u16 = 19529;

/// The key of the chart's ConfigMap that holds the user's settings.
const USER_YAML: &str = "user.yaml";

/// Reads what matters of a ConfigMap that holds the user's settings under `key`.
///
/// # Errors
///
/// As [`Parsed::parse`].
pub fn parse_config_map<'i>(stream: &'i Stream<'_>, id: DocumentId, key: &str) -> Result<Parsed<'i>, Refusal> {
    if key == USER_YAML { Parsed::parse_entries(stream, id, ENTRIES) } else { Parsed::parse(stream, id) }
}

/// The settings of one release.
#[derive(Debug)]
pub struct Config<'r, 'i> {
    object: &'r Parsed<'i>,
    /// Which of the ConfigMap's `data` holds the user's settings.
    key: &'r str,
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
    /// As Milvus reads that; empty for `null`.
    text: String,
}

impl<'r, 'i> Config<'r, 'i> {
    /// `http_port` is the port that Milvus's HTTP server may be given: where the files
    /// mention it, they may do so as the gRPC port.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where one of the files is not what Milvus reads there.
    pub fn read(object: &'r Parsed<'i>, key: &'r str, server: &'r Server, http_port: u16) -> Result<Self, Refusal> {
        let user = parse(object, object.value(), key)?;
        let mut config = Self { object, key, server, user, default: Value::Null };
        // The chart's own settings are long and hold none of ours in recent versions.
        let of_user = config.in_files(HTTP_PORT)?;
        let of_environment = config.environment(HTTP_PORT).and_then(|variable| variable.value.clone());
        let ports: Vec<_> = [Some(http_port.to_string()), of_user, of_environment].into_iter().flatten().collect();
        let is_port = |port: &String| !port.trim().is_empty();
        let relevant = |text: &str| {
            mentions_settings(text) || ports.iter().filter(|port| is_port(port)).any(|port| text.contains(port.trim()))
        };
        config.default = if object.document.unread().any(relevant) {
            parse(object, object.whole()?.value(), DEFAULT_YAML)?
        } else {
            parse(object, object.value(), DEFAULT_YAML)?
        };
        Ok(config)
    }

    /// The variable that sets it in the environment.
    #[must_use]
    pub fn environment(&self, setting: Setting) -> Option<&'r Variable> {
        variable(self.server, setting)
    }

    /// What the two files set, as a string; empty for `null`, `None` where neither sets it.
    ///
    /// # Errors
    ///
    /// [`Reason::TwoForms`]
    pub fn in_files(&self, setting: Setting) -> Result<Option<String>, Refusal> {
        let leaf = match self.in_user_yaml(setting)? {
            Some(leaf) => Some(leaf),
            None => self.leaf(&self.default, DEFAULT_YAML, setting)?,
        };
        Ok(leaf.map(|leaf| leaf.text))
    }

    /// Where `user.yaml` sets it.
    ///
    /// # Errors
    ///
    /// [`Reason::TwoForms`]
    pub fn in_user_yaml(&self, setting: Setting) -> Result<Option<Leaf>, Refusal> {
        self.leaf(&self.user, self.key, setting)
    }

    /// The port of the gRPC server.
    #[must_use]
    pub fn grpc_port(&self) -> u16 {
        self.port(GRPC_PORT).unwrap_or(self.server.grpc_port)
    }

    /// The same, if it is set.
    #[must_use]
    pub fn set_grpc_port(&self) -> Option<u16> {
        self.port(GRPC_PORT)
    }

    /// The port at which Milvus's components reach the proxy.
    #[must_use]
    pub fn internal_port(&self) -> u16 {
        self.port(INTERNAL_PORT).unwrap_or(DEFAULT_INTERNAL_PORT)
    }

    fn port(&self, setting: Setting) -> Option<u16> {
        if let Some(variable) = self.environment(setting) {
            return variable.value.as_deref()?.trim().parse().ok();
        }
        self.in_files(setting).ok()??.parse().ok()
    }

    /// Where a variable is set.
    #[must_use]
    pub fn place_of_variable(&self, variable: &Variable) -> Place {
        Place { document: self.server.document, spot: Spot::Path(variable.path.clone()) }
    }

    /// Where one of the files sets it.
    #[must_use]
    pub fn place_in_files(&self, setting: Setting) -> Option<Place> {
        [(&self.user, self.key), (&self.default, DEFAULT_YAML)].into_iter().find_map(|(value, key)| {
            let leaf = self.leaf(value, key, setting).ok()??;
            Some(self.place(key, leaf.path))
        })
    }

    /// Where it is set: in the environment, or in a file; else the file in which it would be.
    #[must_use]
    pub fn place_of(&self, setting: Setting) -> Place {
        match self.environment(setting) {
            Some(variable) => self.place_of_variable(variable),
            None => self.place_in_files(setting).unwrap_or_else(|| self.user_yaml()),
        }
    }

    /// The file of the user's settings.
    #[must_use]
    pub fn user_yaml(&self) -> Place {
        Place { document: self.object.id, spot: Spot::Path(pointer(["data", self.key])) }
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
        let what = format!("`{key}` of `{}`", self.key);
        let reason = Reason::ConfigNotAMapping { what, config_map: name(self.object) };
        Refusal { reason, place: Some(Box::new(self.place(self.key, inner))) }
    }

    fn leaf(&self, value: &Value, file: &str, setting: Setting) -> Result<Option<Leaf>, Refusal> {
        let mut found = Vec::new();
        leaves(value, &PointerBuf::root(), "", &flat(setting.name), &mut found);
        if let [first, second, ..] = found.as_slice() {
            let reason = Reason::TwoForms {
                setting: setting.name,
                file: file.to_owned(),
                first: readable(&first.0),
                second: readable(&second.0),
            };
            return Err(Refusal { reason, place: Some(Box::new(self.place(file, second.0.clone()))) });
        }
        let Some((path, value)) = found.pop() else { return Ok(None) };
        let text = as_string(&value);
        let text = yaml_1_1(&text).filter(|read| *read != text && self.is_plain(file, &path, &text)).unwrap_or(text);
        Ok(Some(Leaf { path, value, text }))
    }

    /// Whether a scalar of a file is written as `text`, without quotes.
    fn is_plain(&self, file: &str, at: &Pointer, text: &str) -> bool {
        let file = pointer(["data", file]);
        let file = file.resolve(self.object.value()).ok().and_then(Value::as_str).map(stream::up_to_second_document);
        file.and_then(|file| Document::parse(file).ok()).is_some_and(|file| file.written(at) == Some(text))
    }
}

/// The variable that sets something in the server's environment.
#[must_use]
pub fn variable(server: &Server, setting: Setting) -> Option<&Variable> {
    server.environment.iter().rev().find(|variable| {
        let name = variable.name.to_ascii_lowercase();
        flat(name.strip_prefix("milvus.").unwrap_or(&name)) == flat(setting.name)
    })
}

/// The value of one of the ConfigMap's files; `null` where it is missing or empty.
fn parse(object: &Parsed<'_>, value: &Value, key: &str) -> Result<Value, Refusal> {
    let at = pointer(["data", key]);
    // Of a file as such no line is shown: it may hold secrets.
    let refuse = |reason, line| Refusal::at(reason, object.id, Spot::LineInText { text: at.clone(), line });
    let text = match at.resolve(value).ok() {
        None | Some(Value::Null) => return Ok(Value::Null),
        Some(Value::String(text)) => text,
        Some(_) => return Err(refuse(Reason::NotAText { key: key.to_owned(), config_map: name(object) }, 1)),
    };
    // Milvus reads no further.
    let value = yaml::read(stream::up_to_second_document(text)).map_err(|error| {
        let message = error.to_string();
        refuse(Reason::ConfigDoesNotParse { key: key.to_owned(), config_map: name(object), message }, error.line())
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
    text.contains("tls") || text.contains("authorization") || text.match_indices("http").any(is_key)
}

fn name(object: &Parsed<'_>) -> String {
    object.name().unwrap_or_default().to_owned()
}

/// All places that Milvus flattens to `wanted`.
fn leaves(value: &Value, at: &Pointer, prefix: &str, wanted: &str, found: &mut Vec<(PointerBuf, Value)>) {
    let Value::Object(mapping) = value else { return };
    for (key, value) in mapping {
        let flat_key = format!("{prefix}{}", flat(key));
        if !wanted.starts_with(&flat_key) {
            continue;
        }
        let path = at.with_trailing_token(key.as_str());
        match value {
            Value::Object(_) => leaves(value, &path, &flat_key, wanted, found),
            _ if flat_key == wanted => found.push((path, value.clone())),
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

/// What a plain scalar is for Milvus, which reads YAML 1.1, where that differs: `off` is false, 010 is 8, and 8_080 is
/// 8080 (gopkg.in/yaml.v3 `resolve`).
fn yaml_1_1(text: &str) -> Option<String> {
    const TRUE: [&str; 8] = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
    const FALSE: [&str; 8] = ["n", "N", "no", "No", "NO", "off", "Off", "OFF"];
    if TRUE.contains(&text) {
        return Some("true".to_owned());
    }
    if FALSE.contains(&text) {
        return Some("false".to_owned());
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return None;
    }
    let text = text.replace('_', "");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let radix = |prefixes: [&str; 2], radix| {
        let digits = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix))?;
        u64::from_str_radix(digits, radix).ok()
    };
    let whole = radix(["0x", "0X"], 16)
        .or_else(|| radix(["0b", "0B"], 2))
        .or_else(|| radix(["0o", "0O"], 8))
        .or_else(|| u64::from_str_radix(digits.strip_prefix('0')?, 8).ok())
        .map(|number| format!("{sign}{number}"));
    whole.or_else(|| {
        let is_decimal = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        text.parse::<f64>().ok().filter(|_| is_decimal).map(|number| number.to_string())
    })
}

/// As Milvus turns a value into a string: 8080.0 is 8080 (strconv.FormatFloat).
fn as_string(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().to_string(),
        other => other.to_string(),
    }
}
