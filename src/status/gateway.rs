//! The Gateway API: the Gateways and routes that lead to Milvus, and the policies of its Service, as their conditions
//! say. The health of backends and the state of certificates of Google's are in no object: a note says who knows.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::ptr;

use serde_json::Value;

use super::event::About;
use super::objects::{Objects, leaving};
use super::service::Service;
use super::step::Step;
use super::{GATEWAY, Through};
use crate::connect::{self, Entrance};
use crate::gke::certificate::Scope;
use crate::gke::gateway::{CERTIFICATE_MANAGER, CERTIFICATE_MAP, GatewayClass, PRE_SHARED_CERTIFICATES};
use crate::gke::gateway_condition::{CONFLICTED, CONTROLLER, meaning};
use crate::gke::ingress::{CertificateSource, IssuerName};
use crate::gke::kind::{self, Kind};
use crate::kube::object::{Object as _, same_namespace};
use crate::kube::route;
use crate::kube::value::{array_at, str_at, value_at};
use crate::text::{namespace_flag, shell_word};

/// A Gateway, and the routes to Milvus that attach to it.
#[derive(Debug)]
pub(super) struct Attached<'v> {
    /// `metadata.name` of the Gateway.
    name: &'v str,
    namespace: Option<&'v str>,
    gateway: Option<&'v Value>,
    routes: Vec<Route<'v>>,
}

/// A route, and the listeners of one Gateway that it names; an unnamed one is any.
#[derive(Debug)]
struct Route<'v> {
    value: &'v Value,
    sections: Vec<Option<&'v str>>,
}

/// Whether a route leads to the Service.
pub(super) fn leads_to(route: &Value, service: &Service<'_>) -> bool {
    route::backends(route).any(|backend| backend.is(service.name, service.namespace))
}

impl<'v> Attached<'v> {
    /// What routes attach to, each Gateway once.
    pub(super) fn all(routes: &[&'v Value], objects: &Objects<'v>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut by_name = HashMap::new();
        for &route in routes {
            for parent in array_at(route, "/spec/parentRefs") {
                let Some(name) = str_at(parent, "/name") else { continue };
                let namespace = str_at(parent, "/namespace").or(route.namespace());
                let at = *by_name.entry((name, namespace)).or_insert(all.len());
                if at == all.len() {
                    let gateway = objects.find(kind::GATEWAY.name, name, namespace);
                    all.push(Self { name, namespace, gateway, routes: Vec::new() });
                }
                if let Some(attached) = all.get_mut(at) {
                    attached.attach(route, str_at(parent, "/sectionName"));
                }
            }
        }
        all
    }

    fn attach(&mut self, value: &'v Value, section: Option<&'v str>) {
        match self.routes.last_mut().filter(|last| ptr::eq(last.value, value)) {
            Some(last) => last.sections.push(section),
            None => self.routes.push(Route { value, sections: vec![section] }),
        }
    }

    /// The Gateway and the routes.
    pub(super) fn about(&self) -> impl Iterator<Item = About<'v>> {
        let gateway = About { kind: kind::GATEWAY.name, name: self.name, namespace: self.namespace };
        std::iter::once(gateway).chain(self.routes.iter().filter_map(|route| about(route.value)))
    }

