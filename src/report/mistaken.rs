//! What is read in place of manifests: a table, a template, an error message. One list, in which the first that fits
//! counts. It is only looked through on the way to a refusal, but for documents without a kind: of these the filter
//! asks whether they are text.

use memchr::memmem;

use crate::stream::head::{self, Kind};
use crate::stream::{DocumentId, Stream};

/// Something that is not a Kubernetes manifest, or not one that can be rewritten.
#[derive(Debug)]
pub struct Mistaken {
    /// What it is, as in "found …".
    pub what: &'static str,
    /// Why it is not what is needed.
    pub why: &'static str,
    /// What to run instead.
    pub help: &'static str,
    sign: Sign,
}

/// How it is known.
#[derive(Debug)]
enum Sign {
    /// The input begins with one of these.
    Bytes(&'static [&'static [u8]]),
    /// The first document that holds something is text, and its first line is like this.
    Text(fn(&str) -> bool),
    /// That document has no kind, and one of these top-level keys.
    Keys(&'static [&'static str]),
    /// That document is like this.
    Document(fn(&[u8]) -> bool),
    /// All objects are of this kind, in this group.
    Alone(&'static str, &'static str),
}

/// The first that fits counts.
const ALL: &[Mistaken] = &[
    Mistaken {
        what: "gzip-compressed data",
        why: "manifests are text",
        help: "render a packaged chart first: `helm template my-release milvus.tgz | milvus-gke-l7 …`; unpack anything \
            else with `gunzip`",
        sign: Sign::Bytes(&[b"\x1f\x8b"]),
    },
    Mistaken {
        what: "UTF-16 text",
        why: "YAML is read as UTF-8; `>` of Windows PowerShell writes UTF-16",
        help: "write the file with `… | Out-File -Encoding utf8 FILE`, or convert it: `iconv -f utf-16 -t utf-8 FILE`",
        sign: Sign::Bytes(&[b"\xff\xfe", b"\xfe\xff"]),
    },
    Mistaken {
        what: "an unrendered template",
        why: "Helm fills it in",
        help: "helm template my-release milvus/milvus | milvus-gke-l7 …",
        sign: Sign::Document(|document| {
            first_line(document).is_some_and(|line| line.starts_with("{{")) || has(document, "\n  name: {{")
        }),
    },
    Mistaken {
        what: "an error message",
        why: "the command that should have written manifests has failed",
        help: "run that command alone, and correct what it says",
        sign: Sign::Text(|line| ["Error: ", "error: ", "Error from server"].iter().any(|word| line.starts_with(word))),
    },
    Mistaken {
        what: "Helm's report of a release",
        why: "the manifests in it are between a header and notes, which cannot be applied",
        help: "use what prints manifests only: `helm template`, or `helm get manifest` for a release; or pass this \
            program to Helm as --post-renderer",
        sign: Sign::Text(|line| line.starts_with("NAME: ") || line.starts_with("Release \"") || line == "NOTES:"),
    },
    Mistaken {
        what: "a table from kubectl or Helm",
        why: "it shows only some columns of each object",
        help: "let kubectl print the objects: `kubectl get … -o yaml`; for a Helm release, use `helm get manifest \
            NAME`",
        sign: Sign::Text(|line| is_head_of_table(line) || line.starts_with("Name:  ")),
    },
    Mistaken {
        what: "kubectl's message that nothing was found",
        why: "it holds no objects",
        help: "give kubectl the release's namespace (`--namespace`), and the right context",
        sign: Sign::Text(|line| line.starts_with("No resources found")),
    },
    Mistaken {
        what: "log lines",
        why: "warnings and log lines of Helm and kubectl belong on stderr",
        help: "pass only stdout: no `2>&1`",
        sign: Sign::Text(is_log),
    },
    Mistaken {
        what: "text",
        why: "a manifest is a mapping with a `kind`",
        help: "pass manifests only: `helm template my-release milvus/milvus | milvus-gke-l7 …`",
        sign: Sign::Text(is_prose),
    },
    Mistaken {
        what: "a Chart.yaml",
        why: "Helm renders manifests from the chart's templates and values",
        help: "helm template my-release ./CHART-FOLDER | milvus-gke-l7 …",
        sign: Sign::Document(|document| {
            without_kind(document) && ["apiVersion", "name", "version"].iter().all(|key| has_key(document, key))
        }),
    },
    Mistaken {
        what: "a kustomization",
        why: "kustomize builds manifests from it",
        help: "kustomize build . | milvus-gke-l7 …, or list this program in it, under `transformers:`",
        sign: Sign::Document(|document| {
            let keys = ["resources", "helmCharts", "transformers", "generators"];
            has(document, "apiVersion: kustomize.config.k8s.io/")
                || without_kind(document) && keys.iter().any(|key| has_key(document, key))
        }),
    },
    Mistaken {
        what: "values of a chart",
        why: "Helm renders manifests from the chart and its values",
        help: "helm template my-release milvus/milvus --values values.yaml | milvus-gke-l7 …",
        sign: Sign::Keys(&[
            "cluster",
            "service",
            "proxy",
            "standalone",
            "image",
            "ingress",
            "extraConfigFiles",
            "etcd",
            "minio",
            "pulsar",
            "pulsarv3",
            "kafka",
            "woodpecker",
            "streaming",
            "externalS3",
            "milvus",
            "metrics",
            "attu",
        ]),
    },
    Mistaken {
        what: "YAML without a `kind`",
        why: "every Kubernetes object has one",
        help: "helm template my-release milvus/milvus | milvus-gke-l7 …",
        sign: Sign::Document(|document| without_kind(document) && first_line(document).is_some_and(is_mapping)),
    },
    Mistaken {
        what: "a list without items",
        why: "kubectl has found nothing",
        help: "give kubectl the release's namespace (`--namespace`), and the right context",
        sign: Sign::Document(|document| {
            !has(document, "ResourceList") && ["\nitems: []", "\"items\": []"].iter().any(|items| has(document, items))
        }),
    },
    Mistaken {
        what: "the configuration of milvus-gke-l7",
        why: "it says what to do, but holds no manifests",
        help: "helm template my-release milvus/milvus | milvus-gke-l7 --config FILE",
        sign: Sign::Alone("MilvusGkeL7", "milvus-gke-l7/"),
    },
];

