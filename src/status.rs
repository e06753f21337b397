//! Where the set-up of a release stands, read from what kubectl prints of it.
//!
//! ```text
//! objects → the Milvus Service → its Ingress → steps → a last line: ready, waiting for …, broken: …
//! ```
//!
//! What may come by itself is waited for; broken is only what does not. In doubt it is waited for: the loop that
//! waits shows each time what for.

mod certificate;
mod event;
mod ingress;
mod input;
mod mistakes;
mod objects;
mod service;
mod step;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::connect;
use crate::gke::event::{Awaited, Cause};
use crate::gke::ingress::{CertificateSource, Class, Ingress, backends};
use crate::gke::kind;
use crate::kube::object::{Object as _, same_namespace};
use crate::report::refusal::{Reason, Refusal};
use crate::text::one_line;
use event::About;
use objects::{Objects, leaving};
use service::Service;
use step::{State, Step};

/// What is asked about.
#[derive(Debug, Default)]
pub struct Asked {
    /// The release to choose among several.
    pub release: Option<String>,
    /// Whether to say how long each step usually takes.
    pub wait_hint: bool,
    /// Whether clients find the host by DNS.
    pub dns: bool,
}

/// Where the set-up stands.
#[derive(Debug)]
pub struct StatusReport {
    /// The steps, and the verdict as the last line.
    pub text: String,
    /// How it stands as a whole.
    pub verdict: Verdict,
}

/// How the set-up stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
            .help("install the release; give kubectl its namespace, and ask for service too")
            .usually(service::SECONDS);
        return Ok(SetUp { steps: vec![step], ..SetUp::default() }.told(asked.wait_hint));
    }
    let mut mistakes = mistakes::steps(&all, services.iter().find_map(|(service, _)| service.release));
    let ingresses: usize = services.iter().map(|(_, ingresses)| ingresses.len()).sum();
    let mut set_up = SetUp { names_ingresses: ingresses > 1, ..SetUp::default() };
    for (service, ingresses) in &services {
        set_up.look_at(service, ingresses, &objects, &mut mistakes, asked.dns);
    }
    set_up.connect.pop();
    set_up.hear(&services, &objects);
    Ok(set_up.told(asked.wait_hint))
}

