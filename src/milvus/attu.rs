//! Attu, the user interface that the chart brings if asked to.

use json_patch::jsonptr::PointerBuf;

use super::pods::Pods;
use crate::kube::object::Parsed;
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
        let (path, url) = urls(pods).next().map(|(path, url)| (path, url.to_owned()))?;
        Some(Self { object, url, path })
    }
}

/// Where each container is told where Milvus is, and what it is told.
pub fn urls(pods: Pods<'_>) -> impl Iterator<Item = (PointerBuf, &str)> {
    array_at(pods.template, "/spec/containers").enumerate().filter_map(move |(index, container)| {
        let mut variables = array_at(container, "/env").enumerate();
        let (number, variable) = variables.find(|(_, variable)| str_at(variable, "/name") == Some(VARIABLE))?;
        let url = str_at(variable, "/value")?;
        Some((pods.pointer(["spec", "containers", &index.to_string(), "env", &number.to_string(), "value"]), url))
    })
}
