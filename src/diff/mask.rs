//! Values that may be secrets, out of sight. A diff shows the lines around a change, and
//! Milvus's settings hold passwords.

/// What a masked value is shown as.
const MASK: &str = "********";

/// Parts of keys that name secrets, in lower case.
const SECRET: [&str; 7] = ["password", "passwd", "secret", "token", "accesskey", "privatekey", "credential"];

/// What is shown of a document's lines, where it is not the line. All of a Secret's data is masked.
pub(super) fn lines(lines: &[&str], is_secret: bool) -> Vec<Option<String>> {
    let mut masked = Masked { is_secret, data: None, block: None, named: None };
    let shown = |line: &&str| {
        let line = line.trim_end_matches(['\n', '\r']);
        Some(masked.line(line)).filter(|shown| shown != line)
    };
    lines.iter().map(shown).collect()
}

struct Masked {
    is_secret: bool,
    /// Column of `data:` or `stringData:`, below which all is secret.
    data: Option<usize>,
    /// Column of a key whose value goes on in the lines below it.
    block: Option<usize>,
    /// Column of a `name:` that names a secret, as of an environment variable: the `value:` beside it is one.
    named: Option<usize>,
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
        let value = value.trim();
        // Where the key itself begins, after the dash of an item.
        let own = column + content.len() - content.trim_start_matches(['-', ' ']).len();
        if self.named.is_some_and(|named| own != named || content.starts_with('-')) {
            self.named = None;
        }
        if name == "name" && names_a_secret(&value.trim_matches(['"', '\'', ',']).to_ascii_lowercase()) {
            self.named = Some(own);
        }
        let secret = self.data.is_some() || names_a_secret(&name) || self.named.is_some() && name == "value";
        let is_data = self.is_secret && matches!(name.as_str(), "data" | "stringdata");
        if is_data && matches!(value, "" | "{") {
            self.data = Some(column);
            return line.to_owned();
        }
        // In flow style the data may stand anywhere in a line.
        if self.is_secret && content.to_ascii_lowercase().contains("data") && (is_data || content.contains('{')) {
            self.block = Some(column);
            return format!("{}{MASK}", &line[..column]);
        }
        if !(secret || holds_a_secret(value) || is_variable(content)) || value.is_empty() || value.starts_with('#') {
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

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Whether a line holds an environment variable in flow style that names a secret.
fn is_variable(content: &str) -> bool {
    let mut words = content.split(|c| !is_of_key(c)).map(str::to_ascii_lowercase);
    ["{", "name", "value"].iter().all(|part| content.contains(part)) && words.any(|word| names_a_secret(&word))
}

/// Whether a value is a text or a mapping in one line, with a key in it that names a secret.
fn holds_a_secret(value: &str) -> bool {
    value.match_indices(':').any(|(at, _)| {
        let before = value[..at].trim_end_matches(['"', '\'', '\\', ' ']);
        let key = before.rsplit(|c| !is_of_key(c)).next().unwrap_or_default();
        names_a_secret(&key.to_ascii_lowercase())
    })
}

/// Names of Secrets are none themselves.
fn names_a_secret(key: &str) -> bool {
    !key.ends_with("name") && SECRET.iter().any(|word| key.replace(['_', '-'], "").contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str, is_secret: bool) -> String {
        let all: Vec<_> = text.split('\n').collect();
        let shown = lines(&all, is_secret).into_iter().zip(&all);
        shown.map(|(shown, line)| shown.unwrap_or_else(|| (*line).to_owned())).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_secret_in_flow_style() {
        for text in [
            r#"{"kind": "Secret", "data": {"a": "QUJD"}}"#,
            "kind: Secret\ndata: {a: QUJD,\n  b: QUJD}\ntype: x",
            "kind: Secret\nstringData: &x {a: QUJD}",
            "{\n  \"kind\": \"Secret\",\n  \"data\": {\n    \"a\": \"QUJD\"\n  }\n}",
        ] {
            assert!(!masked(text, true).contains("QUJD"), "{}", masked(text, true));
        }
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
    fn settings_in_one_line() {
        for line in [
            r#""default.yaml": "minio:\n  secretAccessKey: QUJD\n  port: 9000","#,
            r#"{"apiVersion": "v1", "data": {"a": "b", "rootPassword": "QUJD"}}"#,
            "minio: {port: 9000, secretAccessKey: QUJD}",
            "bucket: \"für: {zugang·secretAccessKey: QUJD}\"",
        ] {
            assert!(!masked(line, false).contains("QUJD"), "{}", masked(line, false));
        }
        let plain = r#""default.yaml": "proxy:\n  port: 19530","#;
        assert_eq!(masked(plain, false), plain);
    }

    #[test]
    fn variables_that_name_secrets() {
        for text in [
            "env:\n- name: MINIO_SECRET_ACCESS_KEY\n  value: QUJD\n- name: A",
            "env:\n  - name: \"ETCD_PASSWORD\"\n    value: >-\n      QUJD\n  - name: A",
            "env: [{name: MINIO_SECRET, value: QUJD}]",
            "env:\n- {name: MINIO_SECRET, value: QUJD}",
            "\"env\": [\n  {\n    \"name\": \"MINIO_TOKEN\",\n    \"value\": \"QUJD\"\n  }\n]",
        ] {
            assert!(!masked(text, false).contains("QUJD"), "{}", masked(text, false));
        }
        let plain =
            "- name: MINIO_PASSWORD\n  valueFrom: x\n- name: CACHE_SIZE\n  value: 4\n- name: milvus-token\n  image: x";
        assert_eq!(masked(plain, false), plain);
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
