//! The steps for a Gateway: what the cluster needs, the address, the certificate, DNS.

use super::instruction::{Instruction, When};
use super::{
    OPTIONAL_RECORD, create_secret, front_end_stays, held_stays, how_held, of_issuer, place, pointed, pre_shared,
    proxy_only_subnet, reserved,
};
use crate::connect::{self, Connection, Entrance};
use crate::gke::certificate::Scope;
use crate::gke::gateway::Protocol;
use crate::gke::ingress::CertificateSource;
use crate::settings::{
    GatewayCertificate, GatewayDoor, GatewayRef, GcpName, Held, OwnGateway, Owner, Scheme, Settings,
};
use crate::status::GATEWAY;
use crate::text::{namespace_flag, shell_word};

/// A Gateway, and who asks.
pub(super) struct Front<'r> {
    pub(super) door: &'r GatewayDoor,
    pub(super) settings: &'r Settings,
    pub(super) namespace: Option<&'r str>,
    /// The Service's name, which is the Gateway's, too.
    pub(super) service: &'r str,
    /// The Secret of ours, or of cert-manager's.
    pub(super) secret: String,
}

impl Front<'_> {
    /// Who holds the certificate.
    pub(super) fn how(&self) -> String {
        match &self.door.owner {
            Owner::Theirs(gateway, _) => format!("the certificate is that of Gateway {gateway}"),
            Owner::Ours(OwnGateway { certificate, .. }) => match certificate {
                GatewayCertificate::Map(name) => format!("the certificate is in certificate map {name}"),
                GatewayCertificate::Manager(name) => format!("the certificate is {name} of Certificate Manager"),
                GatewayCertificate::Held(held) => how_held(held, &self.secret),
            },
        }
    }

    /// The flag of `wait` that makes it see the Gateway.
    pub(super) fn wait(&self) -> String {
        match &self.door.owner {
            Owner::Theirs(GatewayRef { namespace: Some(name), .. }, _) => {
                format!(" --gateway-namespace {}", shell_word(name.as_str()))
            }
            _ => " --gateway".to_owned(),
        }
    }

    /// What must be there.
    pub(super) fn before(&self) -> Vec<Instruction> {
        let own = match &self.door.owner {
            Owner::Ours(own) => own,
            Owner::Theirs(gateway, _) => return vec![self.theirs(gateway)],
        };
        let mut steps = vec![
            Instruction::new(
                When::Before,
                "The cluster must have the Gateway API. Autopilot has it. Enable it on a Standard cluster:",
            )
            .run("gcloud container clusters update CLUSTER --location LOCATION --gateway-api=standard")
            .run(format!("kubectl get gatewayclass {}", own.class)),
        ];
        // With an Ingress of the same region it is said already.
        if own.class.scope() == Scope::Regional && !self.is_beside_ingress() {
            steps.push(proxy_only_subnet());
        }
        steps.extend(self.reserve(own));
        // Beside an Ingress it has the Ingress's certificate, unless it must have another; and DNS moves last.
        if !(self.is_beside_ingress() && matches!(own.certificate, GatewayCertificate::Held(_))) {
            steps.extend(self.certificate(own));
        }
        if own.front_end.static_ip.is_some() && !self.is_beside_ingress() {
            steps.push(self.point(own));
        }
        steps
    }

    /// What comes with the load balancer.
    pub(super) fn after(&self) -> Vec<Instruction> {
        let mut steps = Vec::new();
        if let Owner::Ours(own) = &self.door.owner
            && own.front_end.static_ip.is_none()
        {
            let (name, namespace) = (shell_word(self.service), namespace_flag(self.namespace));
            steps.push(
                Instruction::new(When::After, "Wait for the ADDRESS of the Gateway, two to ten minutes.")
                    .run(format!("kubectl get {GATEWAY} {name}{namespace} --watch")),
            );
            if !self.is_beside_ingress() {
                steps.push(self.point(own));
            }
        }
        if self.door.protocol == Protocol::H2c {
            let words = "Try one call before clients move: h2c is not among the features that Google claims for its \
                Gateway. If it fails with 502 or 503 although the health check is green, use --backend tls.";
            steps.push(Instruction::new(When::After, words));
        }
        steps
    }

    fn is_beside_ingress(&self) -> bool {
        self.settings.doors.ingress().is_some()
    }

    /// What is left to do when everything is ready.
    pub(super) fn moving(&self) -> Option<Instruction> {
        let words = "Try calls through the Gateway's address. Then point the A record at it, and wait at least as long \
            as the record's TTL. Once no client uses the Ingress any more, omit --with-ingress and apply again: nothing \
            restarts. Helm then deletes the Ingress and its objects; with kubectl apply, delete them yourself.";
        self.is_beside_ingress().then(|| Instruction::new(When::After, words))
    }

    /// How clients connect.
    pub(super) fn connection(&self) -> Connection {
        let hosts: Vec<_> = self.settings.hosts.iter().collect();
        let own = self.door.owner.ours().map(|own| &own.certificate);
        let (certificate, is_issued) = match own {
            Some(GatewayCertificate::Held(Held::Secret(name))) => {
                (CertificateSource::Secrets(vec![name.as_str()]), false)
            }
            Some(GatewayCertificate::Held(Held::Files(_))) => (CertificateSource::Secrets(vec![&self.secret]), false),
            Some(GatewayCertificate::Held(Held::CertManager(_))) => {
                (CertificateSource::Secrets(vec![&self.secret]), true)
            }
            Some(GatewayCertificate::Held(Held::PreShared(names))) => {
                (CertificateSource::PreShared(names.iter().map(GcpName::as_str).collect()), false)
            }
            Some(GatewayCertificate::Map(_) | GatewayCertificate::Manager(_)) | None => {
                (CertificateSource::None, false)
            }
        };
        let entrance = Entrance {
            hosts: &hosts,
            certificate: &certificate,
            is_issued,
            rest: self.settings.rest,
            internal: self.door.owner.scheme() == Scheme::Internal,
            namespace: self.namespace,
        };
        connect::how(&entrance, None, false)
    }

    /// What is neither the release's nor the load balancer's.
    pub(super) fn stays(&self) -> Vec<String> {
        let Owner::Ours(own) = &self.door.owner else { return vec!["the Gateway".to_owned()] };
        let certificate = match &own.certificate {
            GatewayCertificate::Map(name) => Some(format!("certificate map {name}")),
            GatewayCertificate::Manager(name) => Some(format!("certificate {name}")),
            GatewayCertificate::Held(held) => held_stays(held, &self.secret),
        };
        front_end_stays(&own.front_end, certificate)
    }

    fn theirs(&self, gateway: &GatewayRef) -> Instruction {
        let namespace = gateway.namespace.as_ref().map(|name| name.as_str()).or(self.namespace);
        let words = format!(
            "Gateway {gateway} must exist, and its listener must admit routes of this namespace (allowedRoutes) and \
                serve the hosts. DNS must point to its address."
        );
        let get =
            format!("kubectl get {GATEWAY} {}{} -o yaml", shell_word(gateway.name.as_str()), namespace_flag(namespace));
        Instruction::new(When::Before, words).run(get)
    }

    fn reserve(&self, own: &OwnGateway) -> Option<Instruction> {
        let name = own.front_end.static_ip.as_ref()?;
        let (is_regional, is_internal) =
            (own.class.scope() == Scope::Regional, own.front_end.scheme == Scheme::Internal);
        Some(reserved("Reserve the address, unless it exists.", name.as_str(), is_regional, is_internal))
    }

    fn point(&self, own: &OwnGateway) -> Instruction {
        let hosts: Vec<_> = self.settings.hosts.iter().collect();
        let is_internal = own.front_end.scheme == Scheme::Internal;
        pointed(&hosts, own.front_end.static_ip.is_some(), is_internal, OPTIONAL_RECORD)
    }

    fn certificate(&self, own: &OwnGateway) -> Vec<Instruction> {
        let namespace = namespace_flag(self.namespace);
        let step = |words: String| Instruction::new(When::Before, words);
        match &own.certificate {
            GatewayCertificate::Map(map) => vec![self.authorization("", &format!("{map}-cert"), &format!(
                "Certificate map {map} must exist, with a certificate for every host. With DNS authorization Google \
                 issues it before DNS points to the load balancer: create the record that `describe` prints, and wait \
                 until the last line prints ACTIVE."
            ), Some(map))],
            GatewayCertificate::Manager(name) => vec![self.authorization(
                " --location=REGION",
                name.as_str(),
                &format!(
                    "Certificate {name} of Certificate Manager must exist in the region, for every host. With DNS \
                 authorization Google issues it before DNS points to the load balancer: create the record that \
                 `describe` prints, and wait until the last line prints ACTIVE."
                ),
                None,
            )],
            GatewayCertificate::Held(Held::Files(_)) => Vec::new(),
            GatewayCertificate::Held(Held::Secret(name)) => {
                vec![
                    step(format!("Secret {name} must exist: without it the listener is not valid."))
                        .run(create_secret(name.as_str(), &namespace)),
                ]
            }
            GatewayCertificate::Held(Held::PreShared(names)) => {
                pre_shared(names, place(own.class.scope() == Scope::Regional))
            }
            GatewayCertificate::Held(Held::CertManager(issuer)) => {
                let (kind, get) = of_issuer(issuer, &namespace);
                vec![
                    step(format!(
                        "{kind} of cert-manager must exist and solve DNS-01, and cert-manager must have its \
                    Gateway API support on."
                    ))
                    .run(format!("kubectl get {get} -o yaml")),
                ]
            }
        }
    }

    /// A certificate of Certificate Manager, for all hosts.
    fn authorization(&self, place: &str, certificate: &str, words: &str, map: Option<&GcpName>) -> Instruction {
        let mut step = Instruction::new(When::Before, words);
        let mut authorizations = Vec::new();
        for (index, host) in self.settings.hosts.iter().enumerate() {
            let domain = host.trim_start_matches("*.");
            let name = format!("{certificate}-{}", index + 1);
            step = step
                .run(format!("gcloud certificate-manager dns-authorizations create {name} --domain={domain}{place}"))
                .run(format!("gcloud certificate-manager dns-authorizations describe {name}{place}"));
            authorizations.push(name);
        }
        let hosts: Vec<_> = self.settings.hosts.iter().map(shell_word).collect();
        step = step.run(format!(
            "gcloud certificate-manager certificates create {certificate}{place} \\\n  --domains={} \\\n  --dns-authorizations={}",
            hosts.join(","),
            authorizations.join(",")
        ));
        if let Some(map) = map {
            step = step.run(format!("gcloud certificate-manager maps create {map}"));
            for (index, host) in hosts.iter().enumerate() {
                step = step.run(format!(
                    "gcloud certificate-manager maps entries create {map}-{} --map={map} --hostname={host} \\\n  \
                     --certificates={certificate}",
                    index + 1
                ));
            }
        }
        step.run(format!(
            "gcloud certificate-manager certificates describe {certificate}{place} --format='value(managed.state)'"
        ))
    }
}
