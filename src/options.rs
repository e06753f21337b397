//! What the user asks for, wherever it is written: one definition of the flags, of the
//! environment, and of the fields of a config file or functionConfig.

pub mod preset;

use std::path::PathBuf;
use std::time::SystemTime;

use serde::Deserialize;

use crate::certificate::Pair;
use crate::gke::certificate::Scope;
use crate::gke::gateway::{GatewayClass, MAX_LISTENERS, Protocol};
use crate::gke::ingress::MAX_CERTIFICATES;
use crate::host::{Domains, Host, Hosts};
use crate::settings::list;
use crate::settings::{
    Backend, Certificate, Doors, DrainTimeout, FrontEnd, GatewayCertificate, GatewayDoor, GatewayRef, GcpName,
    HealthSeconds, HealthTiming, Held, Http, HttpPort, IngressDoor, Issuer, MilvusUrl, ObjectName, OwnGateway, Owner,
    Preset, SampleRate, Scheme, ServiceType, Settings, Timeout, Warnings,
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

impl Options {
    /// Validates what depends on each other.
    ///
    /// # Errors
    ///
    /// The field that is to blame, and what about it.
    pub fn settings(mut self) -> Result<Settings, OptionsError> {
        if let Some(preset) = self.preset {
            let others = preset.beside(&self);
            self = self.over(others);
        }
        let Some(hosts) = self.hosts.clone().filter(|hosts| !hosts.is_empty()) else {
            return Err(OptionsError::NoHost);
        };
        let hosts = Hosts::new(hosts).map_err(|error| wrong(Field::HOST, &error))?;
        if is(self.iap) {
            let problem = "Identity-Aware Proxy redirects clients without a Google login to a web page, which gRPC \
                clients cannot follow; restrict access with a Cloud Armor policy instead";
            return Err(wrong(Field::IAP, &problem));
        }
        let doors = if self.gateway.is_some() || self.gateway_ref.is_some() {
            self.gateway(&hosts)?
        } else {
            self.check_no_gateway()?;
            Doors::Ingress(self.ingress(&hosts)?)
        };
        if is(self.rest) && self.http_port == Some(HttpPort::Off) {
            return Err(wrong(Field::REST, &"the REST API is served by the HTTP server that `off` switches off"));
        }
        if is(self.public) && is(self.internal) {
            return Err(wrong(Field::PUBLIC, &"cannot be given together with --internal"));
        }
        let warnings = match (is(self.strict), is(self.quiet)) {
            (true, true) => return Err(wrong(Field::QUIET, &"cannot be given together with --strict")),
            (true, false) => Warnings::Refused,
            (false, true) => Warnings::Unsaid,
            (false, false) => Warnings::Said,
        };
        let health = HealthTiming::new(self.health_interval, self.health_timeout);
        let backend = Backend {
            timeout: self.timeout,
            drain: self.drain,
            health: health.map_err(|error| wrong(Field::HEALTH_TIMEOUT, &error))?,
            security_policy: self.security_policy,
            log_sample_rate: self.log_sample_rate,
        };
        Ok(Settings {
            release: self.release,
            service: self.service,
            hosts,
            doors,
            backend,
            service_type: self.service_type.unwrap_or_default(),
            http_port: self.http_port,
            rest: is(self.rest),
            attu_url: self.attu_url,
            replace: is(self.replace),
            public: is(self.public),
            warnings,
            noticed: Vec::new(),
        })
    }

    /// What means nothing without a Gateway.
    fn check_no_gateway(&self) -> Result<(), OptionsError> {
        let is_of_gateway = |field: &Field| match *field {
            Field::WITH_INGRESS => is(self.with_ingress),
            Field::BACKEND | Field::GATEWAY_IP => true,
            field => field.is_of_gateway_alone(),
        };
        match self.given().find(is_of_gateway) {
            Some(field) => Err(wrong(field, &"is only for a Gateway: give --gateway as well")),
            None => Ok(()),
        }
    }

    fn ingress(&self, hosts: &Hosts) -> Result<IngressDoor, OptionsError> {
        let scheme = if is(self.internal) { Scheme::Internal } else { Scheme::External };
        let certificate = self.certificate(hosts, scheme)?;
        let front_end = self.front_end(&certificate, scheme)?;
        Ok(IngressDoor { certificate, front_end })
    }

    fn gateway(&self, hosts: &Hosts) -> Result<Doors, OptionsError> {
        let class = self.gateway.unwrap_or(GatewayClass::DEFAULT);
        let with_ingress = is(self.with_ingress);
        let scheme = if class == GatewayClass::Internal { Scheme::Internal } else { Scheme::External };
        if is(self.internal) && !with_ingress {
            let problem =
                format!("is only for an Ingress: the internal class of a Gateway is {}", GatewayClass::Internal);
            return Err(wrong(Field::INTERNAL, &problem));
        }
        let protocol = self.backend.unwrap_or_default();
        if protocol == Protocol::H2c {
            self.check_h2c(class)?;
        }
        let owner = match &self.gateway_ref {
            Some(gateway) => {
                self.check_owner()?;
                Owner::Theirs(gateway.clone(), scheme)
            }
            None => Owner::Ours(self.own_gateway(class, scheme, hosts)?),
        };
        let gateway = GatewayDoor { owner, protocol };
        if !with_ingress {
            return Ok(Doors::Gateway(gateway));
        }
        let ingress = self.ingress(hosts)?;
        self.check_both(&ingress, class)?;
        Ok(Doors::Both(ingress, gateway))
    }

    fn own_gateway(&self, class: GatewayClass, scheme: Scheme, hosts: &Hosts) -> Result<OwnGateway, OptionsError> {
        let static_ip = match (is(self.with_ingress), &self.gateway_ip) {
            (true, address) => address,
            (false, None) => &self.static_ip,
            (false, Some(_)) => {
                return Err(wrong(Field::GATEWAY_IP, &"is only for --with-ingress; give --static-ip instead"));
            }
        };
        let certificate = self.gateway_certificate(class, hosts)?;
        let front_end = FrontEnd {
            scheme,
            static_ip: static_ip.clone(),
            http: self.http()?.unwrap_or(Http::Off),
            ssl_policy: self.ssl_policy.clone(),
        };
        Ok(OwnGateway { class, certificate, front_end })
    }

    /// What the owner of a Gateway says, and nobody else; beside an Ingress it may be about that one.
    fn check_owner(&self) -> Result<(), OptionsError> {
        let is_of_owner = |field: &Field| match *field {
            Field::GATEWAY_IP => true,
            field if field.is_of_gateway_alone() => true,
            _ if is(self.with_ingress) => false,
            Field::HTTPS_ONLY => is(self.https_only),
            Field::REDIRECT_HTTP => is(self.redirect_http),
            field => field == Field::STATIC_IP || field == Field::SSL_POLICY || field.is_of_certificate(),
        };
        match self.given().find(is_of_owner) {
            Some(field) => Err(wrong(field, &"is up to the Gateway's owner with --gateway-ref")),
            None => Ok(()),
        }
    }

    /// What is one flag must fit both.
    fn check_both(&self, ingress: &IngressDoor, class: GatewayClass) -> Result<(), OptionsError> {
        if self.backend == Some(Protocol::H2c) {
            return Err(wrong(
                Field::WITH_INGRESS,
                &"cannot be given together with --backend h2c: an Ingress needs TLS",
            ));
        }
        if class.scope() != of_ingress(ingress.front_end.scheme) {
            let problem = format!("cannot be given with class {class}: one would be global and the other regional");
            return Err(wrong(Field::WITH_INGRESS, &problem));
        }
        let is_own = self.gateway_ref.is_none() && !self.given().any(Field::is_of_gateway_alone);
        if is_own && matches!(ingress.certificate, Certificate::Held(Held::CertManager(_))) {
            let field = if self.issuer.is_some() { Field::ISSUER } else { Field::CLUSTER_ISSUER };
            let problem = "cannot serve both with --with-ingress: cert-manager writes one Secret for one of them; give \
                the Gateway its own certificate (--cert-map, --certificate-manager-cert)";
            return Err(wrong(field, &problem));
        }
        Ok(())
    }

    /// With h2c nothing of Milvus changes.
    fn check_h2c(&self, class: GatewayClass) -> Result<(), OptionsError> {
        if class == GatewayClass::Classic {
            let problem =
                format!("it is not known whether h2c works with class {class}; choose another class, or `tls`");
            return Err(wrong(Field::BACKEND, &problem));
        }
        let of_tls = [Field::HTTP_PORT, Field::ATTU_URL];
        match self.given().find(|field| of_tls.contains(field)) {
            Some(field) => {
                Err(wrong(field, &"cannot be given together with --backend h2c, which does not change Milvus or Attu"))
            }
            None => Ok(()),
        }
    }

    fn gateway_certificate(&self, class: GatewayClass, hosts: &Hosts) -> Result<GatewayCertificate, OptionsError> {
        let scope = class.scope();
        let alone = self.given().any(Field::is_of_gateway_alone);
        let held = if alone && is(self.with_ingress) { None } else { self.held(hosts, scope)? };
        if matches!(held, Some(Held::CertManager(_))) && hosts.iter().count() >= MAX_LISTENERS {
            let problem = format!(
                "cert-manager needs a listener for each host, and a Gateway can have {MAX_LISTENERS} including the one \
                on port 80"
            );
            return Err(wrong(Field::HOST, &problem));
        }
        if let Some(held) = held {
            return Ok(GatewayCertificate::Held(held));
        }
        let (own, other) = match scope {
            Scope::Global => (Field::CERT_MAP, Field::CERTIFICATE_MANAGER_CERT),
            Scope::Regional => (Field::CERTIFICATE_MANAGER_CERT, Field::CERT_MAP),
        };
        match (scope, self.cert_map.clone(), self.certificate_manager_cert.clone()) {
            (Scope::Global, Some(name), _) => Ok(GatewayCertificate::Map(name)),
            (Scope::Regional, _, Some(name)) => Ok(GatewayCertificate::Manager(name)),
            (_, None, None) => {
                let way = format!("give {} for one that Google renews, or your own (--tls-secret, …)", own.flag());
                Err(match self.managed_cert {
                    Some(_) => wrong(Field::MANAGED_CERT, &format!("a Gateway cannot use a ManagedCertificate; {way}")),
                    None => wrong(
                        Field::GATEWAY,
                        &format!("no certificate is given, and a Gateway cannot use a ManagedCertificate; {way}"),
                    ),
                })
            }
            _ => Err(wrong(other, &format!("cannot be given with class {class}; give {} instead", own.flag()))),
        }
    }

    fn certificate(&self, hosts: &Hosts, scheme: Scheme) -> Result<Certificate, OptionsError> {
        if let Some(held) = self.held(hosts, of_ingress(scheme))? {
            return Ok(Certificate::Held(held));
        }
        match self.managed_cert.clone() {
            Some(name) => Ok(Certificate::ManagedByName(name)),
            None => Domains::new(hosts).map(Certificate::Managed).map_err(|error| wrong(Field::HOST, &error)),
        }
    }

    fn held(&self, hosts: &Hosts, scope: Scope) -> Result<Option<Held>, OptionsError> {
        // A certificate and its key are one way to name one.
        let way = |field: &Field| if *field == Field::TLS_KEY { Field::TLS_CERT } else { *field };
        // With both doors each may have one of its own.
        let is_of_both = |field: &Field| !(is(self.with_ingress) && field.is_of_gateway_alone());
        let mut ways: Vec<_> = self.given().filter(|field| field.is_of_certificate()).filter(is_of_both).collect();
        ways.dedup_by_key(|field| way(field));
        if let [first, second, ..] = ways[..] {
            let problem = format!("cannot be given together with {}: there is one certificate", first.flag());
            return Err(wrong(second, &problem));
        }
        if self.pre_shared_certs.as_ref().is_some_and(|names| names.len() > MAX_CERTIFICATES) {
            let problem =
                format!("names more than {MAX_CERTIFICATES} certificates, the most that a load balancer accepts");
            return Err(wrong(Field::PRE_SHARED_CERT, &problem));
        }
        let issuer = self.cluster_issuer.clone().map(Issuer::Cluster).or(self.issuer.clone().map(Issuer::Namespaced));
        let named = (self.tls_secret.clone().map(Held::Secret))
            .or(self.pre_shared_certs.clone().filter(|names| !names.is_empty()).map(Held::PreShared))
            .or(issuer.map(Held::CertManager));
        if named.is_some() {
            return Ok(named);
        }
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let pair = Pair::read(certificate, key, hosts, scope, SystemTime::now());
                pair.map(|pair| Some(Held::Files(pair))).map_err(|error| {
                    wrong(if error.is_about_the_key() { Field::TLS_KEY } else { Field::TLS_CERT }, &error)
                })
            }
            (Some(_), None) => Err(wrong(Field::TLS_CERT, &"its key is missing: give --tls-key as well")),
            (None, Some(_)) => Err(wrong(Field::TLS_KEY, &"its certificate is missing: give --tls-cert as well")),
            (None, None) => Ok(None),
        }
    }

    /// What is asked for on port 80.
    fn http(&self) -> Result<Option<Http>, OptionsError> {
        match (is(self.https_only), is(self.redirect_http)) {
            (true, true) => Err(wrong(
                Field::REDIRECT_HTTP,
                &"cannot be given together with --https-only: nothing listens on port 80",
            )),
            (true, false) => Ok(Some(Http::Off)),
            (false, true) => Ok(Some(Http::Redirected)),
            (false, false) => Ok(None),
        }
    }

    fn front_end(&self, certificate: &Certificate, scheme: Scheme) -> Result<FrontEnd, OptionsError> {
        // An internal load balancer has one address for each port, unless it is a shared one.
        let default = if scheme == Scheme::Internal { Http::Off } else { Http::Served };
        let http = self.http()?.unwrap_or(default);
        if scheme == Scheme::Internal {
            let refused = match certificate {
                Certificate::Managed(_) | Certificate::ManagedByName(_) => Some((
                    Field::INTERNAL,
                    "cannot use a Google-managed certificate; give your own (--tls-secret, --tls-cert, \
                    --pre-shared-cert), or an issuer of cert-manager",
                )),
                _ if http == Http::Redirected => {
                    Some((Field::REDIRECT_HTTP, "cannot be given together with --internal"))
                }
                _ if self.ssl_policy.is_some() => Some((Field::SSL_POLICY, "cannot be given together with --internal")),
                _ if self.security_policy.is_some() => Some((
                    Field::SECURITY_POLICY,
                    "cannot be given together with --internal: GKE would not create a front end",
                )),
                _ => None,
            };
            if let Some((field, problem)) = refused {
                return Err(wrong(field, &problem));
            }
        }
        Ok(FrontEnd { scheme, static_ip: self.static_ip.clone(), http, ssl_policy: self.ssl_policy.clone() })
    }
}

/// Which certificates the load balancer of an Ingress takes.
fn of_ingress(scheme: Scheme) -> Scope {
    match scheme {
        Scheme::External => Scope::Global,
        Scheme::Internal => Scope::Regional,
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
