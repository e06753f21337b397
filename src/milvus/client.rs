//! What speaks to Milvus: Attu, the user interface that the chart brings if asked to, and any container that is told
//! a URL of the Milvus Service. Without TLS they lose Milvus.

use std::fmt;

use json_patch::jsonptr::PointerBuf;

use super::pods::Pods;
use crate::kube::object::{Parsed, same_namespace};
use crate::kube::value::{array_at, str_at};

/// The variable that tells Attu where Milvus is.
pub const VARIABLE: &str = "MILVUS_URL";

/// A workload that runs Attu.
#[derive(Debug)]
pub struct Attu<'i> {
    /// The document.
    pub object: Parsed<'i>,
    /// The value of `MILVUS_URL`.
    pub url: String,
    /// Where that value is.
    pub path: PointerBuf,
}

impl<'i> Attu<'i> {
    /// Reads a workload that may run Attu.
    #[must_use]
    pub fn read(object: Parsed<'i>) -> Option<Self> {
        let pods = Pods::of(object.id, object.document.value())?;
        let told = told(pods).find(|told| told.variable == Some(VARIABLE))?;
        let (path, url) = (told.path, told.value.to_owned());
        Some(Self { object, url, path })
    }

    /// Whether it speaks to Milvus without TLS.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.url.starts_with("https://")
    }
}

/// Something that a container is told. It is shown as the first URL without TLS in it.
#[derive(Debug)]
pub struct Told<'v> {
    /// Its variable; `None` where it is a word of its command.
    pub variable: Option<&'v str>,
    /// Its value.
    pub value: &'v str,
    /// Where the value is in the workload.
    pub path: PointerBuf,
}

/// What the containers of pods are told: the values of their variables, and the words of their commands.
pub fn told<'v>(pods: Pods<'v>) -> impl Iterator<Item = Told<'v>> {
    ["containers", "initContainers"].into_iter().flat_map(move |list| {
        let containers = array_at(pods.template, if list == "containers" { CONTAINERS } else { INIT_CONTAINERS });
        containers.enumerate().flat_map(move |(index, container)| {
            let at = move |rest: [&str; 3]| {
                let number = index.to_string();
                let rest = rest.into_iter().filter(|token| !token.is_empty());
                pods.pointer(["spec", list, &number].into_iter().chain(rest))
            };
            let variables = array_at(container, "/env").enumerate().filter_map(move |(number, variable)| {
                let path = at(["env", &number.to_string(), "value"]);
                Some(Told { variable: str_at(variable, "/name"), value: str_at(variable, "/value")?, path })
            });
            let words = [("command", "/command"), ("args", "/args")].into_iter().flat_map(move |(key, pointer)| {
                array_at(container, pointer).enumerate().filter_map(move |(number, word)| {
                    Some(Told { variable: None, value: word.as_str()?, path: at([key, &number.to_string(), ""]) })
                })
            });
            variables.chain(words)
        })
    })
}

const CONTAINERS: &str = "/spec/containers";
const INIT_CONTAINERS: &str = "/spec/initContainers";

/// How a URL without TLS begins.
pub const PLAIN: &str = "http://";

/// The Services that a text names in URLs without TLS: each one's host and port.
pub fn plain_urls(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.match_indices(PLAIN).filter_map(|(at, _)| {
        let rest = &text[at + PLAIN.len()..];
        let is_of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let host = &rest[..rest.find(|c| !is_of_host(c)).unwrap_or(rest.len())];
        let port = match rest[host.len()..].strip_prefix(':') {
            Some(port) => port[..port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len())].parse().ok()?,
            None => 80,
        };
        Some((host, port))
    })
}

/// Whether a host is this Service's, as pods in `from` name it: `vectors`, `vectors.milvus.svc`.
#[must_use]
pub fn is_host_of(host: &str, service: &str, namespace: Option<&str>, from: Option<&str>) -> bool {
    let mut labels = host.split('.');
    labels.next() == Some(service)
        && same_namespace(labels.next().or(from), namespace)
        && labels.next().is_none_or(|label| label == "svc")
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not all of the value: a command may hold a password as well.
        let url =
            plain_urls(self.value).next().map_or_else(String::new, |(host, port)| format!("{PLAIN}{host}:{port}"));
        match self.variable {
            Some(variable) => write!(formatter, "{variable} is {url}"),
            None => write!(formatter, "its command says {url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let urls = |text| plain_urls(text).collect::<Vec<_>>();
        assert_eq!(urls("http://vectors:19530"), [("vectors", 19530)]);
        assert_eq!(
            urls("--uri=http://vectors.milvus.svc.cluster.local:19530/v2 x"),
            [("vectors.milvus.svc.cluster.local", 19530)]
        );
        assert_eq!(urls("http://vectors/"), [("vectors", 80)]);
        assert_eq!(urls("https://vectors:19530, http://[::1]:1, http://x:99999999999999999999"), [("", 80)]);
        for (host, expected) in [
            ("vectors", true),
            ("vectors.milvus", true),
            ("vectors.milvus.svc.cluster.local", true),
            ("vectors.other", false),
            ("vectors.example.com", false),
            ("vectors.milvus.com", false),
            ("vectors-2", false),
        ] {
            assert_eq!(is_host_of(host, "vectors", Some("milvus"), Some("milvus")), expected, "{host}");
        }
        assert!(!is_host_of("vectors", "vectors", Some("milvus"), Some("other")));
    }
}
