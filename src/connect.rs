//! How clients connect to Milvus through the load balancer: the data, and the lines to copy.

use std::net::IpAddr;

use serde::Serialize;

use crate::gke::ingress::{CertificateSource, Ingress};
use crate::milvus::authentication;
use crate::text::{namespace_flag, shell_word};

/// What clients meet: the load balancer of an Ingress or of a Gateway.
#[derive(Debug)]
pub struct Entrance<'v> {
    /// The hosts that it serves.
    pub hosts: &'v [&'v str],
    /// Who holds the certificate.
    pub certificate: &'v CertificateSource<'v>,
    /// Whether cert-manager issues it.
    pub is_issued: bool,
    /// Whether it leads to Milvus's REST API.
    pub rest: bool,
    /// Whether its clients are in the VPC network.
    pub internal: bool,
    /// The namespace of the certificate's Secret.
    pub namespace: Option<&'v str>,
}

impl<'v> From<&'v Ingress<'v>> for Entrance<'v> {
    fn from(ingress: &'v Ingress<'v>) -> Self {
        Self {
            hosts: &ingress.hosts,
            certificate: &ingress.certificate,
            is_issued: ingress.issuer.is_some(),
            rest: ingress.rest,
            internal: ingress.internal,
            namespace: ingress.namespace(),
        }
    }
}

impl Entrance<'_> {
    /// The host that a client may connect to: one without a wildcard, if there is one.
    fn client_host(&self) -> Option<String> {
        let plain = self.hosts.iter().find(|host| !host.starts_with('*'));
        let host = plain.or_else(|| self.hosts.first())?;
        Some(host.strip_prefix("*.").map_or_else(|| (*host).to_owned(), |domain| format!("milvus.{domain}")))
    }
}

/// How clients connect through a load balancer.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Connection {
    /// For `uri` of PyMilvus
    pub uri: String,
    /// The same, for clients that take host and port
    pub host: String,
    /// The port of the load balancer
    pub port: u16,
    /// For `server_name` of PyMilvus; null where `host` is in the certificate
    pub server_name: Option<String>,
    /// For `server_pem_path` of PyMilvus, if clients must be told whom to trust
    pub server_pem_path: Option<String>,
    /// How that file is fetched, or when it is needed
    pub certificate: Option<CertificateFile>,
    /// What DNS must do before
    pub dns: Option<String>,
    /// What to know about passwords
    pub authentication: Vec<String>,
    /// Lines of Python, with MilvusClient
    pub pymilvus: Vec<String>,
    /// Lines of Python, with connections, as in the guide
    pub pymilvus_connections: Vec<String>,
    /// Lines of a shell, if Milvus's REST API is served
    pub curl: Option<Vec<String>>,
}

/// The certificate that clients must trust.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateFile {
    /// When it is needed
    pub words: String,
    /// What writes it
    pub command: String,
}

