//! "kubectl annotate service … cloud.google.com/neg='{"ingress": true}'": the load
//! balancer reaches pods directly, as it must with a ClusterIP Service.

use serde_json::{Value, json};

use super::annotations::{Annotations, Style};
use crate::gke::annotation::NEG;
use crate::milvus::service::Service;
use crate::report::refusal::{Reason, Refusal};

pub(in crate::plan) fn plan(service: &Service<'_>, annotations: &mut Annotations<'_, '_>) -> Result<(), Refusal> {
    let mut neg = annotations.json(NEG)?;
    let exposed = neg.get("exposed_ports").and_then(Value::as_object);
    let custom_name = |port: &Value| port.get("name").is_some_and(|name| !matches!(name.as_str(), Some("")));
    if exposed.is_some_and(|ports| ports.values().any(custom_name)) {
        return Err(annotations.refuse_with(NEG, Reason::CustomNegName { service: service.name.clone() }));
    }
    neg.insert("ingress".to_owned(), json!(true));
    annotations.set_json(NEG, &neg, Style::Spaced);
    Ok(())
}
