//! One Milvus Service, and the objects around it.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::input::{Found, Input};
use crate::gke::annotation;
use crate::gke::gateway::GatewayClass;
use crate::gke::ingress::{self, Backend, Class};
use crate::kube::object::{Existing, Object as _};
use crate::kube::service::{Port, ports};
use crate::kube::value::{str_at, value_at};
use crate::milvus::pods::Pods;
use crate::milvus::service::{GRPC_PORT, INSTANCE, chart_version, leads_to_milvus};
use crate::report::refusal::{Reason, Refusal};
use crate::settings::Scheme;

/// One Milvus Service, and the objects around it.
pub(super) struct Subject<'a> {
    pub(super) input: &'a Input<'a>,
    /// None where the input holds no Services at all: then the rest is looked at by itself.
    pub(super) service: Option<&'a Existing>,
    /// The Service's port to Milvus's gRPC server.
    pub(super) port: Option<Port<'a>>,
    /// What leads to that port, or is meant to.
    pub(super) ingresses: Vec<&'a Existing>,
    /// What leads to other ports of the Service only, such as that of the REST API.
    pub(super) beside: Vec<&'a Existing>,
    /// The Service's pods, each with its workload.
    pub(super) pods: Vec<(&'a Existing, Pods<'a>)>,
}

