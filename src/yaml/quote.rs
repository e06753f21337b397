//! How a string is written so that every reader takes it for the same string.
//!
//! Helm reads YAML 1.1 (`yes`, `1_000`, `0777` and `2001-12-14` are not strings),
//! yaml.v3 and Rust's readers YAML 1.2. Bare is only what all of them read alike.

/// A string on one line, for block context: bare, single-quoted or double-quoted.
pub(super) fn scalar(text: &str) -> String {
    if is_bare(text) {
        text.to_owned()
    } else if text.chars().all(is_plainly_printable) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        double_quoted(text)
    }
}

/// A string in double quotes; what is written is valid JSON as well.
pub(super) fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // JSON's escape has four digits; what lies beyond is printable or a
            // noncharacter that no reader objects to.
            other if is_plainly_printable(other) || u32::from(other) > 0xFFFF => quoted.push(other),
            other => quoted.push_str(&format!("\\u{:04x}", u32::from(other))),
        }
    }
    quoted.push('"');
    quoted
}

/// Bare words: letters, digits, `.`, `_`, `/`, `-`, beginning with a letter or
/// `/`, that are none of YAML 1.1's or 1.2's names for booleans and null.
fn is_bare(text: &str) -> bool {
    const NAMES: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil", "nan"];
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'/');
    first
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte))
        && !NAMES.iter().any(|name| text.eq_ignore_ascii_case(name))
}

/// Characters that may stand unescaped on a line of YAML for every reader.
pub(super) fn is_plainly_printable(character: char) -> bool {
    matches!(character,
        ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_tokens_are_quoted() {
        for token in [
            "",
            "~",
            "y",
            "Yes",
            "ON",
            "off",
            "null",
            "1",
            "0777",
            "1_000",
            "1e3",
            ".5",
            "-",
            "12:30",
            "2001-12-14",
            "0O17",
            "a: b",
            "a #b",
            "#a",
            "@a",
            "*a",
            "&a",
            "!a",
            "[a]",
            "{a}",
            " a",
            "a ",
            "<<",
            "=",
        ] {
            assert_ne!(scalar(token), token);
        }
    }

    #[test]
    fn unambiguous_words_stay_bare() {
        for token in ["ClusterIP", "/healthz", "cloud.google.com/neg", "my-release", "v2.6.15", "HTTP"] {
            assert_eq!(scalar(token), token);
        }
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(scalar(r#"{"milvus":"HTTP2"}"#), r#"'{"milvus":"HTTP2"}'"#);
        assert_eq!(scalar("it's"), "'it''s'");
        assert_eq!(scalar("a\tb\u{7f}\u{85}\u{2028}\u{feff}"), r#""a\tb\u007f\u0085\u2028\ufeff""#);
        assert_eq!(scalar("tensor 中文"), "'tensor 中文'");
    }

    #[test]
    fn what_is_written_reads_as_the_same_string() {
        for text in ["y", "a: b", "it's \"x\"", "\u{1}\u{9f}\u{feff}", "\u{1f600}", "a\nb\r\n\tc"] {
            let value: String = serde_yaml::from_str(&scalar(text)).expect("readable");
            assert_eq!(value, text);
            assert_eq!(serde_json::from_str::<String>(&double_quoted(text)).expect("JSON"), text);
        }
    }
}
