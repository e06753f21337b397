//! Where the set-up of a release stands, read from what kubectl prints of it.
//!
//! ```text
//! objects → the Milvus Service → its Ingress, its Gateway → steps → a last line: ready, waiting for …, broken: …
//! ```
//!
//! What may come by itself is waited for; broken is only what does not. In doubt it is waited for: `wait`
//! shows what for.

mod certificate;
mod event;
mod gateway;
mod ingress;
mod input;
mod mistakes;
mod objects;
mod operator;
mod service;
mod step;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use crate::connect::{self, Connection, Entrance};
use crate::gke::event::{Awaited, Cause};
use crate::gke::ingress::{CertificateSource, Class, Ingress, backends};
use crate::gke::kind;
use crate::kube::object::{Object as _, same_namespace};
use crate::kube::route;
use crate::report::refusal::{Reason, Refusal};
use crate::text::one_line;
use event::About;
use objects::{Objects, leaving};
use service::Service;
pub use step::{State, Step};

/// What to ask kubectl for.
pub const KINDS: &str = "ingress,managedcertificate,backendconfig,service,events";

/// What to ask for as well behind a Gateway. Where the Gateway API is off, kubectl refuses to print anything: nobody
/// knows these kinds.
pub const GATEWAY_KINDS: &str =
    "gateways.gateway.networking.k8s.io,httproutes,healthcheckpolicies,gcpbackendpolicies,gcpgatewaypolicies";

/// What to ask for as well of the Milvus Operator. A cluster without it does not know this kind.
pub const OPERATOR_KINDS: &str = "milvuses.milvus.io";

/// What to ask for in the namespace of a Gateway that releases of others share.
pub const SHARED_GATEWAY_KINDS: &str = "gateways.gateway.networking.k8s.io,gcpgatewaypolicies,events";

/// What kubectl calls a Gateway: Istio has Gateways as well.
pub const GATEWAY: &str = "gateways.gateway.networking.k8s.io";

/// JSON Schema of a [`StatusReport`].
pub const SCHEMA: &str = include_str!("../schemas/milvus-gke-l7-status.json");

/// What is asked about.
#[derive(Debug, Default)]
pub struct Asked {
    /// The release to choose among several.
    pub release: Option<String>,
    /// Whether clients find the host by DNS.
    pub dns: bool,
}

/// Where the set-up of a Milvus release behind a GKE Layer-7 load balancer stands.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StatusReport {
    /// How it stands as a whole
    pub verdict: Verdict,
    /// `ready`, `waiting for …` or `broken: …`
    pub message: String,
    /// The release, as the label of the Milvus Service has it
    pub release: Option<String>,
    /// The namespace of the Milvus Service
    pub namespace: Option<String>,
    /// The Milvus Service; null if none was found
    pub service: Option<String>,
    /// The Ingress or Gateway that leads to Milvus; of several, the first
    #[serde(flatten)]
    pub through: Through,
    /// The other Ingresses and Gateways that lead to Milvus
    pub others: Vec<Through>,
    /// The steps, and what GKE's events say of them
    pub steps: Vec<Step>,
}

/// An Ingress or a Gateway, and how clients connect through it.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Through {
    /// The Ingress's name; null if there is none
    pub ingress: Option<String>,
    /// The Gateway's name; null if there is none
    pub gateway: Option<String>,
    /// Its ADDRESS; null until it is known
    pub address: Option<IpAddr>,
    /// The hosts that it serves
    pub hosts: Vec<String>,
    /// How clients connect; null until all is ready
    pub connection: Option<Connection>,
}

/// How the set-up stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Clients can connect.
    Ready,
    /// Something is still to come.
    Waiting,
    /// Something does not come by itself.
    Broken,
}

/// Tells where the set-up stands.
///
/// # Errors
///
/// A [`Refusal`], where the input does not tell.
pub fn report(input: &[u8], asked: &Asked) -> Result<StatusReport, Refusal> {
    let all = input::objects(input)?;
    let objects = Objects::of(&all);
    let services = choose(&objects, asked.release.as_deref())?;
    if services.is_empty() {
        let step = Step::waiting("Service: none leads to Milvus", "the Milvus Service")
            .detail("it is the one with a port whose targetPort is `milvus`, or 19530 behind an Ingress")
            .help("install the release; give kubectl its namespace, and have it print services, too")
            .usually(service::SECONDS);
        let steps = operator::steps(&objects, &[]).into_iter().chain([step]).collect();
        return Ok(SetUp { steps, ..SetUp::default() }.told());
    }
    let mut mistakes = mistakes::steps(&all, services.iter().find_map(|door| door.service.release));
    let mut set_up = SetUp { service: services.first().map(|door| door.service), ..SetUp::default() };
    let made: Vec<_> = services.iter().map(|door| (door.service.name, door.service.namespace)).collect();
    set_up.steps.extend(operator::steps(&objects, &made));
    for door in &services {
        set_up.look_at(door, &objects, &mut mistakes, asked.dns);
    }
    set_up.hear(&services, &objects);
    Ok(set_up.told())
}