/// Where a backend leads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    /// Milvus's gRPC port.
    Grpc,
    /// A port that this Service does not have.
    NoPort(&'a Existing),
    /// A Service that the input does not hold.
    NoService,
    /// This Service, which is in another namespace than the Ingress.
    Elsewhere(&'a Existing),
    /// Another port or Service.
    Other(&'a Existing, Port<'a>),
    /// It names no Service.
    Nothing,
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
        // Nor does one that is annotated, while the load balancer leads to the other.
        let gateways: HashSet<_> =
            subjects.iter().filter(|subject| subject.is_behind_gateway()).map(Self::identity).collect();
        subjects.retain(|subject| {
            let is_led_to = !subject.ingresses.is_empty() || subject.is_behind_gateway();
            is_led_to || !gateways.contains(&subject.identity())
        });
        if subjects.is_empty() && wanted.is_none() && input.services.is_empty() && !input.has_no_front_door() {
            let ingresses = input.ingresses.iter().collect();
            subjects.push(Self { input, service: None, port: None, ingresses, beside: Vec::new(), pods: Vec::new() });
        }
        Ok(subjects)
    }

    fn of(input: &'a Input<'a>, service: &'a Existing) -> Option<Self> {
        let nothing = Map::new();
        let selector = value_at(&service.value, "/spec/selector").and_then(Value::as_object).unwrap_or(&nothing);
        let mut pods = input.selected_pods(selector);
        pods.retain(|(workload, _)| workload.shares_namespace(service.namespace()));
        let port = milvus_port(&service.value, &pods)?;
        let mut subject =
            Self { input, service: Some(service), port: Some(port), ingresses: Vec::new(), beside: Vec::new(), pods };
        (subject.ingresses, subject.beside) = subject.find_ingresses(service, port);
        // A port of this number alone proves nothing: somebody must want a load balancer there.
        let is_charts = leads_to_milvus(&port);
        (is_charts || !subject.is_untouched()).then_some(subject)
    }

    pub(super) fn release(&self) -> Option<&'a str> {
        self.service?.label(INSTANCE)
    }

    /// Whose it is: a release in its namespace.
    fn identity(&self) -> (Option<String>, Option<String>) {
        let namespace = self.service.and_then(|service| service.namespace());
        (self.release().map(str::to_owned), namespace.map(str::to_owned))
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
            && !self.is_behind_gateway()
    }

    /// Where those who reach Milvus through the load balancer are; the worst of several.
    pub(super) fn scheme(&self) -> Option<Scheme> {
        let ingresses =
            self.ingresses.iter().map(|ingress| Class::of(&ingress.value)).filter(|class| class.is_handled());
        let ingresses = ingresses.map(|class| class == Class::Internal);
        let gateways = self.service.into_iter().flat_map(|service| self.input.gateways_of(service));
        let are_internal = gateways
            .map(|gateway| str_at(&gateway.value, "/spec/gatewayClassName") == Some(GatewayClass::Internal.name()));
        match ingresses.chain(are_internal).min()? {
            true => Some(Scheme::Internal),
            false => Some(Scheme::External),
        }
    }

    /// Whether the Gateway API leads to the Service.
    pub(super) fn is_behind_gateway(&self) -> bool {
        self.service.is_some_and(|service| self.input.is_routed_to(service))
    }

    /// Whether a Service selects the pods of Milvus. Its own does, be they in the input or not.
    pub(super) fn leads_to_pods(&self, service: &Existing) -> bool {
        if self.service.is_some_and(|milvus| milvus.id == service.id) {
            return true;
        }
        let selector = value_at(&service.value, "/spec/selector").and_then(Value::as_object);
        selector.is_some_and(|selector| self.pods.iter().any(|(_, pods)| pods.are_selected(selector)))
    }

    /// Where a backend of an Ingress leads; without a Service nobody knows better.
    pub(super) fn target(&self, ingress: &Existing, backend: &Backend<'_>) -> Target<'a> {
        let (Some(milvus), Some(grpc)) = (self.service, self.port) else { return Target::Grpc };
        let Some(name) = backend.service.filter(|name| !name.is_empty()) else { return Target::Nothing };
        let is_milvus = milvus.name() == Some(name) && milvus.shares_namespace(ingress.namespace());
        let found = if is_milvus { Found::Here(milvus) } else { self.input.services.find(name, ingress.namespace()) };
        match found {
            Found::Nowhere => Target::NoService,
            Found::Elsewhere(service) => Target::Elsewhere(service),
            Found::Here(service) => match ports(&service.value).find(|port| backend.names_port(*port)) {
                None => Target::NoPort(service),
                Some(port) if is_milvus && port.index == grpc.index => Target::Grpc,
                Some(port) => Target::Other(service, port),
            },
        }
    }

    /// Whether a backend leads to Milvus's gRPC port, or at least to its Service.
    pub(super) fn is_for_milvus(&self, target: Target<'_>) -> bool {
        let is_milvus = |service: &Existing| self.service.is_some_and(|milvus| milvus.id == service.id);
        match target {
            Target::Grpc => true,
            Target::NoPort(service) => is_milvus(service),
            _ => false,
        }
    }

    /// The Ingresses that lead to the port; if none does, those that are meant for it, but name a Service that is not
    /// there. And those that lead to the Service's other ports only.
    fn find_ingresses(&self, service: &'a Existing, port: Port<'a>) -> (Vec<&'a Existing>, Vec<&'a Existing>) {
        let leads = |ingress: &Existing, wanted: &dyn Fn(Target<'_>) -> bool| {
            ingress::backends(&ingress.value).any(|backend| wanted(self.target(ingress, &backend)))
        };
        let is_milvus = |other: &Existing| other.id == service.id;
        let candidates = self.input.ingresses_to(service.name().unwrap_or_default());
        let (found, others): (Vec<_>, Vec<_>) =
            candidates.partition(|ingress| leads(ingress, &|target| self.is_for_milvus(target)));
        let mut beside = others.clone();
        beside
            .retain(|ingress| leads(ingress, &|target| matches!(target, Target::Other(other, _) if is_milvus(other))));
        if !found.is_empty() {
            return (found, beside);
        }
        let same_port = |ingress: &Existing| {
            ingress::backends(&ingress.value).any(|backend| backend.port.and_then(Value::as_u64) == port.number())
        };
        let is_meant = |ingress: &Existing| {
            let release = ingress.label(INSTANCE);
            let is_named = release.is_some() && release == service.label(INSTANCE) || ingress.name() == service.name();
            ingress.shares_namespace(service.namespace())
                && (is_named || number_is_telling(port) && same_port(ingress))
                && leads(ingress, &|target| matches!(target, Target::NoService | Target::Nothing))
        };
        let mut meant: Vec<_> = self.input.ingresses.iter().filter(|ingress| is_meant(ingress)).collect();
        if meant.is_empty() {
            meant = others;
            meant.retain(|ingress| leads(ingress, &|target| matches!(target, Target::Elsewhere(to) if is_milvus(to))));
        }
        (meant, beside)
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
    let chart = chart_version(ingress).is_some();
    let class = ingress.annotation(annotation::CLASS).is_some_and(|class| class.starts_with("gce"));
    chart && !class && !marks.iter().any(|key| ingress.annotation(key).is_some())
}
