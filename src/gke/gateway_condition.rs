//! What the conditions in the status of a Gateway, a route or a policy mean. The words are those of
//! sigs.k8s.io/gateway-api apis/v1 (gateway_types.go, shared_types.go, httproute_types.go) and, of policies,
//! github.com/GoogleCloudPlatform/gke-gateway-api apis/networking/v1/shared_types.go.

/// A reason why a condition is not as it should be.
#[derive(Debug)]
pub struct Meaning {
    reason: &'static str,
    /// What is wrong.
    pub what: &'static str,
    /// What to do; empty where GKE goes on without help.
    pub help: &'static str,
}

impl Meaning {
    /// Whether GKE goes on without help.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.help.is_empty()
    }
}

/// What is known of a reason.
#[must_use]
pub fn meaning(reason: &str) -> Option<&'static Meaning> {
    MEANINGS.iter().find(|meaning| meaning.reason == reason)
}

/// The condition that should be `False`; all others should be `True`.
pub const CONFLICTED: &str = "Conflicted";

/// `status.parents[].controllerName` and `status.ancestors[].controllerName` of GKE's controller.
pub const CONTROLLER: &str = "networking.gke.io/gateway";

const fn wrong(reason: &'static str, what: &'static str, help: &'static str) -> Meaning {
    Meaning { reason, what, help }
}

const fn passing(reason: &'static str, what: &'static str) -> Meaning {
    Meaning { reason, what, help: "" }
}

static MEANINGS: &[Meaning] = &[
    passing("Pending", "GKE has not got to it yet"),
    passing("NotReconciled", "GKE has not got to it yet"),
    passing("AddressNotAssigned", "the load balancer has no address yet"),
    passing("NoResources", "the load balancer is not built yet"),
    // Gateway.
    wrong(
        "AddressNotUsable",
        "the address cannot be used",
        "reserve it in the scope of the class, and free it elsewhere: gcloud compute addresses list",
    ),
    wrong(
        "UnsupportedAddress",
        "the address is of a type that GKE does not accept",
        "write type: NamedAddress with the name of a reserved address",
    ),
    wrong("InvalidParameters", "GKE cannot use the Gateway as it is", "correct what the message names"),
    wrong("Invalid", "GKE cannot use it as it is", "correct what the message names"),
    wrong("ListenersNotValid", "a listener is not valid", "see the conditions of the listeners"),
    // Its listeners.
    wrong(
        "InvalidCertificateRef",
        "the certificate of a listener does not exist or is not valid",
        "create the Secret with tls.crt and tls.key in the Gateway's namespace",
    ),
    wrong(
        "RefNotPermitted",
        "a reference into another namespace is not permitted",
        "add a ReferenceGrant there, or move the object into this namespace",
    ),
    wrong("PortUnavailable", "GKE does not listen on the port", "use port 443 for HTTPS and port 80 for HTTP"),
    wrong(
        "UnsupportedProtocol",
        "GKE does not serve the protocol",
        "use HTTPS, and appProtocol HTTP2 or kubernetes.io/h2c on the Service",
    ),
    wrong("InvalidRouteKinds", "the listener admits a kind of route that GKE does not handle", "admit HTTPRoute"),
    wrong("HostnameConflict", "two listeners have the same port and hostname", "keep one of them"),
    wrong("ProtocolConflict", "two listeners have the same port and different protocols", "keep one of them"),
    // A route.
    wrong(
        "NoMatchingParent",
        "no listener has the name or the port that the route names",
        "correct sectionName in its parentRefs",
    ),
    wrong(
        "NotAllowedByListeners",
        "the listener does not admit routes of this namespace",
        "let its allowedRoutes admit the namespace",
    ),
    wrong(
        "NoMatchingListenerHostname",
        "no listener serves the hosts of the route",
        "give the listener the host of the route, or no hostname",
    ),
    wrong(
        "BackendNotFound",
        "the Service or its port does not exist",
        "correct backendRefs: the number is that of the Service's port",
    ),
    wrong("InvalidKind", "the route leads to something that is not a Service", "name a Service in backendRefs"),
    wrong("UnsupportedValue", "the route has a value that GKE does not support", "correct what the message names"),
    wrong("IncompatibleFilters", "filters of the route conflict", "keep one of them"),
    // A policy.
    wrong(
        "Conflicted",
        "an older policy of the same kind has the same target, and takes precedence",
        "merge them into one",
    ),
    wrong(
        "TargetNotFound",
        "the policy's target does not exist in its namespace",
        "correct targetRef: group \"\", kind Service, and the name",
    ),
];
