//! Documents → *the* Milvus release: its Service, the workloads that serve it, and
//! their configuration. Everything is found by what the chart's templates say, never
//! by names: names follow the release name, `nameOverride` and `fullnameOverride`.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};
use serde_json::{Map, Value};

use super::absent;
use super::client::{self, Attu};
use super::config;
use super::operator::{self, Resource};
use super::pods::{self, ConfigFile, Pods, Server};
use super::service::{self, Service};
use super::workload::{Serving, Use, Workload};
use crate::gke::kind;
use crate::kube::object::{Existing, Object as _, Parsed, selects};
use crate::kube::service::{LOAD_BALANCER, ports};
use crate::kube::value::{pointer, str_at, value_at};
use crate::report::mistaken::Mistaken;
use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::head::{self, Kind};
use crate::stream::{DocumentId, Stream};
use crate::yaml;

/// A Milvus release in the stream.
#[derive(Debug)]
pub struct Release<'i> {
    /// Its name: the Service's label `app.kubernetes.io/instance`.
    pub name: String,
    /// The Service in front of the proxy or the standalone pod.
    pub service: Service<'i>,
    /// The container that the Service's port leads to.
    pub server: Server,
    /// Container port of Milvus's health check.
    pub health_port: u16,
    /// Every workload that mounts the ConfigMap.
    pub workloads: Vec<Workload<'i>>,
    /// The ConfigMap with `default.yaml` and `user.yaml`; of `data` only the latter may
    /// have been read.
    pub config_map: Parsed<'i>,
    /// Which of its `data` Milvus reads as `user.yaml`.
    pub config_key: String,
    /// Its Attu, if it brings one.
    pub attu: Option<Attu<'i>>,
    /// Other workloads that are told a URL of the Service without TLS, each with what it is told.
    pub plain_clients: Vec<(String, String)>,
    /// Other Services that let clients in from outside the cluster, to the same pods.
    pub other_doors: Vec<String>,
    /// Objects of the kinds that the plan appends.
    pub front_door: Vec<Existing>,
    /// The resource of the Milvus Operator that it is made of, if it is not a chart's.
    pub resource: Option<Resource<'i>>,
}

/// What is asked for where the input holds several.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'w> {
    /// A release, by name.
    pub release: Option<&'w str>,
    /// A Service, by name.
    pub service: Option<&'w str>,
    /// Its settings.
    pub settings: Use,
}

/// The kinds that the plan appends; objects of these kinds may be ours already.
const FRONT_DOOR: [&kind::Kind; 9] = [
    &kind::BACKEND_CONFIG,
    &kind::FRONTEND_CONFIG,
    &kind::MANAGED_CERTIFICATE,
    &kind::INGRESS,
    &kind::GATEWAY,
    &kind::HTTP_ROUTE,
    &kind::HEALTH_CHECK_POLICY,
    &kind::GCP_BACKEND_POLICY,
    &kind::GCP_GATEWAY_POLICY,
];

impl<'i> Release<'i> {
    /// Recognises the release, or its Service, that is `wanted`, or the only one.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where there is none, where there are several, or where it lacks
    /// what the load balancer needs.
    pub fn recognise(stream: &'i Stream<'_>, wanted: Wanted<'_>) -> Result<Self, Refusal> {
        let mut candidates = Candidates::find(stream)?;
        candidates.set_own_services_aside(stream);
        if candidates.services.is_empty() {
            return Err(absent::refusal(stream));
        }
        if let Some(text) = candidates.text {
            return Err(text);
        }
        let (name, service) = choose(&mut candidates.services, wanted)?;
        let resource = stream.origin(service.id).map(|id| Resource::read(stream, id)).transpose()?;
        if resource.is_none() && operator::keeps(&service) {
            let reason = Reason::OperatorsService { service: service.name().unwrap_or_default().to_owned() };
            return Err(service.refuse(reason, pointer(["metadata", "labels", operator::MANAGED_BY.0])));
        }
        let service = Service::read(service)?;
        let namespace = service.object.namespace();
        // What the operator has made of a resource may be in the stream, too: a release is derived as a whole, or not.
        let origin = stream.origin(service.object.id);
        candidates.retain(|id| stream.origin(id) == origin);

        let Some(serving) = candidates.serving(stream, &service, wanted.settings)? else {
            // One that cannot be read may be the one.
            return Err(candidates.unreadable.pop().unwrap_or_else(|| {
                let reason = Reason::NoPods { service: service.name.clone() };
                service.object.refuse(reason, pointer(["spec", "selector"]))
            }));
        };
        let Serving { server, health_port, config, namespace: pods, labels, volume } = serving;
        let config_map = candidates.config_map(stream, &config, pods.as_deref())?.ok_or_else(|| {
            let config_map = config.config_map.clone();
            let reason = match wanted.settings {
                Use::Edit => Reason::CustomConfigMap { config_map },
                Use::Read => Reason::UnseenConfigMap { config_map },
            };
            Refusal::at(reason, server.document, Spot::Path(volume))
        })?;
        let plain_clients = candidates.plain_clients(stream, &service);
        let workloads = candidates.mounting(stream, &config.config_map, namespace)?;
        let other_doors = candidates.doors(&service, &server, &labels);
        let (attu, front_door) = (candidates.attu(&name, &service), candidates.front_door);
        let config_key = config.key;
        Ok(Self {
            name,
            service,
            server,
            health_port,
            workloads,
            config_map,
            config_key,
            attu,
            plain_clients,
            other_doors,
            front_door,
            resource,
        })
    }
}

