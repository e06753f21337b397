//! The HTTPRoute: every path of the hosts to the Milvus Service. A GRPCRoute is taken by the API server and by nobody
//! else; and a path match other than the prefix `/` lets no call through.
//!
//! Every default is written out, because not everybody who reads the object knows it. The listener is named: on port 80
//! the route would be served without TLS.

use serde_json::{Map, Value, json};

use crate::gke::{gateway as gke, kind};
use crate::milvus::release::Release;
use crate::plan::objects::manifest::Manifest;
use crate::plan::objects::names;
use crate::plan::service::rest::{self, RestPort};

/// Where a host is served: a Gateway, and its listener.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Parent<'p> {
    pub(super) namespace: Option<&'p str>,
    pub(super) name: &'p str,
    pub(super) listener: Option<&'p str>,
}

impl Parent<'_> {
    pub(super) fn reference(self) -> Value {
        let mut reference = Map::new();
        reference.insert("group".to_owned(), json!(kind::GATEWAY.group()));
        reference.insert("kind".to_owned(), json!(kind::GATEWAY.name));
        reference.extend(self.namespace.map(|namespace| ("namespace".to_owned(), json!(namespace))));
        reference.insert("name".to_owned(), json!(self.name));
        reference.extend(self.listener.map(|listener| ("sectionName".to_owned(), json!(listener))));
        Value::Object(reference)
    }
}

/// One for as many hosts as it takes; each host stands with its parent.
pub(super) fn manifests(release: &Release<'_>, hosts: &[(&str, Parent<'_>)], rest: Option<&RestPort>) -> Vec<Value> {
    let rules = rules(release, rest);
    let manifest = |(index, chunk): (usize, &[(&str, Parent<'_>)])| {
        let mut parents: Vec<_> = chunk.iter().map(|(_, parent)| *parent).collect();
        parents.dedup();
        let parents: Vec<_> = parents.into_iter().map(Parent::reference).collect();
        let hosts: Vec<_> = chunk.iter().map(|(host, _)| *host).collect();
        let spec = json!({"parentRefs": parents, "hostnames": hosts, "rules": rules});
        Manifest::new(&kind::HTTP_ROUTE, names::route(release, index), release, spec).into_value()
    };
    hosts.chunks(gke::MAX_HOSTNAMES).enumerate().map(manifest).collect()
}

/// A match of all paths that begin so.
pub(super) fn prefix(path: &str) -> Value {
    json!({"path": {"type": "PathPrefix", "value": path}})
}

fn rules(release: &Release<'_>, rest: Option<&RestPort>) -> Value {
    let name = names::gateway_service(release);
    let backend = |port: u16| {
        let (group, kind) = (kind::SERVICE.group(), kind::SERVICE.name);
        json!([{"group": group, "kind": kind, "name": name, "port": port, "weight": 1}])
    };
    let rest = rest.map(|rest| json!({"matches": rest::PATHS.map(prefix), "backendRefs": backend(rest.number)}));
    let all = json!({"matches": [prefix("/")], "backendRefs": backend(release.service.port.number)});
    rest.into_iter().chain([all]).collect()
}