/// How clients connect. Without an address it is called ADDRESS; with `dns`, or where the address is an IPv6 one, the
/// host stands in its place, and no `server_name` is needed.
#[must_use]
pub fn how(entrance: &Entrance<'_>, address: Option<IpAddr>, dns: bool) -> Connection {
    let host = entrance.client_host();
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
    let own = matches!(entrance.certificate, CertificateSource::Secrets(_)) && !entrance.is_issued;
    let pem = own.then_some(PEM);
    let arguments = |first: &[(&str, &str)]| {
        let argument = |(key, value): (&str, &str)| format!("    {key}=\"{value}\",");
        let mut arguments: Vec<_> = first.iter().copied().map(argument).collect();
        arguments.push("    secure=True,".to_owned());
        arguments.extend(server_name.as_deref().map(|name| argument(("server_name", name))));
        arguments.extend(pem.map(|pem| argument(("server_pem_path", pem))));
        arguments
    };
    let lines_of = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();

    let uri = format!("https://{target}:{PORT}");
    let client = [
        lines_of(&["from pymilvus import MilvusClient", "", "client = MilvusClient("]),
        arguments(&[("uri", &uri)]),
        lines_of(&[")", "print(client.list_collections())"]),
    ];
    let connections = [
        lines_of(&["from pymilvus import connections, utility", "", "connections.connect("]),
        arguments(&[("alias", "default"), ("host", &target), ("port", &PORT.to_string())]),
        lines_of(&[")", "print(utility.list_collections())"]),
    ];
    let curl = entrance.rest.then(|| {
        let resolve = if dns { String::new() } else { format!(" --resolve {name}:{PORT}:{address}") };
        let trust = pem.map(|pem| format!(" --cacert {pem}")).unwrap_or_default();
        vec![
            format!("curl{resolve}{trust} https://{name}/v2/vectordb/collections/list \\"),
            "  --header 'Content-Type: application/json' --data '{}'".to_owned(),
        ]
    });
    let mut authentication = vec!["If Milvus asks for a password, add token=\"USER:PASSWORD\".".to_owned()];
    if !entrance.internal {
        let words = format!("If it does not, this is open to the internet: {}.", authentication::SWITCH_ON);
        authentication.push(words);
    }
    Connection {
        uri,
        host: target,
        port: PORT,
        server_pem_path: pem.map(str::to_owned),
        certificate: certificate(entrance),
        // Of the URI of PyMilvus 3.0.2 the brackets get lost, and its `host` takes no colon.
        dns: by_name.map(|address| {
            format!("PyMilvus does not accept an IPv6 address: an AAAA record of {name} must point to {address}.")
        }),
        authentication,
        pymilvus: client.concat(),
        pymilvus_connections: connections.concat(),
        curl,
        server_name,
    }
}

impl Connection {
    /// The lines to copy, each block after a line of words and a blank one.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut block = |words: &str, code: &[String]| {
            lines.extend([words.to_owned(), String::new()]);
            if !code.is_empty() {
                lines.extend(code.iter().cloned().chain([String::new()]));
            }
        };
        if let Some(CertificateFile { words, command }) = &self.certificate {
            block(words, std::slice::from_ref(command));
        }
        if let Some(words) = &self.dns {
            block(words, &[]);
        }
        block("PyMilvus:", &self.pymilvus);
        block("PyMilvus, as in the guide:", &self.pymilvus_connections);
        if let Some(curl) = &self.curl {
            block("REST:", curl);
        }
        lines.extend(self.authentication.iter().cloned());
        lines
    }
}

/// The load balancer's.
const PORT: u16 = 443;

/// The file that the blocks name.
const PEM: &str = "tls.crt";

/// Where the client finds the certificate that it must trust, if it may be one of the user's own.
fn certificate(entrance: &Entrance<'_>) -> Option<CertificateFile> {
    let secret = |name: &str, key: &str| {
        let namespace = namespace_flag(entrance.namespace);
        let name = shell_word(name);
        format!("kubectl get secret {name}{namespace} -o jsonpath='{{.data.{key}}}' | base64 --decode > {PEM}")
    };
    let (words, command) = match (entrance.certificate, entrance.is_issued) {
        (CertificateSource::Secrets(names), true) => (
            "If the issuer is not a public authority, add server_pem_path=\"tls.crt\", with this file:",
            secret(names.first().unwrap_or(&""), r"ca\.crt"),
        ),
        (CertificateSource::Secrets(names), false) => (
            "The certificate for server_pem_path. If a public authority signed it, omit server_pem_path:",
            secret(names.first().unwrap_or(&""), r"tls\.crt"),
        ),
        (CertificateSource::PreShared(names), _) => {
            let name = shell_word(names.first().unwrap_or(&""));
            let place = if entrance.internal { "--region REGION" } else { "--global" };
            (
                "If no public authority signed the certificate, add server_pem_path=\"tls.crt\", with this file:",
                format!(
                    "gcloud compute ssl-certificates describe {name} {place} --format='value(certificate)' > {PEM}"
                ),
            )
        }
        (CertificateSource::Managed(_) | CertificateSource::None, _) => return None,
    };
    Some(CertificateFile { words: words.to_owned(), command })
}