/// All that is to be told.
#[derive(Debug, Default)]
struct SetUp<'v> {
    service: Option<Service<'v>>,
    steps: Vec<Step>,
    events: Vec<Step>,
    /// Why GKE does not go on.
    stopped: Option<&'static Cause>,
    through: Vec<Through>,
    ingresses: Vec<Ingress<'v>>,
    /// The objects that events may be about.
    about: Vec<About<'v>>,
    /// Numbers of those that have all that they need.
    served: HashSet<usize>,
}

impl<'v> SetUp<'v> {
    /// A Service, the Ingresses that lead to it, and those of the mistakes that nothing else tells.
    fn look_at(
        &mut self,
        Door { service, ingresses, routes }: &Door<'v>,
        objects: &Objects<'v>,
        mistakes: &mut Vec<(&'v Value, Step)>,
        dns: bool,
    ) {
        let ingresses: Vec<_> = ingresses.iter().map(|&ingress| Ingress::read(ingress)).collect();
        let is_broken = |steps: &[Step]| steps.iter().any(|step| step.state == State::Broken);
        self.about.push(About { kind: "Service", name: service.name, namespace: service.namespace });
        let mut front = if ingresses.is_empty() && !routes.is_empty() {
            vec![service.behind_gateway()]
        } else {
            service.steps(&ingresses, objects)
        };
        let is_configured = !is_broken(&front);
        let mut back = Vec::new();
        if !ingresses.is_empty() {
            front.push(service.neg_step());
        } else if routes.is_empty() {
            back.push(ingress::missing());
        }
        for ingress in &ingresses {
            back.extend(self.look_through(ingress, service, objects, dns));
        }
        let attached = gateway::Attached::all(routes, objects);
        for one in &attached {
            let steps = one.steps();
            self.may_be_heard_of(one.about(), &steps);
            back.extend(steps);
            self.through.push(one.through(dns));
        }
        if !routes.is_empty() {
            if attached.is_empty() {
                back.push(gateway::unattached());
            }
            let policies = gateway::policies(service, &attached, objects);
            let steps = gateway::of_service(service, &attached, &policies);
            self.may_be_heard_of(policies.into_iter().filter_map(gateway::about), &steps);
            back.extend(steps);
        }
        let is_routed = !is_broken(&back);
        let concerns = |object: &Value| match object.kind() {
            "Service" => is_configured && object.name() == Some(service.name),
            "BackendConfig" => is_configured,
            "Ingress" => is_routed && ingresses.iter().any(|ingress| object.name() == Some(ingress.name)),
            "Secret" => is_routed && !ingresses.iter().any(|ingress| certificate::is_issued(ingress, objects)),
            _ => is_routed,
        };
        back.extend(mistakes.extract_if(.., |(object, _)| concerns(object)).map(|(_, step)| step));
        self.steps.extend(front.into_iter().chain(back));
        self.ingresses.extend(ingresses);
    }

    /// Objects of the Gateway API, with what their steps say.
    fn may_be_heard_of(&mut self, objects: impl Iterator<Item = About<'v>>, steps: &[Step]) {
        let first = self.about.len();
        self.about.extend(objects);
        if steps.iter().all(|step| step.state < State::Waiting) {
            self.served.extend(first..self.about.len());
        }
    }

    /// An Ingress in front of a Service.
    fn look_through(
        &mut self,
        ingress: &Ingress<'v>,
        service: &Service<'v>,
        objects: &Objects<'v>,
        dns: bool,
    ) -> Vec<Step> {
        let address = ingress::address(ingress.value);
        let mut steps = vec![ingress::step(ingress, service)];
        steps.extend(ingress::other_backends(ingress, objects));
        steps.extend(certificate::steps(ingress, objects, address));
        steps.push(ingress::https(ingress));
        steps.push(ingress::backends(ingress, service));
        self.through.push(Through {
            ingress: Some(ingress.name.to_owned()),
            gateway: None,
            address,
            hosts: ingress.hosts.iter().map(|host| (*host).to_owned()).collect(),
            connection: Some(connect::how(&Entrance::from(ingress), address, dns)),
        });
        if steps.iter().all(|step| step.state < State::Waiting) {
            self.served.insert(self.about.len());
        }
        let about = |kind, name| About { kind, name, namespace: ingress.namespace() };
        self.about.push(about(kind::INGRESS.name, ingress.name));
        self.about.extend(managed(ingress).iter().map(|name| about(kind::MANAGED_CERTIFICATE.name, name)));
        steps
    }

    /// What GKE's events say of all of them.
    fn hear(&mut self, services: &[Door<'v>], objects: &Objects<'v>) {
        let warnings = event::warnings(objects, &self.about);
        let may_come = |awaited| match awaited {
            Awaited::BackendConfig => services.iter().all(|door| door.service.has_backend_config(objects)),
            Awaited::ManagedCertificate => self.ingresses.iter().all(|ingress| {
                let is_there = |name: &&str| objects.has(kind::MANAGED_CERTIFICATE.name, name, ingress.namespace());
                managed(ingress).iter().all(is_there)
            }),
            Awaited::Secret => self.ingresses.iter().all(|ingress| certificate::has_secrets(ingress, objects)),
            Awaited::Certificate => self.ingresses.iter().any(|ingress| certificate::is_issued(ingress, objects)),
        };
        // Whatever GKE complained of: what is to be served is served.
        let is_open = |warning: &&event::Warning<'_>| !self.served.contains(&warning.about) && warning.stops(may_come);
        self.stopped = warnings.iter().find(is_open).and_then(|warning| warning.cause);
        self.events = warnings.iter().map(event::Warning::told).collect();
    }

    fn told(mut self) -> StatusReport {
        let first = |state| {
            let mut steps = self.steps.iter().filter(|step| step.state == state);
            let next = steps.clone().next();
            steps.find(|step| step.is_first).or(next).map(|step| step.verdict.as_str())
        };
        let (verdict, message) = match (first(State::Broken), first(State::Waiting), self.stopped) {
            (Some(what), _, _) => (Verdict::Broken, format!("broken: {what}")),
            (None, None, _) => (Verdict::Ready, "ready".to_owned()),
            (None, Some(_), Some(cause)) => (Verdict::Broken, format!("broken: {}", cause.what)),
            (None, Some(what), None) => (Verdict::Waiting, format!("waiting for {what}")),
        };
        if verdict != Verdict::Ready {
            self.through.iter_mut().for_each(|through| through.connection = None);
        }
        let is_over = |step: &&mut Step| step.state != State::Waiting;
        self.steps.iter_mut().filter(is_over).for_each(|step| step.usually = None);
        self.steps.extend(self.events);
        let mut through = self.through.into_iter();
        StatusReport {
            verdict,
            message: one_line(&message),
            release: self.service.and_then(|service| service.release).map(str::to_owned),
            namespace: self.service.and_then(|service| service.namespace).map(str::to_owned),
            service: self.service.map(|service| service.name.to_owned()),
            through: through.next().unwrap_or_default(),
            others: through.collect(),
            steps: self.steps,
        }
    }
}

impl StatusReport {
    /// For people: the steps, how to connect if all is ready, and the message as the last line.
    #[must_use]
    pub fn text(&self, wait_hint: bool) -> String {
        let mut lines: Vec<String> = self.steps.iter().flat_map(|step| step.lines(wait_hint)).collect();
        for Through { ingress, gateway, connection, .. } in [&self.through].into_iter().chain(&self.others) {
            let Some(connection) = connection else { continue };
            lines.push(String::new());
            let named = [("Ingress", ingress), ("Gateway", gateway)];
            let named = named.into_iter().find_map(|(kind, name)| Some((kind, name.as_deref()?)));
            if let Some((kind, name)) = named.filter(|_| !self.others.is_empty()) {
                lines.extend([format!("Through {kind} {name}:"), String::new()]);
            }
            lines.extend(connection.lines());
        }
        lines.extend([String::new(), self.message.clone()]);
        lines.join("\n") + "\n"
    }
}

/// A Service, and what leads to it.
#[derive(Debug)]
struct Door<'v> {
    service: Service<'v>,
    ingresses: Vec<&'v Value>,
    /// HTTPRoutes.
    routes: Vec<&'v Value>,
}

impl Door<'_> {
    fn is_handled(&self) -> bool {
        !self.routes.is_empty() || self.ingresses.iter().any(|ingress| Class::of(ingress).is_handled())
    }

