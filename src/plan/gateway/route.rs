//! The HTTPRoute: every path of the hosts to the Milvus Service. A GRPCRoute is taken by the API server and by nobody
//! else; and a path match other than the prefix `/` lets no call through.
//!
//! Every default is written out, because not everybody who reads the object knows it. The listener is named: on port 80
//! the route would be served without TLS.

use serde_json::{Value, json};

use super::gateway::Listener;
use crate::gke::{gateway as gke, kind};
use crate::milvus::release::Release;
use crate::plan::objects::manifest::Manifest;
use crate::plan::objects::names;
use crate::plan::service::rest::{self, RestPort};

/// One for as many hosts as it takes.
pub(super) fn manifests(release: &Release<'_>, listeners: &[Listener<'_>], rest: Option<&RestPort>) -> Vec<Value> {
    let rules = rules(release, rest);
    let of_host = listeners.iter().flat_map(|listener| listener.hosts.iter().map(move |host| (listener, *host)));
    let of_host: Vec<_> = of_host.collect();
    let chunks = of_host.chunks(gke::MAX_HOSTNAMES).enumerate();
    let manifest = |(index, chunk): (usize, &[(&Listener<'_>, &str)])| {
        let mut sections: Vec<_> = chunk.iter().map(|(listener, _)| listener.name.as_str()).collect();
        sections.dedup();
        let parents: Vec<_> = sections.into_iter().map(|section| parent(release, section)).collect();
        let hosts: Vec<_> = chunk.iter().map(|(_, host)| *host).collect();
        let spec = json!({"parentRefs": parents, "hostnames": hosts, "rules": rules});
        Manifest::new(&kind::HTTP_ROUTE, names::route(release, index), release, spec).into_value()
    };
    chunks.map(manifest).collect()
}

/// A listener of our Gateway.
pub(super) fn parent(release: &Release<'_>, section: &str) -> Value {
    json!({
        "group": kind::GATEWAY.group(),
        "kind": kind::GATEWAY.name,
        "name": names::gateway(release),
        "sectionName": section,
    })
}

/// A match of all paths that begin so.
pub(super) fn prefix(path: &str) -> Value {
    json!({"path": {"type": "PathPrefix", "value": path}})
}

fn rules(release: &Release<'_>, rest: Option<&RestPort>) -> Value {
    let backend = |port: u16| {
        let (group, kind, name) = (kind::SERVICE.group(), kind::SERVICE.name, &release.service.name);
        json!([{"group": group, "kind": kind, "name": name, "port": port, "weight": 1}])
    };
    let rest = rest.map(|rest| json!({"matches": rest::PATHS.map(prefix), "backendRefs": backend(rest.number)}));
    let all = json!({"matches": [prefix("/")], "backendRefs": backend(release.service.port.number)});
    rest.into_iter().chain([all]).collect()
}
