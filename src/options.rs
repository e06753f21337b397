//! What the user asks for, wherever it is written: one definition of the flags, of the
//! environment, and of the fields of a config file or functionConfig.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args as _, Command};
use serde::Deserialize;

use crate::certificate::Pair;
use crate::host::{Domains, Host, Hosts};
use crate::settings::{
    Backend, Certificate, DrainTimeout, FrontEnd, GcpName, HealthSeconds, HealthTiming, Http, HttpPort, Issuer,
    MilvusUrl, ObjectName, SampleRate, Scheme, ServiceType, Settings, Timeout,
};

/// What is asked for in one place; everything may be left out.
///
/// Each field is a flag, `MILVUS_GKE_L7_<FLAG>` and a camelCase field of the
/// configuration. The descriptions are those of `--help` and of the JSON Schema.
#[derive(Debug, Default, Clone, clap::Args, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Domains that clients connect to: one Ingress rule for each
    ///
    /// A flag for each, or one comma-separated. Google-managed certificates take no
    /// wildcards and at most 63 characters. Ingress: `spec.rules[].host`.
    #[arg(long = "host", value_name = "DOMAIN", env = "MILVUS_GKE_L7_HOST", hide_env_values = true, value_delimiter = ',', help_heading = LOAD_BALANCER)]
    pub hosts: Option<Vec<Host>>,

    /// Reserved address to use: a global one, with `--internal` a regional one
    ///
    /// It must exist. Without it the address is assigned, and kept only as long as the
    /// Ingress. Ingress annotation `kubernetes.io/ingress.global-static-ip-name` or
    /// `kubernetes.io/ingress.regional-static-ip-name`.
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_STATIC_IP", hide_env_values = true, help_heading = LOAD_BALANCER)]
    pub static_ip: Option<GcpName>,

    /// Do not listen on port 80
    ///
    /// Without `--static-ip` the address then changes when the Ingress is made anew.
    /// Ingress annotation `kubernetes.io/ingress.allow-http: "false"`. By default port 80
    /// serves the same as port 443, without TLS.
    #[arg(long, value_name = "true|false", env = "MILVUS_GKE_L7_HTTPS_ONLY", hide_env_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, help_heading = LOAD_BALANCER)]
    pub https_only: Option<bool>,

    /// Send clients of port 80 to port 443
    ///
    /// FrontendConfig `spec.redirectToHttps.enabled`.
    #[arg(long, value_name = "true|false", env = "MILVUS_GKE_L7_REDIRECT_HTTP", hide_env_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, help_heading = LOAD_BALANCER)]
    pub redirect_http: Option<bool>,

    /// SSL policy (TLS versions and ciphers) of the load balancer
    ///
    /// It must exist. FrontendConfig `spec.sslPolicy`. Leaving it out later does not remove it.
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_SSL_POLICY", hide_env_values = true, help_heading = LOAD_BALANCER)]
    pub ssl_policy: Option<GcpName>,

    /// Make an internal load balancer, for clients in the VPC network
    ///
    /// Ingress class `gce-internal`; port 443 only. It needs a proxy-only subnet, and takes
    /// neither Google-managed certificates nor a FrontendConfig.
    #[arg(long, value_name = "true|false", env = "MILVUS_GKE_L7_INTERNAL", hide_env_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, help_heading = LOAD_BALANCER)]
    pub internal: Option<bool>,

    /// Secret (kubernetes.io/tls, in the release's namespace) that holds the certificate
    ///
    /// It must exist. Ingress `spec.tls[].secretName`. If no certificate is named at all,
    /// Google makes and renews one (ManagedCertificate `<service>-tls`).
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_TLS_SECRET", hide_env_values = true, help_heading = CERTIFICATE)]
    pub tls_secret: Option<ObjectName>,

    /// Certificate (PEM, chain included) to put into a Secret `<service>-tls`
    ///
    /// Needs `--tls-key`. It is checked first: hosts, dates, key. See the command `cert`.
    #[arg(long, value_name = "FILE", env = "MILVUS_GKE_L7_TLS_CERT", hide_env_values = true, help_heading = CERTIFICATE)]
    pub tls_cert: Option<PathBuf>,

    /// Private key (PEM: RSA-2048 or ECDSA P-256) of `--tls-cert`
    ///
    /// It becomes part of the output, and so of what Helm stores.
    #[arg(long, value_name = "FILE", env = "MILVUS_GKE_L7_TLS_KEY", hide_env_values = true, help_heading = CERTIFICATE)]
    pub tls_key: Option<PathBuf>,

    /// ManagedCertificate that exists in the release's namespace
    ///
    /// Ingress annotation `networking.gke.io/managed-certificates`.
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_MANAGED_CERT", hide_env_values = true, help_heading = CERTIFICATE)]
    pub managed_cert: Option<ObjectName>,

    /// SSL certificates of Compute Engine that exist
    ///
    /// A flag for each, or one comma-separated. With `--internal` regional ones. Ingress
    /// annotation `ingress.gcp.kubernetes.io/pre-shared-cert`.
    #[arg(long = "pre-shared-cert", value_name = "NAME", env = "MILVUS_GKE_L7_PRE_SHARED_CERT", hide_env_values = true, value_delimiter = ',', help_heading = CERTIFICATE)]
    pub pre_shared_certs: Option<Vec<GcpName>>,

    /// ClusterIssuer of cert-manager that issues a certificate into Secret `<service>-tls`
    ///
    /// Ingress annotation `cert-manager.io/cluster-issuer`.
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_CLUSTER_ISSUER", hide_env_values = true, help_heading = CERTIFICATE)]
    pub cluster_issuer: Option<ObjectName>,

    /// The same by an Issuer in the release's namespace
    ///
    /// Ingress annotation `cert-manager.io/issuer`.
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_ISSUER", hide_env_values = true, help_heading = CERTIFICATE)]
    pub issuer: Option<ObjectName>,

    /// How long a request may take, such as 1h; from 1s
    ///
    /// The load balancer's default is 30s, which cuts long searches and streams.
    /// BackendConfig `spec.timeoutSec`. Leaving it out later does not reset it.
    #[arg(long, value_name = "DURATION", env = "MILVUS_GKE_L7_TIMEOUT", hide_env_values = true, help_heading = BACKEND)]
    pub timeout: Option<Timeout>,

    /// How long requests may go on when a pod ends, such as 60s; from 0s to 1h
    ///
    /// The load balancer's default is 0s. BackendConfig
    /// `spec.connectionDraining.drainingTimeoutSec`. Leaving it out later does not reset it.
    #[arg(long, value_name = "DURATION", env = "MILVUS_GKE_L7_DRAIN", hide_env_values = true, help_heading = BACKEND)]
    pub drain: Option<DrainTimeout>,

    /// Time between health checks, from 1s to 5m
    ///
    /// GKE's default is 15s. BackendConfig `spec.healthCheck.checkIntervalSec`; it is written
    /// together with the timeout. Leaving it out later does not reset it.
    #[arg(long, value_name = "DURATION", env = "MILVUS_GKE_L7_HEALTH_INTERVAL", hide_env_values = true, help_heading = BACKEND)]
    pub health_interval: Option<HealthSeconds>,

    /// How long a health check waits, from 1s up to the interval
    ///
    /// GKE's default is 15s. BackendConfig `spec.healthCheck.timeoutSec`. Leaving it out later
    /// does not reset it.
    #[arg(long, value_name = "DURATION", env = "MILVUS_GKE_L7_HEALTH_TIMEOUT", hide_env_values = true, help_heading = BACKEND)]
    pub health_timeout: Option<HealthSeconds>,

    /// Cloud Armor security policy of the backend
    ///
    /// It must exist. Not with `--internal`. BackendConfig `spec.securityPolicy.name`. Leaving
    /// it out later does not remove it.
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_SECURITY_POLICY", hide_env_values = true, help_heading = BACKEND)]
    pub security_policy: Option<GcpName>,

    /// Part of the requests that is logged, from 0 to 1
    ///
    /// GKE's default is 1: all. BackendConfig `spec.logging`. Leaving it out later does not
    /// reset it.
    #[arg(long, value_name = "RATE", env = "MILVUS_GKE_L7_LOG_SAMPLE_RATE", hide_env_values = true, help_heading = BACKEND)]
    pub log_sample_rate: Option<SampleRate>,

    /// Refused: Identity-Aware Proxy does not let gRPC clients in
    ///
    /// It answers whoever has no Google login with a redirect to a web page.
    #[arg(long, value_name = "true|false", env = "MILVUS_GKE_L7_IAP", hide_env_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, hide = true, help_heading = BACKEND)]
    #[cfg_attr(test, schemars(skip))]
    pub iap: Option<bool>,

    /// What becomes of the Service's type; `keep` leaves it and its fields alone
    ///
    /// With `keep` a Service of type LoadBalancer keeps its old address beside the new one,
    /// until DNS has moved; with `--rest` the REST port is open on the old one as well. By
    /// default `ClusterIP`, as in the guide.
    #[arg(long, value_name = "ClusterIP|keep", env = "MILVUS_GKE_L7_SERVICE_TYPE", hide_env_values = true, help_heading = MILVUS)]
    pub service_type: Option<ServiceType>,

    /// Where Milvus serves HTTP (REST): a port, `off`, or `keep` for what the chart says
    ///
    /// Milvus 2.4.13 and later does not start with TLS on while HTTP shares the gRPC
    /// port. By default proxy.http.port becomes 8080 there, unless the chart's values
    /// settle it; older versions are left alone.
    #[arg(long, value_name = "PORT|off|keep", env = "MILVUS_GKE_L7_HTTP_PORT", hide_env_values = true, help_heading = MILVUS)]
    pub http_port: Option<HttpPort>,

    /// Serve Milvus's REST API (/v1, /v2) on the same hosts
    ///
    /// Adds Milvus's HTTP port to the Service, as `rest`. Needs Milvus 2.4.13 or later. Not
    /// with `--http-port off`.
    #[arg(long, value_name = "true|false", env = "MILVUS_GKE_L7_REST", hide_env_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, help_heading = MILVUS)]
    pub rest: Option<bool>,

    /// Where Attu reaches Milvus, such as `https://milvus.example.com:443`
    ///
    /// Sets MILVUS_URL of the release's Attu, which the chart points at Milvus without TLS.
    /// By default it is left as it is, with a warning.
    #[arg(long, value_name = "URL", env = "MILVUS_GKE_L7_ATTU_URL", hide_env_values = true, help_heading = MILVUS)]
    pub attu_url: Option<MilvusUrl>,

    /// Release to choose where the input holds several
    ///
    /// Label `app.kubernetes.io/instance` of the Service.
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_RELEASE", hide_env_values = true, help_heading = INPUT)]
    pub release: Option<String>,

    /// Put our objects in the place of existing ones of the same kind and name
    ///
    /// And our BackendConfig in the place of another one in the Service's annotation.
    #[arg(long, value_name = "true|false", env = "MILVUS_GKE_L7_REPLACE", hide_env_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, help_heading = INPUT)]
    pub replace: Option<bool>,
}