    fn is_led_to(&self) -> bool {
        !self.routes.is_empty() || !self.ingresses.is_empty()
    }
}

/// The Milvus Services of the wanted release, or of the only one: those that an Ingress or a route leads to, if one
/// does.
fn choose<'v>(objects: &Objects<'v>, wanted: Option<&str>) -> Result<Vec<Door<'v>>, Refusal> {
    let mut by_service: HashMap<_, Vec<_>> = HashMap::new();
    for ingress in objects.of_kind("Ingress") {
        for name in backends(ingress).filter_map(|backend| backend.service).collect::<BTreeSet<_>>() {
            by_service.entry(name).or_default().push(ingress);
        }
    }
    let mut by_route: HashMap<_, Vec<_>> = HashMap::new();
    for route in objects.of_kind(kind::HTTP_ROUTE.name) {
        for name in route::backends(route).filter_map(|backend| backend.name()).collect::<BTreeSet<_>>() {
            by_route.entry(name).or_default().push(route);
        }
    }
    let door = |service: Service<'v>| {
        let ingresses = by_service.get(service.name).map_or(&[][..], Vec::as_slice);
        let ingresses = ingresses_to(&service, ingresses);
        let routes = routes_to(&service, by_route.get(service.name).map_or(&[][..], Vec::as_slice));
        // By its number alone a port may be anybody's.
        let is_milvus = service.is_charts() || !ingresses.is_empty() || !routes.is_empty();
        is_milvus.then_some(Door { service, ingresses, routes })
    };
    let mut doors: Vec<Door<'v>> = objects.of_kind("Service").filter_map(Service::read).filter_map(door).collect();
    let releases = |doors: &[Door<'_>]| -> Vec<String> {
        let names: BTreeSet<_> = doors.iter().filter_map(|door| door.service.release).collect();
        names.into_iter().map(str::to_owned).collect()
    };
    if let Some(wanted) = wanted {
        let all = releases(&doors);
        doors.retain(|door| door.service.release == Some(wanted));
        if doors.is_empty() && !all.is_empty() {
            return Err(Reason::UnknownRelease { wanted: wanted.to_owned(), releases: all }.into());
        }
    }
    let is_annotated = |door: &Door<'_>| door.service.is_annotated();
    let stays = |door: &Door<'_>| leaving(door.service.value).is_none();
    let marks: [&dyn Fn(&Door<'_>) -> bool; 4] =
        [&|door| door.is_handled(), &|door| door.is_led_to(), &is_annotated, &stays];
    // Another Service to the same pods needs no load balancer.
    for mark in marks {
        if doors.len() > 1 && doors.iter().any(mark) {
            doors.retain(mark);
        }
    }
    let names = releases(&doors);
    if names.len() > 1 {
        return Err(Reason::SeveralLiveReleases { releases: names }.into());
    }
    let namespaces: BTreeSet<_> = doors.iter().map(|door| door.service.namespace).collect();
    if doors.len() > 1 && (namespaces.len() > 1 || !doors.iter().all(|door| door.is_handled())) {
        let named = |Door { service, .. }: &Door<'_>| match service.namespace {
            Some(namespace) => format!("{namespace}/{}", service.name),
            None => service.name.to_owned(),
        };
        return Err(Reason::SeveralLiveServices { services: doors.iter().map(named).collect() }.into());
    }
    Ok(doors)
}