impl Release<'_> {
    /// The document of the input beside which our objects belong.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.resource.as_ref().map_or(self.service.object.id, |resource| resource.object.id)
    }
}

/// What every document of some kind is searched for, prepared once.
static VOLUME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(pods::VOLUME));
static CONFIG_MAP_VOLUME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("configMap"));
static TARGET_PORT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("targetPort"));
static LOAD_BALANCER_TYPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(LOAD_BALANCER));
static ATTU: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(client::VARIABLE));

/// Documents that may be part of a Milvus release, picked without parsing the rest.
struct Candidates<'i> {
    services: Vec<Parsed<'i>>,
    /// Services that let clients in from outside the cluster, and name no port as the chart does.
    load_balancers: Vec<Parsed<'i>>,
    workloads: Vec<Workload<'i>>,
    front_door: Vec<Existing>,
    attus: Vec<Attu<'i>>,
    /// Not parsed yet: only one of them is needed.
    config_maps: Vec<DocumentId>,
    /// Not parsed yet: may mount the ConfigMap under another volume name.
    with_config_maps: Vec<DocumentId>,
    /// May be workloads of the release, but cannot be read.
    unreadable: Vec<Refusal>,
    /// The first document that is text.
    text: Option<Refusal>,
}

impl<'i> Candidates<'i> {
    fn find(stream: &'i Stream<'_>) -> Result<Self, Refusal> {
        let mut found = Self {
            services: Vec::new(),
            load_balancers: Vec::new(),
            workloads: Vec::new(),
            front_door: Vec::new(),
            attus: Vec::new(),
            config_maps: Vec::new(),
            with_config_maps: Vec::new(),
            unreadable: Vec::new(),
            text: None,
        };
        for id in stream.ids() {
            match stream.kind(id) {
                Kind::Nothing => {}
                Kind::Known(kind) => found.sort_in(stream, id, kind, None)?,
                Kind::Unknown if found.is_text(stream, id) => {}
                // A document that nobody can read is not ours to judge.
                Kind::Unknown if !may_concern_us(stream.body(id)) => {}
                Kind::Unknown => {
                    if let Ok(object) = Parsed::parse(stream, id) {
                        let kind = object.kind().to_owned();
                        found.sort_in(stream, id, kind.as_bytes(), Some(object))?;
                    }
                }
            }
        }
        Ok(found)
    }

