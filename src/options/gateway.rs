//! What only concerns a Gateway: its class, owner, protocol and certificate, and an Ingress beside it.

use super::settings::of_ingress;
use super::{Field, Options, OptionsError, is, wrong};
use crate::gke::certificate::Scope;
use crate::gke::gateway::{GatewayClass, MAX_LISTENERS, Protocol};
use crate::host::Hosts;
use crate::settings::{
    Certificate, Doors, FrontEnd, GatewayCertificate, GatewayDoor, Held, Http, IngressDoor, OwnGateway, Owner, Scheme,
};

impl Options {
    /// What means nothing without a Gateway.
    pub(super) fn check_no_gateway(&self) -> Result<(), OptionsError> {
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

    pub(super) fn gateway(&self, hosts: &Hosts) -> Result<Doors, OptionsError> {
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
            Some(field) => {
                Err(wrong(field, &"cannot be given together with --gateway-ref: it is up to the Gateway's owner"))
            }
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
        if self.gateway_ip.is_some() && self.gateway_ip == self.static_ip {
            return Err(wrong(
                Field::GATEWAY_IP,
                &"must differ from --static-ip: both load balancers listen on port 443",
            ));
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
        let redirects = is(self.redirect_http);
        let most = MAX_LISTENERS - usize::from(redirects);
        if matches!(held, Some(Held::CertManager(_))) && hosts.iter().count() > most {
            let one = if redirects { ", one of them on port 80" } else { "" };
            let problem =
                format!("cert-manager needs a listener for each host, and a Gateway can have {MAX_LISTENERS}{one}");
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
}
