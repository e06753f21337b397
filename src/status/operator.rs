//! A resource of the Milvus Operator: how far the operator is with it (its `apis/milvus.io/v1beta1`, `MilvusStatus`).

use serde_json::Value;

use super::objects::{Objects, leaving};
use super::step::Step;
use crate::kube::object::Object as _;
use crate::kube::value::{array_at, str_at, value_at};
use crate::milvus::operator;

/// How long a rollout takes.
const SECONDS: &str = "minutes: each pod that serves becomes ready before the next one is replaced";

/// The step of each resource that makes one of these Services; of every one if there are none.
pub(super) fn steps<'v>(objects: &Objects<'v>, services: &[(&str, Option<&str>)]) -> Vec<Step> {
    let resources = objects.of_kind(operator::KIND).filter(|object| operator::is_resource(object));
    let makes_one = |resource: &&'v Value| {
        // Behind a Gateway it is ours, to the same pods.
        let made = resource.name().map(operator::service_name);
        let ours = made.as_deref().map(operator::gateway_service);
        let is_made = |(name, namespace): &(&str, Option<&str>)| {
            [&made, &ours].iter().any(|made| made.as_deref() == Some(*name)) && resource.shares_namespace(*namespace)
        };
        services.is_empty() || services.iter().any(is_made)
    };
    resources.filter(makes_one).map(step).collect()
}

fn step(resource: &Value) -> Step {
    let name = resource.name().unwrap_or_default();
    let title = format!("Milvus {name}");
    if let Some(since) = leaving(resource) {
        return Step::waiting(
            format!("{title}: being deleted since {since}"),
            format!("{title}, which is being deleted"),
        );
    }
    let number = |path: &str| value_at(resource, path).and_then(Value::as_u64);
    if let (Some(generation), Some(seen)) = (number("/metadata/generation"), number("/status/observedGeneration"))
        && seen < generation
    {
        return Step::waiting(format!("{title}: changed"), "the Milvus Operator")
            .detail(format!("the operator has seen generation {seen}, and the resource is at {generation}"))
            .usually("a few seconds");
    }
    let Some(status) = str_at(resource, "/status/status") else {
        return Step::waiting(title, "the Milvus Operator")
            .detail("the operator has not written a status")
            .help("check that it runs: kubectl get pods --all-namespaces -l app.kubernetes.io/name=milvus-operator");
    };
    let title = format!("{title}: {status}");
    let open = array_at(resource, "/status/conditions").filter(|one| str_at(one, "/status") != Some("True"));
    let details: Vec<_> = open
        .map(|condition| {
            let of = |path| str_at(condition, path).unwrap_or_default();
            format!("{} is {}: {}: {}", of("/type"), of("/status"), of("/reason"), of("/message"))
        })
        .collect();
    if details.is_empty() && status == "Healthy" {
        return Step::done(title);
    }
    let step = match status {
        "Stopped" => {
            Step::broken(title, format!("Milvus {name} is stopped")).help("give its components replicas again")
        }
        _ => Step::waiting(title, format!("the pods of Milvus {name}")).usually(SECONDS),
    };
    details.into_iter().fold(step, Step::detail)
}