    /// Services of ours beside those of the Milvus Operator: objects that the plan appends.
    fn set_own_services_aside(&mut self, stream: &Stream<'_>) {
        let is_made = |service: &Parsed<'_>| stream.origin(service.id).is_some();
        if !self.services.iter().any(is_made) {
            return;
        }
        let (made, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.services).into_iter().partition(is_made);
        let is_ours = |service: &Parsed<'_>| {
            made.iter().any(|made| {
                let ours = made.name().map(operator::gateway_service);
                service.name() == ours.as_deref() && service.shares_namespace(made.namespace())
            })
        };
        let (ours, others): (Vec<_>, Vec<_>) = others.into_iter().partition(is_ours);
        self.front_door
            .extend(ours.into_iter().map(|service| Existing { id: service.id, value: service.value().clone() }));
        self.services = others;
        self.services.extend(made);
    }

    /// Only these workloads and ConfigMaps may be the release's.
    fn retain(&mut self, is_of_release: impl Fn(DocumentId) -> bool) {
        self.workloads.retain(|workload| is_of_release(workload.object.id));
        self.with_config_maps.retain(|id| is_of_release(*id));
        self.config_maps.retain(|id| is_of_release(*id));
    }

    /// A text is refused, once it is known what for.
    fn is_text(&mut self, stream: &Stream<'_>, id: DocumentId) -> bool {
        let body = stream.body(id);
        let Some(text) = Mistaken::text(body) else { return false };
        self.text.get_or_insert_with(|| {
            let before = &body[..body.len() - head::content(body).len()];
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            Refusal::at(Reason::TextBeside(text), id, Spot::Line(line))
        });
        true
    }

    fn sort_in(
        &mut self,
        stream: &'i Stream<'_>,
        id: DocumentId,
        kind: &[u8],
        parsed: Option<Parsed<'i>>,
    ) -> Result<(), Refusal> {
        let body = stream.body(id);
        let parse = || parsed.map_or_else(|| Parsed::parse(stream, id), Ok);
        match kind {
            b"ConfigMap" => self.config_maps.push(id),
            // Of the Secrets only those of this type may be ours.
            b"Secret" if memmem::find(body, kind::TLS_SECRET.as_bytes()).is_some() => {
                self.front_door.extend(read(body).map(|value| Existing { id, value }));
            }
            b"Secret" => {}
            // Not opened, so it cannot be read.
            b"List" | b"ResourceList" if may_concern_us(body) => drop(parse()?),
            b"List" | b"ResourceList" => {}
            b"Service" if may_lead_to_milvus(body) => {
                let object = parse()?;
                if Service::leads_to_milvus(&object) && !object.is_hook() {
                    self.services.push(object);
                }
            }
            // What cannot be read opens no door.
            b"Service" if LOAD_BALANCER_TYPE.find(body).is_some() => {
                self.load_balancers.extend(parse().ok().filter(|object| !object.is_hook()));
            }
            kind if FRONT_DOOR.iter().any(|ours| ours.name.as_bytes() == kind) => {
                // By the value reader alone: it reads what Kubernetes reads. What it
                // cannot read cannot be applied either.
                self.front_door.extend(read(body).map(|value| Existing { id, value }));
            }
            // A Job runs once; its template cannot be changed.
            b"Job" | b"CronJob" | b"Pod" => {}
            b"Deployment" if may_run_attu(body) => {
                self.attus.extend(Attu::read(parse()?));
            }
            _ if CONFIG_MAP_VOLUME.find(body).is_none() => {}
            _ if VOLUME.find(body).is_none() => self.with_config_maps.push(id),
            _ => match Workload::parse(stream, id) {
                Ok(workload) if workload.object.is_hook() => {}
                Ok(workload) => self.workloads.push(workload),
                Err(refusal) => self.unreadable.push(refusal),
            },
        }
        Ok(())
    }

    /// The workload that the Service selects and that runs Milvus: the chart's, or else one whose volumes have other
    /// names.
    fn serving(
        &self,
        stream: &'i Stream<'_>,
        service: &Service<'_>,
        settings: Use,
    ) -> Result<Option<Serving>, Refusal> {
        let is_selected = |workload: &Workload<'_>| {
            workload.object.shares_namespace(service.object.namespace())
                && workload.pods().is_some_and(|pods| pods.are_selected(&service.selector))
        };
        for workload in self.workloads.iter().filter(|workload| is_selected(workload)) {
            if let Some(serving) = workload.serving(settings)? {
                return Ok(Some(serving));
            }
        }
        let others = self.with_config_maps.iter().filter_map(|id| Workload::parse(stream, *id).ok());
        for workload in others.filter(|workload| is_selected(workload) && !workload.object.is_hook()) {
            if let Some(serving) = workload.serving(settings)? {
                return Ok(Some(serving));
            }
        }
        Ok(None)
    }

    /// The release's Attu; of several Services of one release, that which it is told.
    fn attu(&mut self, release: &str, service: &Service<'_>) -> Option<Attu<'i>> {
        let namespace = service.object.namespace();
        let is_ours = |attu: &Attu<'_>| {
            attu.object.label(service::INSTANCE) == Some(release) && attu.object.shares_namespace(namespace)
        };
        let is_told = |attu: &Attu<'_>| {
            let mut urls = client::plain_urls(&attu.url);
            urls.any(|(host, _)| client::is_host_of(host, &service.name, namespace, attu.object.namespace()))
        };
        let others = self.services.iter().any(|other| other.label(service::INSTANCE) == Some(release));
        let index = self.attus.iter().position(|attu| is_ours(attu) && (!others || is_told(attu)))?;
        Some(self.attus.swap_remove(index))
    }

    /// Other Services that lead to Milvus's gRPC server from outside the cluster.
    fn doors(&self, service: &Service<'_>, server: &Server, labels: &Map<String, Value>) -> Vec<String> {
        let doors = self.services.iter().chain(&self.load_balancers).filter(|door| {
            str_at(door.value(), "/spec/type") == Some(LOAD_BALANCER)
                && door.name() != Some(&service.name)
                && door.shares_namespace(service.object.namespace())
                && value_at(door.value(), "/spec/selector")
                    .and_then(Value::as_object)
                    .is_some_and(|selector| selects(selector, labels))
                && ports(door.value()).any(|port| {
                    let target = port.target();
                    service::leads_to_milvus(&port) || target.and_then(Value::as_u64) == Some(server.grpc_port.into())
                })
        });
        doors.filter_map(|door| door.name().map(str::to_owned)).collect()
    }

    /// Workloads that are told a URL of the Service without TLS, but for Attu.
    fn plain_clients(&self, stream: &'i Stream<'_>, service: &Service<'_>) -> Vec<(String, String)> {
        // Rarer than the name, and so quicker to search for. The port of http:// is not written.
        let needle = match service.port.number {
            80 => format!("{}{}", client::PLAIN, service.name),
            port => format!(":{port}"),
        };
        let (needle, namespace) = (Finder::new(&needle), service.object.namespace());
        let is_workload = |id: DocumentId| {
            matches!(stream.kind(id), Kind::Known(b"Deployment" | b"StatefulSet" | b"DaemonSet" | b"Job" | b"Pod"))
        };
        // Milvus's own workloads are most of a release.
        let is_milvus =
            |id: DocumentId| self.workloads.binary_search_by_key(&id, |workload| workload.object.id).is_ok();
        let others = stream.ids().filter(|id| is_workload(*id) && !is_milvus(*id));
        let hits = others.filter(|id| needle.find(stream.body(*id)).is_some());
        let clients = hits.filter_map(|id| {
            let object = Existing { id, value: read(stream.body(id))? };
            let pods = Pods::of(id, &object.value)?;
            let mut told = client::told(pods).filter(|told| told.variable != Some(client::VARIABLE));
            let told = told.find(|told| {
                client::plain_urls(told.value).any(|(host, port)| {
                    port == u64::from(service.port.number)
                        && client::is_host_of(host, &service.name, namespace, object.namespace())
                })
            })?;
            let workload = format!("{} `{}`", object.kind(), object.name().unwrap_or_default());
            Some((workload, told.to_string()))
        });
        clients.collect()
    }

    /// The ConfigMap with the user's settings.
    fn config_map(
        &self,
        stream: &'i Stream<'_>,
        config: &ConfigFile,
        namespace: Option<&str>,
    ) -> Result<Option<Parsed<'i>>, Refusal> {
        let mut unreadable = None;
        let name = Finder::new(&config.config_map);
        for &id in &self.config_maps {
            if name.find(stream.body(id)).is_none() {
                continue;
            }
            match config::parse_config_map(stream, id, &config.key) {
                Ok(object) => {
                    let named = object.goes_by(&config.config_map);
                    if named && object.shares_namespace(namespace) && !object.is_hook() {
                        return Ok(Some(object));
                    }
                }
                Err(refusal) => unreadable = unreadable.or(Some(refusal)),
            }
        }
        // An unreadable document that mentions the name may be the one.
        unreadable.map_or(Ok(None), Err)
    }

    /// All workloads that mount the ConfigMap.
    fn mounting(
        &mut self,
        stream: &'i Stream<'_>,
        config_map: &str,
        namespace: Option<&str>,
    ) -> Result<Vec<Workload<'i>>, Refusal> {
        let mut workloads = std::mem::take(&mut self.workloads);
        let name = Finder::new(config_map);
        for &id in &self.with_config_maps {
            if name.find(stream.body(id)).is_some() {
                match Workload::parse(stream, id) {
                    Ok(workload) if workload.object.is_hook() => {}
                    Ok(workload) => workloads.push(workload),
                    Err(refusal) => self.unreadable.push(refusal),
                }
            }
        }
        // A document that mentions the ConfigMap and cannot be read may be a workload that
        // would not restart.
        let mentions = |refusal: &Refusal| {
            refusal.place.as_ref().is_some_and(|place| {
                let kind = stream.kind(place.document);
                let workload = matches!(kind, Kind::Known(b"Deployment" | b"StatefulSet" | b"DaemonSet"));
                workload && name.find(stream.body(place.document)).is_some()
            })
        };
        if let Some(found) = self.unreadable.iter().position(mentions) {
            return Err(self.unreadable.swap_remove(found));
        }
        workloads.retain(|workload| {
            workload.object.shares_namespace(namespace) && workload.pods().is_some_and(|pods| pods.mount(config_map))
        });
        workloads.sort_by_key(|workload| workload.object.id);
        Ok(workloads)
    }
}

