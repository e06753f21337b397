//! A second HTTPRoute that sends clients of port 80 to port 443.

use serde_json::{Value, json};

use super::gateway;
use super::route::{self, Parent};
use crate::gke::{gateway as gke, kind};
use crate::host::Hosts;
use crate::milvus::release::Release;
use crate::plan::objects::manifest::Manifest;
use crate::plan::objects::names;

/// One for as many hosts as it takes.
pub(super) fn manifests(release: &Release<'_>, hosts: &Hosts) -> Vec<Value> {
    let hosts: Vec<_> = hosts.iter().collect();
    let redirect = json!({"scheme": "https", "statusCode": gke::REDIRECT});
    let filters = json!([{"type": "RequestRedirect", "requestRedirect": redirect}]);
    let name = names::gateway(release);
    let parent = Parent { namespace: None, name: &name, listener: Some(gateway::HTTP) };
    let manifest = |(index, hosts): (usize, &[&str])| {
        let spec = json!({
            "parentRefs": [parent.reference()],
            "hostnames": hosts,
            "rules": [{"matches": [route::prefix("/")], "filters": filters}],
        });
        Manifest::new(&kind::HTTP_ROUTE, names::redirect(release, index), release, spec).into_value()
    };
    hosts.chunks(gke::MAX_HOSTNAMES).enumerate().map(manifest).collect()
}
