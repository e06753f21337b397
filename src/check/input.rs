//! The objects of a stream that may concern Milvus behind a load balancer, and who names whom.

use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use json_patch::jsonptr::PointerBuf;
use memchr::memmem;
use serde_json::{Map, Value};

use crate::gke::ingress::{self, Address, Class};
use crate::gke::kind;
use crate::kube::network_policy;
use crate::kube::object::{Existing, Object, Parsed, same_namespace, utf8};
use crate::kube::route;
use crate::kube::value::{array_at, str_at, value_at};
use crate::milvus::client;
use crate::milvus::config;
use crate::milvus::pods::{ConfigFile, Pods};
use crate::milvus::service::INSTANCE;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::head::Kind;
use crate::stream::{DocumentId, Stream};
use crate::text::nearest;
use crate::yaml::{self, Entries};

/// Objects of one kind, found by name. Of two with one identity the later one counts, as in the cluster.
#[derive(Debug, Default)]
pub(super) struct Objects {
    all: Vec<Existing>,
    by_name: HashMap<String, Namesakes>,
    /// Numbers of those that another one of the same identity came before.
    twice: Vec<usize>,
}

/// Numbers of the objects of one name.
#[derive(Debug, Default)]
struct Namesakes {
    /// The last one of each namespace.
    by_namespace: HashMap<Option<String>, usize>,
    last: usize,
}