/// Whether a document of unknown kind can be one that we look for: JSON and flow style, which are read at leisure.
fn may_concern_us(body: &[u8]) -> bool {
    let of_milvus = [service::TARGET_PORT, "ConfigMap", "configMap", client::VARIABLE, kind::TLS_SECRET];
    let words = FRONT_DOOR.iter().map(|kind| kind.name).chain(of_milvus);
    words.into_iter().any(|word| memmem::find(body, word.as_bytes()).is_some())
}

fn read(body: &[u8]) -> Option<Value> {
    yaml::read(std::str::from_utf8(body).ok()?).ok()
}

/// Milvus itself may be given the same variable; only Milvus mounts its configuration.
fn may_run_attu(body: &[u8]) -> bool {
    ATTU.find(body).is_some() && VOLUME.find(body).is_none()
}

/// Whether `milvus` follows a `targetPort` on its line.
fn may_lead_to_milvus(body: &[u8]) -> bool {
    TARGET_PORT.find_iter(body).any(|at| {
        let line = &body[at..memchr::memchr(b'\n', &body[at..]).map_or(body.len(), |end| at + end)];
        // The whole value, not the beginning of another name.
        memmem::find_iter(line, service::TARGET_PORT).any(|at| {
            let next = line.get(at + service::TARGET_PORT.len());
            !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        })
    })
}

