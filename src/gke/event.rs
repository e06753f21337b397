//! What the events of GKE's controllers mean, known by their words. Those of the controllers are in ingress-gce
//! (pkg/controller, pkg/translator, pkg/loadbalancers, pkg/neg) and gke-managed-certs (pkg/controller/event); those of
//! the Compute Engine API are `googleapi: Error CODE: words, reason`. The Gateway controller is closed source: its events
//! (SYNC of sc-gateway-controller, `Error GWCER…`) are those that people show in public.

/// A cause of an event, and what to do.
#[derive(Debug)]
pub struct Cause {
    /// One of these stands in the event, with all of its words: in its reason or its message, in any case.
    signs: &'static [&'static [&'static str]],
    /// Short, for the last line.
    pub what: &'static str,
    /// Why it is so.
    pub why: &'static str,
    /// What to do.
    pub help: &'static str,
    /// What becomes of it.
    pub course: Course,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Nothing, until someone does something.
    Stays,
    /// Over as soon as this is there.
    Until(Awaited),
    /// It passes, or hinders only a part.
    Passes,
}

/// What may still be to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The BackendConfig of the Service.
    BackendConfig,
    /// Every ManagedCertificate of the Ingress.
    ManagedCertificate,
    /// The Secret of the Ingress.
    Secret,
    /// A usable certificate in that Secret.
    Certificate,
}

use Course::{Passes, Stays, Until};

/// Where an answer of the Compute Engine API begins.
const ANSWER: &str = "googleapi: error ";

/// The cause of an event, if its words are known. Of several answers in one message the one that does not pass counts.
#[must_use]
pub fn cause(reason: &str, message: &str) -> Option<&'static Cause> {
    let (reason, message) = (reason.to_lowercase(), message.to_lowercase());
    let known = |message: &str| CAUSES.iter().find(|cause| cause.is_said_by(&reason, message));
    let Some((before, answers)) = message.split_once(ANSWER) else { return known(&message) };
    let mut causes = answers.split(ANSWER).filter_map(|answer| known(&[before, ANSWER, answer].concat()));
    let first = causes.next()?;
    Some(std::iter::once(first).chain(causes).find(|cause| cause.course != Passes).unwrap_or(first))
}

/// Whether an event only announces an attempt: whether that succeeds, others say. The Gateway controller's ADD, UPDATE
/// and SYNC then hold nothing but the object's namespace and name.
#[must_use]
pub fn is_announcement(message: &str) -> bool {
    message == "Scheduled for sync" || message.contains('/') && !message.contains(char::is_whitespace)
}

/// Whether an event of this reason on an Ingress is cert-manager's (pkg/controller/certificate-shim), and says nothing
/// of GKE.
#[must_use]
pub fn is_cert_managers(reason: &str) -> bool {
    ["CreateCertificate", "UpdateCertificate", "DeleteCertificate"].contains(&reason)
}

impl Cause {
    fn is_said_by(&self, reason: &str, message: &str) -> bool {
        let is_there = |word: &&str| message.contains(word) || reason == *word;
        self.signs.iter().any(|words| words.iter().all(is_there))
    }
}

