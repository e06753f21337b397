//! GKE's custom resources, field by field: unknown fields are pruned without a word, and
//! what has the wrong type is refused.

use json_patch::jsonptr::{Pointer, PointerBuf};
use serde_json::Value;

use super::findings::{Finding, Findings};
use super::rules;
use crate::gke::kind::{Kind, Shape};
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::pointer;
use crate::text::nearest;

/// Names that people write for others.
const MISTAKEN: [(&str, &str); 4] =
    [("path", "requestPath"), ("protocol", "type"), ("interval", "checkIntervalSec"), ("timeout", "timeoutSec")];

/// Checks `spec` of an object of one of GKE's kinds.
pub(super) fn check(object: &Existing, kind: &Kind, findings: &mut Findings) {
    if let Some(value) = object.value.get("spec") {
        check_value(object, &pointer(["spec"]), value, &kind.spec, findings);
    }
}

fn check_value(object: &Existing, at: &Pointer, value: &Value, shape: &Shape, findings: &mut Findings) {
    let name = || at.tokens().skip(1).map(|token| token.decoded().into_owned()).collect::<Vec<_>>().join(".");
    let mut wrong = |what: &str| {
        let message = format!("`{}` is not {what}", if at.count() > 1 { name() } else { "spec".to_owned() });
        findings.at(&rules::FIELD_TYPE, object, at.to_buf(), message);
    };
    // The API server takes null for nothing.
    if value.is_null() {
        return;
    }
    match shape {
        Shape::Fields(known, required) => {
            let Value::Object(fields) = value else { return wrong("a mapping") };
            for field in required.iter().filter(|field| fields.get(**field).is_none_or(Value::is_null)) {
                let message = format!("`{}` has no `{field}`", name());
                findings.at(&rules::FIELD_REQUIRED, object, at.to_buf(), message);
            }
            for (field, value) in fields {
                let at = at.with_trailing_token(field.as_str());
                match known.iter().find(|(name, _)| name == field) {
                    Some((_, shape)) => check_value(object, &at, value, shape, findings),
                    None => unknown(object, at, field, known, findings),
                }
            }
        }
        Shape::Integer(least, most) => match value.as_i64() {
            None if value.as_f64().is_some_and(|number| number.fract() == 0.0 && number.abs() < 1e15) => {}
            None => wrong("a whole number"),
            Some(number) if (*least..=*most).contains(&number) => {}
            Some(number) => {
                let message = format!("`{}` is {number}, not {least} to {most}", name());
                findings.at(&rules::FIELD_VALUE, object, at.to_buf(), message);
            }
        },
        Shape::Number(least, most) => match value.as_f64() {
            None => wrong("a number"),
            Some(number) if (*least..=*most).contains(&number) => {}
            Some(number) => {
                let message = format!("`{}` is {number}, not {least} to {most}", name());
                findings.at(&rules::FIELD_VALUE, object, at.to_buf(), message);
            }
        },
        Shape::String if !value.is_string() => wrong("a text"),
        Shape::OneOf(values) => match value.as_str() {
            None => wrong("a text"),
            Some(text) if text.is_empty() || values.contains(&text) => {}
            Some(text) => {
                let message = format!("`{}` is `{text}`, not one of {}", name(), values.join(", "));
                findings.at(&rules::FIELD_VALUE, object, at.to_buf(), message);
            }
        },
        Shape::Boolean if !value.is_boolean() => wrong("true or false"),
        Shape::Strings if !value.as_array().is_some_and(|items| items.iter().all(Value::is_string)) => {
            wrong("a list of texts");
        }
        Shape::Object if !value.is_object() => wrong("a mapping"),
        _ => {}
    }
}

fn unknown(
    object: &Existing,
    at: PointerBuf,
    field: &str,
    known: &'static [(&'static str, Shape)],
    findings: &mut Findings,
) {
    let is_known = |name: &str| known.iter().any(|(known, _)| *known == name);
    let mistaken = MISTAKEN.iter().find(|(wrong, right)| *wrong == field && is_known(right)).map(|(_, right)| *right);
    let near = mistaken.or_else(|| nearest(field, known.iter().map(|(name, _)| *name), 3));
    let message = format!("{} has no field `{field}` here", object.kind());
    let finding = Finding::at(&rules::UNKNOWN_FIELD, object, at, message);
    findings.push(match near {
        Some(near) => finding.with_fix(format!("did you mean `{near}`?")),
        None => finding,
    });
}
