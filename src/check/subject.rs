//! One Milvus Service, and the objects around it.

use serde_json::{Map, Value};

use super::input::Input;
use crate::gke::annotation;
use crate::gke::ingress::{self, Backend};
use crate::gke::service::BackendConfigs;
use crate::kube::object::{Existing, Object as _};
use crate::kube::service::{Port, ports};
use crate::kube::value::value_at;
use crate::milvus::pods::Pods;
use crate::milvus::service::{GRPC_PORT, INSTANCE, leads_to_milvus};
use crate::report::refusal::{Reason, Refusal};

/// One Milvus Service, and the objects around it.
pub(super) struct Subject<'a> {
    pub(super) input: &'a Input<'a>,
    /// None where the input holds no Services at all: then the rest is looked at by itself.
    pub(super) service: Option<&'a Existing>,
    /// The Service's port to Milvus's gRPC server.
    pub(super) port: Option<Port<'a>>,
    /// What leads to that port, or is meant to.
    pub(super) ingresses: Vec<&'a Existing>,
    /// The Service's pods, each with its workload.
    pub(super) pods: Vec<(&'a Existing, Pods<'a>)>,
}

/// Where a backend leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Milvus's gRPC port.
    Grpc,
    /// A port that Milvus's Service does not have.
    NoPort,
    /// A Service that the input does not hold.
    NoService,
    /// Another port or Service.
    Elsewhere,
}

impl<'a> Subject<'a> {
    /// Finds the Milvus Services, of all releases or of one.
    pub(super) fn find(input: &'a Input<'a>, wanted: Option<&str>) -> Result<Vec<Self>, Refusal> {
        let mut subjects: Vec<_> = input.services.iter().filter_map(|service| Self::of(input, service)).collect();
        let mut releases: Vec<_> = subjects.iter().filter_map(Self::release).map(str::to_owned).collect();
        releases.sort();
        releases.dedup();
        if let Some(wanted) = wanted {
            subjects.retain(|subject| subject.release() == Some(wanted));
            if subjects.is_empty() && !releases.is_empty() {
                return Err(Refusal::new(Reason::UnknownRelease { wanted: wanted.to_owned(), releases }));
            }
        }
        // Another Service to the same Milvus, or another release, needs no load balancer.
        if subjects.iter().any(|subject| !subject.is_untouched()) {
            subjects.retain(|subject| !subject.is_untouched());
        }
        if subjects.is_empty() && wanted.is_none() && input.services.is_empty() && !input.has_no_front_door() {
            let ingresses = input.ingresses.iter().collect();
            subjects.push(Self { input, service: None, port: None, ingresses, pods: Vec::new() });
        }
        Ok(subjects)
    }

    fn of(input: &'a Input<'a>, service: &'a Existing) -> Option<Self> {
        let nothing = Map::new();
        let selector = value_at(&service.value, "/spec/selector").and_then(Value::as_object).unwrap_or(&nothing);
        let mut pods = input.selected_pods(selector);
        pods.retain(|(workload, _)| workload.shares_namespace(service.namespace()));
        let port = milvus_port(&service.value, &pods)?;
        let ingresses = ingresses(input, service, port);
        let subject = Self { input, service: Some(service), port: Some(port), ingresses, pods };
        // A port of this number alone proves nothing: somebody must want a load balancer there.
        let is_charts = leads_to_milvus(&port);
        (is_charts || !subject.is_untouched()).then_some(subject)
    }

    pub(super) fn release(&self) -> Option<&'a str> {
        self.service?.label(INSTANCE)
    }

    /// Whether the Service is as the chart renders it. GKE itself may add the annotation `neg`.
    pub(super) fn is_untouched(&self) -> bool {
        let annotated = [
            annotation::APP_PROTOCOLS,
            annotation::APP_PROTOCOLS_ALPHA,
            annotation::BACKEND_CONFIG,
            annotation::BACKEND_CONFIG_BETA,
        ];
        self.service.is_some_and(|service| annotated.iter().all(|key| service.annotation(key).is_none()))
            && self.ingresses.iter().all(|ingress| is_charts(ingress))
    }

    /// Where a backend of an Ingress leads; without a Service nobody knows better.
    pub(super) fn target(&self, backend: &Backend<'_>) -> Target {
        let (Some(service), Some(port)) = (self.service, self.port) else { return Target::Grpc };
        target(self.input, service, port, backend)
    }

    /// The BackendConfig of the gRPC port; without a Service, all of them.
    pub(super) fn backend_configs(&self) -> Vec<&'a Existing> {
        let (Some(service), Some(port)) = (self.service, self.port) else {
            return self.input.backend_configs.iter().collect();
        };
        let configs = BackendConfigs::read(&service.value).and_then(|(_, configs)| configs);
        let name = configs.as_ref().and_then(|configs| configs.of(port));
        name.and_then(|name| self.input.backend_configs.named(name, service.namespace())).into_iter().collect()
    }
}

