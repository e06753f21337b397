//! The next steps for a release, before anything is applied: what must exist before, which depends on who holds the
//! certificate, what the upgrade means where the release is running already, what comes after, and how to go back.

mod instruction;
mod running;

use serde::Serialize;

use crate::connect::{self, Connection, Entrance};
use crate::filter::Rewrite;
use crate::gke::ingress::{CertificateSource, Ingress};
use crate::milvus::authentication;
use crate::milvus::release::Release;
use crate::milvus::service;
use crate::report::refusal::{Reason, Refusal};
use crate::settings::{Certificate, Doors, GcpName, Held, Http, IngressDoor, Issuer, Scheme, Settings};
use crate::stream::Stream;
use crate::text::shell_word;

pub use instruction::{Instruction, When};
use running::Running;

/// JSON Schema of [`Notes`].
pub const SCHEMA: &str = include_str!("../schemas/milvus-gke-l7-notes.json");

/// Tells the next steps for a release of the stream that is rewritten; `flags` ask for the settings.
///
/// # Errors
///
/// [`Reason::NotesOfGateway`]
pub fn notes(
    stream: &Stream<'_>,
    release: &Release<'_>,
    rewrite: &Rewrite,
    settings: &Settings,
    flags: &[String],
) -> Result<Notes, Refusal> {
    let (Some(ingress), Doors::Ingress(door)) = (&rewrite.ingress, &settings.doors) else {
        return Err(Reason::NotesOfGateway.into());
    };
    let (ingress, certificate) = (Ingress::read(ingress), &door.certificate);
    let running = Running::read(stream, release, rewrite, &ingress, door, settings);
    let mut steps = before(rewrite, &ingress, door);
    steps.extend(running.before());
    steps.push(apply(release, &ingress, flags));
    steps.extend(after(&release.name, &ingress, door));
    steps.extend(running.after());
    steps.extend(running.back());
    Ok(Notes {
        release: release.name.clone(),
        namespace: ingress.namespace().map(str::to_owned),
        certificate: how(&ingress, certificate),
        steps,
        connection: connect::how(&Entrance::from(&ingress), None, false),
    })
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
        Certificate::Managed(_) => "Google issues the certificate, for a ManagedCertificate of ours".to_owned(),
        Certificate::ManagedByName(name) => {
            format!("Google issues the certificate, for your ManagedCertificate {name}")
        }
        Certificate::Held(Held::PreShared(_)) => "the certificate is in Compute Engine".to_owned(),
        Certificate::Held(Held::Secret(name)) => format!("the certificate is in your Secret {name}"),
        Certificate::Held(Held::Files(_)) => {
            format!("the certificate is in Secret {}, part of the release", ingress.secret())
        }
        Certificate::Held(Held::CertManager(_)) => {
            format!("cert-manager issues the certificate, into Secret {}", ingress.secret())
        }
    }
}

/// What must be there.
fn before(rewrite: &Rewrite, ingress: &Ingress<'_>, door: &IngressDoor) -> Vec<Instruction> {
    let mut steps = Vec::new();
    steps.extend(rewrite.is_without_authentication.then(|| authentication(ingress)));
    steps.extend(reserve(ingress));
    // Google looks for the load balancer behind the domain: the sooner it leads there, the better.
    if ingress.static_ip.is_some() {
        steps.push(point(ingress, door));
    }
    steps.extend(certificate(ingress, door));
    steps
}

/// What comes with the load balancer.
fn after(release: &str, ingress: &Ingress<'_>, door: &IngressDoor) -> Vec<Instruction> {
    let is_managed = matches!(ingress.certificate, CertificateSource::Managed(_));
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
    steps.push(wait(release, ingress, is_managed));
    steps
}

/// Milvus does not ask for a password yet.
fn authentication(ingress: &Ingress<'_>) -> Instruction {
    let place = if ingress.internal { "in the VPC network" } else { "on the internet" };
    let words = format!(
        "{}, and the load balancer is {place}. To change that, {} (with PyMilvus, once clients can connect as root).",
        authentication::OFF,
        authentication::SWITCH_ON
    );
    Instruction::new(When::Before, words).run(authentication::CHANGE_PASSWORD)
}

fn reserve(ingress: &Ingress<'_>) -> Option<Instruction> {
    let name = shell_word(ingress.static_ip?);
    let (words, new, of) = match ingress.internal {
        true => (
            "Reserve the address, in the region and a subnet of the cluster, unless it exists.",
            "--region REGION --subnet SUBNET",
            "--region REGION",
        ),
        false => ("Reserve the address, unless it exists.", "--global", "--global"),
    };
    let step = Instruction::new(When::Before, words).run(format!("gcloud compute addresses create {name} {new}"));
    Some(step.run(format!("gcloud compute addresses describe {name} {of} --format='value(address)'")))
}