    /// The hosts of the routes, or else those of the listeners.
    fn hosts(&self) -> Vec<&'v str> {
        let of_routes = self.routes.iter().flat_map(|route| array_at(route.value, "/spec/hostnames"));
        let mut seen = HashSet::new();
        let hosts: Vec<_> = of_routes.filter_map(Value::as_str).filter(|host| seen.insert(*host)).collect();
        if hosts.is_empty() {
            self.listeners().filter_map(|listener| str_at(listener, "/hostname")).collect()
        } else {
            hosts
        }
    }

    /// `spec.listeners` that the routes use.
    fn listeners(&self) -> impl Iterator<Item = &'v Value> {
        self.used("/spec/listeners")
    }

    /// Of the Gateway's listeners, or of their statuses, those that the routes use.
    fn used(&self, path: &str) -> impl Iterator<Item = &'v Value> {
        let sections: HashSet<_> = self.routes.iter().flat_map(|route| route.sections.iter().copied()).collect();
        let all = self.gateway.into_iter().flat_map(|gateway| array_at(gateway, path));
        all.filter(move |listener| sections.iter().any(|section| route::attaches(*section, listener)))
    }

    /// Whether its clients are in the VPC network.
    fn is_internal(&self) -> bool {
        self.class() == Some(GatewayClass::Internal)
    }

    fn class(&self) -> Option<GatewayClass> {
        str_at(self.gateway?, "/spec/gatewayClassName")?.parse().ok()
    }

    /// The load balancer's address; clients can use an IPv4 one best.
    fn address(&self) -> Option<IpAddr> {
        let addresses = || {
            let all = self.gateway.into_iter().flat_map(|gateway| array_at(gateway, "/status/addresses"));
            all.filter_map(|address| str_at(address, "/value")?.parse().ok())
        };
        addresses().find(IpAddr::is_ipv4).or_else(|| addresses().next())
    }

    /// How clients connect through the Gateway.
    pub(super) fn through(&self, dns: bool) -> Through {
        let (hosts, secrets, address) = (self.hosts(), self.secrets(), self.address());
        let certificate =
            if secrets.is_empty() { CertificateSource::None } else { CertificateSource::Secrets(secrets) };
        let is_rest = |path: &Value| str_at(path, "/path/value").is_some_and(|path| path.starts_with("/v2"));
        let rules = self.routes.iter().flat_map(|route| array_at(route.value, "/spec/rules"));
        let entrance = Entrance {
            hosts: &hosts,
            certificate: &certificate,
            is_issued: self.gateway.is_some_and(|gateway| IssuerName::of(gateway).is_some()),
            rest: rules.flat_map(|rule| array_at(rule, "/matches")).any(is_rest),
            internal: self.is_internal(),
            namespace: self.namespace,
        };
        Through {
            ingress: None,
            gateway: Some(self.name.to_owned()),
            address,
            connection: Some(connect::how(&entrance, address, dns)),
            hosts: hosts.into_iter().map(str::to_owned).collect(),
        }
    }

    /// The Secrets that hold the certificate.
    fn secrets(&self) -> Vec<&'v str> {
        self.listeners()
            .flat_map(|listener| array_at(listener, "/tls/certificateRefs"))
            .filter_map(|reference| str_at(reference, "/name"))
            .collect()
    }

    /// The Gateway, its certificate, and the routes.
    pub(super) fn steps(&self) -> Vec<Step> {
        let routes = self.routes.iter().map(|route| self.route_step(route));
        let Some(gateway) = self.gateway else {
            let flag = namespace_flag(self.namespace);
            let step =
                Step::waiting(format!("Gateway {}: not in the input", self.name), format!("Gateway {}", self.name));
            let waits = self.namespace.map(shell_word).map(|name| format!(" (`wait --gateway-namespace {name}` does)"));
            let words = format!(
                "print it as well, after a line `---`: kubectl get {GATEWAY} {}{flag} -o yaml{}",
                shell_word(self.name),
                waits.unwrap_or_default()
            );
            return [step.help(words)].into_iter().chain(routes).collect();
        };
        let mut steps = vec![self.gateway_step(gateway)];
        steps.extend(self.certificates(gateway));
        steps.extend(routes);
        steps
    }

    fn gateway_step(&self, gateway: &'v Value) -> Step {
        let class = str_at(gateway, "/spec/gatewayClassName").unwrap_or_default();
        let title = format!("Gateway {}", self.name);
        if let Some(since) = leaving(gateway) {
            return Step::waiting(
                format!("{title}: being deleted since {since}"),
                format!("{title}, which is being deleted"),
            );
        }
        let conditions =
            Conditions { object: gateway, at: gateway.pointer("/status/conditions"), title: title.clone() };
        let shown = format!("{title}, class {class}");
        if conditions.is_unseen() {
            return Step::waiting(format!("{shown}: not seen by GKE yet"), format!("GKE to see {title}"))
                .help(
                    "see whether the class is there: kubectl get gatewayclass; if not, enable the Gateway API: \
                       gcloud container clusters update CLUSTER --location LOCATION --gateway-api=standard",
                )
                .usually("about a minute");
        }
        let of_listener = |status: &'v Value| {
            let name = str_at(status, "/name").unwrap_or_default();
            Conditions { object: gateway, at: status.get("conditions"), title: format!("{title}, listener {name}") }
        };
        let of_listeners = self.used("/status/listeners").find_map(|status| of_listener(status).problem(&[]));
        let problem = of_listeners.or_else(|| conditions.problem(&["Accepted", "Programmed"]));
        match (problem, self.address()) {
            (Some(step), _) => step.usually("two to ten minutes"),
            (None, Some(address)) => Step::done(format!("{shown}: ADDRESS {address}")),
            (None, None) => Step::waiting(format!("{shown}: no ADDRESS yet"), "the ADDRESS of the Gateway")
                .usually("two to ten minutes"),
        }
    }

    /// The state of a certificate that Google holds is in no object.
    fn certificates(&self, gateway: &'v Value) -> Vec<Step> {
        let place = place(self.class());
        let option = |key: &'static str| {
            self.listeners()
                .filter_map(move |listener| value_at(listener, "/tls/options")?.get(key)?.as_str())
                .flat_map(|names| names.split(','))
        };
        let note = |what: String, command: String| {
            Step::note(format!("certificate: {what}")).detail(format!("its state is not in Kubernetes; see: {command}"))
        };
        let map = gateway.annotation(CERTIFICATE_MAP).map(|map| {
            let words = format!("gcloud certificate-manager maps entries list --map {}", shell_word(map));
            note(format!("certificate map {map}"), words)
        });
        let pre_shared = option(PRE_SHARED_CERTIFICATES).map(|name| {
            let words = format!("gcloud compute ssl-certificates describe {} {place}", shell_word(name.trim()));
            note(format!("SSL certificate {} of Compute Engine", name.trim()), words)
        });
        let managed = option(CERTIFICATE_MANAGER).map(|name| {
            let words = format!(
                "gcloud certificate-manager certificates describe {} --location REGION",
                shell_word(name.trim())
            );
            note(format!("{} of Certificate Manager", name.trim()), words)
        });
        map.into_iter().chain(pre_shared).chain(managed).collect()
    }

    fn route_step(&self, Route { value: route, sections }: &Route<'v>) -> Step {
        let title = format!("HTTPRoute {}", route.name().unwrap_or_default());
        if let Some(since) = leaving(route) {
            return Step::waiting(
                format!("{title}: being deleted since {since}"),
                format!("{title}, which is being deleted"),
            );
        }
        let mut steps: Vec<_> = sections.iter().filter_map(|section| self.missing(route, *section, &title)).collect();
        steps.sort_by_key(|step| Reverse(step.state));
        let done = || Step::done(format!("{title}: attached to Gateway {}", self.name));
        steps.into_iter().next().unwrap_or_else(done)
    }

    /// What a route misses at a listener.
    fn missing(&self, route: &'v Value, section: Option<&str>, title: &str) -> Option<Step> {
        let is_this = |status: &&Value| {
            let of = |field| str_at(status, field);
            of("/parentRef/name") == Some(self.name)
                && same_namespace(of("/parentRef/namespace").or(route.namespace()), self.namespace)
                && section.is_none_or(|section| of("/parentRef/sectionName").is_none_or(|of| of == section))
        };
        let status = array_at(route, "/status/parents").find(is_this);
        let at = status.and_then(|status| status.get("conditions"));
        let conditions = Conditions { object: route, at, title: title.to_owned() };
        if conditions.is_unseen() {
            let step = Step::waiting(format!("{title}: not seen by GKE yet"), format!("GKE to see {title}"));
            return Some(step.detail(format!("it attaches to Gateway {}", self.name)).usually("about a minute"));
        }
        conditions.problem(&["Accepted", "ResolvedRefs"])
    }
}