const LOAD_BALANCER: &str = "Load balancer";
/// The heading of what names a certificate.
pub const CERTIFICATE: &str = "Certificate (one of them; without any, Google manages one)";
const BACKEND: &str = "Backend";
const MILVUS: &str = "Milvus";
/// The heading of what is about the input.
pub const INPUT: &str = "Input";

/// Options that do not fit together, or not one is given that must be.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct OptionsError {
    /// The field that is to blame.
    pub field: &'static str,
    /// Whether it is missing.
    pub missing: bool,
    problem: String,
}

/// Each field of one, or else of the other.
macro_rules! first_given {
    ($first:expr, $second:expr; $($field:ident),*) => { Self { $($field: $first.$field.or($second.$field)),* } };
}

impl Options {
    /// These options, and where they say nothing those of `lower`. Of a certificate's options
    /// one place says all: one that is named here is not to meet another one from there.
    #[must_use]
    pub fn over(self, mut lower: Self) -> Self {
        if !self.certificates().is_empty() {
            lower = lower.without_certificate();
        }
        first_given!(self, lower; hosts, static_ip, https_only, redirect_http, ssl_policy, internal, tls_secret, tls_cert, tls_key, managed_cert, pre_shared_certs, cluster_issuer, issuer, timeout, drain, health_interval, health_timeout, security_policy, log_sample_rate, iap, service_type, http_port, rest, attu_url, release, replace)
    }

