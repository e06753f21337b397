//! Findings → text for people, JSON, or SARIF for tools that show results beside code.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Finding;
use super::rules::{self, Rule};
use crate::diagnostic::{self, Diagnostic, Severity};
use crate::stream::Stream;

/// What the input is called where it has no name of its own.
const INPUT: &str = "<stdin>";

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
    pub fn of(findings: &[Finding]) -> Self {
        let count = |severity| findings.iter().filter(|finding| finding.rule.severity == severity).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), notes: count(Severity::Note) }
    }
}

/// Puts findings in the order of the input.
pub fn sort(findings: &mut [Finding], stream: &Stream<'_>) {
    findings.sort_by_cached_key(|finding| {
        let place = finding.place.as_ref();
        (place.map(|place| place.document), place.map(|place| diagnostic::locate(place, stream, INPUT).line))
    });
}

/// For people; with escape codes for colour.
#[must_use]
pub fn text(findings: &[Finding], stream: &Stream<'_>) -> String {
    let mut text = String::new();
    for finding in findings {
        let diagnostic = Diagnostic {
            severity: finding.rule.severity,
            rule: Some(finding.rule.id),
            title: finding.message.as_str().into(),
            place: finding.place.as_ref(),
            why: finding.rule.why.into(),
            help: finding.fix().into(),
        };
        text.push_str(&diagnostic::render(&diagnostic, stream, INPUT, true));
        text.push_str("\n\n");
    }
    let Count { errors, warnings, notes } = Count::of(findings);
    if findings.is_empty() {
        text.push_str("nothing found\n");
    } else {
        let counts = [plural(errors, "error"), plural(warnings, "warning"), plural(notes, "note")];
        text.push_str(&counts.join(", "));
        text.push('\n');
    }
    text
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// An array of findings.
#[must_use]
pub fn json(findings: &[Finding], stream: &Stream<'_>) -> String {
    let of = |finding: &Finding| {
        let located = finding.place.as_ref().map(|place| diagnostic::locate(place, stream, INPUT));
        let located = located.as_ref();
        json!({
            "rule": finding.rule.id,
            "severity": severity(finding.rule),
            "message": finding.message,
            "why": finding.rule.why,
            "fix": finding.fix(),
            "object": located.and_then(|located| located.object.as_deref()),
            "source": located.map(|located| located.source.as_str()),
            "line": located.map(|located| located.line),
            "column": located.map(|located| located.column),
            "path": finding.path(),
        })
    };
    pretty(&findings.iter().map(of).collect())
}

/// SARIF 2.1.0.
#[must_use]
pub fn sarif(findings: &[Finding], stream: &Stream<'_>) -> String {
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
    let result = |finding: &Finding| {
        let mut result = json!({
            "ruleId": finding.rule.id,
            "ruleIndex": rules::ALL.iter().position(|rule| rule.id == finding.rule.id),
            "level": severity(finding.rule),
            "message": {"text": format!("{}: {}. {}.", finding.message, finding.rule.why, finding.fix())},
        });
        if let Some(place) = &finding.place {
            let located = diagnostic::locate(place, stream, INPUT);
            let name = located.object.as_deref().unwrap_or(&located.source);
            result["locations"] = json!([{
                "physicalLocation": {
                    "artifactLocation": {"uri": "stdin"},
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
                "name": crate::cli::NAME,
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    }))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

impl Finding {
    /// What to do.
    #[must_use]
    pub fn fix(&self) -> &str {
        self.fix.as_deref().unwrap_or(self.rule.fix)
    }

    /// The JSON pointer in the object.
    fn path(&self) -> Option<String> {
        use crate::refusal::Spot;
        match &self.place.as_ref()?.spot {
            Spot::Path(path) => Some(path.to_string()),
            Spot::InText { text, .. } | Spot::LineInText { text, .. } => Some(text.to_string()),
            Spot::Whole | Spot::Line(_) => None,
        }
    }
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
        "\n| rule | severity | what is wrong | what comes of it | what to do |\n| --- | --- | --- | --- | --- |\n",
    );
    for rule in rules::ALL {
        let cells = [rule.title, rule.why, rule.fix].map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(text, "| `{}` | {} | {} |", rule.id, severity(rule), cells.join(" | "));
    }
    text
}
