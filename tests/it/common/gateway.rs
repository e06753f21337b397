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
    LoadBalancer::start(&objects.report().unwrap(), &objects.front_door(gateway).unwrap(), material)
}

/// Where the load balancer of the only Gateway leads gRPC calls, of whatever host, how it speaks there, and what it asks to see
/// whether that is healthy; or why it leads nowhere.
pub(crate) fn reached(objects: &[Value]) -> Result<Value, String> {
    let objects = Objects(objects);
    let gateway = objects.of("Gateway").next().ok_or("no Gateway")?;
    let door = objects.front_door(gateway)?;
    if items(&door["certificates"]).is_empty() {
        return Err("no listener has a certificate".to_owned());
    }
    let route = items(&door["routes"]).iter().find(|route| route["match"]["prefix"] == "/");
    let route = route.ok_or("no route for all paths")?;
    let report = objects.report()?;
    let backends = &report["gce"]["backendServices"];
    let name = |backend: &Value| format!("{}:{}", text(&backend["service"]), text(&backend["port"]));
    let backend = items(backends).iter().find(|backend| route["backend"] == name(backend)).ok_or("no backend")?;
    let check = &backend["healthCheck"];
    Ok(json!([backend["protocol"], backend["groups"], check["type"], check["port"], check["requestPath"]]))
}

