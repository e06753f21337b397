//! What the user asks for, wherever it is written: one definition of the flags, of the
//! environment, and of the fields of a config file or functionConfig.

mod gateway;
pub mod preset;
mod settings;

use std::path::PathBuf;

use serde::Deserialize;

use crate::gke::gateway::{GatewayClass, Protocol};
use crate::host::Host;
use crate::settings::list;
use crate::settings::{
    DrainTimeout, GatewayRef, GcpName, HealthSeconds, HttpPort, MilvusUrl, ObjectName, Preset, SampleRate, ServiceType,
    Timeout,
};

/// The options, a name for each, and what is done with all of them. `= "true"` is what a flag without a value says.
macro_rules! options {
    ($($heading:ident { $($(#[$said:meta])* $name:ident $field:ident: $type:ty $(= $alone:literal)?,)* })*) => {
        /// What is asked for in one place; everything may be left out.
        ///
        /// Each field is a flag, `MILVUS_GKE_L7_<FLAG>` and a camelCase field of the
        /// configuration. The descriptions are those of `--help` and of the JSON Schema.
        #[derive(Debug, Default, Clone, clap::Args, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
        #[serde(rename_all = "camelCase", default)]
        pub struct Options {
            $($(
                #[arg(long, env = variable(concat!("MILVUS_GKE_L7_", stringify!($name))), hide_env = true)]
                #[arg(help_heading = $heading)]
                $(#[arg(value_name = "true|false", num_args = 0..=1, require_equals = true)]
                #[arg(default_missing_value = $alone, hide_possible_values = true)])?
                $(#[$said])*
                pub $field: Option<$type>,
            )*)*
        }

        impl Options {
            /// The fields that are given.
            fn given(&self) -> impl Iterator<Item = Field> {
                [$($(self.$field.is_some().then_some(Field::$name),)*)*].into_iter().flatten()
            }

            /// Whether it is given, and not `false`.
            fn asks_for(&self, field: Field) -> bool {
                $($(if field == Field::$name {
                    return self.$field.as_ref().is_some_and(|value| value.said() != ["false"]);
                })*)*
                false
            }

            /// These options, and where they say nothing those of `lower`. Of a certificate's options
            /// one place says all: one that is named here is not to meet another one from there.
            #[must_use]
            pub fn over(self, lower: Self) -> Self {
                let has_certificate = self.given().any(Field::is_of_certificate);
                let is_open = |field: Field| !(has_certificate && field.is_of_certificate());
                Self { $($($field: self.$field.or(lower.$field.filter(|_| is_open(Field::$name))),)*)* }
            }

            /// Flags that ask for the same, wherever it was asked for.
            #[must_use]
            pub fn flags(&self) -> Vec<String> {
                let mut flags = Vec::new();
                $($(for said in self.$field.iter().flat_map(Said::said) {
                    flags.push(format!("{}={said}", Field::$name.flag()));
                })*)*
                flags
            }
        }

        #[allow(missing_docs, reason = "each is the option of its name")]
        impl Field {
            $($(pub const $name: Self =
                Self { flag: stringify!($name), name: stringify!($field), heading: $heading };)*)*

            /// All of them, also the hidden ones.
            pub const ALL: &'static [Self] = &[$($(Self::$name),*),*];
        }
    };
}

options! {
    LOAD_BALANCER {
        /// Domains that clients connect to: one Ingress rule for each
        ///
        /// Repeat it, or separate several by commas. Google-managed certificates do not allow wildcards or more than 63
        /// characters. Ingress: `spec.rules[].host`.
        #[arg(long = "host", value_name = "DOMAIN", value_delimiter = ',')]
        #[serde(deserialize_with = "list::one_or_several")]
        #[cfg_attr(test, schemars(with = "Option<list::OneOrSeveral<Host>>"))]
        HOST hosts: Vec<Host>,

        /// Reserved address to use: global, or regional with `--internal`
        ///
        /// It must exist. Without it the address is assigned, and kept only as long as the
        /// Ingress. Ingress annotation `kubernetes.io/ingress.global-static-ip-name` or
        /// `kubernetes.io/ingress.regional-static-ip-name`.
        #[arg(value_name = "NAME")]
        STATIC_IP static_ip: GcpName,

        /// Do not listen on port 80
        ///
        /// Without `--static-ip` the address then changes when the Ingress is recreated.
        /// Ingress annotation `kubernetes.io/ingress.allow-http: "false"`. By default port 80
        /// serves the same as port 443, without TLS.
        HTTPS_ONLY https_only: bool = "true",

        /// Send clients of port 80 to port 443
        ///
        /// FrontendConfig `spec.redirectToHttps.enabled`.
        REDIRECT_HTTP redirect_http: bool = "true",

        /// SSL policy (TLS versions and ciphers) of the load balancer
        ///
        /// It must exist. FrontendConfig `spec.sslPolicy`. Omitting it later does not remove it.
        #[arg(value_name = "NAME")]
        SSL_POLICY ssl_policy: GcpName,

        /// Create an internal load balancer, for clients in the VPC network
        ///
        /// Ingress class `gce-internal`; port 443 only. It needs a proxy-only subnet, and supports
        /// neither Google-managed certificates nor a FrontendConfig.
        INTERNAL internal: bool = "true",

        /// Allow putting a restricted Milvus on the internet
        ///
        /// Without it a chart is refused if its Service asks for an internal load balancer, or
        /// admits only some addresses (`loadBalancerSourceRanges`), and the new load balancer would
        /// admit everybody. Other ways are `--internal` and, instead of source ranges,
        /// `--security-policy`.
        PUBLIC public: bool = "true",

        /// Several options at once: `production`
        ///
        /// One hour for a request, port 80 redirected, connection draining, and quicker health
        /// checks, in place of GKE's defaults. Any of these options, given anywhere, overrides it.
        #[arg(value_name = "production")]
        PRESET preset: Preset,
    }

    GATEWAY {
        /// Create a Gateway (Gateway API) of this GatewayClass instead of an Ingress
        ///
        /// The default CLASS is gke-l7-global-external-managed. Others are gke-l7-regional-external-managed,
        /// gke-l7-rilb (internal) and gke-l7-gxlb (classic). It needs a certificate, and does not support
        /// ManagedCertificates: see `--cert-map`. It listens on port 80 only with `--redirect-http`. HealthCheckPolicy,
        /// GCPBackendPolicy and GCPGatewayPolicy replace BackendConfig and FrontendConfig. See docs/gateway.md.
        #[arg(value_name = "CLASS", num_args = 0..=1, require_equals = true)]
        #[arg(default_missing_value = GatewayClass::DEFAULT.name())]
        GATEWAY gateway: GatewayClass,

        /// How the Gateway's load balancer speaks HTTP/2 to Milvus: over TLS, or without (h2c)
        ///
        /// With `tls`, the default, Milvus is switched to TLS as for an Ingress. With `h2c` its
        /// configuration and pods stay as they are: there is no restart, and clients in the cluster
        /// keep working. Not with class gke-l7-gxlb. Service `spec.ports[].appProtocol`.
        #[arg(value_name = "tls|h2c")]
        BACKEND backend: Protocol,

        /// Attach to this existing Gateway instead of creating one
        ///
        /// Only HTTPRoute and policies are written. Certificate, address, port 80 and SSL policy belong to its owner.
        /// Without LISTENER every listener serves the hosts, including one on port 80. Give
        /// `--gateway=CLASS` as well if it is not gke-l7-global-external-managed.
        #[arg(value_name = "[NAMESPACE/]NAME[:LISTENER]")]
        GATEWAY_REF gateway_ref: GatewayRef,

        /// Create the Ingress as well, to move from one to the other
        ///
        /// Each has its own load balancer and address; `--static-ip` is the Ingress's. Not
        /// with `--backend h2c`.
        WITH_INGRESS with_ingress: bool = "true",

        /// Reserved address of the Gateway, with `--with-ingress`
        ///
        /// Without `--with-ingress` it is `--static-ip`. Gateway `spec.addresses`.
        #[arg(value_name = "NAME")]
        GATEWAY_IP gateway_ip: GcpName,
    }

    CERTIFICATE {
        /// Secret (kubernetes.io/tls, in the release's namespace) that holds the certificate
        ///
        /// It must exist. Ingress `spec.tls[].secretName`. If no certificate is named at all,
        /// Google issues and renews one (ManagedCertificate `<service>-tls`).
        #[arg(value_name = "NAME")]
        TLS_SECRET tls_secret: ObjectName,

        /// Certificate (PEM, chain included) to put into a Secret `<service>-tls`
        ///
        /// Needs `--tls-key`. It is checked first: hosts, dates, key. See the command `cert`.
        #[arg(value_name = "FILE")]
        TLS_CERT tls_cert: PathBuf,

        /// Private key (PEM: RSA-2048 or ECDSA P-256) of `--tls-cert`
        ///
        /// With `--internal` also RSA-3072, RSA-4096 or ECDSA P-384.
        /// It becomes part of the output, and so of what Helm stores.
        #[arg(value_name = "FILE")]
        TLS_KEY tls_key: PathBuf,

        /// Existing ManagedCertificate in the release's namespace
        ///
        /// Ingress annotation `networking.gke.io/managed-certificates`.
        #[arg(value_name = "NAME")]
        MANAGED_CERT managed_cert: ObjectName,

        /// Existing SSL certificates of Compute Engine
        ///
        /// Repeat it, or separate several by commas. They must be regional with `--internal`. Ingress annotation
        /// `ingress.gcp.kubernetes.io/pre-shared-cert`.
        #[arg(long = "pre-shared-cert", value_name = "NAME", value_delimiter = ',')]
        PRE_SHARED_CERT pre_shared_certs: Vec<GcpName>,

        /// ClusterIssuer of cert-manager that issues a certificate into Secret `<service>-tls`
        ///
        /// Ingress annotation `cert-manager.io/cluster-issuer`.
        #[arg(value_name = "NAME")]
        CLUSTER_ISSUER cluster_issuer: ObjectName,

        /// The same with an Issuer in the release's namespace
        ///
        /// Ingress annotation `cert-manager.io/issuer`.
        #[arg(value_name = "NAME")]
        ISSUER issuer: ObjectName,

        /// Certificate map of Certificate Manager, with `--gateway` of a global class
        ///
        /// It must exist. With DNS authorization Google issues its certificates before DNS points to
        /// the load balancer. Gateway annotation `networking.gke.io/certmap`.
        #[arg(value_name = "NAME")]
        CERT_MAP cert_map: GcpName,

        /// Certificate of Certificate Manager, with `--gateway` of a regional class
        ///
        /// It must exist, in the cluster's region. Gateway `spec.listeners[].tls.options`,
        /// `networking.gke.io/cert-manager-certs`.
        #[arg(value_name = "NAME")]
        CERTIFICATE_MANAGER_CERT certificate_manager_cert: GcpName,
    }

    BACKEND {
        /// How long a request may take, such as 1h; from 1s
        ///
        /// The load balancer's default is 30s, which cuts long searches and streams.
        /// BackendConfig `spec.timeoutSec`. Omitting it later does not reset it.
        #[arg(value_name = "DURATION")]
        TIMEOUT timeout: Timeout,

        /// How long requests may continue when a pod ends, such as 60s; from 0s to 1h
        ///
        /// The load balancer's default is 0s. BackendConfig
        /// `spec.connectionDraining.drainingTimeoutSec`. Omitting it later does not reset it.
        #[arg(value_name = "DURATION")]
        DRAIN drain: DrainTimeout,

        /// Time between health checks, from 1s to 5m
        ///
        /// GKE's default is 15s, or 5s behind a Gateway. BackendConfig `spec.healthCheck.checkIntervalSec`, written
        /// together with the timeout. Omitting it later does not reset it.
        #[arg(value_name = "DURATION")]
        HEALTH_INTERVAL health_interval: HealthSeconds,

        /// How long a health check waits, from 1s up to the interval
        ///
        /// GKE's default is 15s, or 5s behind a Gateway. BackendConfig `spec.healthCheck.timeoutSec`. Omitting it later
        /// does not reset it.
        #[arg(value_name = "DURATION")]
        HEALTH_TIMEOUT health_timeout: HealthSeconds,

        /// Cloud Armor security policy of the backend
        ///
        /// It must exist. Not with `--internal`. BackendConfig `spec.securityPolicy.name`. Omitting
        /// it later does not remove it.
        #[arg(value_name = "NAME")]
        SECURITY_POLICY security_policy: GcpName,

        /// Fraction of requests to log, from 0 to 1
        ///
        /// GKE's default is 1: all. BackendConfig `spec.logging`. Omitting it later does not reset
        /// it.
        #[arg(value_name = "RATE")]
        LOG_SAMPLE_RATE log_sample_rate: SampleRate,

        /// Refused: gRPC clients cannot pass Identity-Aware Proxy
        ///
        /// It redirects anyone without a Google login to a web page.
        #[arg(hide = true)]
        #[cfg_attr(test, schemars(skip))]
        IAP iap: bool = "true",
    }

    MILVUS {
        /// Type of the Service; `keep` leaves it and its fields alone
        ///
        /// With `keep` a Service of type LoadBalancer keeps its old address beside the new one,
        /// until DNS has moved; with `--rest` the REST port is open on the old one as well. By
        /// default `ClusterIP`, as in the guide.
        #[arg(value_name = "ClusterIP|keep")]
        SERVICE_TYPE service_type: ServiceType,

        /// Where Milvus serves HTTP (REST): a port, `off`, or `keep` for what the chart says
        ///
        /// Milvus 2.4.13 and later does not start with TLS on while HTTP shares the gRPC
        /// port. By default proxy.http.port becomes 8080 there, unless the chart's values already
        /// say so; older versions are left alone.
        #[arg(value_name = "PORT|off|keep")]
        HTTP_PORT http_port: HttpPort,

        /// Serve Milvus's REST API (/v1, /v2) on the same hosts
        ///
        /// Adds Milvus's HTTP port to the Service, as `rest`. Needs Milvus 2.4.13 or later. Not
        /// with `--http-port off`.
        REST rest: bool = "true",

        /// Where Attu reaches Milvus, such as `https://milvus.example.com:443`
        ///
        /// Sets MILVUS_URL of the release's Attu, which the chart points at Milvus without TLS. By
        /// default it stays as it is, with a warning.
        #[arg(value_name = "URL")]
        ATTU_URL attu_url: MilvusUrl,
    }

    INPUT {
        /// Which Milvus release in the input, if there are several
        ///
        /// Label `app.kubernetes.io/instance` of the Service.
        #[arg(value_name = "NAME")]
        RELEASE release: String,

        /// Which Milvus Service of the release, if there are several, as with two aliased subcharts
        ///
        /// `metadata.name` of the Service.
        #[arg(value_name = "NAME")]
        SERVICE service: String,

        /// Replace existing objects of the same kind and name with ours
        ///
        /// Also replaces another BackendConfig in the Service's annotation.
        REPLACE replace: bool = "true",
    }

    OUTPUT {
        /// Refuse if there is a warning
        ///
        /// For pipelines, where nobody reads stderr. Helm does not show it on success.
        STRICT strict: bool = "true",

        /// Do not print warnings
        QUIET quiet: bool = "true",
    }
}

const LOAD_BALANCER: &str = "Load balancer";
const CERTIFICATE: &str = "Certificate (one of them; without any, Google manages one)";
const GATEWAY: &str = "Gateway API";
const BACKEND: &str = "Backend";
const MILVUS: &str = "Milvus";
/// The heading of what is about the input.
pub const INPUT: &str = "Input";
/// The heading of what is about the output.
pub const OUTPUT: &str = "Output";

/// The name of one of the [`Options`]. Its constants are the only ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// `TLS_CERT`
    flag: &'static str,
    /// `tls_cert`
    name: &'static str,
    heading: &'static str,
}

impl Field {
    /// `--tls-cert`
    #[must_use]
    pub fn flag(self) -> String {
        format!("--{}", self.flag.to_lowercase().replace('_', "-"))
    }

    /// `tlsCert`, as a configuration calls it.
    #[must_use]
    pub fn name(self) -> String {
        let mut words = self.name.split('_');
        let mut name = words.next().unwrap_or_default().to_owned();
        for word in words {
            let (first, rest) = word.split_at(word.len().min(1));
            name += &first.to_uppercase();
            name += rest;
        }
        name
    }

    fn is_of_certificate(self) -> bool {
        self.heading == CERTIFICATE
    }

    /// A certificate that an Ingress does not take.
    fn is_of_gateway_alone(self) -> bool {
        self == Self::CERT_MAP || self == Self::CERTIFICATE_MANAGER_CERT
    }
}

/// Options that do not fit together, or not one is given that must be.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum OptionsError {
    #[error("no host is given")]
    NoHost,
    #[error("{problem}")]
    Wrong { field: Field, problem: String },
}

/// The name of a variable, unless it is empty, which counts as not set: that is how CI systems leave one out.
pub(crate) fn variable(name: &'static str) -> Option<&'static str> {
    std::env::var_os(name).is_none_or(|value| !value.is_empty()).then_some(name)
}

/// What a flag says after `=`; a list says several.
trait Said {
    fn said(&self) -> Vec<String>;
}

macro_rules! said {
    ($($type:ty),*) => {
        $(impl Said for $type {
            fn said(&self) -> Vec<String> {
                vec![self.to_string()]
            }
        })*
    };
}

said!(bool, String, Host, GcpName, ObjectName, Timeout, DrainTimeout, HealthSeconds);
said!(SampleRate, ServiceType, HttpPort, MilvusUrl, GatewayClass, Protocol, GatewayRef, Preset);

impl Said for PathBuf {
    fn said(&self) -> Vec<String> {
        vec![self.display().to_string()]
    }
}

impl<T: Said> Said for Vec<T> {
    fn said(&self) -> Vec<String> {
        self.iter().flat_map(Said::said).collect()
    }
}

fn is(switch: Option<bool>) -> bool {
    switch.unwrap_or(false)
}

fn wrong(field: Field, problem: &dyn std::fmt::Display) -> OptionsError {
    OptionsError::Wrong { field, problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command};

    use super::*;

    /// None is forgotten where they are told again.
    #[test]
    fn flags_of_every_field() {
        let all = serde_json::json!({
            "hosts": ["milvus.example.com"], "staticIp": "ip", "httpsOnly": true, "redirectHttp": true,
            "sslPolicy": "policy", "internal": true, "public": true, "preset": "production", "tlsSecret": "secret", "tlsCert": "tls.crt", "tlsKey": "tls.key",
            "managedCert": "name", "preSharedCerts": ["name"], "clusterIssuer": "name", "issuer": "name",
            "gateway": "gke-l7-rilb", "backend": "h2c", "gatewayRef": "infra/shared:https", "withIngress": true, "gatewayIp": "ip", "certMap": "name", "certificateManagerCert": "name",
            "timeout": "1h", "drain": "1m", "healthInterval": "10s", "healthTimeout": "5s", "securityPolicy": "name",
            "logSampleRate": "0.5", "serviceType": "keep", "httpPort": "8080", "rest": true,
            "attuUrl": "https://milvus.example.com", "release": "name", "service": "name", "replace": true,
            "strict": true, "quiet": true,
        });
        let options: Options = serde_json::from_value(all).expect("options");
        let flags = options.flags();
        let named: Vec<_> = flags.iter().filter_map(|flag| flag.split('=').next()).collect();
        let wanted = Field::ALL.iter().filter(|field| **field != Field::IAP).map(|field| field.flag());
        assert_eq!(named, wanted.collect::<Vec<_>>());
    }

    /// A field is called alike by clap and by serde.
    #[test]
    fn one_definition() {
        let command = Options::augment_args(Command::new(""));
        for (argument, field) in command.get_arguments().zip(Field::ALL) {
            assert_eq!(format!("--{}", argument.get_long().expect("a flag")), field.flag());
        }
        let schema = schemars::schema_for!(Options);
        let known = schema.pointer("/properties").and_then(serde_json::Value::as_object).expect("a struct");
        let wanted = Field::ALL.iter().filter(|field| **field != Field::IAP).map(|field| field.name());
        assert_eq!(known.keys().cloned().collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    }
}