    /// Flags that ask for the same, wherever it was asked for.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        let mut text = |field: &str, value: Option<String>| {
            flags.extend(value.map(|value| format!("{}={value}", Self::flag_name(field))));
        };
        let said = |value: Option<&dyn std::fmt::Display>| value.map(ToString::to_string);
        macro_rules! said {
            ($($field:ident $name:literal),* $(,)?) => {
                $(text($name, said(self.$field.as_ref().map(|value| value as _)));)*
            };
        }
        for host in self.hosts.iter().flatten() {
            text("hosts", Some(host.to_string()));
        }
        said!(static_ip "staticIp", https_only "httpsOnly", redirect_http "redirectHttp", ssl_policy "sslPolicy");
        said!(internal "internal", tls_secret "tlsSecret", managed_cert "managedCert");
        text("tlsCert", self.tls_cert.as_ref().map(|file| file.display().to_string()));
        text("tlsKey", self.tls_key.as_ref().map(|file| file.display().to_string()));
        for name in self.pre_shared_certs.iter().flatten() {
            text("preSharedCerts", Some(name.to_string()));
        }
        said!(cluster_issuer "clusterIssuer", issuer "issuer", timeout "timeout", drain "drain");
        said!(health_interval "healthInterval", health_timeout "healthTimeout", security_policy "securityPolicy");
        text("logSampleRate", self.log_sample_rate.map(|rate| rate.get().to_string()));
        let service_type = self.service_type.map(|service_type| match service_type {
            ServiceType::ClusterIp => "ClusterIP".to_owned(),
            ServiceType::Keep => "keep".to_owned(),
        });
        text("serviceType", service_type);
        let http_port = self.http_port.map(|port| match port {
            HttpPort::Port(port) => port.to_string(),
            HttpPort::Off => "off".to_owned(),
            HttpPort::Keep => "keep".to_owned(),
        });
        text("httpPort", http_port);
        said!(rest "rest", attu_url "attuUrl", release "release", replace "replace");
        flags
    }

    /// Validates what depends on each other.
    ///
    /// # Errors
    ///
    /// The field that is to blame, and what about it.
    pub fn settings(self) -> Result<Settings, OptionsError> {
        let Some(hosts) = self.hosts.clone().filter(|hosts| !hosts.is_empty()) else {
            return Err(OptionsError { field: "hosts", missing: true, problem: "no host is given".to_owned() });
        };
        let hosts = Hosts::new(hosts).map_err(|error| wrong("hosts", &error))?;
        if is(self.iap) {
            let problem = "Identity-Aware Proxy answers clients that have no Google login with a redirect to a web \
                page, which gRPC clients cannot follow; restrict access with a Cloud Armor policy instead";
            return Err(wrong("iap", &problem));
        }
        let certificate = self.certificate(&hosts)?;
        let front_end = self.front_end(&certificate)?;
        if is(self.rest) && self.http_port == Some(HttpPort::Off) {
            return Err(wrong("rest", &"the REST API is served by the HTTP server that `off` switches off"));
        }
        let health = HealthTiming::new(self.health_interval, self.health_timeout);
        let backend = Backend {
            timeout: self.timeout,
            drain: self.drain,
            health: health.map_err(|error| wrong("healthTimeout", &error))?,
            security_policy: self.security_policy,
            log_sample_rate: self.log_sample_rate,
        };
        Ok(Settings {
            release: self.release,
            hosts,
            certificate,
            front_end,
            backend,
            service_type: self.service_type.unwrap_or_default(),
            http_port: self.http_port,
            rest: is(self.rest),
            attu_url: self.attu_url,
            replace: is(self.replace),
        })
    }

    /// The fields that name a certificate and are given, one for each way.
    fn certificates(&self) -> Vec<&'static str> {
        let given = [
            (self.tls_secret.is_some(), "tlsSecret"),
            (self.tls_cert.is_some() || self.tls_key.is_some(), "tlsCert"),
            (self.managed_cert.is_some(), "managedCert"),
            (self.pre_shared_certs.is_some(), "preSharedCerts"),
            (self.cluster_issuer.is_some(), "clusterIssuer"),
            (self.issuer.is_some(), "issuer"),
        ];
        given.into_iter().filter_map(|(given, field)| given.then_some(field)).collect()
    }

    fn without_certificate(self) -> Self {
        Self {
            tls_secret: None,
            tls_cert: None,
            tls_key: None,
            managed_cert: None,
            pre_shared_certs: None,
            cluster_issuer: None,
            issuer: None,
            ..self
        }
    }

    fn certificate(&self, hosts: &Hosts) -> Result<Certificate, OptionsError> {
        if let [first, second, ..] = self.certificates().as_slice() {
            let problem = format!("cannot be given together with {}: there is one certificate", Self::flag_name(first));
            return Err(wrong(second, &problem));
        }
        if let Some(name) = &self.tls_secret {
            return Ok(Certificate::Secret(name.clone()));
        }
        if let Some(name) = &self.managed_cert {
            return Ok(Certificate::ManagedByName(name.clone()));
        }
        if let Some(names) = self.pre_shared_certs.as_ref().filter(|names| !names.is_empty()) {
            return Ok(Certificate::PreShared(names.clone()));
        }
        if let Some(name) = &self.cluster_issuer {
            return Ok(Certificate::CertManager(Issuer::Cluster(name.clone())));
        }
        if let Some(name) = &self.issuer {
            return Ok(Certificate::CertManager(Issuer::Namespaced(name.clone())));
        }
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Pair::read(certificate, key, hosts, SystemTime::now())
                .map(Certificate::Files)
                .map_err(|error| wrong(if error.is_about_the_key() { "tlsKey" } else { "tlsCert" }, &error)),
            (Some(_), None) => Err(wrong("tlsCert", &"its key is missing: give --tls-key as well")),
            (None, Some(_)) => Err(wrong("tlsKey", &"its certificate is missing: give --tls-cert as well")),
            (None, None) => Domains::new(hosts).map(Certificate::Managed).map_err(|error| wrong("hosts", &error)),
        }
    }

    fn front_end(&self, certificate: &Certificate) -> Result<FrontEnd, OptionsError> {
        let scheme = if is(self.internal) { Scheme::Internal } else { Scheme::External };
        let http = match (is(self.https_only), is(self.redirect_http)) {
            (true, true) => {
                return Err(wrong(
                    "redirectHttp",
                    &"cannot be given together with --https-only: nothing listens on port 80",
                ));
            }
            (true, false) => Http::Off,
            (false, true) => Http::Redirected,
            // An internal load balancer has one address for each port, unless it is a shared one.
            (false, false) if scheme == Scheme::Internal => Http::Off,
            (false, false) => Http::Served,
        };
        if scheme == Scheme::Internal {
            let refused = match certificate {
                Certificate::Managed(_) | Certificate::ManagedByName(_) => Some((
                    "internal",
                    "takes no Google-managed certificate; give one of your own (--tls-secret, --tls-cert, \
                    --pre-shared-cert), or an issuer of cert-manager",
                )),
                _ if http == Http::Redirected => Some(("redirectHttp", "is not to be had with --internal")),
                _ if self.ssl_policy.is_some() => Some(("sslPolicy", "is not to be had with --internal")),
                _ if self.security_policy.is_some() => {
                    Some(("securityPolicy", "is not to be had with --internal: GKE would make no front end at all"))
                }
                _ => None,
            };
            if let Some((field, problem)) = refused {
                return Err(wrong(field, &problem));
            }
        }
        Ok(FrontEnd { scheme, static_ip: self.static_ip.clone(), http, ssl_policy: self.ssl_policy.clone() })
    }

    /// The names of the fields; of the hidden ones too, which are there to be refused, if `all`.
    #[must_use]
    pub fn fields(all: bool) -> Vec<String> {
        let command = Self::augment_args(Command::new(""));
        let arguments = command.get_arguments().filter(|argument| all || !argument.is_hide_set());
        arguments.map(Self::field).collect()
    }

    /// The field that says the same as a flag.
    #[must_use]
    pub fn field(argument: &clap::Arg) -> String {
        camel_case(argument.get_id().as_str())
    }

    /// The flag of a field alone: `--host`.
    #[must_use]
    pub fn flag_name(field: &str) -> String {
        let flag = Self::flag(field);
        flag.split([' ', '=', '[']).next().unwrap_or(&flag).to_owned()
    }

    /// The flag of a field, with its value's name: `--host <DOMAIN>`.
    #[must_use]
    pub fn flag(field: &str) -> String {
        let mut command = Self::augment_args(Command::new(""));
        command.build();
        let argument = command.get_arguments().find(|argument| Self::field(argument) == field);
        argument.map_or_else(|| field.to_owned(), ToString::to_string)
    }
}

