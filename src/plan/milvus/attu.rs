//! Not in the guide: the chart points its Attu at Milvus without TLS, which ends with
//! tlsMode 1.

use serde_json::json;

use crate::kube::object::Object as _;
use crate::kube::value::pointer;
use crate::milvus::release::Release;
use crate::plan::change::Change;
use crate::plan::operations::Operations;
use crate::settings::Settings;

/// Points the release's Attu elsewhere if that is asked for, and warns if it is not.
pub(in crate::plan) fn plan<'r, 'i>(
    release: &'r Release<'i>,
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Option<Change<'r, 'i>> {
    let Some(attu) = &release.attu else {
        if settings.attu_url.is_some() {
            warnings.push("--attu-url has no effect: the release has no Attu".to_owned());
        }
        return None;
    };
    let object = &attu.object;
    let Some(url) = &settings.attu_url else {
        if attu.is_plain() {
            warnings.push(format!(
                "Attu ({} `{}`) will lose Milvus: its MILVUS_URL is {}, and Milvus speaks TLS only; pass --attu-url, \
                such as https://{}:443",
                object.kind(),
                object.name().unwrap_or_default(),
                attu.url,
                settings.hosts.iter().next().unwrap_or_default(),
            ));
        }
        return None;
    };
    let mut operations = Operations::new(object.value());
    let at: Vec<_> = attu.path.tokens().map(|token| token.decoded().into_owned()).collect();
    operations.set(pointer(at.iter().map(String::as_str)), json!(url.as_str()));
    Some(Change { object, patch: operations.recognised(["kind", "metadata/name"]), texts: Vec::new() })
}