/// Takes the one wanted Service.
fn choose<'i>(services: &mut Vec<Parsed<'i>>, wanted: Wanted<'_>) -> Result<(String, Parsed<'i>), Refusal> {
    let names = |services: &mut dyn Iterator<Item = &Parsed<'_>>| {
        services.map(|service| service.name().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let is_named = |service: &Parsed<'_>| wanted.service.is_none_or(|name| service.name() == Some(name));
    if let Some(wanted) = wanted.service.filter(|_| !services.iter().any(is_named)) {
        let services = names(&mut services.iter());
        return Err(Refusal::new(Reason::UnknownService { wanted: wanted.to_owned(), services }));
    }
    let mut releases: Vec<String> = Vec::new();
    for release in
        services.iter().filter(|service| is_named(service)).filter_map(|object| object.label(service::INSTANCE))
    {
        if !releases.iter().any(|known| known == release) {
            releases.push(release.to_owned());
        }
    }
    let name = match (wanted.release, releases.as_slice()) {
        (Some(wanted), _) if releases.iter().any(|known| known == wanted) => wanted.to_owned(),
        (Some(wanted), [_, ..]) => {
            return Err(Refusal::new(Reason::UnknownRelease { wanted: wanted.to_owned(), releases }));
        }
        (None, [_, _, ..]) => return Err(Refusal::new(Reason::SeveralReleases { releases })),
        (None, [release]) => release.clone(),
        (_, []) => {
            let nameless = services.iter().find(|service| is_named(service));
            let reason = Reason::NoReleaseLabel;
            return Err(nameless.map_or_else(
                || Refusal::new(Reason::NoMilvusService),
                |service| service.refuse(reason, pointer(["metadata", "labels"])),
            ));
        }
    };
    let is_wanted = |service: &Parsed<'_>| is_named(service) && service.label(service::INSTANCE) == Some(&name);
    let mut ours = services.iter().enumerate().filter(|(_, service)| is_wanted(service));
    match (ours.next(), ours.next()) {
        (Some((index, _)), None) => Ok((name, services.remove(index))),
        (_, Some((_, second))) => {
            let place = second.id;
            let services = names(&mut services.iter().filter(|service| is_wanted(service)));
            Err(Refusal::at(Reason::SeveralServices { release: name, services }, place, Spot::Whole))
        }
        (None, None) => Err(Refusal::new(Reason::NoMilvusService)),
    }
}
