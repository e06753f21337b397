//! The published JSON Schema of our configuration. It is generated from the types; the
//! test holds the file against them (`UPDATE=1` writes it).

/// JSON Schema of a `MilvusGkeL7`.
pub const SCHEMA: &str = include_str!("../../schemas/milvus-gke-l7-v1alpha1.json");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{API_VERSION, KIND};
    use crate::options::Options;
    use serde_json::{Value, json};

    fn generated() -> Value {
        let generator = schemars::generate::SchemaSettings::draft07().into_generator();
        let mut spec = generator.into_root_schema_for::<Options>().to_value();
        for key in ["$schema", "title", "description"] {
            spec.as_object_mut().expect("a schema").remove(key);
        }
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": KIND,
            "description": "Puts a Milvus release behind a GKE Layer-7 load balancer: \
                functionConfig of kustomize, or a file for --config.",
            "type": "object",
            "required": ["apiVersion", "kind"],
            "additionalProperties": false,
            "properties": {
                "apiVersion": {"const": API_VERSION},
                "kind": {"const": KIND},
                "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
                "spec": spec,
            },
        })
    }

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let text = format!("{:#}\n", generated());
        if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/milvus-gke-l7-v1alpha1.json");
            std::fs::write(file, &text).expect("a file that can be written");
        } else {
            assert_eq!(SCHEMA, text, "UPDATE=1 cargo test --lib writes it anew");
        }
    }
}
