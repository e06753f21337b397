//! How clients connect to Milvus through the load balancer: the lines to copy.

use std::net::IpAddr;

use crate::gke::ingress::{CertificateSource, Ingress};
use crate::milvus::authentication;
use crate::text::shell_word;

/// The lines, each block behind a line of words and a blank one. Without an address it is called ADDRESS; with
/// `dns`, or where the address is an IPv6 one, the host stands in its place, and no `server_name` is needed.
#[must_use]
pub fn how(ingress: &Ingress<'_>, address: Option<IpAddr>, dns: bool) -> Vec<String> {
    let host = ingress.client_host();
    let by_name = address.filter(IpAddr::is_ipv6);
    let dns = dns || by_name.is_some();
    let address = address.map_or_else(|| "ADDRESS".to_owned(), |address| address.to_string());
    let name = host.clone().unwrap_or_else(|| "NAME-IN-THE-CERTIFICATE".to_owned());
    let (target, server_name) = match host {
        Some(host) if dns => (host, None),
        _ if by_name.is_some() => (name.clone(), None),
        _ => (address.clone(), Some(name.clone())),
    };
    // Google's roots and those of other public authorities come with PyMilvus.
    let own = matches!(ingress.certificate, CertificateSource::Secrets(_)) && ingress.issuer.is_none();
    let pem = own.then_some(PEM);
    let mut lines = certificate(ingress);
    // Of the URI of PyMilvus 3.0.2 the brackets get lost, and its `host` takes no colon.
    if let Some(address) = by_name {
        lines.push(format!("PyMilvus takes no IPv6 address: an AAAA record of {name} must lead to {address}."));
        lines.push(String::new());
    }
    let mut block = |words: &str, code: Vec<String>| {
        lines.push(format!("{words}:"));
        lines.push(String::new());
        lines.extend(code);
        lines.push(String::new());
    };
    let arguments = |first: &[(&str, &str)]| {
        let argument = |(key, value): (&str, &str)| format!("    {key}=\"{value}\",");
        let mut arguments: Vec<_> = first.iter().copied().map(argument).collect();
        arguments.push("    secure=True,".to_owned());
        arguments.extend(server_name.as_deref().map(|name| argument(("server_name", name))));
        arguments.extend(pem.map(|pem| argument(("server_pem_path", pem))));
        arguments
    };
    let lines_of = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();

    let uri = format!("https://{target}:443");
    let client = [
        lines_of(&["from pymilvus import MilvusClient", "", "client = MilvusClient("]),
        arguments(&[("uri", &uri)]),
        lines_of(&[")", "print(client.list_collections())"]),
    ];
    block("PyMilvus", client.concat());
    let connections = [
        lines_of(&["from pymilvus import connections, utility", "", "connections.connect("]),
        arguments(&[("alias", "default"), ("host", &target), ("port", "443")]),
        lines_of(&[")", "print(utility.list_collections())"]),
    ];
    block("PyMilvus, as in the guide", connections.concat());
    if ingress.rest {
        let resolve = if dns { String::new() } else { format!(" --resolve {name}:443:{address}") };
        let trust = pem.map(|pem| format!(" --cacert {pem}")).unwrap_or_default();
        let curl = format!(
            "curl{resolve}{trust} https://{name}/v2/vectordb/collections/list \\\n  \
            --header 'Content-Type: application/json' --data '{{}}'"
        );
        block("REST", curl.lines().map(str::to_owned).collect());
    }
    lines.push("Where Milvus asks for a password, add token=\"USER:PASSWORD\".".to_owned());
    if !ingress.internal {
        lines.push(format!("Unless it does, this is open to the internet: {}.", authentication::SWITCH_ON));
    }
    lines
}

/// The file that the blocks name.
const PEM: &str = "tls.crt";

/// Where the client finds the certificate that it must trust, if it may be one of the user's own.
fn certificate(ingress: &Ingress<'_>) -> Vec<String> {
    let secret = |name: &str, key: &str| {
        let namespace = ingress.namespace_flag();
        let name = shell_word(name);
        format!("kubectl get secret {name}{namespace} -o jsonpath='{{.data.{key}}}' | base64 --decode > {PEM}")
    };
    let (words, command) = match (&ingress.certificate, ingress.issuer) {
        (CertificateSource::Secrets(names), Some(_)) => (
            "If the issuer is no public authority, add server_pem_path=\"tls.crt\", with this file:",
            secret(names.first().unwrap_or(&""), r"ca\.crt"),
        ),
        (CertificateSource::Secrets(names), None) => (
            "The certificate for server_pem_path. If a public authority signed it, leave server_pem_path out:",
            secret(names.first().unwrap_or(&""), r"tls\.crt"),
        ),
        (CertificateSource::PreShared(names), _) => {
            let name = shell_word(names.first().unwrap_or(&""));
            let place = if ingress.internal { "--region REGION" } else { "--global" };
            (
                "If no public authority signed the certificate, add server_pem_path=\"tls.crt\", with this file:",
                format!(
                    "gcloud compute ssl-certificates describe {name} {place} --format='value(certificate)' > {PEM}"
                ),
            )
        }
        (CertificateSource::Managed(_) | CertificateSource::None, _) => return Vec::new(),
    };
    vec![words.to_owned(), String::new(), command, String::new()]
}
