//! The next steps for a release, before anything is applied: what must exist before, which depends on who holds the
//! certificate, what the upgrade means where the release is running already, what comes after, and how to go back.

mod gateway;
mod instruction;
mod running;

use std::collections::HashSet;

use serde::Serialize;

use crate::connect::{self, Connection, Entrance};
use crate::filter::Rewrite;
use crate::gke::ingress::{CertificateSource, Ingress};
use crate::kube::object::Object as _;
use crate::milvus::authentication;
use crate::milvus::release::Release;
use crate::milvus::service;
use crate::plan;
use crate::settings::{Certificate, FrontEnd, GcpName, Held, Http, IngressDoor, Issuer, Scheme, Settings};
use crate::stream::Stream;
use crate::text::{namespace_flag, shell_word};

use gateway::Front;
pub use instruction::{Instruction, When};
use running::Running;

/// JSON Schema of [`Notes`].
pub const SCHEMA: &str = include_str!("../schemas/milvus-gke-l7-notes.json");

/// Tells the next steps for a release of the stream that is rewritten; `flags` ask for the settings.
#[must_use]
pub fn notes(
    stream: &Stream<'_>,
    release: &Release<'_>,
    rewrite: &Rewrite,
    settings: &Settings,
    flags: &[String],
) -> Notes {
    let namespace = release.service.object.namespace();
    let ingress = rewrite.ingress.as_ref().map(Ingress::read);
    let ingress = ingress.as_ref().zip(settings.doors.ingress());
    let (service, secret) = (release.service.name.as_str(), plan::certificate_name(release));
    let gateway = settings.doors.gateway().map(|door| Front { door, settings, namespace, service, secret });
    let stays = [ingress.map(|(ingress, door)| stays(ingress, door)), gateway.as_ref().map(Front::stays)];
    let mut stays: Vec<String> = stays.into_iter().flatten().flatten().collect();
    let mut seen = HashSet::new();
    stays.retain(|name| seen.insert(name.clone()));
    let running = Running::read(stream, release, rewrite, settings, stays);

    let mut steps = Vec::new();
    steps.extend(rewrite.is_without_authentication.then(|| authentication(settings.doors.scheme())));
    steps.extend(ingress.iter().flat_map(|(ingress, door)| before(ingress, door)));
    steps.extend(gateway.iter().flat_map(Front::before));
    steps.extend(running.before());
    steps.push(apply(release, namespace, flags));
    steps.extend(ingress.iter().flat_map(|(ingress, door)| after(ingress, door)));
    steps.extend(gateway.iter().flat_map(Front::after));
    let is_managed = ingress.is_some_and(|(ingress, _)| matches!(ingress.certificate, CertificateSource::Managed(_)));
    steps.push(wait(release, namespace, is_managed, gateway.as_ref().map(Front::wait)));
    steps.extend(gateway.as_ref().and_then(Front::moving));
    steps.extend(running.after());
    steps.extend(running.back());

    let certificates =
        [ingress.map(|(ingress, door)| how(ingress, &door.certificate)), gateway.as_ref().map(Front::how)];
    let certificates: Vec<_> = certificates.into_iter().flatten().collect();
    let connections = [
        ingress.map(|(ingress, _)| connect::how(&Entrance::from(ingress), None, false)),
        gateway.as_ref().map(Front::connection),
    ];
    Notes {
        release: release.name.clone(),
        namespace: namespace.map(str::to_owned),
        certificate: match &certificates[..] {
            [of_ingress, of_gateway] if of_ingress != of_gateway => {
                format!("{of_ingress}; for the Gateway, {of_gateway}")
            }
            _ => certificates.into_iter().next().unwrap_or_default(),
        },
        steps,
        connection: connections.into_iter().flatten().next().unwrap_or_default(),
    }
}

/// The next steps for a Milvus release, in order.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Notes {
    /// The release
    pub release: String,
    /// Its namespace, if the chart was rendered with one
    pub namespace: Option<String>,
    /// Who holds the certificate
    pub certificate: String,
    /// What to do, in order
    pub steps: Vec<Instruction>,
    /// How clients connect then; the address is not known yet, and called ADDRESS
    pub connection: Connection,
}

