//! What GKE's Gateway controller would report of its load balancer, in the words of the judge `gce`. The controller is not
//! public: this is what Google's documentation says, and what others have seen (docs/gateway.md).

use serde_json::{Value, json};

use crate::common::envoy::{LoadBalancer, Material, pem};
use crate::common::gke::self_managed;
use crate::common::run;

/// The load balancer of the only Gateway among these objects.
pub(crate) fn load_balancer(objects: &[Value], material: &Material<'_>) -> LoadBalancer {
    let objects = Objects(objects);
    let gateway = objects.of("Gateway").next().expect("a Gateway");
    LoadBalancer::start(&objects.report(), &objects.front_door(gateway), material)
}

/// The number of the pods' port behind a port of a Service.
pub(crate) fn target(objects: &[Value], service: &Value, port: &Value) -> u64 {
    let target = &port["targetPort"];
    if let Some(number) = target.as_u64() {
        return number;
    }
    let selector = service["spec"]["selector"].as_object().expect("a selector");
    let pods = objects.iter().map(|object| &object["spec"]["template"]);
    let selected = pods.filter(|pod| selector.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value));
    let mut ports = selected.flat_map(|pod| items(&pod["spec"]["containers"])).flat_map(|one| items(&one["ports"]));
    let port = ports.find(|port| port["name"] == *target).expect("the port of a container");
    port["containerPort"].as_u64().expect("a number")
}

/// The rules of the errors that `check` finds.
pub(crate) fn errors(objects: &[Value]) -> Vec<String> {
    let stream: String = objects.iter().map(|object| format!("---\n{object}\n")).collect();
    let run = run(&["check".to_owned()], &[], stream.as_bytes());
    let text = String::from_utf8(run.stdout).unwrap();
    let errors = text.lines().filter_map(|line| line.strip_prefix("error["));
    errors.map(|rest| rest.split(']').next().unwrap().to_owned()).collect()
}

struct Objects<'o>(&'o [Value]);

