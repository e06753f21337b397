//! Every rule in one table: what `check` says, what `explain` prints and what
//! `docs/rules.md` lists. An identifier, once published, keeps its meaning.

use crate::report::diagnostic::Severity;
use crate::text;

/// A rule that manifests can break.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable and kebab-case.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub title: &'static str,
    /// What comes of it.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// More, for `explain`.
    pub text: &'static str,
    /// Who says so: a field, a controller's behaviour, or a rule of Kubernetes.
    pub source: &'static str,
}

/// The rule of this identifier.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

/// The identifier most like `id`.
#[must_use]
pub fn nearest(id: &str) -> Option<&'static str> {
    let ids = || ALL.iter().map(|rule| rule.id);
    text::nearest(id, ids(), id.len() / 2).or_else(|| ids().find(|known| known.contains(id)))
}

macro_rules! rules {
    ($($name:ident $severity:ident $id:literal $title:literal why $why:literal fix $fix:literal
       text $text:literal source $source:literal;)*) => {
        /// All rules, by the object they are about.
        pub static ALL: &[&Rule] = &[$(&$name),*];
        $(pub(super) static $name: Rule = Rule {
            id: $id, severity: Severity::$severity, title: $title, why: $why, fix: $fix, text: $text, source: $source,
        };)*
    };
}