/// All that is to be told.
#[derive(Debug, Default)]
struct SetUp<'v> {
    steps: Vec<Step>,
    events: Vec<String>,
    /// Why GKE does not go on.
    stopped: Option<&'static Cause>,
    connect: Vec<String>,
    names_ingresses: bool,
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
        service: &Service<'v>,
        ingresses: &[&'v Value],
        objects: &Objects<'v>,
        mistakes: &mut Vec<(&'v Value, Step)>,
        dns: bool,
    ) {
        let ingresses: Vec<_> = ingresses.iter().map(|&ingress| Ingress::read(ingress)).collect();
        let is_broken = |steps: &[Step]| steps.iter().any(|step| step.state == State::Broken);
        self.about.push(About { kind: "Service", name: service.name, namespace: service.namespace });
        let mut front = service.steps(&ingresses, objects);
        let is_configured = !is_broken(&front);
        let mut back = Vec::new();
        if ingresses.is_empty() {
            back.push(ingress::missing());
        } else {
            front.push(service.neg_step());
        }
        for ingress in &ingresses {
            back.extend(self.look_through(ingress, service, objects, dns));
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
        if self.names_ingresses {
            self.connect.extend([format!("Through Ingress {}:", ingress.name), String::new()]);
        }
        self.connect.extend(connect::how(ingress, address, dns));
        self.connect.push(String::new());
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
            Awaited::BackendConfig => services.iter().all(|(service, _)| service.has_backend_config(objects)),
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
        self.events = warnings.iter().flat_map(event::Warning::lines).collect();
    }

    fn told(self, wait_hint: bool) -> StatusReport {
        let first = |state| {
            let mut steps = self.steps.iter().filter(|step| step.state == state);
            let next = steps.clone().next();
            steps.find(|step| step.is_first).or(next).map(|step| step.verdict.as_str())
        };
        let (verdict, last) = match (first(State::Broken), first(State::Waiting), self.stopped) {
            (Some(what), _, _) => (Verdict::Broken, format!("broken: {what}")),
            (None, None, _) => (Verdict::Ready, "ready".to_owned()),
            (None, Some(_), Some(cause)) => (Verdict::Broken, format!("broken: {}", cause.what)),
            (None, Some(what), None) => (Verdict::Waiting, format!("waiting for {what}")),
        };
        let mut lines: Vec<String> = self.steps.iter().flat_map(|step| step.lines(wait_hint)).collect();
        lines.extend(self.events);
        if verdict == Verdict::Ready {
            lines.push(String::new());
            lines.extend(self.connect);
        }
        lines.push(String::new());
        lines.push(one_line(&last));
        StatusReport { text: lines.join("\n") + "\n", verdict }
    }
}

/// A Service, and the Ingresses that lead to it.
type Door<'v> = (Service<'v>, Vec<&'v Value>);

/// The Milvus Services of the wanted release, or of the only one: those that an Ingress leads to, if one does.
fn choose<'v>(objects: &Objects<'v>, wanted: Option<&str>) -> Result<Vec<Door<'v>>, Refusal> {
    let mut by_service: HashMap<_, Vec<_>> = HashMap::new();
    for ingress in objects.of_kind("Ingress") {
        for name in backends(ingress).filter_map(|backend| backend.service).collect::<BTreeSet<_>>() {
            by_service.entry(name).or_default().push(ingress);
        }
    }
    let door = |service: Service<'v>| {
        let ingresses = by_service.get(service.name).map_or(&[][..], Vec::as_slice);
        let ingresses = ingresses_to(&service, ingresses);
        // By its number alone a port may be anybody's.
        (service.is_charts() || !ingresses.is_empty()).then_some((service, ingresses))
    };
    let mut doors: Vec<Door<'v>> = objects.of_kind("Service").filter_map(Service::read).filter_map(door).collect();
    let releases = |doors: &[Door<'_>]| -> Vec<String> {
        let names: BTreeSet<_> = doors.iter().filter_map(|(service, _)| service.release).collect();
        names.into_iter().map(str::to_owned).collect()
    };
    if let Some(wanted) = wanted {
        let all = releases(&doors);
        doors.retain(|(service, _)| service.release == Some(wanted));
        if doors.is_empty() && !all.is_empty() {
            return Err(Reason::UnknownRelease { wanted: wanted.to_owned(), releases: all }.into());
        }
    }
    let is_handled = |(_, ingresses): &Door<'_>| ingresses.iter().any(|ingress| Class::of(ingress).is_handled());
    let is_led_to = |(_, ingresses): &Door<'_>| !ingresses.is_empty();
    let is_annotated = |(service, _): &Door<'_>| service.is_annotated();
    let stays = |(service, _): &Door<'_>| leaving(service.value).is_none();
    let marks: [&dyn Fn(&Door<'_>) -> bool; 4] = [&is_handled, &is_led_to, &is_annotated, &stays];
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
    let namespaces: BTreeSet<_> = doors.iter().map(|(service, _)| service.namespace).collect();
    if doors.len() > 1 && (namespaces.len() > 1 || !doors.iter().all(is_handled)) {
        let named = |(service, _): &Door<'_>| match service.namespace {
            Some(namespace) => format!("{namespace}/{}", service.name),
            None => service.name.to_owned(),
        };
        return Err(Reason::SeveralLiveServices { services: doors.iter().map(named).collect() }.into());
    }
    Ok(doors)
}

/// Of these Ingresses those that lead to Milvus: all that GKE handles, or else the first. One that is being deleted
/// counts where there is no other.
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

fn managed<'i, 'v>(ingress: &'i Ingress<'v>) -> &'i [&'v str] {
    match &ingress.certificate {
        CertificateSource::Managed(names) => names,
        _ => &[],
    }
}