fn is(switch: Option<bool>) -> bool {
    switch.unwrap_or(false)
}

fn wrong(field: &'static str, problem: &dyn std::fmt::Display) -> OptionsError {
    OptionsError { field, missing: false, problem: problem.to_string() }
}

fn camel_case(snake_case: &str) -> String {
    let mut words = snake_case.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        name.push_str(&first.to_uppercase());
        name.push_str(rest);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    /// None is forgotten where they are told again.
    #[test]
    fn flags_of_every_field() {
        let all = serde_json::json!({
            "hosts": ["milvus.example.com"], "staticIp": "ip", "httpsOnly": true, "redirectHttp": true,
            "sslPolicy": "policy", "internal": true, "tlsSecret": "secret", "tlsCert": "tls.crt", "tlsKey": "tls.key",
            "managedCert": "name", "preSharedCerts": ["name"], "clusterIssuer": "name", "issuer": "name",
            "timeout": "1h", "drain": "1m", "healthInterval": "10s", "healthTimeout": "5s", "securityPolicy": "name",
            "logSampleRate": "0.5", "serviceType": "keep", "httpPort": "8080", "rest": true,
            "attuUrl": "https://milvus.example.com", "release": "name", "replace": true,
        });
        let options: Options = serde_json::from_value(all).expect("options");
        let flags = options.flags();
        let named: Vec<_> = flags.iter().filter_map(|flag| flag.split('=').next()).collect();
        for field in Options::fields(false) {
            assert!(named.contains(&Options::flag_name(&field).as_str()), "{field}: {named:?}");
        }
    }

    /// Every flag has the variable of its name, and the fields are those that serde knows.
    #[test]
    fn one_definition() {
        let command = Options::augment_args(Command::new(""));
        for argument in command.get_arguments() {
            let flag = argument.get_long().expect("a flag").to_uppercase().replace('-', "_");
            let variable = argument.get_env().expect("a variable").to_str();
            assert_eq!(variable, Some(format!("MILVUS_GKE_L7_{flag}").as_str()));
        }
        let schema = schemars::schema_for!(Options);
        let mut known: Vec<_> =
            schema.pointer("/properties").and_then(|p| p.as_object()).expect("a struct").keys().collect();
        let mut fields = Options::fields(false);
        known.sort();
        fields.sort();
        assert_eq!(fields.iter().collect::<Vec<_>>(), known);
    }
}