impl Notes {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { release, namespace, certificate, steps, connection } = self;
        let namespace = namespace.as_deref().map(|namespace| format!(", namespace {namespace}")).unwrap_or_default();
        let mut lines = vec![format!("Release {release}{namespace}: {certificate}."), String::new()];
        let mut last = None;
        for (index, Instruction { when, words, commands }) in steps.iter().enumerate() {
            if last.replace(when) != Some(when) {
                lines.extend([format!("{when}:"), String::new()]);
            }
            lines.extend(wrapped(&format!("{}. {words}", index + 1)));
            lines.push(String::new());
            if !commands.is_empty() {
                lines.extend(commands.iter().flat_map(|command| command.lines()).map(|line| format!("   {line}")));
                lines.push(String::new());
            }
        }
        lines.push("When it is ready, clients connect like this. `status` prints it with the ADDRESS.".to_owned());
        lines.push(String::new());
        lines.extend(connection.lines());
        lines.join("\n") + "\n"
    }
}

/// Lines for a terminal; all but the first are indented as commands are.
fn wrapped(text: &str) -> Vec<String> {
    const WIDTH: usize = 100;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("   {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn how(ingress: &Ingress<'_>, certificate: &Certificate) -> String {
    match certificate {
        Certificate::Managed(_) => "Google issues the certificate, for our ManagedCertificate".to_owned(),
        Certificate::ManagedByName(name) => {
            format!("Google issues the certificate, for your ManagedCertificate {name}")
        }
        Certificate::Held(held) => how_held(held, ingress.secret()),
    }
}

/// The same for what an Ingress and a Gateway accept; `secret` is ours, or cert-manager's.
fn how_held(held: &Held, secret: &str) -> String {
    match held {
        Held::PreShared(_) => "the certificate is in Compute Engine".to_owned(),
        Held::Secret(name) => format!("the certificate is in your Secret {name}"),
        Held::Files(_) => format!("the certificate is in Secret {secret}, part of the release"),
        Held::CertManager(_) => format!("cert-manager issues the certificate, into Secret {secret}"),
    }
}

/// What must be there.
fn before(ingress: &Ingress<'_>, door: &IngressDoor) -> Vec<Instruction> {
    let mut steps = Vec::new();
    steps.extend(ingress.internal.then(proxy_only_subnet));
    steps.extend(reserve(ingress));
    // Google looks for the load balancer behind the domain: the sooner it leads there, the better.
    if ingress.static_ip.is_some() {
        steps.push(point(ingress, door));
    }
    steps.extend(certificate(ingress, door));
    steps
}

/// What comes with the load balancer.
fn after(ingress: &Ingress<'_>, door: &IngressDoor) -> Vec<Instruction> {
    let mut steps = Vec::new();
    if ingress.static_ip.is_none() {
        let name = shell_word(ingress.name);
        let namespace = ingress.namespace_flag();
        steps.push(
            Instruction::new(When::After, "Wait for the ADDRESS of the Ingress, two to ten minutes.")
                .run(format!("kubectl get ingress {name}{namespace} --watch")),
        );
        steps.push(point(ingress, door));
    }
    steps
}

/// Milvus does not ask for a password yet.
fn authentication(scheme: Scheme) -> Instruction {
    let place = match scheme {
        Scheme::Internal => "in the VPC network",
        Scheme::External => "on the internet",
    };
    let words = format!(
        "{}, and the load balancer is {place}. To change that, {} (with PyMilvus, once clients can connect as root).",
        authentication::OFF,
        authentication::SWITCH_ON
    );
    Instruction::new(When::Before, words).run(authentication::CHANGE_PASSWORD)
}

fn reserve(ingress: &Ingress<'_>) -> Option<Instruction> {
    let name = shell_word(ingress.static_ip?);
    let words = match ingress.internal {
        true => "Reserve the address, in the region and a subnet of the cluster, unless it exists.",
        false => "Reserve the address, unless it exists.",
    };
    Some(reserved(words, &name, ingress.internal, ingress.internal))
}

fn reserved(words: &str, name: &str, is_regional: bool, is_internal: bool) -> Instruction {
    let (place, subnet) = (place(is_regional), if is_internal { " --subnet SUBNET" } else { "" });
    Instruction::new(When::Before, words)
        .run(format!("gcloud compute addresses create {name} {place}{subnet}"))
        .run(format!("gcloud compute addresses describe {name} {place} --format='value(address)'"))
}

/// What every regional load balancer needs.
fn proxy_only_subnet() -> Instruction {
    let words = "The region must have a proxy-only subnet. If it has none:";
    Instruction::new(When::Before, words).run(
        "gcloud compute networks subnets create SUBNET --purpose=REGIONAL_MANAGED_PROXY --role=ACTIVE \
         --network=NETWORK --region=REGION --range=RANGE",
    )
}

fn point(ingress: &Ingress<'_>, door: &IngressDoor) -> Instruction {
    let need = match &door.certificate {
        Certificate::Managed(_) | Certificate::ManagedByName(_) => {
            "No AAAA record may point elsewhere, and CAA records, if there are any, must allow pki.goog. Otherwise \
            Google does not issue a certificate."
        }
        Certificate::Held(Held::CertManager(_)) if may_be_http01(door) => {
            "HTTP-01 needs it. Otherwise clients that pass server_name can do without."
        }
        _ => OPTIONAL_RECORD,
    };
    pointed(&ingress.hosts, ingress.static_ip.is_some(), ingress.internal, need)
}

const OPTIONAL_RECORD: &str = "Clients that pass server_name can do without.";

fn pointed(hosts: &[&str], is_reserved: bool, is_internal: bool, need: &str) -> Instruction {
    let (when, address) = match is_reserved {
        true => (When::Before, "that address"),
        false => (When::After, "the ADDRESS"),
    };
    let zone = if is_internal { ", in a private zone of the network" } else { "" };
    Instruction::new(when, format!("Point an A record of {} at {address}{zone}. {need}", hosts.join(", ")))
}

/// What must exist before.
fn certificate(ingress: &Ingress<'_>, door: &IngressDoor) -> Vec<Instruction> {
    let namespace = ingress.namespace_flag();
    match &door.certificate {
        Certificate::Managed(_) | Certificate::Held(Held::Files(_)) => Vec::new(),
        Certificate::ManagedByName(name) => {
            let step = format!("ManagedCertificate {name} must exist, and its domains must include every host.");
            vec![
                Instruction::new(When::Before, step)
                    .run(format!("kubectl get managedcertificate {name}{namespace} -o yaml")),
            ]
        }
        Certificate::Held(Held::PreShared(names)) => pre_shared(names, place(ingress.internal)),
        Certificate::Held(Held::Secret(name)) => {
            let words = format!("Secret {name} must exist: without it GKE does not build a front end.");
            vec![Instruction::new(When::Before, words).run(create_secret(name.as_str(), &namespace))]
        }
        Certificate::Held(Held::CertManager(issuer)) => cert_manager(ingress, issuer, may_be_http01(door)),
    }
}

fn pre_shared(names: &[GcpName], place: &str) -> Vec<Instruction> {
    let make = |name: &GcpName| {
        let words = "must exist. With your certificate and key:";
        Instruction::new(When::Before, format!("SSL certificate {name} of Compute Engine {words}")).run(format!(
            "gcloud compute ssl-certificates create {name} {place} --certificate tls.crt --private-key tls.key"
        ))
    };
    names.iter().map(make).collect()
}

/// Flags of gcloud for what is global or of a region.
fn place(is_regional: bool) -> &'static str {
    if is_regional { "--region REGION" } else { "--global" }
}

