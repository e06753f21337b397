//! Attu, the user interface that the chart brings if asked to.

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use crate::kube::object::{Object as _, Parsed};
use crate::kube::value::{array_at, pointer, str_at};

/// The variable that tells Attu where Milvus is.
pub const VARIABLE: &str = "MILVUS_URL";

/// A workload that runs Attu.
#[derive(Debug)]
pub struct Attu<'i> {
    /// The document.
    pub object: Parsed<'i>,
    /// The value of `MILVUS_URL`.
    pub url: String,
    /// Where that value stands.
    pub path: PointerBuf,
}

impl<'i> Attu<'i> {
    /// Reads a workload that may run Attu.
    #[must_use]
    pub fn read(object: Parsed<'i>) -> Option<Self> {
        let (url, path) = array_at(object.value(), "/spec/template/spec/containers").enumerate().find_map(
            |(container_index, container)| {
                let mut variables = array_at(container, "/env").enumerate();
                let (index, variable) = variables.find(|(_, variable)| str_at(variable, "/name") == Some(VARIABLE))?;
                let url = variable.get("value").and_then(Value::as_str)?.to_owned();
                let (container, index) = (container_index.to_string(), index.to_string());
                let path = pointer(["spec", "template", "spec", "containers", &container, "env", &index, "value"]);
                Some((url, path))
            },
        )?;
        Some(Self { object, url, path })
    }
}