/// Flags of gcloud for what belongs to a load balancer of this class.
fn place(class: Option<GatewayClass>) -> &'static str {
    match class.map(GatewayClass::scope) {
        Some(Scope::Regional) => "--region REGION",
        _ => "--global",
    }
}

/// No route names a Gateway.
pub(super) fn unattached() -> Step {
    Step::broken("HTTPRoute: does not name a Gateway", "the HTTPRoute does not name a Gateway")
        .help("name the Gateway in parentRefs")
}

/// What events may be about.
const HEARD_OF: [&Kind; 4] =
    [&kind::HTTP_ROUTE, &kind::HEALTH_CHECK_POLICY, &kind::GCP_BACKEND_POLICY, &kind::GCP_GATEWAY_POLICY];

/// A route or a policy, as what events may be about.
pub(super) fn about(object: &Value) -> Option<About<'_>> {
    let kind = HEARD_OF.into_iter().find(|kind| kind.name == object.kind())?.name;
    Some(About { kind, name: object.name()?, namespace: object.namespace() })
}

/// The policies of the Service and of the Gateways.
pub(super) fn policies<'v>(service: &Service<'_>, attached: &[Attached<'_>], objects: &Objects<'v>) -> Vec<&'v Value> {
    let kinds = [kind::HEALTH_CHECK_POLICY.name, kind::GCP_BACKEND_POLICY.name, kind::GCP_GATEWAY_POLICY.name];
    let is_about = |policy: &&Value| {
        let target = |field| str_at(policy, field);
        match target("/spec/targetRef/kind") {
            Some("Service") => {
                target("/spec/targetRef/name") == Some(service.name) && policy.shares_namespace(service.namespace)
            }
            _ => attached
                .iter()
                .any(|one| target("/spec/targetRef/name") == Some(one.name) && policy.shares_namespace(one.namespace)),
        }
    };
    let all = kinds.into_iter().flat_map(|kind| objects.of_kind(kind));
    all.filter(is_about).filter(|policy| leaving(policy).is_none()).collect()
}

