//! "kubectl annotate service … cloud.google.com/backend-config='{"default": "my-release-backendconfig"}'"

use serde_json::{Value, json};

use super::annotation::{Annotations, Style};
use super::backend_config;
use super::rest::RestPort;
use crate::refusal::{Reason, Refusal};
use crate::release::Release;
use crate::settings::Settings;

const NAME: &str = "cloud.google.com/backend-config";

/// The older name of the annotation.
const BETA: &str = "beta.cloud.google.com/backend-config";

pub(super) fn plan(
    release: &Release<'_>,
    settings: &Settings,
    rest: Option<&RestPort>,
    annotations: &mut Annotations<'_, '_>,
) -> Result<(), Refusal> {
    let ours = json!(backend_config::name(release));
    let mut configs = annotations.json(NAME)?;
    let refuse = |entry: &str, existing: &Value| {
        let service = release.service.name.clone();
        let reason = Reason::OwnBackendConfig { service, existing: format!("`{entry}` is {existing}") };
        annotations.refuse_with(NAME, reason)
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
    annotations.remove(BETA);
    annotations.set_json(NAME, &configs, Style::Spaced);
    Ok(())
}
