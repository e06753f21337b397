//! PEM (RFC 7468): the blocks of a file, and nothing of the text around them.

use base64ct::{Base64, Encoding as _};

/// One block.
pub(super) struct Block<'a> {
    /// What follows `BEGIN`.
    pub(super) label: &'a str,
    /// Headers of RFC 1421 say that it is encrypted; then there is no DER.
    pub(super) encrypted: bool,
    /// What it holds.
    pub(super) der: Vec<u8>,
}

/// Why a block cannot be read. Labels are in capitals, so nothing of a key is in here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum PemError {
    #[error("the line `-----END {0}-----` is missing; copy the file again")]
    End(String),
    #[error("the text between BEGIN and END of `{0}` is damaged: it is not base64; copy the file again")]
    Base64(String),
}

/// All blocks.
pub(super) fn blocks(text: &str) -> Result<Vec<Block<'_>>, PemError> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = boundary(line, "BEGIN") else { continue };
        let mut base64 = String::new();
        let mut encrypted = false;
        loop {
            match lines.next() {
                Some(line) if boundary(line, "END") == Some(label) => break,
                Some(line) if boundary(line, "BEGIN").is_none() => {
                    if line.contains(':') {
                        encrypted |= line.starts_with("Proc-Type:") && line.ends_with("ENCRYPTED");
                    } else {
                        base64.push_str(line.trim_start());
                    }
                }
                _ => return Err(PemError::End(label.to_owned())),
            }
        }
        let der = match Base64::decode_vec(&base64) {
            Ok(der) => der,
            Err(_) if encrypted => Vec::new(),
            Err(_) => return Err(PemError::Base64(label.to_owned())),
        };
        blocks.push(Block { label, encrypted, der });
    }
    Ok(blocks)
}

/// The label, if the line is such a boundary. A whole key on one line is not one: its label would be shown.
fn boundary<'a>(line: &'a str, which: &str) -> Option<&'a str> {
    let label = line.strip_prefix("-----")?.strip_prefix(which)?.strip_prefix(' ')?.strip_suffix("-----")?;
    label.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ').then_some(label)
}