impl Mistaken {
    /// All of them.
    pub const ALL: &'static [Self] = ALL;

    /// What a stream without Milvus is.
    #[must_use]
    pub fn of(stream: &Stream<'_>) -> Option<&'static Self> {
        let first = stream.ids().find(|id| stream.kind(*id) != Kind::Nothing).map(|id| stream.body(id));
        let first = first.unwrap_or_default();
        let line = first_line(first).filter(|_| head::kind(first) == Kind::Unknown);
        ALL.iter().find(|one| match one.sign {
            Sign::Bytes(marks) => marks.iter().any(|mark| stream.input().starts_with(mark)),
            Sign::Text(is) => line.is_some_and(is),
            Sign::Keys(keys) => without_kind(first) && keys.iter().any(|key| has_key(first, key)),
            Sign::Document(is) => is(first),
            Sign::Alone(..) => one.is_all_of(stream),
        })
    }

    /// What objects are of which no other is there.
    #[must_use]
    pub fn alone(stream: &Stream<'_>) -> Option<&'static Self> {
        ALL.iter().find(|one| one.is_all_of(stream))
    }

    /// What a document without a kind is that is text, and so nothing that Kubernetes takes.
    #[must_use]
    pub fn text(document: &[u8]) -> Option<&'static Self> {
        let line = first_line(document)?;
        ALL.iter().find(|one| matches!(one.sign, Sign::Text(is) if is(line)))
    }

    fn is_all_of(&self, stream: &Stream<'_>) -> bool {
        let mut objects = stream.ids().filter(|id| stream.kind(*id) != Kind::Nothing).peekable();
        objects.peek().is_some() && objects.all(|id| self.is_kind_of(stream, id))
    }

    fn is_kind_of(&self, stream: &Stream<'_>, id: DocumentId) -> bool {
        let Kind::Known(kind) = stream.kind(id) else { return false };
        let Sign::Alone(known, group) = self.sign else { return false };
        known.as_bytes() == kind && has(stream.body(id), group)
    }
}

/// The first line that is neither blank nor a comment.
fn first_line(document: &[u8]) -> Option<&str> {
    let content = head::content(document);
    let end = memchr::memchr2(b'\n', b'\r', content).unwrap_or(content.len());
    std::str::from_utf8(&content[..end]).ok().map(str::trim_end).filter(|line| !line.is_empty())
}

fn has(document: &[u8], text: &str) -> bool {
    memmem::find(document, text.as_bytes()).is_some()
}

fn has_key(document: &[u8], key: &str) -> bool {
    let mut lines = document.split(|byte| *byte == b'\n');
    lines.any(|line| line.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.starts_with(b":")))
}

fn without_kind(document: &[u8]) -> bool {
    head::kind(document) == Kind::Unknown && !has_key(document, "kind") && !has(document, "\"kind\"")
}

/// Whether the line begins a mapping of YAML, or one in JSON.
fn is_mapping(line: &str) -> bool {
    line.ends_with(':') || line.contains(": ") || line.contains(":\t")
}

/// Whether the line can only begin a document that is one scalar. `~` and `null` are nothing: templates render them.
fn is_prose(line: &str) -> bool {
    let is_structure = line.starts_with(['{', '[', '-', '?', '&', '*', '!', '%', '#']) || line.starts_with("...");
    !is_structure && !is_mapping(line) && !["~", "null"].contains(&line)
}

fn is_head_of_table(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_first = |word: &str| ["NAME", "NAMESPACE", "REVISION", "LAST"].contains(&word);
    words.next().is_some_and(is_first) && {
        let mut others = words.peekable();
        others.peek().is_some()
            && others.all(|word| !word.contains(|letter: char| letter.is_lowercase() || letter == ':'))
    }
}

/// Helm's and kubectl's: `install.go:225: … [debug] …`, `level=WARN msg=…`, `W0131 12:00:00.000000 …`, `Warning: …`.
fn is_log(line: &str) -> bool {
    let word = line.split(' ').next().unwrap_or_default();
    let is_klog =
        word.len() == 5 && word.starts_with(['I', 'W', 'E']) && word[1..].bytes().all(|byte| byte.is_ascii_digit());
    is_klog
        || word.contains(".go:") && word.ends_with(':')
        || ["WARNING:", "Warning:", "Pulled:"].contains(&word)
        || word.starts_with("level=") && line.contains(" msg=")
}
