//! Values that may be secrets, out of sight. A diff shows the lines around a change, and
//! Milvus's settings hold passwords.

/// What a masked value is shown as.
const MASK: &str = "********";

/// Parts of keys that name secrets, in lower case.
const SECRET: [&str; 7] = ["password", "passwd", "secret", "token", "accesskey", "privatekey", "credential"];

/// The lines of a document, masked. All of a Secret's data is.
pub(super) fn lines(text: &str, is_secret: bool) -> Vec<String> {
    let mut masked = Masked { is_secret, data: None, block: None };
    text.lines().map(|line| masked.line(line)).collect()
}

struct Masked {
    is_secret: bool,
    /// Column of `data:` or `stringData:`, below which all is secret.
    data: Option<usize>,
    /// Column of a key whose value goes on in the lines below it.
    block: Option<usize>,
}

impl Masked {
    fn line(&mut self, line: &str) -> String {
        let column = line.len() - line.trim_start().len();
        let content = line.trim_start();
        if content.is_empty() {
            return line.to_owned();
        }
        if self.block.is_some_and(|key| column > key) {
            return format!("{}{MASK}", &line[..column]);
        }
        self.block = None;
        if self.data.is_some_and(|data| column <= data) {
            self.data = None;
        }
        let Some((key, value)) = content.split_once(':') else { return line.to_owned() };
        let name = key.trim_start_matches(['-', ' ', '#']).trim_matches(['"', '\'']).to_ascii_lowercase();
        let secret = self.data.is_some() || names_a_secret(&name);
        if self.is_secret && matches!(name.as_str(), "data" | "stringdata") && value.trim().is_empty() {
            self.data = Some(column);
            return line.to_owned();
        }
        let value = value.trim();
        if !secret || value.is_empty() || value.starts_with('#') {
            return line.to_owned();
        }
        if value.starts_with(['|', '>']) {
            self.block = Some(column);
            return line.to_owned();
        }
        // A quoted or plain value may go on below.
        self.block = Some(column);
        format!("{}{key}: {MASK}", &line[..column])
    }
}

/// Names of Secrets are none themselves.
fn names_a_secret(key: &str) -> bool {
    !key.ends_with("name") && SECRET.iter().any(|word| key.replace(['_', '-'], "").contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str, is_secret: bool) -> String {
        lines(text, is_secret).join("\n")
    }

    #[test]
    fn a_secret_shows_its_keys_only() {
        assert_eq!(
            masked(
                "kind: Secret\nmetadata:\n  name: x\ndata:\n  tls.key: QUJD\n  more: >-\n    QUJD\n    REVG\ntype: y",
                true
            ),
            "kind: Secret\nmetadata:\n  name: x\ndata:\n  tls.key: ********\n  more: >-\n    ********\n    ********\ntype: y"
        );
    }

    #[test]
    fn settings_that_name_secrets() {
        assert_eq!(
            masked(
                "minio:\n  secretAccessKey: abc\n  accessKeyID: \"a\n    b\"\n  port: 9000\n#  rootPassword: x",
                false
            ),
            "minio:\n  secretAccessKey: ********\n  accessKeyID: ********\n    ********\n  port: 9000\n#  rootPassword: ********"
        );
        assert_eq!(
            masked("secretName: milvus-tls\nautomountServiceAccountToken: x", false),
            "secretName: milvus-tls\nautomountServiceAccountToken: ********"
        );
    }
}
