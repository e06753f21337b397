//! The certificate: what each status of a ManagedCertificate means and needs. Of the other kinds only the name is to
//! be seen here; what is wrong with them GKE says by events.

use std::net::IpAddr;

use serde_json::Value;

use super::objects::{Objects, leaving};
use super::step::{State, Step};
use crate::gke::annotation::{HTTPS_FORWARDING_RULE, PRE_SHARED_CERT};
use crate::gke::ingress::{CertificateSource, Ingress, IssuerName};
use crate::kube::object::Object as _;
use crate::kube::value::{array_at, str_at};
use crate::text::shell_word;

pub(super) fn steps(ingress: &Ingress<'_>, objects: &Objects<'_>, address: Option<IpAddr>) -> Vec<Step> {
    let note = |title: String| Step::new(State::Note, title);
    match &ingress.certificate {
        CertificateSource::Managed(names) => {
            let certificates = names.iter().map(|name| managed(name, ingress, objects, address));
            certificates.chain(uncovered(names, ingress, objects)).collect()
        }
        CertificateSource::PreShared(names) => names
            .iter()
            .map(|name| note(format!("certificate: SSL certificate {name} of Compute Engine, named by the Ingress")))
            .collect(),
        CertificateSource::Secrets(names) => names.iter().map(|name| secret(name, ingress, objects)).collect(),
        CertificateSource::None => {
            let step =
                Step::broken("certificate: the Ingress does not name one", "the Ingress does not name a certificate");
            vec![
                step.detail("without one nothing listens on port 443").help("give it one: see the flags of the filter"),
            ]
        }
    }
}

fn secret(name: &str, ingress: &Ingress<'_>, objects: &Objects<'_>) -> Step {
    if name.is_empty() {
        let step =
            Step::broken("certificate: spec.tls without secretName", "the Ingress has spec.tls without secretName");
        return step.detail("GKE then does not build a front end").help("name a Secret there, or omit spec.tls");
    }
    let by = match ingress.issuer {
        Some(IssuerName::Cluster(issuer)) => format!(", by ClusterIssuer {issuer} of cert-manager"),
        Some(IssuerName::Namespaced(issuer)) => format!(", by Issuer {issuer} of cert-manager"),
        None if is_issued(ingress, objects) => ", by cert-manager".to_owned(),
        None => String::new(),
    };
    let title = format!("certificate: Secret {name}{by}, named by the Ingress (its content was not checked)");
    if !is_issued(ingress, objects) || ingress.value.annotation(HTTPS_FORWARDING_RULE).is_some() {
        return Step::new(State::Note, title);
    }
    let namespace = ingress.namespace_flag();
    Step::waiting(title, format!("cert-manager: Secret {name}"))
        .detail(
            "GKE does not create a front end before it exists, and does not serve port 443 before it holds a \
            certificate",
        )
        .help(format!(
            "if it lasts: kubectl describe certificate,certificaterequest,order,challenge{namespace} says what \
            cert-manager waits for"
        ))
        .help(format!(
            "an HTTP-01 issuer needs a placeholder Secret first: milvus-gke-l7 cert, then kubectl create secret tls {}\
            {namespace} --cert tls.crt --key tls.key",
            shell_word(name),
        ))
        .first()
        .usually("with DNS-01 a few minutes; with HTTP-01 a few minutes after the host points to the ADDRESS")
}

/// Whether every Secret that the Ingress names is in the input, or is still to be made.
pub(super) fn has_secrets(ingress: &Ingress<'_>, objects: &Objects<'_>) -> bool {
    let is_there = |name: &&str| objects.has("Secret", name, ingress.namespace());
    is_issued(ingress, objects) || secrets(ingress).iter().all(is_there)
}

/// Whether cert-manager is asked for the certificate: by the Ingress, or by Certificates of the input.
pub(super) fn is_issued(ingress: &Ingress<'_>, objects: &Objects<'_>) -> bool {
    let secrets = secrets(ingress);
    let asked = |name: &&str| {
        objects.of_kind("Certificate").any(|certificate| {
            str_at(certificate, "/spec/secretName") == Some(name) && certificate.shares_namespace(ingress.namespace())
        })
    };
    !secrets.is_empty()
        && (ingress.issuer.is_some() || ingress.value.annotation(TLS_ACME) == Some("true") || secrets.iter().all(asked))
}