/// The number of the pods' port behind a port of a Service.
pub(crate) fn target(objects: &[Value], service: &Value, port: &Value) -> Option<u64> {
    let target = if text(&port["targetPort"]).is_empty() && port["targetPort"].as_u64().is_none() {
        &port["port"]
    } else {
        &port["targetPort"]
    };
    if let Some(number) = target.as_u64() {
        return Some(number);
    }
    let selector = service["spec"]["selector"].as_object()?;
    let pods = objects.iter().map(|object| &object["spec"]["template"]);
    let selected = pods.filter(|pod| selector.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value));
    let mut ports = selected.flat_map(|pod| items(&pod["spec"]["containers"])).flat_map(|one| items(&one["ports"]));
    ports.find(|port| port["name"] == *target)?["containerPort"].as_u64()
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

    fn front_door(&self, gateway: &Value) -> Result<Value, String> {
        let listeners = items(&gateway["spec"]["listeners"]);
        let ports: Vec<_> = listeners.iter().map(|listener| listener["port"].to_string()).collect();
        let is_https = |listener: &&Value| listener["protocol"] == "HTTPS";
        let (encrypted, clear): (Vec<_>, Vec<_>) = listeners.iter().partition(is_https);
        let redirect = self.rules_at(&clear).find_map(|(_, rule)| {
            let filter = items(&rule["filters"]).iter().find(|filter| filter["type"] == "RequestRedirect")?;
            let status = filter["requestRedirect"]["statusCode"].as_u64();
            Some(match (filter["requestRedirect"]["scheme"].as_str(), status) {
                (Some("https"), Some(301)) => Ok("MOVED_PERMANENTLY"),
                (Some("https"), Some(302)) => Ok("FOUND"),
                other => Err(format!("GKE redirects to https with 301 and 302, not with {other:?}")),
            })
        });
        let redirect = redirect.transpose()?;
        let mut routes = Vec::new();
        for (route, rule) in self.rules_at(&encrypted) {
            let Some(backend) = items(&rule["backendRefs"]).first() else { continue };
            let backend = self.backend_name(backend, route)?;
            let hosts = route["spec"]["hostnames"].as_array().filter(|hosts| !hosts.is_empty());
            let hosts = hosts.cloned().unwrap_or_else(|| vec![json!("*")]);
            let matches = match items(&rule["matches"]) {
                [] => vec![json!({"path": {"type": "PathPrefix", "value": "/"}})],
                some => some.to_vec(),
            };
            for (host, path) in hosts.iter().flat_map(|host| matches.iter().map(move |one| (host, one))) {
                routes.extend(patterns(&path["path"])?.into_iter().map(|pattern| {
                    json!({"host": host, "path": path["path"]["value"], "match": pattern, "backend": backend})
                }));
            }
        }
        let is_mapped = !gateway["metadata"]["annotations"]["networking.gke.io/certmap"].is_null();
        let certificates = encrypted.iter().filter_map(|listener| self.certificate(listener, is_mapped));
        Ok(json!({
            "name": identity(gateway),
            "ports": ports,
            "certificates": certificates.collect::<Vec<_>>(),
            "httpsRedirect": redirect,
            "routes": routes,
            "defaultBackend": "",
        }))
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

    /// Of a Secret, or else Google's, if the listener names one that GKE reads.
    fn certificate(&self, listener: &Value, is_mapped: bool) -> Option<Value> {
        let tls = &listener["tls"];
        let options = ["networking.gke.io/pre-shared-certs", "networking.gke.io/cert-manager-certs"];
        let is_named = options.iter().any(|option| !text(&tls["options"][option]).is_empty());
        if items(&tls["certificateRefs"]).is_empty() && !is_named && !is_mapped {
            return None;
        }
        let mut secrets = items(&listener["tls"]["certificateRefs"]).iter();
        match secrets.find_map(|reference| pem(self.named("Secret", &reference["name"])?)) {
            Some([chain, _]) => Some(json!({"type": "SELF_MANAGED", "name": self_managed(&chain)})),
            None => Some(json!({"type": "MANAGED", "name": "Google's"})),
        }
    }

    /// `namespace/service:port`.
    fn backend_name(&self, backend: &Value, route: &Value) -> Result<String, String> {
        let service = self.named("Service", &backend["name"]).ok_or("the Service of a route is not there")?;
        if route["metadata"]["namespace"] != service["metadata"]["namespace"] {
            return Err("the Service of a route is in another namespace".to_owned());
        }
        Ok(format!("{}:{}", identity(service), backend["port"]))
    }

    fn report(&self) -> Result<Value, String> {
        let mut backends: Vec<Value> = Vec::new();
        for route in self.of("HTTPRoute") {
            let rules = items(&route["spec"]["rules"]).iter();
            for backend in rules.flat_map(|rule| items(&rule["backendRefs"])) {
                let service = self.named("Service", &backend["name"]).ok_or("the Service of a route is not there")?;
                let mut ports = items(&service["spec"]["ports"]).iter();
                let port =
                    ports.find(|port| port["port"] == backend["port"]).ok_or("the Service lacks a route's port")?;
                backends.push(self.backend(service, port)?);
            }
        }
        Ok(json!({"gce": {"backendServices": backends}}))
    }

    fn backend(&self, service: &Value, port: &Value) -> Result<Value, String> {
        let (protocol, check) = match port["appProtocol"].as_str() {
            Some("HTTP2") => ("HTTP2", "HTTP2"),
            Some("HTTPS") => ("HTTPS", "HTTPS"),
            Some("kubernetes.io/h2c") => ("H2C", "HTTP"),
            // Case matters, and no other word means anything.
            _ => ("HTTP", "HTTP"),
        };
        let default = self.policy("GCPBackendPolicy", service);
        let target = target(self.0, service, port).ok_or("a port leads to none of the pods")?;
        Ok(json!({
            "service": identity(service),
            "port": port["port"].to_string(),
            "protocol": protocol,
            "timeoutSec": number(&default["timeoutSec"], 30),
            "healthCheck": health_check(self.policy("HealthCheckPolicy", service), check)?,
            "groups": [{"kind": "NEG", "endpoints": [format!("pod:{target}")]}],
        }))
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
fn health_check(policy: &Value, protocol: &str) -> Result<Value, String> {
    let config = &policy["config"];
    let check = &config["httpHealthCheck"];
    if !config.is_null() && config["type"] != "HTTP" {
        return Err(format!("a health check that is not plain HTTP: {config}"));
    }
    Ok(json!({
        "type": config["type"].as_str().unwrap_or(protocol),
        "port": check["port"],
        "requestPath": check["requestPath"].as_str().unwrap_or("/"),
        "checkIntervalSec": number(&policy["checkIntervalSec"], 5),
        "timeoutSec": number(&policy["timeoutSec"], 5),
        "healthyThreshold": number(&policy["healthyThreshold"], 2),
        "unhealthyThreshold": number(&policy["unhealthyThreshold"], 2),
    }))
}

/// In Envoy's words. A prefix is one of path elements.
fn patterns(path: &Value) -> Result<Vec<Value>, String> {
    let value = path["value"].as_str().ok_or("no path")?;
    Ok(match path["type"].as_str() {
        Some("PathPrefix") => match value.trim_end_matches('/') {
            "" => vec![json!({"prefix": "/"})],
            prefix => vec![json!({"path": prefix}), json!({"prefix": format!("{prefix}/")})],
        },
        Some("Exact") => vec![json!({"path": value})],
        other => return Err(format!("a path of type {other:?}")),
    })
}

/// `namespace/name`
fn identity(object: &Value) -> String {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or("default").to_owned();
    format!("{}/{}", text("namespace"), text("name"))
}

fn number(value: &Value, otherwise: u64) -> u64 {
    value.as_u64().unwrap_or(otherwise)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
