//! What GKE's controllers say the load balancer would be, as an Envoy. Each figure is read from a report: nothing of it is
//! this project's idea. Of an Ingress the report is that of GKE's own controllers, of a Gateway that of
//! [`gateway`](super::gateway).

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::gke::self_managed;
use crate::common::milvus::{Ports, Programs};
use crate::common::server::{Server, free_ports, get};

pub(crate) struct LoadBalancer {
    pub(crate) http: u16,
    pub(crate) https: u16,
    /// The certificate that clients trust.
    pub(crate) trusted: String,
    admin: u16,
    service: String,
    _server: Server,
    _folder: TempDir,
}

/// A chain and its key, as PEM.
pub(crate) type Pem = [String; 2];

/// What the report does not hold.
pub(crate) struct Material<'m> {
    envoy: PathBuf,
    /// Of the Secrets.
    secrets: Vec<Pem>,
    /// In the place of what Google makes.
    public: Pem,
    pod: &'m Ports,
}

impl<'m> Material<'m> {
    pub(crate) fn of(objects: &[Value], programs: &Programs, pod: &'m Ports) -> Self {
        let public = [&programs.pair.certificate, &programs.pair.key].map(Clone::clone);
        Self { envoy: programs.envoy.clone(), secrets: objects.iter().filter_map(pem).collect(), public, pod }
    }
}

/// Chain and key of a Secret.
pub(crate) fn pem(object: &Value) -> Option<Pem> {
    (object["type"] == "kubernetes.io/tls").then(|| {
        ["tls.crt", "tls.key"]
            .map(|key| String::from_utf8(Base64::decode_vec(object["data"][key].as_str().unwrap()).unwrap()).unwrap())
    })
}

impl LoadBalancer {
    /// That of one front door of the report.
    pub(crate) fn start(report: &Value, ingress: &Value, material: &Material<'_>) -> Self {
        let [http, https, admin] = free_ports();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("envoy.json");
        let address = |port: u16| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
        let translation = Translation { report, ingress, material };
        let listeners = [translation.http(&address(http)), translation.https(&address(https))];
        let configuration = json!({
            "admin": {"address": address(admin)},
            "static_resources": {
                "listeners": listeners.into_iter().flatten().collect::<Vec<_>>(),
                "clusters": items(&translation.report["gce"]["backendServices"])
                    .iter().map(|backend| translation.cluster(backend)).collect::<Vec<_>>(),
            },
        });
        fs::write(&file, configuration.to_string()).unwrap();
        let mut command = Command::new(&material.envoy);
        command.args(["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning", "-c"]).arg(&file);
        // Ready is after the first health check.
        let server = Server::start(&command, folder.path(), admin, "/ready", "LIVE");
        let trusted = material.secrets.first().unwrap_or(&material.public)[0].clone();
        let service = text(&ingress["name"]).to_owned();
        Self { http, https, trusted, admin, service, _server: server, _folder: folder }
    }

    /// Whether all backends of the Service that has the Ingress's name are healthy.
    pub(crate) fn is_healthy(&self) -> bool {
        let clusters = get(self.admin, "localhost", "/clusters").unwrap();
        let flags = clusters.lines().filter(|line| line.starts_with(&self.service) && line.contains("health_flags"));
        let flags: Vec<_> = flags.collect();
        !flags.is_empty() && flags.iter().all(|line| line.ends_with("::healthy"))
    }
}

struct Translation<'t> {
    report: &'t Value,
    ingress: &'t Value,
    material: &'t Material<'t>,
}

