//! What kind of object a document holds, without parsing it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// What a look at the lines that begin with `kind:` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'d> {
    /// The one `kind:` at the column of the root mapping: 0, but for items of a list.
    Known(&'d [u8]),
    /// Blank lines and comments only.
    Nothing,
    /// No `kind:` at that column, or several: flow style, JSON, a quoted key, a
    /// quoted scalar continued at that column. Only parsing can tell.
    Unknown,
}

/// Looks for the document's kind. Block scalars cannot fool it: their lines are indented
/// further.
#[must_use]
pub fn kind(body: &[u8]) -> Kind<'_> {
    static KIND: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("kind:"));
    let column = column(body);
    let is_at_column = |&at: &usize| {
        at.checked_sub(column).is_some_and(|start| {
            body[start..at].iter().all(|&byte| byte == b' ') && (start == 0 || matches!(body[start - 1], b'\n' | b'\r'))
        })
    };
    let mut found = KIND.find_iter(body).filter(is_at_column);
    match (found.next(), found.next()) {
        (Some(at), None) => name(&body[at + "kind:".len()..]),
        (None, _) if is_nothing(body) => Kind::Nothing,
        _ => Kind::Unknown,
    }
}

/// How far the first line with content is indented.
fn column(body: &[u8]) -> usize {
    let content = body.len() - content(body).len();
    let start = memchr::memrchr2(b'\n', b'\r', &body[..content]).map_or(0, |line_break| line_break + 1);
    body[start..].iter().take_while(|&&byte| byte == b' ').count()
}

/// The word behind `kind:`, if it is a plain or quoted one.
fn name(rest: &[u8]) -> Kind<'_> {
    let line = &rest[..memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())];
    let line = line.trim_ascii();
    let word = match line {
        [quote @ (b'"' | b'\''), word @ .., end] if quote == end => word,
        word => {
            let end = word.windows(2).position(|pair| pair == b" #").unwrap_or(word.len());
            word[..end].trim_ascii_end()
        }
    };
    if !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric) { Kind::Known(word) } else { Kind::Unknown }
}

fn is_nothing(body: &[u8]) -> bool {
    content(body).is_empty()
}

/// The body without the blank lines and comments at its start.
fn content(body: &[u8]) -> &[u8] {
    let mut rest = body.trim_ascii_start();
    while let [b'#', comment @ ..] = rest {
        // Charts begin with long licences: line by line, not byte by byte.
        let end = memchr::memchr2(b'\n', b'\r', comment).unwrap_or(comment.len());
        rest = comment[end..].trim_ascii_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (body, expected) in [
            ("apiVersion: v1\nkind: Service\n", Kind::Known(b"Service")),
            ("kind: \"Service\" \r\na: 1", Kind::Known(b"Service")),
            ("kind: Service # the door\n", Kind::Known(b"Service")),
            ("a: |\n  kind: Secret\nkind: Service\n", Kind::Known(b"Service")),
            ("a: 'x\nkind: Secret'\nkind: Service\n", Kind::Unknown),
            ("{\"kind\": \"Service\"}\n", Kind::Unknown),
            ("\"kind\": Service\n", Kind::Unknown),
            ("kind: &a Service\n", Kind::Unknown),
            ("# head\n  kind: Service\n  a:\n    kind: Secret\n", Kind::Known(b"Service")),
            ("  a: |\n    kind: Secret\n  kind: Service\n", Kind::Known(b"Service")),
            ("# kind: Service\n\n  # more\n", Kind::Nothing),
            ("", Kind::Nothing),
        ] {
            assert_eq!(kind(body.as_bytes()), expected, "{body:?}");
        }
    }
}