fn point(ingress: &Ingress<'_>, door: &IngressDoor) -> Instruction {
    let hosts = ingress.hosts.join(", ");
    let (when, address) = match ingress.static_ip {
        Some(_) => (When::Before, "that address"),
        None => (When::After, "the ADDRESS"),
    };
    let zone = if ingress.internal { ", in a private zone of the network" } else { "" };
    let need = match &door.certificate {
        Certificate::Managed(_) | Certificate::ManagedByName(_) => {
            " No AAAA record may lead elsewhere, and CAA records, if there are any, must allow pki.goog: or Google issues no certificate."
        }
        Certificate::Held(Held::CertManager(_)) if may_be_http01(door) => {
            " HTTP-01 needs it. Otherwise clients that pass server_name can do without."
        }
        _ => " Clients that pass server_name can do without.",
    };
    Instruction::new(when, format!("Point an A record of {hosts} at {address}{zone}.{need}"))
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
        Certificate::Held(Held::PreShared(names)) => {
            let place = if ingress.internal { "--region REGION" } else { "--global" };
            let make = |name: &GcpName| {
                let words = "must exist. With a certificate and a key of yours:";
                Instruction::new(When::Before, format!("SSL certificate {name} of Compute Engine {words}")).run(format!(
                    "gcloud compute ssl-certificates create {name} {place} --certificate tls.crt --private-key tls.key"
                ))
            };
            names.iter().map(make).collect()
        }
        Certificate::Held(Held::Secret(name)) => {
            let words = format!("Secret {name} must exist: without it GKE builds no front end.");
            vec![Instruction::new(When::Before, words).run(create_secret(name.as_str(), &namespace))]
        }
        Certificate::Held(Held::CertManager(issuer)) => cert_manager(ingress, issuer, may_be_http01(door)),
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
    let (kind, get) = match issuer {
        Issuer::Cluster(name) => (format!("ClusterIssuer {name}"), format!("clusterissuer {name}")),
        Issuer::Namespaced(name) => (format!("Issuer {name}"), format!("issuer {name}{namespace}")),
    };
    let solver = if may_be_http01 { "It should solve DNS-01." } else { "It must solve DNS-01." };
    let mut steps = vec![
        Instruction::new(When::Before, format!("{kind} of cert-manager must exist. {solver}"))
            .run(format!("kubectl get {get} -o yaml")),
    ];
    if may_be_http01 {
        let words = format!(
            "Only if it solves HTTP-01: until Secret {secret} exists GKE builds no front end, and no challenge can be answered. So create a placeholder, unless the Secret exists; cert-manager replaces its content."
        );
        let hosts = ingress.hosts.iter().map(|host| format!(" --host {}", shell_word(host))).collect::<String>();
        let key = format!("milvus-gke-l7 cert{hosts}");
        steps.push(Instruction::new(When::Before, words).run(key).run(create_secret(secret, &namespace)));
    }
    steps
}

fn apply(release: &Release<'_>, ingress: &Ingress<'_>, flags: &[String]) -> Instruction {
    let namespace = ingress.namespace_flag();
    // Another chart may mean another Milvus.
    let version = service::chart_version(&release.service.object)
        .map(|version| format!(" --version {}", shell_word(version)))
        .unwrap_or_default();
    let release = shell_word(&release.name);
    let mut command = format!(
        "helm upgrade --install {release} milvus/milvus{version}{namespace} \\\n  --post-renderer milvus-gke-l7"
    );
    for flag in flags {
        let flag = match flag.split_once('=') {
            Some((name, value)) => format!("{name}={}", shell_word(value)),
            None => flag.clone(),
        };
        command.push_str(&format!(" \\\n  --post-renderer-args {flag}"));
    }
    Instruction::new(
        When::Upgrade,
        "Apply it: with Helm, or with the same flags by kubectl or kustomize, if you use these.",
    )
    .run(command)
}

fn wait(release: &str, ingress: &Ingress<'_>, is_managed: bool) -> Instruction {
    let long = match is_managed {
        true => {
            "Google issues the certificate only once the domain points to the load balancer: up to 60 minutes, and up \
            to 30 more until it is served everywhere."
        }
        false => "The first health check is green a few minutes after the pods are ready.",
    };
    let release = shell_word(release);
    Instruction::new(When::After, format!("Wait until it is ready. {long}"))
        .run(format!("milvus-gke-l7 wait --release {release}{}", ingress.namespace_flag()))
}
