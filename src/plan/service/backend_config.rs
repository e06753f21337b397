//! "kubectl annotate service … cloud.google.com/backend-config='{"default": "my-release-backendconfig"}'"

use serde_json::{Value, json};

use super::annotations::{Annotations, Style};
use super::rest::RestPort;
use crate::gke::annotation::{BACKEND_CONFIG, BACKEND_CONFIG_BETA};
use crate::milvus::release::Release;
use crate::plan::objects::names;
use crate::report::refusal::{Reason, Refusal};
use crate::settings::Settings;

pub(in crate::plan) fn plan(
    release: &Release<'_>,
    settings: &Settings,
    rest: Option<&RestPort>,
    annotations: &mut Annotations<'_, '_>,
) -> Result<(), Refusal> {
    let ours = json!(names::backend_config(release));
    let mut configs = annotations.json(BACKEND_CONFIG)?;
    let refuse = |entry: &str, existing: &Value| {
        let service = release.service.name.clone();
        let reason = Reason::OwnBackendConfig { service, existing: format!("`{entry}` is {existing}") };
        annotations.refuse_with(BACKEND_CONFIG, reason)
    };
    // GKE asks `ports` by name, then by number, and only then `default`.
    let port = &release.service.port;
    let ports = std::iter::once((port.name.as_str(), port.number)).chain(rest.map(|rest| (rest.name(), rest.number)));
    for key in ports.flat_map(|(name, number)| [name.to_owned(), number.to_string()]) {
        if let Some(existing) = configs.get("ports").and_then(|ports| ports.get(&key)).filter(|config| **config != ours)
        {
            return Err(refuse(&format!("ports.{key}"), existing));
        }
    }
    if let Some(existing) = configs.get("default").filter(|config| **config != ours)
        && !settings.replace
    {
        return Err(refuse("default", existing));
    }
    configs.insert("default".to_owned(), ours);
    annotations.remove(BACKEND_CONFIG_BETA);
    annotations.set_json(BACKEND_CONFIG, &configs, Style::Spaced);
    Ok(())
}