/// On an Ingress: cert-manager's default issuer makes the certificate.
const TLS_ACME: &str = "kubernetes.io/tls-acme";

fn secrets<'i, 'v>(ingress: &'i Ingress<'v>) -> &'i [&'v str] {
    match &ingress.certificate {
        CertificateSource::Secrets(names) => names,
        _ => &[],
    }
}

fn managed(name: &str, ingress: &Ingress<'_>, objects: &Objects<'_>, address: Option<IpAddr>) -> Step {
    let title = format!("ManagedCertificate {name}");
    let Some(certificate) = objects.find("ManagedCertificate", name, ingress.namespace()) else {
        let step = Step::waiting(format!("{title}: not in the input"), format!("ManagedCertificate {name}"));
        return step
            .detail("GKE does not attach any of the certificates while one is missing")
            .help("it must be in the namespace of the Ingress; kubectl must print managedcertificates, too")
            .usually("seconds after the upgrade");
    };
    if let Some(since) = leaving(certificate) {
        return Step::waiting(
            format!("{title}: being deleted since {since}"),
            format!("{title}, which is being deleted"),
        )
        .help("upgrade the release again once it is gone")
        .usually("a minute or two");
    }
    let status = str_at(certificate, "/status/certificateStatus").unwrap_or_default();
    if let Some(domain) = old_domain(certificate) {
        return Step::waiting(format!("{title}: {status}, for other domains than spec.domains"), title)
            .detail(format!("its status is for {domain}: GKE creates a new certificate when the domains change"))
            .help("nothing, unless it lasts: kubectl describe managedcertificate shows the events")
            .usually("a minute until the status follows, then as for a new certificate");
    }
    if status == "Active" && !is_attached(certificate, ingress) {
        return Step::waiting(format!("{title}: Active, not attached yet"), title)
            .detail(format!("GKE puts its name into the annotation {PRE_SHARED_CERT} of the Ingress, and then uses it"))
            .usually("a few minutes");
    }
    let (state, means) = of_certificate(status);
    let shown = if status.is_empty() { "no status yet" } else { status };
    let mut step = Step::new(state, format!("{title}: {shown}"));
    step.verdict = match state {
        State::Broken => format!("ManagedCertificate {name} is {shown}"),
        _ => format!("ManagedCertificate {name} ({shown})"),
    };
    step.details.extend(means.map(str::to_owned));
    step.details.extend(str_at(certificate, "/status/expireTime").map(|time| format!("it expires at {time}")));
    for domain in array_at(certificate, "/status/domainStatus") {
        step = of_domain(step, domain, address, name);
    }
    if status == "ProvisioningFailedPermanently" {
        step = step.help(format!(
            "fix what the domains say, delete the ManagedCertificate, and upgrade again{}",
            ": it is then recreated"
        ));
    }
    if status == "RenewalFailed" {
        step = step.help("every domain must point to the ADDRESS, and to nothing else; then Google tries again");
    }
    let usually = match status {
        "" => "a minute",
        _ => "up to 60 minutes after the domains point to the ADDRESS, then up to 30 until it is served everywhere",
    };
    step.usually(usually)
}

/// The first domain in which spec and status differ, if the status has domains: it then speaks of a certificate of
/// before.
fn old_domain(certificate: &Value) -> Option<&str> {
    let wanted: Vec<_> = array_at(certificate, "/spec/domains").filter_map(Value::as_str).collect();
    let known: Vec<_> = array_at(certificate, "/status/domainStatus").filter_map(|of| str_at(of, "/domain")).collect();
    let is_lagging = !known.is_empty() && !wanted.iter().all(|domain| known.contains(domain));
    let other = known.iter().find(|domain| !wanted.contains(domain)).copied();
    other.or_else(|| known.first().copied().filter(|_| is_lagging)).filter(|_| !wanted.is_empty())
}

/// Whether the Ingress names the SSL certificate that GKE has made, as far as both are told.
fn is_attached(certificate: &Value, ingress: &Ingress<'_>) -> bool {
    let made = str_at(certificate, "/status/certificateName");
    let attached = ingress.value.annotation(PRE_SHARED_CERT);
    made.zip(attached).is_none_or(|(made, attached)| attached.split(',').any(|name| name.trim() == made))
}

