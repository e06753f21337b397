//! Words of others and for others: on one line, in a shell, and what was meant by a misspelt one.

/// A text that others have written, on one line and without what terminals obey.
#[must_use]
pub fn one_line(text: &str) -> String {
    escaped(&text.replace(['\n', '\r', '\t'], " "))
}

/// The same, with line breaks and tabs escaped as well: of a name they are part.
#[must_use]
pub fn escaped(text: &str) -> String {
    let escape = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(escape).collect()
}

/// A text as one word of a POSIX shell.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./,:@%+=".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// ` --namespace NAME`, where the namespace is known.
#[must_use]
pub fn namespace_flag(namespace: Option<&str>) -> String {
    namespace.map(|namespace| format!(" --namespace {}", shell_word(namespace))).unwrap_or_default()
}

/// The known word that was meant by `word`, if one is near enough: within `most` edits, in any case.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>, most: usize) -> Option<&'k str> {
    let distance = |known: &str| strsim::damerau_levenshtein(&known.to_ascii_lowercase(), &word.to_ascii_lowercase());
    known
        .into_iter()
        .map(|known| (distance(known), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= most)
        .map(|(_, known)| known)
}