/// Their policies, and what no object says.
pub(super) fn of_service(service: &Service<'_>, attached: &[Attached<'_>], policies: &[&Value]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut has_health_check = false;
    for &policy in policies {
        has_health_check |= policy.kind() == kind::HEALTH_CHECK_POLICY.name;
        let title = policy.title().unwrap_or_default();
        // Of newer versions a list of ancestors, of older ones the conditions alone.
        let ancestor = array_at(policy, "/status/ancestors")
            .find(|ancestor| str_at(ancestor, "/controllerName").is_none_or(|name| name == CONTROLLER))
            .and_then(|ancestor| ancestor.get("conditions"));
        let conditions = Conditions { object: policy, at: ancestor.or(policy.pointer("/status/conditions")), title };
        steps.push(match conditions.problem(&[]) {
            Some(step) => step,
            None if conditions.at.is_none() => Step::note(format!("{}: no status from GKE", conditions.title)),
            None => Step::done(format!("{}: attached", conditions.title)),
        });
    }
    if !has_health_check {
        let step = Step::waiting("HealthCheckPolicy: none for the Service in the input", "the HealthCheckPolicy");
        let help =
            "have kubectl print healthcheckpolicies, too (`wait --gateway` does), and upgrade again if there is none";
        steps.push(step.detail("without one GKE checks `/` on the gRPC port, and finds Milvus unhealthy").help(help));
    }
    let place = place(attached.iter().find_map(Attached::class));
    let health = Step::note("health: not in Kubernetes")
        .detail(format!(
            "gcloud compute backend-services list --filter='name~{}' names the backend service,",
            service.name
        ))
        .detail(format!("gcloud compute backend-services get-health NAME {place} shows the health of Milvus"));
    steps.push(health);
    steps
}

/// Conditions in the status of an object.
struct Conditions<'v> {
    object: &'v Value,
    at: Option<&'v Value>,
    title: String,
}

impl<'v> Conditions<'v> {
    fn all(&self) -> impl Iterator<Item = &'v Value> {
        self.at.and_then(Value::as_array).into_iter().flatten()
    }

    /// The API server itself writes the conditions of a new Gateway as Unknown.
    fn is_unseen(&self) -> bool {
        self.all().all(|condition| str_at(condition, "/status") == Some("Unknown"))
    }

    /// What is wrong or still to come; `needed` are conditions that must be there.
    fn problem(&self, needed: &[&str]) -> Option<Step> {
        let generation = value_at(self.object, "/metadata/generation").and_then(Value::as_u64);
        let mut waiting = None;
        for condition in self.all() {
            let (kind, reason) =
                (str_at(condition, "/type").unwrap_or_default(), str_at(condition, "/reason").unwrap_or_default());
            let seen = value_at(condition, "/observedGeneration").and_then(Value::as_u64);
            if seen < generation && seen.is_some() {
                let title = format!("{}: GKE has not seen the last change yet", self.title);
                return Some(Step::waiting(title, format!("GKE to see the change of {}", self.title)));
            }
            let good = if kind == CONFLICTED { "False" } else { "True" };
            if str_at(condition, "/status") == Some(good) {
                continue;
            }
            let message = str_at(condition, "/message").unwrap_or_default();
            let told = |step: Step| if message.is_empty() { step } else { step.detail(format!("GKE says: {message}")) };
            let title =
                format!("{}: {kind} is {} ({reason})", self.title, str_at(condition, "/status").unwrap_or_default());
            let known = meaning(reason);
            if let Some(known) = known.filter(|known| !known.passes()) {
                let step = Step::broken(title, format!("{}: {}", self.title, known.what));
                return Some(told(step.detail(known.what)).help(known.help));
            }
            // In doubt it is waited for.
            let step = told(Step::waiting(title, format!("{} to be {kind}", self.title)));
            waiting.get_or_insert(match known {
                Some(known) => step.detail(known.what),
                None => step,
            });
        }
        waiting.or_else(|| {
            let missing = needed.iter().find(|needed| !self.all().any(|one| str_at(one, "/type") == Some(needed)))?;
            Some(Step::waiting(
                format!("{}: {missing} is not known yet", self.title),
                format!("{} to be {missing}", self.title),
            ))
        })
    }
}
