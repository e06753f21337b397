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
mod objects;
mod service;
mod step;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::connect;
use crate::gke::event::Cause;
use crate::gke::ingress::{CertificateSource, Class, Ingress, backends};
use crate::gke::kind;
use crate::kube::object::{Object as _, same_namespace};
use crate::report::refusal::{Reason, Refusal};
use crate::text::one_line;
use event::About;
use objects::Objects;
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
    let objects = input::objects(input)?;
    let objects = Objects::of(&objects);
    let Some(service) = choose(&objects, asked.release.as_deref())? else {
        let step = Step::waiting("Service: none leads to Milvus", "the Milvus Service")
            .detail("it is the one with a port whose targetPort is `milvus`")
            .help("install the release; give kubectl its namespace, and ask for service too")
            .usually(service::SECONDS);
        return Ok(SetUp { steps: vec![step], ..SetUp::default() }.told(asked.wait_hint));
    };
    let value = ingress_of(&service, &objects);
    let ingress = value.map(Ingress::read);
    let mut set_up = SetUp { steps: service.steps(ingress.as_ref(), &objects), ..SetUp::default() };
    let mut about = vec![About { kind: "Service", name: service.name, namespace: service.namespace }];
    match &ingress {
        None => set_up.steps.push(ingress::missing()),
        Some(ingress) => {
            let address = ingress::address(ingress.value);
            set_up.steps.push(service.neg_step());
            set_up.steps.push(ingress::step(ingress, &service));
            set_up.steps.extend(certificate::steps(ingress, &objects, address));
            set_up.steps.push(ingress::https(ingress));
            set_up.steps.push(ingress::backends(ingress, &service));
            set_up.connect = connect::how(ingress, address, asked.dns);
            about.push(About { kind: kind::INGRESS.name, name: ingress.name, namespace: ingress.namespace() });
            let certificate =
                |name| About { kind: kind::MANAGED_CERTIFICATE.name, name, namespace: ingress.namespace() };
            about.extend(managed(ingress).iter().copied().map(certificate));
        }
    }
    let warnings = event::warnings(&objects, &about);
    let is_there = |kind: &str| match (kind, &ingress) {
        ("BackendConfig", _) => service.has_backend_config(&objects),
        (_, Some(ingress)) => managed(ingress).iter().all(|name| objects.has(kind, name, ingress.namespace())),
        _ => false,
    };
    set_up.stopped = warnings.iter().find(|warning| warning.stops(is_there)).and_then(|warning| warning.cause);
    set_up.events = warnings.iter().flat_map(event::Warning::lines).collect();
    Ok(set_up.told(asked.wait_hint))
}

/// All that is to be told.
#[derive(Debug, Default)]
struct SetUp {
    steps: Vec<Step>,
    events: Vec<String>,
    /// Why GKE does not go on.
    stopped: Option<&'static Cause>,
    connect: Vec<String>,
}

impl SetUp {
    fn told(self, wait_hint: bool) -> StatusReport {
        let first = |state| self.steps.iter().find(|step| step.state == state).map(|step| step.verdict.as_str());
        let (verdict, last) = match (first(State::Broken), first(State::Waiting), self.stopped) {
            (Some(what), _, _) => (Verdict::Broken, format!("broken: {what}")),
            // Whatever GKE complained of: what is to be served is served.
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

/// The Milvus Service of the wanted release, or the only one; `None` where there is none yet.
fn choose<'v>(objects: &Objects<'v>, wanted: Option<&str>) -> Result<Option<Service<'v>>, Refusal> {
    let mut services: Vec<_> = objects.of_kind("Service").filter_map(Service::read).collect();
    let names: BTreeSet<_> = services.iter().filter_map(|service| service.release).collect();
    let releases = || names.iter().map(|&name| name.to_owned()).collect();
    match wanted {
        Some(wanted) if !services.is_empty() && !names.contains(wanted) => {
            return Err(Reason::UnknownRelease { wanted: wanted.to_owned(), releases: releases() }.into());
        }
        None if names.len() > 1 => return Err(Reason::SeveralLiveReleases { releases: releases() }.into()),
        Some(wanted) => services.retain(|service| service.release == Some(wanted)),
        None => {}
    }
    if let [_, _, ..] = services.as_slice() {
        let named = |service: &Service<'_>| match service.namespace {
            Some(namespace) => format!("{namespace}/{}", service.name),
            None => service.name.to_owned(),
        };
        return Err(Reason::SeveralLiveServices { services: services.iter().map(named).collect() }.into());
    }
    Ok(services.pop())
}

/// The Ingress that leads to the Service: if there are several, one that GKE handles.
fn ingress_of<'v>(service: &Service<'_>, objects: &Objects<'v>) -> Option<&'v Value> {
    let all = || objects.of_kind("Ingress").filter(|ingress| is_led_to(service, ingress));
    all().find(|ingress| Class::of(ingress).is_handled()).or_else(|| all().next())
}

fn managed<'i, 'v>(ingress: &'i Ingress<'v>) -> &'i [&'v str] {
    match &ingress.certificate {
        CertificateSource::Managed(names) => names,
        _ => &[],
    }
}

fn is_led_to(service: &Service<'_>, ingress: &Value) -> bool {
    same_namespace(ingress.namespace(), service.namespace)
        && backends(ingress).any(|backend| backend.service == Some(service.name))
}