impl Objects {
    fn push(&mut self, object: Existing) {
        let index = self.all.len();
        if let Some(name) = object.name() {
            let namesakes = self.by_name.entry(name.to_owned()).or_default();
            match namesakes.by_namespace.entry(object.namespace().map(str::to_owned)) {
                Entry::Occupied(earlier) if self.all[*earlier.get()].kind() == object.kind() => {
                    let index = *earlier.get();
                    if !object.is_live() {
                        self.twice.push(index);
                    }
                    namesakes.last = index;
                    self.all[index] = object;
                    return;
                }
                Entry::Occupied(mut earlier) => {
                    earlier.insert(index);
                }
                Entry::Vacant(vacant) => {
                    vacant.insert(index);
                }
            }
            namesakes.last = index;
        }
        self.all.push(object);
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Existing> {
        self.all.iter()
    }

    /// Those that take the place of another one of the input.
    pub(super) fn twice(&self) -> impl Iterator<Item = &Existing> {
        self.twice.iter().map(|index| &self.all[*index])
    }

    /// The only one.
    pub(super) fn only(&self) -> Option<&Existing> {
        if let [only] = self.all.as_slice() { Some(only) } else { None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What `name` means in this namespace, or in one that is not told.
    pub(super) fn find(&self, name: &str, namespace: Option<&str>) -> Found<'_> {
        let Some(namesakes) = self.by_name.get(name) else { return Found::Nowhere };
        let at = |namespace: Option<&str>| namesakes.by_namespace.get(&namespace.map(str::to_owned)).copied();
        let index = match namespace {
            Some(_) => at(namespace).max(at(None)),
            None => Some(namesakes.last),
        };
        match index {
            Some(index) => Found::Here(&self.all[index]),
            None => Found::Elsewhere(&self.all[namesakes.last]),
        }
    }

    /// The object of this name in this namespace, or in one that is not told.
    pub(super) fn named(&self, name: &str, namespace: Option<&str>) -> Option<&Existing> {
        if let Found::Here(object) = self.find(name, namespace) { Some(object) } else { None }
    }
}

/// What a reference leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'i> {
    /// This object.
    Here(&'i Existing),
    /// Nothing; one of this name is in another namespace.
    Elsewhere(&'i Existing),
    /// Nothing of the input.
    Nowhere,
}

/// The objects, by kind.
#[derive(Debug)]
pub(super) struct Input<'s> {
    stream: &'s Stream<'s>,
    pub(super) services: Objects,
    pub(super) ingresses: Objects,
    pub(super) backend_configs: Objects,
    pub(super) frontend_configs: Objects,
    pub(super) certificates: Objects,
    pub(super) secrets: Objects,
    /// What makes pods; pods themselves and ReplicaSets only where nothing above them is there.
    workloads: Objects,
    network_policies: Objects,
    /// Numbers of the NetworkPolicies that select pods by a label, or by none.
    network_policies_by_label: OnceCell<HashMap<Option<Label>, Vec<usize>>>,
    /// Read when needed: the chart's are long.
    config_maps: Vec<DocumentId>,
    config_maps_by_name: OnceCell<HashMap<String, Vec<DocumentId>>>,
    /// Numbers of the workloads whose pods have a label.
    workloads_by_label: OnceCell<HashMap<Label, Vec<usize>>>,
    clients_by: OnceCell<ClientsBy>,
    /// Numbers of the Services of type LoadBalancer that select a workload's pods.
    load_balancers_by_workload: OnceCell<HashMap<DocumentId, Vec<usize>>>,
    /// Numbers of the Ingresses that lead to a Service of this name.
    ingresses_by_service: OnceCell<HashMap<String, Vec<usize>>>,
    /// Numbers of GKE's Ingresses by the reserved address they name: its annotation, and what that says.
    ingresses_by_address: OnceCell<HashMap<(&'static str, String), Vec<usize>>>,
    /// Gateways of the Gateway API.
    pub(super) gateways: Objects,
    /// Its routes.
    routes: Objects,
    /// GKE's policies.
    policies: Objects,
    /// Numbers of the routes that lead to a Service of this name, each with the Service's namespace.
    routed: OnceCell<HashMap<String, Vec<Routed>>>,
    /// Numbers of the routes that name a Gateway of this name.
    attached: OnceCell<HashMap<String, Vec<usize>>>,
    /// Numbers of the policies that are about an object of this name.
    targeted: OnceCell<HashMap<String, Vec<usize>>>,
    /// Objects of GKE's kinds in a group that has no such kind, or with a kind in other case.
    strangers: Objects,
    /// Objects without a kind, and those whose kind is nearly a known one, which that is.
    pub(super) misnamed: Vec<(Existing, Option<&'static str>)>,
    /// Objects of the Gateway API's kinds or GKE's policies that lack the group, or have it or the kind in other case.
    pub(super) unserved: Vec<(Existing, &'static kind::Kind)>,
    /// Of the Gateway API and GKE's policies, the number of the list and the number in it, by release.
    of_release: OnceCell<HashMap<String, Vec<(usize, usize)>>>,
}

/// A label, and its value as JSON.
type Label = (String, String);

/// A namespace in which a route leads to a Service, and the number of the route.
type Routed = (Option<String>, usize);

/// Attu by its workload's release; others by the name that the host of a URL begins with.
type ClientsBy = (HashMap<Option<String>, Vec<Client>>, HashMap<String, Vec<Client>>);

/// Something that tells a client where Milvus is.
#[derive(Debug)]
pub(super) struct Client {
    /// Number of its workload.
    workload: usize,
    /// Where it is.
    pub(super) pointer: PointerBuf,
    /// What the client is told, in words.
    pub(super) what: String,
    /// The URL.
    pub(super) url: String,
}

/// Kinds of which something is read, beside [`kind`]'s.
const KINDS: [&str; 7] = ["ConfigMap", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "NetworkPolicy"];

const KUBERNETES_KINDS: [&kind::Kind; 3] = [&kind::SERVICE, &kind::INGRESS, &kind::SECRET];

/// Google's own.
const OWN_KINDS: [&kind::Kind; 3] = [&kind::BACKEND_CONFIG, &kind::FRONTEND_CONFIG, &kind::MANAGED_CERTIFICATE];

/// What is in front of Milvus behind a Gateway, beside policies.
const GATEWAY_KINDS: [&kind::Kind; 2] = [&kind::GATEWAY, &kind::HTTP_ROUTE];

/// GKE's policies.
const POLICIES: [&kind::Kind; 3] = [&kind::HEALTH_CHECK_POLICY, &kind::GCP_BACKEND_POLICY, &kind::GCP_GATEWAY_POLICY];

impl<'s> Input<'s> {
    pub(super) fn read(stream: &'s Stream<'_>) -> Result<Self, Refusal> {
        let mut input = Self {
            stream,
            services: Objects::default(),
            ingresses: Objects::default(),
            backend_configs: Objects::default(),
            frontend_configs: Objects::default(),
            certificates: Objects::default(),
            secrets: Objects::default(),
            workloads: Objects::default(),
            network_policies: Objects::default(),
            network_policies_by_label: OnceCell::new(),
            config_maps: Vec::new(),
            config_maps_by_name: OnceCell::new(),
            workloads_by_label: OnceCell::new(),
            clients_by: OnceCell::new(),
            load_balancers_by_workload: OnceCell::new(),
            ingresses_by_service: OnceCell::new(),
            ingresses_by_address: OnceCell::new(),
            gateways: Objects::default(),
            routes: Objects::default(),
            policies: Objects::default(),
            routed: OnceCell::new(),
            attached: OnceCell::new(),
            targeted: OnceCell::new(),
            strangers: Objects::default(),
            misnamed: Vec::new(),
            unserved: Vec::new(),
            of_release: OnceCell::new(),
        };
        let mut empty = true;
        let mut below = Objects::default();
        for id in stream.ids() {
            let kind = stream.kind(id);
            empty &= kind == Kind::Nothing;
            match kind {
                Kind::Known(b"ConfigMap") => input.config_maps.push(id),
                Kind::Known(kind) if !may_be_read(kind) => {}
                Kind::Nothing => {}
                Kind::Known(_) | Kind::Unknown => match read(stream, id) {
                    Ok(object) => input.sort_in(object, &mut below),
                    Err(refusal) if may_concern_milvus(stream.body(id)) => return Err(refusal),
                    // A document that nobody can read is not ours to judge.
                    Err(_) => {}
                },
            }
        }
        if empty {
            return Err(Refusal::new(Reason::EmptyInput));
        }
        if input.workloads.is_empty() {
            input.workloads = below;
        }
        Ok(input)
    }

    fn sort_in(&mut self, object: Existing, below: &mut Objects) {
        if object.is_hook() {
            return;
        }
        // Others have kinds of these names as well.
        let is = |kind: &kind::Kind| object.kind() == kind.name && object.group() == kind.group();
        let place = match (object.kind(), object.group()) {
            _ if is(&kind::BACKEND_CONFIG) => &mut self.backend_configs,
            _ if is(&kind::FRONTEND_CONFIG) => &mut self.frontend_configs,
            _ if is(&kind::MANAGED_CERTIFICATE) => &mut self.certificates,
            _ if is(&kind::SECRET) => &mut self.secrets,
            _ if is(&kind::SERVICE) => &mut self.services,
            _ if is(&kind::GATEWAY) => &mut self.gateways,
            _ if POLICIES.iter().any(|kind| is(kind)) => &mut self.policies,
            // Others have an Ingress of their own; these have none.
            ("Ingress", "networking.k8s.io" | "extensions" | "networking.gke.io" | "networking" | "") => {
                &mut self.ingresses
            }
            (kind, "gateway.networking.k8s.io") if kind.ends_with("Route") => &mut self.routes,
            ("Deployment" | "StatefulSet" | "DaemonSet", "apps") => &mut self.workloads,
            // Old revisions have no pods.
            ("ReplicaSet", "apps") if value_at(&object.value, "/spec/replicas") == Some(&Value::from(0)) => return,
            ("ReplicaSet", "apps") | ("Pod", "") => below,
            ("NetworkPolicy", "networking.k8s.io") => &mut self.network_policies,
            ("ConfigMap", "") => return self.config_maps.push(object.id),
            (kind, group) if of_gateways(kind, group).is_some() => {
                self.unserved.extend(of_gateways(kind, group).map(|kind| (object, kind)));
                return;
            }
            (kind, _) if OWN_KINDS.iter().any(|own| own.name.eq_ignore_ascii_case(kind)) => &mut self.strangers,
            ("", _) if object.value.get("apiVersion").is_some() || object.value.get("metadata").is_some() => {
                return self.misnamed.push((object, None));
            }
            (kind, group) if meant_kind(kind).is_some() && GROUPS.contains(&group) => {
                let meant = meant_kind(kind);
                return self.misnamed.push((object, meant));
            }
            _ => return,
        };
        place.push(object);
    }

    /// Whether the input holds nothing that is in front of Milvus.
    pub(super) fn has_no_front_door(&self) -> bool {
        self.ingresses.is_empty()
            && self.backend_configs.is_empty()
            && self.frontend_configs.is_empty()
            && self.certificates.is_empty()
    }

    /// All pods, each with its workload.
    pub(super) fn pods(&self) -> impl Iterator<Item = (&Existing, Pods<'_>)> {
        self.workloads.iter().filter_map(pods)
    }

    /// The pods that a selector selects.
    pub(super) fn selected_pods(&self, selector: &Map<String, Value>) -> Vec<(&Existing, Pods<'_>)> {
        let by_label = self.workloads_by_label.get_or_init(|| {
            let mut by_label: HashMap<_, Vec<_>> = HashMap::new();
            for (index, workload) in self.workloads.iter().enumerate() {
                let labels = pods(workload).and_then(|(_, pods)| pods.labels());
                for (key, value) in labels.into_iter().flatten() {
                    by_label.entry((key.clone(), value.to_string())).or_default().push(index);
                }
            }
            by_label
        });
        // The rarest label leaves the fewest to look at.
        let with_label = |(key, value): (&String, &Value)| {
            by_label.get(&(key.clone(), value.to_string())).map_or(&[][..], Vec::as_slice)
        };
        let candidates = selector.iter().map(with_label).min_by_key(|workloads| workloads.len()).unwrap_or_default();
        let candidates = candidates.iter().filter_map(|index| pods(&self.workloads.all[*index]));
        candidates.filter(|(_, pods)| pods.are_selected(selector)).collect()
    }

    /// The NetworkPolicies that restrict who reaches a workload's pods, in order.
    pub(super) fn network_policies_of(&self, workload: &Existing, pods: &Pods<'_>) -> Vec<&Existing> {
        let by_label = self.network_policies_by_label.get_or_init(|| {
            let mut by_label: HashMap<_, Vec<_>> = HashMap::new();
            for (index, policy) in self.network_policies.iter().enumerate() {
                let labels = value_at(&policy.value, "/spec/podSelector/matchLabels").and_then(Value::as_object);
                let label = labels.and_then(|labels| labels.iter().next());
                let label = label.map(|(key, value)| (key.clone(), value.to_string()));
                by_label.entry(label).or_default().push(index);
            }
            by_label
        });
        let Some(labels) = pods.labels() else { return Vec::new() };
        let own = labels.iter().map(|(key, value)| Some((key.clone(), value.to_string())));
        let indices = own.chain([None]).filter_map(|label| by_label.get(&label)).flatten();
        let mut indices: Vec<_> = indices.copied().collect();
        indices.sort_unstable();
        let policies = indices.into_iter().map(|index| &self.network_policies.all[index]);
        let restrict = |policy: &&Existing| {
            policy.shares_namespace(workload.namespace()) && network_policy::restricts(&policy.value, labels)
        };
        policies.filter(restrict).collect()
    }

    /// The Services of type LoadBalancer that select pods of a workload, in order.
    pub(super) fn load_balancers_of(&self, workload: &Existing) -> impl Iterator<Item = &Existing> {
        let by_workload = self.load_balancers_by_workload.get_or_init(|| {
            let mut by_workload: HashMap<_, Vec<_>> = HashMap::new();
            for (index, service) in self.services.iter().enumerate() {
                let Some(selector) = value_at(&service.value, "/spec/selector").and_then(Value::as_object) else {
                    continue;
                };
                if str_at(&service.value, "/spec/type") == Some("LoadBalancer") {
                    let pods = self.selected_pods(selector).into_iter();
                    for (workload, _) in pods.filter(|(workload, _)| workload.shares_namespace(service.namespace())) {
                        by_workload.entry(workload.id).or_default().push(index);
                    }
                }
            }
            by_workload
        });
        by_workload.get(&workload.id).into_iter().flatten().map(|index| &self.services.all[*index])
    }

    /// The clients that may belong to a release: those of its workloads, and of workloads that belong to none; of no
    /// release, all.
    pub(super) fn clients(&self, release: Option<&str>) -> impl Iterator<Item = (&Existing, &Client)> {
        let (by_release, _) = self.clients_by();
        let keys: Vec<_> = match release {
            Some(release) => vec![Some(release.to_owned()), None],
            None => by_release.keys().cloned().collect(),
        };
        self.in_order(keys.into_iter().filter_map(|key| by_release.get(&key)).flatten())
    }

    /// The clients that are told a URL without TLS whose host begins with a Service's name.
    pub(super) fn plain_clients(&self, service: &str) -> impl Iterator<Item = (&Existing, &Client)> {
        self.in_order(self.clients_by().1.get(service).into_iter().flatten())
    }

    fn in_order<'c>(
        &'c self,
        clients: impl Iterator<Item = &'c Client>,
    ) -> std::vec::IntoIter<(&'c Existing, &'c Client)> {
        let mut clients: Vec<_> = clients.map(|client| (&self.workloads.all[client.workload], client)).collect();
        clients.sort_by_key(|(_, client)| client.workload);
        clients.into_iter()
    }

    fn clients_by(&self) -> &ClientsBy {
        self.clients_by.get_or_init(|| {
            let (mut by_release, mut by_service) = ClientsBy::default();
            for (index, workload) in self.workloads.iter().enumerate() {
                let Some((_, pods)) = pods(workload) else { continue };
                for told in client::told(pods) {
                    let (what, url) = (told.to_string(), told.value);
                    let client = Client { workload: index, pointer: told.path, what, url: url.to_owned() };
                    if told.variable == Some(client::VARIABLE) {
                        by_release.entry(workload.label(INSTANCE).map(str::to_owned)).or_default().push(client);
                    } else if let Some((host, _)) = client::plain_urls(url).next() {
                        let service = host.split('.').next().unwrap_or_default();
                        by_service.entry(service.to_owned()).or_default().push(client);
                    }
                }
            }
            (by_release, by_service)
        })
    }

    /// The Ingresses that name a Service of this name, in order.
    pub(super) fn ingresses_to(&self, service: &str) -> impl Iterator<Item = &Existing> {
        let by_service = self.ingresses_by_service.get_or_init(|| {
            let mut by_service: HashMap<String, Vec<_>> = HashMap::new();
            for (index, ingress) in self.ingresses.iter().enumerate() {
                for service in ingress::backends(&ingress.value).filter_map(|backend| backend.service) {
                    let ingresses = by_service.entry(service.to_owned()).or_default();
                    if ingresses.last() != Some(&index) {
                        ingresses.push(index);
                    }
                }
            }
            by_service
        });
        by_service.get(service).into_iter().flatten().map(|index| &self.ingresses.all[*index])
    }

    /// An Ingress of GKE's and another one that names the same reserved address, in order.
    pub(super) fn sharing_address<'o>(&'o self, ingress: &'o Existing) -> Option<[&'o Existing; 2]> {
        let address = |ingress: &Existing| {
            let Address { key, name } = Address::of(&ingress.value)?;
            Class::of(&ingress.value).is_handled().then(|| (key, name.to_owned()))
        };
        let by_address = self.ingresses_by_address.get_or_init(|| {
            let mut by_address: HashMap<_, Vec<_>> = HashMap::new();
            for (index, ingress) in self.ingresses.iter().enumerate() {
                if let Some(address) = address(ingress) {
                    by_address.entry(address).or_default().push(index);
                }
            }
            by_address
        });
        let sharing = by_address.get(&address(ingress)?)?;
        let at = |at: &usize| &self.ingresses.all[*at];
        let first = sharing.first().map(at)?;
        // All of them but the first are too many.
        if first.id == ingress.id {
            return Some([first, sharing.get(1).map(at)?]);
        }
        Some([first, ingress])
    }

    /// Whether a route of the Gateway API leads to a Service.
    pub(super) fn is_routed_to(&self, service: &Existing) -> bool {
        self.routes_to(service).next().is_some()
    }

    /// The routes of the Gateway API that lead to a Service, in order.
    pub(super) fn routes_to(&self, service: &Existing) -> impl Iterator<Item = &Existing> {
        let routed = self.routed.get_or_init(|| {
            let mut routed: HashMap<_, Vec<_>> = HashMap::new();
            for (index, route) in self.routes.iter().enumerate() {
                for backend in route::backends(&route.value) {
                    let namespace = backend.namespace().map(str::to_owned);
                    let name = backend.name().unwrap_or_default();
                    let of_name = routed.entry(name.to_owned()).or_default();
                    // A route may lead there by several rules.
                    if of_name.last().is_none_or(|(known, last)| *last != index || *known != namespace) {
                        of_name.push((namespace, index));
                    }
                }
            }
            routed
        });
        let of_name = service.name().and_then(|name| routed.get(name)).into_iter().flatten();
        let namespace = service.namespace();
        let here = of_name.filter(move |(of, _)| same_namespace(of.as_deref(), namespace));
        here.map(|(_, index)| &self.routes.all[*index])
    }

    /// The routes of the Gateway API in a Service's namespace, wherever they lead.
    pub(super) fn routes_beside(&self, service: &Existing) -> impl Iterator<Item = &Existing> {
        self.routes.iter().filter(|route| route.shares_namespace(service.namespace()))
    }

    /// Whether there is a Service of this name.
    pub(super) fn has_service(&self, name: &str) -> bool {
        self.services.by_name.contains_key(name)
    }

    /// The Gateways of the input that serve routes to a Service; one may come again.
    pub(super) fn gateways_of(&self, service: &Existing) -> impl Iterator<Item = &Existing> {
        self.routes_to(service).flat_map(|route| {
            let parents = array_at(&route.value, "/spec/parentRefs");
            parents.filter_map(|parent| {
                let namespace = str_at(parent, "/namespace").or(route.namespace());
                self.gateways.named(str_at(parent, "/name")?, namespace)
            })
        })
    }

    /// The routes that name a Gateway, in order.
    pub(super) fn routes_at(&self, gateway: &Existing) -> impl Iterator<Item = &Existing> {
        let attached = self.attached.get_or_init(|| {
            let names = |route: &Existing| {
                let parents = array_at(&route.value, "/spec/parentRefs");
                parents.filter_map(|parent| str_at(parent, "/name").map(str::to_owned)).collect()
            };
            by_names(&self.routes, names)
        });
        let routes = gateway.name().and_then(|name| attached.get(name)).into_iter().flatten();
        routes.map(|index| &self.routes.all[*index])
    }

    /// GKE's policies that name an object of this name, in order.
    pub(super) fn policies_of(&self, name: &str) -> impl Iterator<Item = &Existing> {
        let targeted = self.targeted.get_or_init(|| {
            let name = |policy: &Existing| {
                str_at(&policy.value, "/spec/targetRef/name").map(str::to_owned).into_iter().collect()
            };
            by_names(&self.policies, name)
        });
        targeted.get(name).into_iter().flatten().map(|index| &self.policies.all[*index])
    }

    /// Gateways, routes and policies that are part of a release by their label, and those without a name, which nothing
    /// can name.
    pub(super) fn of_release(&self, release: &str) -> impl Iterator<Item = (&Existing, &'static kind::Kind)> {
        let lists = [&self.gateways, &self.routes, &self.policies];
        let by_release = self.of_release.get_or_init(|| {
            let mut by_release: HashMap<String, Vec<_>> = HashMap::new();
            for (list, objects) in lists.iter().enumerate() {
                for (index, object) in objects.iter().enumerate() {
                    let release = object.name().map_or(Some(""), |_| object.label(INSTANCE));
                    if let Some(release) = release {
                        by_release.entry(release.to_owned()).or_default().push((list, index));
                    }
                }
            }
            by_release
        });
        let found = [release, ""].into_iter().filter_map(|release| by_release.get(release)).flatten();
        let objects = found.map(move |(list, index)| &lists[*list].all[*index]);
        objects.filter_map(|object| Some((object, of_gateways(object.kind(), object.group())?)))
    }

    /// An object of this kind and name that the API server does not know as such: in another group, or with the kind in
    /// other case.
    pub(super) fn stranger(&self, kind: &kind::Kind, name: &str) -> Option<&Existing> {
        let found = match self.strangers.find(name, None) {
            Found::Here(object) | Found::Elsewhere(object) => object,
            Found::Nowhere => return None,
        };
        Some(found).filter(|object| object.kind().eq_ignore_ascii_case(kind.name))
    }

    /// The lists of what is in front of Milvus, and of Milvus itself.
    pub(super) fn twice(&self) -> impl Iterator<Item = &Existing> {
        let lists = [
            &self.services,
            &self.ingresses,
            &self.backend_configs,
            &self.frontend_configs,
            &self.certificates,
            &self.secrets,
            &self.workloads,
            &self.gateways,
            &self.routes,
            &self.policies,
            &self.network_policies,
        ];
        lists.into_iter().flat_map(Objects::twice)
    }

    /// The ConfigMap with the user's settings, and whether it takes the place of another one.
    pub(super) fn config_map(&self, file: &ConfigFile, namespace: Option<&str>) -> Option<(Parsed<'s>, bool)> {
        const NAME: Entries = &[&["metadata", "name"]];
        let by_name = self.config_maps_by_name.get_or_init(|| {
            let mut by_name: HashMap<String, Vec<_>> = HashMap::new();
            for id in &self.config_maps {
                let object = Parsed::parse_entries(self.stream, *id, NAME);
                if let Some(name) = object.as_ref().ok().and_then(Object::name) {
                    by_name.entry(name.to_owned()).or_default().push(*id);
                }
            }
            by_name
        });
        let candidates = by_name.get(&file.config_map).into_iter().flatten().rev();
        let mut objects = candidates
            .filter_map(|id| config::parse_config_map(self.stream, *id, &file.key).ok())
            .filter(|object| object.shares_namespace(namespace) && !object.is_hook());
        let object = objects.next()?;
        let is_second = self.stream.origin(object.id).is_none()
            && objects.any(|earlier| earlier.namespace() == object.namespace() && !earlier.is_live());
        Some((object, is_second))
    }
}

/// Numbers of objects by the names in them.
fn by_names(objects: &Objects, names: impl Fn(&Existing) -> HashSet<String>) -> HashMap<String, Vec<usize>> {
    let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
    for (index, object) in objects.iter().enumerate() {
        for name in names(object) {
            by_name.entry(name).or_default().push(index);
        }
    }
    by_name
}

fn pods(workload: &Existing) -> Option<(&Existing, Pods<'_>)> {
    Some((workload, Pods::of(workload.id, &workload.value)?))
}

/// A list that could not be opened may hold what is looked for.
fn may_be_read(kind: &[u8]) -> bool {
    let kinds = KINDS.into_iter().chain(KUBERNETES_KINDS.iter().map(|kind| kind.name));
    let mut of_gateways = POLICIES.into_iter().chain(GATEWAY_KINDS);
    kind.ends_with(b"List")
        || kind.ends_with(b"Route")
        || of_gateways.any(|known| known.name.as_bytes().eq_ignore_ascii_case(kind))
        || kinds.into_iter().any(|known| known.as_bytes() == kind)
        || OWN_KINDS.iter().any(|own| own.name.as_bytes().eq_ignore_ascii_case(kind))
        || std::str::from_utf8(kind).is_ok_and(|kind| meant_kind(kind).is_some())
}

/// The groups of the kinds that are known.
const GROUPS: [&str; 7] = [
    "",
    "apps",
    "networking.k8s.io",
    "extensions",
    "cloud.google.com",
    "networking.gke.io",
    "gateway.networking.k8s.io",
];

/// The kind of the Gateway API, or of GKE's policies, that is meant by one that no API server knows. Others have Gateways
/// in separate groups.
fn of_gateways(name: &str, group: &str) -> Option<&'static kind::Kind> {
    let is_meant = |kind: &&kind::Kind| {
        kind.name.eq_ignore_ascii_case(name) && (group.is_empty() || kind.group().eq_ignore_ascii_case(group))
    };
    GATEWAY_KINDS.into_iter().chain(POLICIES).find(is_meant)
}

/// The kind that was meant by one that differs from it in a letter or two, or in case.
fn meant_kind(kind: &str) -> Option<&'static str> {
    let known = || {
        let own = KUBERNETES_KINDS.into_iter().chain(OWN_KINDS).chain(GATEWAY_KINDS).chain(POLICIES);
        let own = own.map(|kind| kind.name);
        own.chain(KINDS).filter(|known| known.len().abs_diff(kind.len()) <= 2)
    };
    if kind.len() < 5 || known().any(|known| known == kind) {
        return None;
    }
    nearest(kind, known(), 2)
}

/// Whether a document that cannot be read may be one that is looked for.
fn may_concern_milvus(body: &[u8]) -> bool {
    let marks = OWN_KINDS.iter().map(|kind| kind.name).chain(["milvus"]);
    marks.into_iter().any(|mark| memmem::find(body, mark.as_bytes()).is_some())
}

fn read(stream: &Stream<'_>, id: DocumentId) -> Result<Existing, Refusal> {
    let value = yaml::value(utf8(stream, id)?).map_err(|error| Refusal::of_document(&error, id))?;
    Ok(Existing { id, value })
}