impl<'o> Objects<'o> {
    fn of(&self, kind: &'static str) -> impl Iterator<Item = &'o Value> + use<'o> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    fn named(&self, kind: &'static str, name: &Value) -> Option<&'o Value> {
        self.of(kind).find(|object| object["metadata"]["name"] == *name)
    }

    fn front_door(&self, gateway: &Value) -> Value {
        let listeners = items(&gateway["spec"]["listeners"]);
        let ports: Vec<_> = listeners.iter().map(|listener| listener["port"].to_string()).collect();
        let is_https = |listener: &&Value| listener["protocol"] == "HTTPS";
        let (encrypted, clear): (Vec<_>, Vec<_>) = listeners.iter().partition(is_https);
        let redirect = self.rules_at(&clear).find_map(|(_, rule)| {
            let filter = items(&rule["filters"]).iter().find(|filter| filter["type"] == "RequestRedirect")?;
            assert_eq!(filter["requestRedirect"]["scheme"], "https");
            match filter["requestRedirect"]["statusCode"].as_u64() {
                Some(301) => Some("MOVED_PERMANENTLY"),
                Some(302) => Some("FOUND"),
                other => panic!("GKE redirects with 301 and 302, not with {other:?}"),
            }
        });
        let mut routes = Vec::new();
        for (route, rule) in self.rules_at(&encrypted) {
            let backend = self.backend_name(&items(&rule["backendRefs"])[0], route);
            let hosts = route["spec"]["hostnames"].as_array().cloned().unwrap_or_else(|| vec![json!("*")]);
            for (host, path) in hosts.iter().flat_map(|host| items(&rule["matches"]).iter().map(move |one| (host, one)))
            {
                routes.extend(patterns(&path["path"]).into_iter().map(|pattern| {
                    json!({"host": host, "path": path["path"]["value"], "match": pattern, "backend": backend})
                }));
            }
        }
        json!({
            "name": identity(gateway),
            "ports": ports,
            "certificates": encrypted.iter().map(|listener| self.certificate(listener)).collect::<Vec<_>>(),
            "httpsRedirect": redirect,
            "routes": routes,
            "defaultBackend": "",
        })
    }

    /// The rules of the routes that attach to one of these listeners.
    fn rules_at(&self, listeners: &[&Value]) -> impl Iterator<Item = (&'o Value, &'o Value)> + use<'o> {
        let names: Vec<_> = listeners.iter().map(|listener| listener["name"].clone()).collect();
        let routes = self.of("HTTPRoute").filter(move |route| {
            let mut parents = items(&route["spec"]["parentRefs"]).iter();
            parents.any(|parent| parent.get("sectionName").map_or(!names.is_empty(), |name| names.contains(name)))
        });
        routes.flat_map(|route| items(&route["spec"]["rules"]).iter().map(move |rule| (route, rule)))
    }

    /// Of a Secret, or else Google's.
    fn certificate(&self, listener: &Value) -> Value {
        let mut secrets = items(&listener["tls"]["certificateRefs"]).iter();
        match secrets.find_map(|reference| pem(self.named("Secret", &reference["name"])?)) {
            Some([chain, _]) => json!({"type": "SELF_MANAGED", "name": self_managed(&chain)}),
            None => json!({"type": "MANAGED", "name": "Google's"}),
        }
    }

    /// `namespace/service:port`.
    fn backend_name(&self, backend: &Value, route: &Value) -> String {
        let service = self.named("Service", &backend["name"]).expect("the Service of a route");
        assert_eq!(route["metadata"]["namespace"], service["metadata"]["namespace"]);
        format!("{}:{}", identity(service), backend["port"])
    }

    fn report(&self) -> Value {
        let mut backends: Vec<Value> = Vec::new();
        for route in self.of("HTTPRoute") {
            let rules = items(&route["spec"]["rules"]).iter();
            for backend in rules.flat_map(|rule| items(&rule["backendRefs"])) {
                let service = self.named("Service", &backend["name"]).expect("the Service of a route");
                let mut ports = items(&service["spec"]["ports"]).iter();
                let port = ports.find(|port| port["port"] == backend["port"]).expect("the port of a route");
                backends.push(self.backend(service, port));
            }
        }
        json!({"gce": {"backendServices": backends}})
    }

    fn backend(&self, service: &Value, port: &Value) -> Value {
        let (protocol, check) = match port["appProtocol"].as_str() {
            Some("HTTP2") => ("HTTP2", "HTTP2"),
            Some("HTTPS") => ("HTTPS", "HTTPS"),
            Some("kubernetes.io/h2c") => ("H2C", "HTTP"),
            // Case matters, and no other word means anything.
            _ => ("HTTP", "HTTP"),
        };
        let default = self.policy("GCPBackendPolicy", service);
        json!({
            "service": identity(service),
            "port": port["port"].to_string(),
            "protocol": protocol,
            "timeoutSec": number(&default["timeoutSec"], 30),
            "healthCheck": health_check(self.policy("HealthCheckPolicy", service), check),
            "groups": [{"kind": "NEG", "endpoints": [format!("pod:{}", target(self.0, service, port))]}],
        })
    }

    /// `spec.default` of what is attached to the Service: the oldest.
    fn policy(&self, kind: &'static str, service: &Value) -> &'o Value {
        let target = json!({"group": "", "kind": "Service", "name": service["metadata"]["name"]});
        let mut policies =
            self.of(kind).filter(|policy| policy["metadata"]["namespace"] == service["metadata"]["namespace"]);
        policies
            .find(|policy| policy["spec"]["targetRef"] == target)
            .map_or(&Value::Null, |policy| &policy["spec"]["default"])
    }
}

/// Without a policy `/` on the port that serves, in the protocol of the backend.
fn health_check(policy: &Value, protocol: &str) -> Value {
    let config = &policy["config"];
    let check = &config["httpHealthCheck"];
    assert!(config.is_null() || config["type"] == "HTTP", "{config}");
    json!({
        "type": config["type"].as_str().unwrap_or(protocol),
        "port": check["port"],
        "requestPath": check["requestPath"].as_str().unwrap_or("/"),
        "checkIntervalSec": number(&policy["checkIntervalSec"], 5),
        "timeoutSec": number(&policy["timeoutSec"], 5),
        "healthyThreshold": number(&policy["healthyThreshold"], 2),
        "unhealthyThreshold": number(&policy["unhealthyThreshold"], 2),
    })
}

/// In Envoy's words. A prefix is one of path elements.
fn patterns(path: &Value) -> Vec<Value> {
    let value = path["value"].as_str().expect("a path");
    match path["type"].as_str() {
        Some("PathPrefix") => match value.trim_end_matches('/') {
            "" => vec![json!({"prefix": "/"})],
            prefix => vec![json!({"path": prefix}), json!({"prefix": format!("{prefix}/")})],
        },
        Some("Exact") => vec![json!({"path": value})],
        other => panic!("a path of type {other:?}"),
    }
}

/// `namespace/name`
fn identity(object: &Value) -> String {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or("default").to_owned();
    format!("{}/{}", text("namespace"), text("name"))
}

fn number(value: &Value, otherwise: u64) -> u64 {
    value.as_u64().unwrap_or(otherwise)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
