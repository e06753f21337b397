//! What the upgrade means for a release that is running already: what it loses, what restarts, what stands in the way,
//! and how to go back.

use json_patch::PatchOperation;
use serde_json::Value;

use super::instruction::{Instruction, When};
use crate::filter::Rewrite;
use crate::gke::annotation::{APP_PROTOCOLS, BACKEND_CONFIG, NEG, SOURCE_RANGES};
use crate::gke::exposure::Restriction;
use crate::gke::gateway::Protocol;
use crate::gke::kind;
use crate::kube::object::Object as _;
use crate::kube::service::LOAD_BALANCER;
use crate::kube::value::str_at;
use crate::milvus::client::Attu;
use crate::milvus::pulsar;
use crate::milvus::release::Release;
use crate::milvus::service;
use crate::plan::operator;
use crate::settings::{Certificate, Doors, Scheme, ServiceType, Settings};
use crate::status::GATEWAY;
use crate::stream::Stream;
use crate::text::{namespace_flag, one_line, shell_word};

/// A release, and what becomes of it.
pub(super) struct Running<'r> {
    release: &'r Release<'r>,
    rewrite: &'r Rewrite,
    settings: &'r Settings,
    /// What is neither the release's nor the load balancer's.
    stays: Vec<String>,
    /// Jobs that Helm 4 cannot upgrade.
    jobs: Vec<String>,
}

impl<'r> Running<'r> {
    pub(super) fn read(
        stream: &Stream<'_>,
        release: &'r Release<'r>,
        rewrite: &'r Rewrite,
        settings: &'r Settings,
        mut stays: Vec<String>,
    ) -> Self {
        let armor = settings.backend.security_policy.as_ref();
        stays.extend(armor.map(|name| format!("Cloud Armor policy {name}")));
        Self { release, rewrite, settings, stays, jobs: pulsar::jobs(stream, release) }
    }

    /// What to do right before the upgrade.
    pub(super) fn before(&self) -> Vec<Instruction> {
        let steps = [self.service(), self.restart(), self.source_ranges(), self.pulsar()];
        let values = self.release.resource.is_none().then(|| self.values());
        values.into_iter().chain(steps.into_iter().flatten()).collect()
    }

    /// What is left to do when everything is ready.
    pub(super) fn after(&self) -> Option<Instruction> {
        let (_, door) = self.door().filter(|_| self.keeps_door())?;
        if self.is_untouched() {
            return Some(Instruction::new(
                When::After,
                format!(
                    "When no client uses the old {door} any more, remove serviceType from the resource: the old {door} \
                    goes, and nothing restarts. If DNS leads to it, move the record first, and wait at least as long \
                    as its TTL."
                ),
            ));
        }
        Some(Instruction::new(
            When::After,
            format!(
                "Once no client uses the old {door} any more, omit --service-type keep and apply again: this removes \
                the old {door}, and nothing restarts. If DNS points to it, move the record first, and wait at least as \
                long as its TTL."
            ),
        ))
    }

    fn namespace_flag(&self) -> String {
        namespace_flag(self.release.service.object.namespace())
    }

