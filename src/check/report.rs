//! Findings → text for people, JSON, or SARIF for tools that show results beside code.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::Finding;
use super::rules::{self, Rule};
use crate::cli::NAME;
use crate::report::diagnostic::{self, Diagnostic, Location, Locator, Severity};
use crate::report::files::Files;
use crate::stream::Stream;

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// It will not work.
    pub errors: usize,
    /// It may not do what is wanted.
    pub warnings: usize,
    /// Good to know.
    pub notes: usize,
}

impl Count {
    /// Counts.
    #[must_use]
    pub fn of(findings: &[Located]) -> Self {
        let count = |severity| findings.iter().filter(|located| located.finding.rule.severity == severity).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), notes: count(Severity::Note) }
    }
}

/// A finding, and where its place is.
#[derive(Debug)]
pub struct Located {
    finding: Finding,
    location: Option<Location>,
}

/// Puts findings in the order of the input, which came from `files`.
#[must_use]
pub fn sorted(mut findings: Vec<Finding>, stream: &Stream<'_>, files: &Files) -> Vec<Located> {
    let document = |finding: &Finding| finding.place.as_ref().map(|place| place.document);
    // By document first, so that each is read once.
    findings.sort_by_key(document);
    let mut locator = Locator::new(stream, files);
    let located = findings.into_iter().map(|finding| {
        let location = finding.place.as_ref().map(|place| locator.locate(place));
        Located { finding, location }
    });
    let mut located: Vec<_> = located.collect();
    located.sort_by_key(|Located { finding, location }| {
        (document(finding), location.as_ref().map(|location| location.line))
    });
    located
}

/// For people; with escape codes for colour.
#[must_use]
pub fn text(findings: &[Located]) -> String {
    let mut text = String::new();
    for Located { finding, location } in findings {
        let diagnostic = Diagnostic {
            severity: finding.rule.severity,
            rule: Some(finding.rule.id),
            title: finding.message.as_str().into(),
            why: finding.rule.why.into(),
            help: finding.fix().into(),
        };
        text.push_str(&diagnostic::render(&diagnostic, location.as_ref(), true));
        text.push_str("\n\n");
    }
    let Count { errors, warnings, notes } = Count::of(findings);
    if findings.is_empty() {
        text.push_str("nothing found\n");
    } else {
        let counts = [plural(errors, "error"), plural(warnings, "warning"), plural(notes, "note")];
        let _ = writeln!(text, "{}; `{NAME} explain RULE` says more about a rule", counts.join(", "));
    }
    text
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// An array of findings.
#[must_use]
pub fn json(findings: &[Located]) -> String {
    let of = |Located { finding, location }: &Located| {
        let located = location.as_ref();
        json!({
            "rule": finding.rule.id,
            "severity": severity(finding.rule),
            "message": finding.message,
            "why": finding.rule.why,
            "fix": finding.fix(),
            "object": located.and_then(|located| located.object.as_deref()),
            "source": located.map(|located| located.source.as_str()),
            "file": located.and_then(|located| located.file.as_deref()),
            "line": located.map(|located| located.line),
            "column": located.map(|located| located.column),
            "path": finding.path(),
        })
    };
    pretty(&findings.iter().map(of).collect())
}

/// SARIF 2.1.0.
#[must_use]
pub fn sarif(findings: &[Located]) -> String {
    let rules: Vec<Value> = rules::ALL
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.why},
                "help": {"text": long(rule)},
                "defaultConfiguration": {"level": severity(rule)},
            })
        })
        .collect();
    let result = |Located { finding, location }: &Located| {
        let mut result = json!({
            "ruleId": finding.rule.id,
            "ruleIndex": rules::ALL.iter().position(|rule| rule.id == finding.rule.id),
            "level": severity(finding.rule),
            "message": {"text": format!("{}: {}. {}.", finding.message, finding.rule.why, finding.fix())},
        });
        if let Some(located) = location {
            let name = located.object.as_deref().unwrap_or(&located.source);
            result["locations"] = json!([{
                "physicalLocation": {
                    "artifactLocation": {"uri": located.file.as_deref().map_or_else(|| "stdin".to_owned(), uri)},
                    "region": {"startLine": located.line, "startColumn": located.column},
                },
                "logicalLocations": [{"fullyQualifiedName": name, "kind": "object"}],
            }]);
        }
        result
    };
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": NAME,
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    }))
}

/// A file's name as a reference to it: relative to where the program runs, or whole.
fn uri(file: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let mut uri = String::new();
    // The names of Windows have other separators, and a drive in front.
    let file = if cfg!(windows) { file.replace('\\', "/") } else { file.to_owned() };
    if file.starts_with('/') {
        uri.push_str("file://");
    } else if Path::new(&file).is_absolute() {
        uri.push_str("file:///");
    }
    for byte in file.bytes() {
        let _ = if is_plain(byte) { write!(uri, "{}", char::from(byte)) } else { write!(uri, "%{byte:02X}") };
    }
    uri
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn severity(rule: &Rule) -> &'static str {
    match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// The long text of a rule.
#[must_use]
pub fn explain(rule: &Rule) -> String {
    format!("{} ({}): {}\n\n{}", rule.id, severity(rule), rule.title, long(rule))
}

fn long(rule: &Rule) -> String {
    let mut text = String::new();
    for (name, words) in [("Why", rule.why), ("Fix", rule.fix), ("More", rule.text), ("Source", rule.source)] {
        let _ = writeln!(text, "{name}: {words}");
    }
    text
}

/// All rules, one a line.
#[must_use]
pub fn list() -> String {
    let widest = rules::ALL.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    rules::ALL.iter().map(|rule| format!("{:widest$}  {:7}  {}\n", rule.id, severity(rule), rule.title)).collect()
}

/// The table of the documentation.
#[must_use]
pub fn table() -> String {
    let mut text = String::from(
        "\n| rule | severity | what is wrong | the consequence | what to do |\n| --- | --- | --- | --- | --- |\n",
    );
    for rule in rules::ALL {
        let cells = [rule.title, rule.why, rule.fix].map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(text, "| `{}` | {} | {} |", rule.id, severity(rule), cells.join(" | "));
    }
    text
}
