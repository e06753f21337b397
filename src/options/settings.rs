//! The options → [`Settings`]: what depends on each other is validated here, once.

use std::time::SystemTime;

use super::{Field, Options, OptionsError, is, wrong};
use crate::certificate::Pair;
use crate::gke::certificate::Scope;
use crate::gke::ingress::MAX_CERTIFICATES;
use crate::host::{Domains, Hosts};
use crate::settings::{
    Backend, Certificate, Doors, FrontEnd, HealthTiming, Held, Http, HttpPort, IngressDoor, Issuer, Scheme, Settings,
    Warnings,
};

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

    pub(super) fn ingress(&self, hosts: &Hosts) -> Result<IngressDoor, OptionsError> {
        let scheme = if is(self.internal) { Scheme::Internal } else { Scheme::External };
        let certificate = self.certificate(hosts, scheme)?;
        let front_end = self.front_end(&certificate, scheme)?;
        Ok(IngressDoor { certificate, front_end })
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

    pub(super) fn held(&self, hosts: &Hosts, scope: Scope) -> Result<Option<Held>, OptionsError> {
        // A certificate and its key are one way to name one.
        let way = |field: &Field| if *field == Field::TLS_KEY { Field::TLS_CERT } else { *field };
        // With both doors each may have one of its own.
        let is_of_both = |field: &Field| !(is(self.with_ingress) && field.is_of_gateway_alone());
        let mut ways: Vec<_> = self.given().filter(|field| field.is_of_certificate()).filter(is_of_both).collect();
        ways.dedup_by_key(|field| way(field));
        if let [first, second, ..] = ways[..] {
            let problem = format!("cannot be given together with {}: only one certificate can be given", first.flag());
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
    pub(super) fn http(&self) -> Result<Option<Http>, OptionsError> {
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
pub(super) fn of_ingress(scheme: Scheme) -> Scope {
    match scheme {
        Scheme::External => Scope::Global,
        Scheme::Internal => Scope::Regional,
    }
}