    /// How to get what was there before.
    pub(super) fn back(&self) -> Vec<Instruction> {
        let (release, namespace) = (shell_word(&self.release.name), self.namespace_flag());
        let restarts = if self.restarted().next().is_some() {
            " Milvus restarts without TLS, and every client must stop using TLS again."
        } else {
            ""
        };
        let address = match self.is_load_balancer() && !self.keeps_door() {
            true => " The Service gets a load balancer again, with another address unless you reserved the old one.",
            false => "",
        };
        let stays = match self.stays.is_empty() {
            true => String::new(),
            false => format!(" What stays: {}.", self.stays.join(", ")),
        };
        let ours = match &self.settings.doors {
            Doors::Ingress(_) => "Ingress, BackendConfig",
            Doors::Gateway(door) if door.owner.ours().is_some() => "Gateway, HTTPRoute",
            Doors::Gateway(_) => "HTTPRoute",
            Doors::Both(..) => "Ingress, Gateway",
        };
        if self.release.resource.is_some() {
            return self.back_of_resource(ours, restarts, address, &stays);
        }
        let words = format!(
            "Roll back to the last revision without the program. Helm stored it as it was rendered, so you do not need \
            a flag. {ours} and the other appended objects are deleted.{restarts}{address}{stays}"
        );
        let back = Instruction::new(When::Back, words)
            .run(format!("helm history {release}{namespace}"))
            .run(format!("helm rollback {release} REVISION{namespace}"));
        let jobs = (!self.jobs.is_empty()).then(|| {
            Instruction::new(
                When::Back,
                "Helm 4 cannot roll back over Pulsar's Jobs either: delete them first, as above.",
            )
        });
        let for_good = Instruction::new(
            When::Back,
            "To remove it for good, upgrade without --post-renderer. Forgetting the flag does the same, without a \
            warning: keep the command in a script.",
        );
        jobs.into_iter().chain([back, for_good]).collect()
    }

    /// The same for a resource of the Milvus Operator.
    fn back_of_resource(&self, ours: &str, restarts: &str, address: &str, stays: &str) -> Vec<Instruction> {
        let (service, namespace) = (shell_word(&self.release.service.name), self.namespace_flag());
        let appended = self.rewrite.appended.iter().map(|object| {
            let name = object.name().unwrap_or_default();
            let kind = match object.kind() {
                kind if kind == kind::GATEWAY.name => GATEWAY.to_owned(),
                kind => kind.to_ascii_lowercase(),
            };
            shell_word(&format!("{kind}/{name}"))
        });
        let objects: Vec<_> = appended.collect();
        let mut back = Vec::new();
        if !self.is_untouched() {
            let words = format!("Apply the resource as it was, with the program's part removed.{restarts}{address}");
            back.push(
                Instruction::new(When::Back, words).run(format!("kubectl apply{namespace} --filename milvus.yaml")),
            );
        }
        let words = format!("Delete {ours} and the other appended objects.{stays}");
        let mut delete = Instruction::new(When::Back, words);
        if !objects.is_empty() {
            delete = delete.run(format!("kubectl delete{namespace} {}", objects.join(" ")));
        }
        back.push(delete);
        if self.settings.doors.ingress().is_some() {
            let words = "The operator never removes an annotation from the Service: do it by hand.";
            let keys = [APP_PROTOCOLS, BACKEND_CONFIG, NEG].map(|key| format!("{key}-")).join(" ");
            let command = format!("kubectl annotate service {service}{namespace} {keys}");
            back.push(Instruction::new(When::Back, words).run(command));
        }
        back
    }

    fn values(&self) -> Instruction {
        let (release, namespace) = (shell_word(&self.release.name), self.namespace_flag());
        let version = match service::chart_version(&self.release.service.object) {
            Some(_) => {
                "Keep its chart: take --version from column CHART. Without it Helm uses the newest chart, which may \
                bring another Milvus."
            }
            None => {
                "Keep its chart: its version is not in the input, and without --version Helm uses the newest chart, \
                which may bring another Milvus."
            }
        };
        Instruction::new(
            When::Running,
            format!(
                "{version} Keep its values, too: add --values values.yaml to the upgrade. If you give only some \
                values, Helm forgets the others; --reuse-values keeps them, but ignores the defaults of a newer chart."
            ),
        )
        .run(format!("helm list{namespace} --filter {}", shell_word(&format!("^{}$", self.release.name))))
        .run(format!("helm get values {release}{namespace} --output yaml > values.yaml"))
    }