/// A host for which no ManagedCertificate is. GKE does not compare them.
fn uncovered(names: &[&str], ingress: &Ingress<'_>, objects: &Objects<'_>) -> Option<Step> {
    let certificates: Option<Vec<_>> =
        names.iter().map(|name| objects.find("ManagedCertificate", name, ingress.namespace())).collect();
    let certificates = certificates?;
    let domains = || certificates.iter().flat_map(|certificate| array_at(certificate, "/spec/domains"));
    let host = ingress.hosts.iter().find(|host| !domains().any(|domain| domain.as_str() == Some(**host)))?;
    let step = Step::broken(format!("certificate: none for {host}"), format!("no ManagedCertificate covers {host}"));
    Some(
        step.detail("clients of that host get a certificate for another name")
            .help("add the host to spec.domains of a ManagedCertificate; Google then issues a new certificate"),
    )
}

/// What a `certificateStatus` means.
fn of_certificate(status: &str) -> (State, Option<&'static str>) {
    match status {
        "Active" => (State::Done, None),
        "" => (State::Waiting, Some("GKE has not processed it yet")),
        "Provisioning" => (State::Waiting, Some("Google is issuing it")),
        "ProvisioningFailed" => (State::Waiting, Some("it failed, and Google will retry; the domains say why")),
        "ProvisioningFailedPermanently" => (State::Broken, Some("Google does not retry; the domains say why")),
        "RenewalFailed" => (State::Broken, Some("the old certificate is served until it expires; the domains say why")),
        _ => (State::Waiting, Some("a status that this program does not know")),
    }
}

/// The DNS records that lead to an address, and those that could lead elsewhere.
fn records(address: Option<IpAddr>) -> (&'static str, &'static str) {
    if address.is_some_and(|address| address.is_ipv6()) { ("AAAA", "A") } else { ("A", "AAAA") }
}

fn of_domain(mut step: Step, domain: &Value, address: Option<IpAddr>, certificate: &str) -> Step {
    let name = str_at(domain, "/domain").unwrap_or_default();
    let status = str_at(domain, "/status").unwrap_or_default();
    let to = address.map_or_else(|| "the ADDRESS of the Ingress".to_owned(), |address| address.to_string());
    let (record, other) = records(address);
    let point =
        format!("point the {record} record of {name} at {to}, and remove any {other} record that points elsewhere");
    let (state, means, help) = match status {
        "Active" => (State::Done, None, None),
        "Provisioning" => (
            State::Waiting,
            Some("Google is requesting it"),
            Some(format!("the {record} record of {name} must point to {to}, and no {other} record elsewhere")),
        ),
        "FailedNotVisible" => (
            State::Waiting,
            Some("Google does not find this load balancer at the domain"),
            Some(match step.state {
                State::Waiting => format!("{point}; Google then retries on its own"),
                _ => point,
            }),
        ),
        "FailedCaaChecking" => (
            State::Broken,
            Some("the CAA records of the domain cannot be read"),
            Some(format!("the name servers of {name} must answer when asked for CAA: dig CAA {name}")),
        ),
        "FailedCaaForbidden" => (
            State::Broken,
            Some("the CAA records of the domain do not allow Google to issue a certificate"),
            Some(format!("allow pki.goog (and letsencrypt.org) in the CAA records of {name}, or remove them")),
        ),
        "FailedRateLimited" => (
            State::Waiting,
            Some("the certificate authority received too many requests for this domain"),
            Some(format!("wait; do not request more certificates for {name} meanwhile")),
        ),
        "" => (State::Waiting, Some("no status yet"), None),
        _ => (State::Waiting, Some("a status that this program does not know"), None),
    };
    let means = means.map(|means| format!(", {means}")).unwrap_or_default();
    step.details.push(format!("{name}: {status}{means}"));
    // An active certificate is served whatever became of a domain since.
    if step.state == State::Done {
        return step;
    }
    step.help.extend(help);
    match (state, status) {
        (State::Broken, _) if step.state != State::Broken => {
            step.state = State::Broken;
            step.verdict = format!("ManagedCertificate {certificate}: {name} is {status}");
        }
        (_, "FailedNotVisible") if step.state == State::Waiting => {
            step.verdict = format!("DNS: {name} must point to {to}");
        }
        _ => {}
    }
    step
}