/// What an issuer is called, and what kubectl is to get.
fn of_issuer(issuer: &Issuer, namespace: &str) -> (String, String) {
    match issuer {
        Issuer::Cluster(name) => (format!("ClusterIssuer {name}"), format!("clusterissuer {name}")),
        Issuer::Namespaced(name) => (format!("Issuer {name}"), format!("issuer {name}{namespace}")),
    }
}

fn create_secret(name: &str, namespace: &str) -> String {
    format!("kubectl create secret tls {name}{namespace} --cert tls.crt --key tls.key")
}

/// The authority asks on port 80, from the internet.
fn may_be_http01(door: &IngressDoor) -> bool {
    door.front_end.scheme == Scheme::External && door.front_end.http != Http::Off
}

fn cert_manager(ingress: &Ingress<'_>, issuer: &Issuer, may_be_http01: bool) -> Vec<Instruction> {
    let namespace = ingress.namespace_flag();
    let secret = ingress.secret();
    let (kind, get) = of_issuer(issuer, &namespace);
    let solver = if may_be_http01 { "It should solve DNS-01." } else { "It must solve DNS-01." };
    let mut steps = vec![
        Instruction::new(When::Before, format!("{kind} of cert-manager must exist. {solver}"))
            .run(format!("kubectl get {get} -o yaml")),
    ];
    if may_be_http01 {
        let words = format!(
            "Only if it solves HTTP-01: until Secret {secret} exists, GKE does not build a front end, and challenges \
            fail. So create a placeholder, unless the Secret exists; cert-manager replaces its content."
        );
        let hosts = ingress.hosts.iter().map(|host| format!(" --host {}", shell_word(host))).collect::<String>();
        let key = format!("milvus-gke-l7 cert{hosts}");
        steps.push(Instruction::new(When::Before, words).run(key).run(create_secret(secret, &namespace)));
    }
    steps
}

