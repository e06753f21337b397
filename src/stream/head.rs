//! What kind of object a document holds, without parsing it.

use std::sync::LazyLock;

use memchr::arch::all::is_prefix;
use memchr::memmem::Finder;

use crate::yaml::has_old_breaks;

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

impl Kind<'_> {
    /// The same kind of a text, told by the bytes of `original`, which differs from `text` elsewhere only.
    pub(super) fn within<'o>(self, text: &[u8], original: &'o [u8]) -> Kind<'o> {
        match self {
            Self::Known(word) => {
                let start = word.as_ptr() as usize - text.as_ptr() as usize;
                original.get(start..start + word.len()).map_or(Kind::Unknown, Kind::Known)
            }
            Self::Nothing => Kind::Nothing,
            Self::Unknown => Kind::Unknown,
        }
    }
}

/// Looks for the document's kind. Block scalars cannot fool it: their lines are indented
/// further.
#[must_use]
pub fn kind(body: &[u8]) -> Kind<'_> {
    Heads::default().kind(body)
}

/// A document from its first line on that is neither blank nor a comment.
#[must_use]
pub fn content(body: &[u8]) -> &[u8] {
    &body[Heads::default().content(body)..]
}

/// Looks for the kinds of documents, one after the other.
#[derive(Debug, Default)]
pub struct Heads<'d> {
    /// The comments that the last document begins with, after its first line. Charts begin template after template
    /// with one licence: to skip it line by line each time would take longer than all the rest.
    licence: &'d [u8],
}

impl<'d> Heads<'d> {
    /// As [`kind`].
    pub fn kind(&mut self, body: &'d [u8]) -> Kind<'d> {
        static KIND: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("kind:"));
        let content = self.content(body);
        let line = memchr::memrchr2(b'\n', b'\r', &body[..content]).map_or(0, |line_break| line_break + 1);
        let column = body[line..].iter().take_while(|&&byte| byte == b' ').count();
        let is_at_column = |&at: &usize| {
            at.checked_sub(column).is_some_and(|start| {
                body[start..at].iter().all(|&byte| byte == b' ')
                    && (start == 0 || matches!(body[start - 1], b'\n' | b'\r'))
            })
        };
        let mut found = KIND.find_iter(body).filter(is_at_column);
        match (found.next(), found.next()) {
            (Some(at), None) => name(&body[at + "kind:".len()..]),
            // A line break of YAML 1.1 ends a comment for Kubernetes.
            (None, _) if content == body.len() && !has_old_breaks(body) => Kind::Nothing,
            _ => Kind::Unknown,
        }
    }

    /// Where the blank lines and comments at the start of the body end.
    fn content(&mut self, body: &'d [u8]) -> usize {
        // The first line names the template.
        let first = if body.starts_with(b"#") { line_end(body) } else { 0 };
        let behind = &body[first..];
        // Not `strip_prefix`: musl compares byte by byte.
        let known = if is_prefix(behind, self.licence) { self.licence.len() } else { 0 };
        let mut rest = behind[known..].trim_ascii_start();
        while let [b'#', comment @ ..] = rest {
            rest = comment[line_end(comment)..].trim_ascii_start();
        }
        let content = body.len() - rest.len();
        let line = memchr::memrchr2(b'\n', b'\r', &body[first..content]).map_or(0, |line_break| line_break + 1);
        // Whole lines, so that what follows begins one.
        self.licence = &behind[..line];
        content
    }
}

fn line_end(text: &[u8]) -> usize {
    memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len())
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

    #[test]
    fn one_licence_and_another() {
        let mut heads = Heads::default();
        for (body, expected) in [
            ("# a\n# licence\n#\n\nkind: A\n", Kind::Known(b"A".as_slice())),
            ("# b\n# licence\n#\n\nkind: B\n", Kind::Known(b"B")),
            ("# c\n# licence\n#\n\n  kind: C\n", Kind::Known(b"C")),
            ("# d\n# licence\n#\n\n# more\n  kind: D\n  a:\n    kind: E\n", Kind::Known(b"D")),
            ("# e\n# licence\n#\n", Kind::Nothing),
            ("# f\n# licence\n#\nkind: F\n", Kind::Known(b"F")),
            ("# g\r# licence\rkind: G\r", Kind::Known(b"G")),
            ("# h\n# licence\n#kind: H\n  kind: I\n", Kind::Known(b"I")),
            ("kind: J\n", Kind::Known(b"J")),
            ("\n# licence\nkind: K\n", Kind::Known(b"K")),
        ] {
            assert_eq!(heads.kind(body.as_bytes()), expected, "{body:?}");
            assert_eq!(kind(body.as_bytes()), expected, "{body:?}");
        }
    }
}