impl Translation<'_> {
    fn http(&self, address: &Value) -> Option<Value> {
        let redirect = self.ingress["httpsRedirect"].as_str().map(|code| {
            // MOVED_PERMANENTLY_DEFAULT (by omission)
            let code = code.split(' ').next().unwrap().trim_end_matches("_DEFAULT");
            let route = json!({"match": {"prefix": "/"}, "redirect": {"https_redirect": true, "response_code": code}});
            json!([{"name": "all", "domains": ["*"], "routes": [route]}])
        });
        let chain = json!({"filters": [filter(&redirect.unwrap_or_else(|| self.hosts()))]});
        self.serves("80").then(|| json!({"name": "http", "address": address, "filter_chains": [chain]}))
    }

    fn https(&self, address: &Value) -> Option<Value> {
        let certificates: Vec<_> =
            items(&self.ingress["certificates"]).iter().map(|one| self.certificate(one)).collect();
        let context = json!({"alpn_protocols": ["h2", "http/1.1"], "tls_certificates": certificates});
        let socket = extension(
            "envoy.transport_sockets.tls",
            "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            json!({"common_tls_context": context}),
        );
        let chain = json!({"transport_socket": socket, "filters": [filter(&self.hosts())]});
        self.serves("443").then(|| json!({"name": "https", "address": address, "filter_chains": [chain]}))
    }

    fn serves(&self, port: &str) -> bool {
        items(&self.ingress["ports"]).iter().any(|served| served == port)
    }

    /// The controllers name what they make of a Secret by the hash of its content.
    fn certificate(&self, certificate: &Value) -> Value {
        let name = text(&certificate["name"]);
        let is_meant = |pem: &&Pem| name.ends_with(self_managed(&pem[0]).trim_start_matches("SELF_MANAGED "));
        let [chain, key] = match text(&certificate["type"]) {
            "SELF_MANAGED" => self.material.secrets.iter().find(is_meant).expect("a Secret of that content"),
            _ => &self.material.public,
        };
        json!({"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}})
    }

    /// Of the paths of a host the longest decides, whatever their order is; other requests go to the default backend.
    fn hosts(&self) -> Value {
        let otherwise = || self.route(&json!({"prefix": "/"}), text(&self.ingress["defaultBackend"]));
        let mut hosts = vec![json!({"name": "*", "domains": ["*"], "routes": [otherwise()]})];
        let mut routes: Vec<_> = items(&self.ingress["routes"]).iter().collect();
        routes.sort_by_key(|route| std::cmp::Reverse(text(&route["path"]).trim_end_matches('*').len()));
        for route in routes {
            let at = hosts.iter().position(|known| known["name"] == route["host"]).unwrap_or_else(|| {
                hosts.push(json!({"name": route["host"], "domains": [route["host"]], "routes": [otherwise()]}));
                hosts.len() - 1
            });
            let routes = hosts[at]["routes"].as_array_mut().unwrap();
            routes.insert(routes.len() - 1, self.route(&pattern(route), text(&route["backend"])));
        }
        json!(hosts)
    }

    fn route(&self, pattern: &Value, backend: &str) -> Value {
        let words = match backend {
            // GKE's own pods, which answer nothing else.
            "kube-system/default-http-backend:http" => {
                Some("response 404 (backend NotFound), service rules for the path non-existent")
            }
            // A Gateway has no default backend.
            "" => Some("fault filter abort"),
            _ => None,
        };
        if let Some(words) = words {
            return json!({"match": pattern, "direct_response": {"status": 404, "body": {"inline_string": words}}});
        }
        let backends = items(&self.report["gce"]["backendServices"]);
        let found = backends.iter().find(|known| cluster_name(known) == backend).expect("a backend service");
        let seconds = format!("{}s", found["timeoutSec"]);
        json!({"match": pattern, "route": {"cluster": backend, "timeout": seconds}})
    }

    fn cluster(&self, backend: &Value) -> Value {
        let name = cluster_name(backend);
        let check = &backend["healthCheck"];
        let endpoints: Vec<_> = self
            .endpoints(backend)
            .into_iter()
            .map(|(port, checked)| {
                let address = |port| json!({"address": "127.0.0.1", "port_value": port});
                let checked = json!({"port_value": checked});
                json!({"endpoint": {"address": {"socket_address": address(port)}, "health_check_config": checked}})
            })
            .collect();
        let seconds = |field: &str| format!("{}s", check[field]);
        let options = match text(&backend["protocol"]) {
            "HTTP2" | "H2C" => json!({"http2_protocol_options": {}}),
            _ => json!({"http_protocol_options": {}}),
        };
        let options_type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
        let mut options = json!({"explicit_http_config": options});
        options["@type"] = format!("type.googleapis.com/{options_type}").into();
        let codec = if check["type"] == "HTTP2" { "HTTP2" } else { "HTTP1" };
        json!({
            "name": name,
            "connect_timeout": "5s",
            // Without a healthy backend there is none.
            "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
            "typed_extension_protocol_options": {options_type: options},
            "transport_socket": socket(text(&backend["protocol"])),
            "health_checks": [{
                "timeout": seconds("timeoutSec"),
                "interval": seconds("checkIntervalSec"),
                "healthy_threshold": check["healthyThreshold"],
                "unhealthy_threshold": check["unhealthyThreshold"],
                "http_health_check": {"host": "127.0.0.1", "path": check["requestPath"], "codec_client_type": codec},
                "transport_socket_match_criteria": {"of": "health check"},
            }],
            "transport_socket_matches":
                [{"name": "health check", "match": {"of": "health check"}, "transport_socket": socket(text(&check["type"]))}],
        })
    }

    /// The port of each endpoint, and that of its health check, here. Where nothing listens in the pod, nothing does here.
    fn endpoints(&self, backend: &Value) -> Vec<(u16, u16)> {
        const NOTHING: u16 = 1;
        let here = |port: u64| self.material.pod.get(&port).copied().unwrap_or(NOTHING);
        let groups = items(&backend["groups"]).iter();
        let endpoints = groups.flat_map(|group| match text(&group["kind"]) {
            "NEG" => items(&group["endpoints"]).iter().map(|one| text(one).rsplit(':').next().unwrap()).collect(),
            // Each node leads on to the pod, whose port has the Service's number in all charts.
            _ => vec![text(&backend["port"])],
        });
        let checked = |port: u16| match backend["healthCheck"]["port"].as_u64() {
            Some(other) if backend["groups"][0]["kind"] == "NEG" => here(other),
            _ => port,
        };
        endpoints.map(|port| here(port.parse().unwrap_or_default())).map(|port| (port, checked(port))).collect()
    }
}

/// Which paths a route is for. That of an Ingress says it by a `*`.
fn pattern(route: &Value) -> Value {
    let path = text(&route["path"]);
    match route.get("match") {
        Some(pattern) => pattern.clone(),
        None => path.strip_suffix('*').map_or_else(|| json!({"path": path}), |prefix| json!({"prefix": prefix})),
    }
}

/// `namespace/service:port`, as routes name it.
fn cluster_name(backend: &Value) -> String {
    format!("{}:{}", text(&backend["service"]), text(&backend["port"]))
}

/// Encrypted or not. Nobody checks the certificate of a backend.
fn socket(protocol: &str) -> Value {
    let alpn = match protocol {
        "HTTP2" => "h2",
        "HTTPS" => "http/1.1",
        _ => {
            let raw = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";
            return extension("envoy.transport_sockets.raw_buffer", raw, json!({}));
        }
    };
    extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        json!({"common_tls_context": {"alpn_protocols": [alpn]}}),
    )
}

fn filter(hosts: &Value) -> Value {
    let router = extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router", json!({}));
    extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "clients",
            "strip_any_host_port": true,
            "route_config": {"virtual_hosts": hosts},
            "http_filters": [router],
        }),
    )
}

fn extension(name: &str, message: &str, mut fields: Value) -> Value {
    fields["@type"] = format!("type.googleapis.com/{message}").into();
    json!({"name": name, "typed_config": fields})
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