fn apply(release: &Release<'_>, namespace: Option<&str>, flags: &[String]) -> Instruction {
    let namespace = namespace_flag(namespace);
    let shown = flags.iter().map(|flag| match flag.split_once('=') {
        Some((name, value)) => format!("{name}={}", shell_word(value)),
        None => flag.clone(),
    });
    if release.resource.is_some() {
        let flags = shown.collect::<Vec<_>>().join(" ");
        let words = "Apply it. milvus.yaml stands for the file with the resource; kustomize and Argo CD can run the \
            program as well.";
        let command = format!("milvus-gke-l7 {flags} < milvus.yaml |\n  kubectl apply{namespace} --filename -");
        return Instruction::new(When::Upgrade, words).run(command);
    }
    // Another chart may mean another Milvus.
    let version = service::chart_version(&release.service.object)
        .map(|version| format!(" --version {}", shell_word(version)))
        .unwrap_or_default();
    let release = shell_word(&release.name);
    let mut command = format!(
        "helm upgrade --install {release} milvus/milvus{version}{namespace} \\\n  --post-renderer milvus-gke-l7"
    );
    for flag in shown {
        command.push_str(&format!(" \\\n  --post-renderer-args {flag}"));
    }
    Instruction::new(
        When::Upgrade,
        "Apply it with Helm, or with the same flags through kubectl or kustomize, if you use these. If the release is \
        running, add --values values.yaml.",
    )
    .run(command)
}

fn wait(release: &Release<'_>, namespace: Option<&str>, is_managed: bool, gateway: Option<String>) -> Instruction {
    let long = match is_managed {
        true => {
            "Google issues the certificate only once the domain points to the load balancer: up to 60 minutes, and up \
            to 30 more until it is served everywhere."
        }
        false => "The first health check is green a few minutes after the pods are ready.",
    };
    let operator = if release.resource.is_some() { " --operator" } else { "" };
    let (release, gateway) = (shell_word(&release.name), gateway.unwrap_or_default());
    Instruction::new(When::After, format!("Wait until it is ready. {long}"))
        .run(format!("milvus-gke-l7 wait --release {release}{}{gateway}{operator}", namespace_flag(namespace)))
}

/// What is neither the release's nor the load balancer's.
fn stays(ingress: &Ingress<'_>, IngressDoor { certificate, front_end }: &IngressDoor) -> Vec<String> {
    let certificate = match certificate {
        Certificate::Managed(_) => None,
        Certificate::ManagedByName(name) => Some(format!("ManagedCertificate {name}")),
        Certificate::Held(held) => held_stays(held, ingress.secret()),
    };
    front_end_stays(front_end, certificate)
}

/// The certificate, if it is not part of the release; `secret` is cert-manager's.
fn held_stays(held: &Held, secret: &str) -> Option<String> {
    match held {
        Held::PreShared(names) => Some(format!("SSL certificate {}", listed(names))),
        Held::Secret(name) => Some(format!("Secret {name}")),
        Held::CertManager(_) => Some(format!("Secret {secret}")),
        Held::Files(_) => None,
    }
}

fn front_end_stays(front_end: &FrontEnd, certificate: Option<String>) -> Vec<String> {
    let address = front_end.static_ip.as_ref().map(|name| format!("the reserved address {name}"));
    let ssl = front_end.ssl_policy.as_ref().map(|name| format!("SSL policy {name}"));
    [address, certificate, ssl].into_iter().flatten().collect()
}

fn listed<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