/// Of these Ingresses those that lead to Milvus: all that GKE handles, or else the first. One that is being deleted
/// counts only if there is no other.
fn ingresses_to<'v>(service: &Service<'_>, all: &[&'v Value]) -> Vec<&'v Value> {
    let mut found: Vec<_> =
        all.iter().copied().filter(|ingress| same_namespace(ingress.namespace(), service.namespace)).collect();
    let marks: [&dyn Fn(&&Value) -> bool; 3] = [
        &|ingress| backends(ingress).any(|backend| service.is_at(&backend)),
        &|ingress| Class::of(ingress).is_handled(),
        &|ingress| leaving(ingress).is_none(),
    ];
    for mark in marks {
        if found.iter().any(mark) {
            found.retain(mark);
        }
    }
    if !found.iter().any(|ingress| Class::of(ingress).is_handled()) {
        found.truncate(1);
    }
    found
}

/// The routes that lead to Milvus; one that is being deleted counts only if there is no other.
fn routes_to<'v>(service: &Service<'_>, all: &[&'v Value]) -> Vec<&'v Value> {
    let mut routes: Vec<_> = all.iter().copied().filter(|route| gateway::leads_to(route, service)).collect();
    if routes.iter().any(|route| leaving(route).is_none()) {
        routes.retain(|route| leaving(route).is_none());
    }
    routes
}

fn managed<'i, 'v>(ingress: &'i Ingress<'v>) -> &'i [&'v str] {
    match &ingress.certificate {
        CertificateSource::Managed(names) => names,
        _ => &[],
    }
}