/// The first that matches counts: the more specific ones come first.
static CAUSES: &[Cause] = &[
    Cause {
        signs: &[&["firewall change required"]],
        what: "the firewall must be opened by someone else",
        why: "the network belongs to another project (Shared VPC), and GKE cannot open its firewall: Milvus stays \
            unhealthy",
        help: "ask an administrator of the network to run the command in the event",
        course: Passes,
    },
    Cause {
        signs: &[&["garbagecollection"]],
        what: "GKE could not delete something old",
        why: "it is part of a load balancer that nothing needs any more",
        help: "nothing: GKE retries on its own; what is left costs money, and the event names it",
        course: Passes,
    },
    Cause {
        signs: &[
            &["constraints/"],
            &["organization policy"],
            &["organization's policy"],
            &["orgpolicy"],
            &["vpcservicecontrols"],
        ],
        what: "a policy of the organisation forbids the load balancer",
        why: "Google names the constraint, and waiting does not change it",
        help: "ask the administrator of the organisation for an exception",
        course: Stays,
    },
    Cause {
        signs: &[
            &["address is in-use"],
            &["address is in use"],
            &["address is already in use"],
            &["ip_in_use"],
            &["ipaddress", "already being used"],
            &["ipaddress", "in use"],
        ],
        what: "the address is in use elsewhere",
        why: "the load balancer of another Ingress or of a Service has it; an address serves only one load balancer",
        help: "free it there, or reserve another and name it with --static-ip: gcloud compute addresses list",
        course: Stays,
    },
    Cause {
        signs: &[
            &["ratelimitexceeded"],
            &["rate limit exceeded"],
            &["rate_limit_exceeded"],
            &["error 429"],
            &["per minute"],
            &["per 100 seconds"],
            &["too many requests"],
        ],
        what: "Google got too many requests",
        why: "it is a limit per minute, not on the project's resources",
        help: "nothing: GKE retries on its own",
        course: Passes,
    },
    Cause {
        signs: &[
            &["googleapi: error 5"],
            &[", backenderror"],
            &["internal error"],
            &["internal_error"],
            &["internalerror"],
            &["service unavailable"],
            &["bad gateway"],
            &["http2: server sent goaway"],
            &["please try again"],
        ],
        what: "Google had an internal error",
        why: "the Compute Engine API failed, not this set-up",
        help: "nothing: GKE retries on its own; if it lasts for hours, see https://status.cloud.google.com",
        course: Passes,
    },
    Cause {
        signs: &[
            &["deadline exceeded"],
            &["timed out"],
            &["i/o timeout"],
            &["handshake timeout"],
            &["error 408"],
            &["connection refused"],
            &["connection reset"],
            &["context canceled"],
            &["no such host"],
            &["unexpected eof"],
        ],
        what: "Google did not answer in time",
        why: "the request was cut off",
        help: "nothing: GKE retries on its own",
        course: Passes,
    },
    Cause {
        signs: &[
            &["error 404", "networkendpointgroups/"],
            &["error 404", "backendservices/"],
            &["error 404", "healthchecks/"],
            &["error 404", "instancegroups/"],
            &["error 404", "urlmaps/"],
            &["error 404", "targethttpproxies/"],
            &["error 404", "targethttpsproxies/"],
            &["error 404", "forwardingrules/"],
            &["error 404", "firewalls/"],
            &["error 404", "operations/"],
            &["error 404", "sslcertificates/mcrt-"],
            &["error 404", "sslcertificates/k8s"],
        ],
        what: "a part of the load balancer that GKE creates itself is not there yet",
        why: "in the first minutes, one controller looks for what another has yet to create",
        help: "nothing: GKE retries on its own; do not delete parts of the load balancer by hand",
        course: Passes,
    },
    Cause {
        signs: &[
            &["resourcenotready"],
            &["resource_not_ready"],
            &["is not ready"],
            &["operationinprogress"],
            &["operation_in_progress"],
            &["operation in progress"],
            &["another operation"],
            &["being modified"],
            &["being created"],
            &["being deleted"],
            &["fingerprint"],
            &["conditionnotmet"],
            &["error 412"],
            &["alreadyexists"],
            &["already exists"],
            &["resourceinusebyanotherresource"],
            &["error 409"],
            &["object has been modified"],
        ],
        what: "one of GKE's steps has overtaken another",
        why: "what it needs is still being created, changed or released",
        help: "nothing: GKE retries on its own; if it lasts, the event says which resource is in the way",
        course: Passes,
    },
    Cause {
        signs: &[
            &["accessnotconfigured"],
            &["service_disabled"],
            &["has not been used in project"],
            &["billing"],
            &["accountdisabled"],
        ],
        what: "the project cannot use Compute Engine",
        why: "its API is off, or its billing account is",
        help: "enable it, as the event says: gcloud services enable compute.googleapis.com, gcloud billing projects \
            describe PROJECT",
        course: Stays,
    },
    Cause {
        signs: &[&["network tier"], &["networktier"], &["network_tier"]],
        what: "the network tier does not fit the load balancer",
        why: "a global one needs PREMIUM, for its address and as the project's default",
        help: "gcloud compute project-info update --default-network-tier=PREMIUM; reserve the address in PREMIUM as \
            well",
        course: Stays,
    },
    Cause {
        signs: &[&["toomanycertificates"]],
        what: "there are too many certificates",
        why: "the project has reached its limit of SSL certificates",
        help: "delete those that are not used, or ask Google for more",
        course: Stays,
    },
    Cause {
        signs: &[&["quota"]],
        what: "a quota of the project is used up",
        why: "GKE says which one",
        help: "delete what is not used, or ask Google for more",
        course: Stays,
    },
    Cause {
        signs: &[&["permission"], &["error 403", "forbidden"], &["error 401"], &["insufficient authentication scopes"]],
        what: "GKE does not have the permission in this project",
        why: "usually GKE's service agent lacks it, or it is missing in the host project of a Shared VPC",
        help: "give it the role that the event names: gcloud projects add-iam-policy-binding",
        course: Stays,
    },
    Cause {
        signs: &[&["syncnetworkendpointgroupfailed"]],
        what: "the network endpoint groups lag behind",
        why: "GKE could not put the pods into them this time",
        help: "nothing: GKE retries on its own; if it lasts, the event says why",
        course: Passes,
    },
    Cause {
        signs: &[&["ipv6 only service"]],
        what: "the Service has only an IPv6 address",
        why: "GKE does not create network endpoint groups for it",
        help: "set spec.ipFamilyPolicy of the Service to SingleStack with IPv4, or to PreferDualStack",
        course: Stays,
    },
    Cause {
        signs: &[&["syncloadbalancerfailed"], &["deleteloadbalancerfailed"]],
        what: "the Service's own load balancer cannot be created",
        why: "it is a second one, for a Service of type LoadBalancer",
        help: "see the event; the Ingress does not need it",
        course: Passes,
    },
    Cause {
        signs: &[&["no backendconfig for service port exists"]],
        what: "the BackendConfig that the Service names does not exist",
        why: "it must be in the namespace of the Service; the API server refused it if a field had the wrong type",
        help: "upgrade again with milvus-gke-l7 as post-renderer, or apply the BackendConfig that is named",
        course: Until(Awaited::BackendConfig),
    },
    Cause {
        signs: &[&["could not parse", "app-protocols"]],
        what: "the annotation app-protocols of the Service is not valid",
        why: "it is not a JSON object, or has a value other than HTTP, HTTPS or HTTP2 (GKE always names the older key)",
        help: "upgrade again with milvus-gke-l7 as post-renderer; it must be {\"milvus\":\"HTTP2\"}",
        course: Stays,
    },
    Cause {
        signs: &[&["no backendconfig's found in annotation"]],
        what: "the annotation backend-config of the Service names no BackendConfig",
        why: "it is empty",
        help: "upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        signs: &[&["backendconfig annotation is invalid json"]],
        what: "the annotation backend-config of the Service is not JSON",
        why: "GKE cannot read it",
        help: "upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        signs: &[&["timeoutsec", "checkintervalsec"]],
        what: "the health check waits longer than its interval",
        why: "if the BackendConfig has no timeoutSec, GKE uses 15",
        help: "set both, with timeoutSec at most checkIntervalSec: --health-interval, --health-timeout",
        course: Stays,
    },
    Cause {
        signs: &[&["must be one of [\"http\",\"https\",\"http2\"]"]],
        what: "the type of the health check is not valid",
        why: "a gRPC health check does not exist here, and the type must be in capitals",
        help: "set healthCheck.type of the BackendConfig to HTTP",
        course: Stays,
    },
    Cause {
        signs: &[&["backendconfig", "is not valid"]],
        what: "the BackendConfig is not valid",
        why: "GKE says which field",
        help: "correct it and apply it again",
        course: Stays,
    },
    Cause {
        signs: &[&["when not using negs"]],
        what: "the Service is not marked for network endpoint groups",
        why: "without them GKE does not accept a ClusterIP Service",
        help: "upgrade again with milvus-gke-l7 as post-renderer: cloud.google.com/neg must be {\"ingress\": true}",
        course: Stays,
    },
    Cause {
        signs: &[&["custom neg name cannot be used with ingress enabled"]],
        what: "the Service names its network endpoint group",
        why: "behind an Ingress, GKE chooses the name itself",
        help: "remove `name` from the annotation cloud.google.com/neg",
        course: Stays,
    },
    Cause {
        signs: &[&["neg annotation is invalid"]],
        what: "the annotation neg of the Service is not valid",
        why: "`true` must not be in quotes",
        help: "upgrade again with milvus-gke-l7 as post-renderer: it must be {\"ingress\": true}",
        course: Stays,
    },
    Cause {
        signs: &[&["secret \"\" does not exist"]],
        what: "the Ingress has spec.tls without secretName",
        why: "GKE then does not build a front end",
        help: "name a Secret there, or omit spec.tls",
        course: Stays,
    },
    Cause {
        signs: &[&["backenderror"]],
        what: "Google refuses the ManagedCertificate",
        why: "its list of domains is empty, or contains an invalid domain",
        help: "upgrade again with milvus-gke-l7 as post-renderer, which checks the hosts",
        course: Stays,
    },
    Cause {
        signs: &[&["both http and https are disabled"]],
        what: "there is no certificate yet, and port 80 is closed",
        why: "with --https-only there is no front end until GKE has the certificate",
        help: "nothing: it continues once the certificate is attached",
        course: Passes,
    },
    Cause {
        signs: &[&["both global-static-ip and regional-static-ip cannot be specified"]],
        what: "the Ingress names two reserved addresses",
        why: "it can have either a global or a regional one",
        help: "remove one of the two annotations",
        course: Stays,
    },
    Cause {
        signs: &[&["the given static ip name", "doesn't translate to an existing static ip"]],
        what: "the reserved address does not exist",
        why: "it must be in this project: a global one, or for an internal load balancer one in the region",
        help: "gcloud compute addresses create NAME --global (internal: --region REGION --subnet SUBNET)",
        course: Stays,
    },
    Cause {
        signs: &[&["could not find port"]],
        what: "the Ingress names a port that the Service does not have",
        why: "it must be the number or the name of a port of the Service",
        help: "upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        signs: &[&["could not find service"]],
        what: "the Ingress names a Service that does not exist",
        why: "it must be in the namespace of the Ingress",
        help: "upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        signs: &[&["gwcer102", "secret ", "not found"]],
        what: "the Secret with the certificate does not exist",
        why: "it must be in the namespace of the Gateway, and without it GKE programs no listener, not even one on port 80",
        help: "make it: kubectl create secret tls; if cert-manager is to make it: kubectl describe certificate says how far it is",
        course: Until(Awaited::Secret),
    },
    Cause {
        signs: &[&["gwcer102", "services ", "not found"]],
        what: "a route names a Service that does not exist",
        why: "it must be in the namespace of the route",
        help: "upgrade again with milvus-gke-l7 as post-renderer, or correct the route that the event names",
        course: Stays,
    },
    Cause {
        signs: &[&["gwcer106", "unsupported address type"]],
        what: "GKE does not take the address of the Gateway",
        why: "it takes the name of a reserved address",
        help: "reserve an address and name it with --static-ip, which writes type NamedAddress",
        course: Stays,
    },
    Cause {
        signs: &[&["gwcer106", "address \"", "does not exist"]],
        what: "the reserved address does not exist",
        why: "it must be in this project: a global one, or for a regional class one in the region",
        help: "gcloud compute addresses create NAME --global (regional: --region REGION; internal: also --subnet SUBNET)",
        course: Stays,
    },
    Cause {
        signs: &[&["gwcer104", "timeouts are not supported"]],
        what: "a route has timeouts, which GKE does not support",
        why: "the timeout of a call is a field of the GCPBackendPolicy",
        help: "remove `timeouts` from the route, and use --timeout",
        course: Stays,
    },
    Cause {
        signs: &[&["gwcer104"]],
        what: "GKE does not accept a route",
        why: "the event says which, and why",
        help: "correct the route that the event names; if it is ours, upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        signs: &[&["gwcer106"]],
        what: "GKE does not accept the Gateway",
        why: "the event says why",
        help: "correct the Gateway; if it is ours, upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        signs: &[&["no frontendconfig for ingress exists"]],
        what: "the FrontendConfig that the Ingress names does not exist",
        why: "the load balancer is created without it: no redirect, no SSL policy",
        help: "upgrade again with milvus-gke-l7 as post-renderer, or apply the FrontendConfig that is named",
        course: Passes,
    },
    Cause {
        signs: &[&["due to invalid wildcard"], &["due to empty path"]],
        what: "a path of the Ingress is empty or has a wildcard",
        why: "pathType Prefix and Exact do not allow `*`",
        help: "write the path as `/` with pathType Prefix",
        course: Stays,
    },
    Cause {
        signs: &[&["secrets \"", "not found"], &["secret \"", "does not exist"], &["could not find tls certificate"]],
        what: "the Secret with the certificate does not exist",
        why: "it must be in the namespace of the Ingress, and without it GKE does not build a front end",
        help: "create it: kubectl create secret tls. If cert-manager should create it: kubectl describe certificate \
            says how far it is; an HTTP-01 issuer first needs a placeholder, which milvus-gke-l7 notes explains",
        course: Until(Awaited::Secret),
    },
    Cause {
        signs: &[&["does not specify", "as string data"]],
        what: "the Secret has no tls.crt or no tls.key",
        why: "GKE reads exactly these two",
        help: "recreate it with kubectl create secret tls",
        course: Until(Awaited::Certificate),
    },
    Cause {
        signs: &[&["sslcertificates", "not found"]],
        what: "an SSL certificate that the Ingress names does not exist",
        why: "pre-shared certificates must exist in Compute Engine: global ones, or for an internal load balancer ones \
            in the region. Port 80 is already open",
        help: "gcloud compute ssl-certificates create, or another name with --pre-shared-cert",
        course: Stays,
    },
    Cause {
        signs: &[&["cert creation failures"]],
        what: "Google does not accept the certificate in the Secret",
        why: "the certificate and the key do not match, are not RSA-2048 or ECDSA P-256, or are not PEM. Port 80 is \
            already open",
        help: "put another certificate into the Secret, unless cert-manager does; GKE looks again within ten minutes",
        course: Until(Awaited::Certificate),
    },
    Cause {
        signs: &[&["missingcertificate"]],
        what: "a ManagedCertificate that the Ingress names does not exist",
        why: "it must be in the namespace of the Ingress; GKE attaches none of them while one is missing. The API \
            server refused it if a host was not valid",
        help: "upgrade again with milvus-gke-l7 as post-renderer, or apply the ManagedCertificate that is named",
        course: Until(Awaited::ManagedCertificate),
    },
    Cause {
        signs: &[&["proxy-only subnet"], &["active subnet not found"]],
        what: "the network has no proxy-only subnet",
        why: "an internal load balancer takes its addresses from there",
        help: "gcloud compute networks subnets create NAME --purpose=REGIONAL_MANAGED_PROXY --role=ACTIVE …",
        course: Stays,
    },
    Cause {
        signs: &[&["cannot enable https redirects"]],
        what: "the redirect to HTTPS is not possible",
        why: "internal load balancers and Ingresses from before GKE 1.17 do not support it",
        help: "omit the redirect, or recreate the Ingress",
        course: Stays,
    },
    Cause {
        signs: &[&["willnotconfigurefrontend"], &["invalid internal ingress https config"]],
        what: "the internal load balancer has ports 80 and 443, but no address that both can share",
        why: "GKE requires a reserved address with the purpose SHARED_LOADBALANCER_VIP",
        help: "close port 80 with --https-only, or name such an address with --static-ip",
        course: Stays,
    },
    Cause {
        signs: &[&["is not supported in this environment"]],
        what: "GKE does not create global load balancers here",
        why: "it names the class that it accepts instead",
        help: "set the annotation kubernetes.io/ingress.class to that class",
        course: Stays,
    },
    Cause {
        signs: &[&["ingress backend is not a service"]],
        what: "the Ingress leads to a resource",
        why: "GKE supports only Services as backends",
        help: "name a Service there",
        course: Stays,
    },
    Cause {
        signs: &[&["thcannotationwithoutflag"], &["ignorezonepreprovisioningannotation"]],
        what: "GKE ignores an annotation of the Service",
        why: "its feature is off here",
        help: "remove it",
        course: Passes,
    },
    Cause {
        signs: &[&["googleapi: error 404"]],
        what: "something that the Ingress or its BackendConfig names does not exist",
        why: "Google names it: a security policy, an SSL policy, a network",
        help: "create it, or name another",
        course: Stays,
    },
    Cause {
        signs: &[&["googleapi: error 4"]],
        what: "Google refuses what GKE asks for",
        why: "its answer is that the request is not valid, and waiting does not change it",
        help: "correct what the event names",
        course: Stays,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Each cause is that of an event in `testdata/status` or below: none is hidden behind another.
    #[test]
    fn every_cause_is_told() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/status");
        let told: String = std::fs::read_dir(folder)
            .expect("a folder of cases")
            .filter_map(|case| std::fs::read_to_string(case.expect("a case").path().join("stdout.txt")).ok())
            .collect();
        let known: Vec<_> = ANSWERS.iter().filter_map(|(reason, message, _)| cause(reason, message)).collect();
        for cause in CAUSES {
            let is_known = known.iter().any(|known| std::ptr::eq(*known, cause));
            assert!(is_known || told.contains(&format!("cause: {}: ", cause.what)), "no event with {:?}", cause.signs);
        }
    }

    #[test]
    fn what_passes_by_itself() {
        for (reason, message, course) in ANSWERS {
            let found = cause(reason, message).map(|cause| (cause.course, cause.what));
            assert_eq!(found.map(|(course, _)| course), *course, "{message}: {found:?}");
        }
    }

    const STAYS: Option<Course> = Some(Stays);
    const PASSES: Option<Course> = Some(Passes);

    /// Reason, message, and what becomes of it.
    const ANSWERS: &[(&str, &str, Option<Course>)] = &[
        (
            "Sync",
            "googleapi: Error 400: Invalid value for field 'resource.IPAddress': '198.51.100.7'. Specified IP address is in-use and would result in a conflict., invalid",
            STAYS,
        ),
        (
            "Sync",
            "googleapi: Error 409: IP_IN_USE_BY_ANOTHER_RESOURCE - IP '198.51.100.7' is already being used by another resource.",
            STAYS,
        ),
        (
            "Sync",
            "googleapi: Error 400: Invalid value for field 'resource.timeoutSec': '0'. Must be greater than or equal to 1, invalid",
            STAYS,
        ),
        (
            "Sync",
            "googleapi: Error 400: The network tier of external IP address is STANDARD, that of load balancer must be PREMIUM., badRequest",
            STAYS,
        ),
        (
            "Sync",
            "googleapi: Error 412: Constraint constraints/compute.restrictLoadBalancerCreationForTypes violated for projects/p. Forwarding Rule is not allowed., conditionNotMet",
            STAYS,
        ),
        (
            "Sync",
            "googleapi: Error 403: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x",
            STAYS,
        ),
        ("Sync", "googleapi: Error 403: Quota 'BACKEND_SERVICES' exceeded. Limit: 9.0 globally., quotaExceeded", STAYS),
        ("Sync", "googleapi: Error 403: QUOTA_EXCEEDED - Quota 'URL_MAPS' exceeded.", STAYS),
        (
            "Sync",
            "googleapi: Error 403: Required 'compute.backendServices.create' permission for 'projects/p/global/backendServices/b', forbidden",
            STAYS,
        ),
        ("Sync", "googleapi: Error 403: The caller does not have permission, forbidden", STAYS),
        (
            "Sync",
            "googleapi: Error 403: Compute Engine API has not been used in project 1 before or it is disabled., accessNotConfigured",
            STAYS,
        ),
        ("Sync", "googleapi: Error 403: This API method requires billing to be enabled., billingDisabled", STAYS),
        (
            "Sync",
            "failed to set security policy from \"\" to \"wall\": googleapi: Error 404: The resource 'projects/p/global/securityPolicies/wall' was not found, notFound",
            STAYS,
        ),
        ("Sync", "googleapi: Error 422: something new, unprocessable", STAYS),
        ("Sync", "error: cannot enable HTTPS Redirects with L7 ILB", STAYS),
        ("WillNotConfigureFrontend", "gce-internal Ingress class must be configured with a static-ip", STAYS),
        (
            "Sync",
            "Ingress class \"gce\" is not supported in this environment. Please use \"gce-regional-external\".",
            STAYS,
        ),
        ("Translate", "Translation failed: invalid ingress spec: Ingress Backend is not a service", STAYS),
        (
            "Translate",
            "Translation failed: invalid ingress spec: failed to validate prefix path type due to empty path",
            STAYS,
        ),
        (
            "ProcessServiceFailed",
            "error processing service \"m/a\": NEG is not supported for ipv6 only service (*v1.Service)",
            STAYS,
        ),
        ("Sync", "error running load balancer syncing routine: active subnet not found", STAYS),
        (
            "BackendError",
            "googleapi: Error 400: Invalid value for field 'resource.managed.domains': '[]'., invalid",
            STAYS,
        ),
        (
            "Sync",
            "Cert creation failures - a Error:googleapi: Error 503: The service is currently unavailable., backendError,b Error:googleapi: Error 403: Quota 'SSL_CERTIFICATES' exceeded., quotaExceeded",
            STAYS,
        ),
        ("Sync", "Could not find TLS certificate: secrets \"a\" not found", Some(Until(Awaited::Secret))),
        (
            "Sync",
            "Cert creation failures - k8s2-cr-1 Error:googleapi: Error 400: The SSL certificate could not be parsed., sslCertificateCouldNotParseCert",
            Some(Until(Awaited::Certificate)),
        ),
        ("Sync", "googleapi: Error 403: Rate Limit Exceeded, rateLimitExceeded", PASSES),
        (
            "Sync",
            "googleapi: Error 403: Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'compute.googleapis.com'., rateLimitExceeded",
            PASSES,
        ),
        ("Sync", "googleapi: Error 429: Resource has been exhausted, try later", PASSES),
        (
            "Sync",
            "googleapi: Error 500: Internal error. Please try again or contact Google Support. (Code: '5A')",
            PASSES,
        ),
        ("Sync", "googleapi: Error 503: Policy checks are unavailable., backendError", PASSES),
        ("BackendError", "googleapi: Error 502: Bad gateway", PASSES),
        ("Sync", "Cert creation failures - k8s2-cr-1 Error:googleapi: Error 503: Backend Error, backendError", PASSES),
        (
            "Sync",
            "googleapi: Error 400: The resource 'projects/p/zones/z/networkEndpointGroups/n' is not ready, resourceNotReady",
            PASSES,
        ),
        ("Sync", "googleapi: Error 412: Invalid fingerprint., conditionNotMet", PASSES),
        (
            "Sync",
            "googleapi: Error 409: The resource 'projects/p/global/urlMaps/u' already exists, alreadyExists",
            PASSES,
        ),
        (
            "Sync",
            "googleapi: Error 404: The resource 'projects/p/zones/z/networkEndpointGroups/k8s1-1' was not found, notFound",
            PASSES,
        ),
        (
            "Sync",
            "googleapi: Error 404: The resource 'projects/p/global/sslCertificates/mcrt-1' was not found, notFound",
            PASSES,
        ),
        (
            "Sync",
            "Post \"https://compute.googleapis.com/compute/v1/projects/p/global/urlMaps\": context deadline exceeded",
            PASSES,
        ),
        (
            "GarbageCollection",
            "Error during garbage collection: googleapi: Error 403: Required 'compute.urlMaps.delete' permission, forbidden",
            PASSES,
        ),
        ("SyncNetworkEndpointGroupFailed", "Failed to sync NEG \"n\" (will retry): endpoint has no pod", PASSES),
        (
            "SyncNetworkEndpointGroupFailed",
            "Failed to sync NEG \"n\" (will retry): googleapi: Error 403: Quota 'NETWORK_ENDPOINT_GROUPS' exceeded., quotaExceeded",
            STAYS,
        ),
        ("SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer", PASSES),
        ("THCAnnotationWithoutFlag", "THC annotation is present for at least one Service", PASSES),
        // Of the Gateway controller.
        (
            "SYNC",
            "failed to translate Gateway \"a/a\": Error GWCER102: Secret a/tls not found.",
            Some(Until(Awaited::Secret)),
        ),
        (
            "SYNC",
            "failed to translate Gateway \"a/a\": error cause: reference-not-found: Error GWCER104: HTTPRoute \"a/a\" is misconfigured, err: Error GWCER102: services a/b not found",
            STAYS,
        ),
        (
            "SYNC",
            "failed to translate Gateway \"a/a\": Error GWCER104: HTTPRoute \"a/a\" is misconfigured, err: Timeouts are not supported.",
            STAYS,
        ),
        (
            "SYNC",
            "failed to translate Gateway \"a/a\": Error GWCER106: Gateway \"a/a\" is invalid, err: unsupported address type \"IPAddress\", only \"NamedAddress\" is supported..",
            STAYS,
        ),
        (
            "SYNC",
            "failed to translate Gateway \"a/a\": Error GWCER106: Gateway \"a/a\" is invalid, err: address \"milvus-ip\" does not exist.",
            STAYS,
        ),
        (
            "SYNC",
            "failed to translate Gateway \"a/a\": Error GWCER104: HTTPRoute \"a/a\" is misconfigured, err: classic GXLB (GatewayClass gke-l7-gxlb) does not support rule filters",
            STAYS,
        ),
        (
            "SYNC",
            "failed to translate Gateway \"a/a\": Error GWCER106: Gateway \"a/a\" is invalid, err: something new",
            STAYS,
        ),
        (
            "SYNC",
            "generic::invalid_argument: error ensuring load balancer: Insert: The resource 'projects/p/regions/r/backendServices/gkegw-a' is not ready",
            PASSES,
        ),
        ("Sync", "something that nobody has seen before", None),
    ];
}
