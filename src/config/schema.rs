//! The published JSON Schema of our configuration. Like those of reports it is generated from the types; the tests
//! hold the files against them (`UPDATE=1` writes them).

/// JSON Schema of a `MilvusGkeL7`.
pub const SCHEMA: &str = include_str!("../../schemas/milvus-gke-l7-v1alpha1.json");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{API_VERSION, KIND};
    use crate::options::Options;
    use crate::{notes, status};
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

    /// Of what is printed; without references, which few readers of a short schema follow.
    fn of_report<T: schemars::JsonSchema>(command: &str) -> Value {
        let mut settings = schemars::generate::SchemaSettings::draft07().for_serialize();
        settings.inline_subschemas = true;
        let generated = settings.into_generator().into_root_schema_for::<T>().to_value();
        let mut schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": format!("milvus-gke-l7 {command} --output json"),
        });
        let own = generated.as_object().expect("a schema").iter();
        for (key, value) in own.filter(|(key, _)| !["$schema", "title"].contains(&key.as_str())) {
            schema[key] = value.clone();
        }
        schema
    }

    #[test]
    fn the_published_schemas_are_those_of_the_types() {
        for (name, published, generated) in [
            ("v1alpha1", SCHEMA, generated()),
            ("status", status::SCHEMA, of_report::<status::StatusReport>("status")),
            ("notes", notes::SCHEMA, of_report::<notes::Notes>("notes")),
        ] {
            let text = format!("{generated:#}\n");
            if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
                let file = format!("{}/schemas/milvus-gke-l7-{name}.json", env!("CARGO_MANIFEST_DIR"));
                std::fs::write(file, &text).expect("a file that can be written");
            } else {
                assert_eq!(published, text, "UPDATE=1 cargo test --lib writes it anew");
            }
        }
    }
}