    fn service(&self) -> Option<Instruction> {
        let object = &self.release.service.object;
        let (kind, door) = self.door()?;
        let name = &self.release.service.name;
        let lets_in = match Restriction::of(object.value()) {
            Some(restriction) => format!(" and admits only {}", restriction.to),
            None if self.is_load_balancer() => " and admits everybody".to_owned(),
            None => String::new(),
        };
        let doors = self.release.other_doors.iter();
        let doors: String = doors
            .map(|other| {
                format!(" Service {other} leads to the same pods and stays as it is; its clients must speak TLS, too.")
            })
            .collect();
        if self.keeps_door() {
            let clients = match self.settings.doors.protocol() {
                Protocol::Tls => {
                    "From the restart on, its clients must speak TLS, and trust Milvus's own certificate. Unless you \
                    gave it another, that is the image's, for localhost; you can read it now."
                }
                Protocol::H2c => "Its clients notice nothing.",
            };
            let words = format!(
                "Service {name} is of type {kind}{lets_in}. It stays that way, and keeps its {door}. {clients}{doors}"
            );
            let step = Instruction::new(When::Running, words);
            return Some(match self.settings.doors.protocol() {
                Protocol::Tls => step.run(self.own_certificate()).run(self.own_client()),
                Protocol::H2c => step,
            });
        }
        let lost: Vec<_> = self.lost().collect();
        let lost = if lost.is_empty() { String::new() } else { format!(" and loses {}", lost.join(", ")) };
        let policy = self.settings.backend.security_policy.as_ref();
        let lets_in_then = match (self.settings.doors.scheme(), policy) {
            (Scheme::Internal, _) => "the VPC network".to_owned(),
            (Scheme::External, Some(policy)) => format!("whoever the Cloud Armor policy {policy} admits"),
            (Scheme::External, None) => "everybody".to_owned(),
        };
        let long = match self.settings.doors.ingress().map(|door| &door.certificate) {
            Some(Certificate::Managed(_)) => "up to 90 minutes, because of its certificate",
            _ => "some minutes",
        };
        Some(Instruction::new(
            When::Running,
            format!(
                "Service {name} is of type {kind}{lets_in}. It becomes ClusterIP{lost}. Its {door} is gone at once. \
                The new load balancer admits {lets_in_then}, and takes {long}: plan a downtime, or add --service-type \
                keep to keep the old {door} meanwhile.{doors}"
            ),
        ))
    }

    /// Reads the certificate that comes with Milvus's image.
    fn own_certificate(&self) -> String {
        let (service, namespace) = (shell_word(&self.release.service.name), self.namespace_flag());
        format!("kubectl exec service/{service}{namespace} -- cat /milvus/configs/cert/server.pem > milvus.pem")
    }

    /// How PyMilvus connects to Milvus itself.
    fn own_client(&self) -> String {
        let port = match self.is_load_balancer() {
            true => self.release.service.port.number.to_string(),
            false => "NODE-PORT".to_owned(),
        };
        format!(
            r#"MilvusClient(uri="https://OLD-ADDRESS:{port}", secure=True, server_name="localhost", server_pem_path="milvus.pem")"#
        )
    }

    /// The fields of the Service that the plan removes.
    fn lost(&self) -> impl Iterator<Item = String> {
        let object = &self.release.service.object;
        let edited = self.rewrite.edited.iter().find(|edited| edited.id == object.id);
        let removed = edited.into_iter().flat_map(|edited| &edited.patch.0).filter_map(|operation| match operation {
            PatchOperation::Remove(remove) if remove.path.as_str().starts_with("/spec/") => Some(&remove.path),
            _ => None,
        });
        removed.filter_map(|path| {
            let field = path.tokens().last()?.decoded().into_owned();
            Some(match path.resolve(object.value()).ok()? {
                Value::String(value) => format!("{field} {}", one_line(value)),
                Value::Number(value) => format!("{field} {value}"),
                _ => field,
            })
        })
    }

