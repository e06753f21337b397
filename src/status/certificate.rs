//! The certificate: what each status of a ManagedCertificate means and needs. Of the other kinds only the name is to
//! be seen here; what is wrong with them GKE says by events.

use std::net::IpAddr;

use serde_json::Value;

use super::objects::Objects;
use super::step::{State, Step};
use crate::gke::ingress::{CertificateSource, Ingress, IssuerName};
use crate::kube::value::{array_at, str_at};

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
        CertificateSource::Secrets(names) => names.iter().map(|name| secret(name, ingress)).collect(),
        CertificateSource::None => {
            let step = Step::broken("certificate: the Ingress names none", "the Ingress names no certificate");
            vec![
                step.detail("without one nothing listens on port 443").help("give it one: see the flags of the filter"),
            ]
        }
    }
}

fn secret(name: &str, ingress: &Ingress<'_>) -> Step {
    if name.is_empty() {
        let step =
            Step::broken("certificate: spec.tls without secretName", "the Ingress has spec.tls without secretName");
        return step.detail("GKE then makes no front end").help("name a Secret there, or leave spec.tls out");
    }
    let by = match ingress.issuer {
        Some(IssuerName::Cluster(issuer)) => format!(", by ClusterIssuer {issuer} of cert-manager"),
        Some(IssuerName::Namespaced(issuer)) => format!(", by Issuer {issuer} of cert-manager"),
        None => String::new(),
    };
    Step::new(State::Note, format!("certificate: Secret {name}{by}, named by the Ingress (not looked into)"))
}

fn managed(name: &str, ingress: &Ingress<'_>, objects: &Objects<'_>, address: Option<IpAddr>) -> Step {
    let title = format!("ManagedCertificate {name}");
    let Some(certificate) = objects.find("ManagedCertificate", name, ingress.namespace()) else {
        let step = Step::waiting(format!("{title}: not in the input"), format!("ManagedCertificate {name}"));
        return step
            .detail("GKE attaches none of the certificates as long as one is missing")
            .help("it must be in the namespace of the Ingress; kubectl must be asked for managedcertificate too")
            .usually("seconds after the upgrade");
    };
    let status = str_at(certificate, "/status/certificateStatus").unwrap_or_default();
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
            "put right what the domains say, delete the ManagedCertificate, and upgrade again{}",
            ": it is then made anew"
        ));
    }
    if status == "RenewalFailed" {
        step = step.help("every domain must lead to the ADDRESS, and to nothing else; then Google tries again");
    }
    let usually = match status {
        "" => "a minute",
        _ => "up to 60 minutes after the domains lead to the ADDRESS, then up to 30 until it is served everywhere",
    };
    step.usually(usually)
}

/// A host for which no ManagedCertificate is. GKE does not compare them.
fn uncovered(names: &[&str], ingress: &Ingress<'_>, objects: &Objects<'_>) -> Option<Step> {
    let certificates: Option<Vec<_>> =
        names.iter().map(|name| objects.find("ManagedCertificate", name, ingress.namespace())).collect();
    let certificates = certificates?;
    let domains = || certificates.iter().flat_map(|certificate| array_at(certificate, "/spec/domains"));
    let host = ingress.hosts.iter().find(|host| !domains().any(|domain| domain.as_str() == Some(**host)))?;
    let step = Step::broken(format!("certificate: none for {host}"), format!("no ManagedCertificate is for {host}"));
    Some(
        step.detail("clients of that host get a certificate for another name")
            .help("name the host in spec.domains of a ManagedCertificate; Google then makes a new certificate"),
    )
}

/// What a `certificateStatus` means.
fn of_certificate(status: &str) -> (State, Option<&'static str>) {
    match status {
        "Active" => (State::Done, None),
        "" => (State::Waiting, Some("GKE has not taken it up yet")),
        "Provisioning" => (State::Waiting, Some("Google is making it")),
        "ProvisioningFailed" => (State::Waiting, Some("it failed, and Google tries again; the domains say why")),
        "ProvisioningFailedPermanently" => (State::Broken, Some("Google does not try again; the domains say why")),
        "RenewalFailed" => (State::Broken, Some("the old certificate serves until it expires; the domains say why")),
        _ => (State::Waiting, Some("a status that this program does not know")),
    }
}

fn of_domain(mut step: Step, domain: &Value, address: Option<IpAddr>, certificate: &str) -> Step {
    let name = str_at(domain, "/domain").unwrap_or_default();
    let status = str_at(domain, "/status").unwrap_or_default();
    let to = address.map_or_else(|| "the ADDRESS of the Ingress".to_owned(), |address| address.to_string());
    let point = format!("point the A record of {name} at {to}, and have no AAAA record that leads elsewhere");
    let (state, means, help) = match status {
        "Active" => (State::Done, None, None),
        "Provisioning" => (
            State::Waiting,
            Some("Google is asking for it"),
            Some(format!("the A record of {name} must lead to {to}, and no AAAA record elsewhere")),
        ),
        "FailedNotVisible" => (
            State::Waiting,
            Some("Google does not find this load balancer behind the domain"),
            Some(match step.state {
                State::Waiting => format!("{point}; Google then tries again by itself"),
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
            Some("the authority has got too many requests for this domain"),
            Some(format!("wait; ask for no further certificates for {name} meanwhile")),
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
            step.verdict = format!("DNS: {name} must lead to {to}");
        }
        _ => {}
    }
    step
}