rules! {
    // The whole.
    NOT_REWRITTEN Error "not-rewritten" "the chart has not been rewritten"
        why "nothing puts Milvus behind the load balancer: the program has not run"
        fix "give Helm `--post-renderer milvus-gke-l7 --post-renderer-args --host=…` on every install and upgrade"
        text "The Milvus Service has none of GKE's annotations, and no Ingress leads to it. Helm does not remember \
            --post-renderer: an upgrade without it takes the load balancer away. The other rules are then skipped."
        source "the guide's Service, Ingress and BackendConfig are all missing";
    NO_INGRESS Warning "no-ingress" "no Ingress leads to Milvus's gRPC port"
        why "without an Ingress there is no load balancer"
        fix "add the Ingress to the input, or create it"
        text "The Service is made ready for a load balancer, but no Ingress in the input leads to it. If it exists \
            elsewhere, check both together: many mistakes only show between two objects."
        source "Ingress spec.rules[].http.paths[].backend.service";
    OUTSIDE Note "outside-the-input" "something outside the input must exist"
        why "GKE does not build a front end, or builds only part of one, while it is missing"
        fix "make sure that it exists before this is applied"
        text "Static IP addresses, pre-shared certificates, SSL and security policies are not Kubernetes objects, and \
            a Service, a Secret or a ManagedCertificate may be created by somebody else. A missing Service of any path \
            stops the whole Ingress, without an event. Without the Secret the Ingress does not get a front end; \
            without the static IP it gets only a URL map; with a missing pre-shared certificate port 80 is served \
            already, but there is no ADDRESS."
        source "ingress-gce pkg/translator/translator.go, pkg/loadbalancers/forwarding_rules.go";
    OBJECT_TWICE Warning "object-twice" "two objects in the input have the same kind, namespace and name"
        why "the later one replaces the earlier one in the cluster, or Helm refuses the second: it exists already"
        fix "keep one of them, or rename one"
        text "The other rules look only at the later one. Objects read from a cluster are exempt."
        source "Kubernetes, identity of an object";
    API_VERSION Error "api-version" "an apiVersion or kind that the API server does not know"
        why "the API server refuses the object, and what needs it works without it, or not at all"
        fix "write the apiVersion that is served"
        text "FrontendConfig is served as networking.gke.io/v1beta1 only, BackendConfig as cloud.google.com/v1 (and \
            v1beta1), ManagedCertificate as networking.gke.io/v1. Without the FrontendConfig there is no redirect; \
            without the BackendConfig GKE refuses the whole Ingress."
        source "the CustomResourceDefinitions of ingress-gce and gke-managed-certs";
    OBJECT_NAME Error "object-name" "a name that is not valid for the object"
        why "the API server refuses the object"
        fix "use lower-case letters, digits, inner hyphens and dots, at most 253 characters"
        text "A name with capitals or an underscore is refused, too. A Service's name has no dots and at most 63 \
            characters."
        source "Kubernetes, metadata.name; RFC 1123";
    LABEL Error "label" "a label that is not valid"
        why "the API server refuses the object"
        fix "use letters, digits, hyphens, underscores and dots, at most 63 characters; a key may have a domain before \
            a slash"
        text "The value may be empty. It begins and ends with a letter or a digit."
        source "Kubernetes, metadata.labels";

    // Service.
    PORT_UNNAMED Error "port-unnamed" "the Milvus port of the Service has no name"
        why "GKE looks the protocol up by the port's name; without one it speaks plain HTTP to Milvus's TLS port"
        fix "give the port a name, such as `milvus` (in the chart: service.portName)"
        text "The load balancer gets an address and a green health check, and every call ends with 502. An upgrade of \
            the chart with --reuse-values from before 4.0.24 loses the name."
        source "annotation cloud.google.com/app-protocols; ingress-gce pkg/controller/translator/translator.go";
    PORT_NAMES Error "port-names" "the name of a port is missing, used twice or not valid"
        why "the API server refuses a Service with several ports unless each has its own name"
        fix "give each port a name: lower-case letters, digits and inner hyphens, at most 63 characters"
        text "The API server does not require a name for the only port of a Service, but GKE looks the protocol up by \
            it."
        source "Kubernetes, validation of Service spec.ports[].name";
    PORT_TWICE Error "port-twice" "two ports of the Service have the same number and protocol"
        why "the API server refuses the Service"
        fix "keep one of them"
        text "The same number is allowed for TCP and UDP. Several ports may lead to one targetPort."
        source "Kubernetes, validation of Service spec.ports[].port";
    PROTOCOLS_MISSING Error "app-protocols-missing" "the Service does not say that Milvus's port speaks HTTP/2"
        why "GKE speaks plain HTTP to Milvus's TLS port, and every call ends with 502"
        fix "annotate the Service: cloud.google.com/app-protocols: '{\"milvus\":\"HTTP2\"}', with the name of its port"
        text "GKE says nothing about it: there is an address, and the health check is green, because it is on another \
            port. The Ingress controller does not read the port's `appProtocol`."
        source "annotation cloud.google.com/app-protocols; ingress-gce pkg/annotations/service.go";
    PROTOCOLS_KEY Error "app-protocols-key" "app-protocols does not name a port of the Service"
        why "keys are names of ports, not numbers; GKE ignores other keys and speaks plain HTTP to Milvus's TLS port"
        fix "use the port's name as key"
        text "backend-config takes names and numbers, app-protocols takes names only. GKE ignores other keys without \
            an event; every call then ends with 502, with a green health check."
        source "annotation cloud.google.com/app-protocols; ingress-gce pkg/controller/translator/translator.go";
    PROTOCOLS_VALUE Error "app-protocols-value" "app-protocols names an unknown protocol"
        why "one bad value makes GKE refuse the whole Ingress"
        fix "write HTTP, HTTPS or HTTP2, in capitals; Milvus's gRPC port needs HTTP2"
        text "There is no value for gRPC: gRPC is HTTP/2 over TLS here. The event names the annotation \
            service.alpha.kubernetes.io/app-protocols, whichever was used."
        source "annotation cloud.google.com/app-protocols; ingress-gce pkg/annotations/service.go";
    PROTOCOLS_NOT_HTTP2 Error "app-protocols-not-http2" "the protocol of Milvus's port is not HTTP2"
        why "gRPC needs HTTP/2; with HTTP or HTTPS every call fails"
        fix "set the port's protocol to HTTP2"
        text "HTTP is plain HTTP/1.1 to a TLS port, HTTPS is HTTP/1.1 over TLS. The health check is green with both."
        source "annotation cloud.google.com/app-protocols";
    PROTOCOLS_JSON Error "app-protocols-json" "app-protocols is not a JSON object of strings"
        why "GKE refuses the whole Ingress"
        fix "write it as a JSON object in quotes: '{\"milvus\":\"HTTP2\"}'"
        text "The annotation's value is a string that holds JSON."
        source "annotation cloud.google.com/app-protocols; ingress-gce pkg/annotations/service.go";
    PROTOCOLS_ALPHA Warning "app-protocols-alpha" "the older app-protocols annotation is present and takes precedence"
        why "GKE reads service.alpha.kubernetes.io/app-protocols first, and then ignores the newer one"
        fix "remove service.alpha.kubernetes.io/app-protocols"
        text "cloud.google.com/app-protocols has no effect beside it."
        source "ingress-gce pkg/annotations/service.go";
    REST_PROTOCOL Error "rest-protocol" "the protocol does not fit another port of Milvus that the load balancer leads to"
        why "GKE speaks plain HTTP to a port that speaks TLS, or TLS to one that does not, and every request ends with \
            502"
        fix "set HTTPS for the port of the REST API, beside HTTP2 for the gRPC port"
        text "With tlsMode 1 the HTTP server of Milvus speaks TLS as well, on the port proxy.http.port. The metrics \
            port speaks plain HTTP. GKE says nothing about it."
        source "annotation cloud.google.com/app-protocols; Service spec.ports[].appProtocol; Milvus \
            internal/distributed/proxy/listener_manager.go";
    REST_PORT Error "rest-port" "the load balancer leads to a port of Milvus on which nothing listens"
        why "every request to it ends with 502"
        fix "set targetPort to proxy.http.port of user.yaml, and proxy.http.enabled to true"
        text "Milvus's REST API has its own port, proxy.http.port, once TLS is on. Reported only where no container \
            declares the port."
        source "Service spec.ports[].targetPort; Milvus proxy.http.port";
    CONFIG_MISSING Error "backend-config-missing" "the Service does not name a BackendConfig"
        why "GKE then probes `/` over HTTP/2 on the gRPC port, and Milvus never becomes healthy"
        fix "annotate the Service: cloud.google.com/backend-config: '{\"default\": \"my-release-backendconfig\"}'"
        text "Milvus's readiness probe is on another port than gRPC, so GKE cannot take it over. A BackendConfig with \
            a health check is needed."
        source "annotation cloud.google.com/backend-config; ingress-gce pkg/controller/translator/translator.go";
    CONFIG_JSON Error "backend-config-json" "backend-config is not the JSON that GKE reads"
        why "GKE refuses the whole Ingress: `BackendConfig annotation is invalid json`"
        fix "write '{\"default\": \"NAME\"}' or '{\"ports\": {\"milvus\": \"NAME\"}}'"
        text "The annotation's value is a string that holds JSON; `default` is a string and `ports` an object of \
            strings."
        source "annotation cloud.google.com/backend-config; ingress-gce pkg/annotations/service.go";
    CONFIG_EMPTY Error "backend-config-empty" "the annotation backend-config does not name a BackendConfig"
        why "GKE refuses the whole Ingress: `no BackendConfig's found in annotation`"
        fix "name the BackendConfig as `default`"
        text "`default` and `ports` are both missing or empty."
        source "annotation cloud.google.com/backend-config; ingress-gce pkg/backendconfig/backendconfig.go";
    CONFIG_OTHER_PORT Error "backend-config-other-port" "backend-config does not name a BackendConfig for Milvus's port"
        why "GKE says nothing, probes `/` over HTTP/2 on the gRPC port, and Milvus never becomes healthy"
        fix "name it as `default`, or under the port's name or number in `ports`"
        text "GKE looks for the port's name, then its number, then `default`."
        source "annotation cloud.google.com/backend-config; ingress-gce pkg/backendconfig/utils.go";
    CONFIG_BETA Note "backend-config-beta" "the older backend-config annotation is used"
        why "GKE reads beta.cloud.google.com/backend-config only where cloud.google.com/backend-config is missing"
        fix "use cloud.google.com/backend-config alone"
        text "It still works alone, but has no effect beside the newer one."
        source "ingress-gce pkg/annotations/service.go";
    CONFIG_ABSENT Warning "backend-config-absent" "the BackendConfig that the Service names is not in the input"
        why "if it does not exist, GKE refuses the whole Ingress: `no BackendConfig for service port exists`"
        fix "add it to the input, or correct the name"
        text "It must exist in the Service's namespace. kustomize's namePrefix and nameSuffix rename the object, but \
            not the name in the annotation."
        source "annotation cloud.google.com/backend-config; ingress-gce pkg/backendconfig/backendconfig.go";
    CONFIG_NAMESPACE Error "backend-config-namespace" "the BackendConfig is in another namespace than the Service"
        why "GKE looks in the Service's namespace only, and refuses the whole Ingress"
        fix "move it into the Service's namespace"
        text "An outer kustomization with `namespace` may move one object and not the other."
        source "ingress-gce pkg/backendconfig/backendconfig.go";
    NEG_JSON Error "neg-json" "the annotation neg is not the JSON that GKE reads"
        why "GKE treats it as `off`, and does not reach the pods"
        fix "write cloud.google.com/neg: '{\"ingress\": true}'"
        text "true and \"true\" are not objects, and `ingress` is true or false without quotes."
        source "annotation cloud.google.com/neg; ingress-gce pkg/annotations/negannotation";
    NEG_MISSING Warning "neg-missing" "the Service does not ask for network endpoint groups"
        why "unless GKE adds the annotation itself, it refuses a Service of type ClusterIP"
        fix "annotate the Service: cloud.google.com/neg: '{\"ingress\": true}'"
        text "VPC-native clusters add the annotation to new Services under some conditions. Writing it yourself is \
            never wrong."
        source "annotation cloud.google.com/neg; ingress-gce pkg/controller/translator/translator.go";
    NEG_OFF Error "neg-off" "network endpoint groups are switched off for a ClusterIP Service"
        why "GKE refuses the whole Ingress: expected NodePort or LoadBalancer when not using NEGs"
        fix "set `ingress` to true in cloud.google.com/neg"
        text "Without network endpoint groups the load balancer reaches pods by node ports, which a ClusterIP Service \
            does not have."
        source "annotation cloud.google.com/neg; ingress-gce pkg/controller/translator/translator.go";
    NEG_INSTANCE_GROUPS Error "neg-instance-groups" "the Service is reached by node ports, not by its pods"
        why "the health check then goes to port 9091 of the nodes, where nothing listens, and Milvus never becomes \
            healthy"
        fix "annotate the Service: cloud.google.com/neg: '{\"ingress\": true}', and make it ClusterIP"
        text "Without network endpoint groups GKE uses instance groups, without an event."
        source "annotation cloud.google.com/neg; ingress-gce pkg/translator/healthchecks.go";
    NEG_NAME Error "neg-name" "the Service names its network endpoint group"
        why "GKE refuses it: custom neg name cannot be used with ingress enabled"
        fix "remove `name` from cloud.google.com/neg"
        text "Names are for network endpoint groups that no Ingress uses."
        source "annotation cloud.google.com/neg; ingress-gce pkg/neg/controller.go";
    SERVICE_LEFTOVER Error "service-leftover" "a field that a ClusterIP Service cannot have"
        why "the API server refuses it on create, or drops it and refuses the next upgrade"
        fix "remove it"
        text "Fields of LoadBalancer and NodePort Services: nodePort, allocateLoadBalancerNodePorts, \
            loadBalancerClass, loadBalancerSourceRanges, healthCheckNodePort, externalTrafficPolicy (unless there are \
            externalIPs), and the annotation service.beta.kubernetes.io/load-balancer-source-ranges."
        source "Kubernetes, validation of Service spec.type ClusterIP";
    LOAD_BALANCER_BESIDE Note "load-balancer-beside" "the Service keeps its own address"
        why "clients can still bypass the Ingress, over Milvus's own TLS and without the Ingress's policies"
        fix "make it ClusterIP once nobody uses the old address"
        text "That is what --service-type keep does, for a change without an interruption."
        source "Service spec.type";
    EXTERNAL_NAME Error "external-name" "the Service is of type ExternalName"
        why "the load balancer needs pods behind the Service"
        fix "make it ClusterIP, with a selector"
        text "GKE refuses such a Service as a backend."
        source "Service spec.type; ingress-gce pkg/controller/translator/translator.go";
    TARGET_PORT Error "target-port" "no container has a port with the targetPort's name"
        why "the network endpoint group stays empty, without an event, and every call ends with 502 or 503"
        fix "name a port that the pods' containers declare, as the chart does: milvus"
        text "A targetPort that is a name is looked up in the containers of the selected pods."
        source "Service spec.ports[].targetPort";
    NO_PODS Error "no-pods" "the Service selects none of the Milvus pods"
        why "the network endpoint group stays empty, without an event, and every call ends with 502 or 503"
        fix "make spec.selector match the labels of the pod template"
        text "Reported only where the input holds Milvus workloads in the Service's namespace."
        source "Service spec.selector";
    NETWORK_POLICY Warning "network-policy" "a NetworkPolicy blocks the load balancer or its health check"
        why "if the cluster enforces it, the backends never become healthy, or every call ends with 502 or 503"
        fix "admit 130.211.0.0/22 and 35.191.0.0/16 at Milvus's gRPC port and at 9091, and for a regional or internal \
            load balancer the proxy-only subnet at the gRPC port"
        text "The load balancer and the health check come from outside the cluster: a podSelector or namespaceSelector \
            does not admit them. Pods that several policies select accept what any of the policies admits. The health \
            check of every load balancer comes from these two ranges, and so do the proxies of a global one. Those of \
            a regional or internal one are in the proxy-only subnet, which is not in any manifest: there is a note. A \
            cluster without Dataplane V2 and without the add-on does not enforce NetworkPolicies."
        source "Kubernetes NetworkPolicy spec.ingress; Google Cloud documentation, Application Load Balancers, \
            firewall rules";
    ANNOTATION_TYPE Error "annotation-type" "an annotation that is not a string"
        why "annotations are strings; the API server refuses anything else"
        fix "put its value in quotes"
        text "Without quotes YAML reads true, false and numbers as other types, and a mapping as a mapping."
        source "Kubernetes, metadata.annotations";
    ANNOTATION_KEY Error "annotation-key" "a key that is not valid for an annotation"
        why "the API server refuses the object"
        fix "write DOMAIN/NAME: the name has letters, digits, hyphens, underscores and dots, at most 63 characters"
        text "It has at most one slash, and no spaces."
        source "Kubernetes, metadata.annotations";
    ANNOTATION_MISSPELT Warning "annotation-misspelt" "an annotation that nothing reads, spelt almost like one of GKE's"
        why "GKE ignores annotations that it does not know, without an event: it does not do what it should"
        fix "write the key as GKE reads it"
        text "The mistake may be a letter, the domain or the version, or the key may be from an older release. Only \
            the key of FrontendConfig has a version: networking.gke.io/v1beta1.FrontendConfig."
        source "ingress-gce pkg/annotations/{service,ingress}.go; gke-managed-certs pkg/controller";
    ANNOTATION_KIND Warning "annotation-kind" "a GKE annotation in the wrong place"
        why "GKE looks for it elsewhere and ignores it here, without an event"
        fix "move it to the object on which GKE reads it"
        text "cloud.google.com/backend-config, app-protocols and neg are annotations of the Service; addresses, \
            certificates, the class and the FrontendConfig are those of the Ingress. Labels are not annotations."
        source "ingress-gce pkg/annotations/{service,ingress}.go";
    ANNOTATION_VALUE Error "annotation-value" "an annotation whose value is not a name"
        why "what it names cannot exist, and GKE does not create a front end, or creates only part of one"
        fix "write only the name of the address, certificate or object; separate several certificates by commas"
        text "Give the name of the address, not the IP address. Names in Google Cloud have lower-case letters, digits \
            and inner hyphens, at most 63 characters."
        source "ingress-gce pkg/annotations/ingress.go; gke-managed-certs pkg/controller; Compute Engine, names of \
            resources";
    UNKNOWN_RULE Warning "unknown-rule" "the annotation milvus-gke-l7/ignore names a rule that does not exist"
        why "no finding is suppressed by it"
        fix "correct the name: `milvus-gke-l7 explain` lists all rules"
        text "Names are separated by commas. --ignore refuses unknown names as wrong usage."
        source "this program";
    CONTROLLER_ANNOTATION Warning "controller-annotation" "an annotation that only GKE's controllers write"
        why "it describes a load balancer that exists; in a manifest it overwrites what the controller knows"
        fix "remove it"
        text "ingress.kubernetes.io/url-map, forwarding-rule, target-proxy, ssl-cert, static-ip, backends and the \
            like, ingress.gcp.kubernetes.io/instance-groups and cloud.google.com/neg-status. An exported live object \
            has them. Live objects are exempt."
        source "ingress-gce pkg/annotations/ingress.go, pkg/loadbalancers/l7.go";

    // Custom resources of GKE.
    UNKNOWN_FIELD Warning "unknown-field" "a field that the object does not have"
        why "the API server silently drops it where Helm or server-side apply sends it"
        fix "correct the name, or remove it"
        text "Unknown fields are pruned, also in Kubernetes' own kinds and beside `spec`. Common mistakes: `path` for \
            requestPath, `protocol` for type, annotations that are not in metadata."
        source "the CustomResourceDefinitions of ingress-gce and gke-managed-certs; k8s.io/api";
    FIELD_TYPE Error "field-type" "a value of the wrong type"
        why "the API server refuses the object, and GKE then refuses the Ingress that needs it"
        fix "write integers and booleans without quotes, and strings with them"
        text "In YAML \"9091\" is a string and 9091 an integer. The values of a Secret's `data` are base64."
        source "the CustomResourceDefinitions of ingress-gce and gke-managed-certs; k8s.io/api";
    FIELD_REQUIRED Error "field-required" "a required field is missing"
        why "the API server refuses the object"
        fix "add it, or remove the block around it"
        text "iap.enabled, securityPolicy.name and redirectToHttps.enabled are required in their blocks."
        source "the CustomResourceDefinitions of ingress-gce";
    FIELD_VALUE Error "field-value" "a value that GKE does not accept"
        why "the API server refuses the object, or accepts it, and GKE fails later, when it builds the load balancer"
        fix "choose a value in the range, or one of the listed values, in exactly this case"
        text "timeoutSec 1 to 2147483647, drainingTimeoutSec 0 to 3600, affinityCookieTtlSec 0 to 86400, sampleRate 0 \
            to 1, affinityType NONE, CLIENT_IP or GENERATED_COOKIE, responseCodeName one of four, and the numbers of \
            the health check. In a Service: type, protocol and the like."
        source "ingress-gce pkg/backendconfig/validation.go; Compute Engine API; k8s.io/api";
    HEALTH_MISSING Error "health-check-missing" "the BackendConfig has no health check"
        why "GKE then probes `/` over HTTP/2 on the gRPC port, and Milvus never becomes healthy"
        fix "add spec.healthCheck with port 9091, requestPath /healthz and type HTTP"
        text "Milvus's readiness probe cannot be taken over: it is on another port than gRPC."
        source "BackendConfig spec.healthCheck";
    HEALTH_TYPE_MISSING Error "health-check-type-missing" "the health check has no type"
        why "it then inherits HTTP2 from the backend: TLS to a port that speaks plain HTTP, without an event"
        fix "add `type: HTTP`"
        text "Google's page says that the default is HTTP; the controller uses the serving protocol."
        source "BackendConfig spec.healthCheck.type; ingress-gce pkg/translator/healthchecks.go";
    HEALTH_TYPE Error "health-check-type" "the type of the health check is not HTTP"
        why "Milvus answers health checks over plain HTTP only"
        fix "write `type: HTTP`, in capitals"
        text "GKE knows HTTP, HTTPS and HTTP2, and refuses the Ingress for anything else, such as GRPC. With HTTPS or \
            HTTP2 Milvus never becomes healthy, without an event."
        source "BackendConfig spec.healthCheck.type; ingress-gce pkg/translator/healthchecks.go";
    HEALTH_PORT_MISSING Error "health-check-port-missing" "the health check has no port"
        why "it then goes to the gRPC port, which speaks TLS, and Milvus never becomes healthy, without an event"
        fix "add `port: 9091`"
        text "Milvus serves metrics and /healthz on 9091. GKE opens the firewall for it."
        source "BackendConfig spec.healthCheck.port; ingress-gce pkg/translator/healthchecks.go";
    HEALTH_PORT Error "health-check-port" "the health check goes to a port that does not answer it"
        why "Milvus never becomes healthy, without an event"
        fix "use the container port `metrics` of Milvus, 9091"
        text "It is a port of the pods, not of the Service. The gRPC port speaks TLS and does not answer health checks."
        source "BackendConfig spec.healthCheck.port";
    HEALTH_PATH_MISSING Error "health-check-path-missing" "the health check has no requestPath"
        why "it then asks for `/`, where Milvus answers 404, and Milvus never becomes healthy"
        fix "add `requestPath: /healthz`"
        text "The field is called requestPath. `path` is dropped silently."
        source "BackendConfig spec.healthCheck.requestPath";
    HEALTH_PATH Error "health-check-path" "the health check asks for a path other than /healthz"
        why "on its metrics port Milvus answers health checks at /healthz only"
        fix "write `requestPath: /healthz`"
        text "Not every version answers /metrics and other paths with 200."
        source "BackendConfig spec.healthCheck.requestPath; Milvus";
    HEALTH_TIMEOUT Error "health-check-timeout" "the health check's timeout is longer than its interval"
        why "Compute Engine refuses such a health check, and GKE then refuses the Ingress"
        fix "make timeoutSec at most checkIntervalSec"
        text "Compute Engine: `TimeoutSec should be less than or equal to checkIntervalSec`."
        source "Compute Engine API, healthChecks";
    HEALTH_ONE_TIME Error "health-check-one-time"
        "the interval or the timeout of the health check does not fit the other's default"
        why "both defaults are 15 seconds, and a timeout longer than the interval is refused"
        fix "set both: timeoutSec at most checkIntervalSec"
        text "Google's page says that the timeout is 5 seconds by default; the controller uses 15. So checkIntervalSec \
            below 15 needs a timeoutSec, and timeoutSec above 15 a checkIntervalSec."
        source "BackendConfig spec.healthCheck; ingress-gce pkg/translator/healthchecks.go";
    NO_TIMEOUT Note "no-backend-timeout" "the load balancer cuts calls after 30 seconds"
        why "30 seconds is the default where the BackendConfig has no timeoutSec; long searches and loads take longer"
        fix "set spec.timeoutSec, such as 3600 (--timeout)"
        text "GKE keeps a timeout once it is set: removing timeoutSec changes nothing."
        source "BackendConfig spec.timeoutSec; ingress-gce pkg/backends/features/timeout.go";
    IAP_GRPC Error "iap-grpc" "Identity-Aware Proxy is in front of Milvus's gRPC port"
        why "it answers a call without its token with a redirect to a login page, which gRPC clients cannot follow"
        fix "set spec.iap.enabled to false for this port, and tell clients apart by Milvus's users"
        text "The REST API may have it: name another BackendConfig for its port, under `ports`."
        source "BackendConfig spec.iap; Google Cloud documentation, Identity-Aware Proxy";
    IAP_CDN Error "iap-cdn" "Identity-Aware Proxy and Cloud CDN are both on"
        why "GKE refuses the whole Ingress: iap and cdn cannot be enabled at the same time"
        fix "switch one of them off"
        text "Cloud CDN serves from its cache without asking for a login."
        source "ingress-gce pkg/backendconfig/validation.go";
    SECRET_ENTRY Error "secret-entry" "a Secret that a BackendConfig names lacks an entry"
        why "GKE refuses the whole Ingress: secret … missing … data"
        fix "give the Secret the entries client_id and client_secret for Identity-Aware Proxy, key_value for signed \
            URLs"
        text "Only the names of the entries matter, not the type of the Secret."
        source "ingress-gce pkg/backendconfig/validation.go";
    REDIRECT_INTERNAL Warning "frontend-config-internal" "a FrontendConfig on an internal load balancer"
        why "a FrontendConfig cannot give an internal load balancer a redirect to HTTPS or an SSL policy"
        fix "set kubernetes.io/ingress.allow-http to \"false\" instead of the redirect"
        text "GKE ignores them for the class gce-internal."
        source "ingress-gce pkg/loadbalancers/url_maps.go";
    FRONTEND_ABSENT Warning "frontend-config-absent" "the FrontendConfig that the Ingress names is not in the input"
        why "if it does not exist, GKE serves plain HTTP on port 80 without the redirect"
        fix "add it to the input, or correct the name"
        text "It must be in the Ingress's namespace. GKE writes a warning event and continues without it."
        source "annotation networking.gke.io/v1beta1.FrontendConfig; ingress-gce pkg/controller/controller.go";

    // ManagedCertificate.
    CERTIFICATE_ABSENT Warning "managed-certificate-absent"
        "a ManagedCertificate that the Ingress names is not in the input"
        why "if one of them does not exist, none is attached, and port 443 is not served"
        fix "add it to the input, or correct the name"
        text "All of them must be in the Ingress's namespace. The event is called MissingCertificate. Reported only \
            where the input holds other ManagedCertificates, or this one in another namespace; else it is noted as \
            outside-the-input."
        source "annotation networking.gke.io/managed-certificates; gke-managed-certs pkg/controller/sync";
    CERTIFICATE_INTERNAL Error "managed-certificate-internal"
        "a Google-managed certificate on an internal load balancer"
        why "Google issues them for external load balancers only: it will never become Active"
        fix "use a Secret (--tls-secret) or a pre-shared regional certificate"
        text "Domains are validated from the internet."
        source "ManagedCertificate; Google Cloud documentation, internal Application Load Balancers";
    CERTIFICATE_MANY Error "too-many-certificates" "more than 15 certificates on one Ingress"
        why "a target proxy accepts 15"
        fix "put several domains into one certificate, or use several Ingresses"
        text "Secrets, ManagedCertificates and pre-shared certificates count together."
        source "Compute Engine, quotas of SSL certificates";
    DOMAINS_EMPTY Error "domains-empty" "the ManagedCertificate has no domains"
        why "Google does not issue a certificate without a domain, and port 443 is not served"
        fix "list the hosts of the Ingress in spec.domains"
        text "The resource definition allows it; Google does not. The event on the ManagedCertificate is BackendError."
        source "ManagedCertificate spec.domains";
    DOMAINS_MANY Error "domains-many" "the ManagedCertificate has more than 100 domains"
        why "the API server refuses it"
        fix "use several certificates"
        text "spec.domains has maxItems 100."
        source "ManagedCertificate spec.domains, resource definition";
    DOMAIN Error "domain" "a domain that a Google-managed certificate cannot have"
        why "the API server refuses the ManagedCertificate, and the Ingress gets no certificate"
        fix "use lower case, two or more labels, at most 63 characters, no wildcard, no dot at the end"
        text "The pattern is ^(([a-z0-9]+|[a-z0-9][-a-z0-9]*[a-z0-9])\\.)+[a-z][-a-z0-9]*[a-z0-9]$. For anything else \
            use a Secret with your own certificate."
        source "ManagedCertificate spec.domains[], resource definition";
    HOST_NOT_COVERED Error "host-not-covered" "no certificate of the Ingress covers one of its hosts"
        why "clients refuse the connection: the certificate is for another name"
        fix "add the host to one of the certificates, or correct it"
        text "Several certificates cover the hosts together. Reported only where all of them are in the input. \
            Changing the domains creates a new certificate, with an interruption."
        source "ManagedCertificate spec.domains; Ingress spec.tls[].secretName, spec.rules[].host";

    // Ingress.
    INGRESS_VERSION Error "ingress-version" "the API version of the Ingress was removed"
        why "Kubernetes 1.22 and later serve only networking.k8s.io/v1"
        fix "write it as networking.k8s.io/v1: pathType, and backend.service with name and port"
        text "extensions/v1beta1 and networking.k8s.io/v1beta1 were removed in Kubernetes 1.22."
        source "Kubernetes, deprecated API migration guide";
    INGRESS_CLASS_NAME Error "ingress-class-name" "the Ingress has spec.ingressClassName"
        why "GKE reads only the annotation and ignores this Ingress, without an event or an address"
        fix "remove it, and annotate kubernetes.io/ingress.class: gce"
        text "With both, the API server refuses a new Ingress. A default IngressClass of the cluster fills in the \
            field where the annotation is missing."
        source "ingress-gce pkg/utils/utils.go; Kubernetes, validation of Ingress";
    INGRESS_CLASS Error "ingress-class" "the Ingress is of a class that GKE ignores"
        why "GKE handles Ingresses of the classes gce and gce-internal, or without a class; it silently ignores others"
        fix "annotate kubernetes.io/ingress.class: gce"
        text "An Ingress of another class is ignored here if one of GKE's leads to Milvus."
        source "annotation kubernetes.io/ingress.class; ingress-gce pkg/utils/utils.go";
    GRPC_PATH Error "grpc-path" "gRPC calls to this host do not reach Milvus"
        why "a gRPC call asks for /milvus.proto.milvus.MilvusService/…; what no path matches goes to the default \
            backend: 404"
        fix "route `path: /` with `pathType: Prefix` to Milvus's gRPC port"
        text "Exact and ImplementationSpecific with `/` match only `/`. GKE also accepts `/*` with \
            ImplementationSpecific."
        source "Ingress spec.rules[].http.paths[].pathType; ingress-gce pkg/controller/translator/translator.go";
    PATH_TYPE Error "path-type" "a path without a valid pathType"
        why "the API server refuses the Ingress"
        fix "add `pathType: Prefix`"
        text "networking.k8s.io/v1 requires Prefix, Exact or ImplementationSpecific."
        source "Kubernetes, Ingress spec.rules[].http.paths[].pathType";
    PATH_WILDCARD Error "path-wildcard" "a wildcard or nothing where a path is expected"
        why "GKE refuses the whole Ingress"
        fix "write `/` with Prefix; `*` is only for ImplementationSpecific, at the end, after a `/`"
        text "`failed to validate prefix path … due to invalid wildcard`"
        source "ingress-gce pkg/controller/translator/translator.go";
    PATH Error "path" "a path that the API server does not accept"
        why "the API server refuses the Ingress"
        fix "begin it with `/`, without `//`, `/./`, `/../` and `%2f`"
        text "A path is absolute. `milvus` is not a path, `/milvus` is."
        source "Kubernetes, validation of Ingress spec.rules[].http.paths[].path";
    BACKEND_SERVICE Error "backend-service" "the Ingress leads to a Service that is not there"
        why "GKE refuses the whole Ingress: `could not find service`"
        fix "name the Milvus Service"
        text "The Service must be in the Ingress's namespace. If the Ingress leads to Milvus as well, a Service that \
            is not in the input is noted as outside-the-input."
        source "Ingress spec.rules[].http.paths[].backend.service.name";
    BACKEND_PORT Error "backend-port" "the Ingress leads to a port that the Service does not have"
        why "GKE refuses the whole Ingress: `could not find port`"
        fix "use a port of the Service, by its number or its name"
        text "It is the Service's port, not the container's."
        source "Ingress spec.rules[].http.paths[].backend.service.port";
    BACKEND_EMPTY Error "backend-empty" "a path or the default backend leads nowhere"
        why "the API server refuses the Ingress"
        fix "write backend.service with its name, and its port by number or name"
        text "Each backend needs a Service and one of its ports. networking.k8s.io/v1 removed `serviceName` and \
            `servicePort`."
        source "Kubernetes, validation of Ingress spec.rules[].http.paths[].backend";
    BACKEND_TWO_PORTS Error "backend-two-ports" "the port of a backend has a name and a number"
        why "the API server refuses the Ingress: cannot set both port name & port number"
        fix "keep one of them"
        text "It does not help if both mean the same port."
        source "Kubernetes, validation of Ingress backend.service.port";
    RESOURCE_BACKEND Error "resource-backend" "the Ingress leads to a resource, not to a Service"
        why "GKE refuses the whole Ingress"
        fix "name a Service"
        text "backend.resource is not supported by GKE."
        source "ingress-gce pkg/utils/serviceport.go";
    NO_HOST Note "no-host" "the Ingress answers for every host"
        why "a request for any name that reaches the address reaches Milvus; the certificate still covers only its own \
            names"
        fix "give the rule a host"
        text "A rule without a host, and a default backend, match all names and the bare address."
        source "Ingress spec.rules[].host";
    HOST_TWICE Error "host-twice" "two rules for one host"
        why "GKE replaces the earlier rule with the later one"
        fix "put all paths into one rule"
        text "Rules without a host count as well."
        source "ingress-gce pkg/utils/gceurlmap.go";
    HOST Error "host" "a host that is not a DNS name"
        why "the API server refuses the Ingress"
        fix "give a DNS name in lower case, without scheme, port or path"
        text "A wildcard may be the whole first label only."
        source "Kubernetes, Ingress spec.rules[].host";
    TLS_WITHOUT_SECRET Error "tls-without-secret" "an entry of spec.tls has no secretName"
        why "GKE does not build a front end at all: `secret \"\" does not exist`"
        fix "add secretName, or remove the entry (a ManagedCertificate needs no spec.tls)"
        text "It breaks the load balancer beside a ManagedCertificate, too. The hosts of spec.tls are never read."
        source "Ingress spec.tls[].secretName; ingress-gce pkg/translator/translator.go";
    NO_CERTIFICATE Error "no-certificate" "the Ingress has no certificate"
        why "only port 80 is served then, and gRPC clients cannot use it; with allow-http off nothing is served"
        fix "use a ManagedCertificate, a Secret in spec.tls, or a pre-shared certificate"
        text "Google's load balancer speaks HTTP/2 with clients over TLS only."
        source "Ingress spec.tls; annotations networking.gke.io/managed-certificates, \
            ingress.gcp.kubernetes.io/pre-shared-cert";
    TWO_STATIC_IPS Error "two-static-ips" "the Ingress names a global and a regional address"
        why "GKE refuses it: both global-static-ip and regional-static-ip cannot be specified"
        fix "keep one: the global one for class gce, the regional one for gce-internal"
        text "No address is given."
        source "ingress-gce pkg/annotations/ingress.go";
    SHARED_ADDRESS Error "shared-address" "two Ingresses name one reserved address"
        why "the second load balancer gets no ADDRESS: the address is in use"
        fix "reserve an address for each, or put all hosts into one Ingress"
        text "An address belongs to one load balancer, and each Ingress is one. Ingresses of other programs and \
            namespaces count, too."
        source "ingress-gce pkg/loadbalancers/forwarding_rules.go; Compute Engine, addresses";
    STATIC_IP_SCOPE Warning "static-ip-scope" "the named address does not fit the load balancer"
        why "external load balancers use global addresses, internal ones regional addresses"
        fix "use kubernetes.io/ingress.global-static-ip-name with gce, regional-static-ip-name with gce-internal"
        text "Otherwise the load balancer gets another address than the one that DNS names."
        source "annotations kubernetes.io/ingress.global-static-ip-name, kubernetes.io/ingress.regional-static-ip-name";
    EPHEMERAL_IP Note "ephemeral-ip" "the address may change"
        why "GKE does not reserve an address itself while port 80 is off; a new Ingress gets a new one"
        fix "reserve an address, and name it (--static-ip)"
        text "GKE reserves an address only where both HTTP and TLS are served."
        source "ingress-gce pkg/loadbalancers/addresses.go";
    INTERNAL_PORTS Error "internal-ports" "an internal load balancer has ports 80 and 443, but no address for both"
        why "GKE gives each port its own address there, and the Ingress does not get one"
        fix "set kubernetes.io/ingress.allow-http to \"false\", or reserve a shared regional address and name it"
        text "Such an address has the purpose SHARED_LOADBALANCER_VIP: kubernetes.io/ingress.regional-static-ip-name."
        source "Google Cloud documentation, Ingress for internal Application Load Balancers";
    ALLOW_HTTP Warning "allow-http" "allow-http is neither true nor false"
        why "GKE reads it as true, without an event, and serves port 80"
        fix "write kubernetes.io/ingress.allow-http: \"false\" (or \"true\")"
        text "It is read like Go's strconv.ParseBool does: 1, t, T, TRUE, true, True, 0, f, F, FALSE, false, False."
        source "annotation kubernetes.io/ingress.allow-http; ingress-gce pkg/annotations/ingress.go";
    REDIRECT_WITHOUT_HTTP Warning "redirect-without-http" "a redirect from port 80, which is switched off"
        why "with allow-http off nothing listens on port 80, and nothing is redirected"
        fix "remove kubernetes.io/ingress.allow-http or the redirect"
        text "Either alone prevents clear text."
        source "annotation kubernetes.io/ingress.allow-http; FrontendConfig spec.redirectToHttps";
    PLAIN_HTTP Note "plain-http" "port 80 serves the same in clear text"
        why "gRPC cannot use it, but if the Ingress leads to Milvus's REST API, it can be reached without TLS"
        fix "set kubernetes.io/ingress.allow-http to \"false\" (--https-only), or redirect (--redirect-http)"
        text "The guide leaves it open. Clients that use it send their password unencrypted."
        source "annotation kubernetes.io/ingress.allow-http; FrontendConfig spec.redirectToHttps";
    CHART_INGRESS Warning "chart-ingress" "the chart's own Ingress is present as well"
        why "it was made for Milvus without TLS, and a second Ingress is a second address for the same pods"
        fix "set ingress.enabled to false in the values of the chart"
        text "Its controller speaks plain gRPC to a port that now requires TLS."
        source "the Milvus chart's templates/ingress.yaml";
    TWO_INGRESSES Warning "two-ingresses" "two GKE Ingresses lead to Milvus"
        why "each makes a load balancer with its own address and price"
        fix "keep one, with a rule for each host"
        text "One external and one internal Ingress are fine, and so are two that each name their own address, as for \
            IPv4 and IPv6."
        source "ingress-gce: one load balancer for each Ingress";

    // Secret.
    SECRET_KEYS Error "tls-secret-keys" "the TLS Secret lacks tls.crt or tls.key"
        why "GKE does not build a front end: `secret … does not specify cert as string data`"
        fix "create it with `kubectl create secret tls NAME --cert=… --key=…`"
        text "Only the names of the keys matter, not the type of the Secret."
        source "Ingress spec.tls[].secretName; ingress-gce pkg/translator/translator.go";
    SECRET_NAMESPACE Error "secret-namespace" "a Secret is in another namespace than the object that names it"
        why "GKE looks in the namespace of the Ingress, or of the BackendConfig, and does not build a front end \
            without it"
        fix "create the Secret in that namespace"
        text "Namespaces do not share Secrets. Reported only where the input holds no Secret of this name there."
        source "Ingress spec.tls[].secretName; BackendConfig spec.iap; ingress-gce pkg/translator/translator.go";
    SECRET_CERTIFICATE Error "tls-secret-certificate" "the TLS Secret holds a certificate or key that does not work"
        why "Google accepts keys of some types and chains of at most five; clients accept certificates that name the \
            host"
        fix "create a pair with `milvus-gke-l7 cert --host …`, or have one issued"
        text "Global load balancers accept RSA-2048 and ECDSA P-256; regional ones (gce-internal) also RSA-3072, \
            RSA-4096 and P-384. GKE itself opens port 80 and then fails with `Cert creation failures`, without an \
            ADDRESS. GKE does not check what matters only to clients."
        source "Compute Engine sslCertificates; RFC 6125; ingress-gce pkg/loadbalancers/certificates.go";
    SECRET_PLACEHOLDER Warning "tls-secret-placeholder"
        "the Secret that cert-manager will write holds nothing that Google accepts yet"
        why "GKE does not create a front end until cert-manager has replaced it, and an HTTP-01 challenge needs the \
            front end"
        fix "make a placeholder with `milvus-gke-l7 cert` and `kubectl create secret tls`, or let the issuer solve \
            DNS-01"
        text "With DNS-01 it resolves itself within minutes. An empty Secret, as in some guides, is not a placeholder: \
            Google refuses it (`Cert creation failures`)."
        source "ingress-gce pkg/loadbalancers/certificates.go; cert-manager's HTTP-01 solver";
    SECRET_CERTIFICATE_OLD Warning "tls-secret-certificate-old"
        "the certificate in the TLS Secret is of a kind that many clients refuse"
        why "it is X.509 version 1, or names no host as a subject alternative name: PyMilvus accepts it, Go and rustls \
            clients do not"
        fix "create one with `milvus-gke-l7 cert --host …`, or have one issued"
        text "The guide's own openssl commands make such a certificate. GKE and Google's load balancer accept it."
        source "RFC 6125; RFC 9525; Go crypto/x509; rustls-webpki";

    // Gateway API.
    GATEWAY_CLASS Warning "gateway-class" "GKE does not handle the Gateway"
        why "GKE's controller ignores a Gateway of another class: it does not get an address or a status from GKE"
        fix "use one of GKE's classes, such as gke-l7-global-external-managed, unless you mean another controller"
        text "The API server accepts any name. With another controller's class, nothing else on the way to Milvus is \
            checked."
        source "Gateway spec.gatewayClassName; Google Cloud documentation, GatewayClasses";
    GATEWAY_CERTIFICATE Error "gateway-certificate" "a listener has a certificate that GKE cannot use, or none"
        why "the Gateway is never programmed, or the listener is invalid"
        fix "give it one kind of certificate: a Secret, pre-shared certificates, a certificate map (global), or \
            certificates of Certificate Manager (regional)"
        text "A ManagedCertificate does not work with a Gateway, although the API server accepts the reference. With \
            the annotation networking.gke.io/certmap, a listener cannot have its own certificates. Regional classes do \
            not accept a map. They accept the option networking.gke.io/cert-manager-certs, and global classes do not."
        source "Gateway spec.listeners[].tls; Google Cloud documentation, Secure a Gateway";
    GATEWAY_ADDRESS Error "gateway-address" "an address of the Gateway does not match its type"
        why "the API server or GKE refuses it, and the Gateway gets no load balancer"
        fix "reserve an address, and give its name with type: NamedAddress"
        text "The default type is IPAddress. Global classes use global addresses, regional classes those of the region."
        source "Gateway spec.addresses";
    ROUTE_KIND Error "route-kind" "a route of a kind that GKE does not handle"
        why "GKE's Gateway handles HTTPRoutes only: nothing happens, and no status says so"
        fix "make it an HTTPRoute with the path prefix `/`: gRPC is HTTP/2"
        text "The API server accepts a GRPCRoute, because its definition is installed."
        source "gke-gateway-api issue 31";
    ROUTE_PARENT Error "route-parent" "the route attaches to no listener"
        why "no Gateway serves it: clients get a 404"
        fix "name an existing Gateway (with its namespace) and one of its listeners, and let the listener admit the \
            route's namespace"
        text "The status of the route says NoMatchingParent, or NotAllowedByListeners if allowedRoutes does not \
            include the namespace; the Gateway itself is programmed. Without parentRefs there is no status at all."
        source "HTTPRoute spec.parentRefs; Gateway spec.listeners[].allowedRoutes";
    ROUTE_HOST Error "route-host" "no listener serves the hosts of the route"
        why "no Gateway serves it: clients get a 404"
        fix "give the listener the host of the route, a wildcard that covers it, or no hostname"
        text "The status of the route says NoMatchingListenerHostname."
        source "HTTPRoute spec.hostnames; Gateway spec.listeners[].hostname";
    ROUTE_BACKEND Error "route-backend" "the route leads to a Service or a port that is not there"
        why "every call ends with a 5xx"
        fix "write the name of the Milvus Service, and the number of one of its ports"
        text "The number is that of the Service (spec.ports[].port), not of the pods. The status of the route says \
            BackendNotFound, or nothing."
        source "HTTPRoute spec.rules[].backendRefs[].port";
    ROUTE_PATH Error "route-path" "the paths of the route do not match Milvus's calls"
        why "clients get a 404, which they report as UNIMPLEMENTED"
        fix "write the match `path: {type: PathPrefix, value: /}`, or omit the matches"
        text "`/*` is not a wildcard here, but a path of these two characters; no call has the exact path `/`."
        source "HTTPRoute spec.rules[].matches[].path";
    ROUTE_TIMEOUT Error "route-timeout" "the route has timeouts, which GKE does not support"
        why "GKE refuses the route (`Timeouts are not supported`), or calls end after 30 seconds, whatever it says"
        fix "set timeoutSec in a GCPBackendPolicy of the Service"
        text "GKE's conformance reports do not claim timeouts of routes."
        source "HTTPRoute spec.rules[].timeouts; sigs.k8s.io/gateway-api conformance/reports";
    ROUTE_CLEAR Warning "route-clear" "the route is served without TLS as well"
        why "port 80 serves Milvus unencrypted, passwords included"
        fix "name the HTTPS listener in sectionName, and give port 80 a route that redirects"
        text "A route without sectionName attaches to all listeners of the Gateway."
        source "HTTPRoute spec.parentRefs[].sectionName";
    ROUTE_REDIRECT Warning "route-redirect" "a redirect that GKE does not do, or that leads nowhere"
        why "it is refused or not done, or clients are sent in a circle"
        fix "write scheme: https, and statusCode: 301 or 302"
        text "303, 307 and 308 are in the Gateway API's definition, but not in GKE's conformance reports."
        source "HTTPRoute spec.rules[].filters[].requestRedirect";
    GATEWAY_PROTOCOL Error "gateway-protocol" "Milvus's port does not say that it speaks HTTP/2"
        why "the load balancer speaks HTTP/1.1 to it: every call fails with UNIMPLEMENTED (Milvus without TLS answers \
            404) or UNAVAILABLE, and the health check is green"
        fix "set the port's appProtocol to HTTP2 (Milvus with TLS) or kubernetes.io/h2c (Milvus without)"
        text "Case matters. `HTTPS` is HTTP/1.1 over TLS; grpc, http2 and h2c are for other controllers. The \
            annotation cloud.google.com/app-protocols is for an Ingress; a Gateway does not read it."
        source "Service spec.ports[].appProtocol; Google Cloud documentation, Secure a Gateway";
    GATEWAY_TLS Error "gateway-tls" "the load balancer and Milvus do not agree on TLS"
        why "every call ends with status 503, and the health check, on another port, is green"
        fix "with appProtocol HTTP2 set common.security.tlsMode to 1, with kubernetes.io/h2c to 0"
        text "HTTP2 is HTTP/2 over TLS; the certificate that Milvus presents is not verified."
        source "Service spec.ports[].appProtocol; Milvus common.security.tlsMode";
    GATEWAY_HEALTH_MISSING Error "gateway-health-missing" "no HealthCheckPolicy targets the Service"
        why "the load balancer asks for `/` on the gRPC port, never finds Milvus healthy, and answers 503"
        fix "add a HealthCheckPolicy: type HTTP, USE_FIXED_PORT, port 9091, requestPath /healthz"
        text "A Gateway does not read the pods' probes or a BackendConfig. The 503 says: no healthy upstream."
        source "Google Cloud documentation, Configure Gateway resources";
    GATEWAY_HEALTH Error "gateway-health" "the HealthCheckPolicy does not find Milvus healthy"
        why "the load balancer answers 503: no healthy upstream"
        fix "use type HTTP, USE_FIXED_PORT, port 9091, requestPath /healthz"
        text "The default requestPath is `/`, which Milvus's metrics port does not serve. Without a port the check \
            goes to the port that serves gRPC."
        source "HealthCheckPolicy spec.default.config.httpHealthCheck";
    GATEWAY_HEALTH_PORT Warning "gateway-health-port" "the health check has a port, but no portSpecification"
        why "GKE's newer definition refuses the object: an upgrade of the cluster makes the next apply fail"
        fix "write portSpecification: USE_FIXED_PORT beside the port"
        text "The older definition does not require it. ingress2gateway and many charts omit it."
        source "HealthCheckPolicy spec.default.config.httpHealthCheck.portSpecification";
    GATEWAY_LOGGING Warning "gateway-logging" "one request in a million is logged"
        why "sampleRate counts in millionths here"
        fix "write sampleRate: 1000000 to log every request, or omit it"
        text "In a BackendConfig it is a fraction from 0 to 1."
        source "GCPBackendPolicy spec.default.logging.sampleRate";
    POLICY_TARGET Error "policy-target" "a policy does not target the object that it names"
        why "GKE does not attach it: its status says TargetNotFound, or nothing"
        fix "write targetRef: {group: \"\", kind: Service, name: …} in the Service's namespace, or group \
            gateway.networking.k8s.io and kind Gateway"
        text "The group of a Service is empty, not `core`. Only multi-cluster classes use a ServiceImport."
        source "spec.targetRef of GKE's policies";
    POLICY_TWICE Error "policy-twice" "two policies of the same kind target the same object"
        why "GKE uses the oldest, and the other has no effect; its status says Conflicted"
        fix "merge them into one"
        text "A HealthCheckPolicy and a GCPBackendPolicy are for the whole Service, not for one port."
        source "Google Cloud documentation, Configure Gateway resources";

    // Milvus.
    TLS_OFF Error "tls-mode-off" "Milvus does not speak TLS"
        why "GKE speaks HTTP/2 to backends over TLS only; every call ends with 502"
        fix "set common.security.tlsMode to 1 in user.yaml (chart: extraConfigFiles.user.yaml; operator: spec.config)"
        text "GKE's annotation HTTP2 means HTTP/2 over TLS. The certificate that Milvus presents is not verified."
        source "Milvus common.security.tlsMode; Google Cloud documentation, encryption to the backends";
    TLS_MODE_2 Error "tls-mode-2" "Milvus asks for client certificates"
        why "with tlsMode 2 Milvus demands a client certificate, and Google's load balancer presents none"
        fix "set common.security.tlsMode to 1"
        text "Tell clients apart by Milvus's users, not by certificates."
        source "Milvus common.security.tlsMode; Google Cloud documentation, limitations of Ingress";
    HTTP_SHARES_PORT Error "http-shares-port" "Milvus's HTTP server shares the gRPC port"
        why "since 2.4.13 Milvus does not start with TLS on while both share a port"
        fix "set proxy.http.port to 8080, or proxy.http.enabled to false, in user.yaml (operator: spec.config)"
        text "Milvus ends with: proxy server(http) and external grpc server share the same port, tls mode must be 0."
        source "Milvus internal/distributed/proxy/listener_manager.go";
    HTTP_PORT_TAKEN Error "http-port-taken" "Milvus's HTTP server is given a port that Milvus already uses"
        why "two servers cannot share a port, and Milvus does not start"
        fix "set proxy.http.port to another port, such as 8080"
        text "The metrics port (9091) and proxy.internalPort (19529) are taken."
        source "Milvus configs/milvus.yaml";
    MILVUS_CONFIG Error "milvus-config" "Milvus's configuration cannot be read as it is"
        why "Milvus does not start with it, or picks one of two settings at random"
        fix "correct user.yaml (chart: extraConfigFiles.user.yaml; operator: spec.config)"
        text "It does not parse, is not a mapping, or gives a setting twice, in two forms that Milvus treats as one."
        source "Milvus pkg/config";
    NO_USER_YAML Error "no-user-yaml" "Milvus does not mount user.yaml"
        why "what user.yaml says about TLS does not reach Milvus"
        fix "upgrade the chart to 3.3.2 or later"
        text "Chart versions up to 3.3.1 mount only milvus.yaml. Milvus reads /milvus/configs/user.yaml, whichever key \
            of the ConfigMap is mounted there."
        source "the Milvus chart's volumeMounts";
    CONFIG_MAP_OUTSIDE Note "config-map-outside" "Milvus's settings are not in the input"
        why "the input does not show whether Milvus speaks TLS"
        fix "add their ConfigMap to the input (`kubectl get configmap …`), and check that common.security.tlsMode is 1"
        text "With customConfigMap the chart does not render it. Milvus reads /milvus/configs/user.yaml, whatever is \
            mounted there."
        source "the Milvus chart's volume milvus-config; the Milvus Operator's mount /milvus/configs/operator";
    EXPOSED Warning "exposed" "the Service is restricted, and the Ingress is open to the internet"
        why "what restricts the load balancer of a Service does not apply to an Ingress: anyone who finds its address \
            can reach Milvus"
        fix "use the Ingress class `gce-internal`, or, for source ranges, a Cloud Armor policy in the BackendConfig; \
            if Milvus is to be on the internet, remove the restriction from the Service"
        text "A Service is restricted by the annotation networking.gke.io/load-balancer-type: Internal (or its older \
            name, in any case), by loadBalancerClass networking.gke.io/l4-regional-internal, or by source ranges, in \
            the field or the annotation, that are not the whole internet. The annotation counts on a ClusterIP Service \
            as well, because it shows the intent. The filter requires --public there."
        source "cloud-provider-gcp providers/gce/gce_annotations.go; Kubernetes Service spec.loadBalancerSourceRanges";
    AUTHENTICATION_OFF Warning "authentication-off" "Milvus is on the internet and does not ask for a password"
        why "anyone who finds the address can read, change and delete everything, by gRPC and by REST"
        fix "switch authentication on"
        text "It is off by default. TLS does not help: it tells clients who the server is, not the other way round. A \
            Cloud Armor policy that admits only known addresses is a second line of defence, not the first."
        source "Milvus common.security.authorizationEnabled";
    AUTHENTICATION_OFF_INSIDE Note "authentication-off-internal"
        "Milvus is in the VPC network and does not ask for a password"
        why "anyone in the network can read, change and delete everything, by gRPC and by REST"
        fix "switch authentication on"
        text "It is off by default."
        source "Milvus common.security.authorizationEnabled";
    OTHER_DOOR Warning "other-door" "another Service of type LoadBalancer leads to Milvus"
        why "it has its own address, and stays open beside the Ingress without a certificate that clients trust and \
            without Cloud Armor"
        fix "remove it when clients have moved, or restrict it with loadBalancerSourceRanges"
        text "As a temporary measure it lets clients move one by one; those that use it must speak TLS as well."
        source "Kubernetes Service spec.type; GKE LoadBalancer Services";
    CLIENT_PLAIN Warning "client-plain" "a container is given a Milvus URL without TLS"
        why "Milvus speaks TLS only, once tlsMode is 1: the client will not connect"
        fix "make it connect to https://HOST:443, as clients outside do"
        text "The variables and commands of all containers in the input are checked. Milvus's own certificate names no \
            Service, so a client inside the cluster connects through the load balancer as well."
        source "Milvus common.security.tlsMode";
    ATTU_PLAIN Warning "attu-plain" "Attu speaks to Milvus without TLS"
        why "Milvus speaks TLS only, once tlsMode is 1: Attu will not connect"
        fix "set MILVUS_URL to https://HOST:443 (--attu-url)"
        text "The chart always renders http:// there."
        source "the Milvus chart's templates/attu-deployment.yaml";
}