    fn restart(&self) -> Option<Instruction> {
        let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
        for (kind, name) in self.restarted() {
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, names)) => names.push(name),
                None => kinds.push((kind, vec![name])),
            }
        }
        if kinds.is_empty() {
            return None;
        }
        let names: Vec<_> = kinds
            .iter()
            .map(|(kind, names)| format!("{kind}{} {}", if names.len() > 1 { "s" } else { "" }, names.join(", ")))
            .collect();
        let clients: Vec<_> = self.plain_clients().collect();
        let clients = match clients.is_empty() {
            true => String::new(),
            false => format!(
                " These clients in the input lose it: {}. Make them connect to https://{}:443, Attu with --attu-url.",
                clients.join("; "),
                self.settings.hosts.iter().next().unwrap_or_default()
            ),
        };
        Some(Instruction::new(
            When::Running,
            format!(
                "Milvus restarts: all pods of {}. From then on it speaks only TLS. Have the new settings of every \
                client ready, including those in the cluster.{clients}",
                names.join(" and of ")
            ),
        ))
    }

    /// Kind and name of the workloads that get new pods.
    fn restarted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rewrite.restarted.iter().map(|(kind, name)| (kind.as_str(), name.as_str()))
    }

    /// What is told to speak to Milvus without TLS.
    fn plain_clients(&self) -> impl Iterator<Item = String> {
        let attu = self.release.attu.as_ref().filter(|attu| attu.is_plain() && self.settings.attu_url.is_none());
        let attu = attu.map(|Attu { object, url, .. }| {
            format!("Attu ({} {}): {}", object.kind(), object.name().unwrap_or_default(), one_line(url))
        });
        let others =
            self.release.plain_clients.iter().map(|(workload, told)| format!("{workload}: {}", one_line(told)));
        attu.into_iter().chain(others)
    }

    /// Those in the chart are Helm's to remove.
    fn source_ranges(&self) -> Option<Instruction> {
        if !self.is_load_balancer() || self.keeps_door() {
            return None;
        }
        let (service, namespace) = (shell_word(&self.release.service.name), self.namespace_flag());
        let words = "Only if somebody restricted the live Service by hand (kubectl): undo that, or the API server \
            refuses the new type, and the change stops half-way. Do it right before the upgrade: from then until the \
            upgrade, the old address is open to everybody.";
        let patch = r#"{"spec":{"loadBalancerSourceRanges":null}}"#;
        let step = Instruction::new(When::Running, words)
            .run(format!("kubectl patch service {service}{namespace} --type merge --patch '{patch}'"));
        Some(step.run(format!("kubectl annotate service {service}{namespace} {}-", SOURCE_RANGES)))
    }

    fn pulsar(&self) -> Option<Instruction> {
        let jobs: Vec<_> = self.jobs.iter().map(|job| shell_word(job)).collect();
        let namespace = self.namespace_flag();
        (!jobs.is_empty()).then(|| {
            Instruction::new(
                When::Running,
                "Only with Helm 4, and only for the first upgrade with a post-renderer: delete Pulsar's Jobs, which \
                have completed. Helm 4 changes their scripts, and then cannot update them (`field is immutable`). Helm \
                recreates them.",
            )
            .run(format!("kubectl delete job {}{namespace}", jobs.join(" ")))
        })
    }

    /// The Service's type and what clients outside of the cluster use, if it lets them in.
    fn door(&self) -> Option<(&str, &'static str)> {
        let kind = str_at(self.release.service.object.value(), "/spec/type")?;
        let door = match kind {
            LOAD_BALANCER => "address",
            "NodePort" => "port on the nodes",
            _ => return None,
        };
        Some((kind, door))
    }

    fn is_load_balancer(&self) -> bool {
        self.door().is_some_and(|(kind, _)| kind == LOAD_BALANCER)
    }

    fn keeps_door(&self) -> bool {
        self.settings.service_type == ServiceType::Keep || self.is_untouched()
    }

    /// Whether the resource of the Milvus Operator stays as it is.
    fn is_untouched(&self) -> bool {
        operator::is_untouched(self.release, self.settings)
    }
}