/// The port that leads to Milvus, or is meant to.
fn milvus_port<'a>(service: &'a Value, pods: &[(&Existing, Pods<'_>)]) -> Option<Port<'a>> {
    let find = |wanted: &dyn Fn(&Port<'_>) -> bool| ports(service).find(|port| wanted(port));
    find(&leads_to_milvus)
        .or_else(|| find(&|port| port.target().and_then(Value::as_u64) == Some(GRPC_PORT)))
        .or_else(|| find(&|port| port.number() == Some(GRPC_PORT)))
        .or_else(|| find(&|port| port.name() == Some("milvus") && pods.iter().any(|(_, pods)| pods.run_milvus())))
}

fn target(input: &Input<'_>, service: &Existing, grpc: Port<'_>, backend: &Backend<'_>) -> Target {
    let Some(name) = backend.service else { return Target::Elsewhere };
    if service.name() != Some(name) {
        let is_there = input.services.named(name, service.namespace()).is_some();
        return if is_there { Target::Elsewhere } else { Target::NoService };
    }
    match ports(&service.value).find(|port| backend.names_port(*port)) {
        None => Target::NoPort,
        Some(port) if port.index == grpc.index => Target::Grpc,
        Some(_) => Target::Elsewhere,
    }
}

/// The Ingresses that lead to the port; if none does, those that are meant for it, but name a Service that is not there.
fn ingresses<'a>(input: &'a Input<'a>, service: &'a Existing, port: Port<'_>) -> Vec<&'a Existing> {
    let leads = |ingress: &Existing, wanted: fn(Target) -> bool| {
        ingress.shares_namespace(service.namespace())
            && ingress::backends(&ingress.value).any(|backend| wanted(target(input, service, port, &backend)))
    };
    let grpc = |target| matches!(target, Target::Grpc | Target::NoPort);
    let candidates = input.ingresses_to(service.name().unwrap_or_default());
    let found: Vec<_> = candidates.filter(|ingress| leads(ingress, grpc)).collect();
    if !found.is_empty() {
        return found;
    }
    let same_port = |ingress: &Existing| {
        ingress::backends(&ingress.value).any(|backend| backend.port.and_then(Value::as_u64) == port.number())
    };
    let is_meant = |ingress: &Existing| {
        let release = ingress.label(INSTANCE);
        release.is_some() && release == service.label(INSTANCE)
            || ingress.name() == service.name()
            || number_is_telling(port) && same_port(ingress)
    };
    let astray = |target| matches!(target, Target::NoService);
    input.ingresses.iter().filter(|ingress| is_meant(ingress) && leads(ingress, astray)).collect()
}

/// The number of a port that few other programs use: 80, 443 and the like may be anybody's.
fn number_is_telling(port: Port<'_>) -> bool {
    port.number().is_some_and(|number| number > 1024 && number != 8080 && number != 8443)
}

/// Whether an Ingress is the chart's own, and nobody has made it one for GKE.
pub(super) fn is_charts(ingress: &Existing) -> bool {
    let marks = [
        annotation::GLOBAL_STATIC_IP,
        annotation::REGIONAL_STATIC_IP,
        annotation::PRE_SHARED_CERT,
        annotation::MANAGED_CERTIFICATES,
        annotation::FRONTEND_CONFIG,
    ];
    let chart = ingress.label("helm.sh/chart").is_some_and(|chart| chart.starts_with("milvus-"));
    let class = ingress.annotation(annotation::CLASS).is_some_and(|class| class.starts_with("gce"));
    chart && !class && !marks.iter().any(|key| ingress.annotation(key).is_some())
}
