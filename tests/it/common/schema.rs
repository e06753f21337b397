//! Values against JSON Schemas.

use regex_lite::Regex;
use serde_json::Value;

/// Checks a value against a structural schema. A keyword that is not understood here is a failure.
pub(crate) fn check(schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        let fits = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" => true,
            // Of numbers: JSON holds no others.
            "format" => ["int32", "int64", "uint16", "double", "date-time", "ip"].contains(&text(rule)),
            "type" => match rule {
                Value::Array(types) => types.iter().any(|of| is_of_type(value, text(of))),
                of => is_of_type(value, text(of)),
            },
            "properties" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    match rule.get(key) {
                        Some(schema) => check(schema, value, &format!("{at}.{key}"), wrong),
                        None => wrong.push(format!("{at}.{key} is unknown")),
                    }
                }
                true
            }
            "additionalProperties" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    check(rule, value, &format!("{at}.{key}"), wrong);
                }
                true
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, value, &format!("{at}[{index}]"), wrong);
                }
                true
            }
            "required" => {
                let has = |key| value.get(text(key)).is_some();
                !value.is_object() || rule.as_array().unwrap().iter().all(has)
            }
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap()),
            "pattern" => value.as_str().is_none_or(|value| Regex::new(text(rule)).unwrap().is_match(value)),
            "const" => value == rule,
            "anyOf" => fitting(rule, value, at) > 0,
            "oneOf" => fitting(rule, value, at) == 1,
            other => panic!("{other} in a schema"),
        };
        if !fits {
            wrong.push(format!("{at} is {value}, not {keyword} {rule}"));
        }
    }
}

/// How many of these schemas a value fits.
fn fitting(schemas: &Value, value: &Value, at: &str) -> usize {
    let fits = |schema: &&Value| {
        let mut wrong = Vec::new();
        check(schema, value, at, &mut wrong);
        wrong.is_empty()
    };
    schemas.as_array().unwrap().iter().filter(fits).count()
}

fn is_of_type(value: &Value, of: &str) -> bool {
    match of {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("type {other} in a schema"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
