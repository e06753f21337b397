//! What the events of GKE's controllers mean, known by their words.

/// A cause of an event, and what to do.
#[derive(Debug)]
pub struct Cause {
    /// All of these stand in the event: in its reason or its message.
    words: &'static [&'static str],
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
    /// Over as soon as the object that is missing is there.
    UntilThere(&'static str),
    /// It passes, or hinders only a part.
    Passes,
}

use Course::{Passes, Stays, UntilThere};

/// The cause of an event, if its words are known.
#[must_use]
pub fn cause(reason: &str, message: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.words.iter().all(|words| message.contains(words) || reason == *words))
}

/// The first that fits holds: what is more special stands before.
const CAUSES: &[Cause] = &[
    Cause {
        words: &["could not parse", "app-protocols"],
        what: "the annotation app-protocols of the Service is not valid",
        why: "it is no JSON object, or has another value than HTTP, HTTPS or HTTP2 (GKE names the older key in any case)",
        help: "upgrade again with milvus-gke-l7 as post-renderer; it must be {\"milvus\":\"HTTP2\"}",
        course: Stays,
    },
    Cause {
        words: &["no BackendConfig for service port exists"],
        what: "the BackendConfig that the Service names does not exist",
        why: "it must be in the namespace of the Service; one with a field of the wrong type was refused when applied",
        help: "upgrade again with milvus-gke-l7 as post-renderer, or apply the BackendConfig that is named",
        course: UntilThere("BackendConfig"),
    },
    Cause {
        words: &["no BackendConfig's found in annotation"],
        what: "the annotation backend-config of the Service names no BackendConfig",
        why: "it is empty",
        help: "upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        words: &["BackendConfig annotation is invalid json"],
        what: "the annotation backend-config of the Service is no JSON",
        why: "GKE cannot read it",
        help: "upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        words: &["TimeoutSec", "checkIntervalSec"],
        what: "the health check waits longer than its interval",
        why: "where timeoutSec is missing in the BackendConfig, GKE takes 15",
        help: "give both, timeoutSec not above checkIntervalSec: --health-interval, --health-timeout",
        course: Stays,
    },
    Cause {
        words: &["must be one of [\"HTTP\",\"HTTPS\",\"HTTP2\"]"],
        what: "the type of the health check is not valid",
        why: "there is no gRPC health check here, and the type is written in capitals",
        help: "set healthCheck.type of the BackendConfig to HTTP",
        course: Stays,
    },
    Cause {
        words: &["BackendConfig", "is not valid"],
        what: "the BackendConfig is not valid",
        why: "GKE says which field",
        help: "correct it and apply it again",
        course: Stays,
    },
    Cause {
        words: &["when not using NEGs"],
        what: "the Service is not marked for network endpoint groups",
        why: "without them GKE takes no ClusterIP Service",
        help: "upgrade again with milvus-gke-l7 as post-renderer: cloud.google.com/neg must be {\"ingress\": true}",
        course: Stays,
    },
    Cause {
        words: &["custom neg name cannot be used with ingress enabled"],
        what: "the Service names its network endpoint group",
        why: "behind an Ingress GKE gives the name itself",
        help: "remove `name` from the annotation cloud.google.com/neg",
        course: Stays,
    },
    Cause {
        words: &["NEG annotation is invalid"],
        what: "the annotation neg of the Service is not valid",
        why: "true must stand there without quotes",
        help: "upgrade again with milvus-gke-l7 as post-renderer: it must be {\"ingress\": true}",
        course: Stays,
    },
    Cause {
        words: &["secret \"\" does not exist"],
        what: "the Ingress has spec.tls without secretName",
        why: "GKE then makes no front end",
        help: "name a Secret there, or leave spec.tls out",
        course: Stays,
    },
    Cause {
        words: &["secrets \"", "not found"],
        what: "the Secret with the certificate does not exist",
        why: "it must be in the namespace of the Ingress, and without it GKE makes no front end",
        help: "make it (kubectl create secret tls), or wait for cert-manager if it makes it: with an HTTP-01 issuer it cannot",
        course: Stays,
    },
    Cause {
        words: &["does not specify", "as string data"],
        what: "the Secret has no tls.crt or no tls.key",
        why: "GKE reads exactly these two",
        help: "make it anew with kubectl create secret tls",
        course: Stays,
    },
    Cause {
        words: &["Cert creation failures"],
        what: "Google does not take the certificate in the Secret",
        why: "certificate and key do not fit, or are of another kind than RSA-2048 or ECDSA P-256, or it is not PEM. \
              Port 80 is open already",
        help: "put another certificate into the Secret; GKE looks again within ten minutes",
        course: Stays,
    },
    Cause {
        words: &["MissingCertificate"],
        what: "a ManagedCertificate that the Ingress names does not exist",
        why: "it must be in the namespace of the Ingress; GKE attaches none as long as one is missing. One with a host \
              that cannot be was refused when applied",
        help: "upgrade again with milvus-gke-l7 as post-renderer, or apply the ManagedCertificate that is named",
        course: UntilThere("ManagedCertificate"),
    },
    Cause {
        words: &["TooManyCertificates"],
        what: "there are too many certificates",
        why: "the project has reached its limit of SSL certificates",
        help: "delete those that nothing uses, or ask Google for more",
        course: Stays,
    },
    Cause {
        words: &["BackendError"],
        what: "Google refuses the ManagedCertificate",
        why: "its list of domains is empty or holds one that cannot be",
        help: "upgrade again with milvus-gke-l7 as post-renderer, which checks the hosts",
        course: Stays,
    },
    Cause {
        words: &["both HTTP and HTTPS are disabled"],
        what: "there is no certificate yet, and port 80 is closed",
        why: "with --https-only there is no front end until GKE has the certificate",
        help: "nothing: it goes on by itself when the certificate is attached",
        course: Passes,
    },
    Cause {
        words: &["both global-static-ip and regional-static-ip cannot be specified"],
        what: "the Ingress names two reserved addresses",
        why: "it takes either a global or a regional one",
        help: "remove one of the two annotations",
        course: Stays,
    },
    Cause {
        words: &["the given static IP name", "doesn't translate to an existing static IP"],
        what: "the reserved address does not exist",
        why: "it must be in this project: a global one, for an internal load balancer one of the region",
        help: "gcloud compute addresses create NAME --global (internal: --region REGION --subnet SUBNET)",
        course: Stays,
    },
    Cause {
        words: &["could not find port"],
        what: "the Ingress names a port that the Service does not have",
        why: "it must be the number or the name of a port of the Service",
        help: "upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        words: &["could not find service"],
        what: "the Ingress names a Service that does not exist",
        why: "it must be in the namespace of the Ingress",
        help: "upgrade again with milvus-gke-l7 as post-renderer",
        course: Stays,
    },
    Cause {
        words: &["due to invalid wildcard"],
        what: "a path of the Ingress has a wildcard that cannot be",
        why: "with pathType Prefix or Exact there is no `*`",
        help: "write the path as `/` with pathType Prefix",
        course: Stays,
    },
    Cause {
        words: &["no FrontendConfig for Ingress exists"],
        what: "the FrontendConfig that the Ingress names does not exist",
        why: "the load balancer is made without it: no redirect, no SSL policy",
        help: "upgrade again with milvus-gke-l7 as post-renderer, or apply the FrontendConfig that is named",
        course: Passes,
    },
    Cause {
        words: &["sslCertificates", "not found"],
        what: "an SSL certificate that the Ingress names does not exist",
        why: "pre-shared certificates must exist in Compute Engine: global ones, for an internal load balancer those of \
              the region. Port 80 is open already",
        help: "gcloud compute ssl-certificates create, or another name with --pre-shared-cert",
        course: Stays,
    },
    Cause {
        words: &["proxy-only subnetwork"],
        what: "the network has no proxy-only subnet",
        why: "an internal load balancer takes its addresses from there",
        help: "gcloud compute networks subnets create NAME --purpose=REGIONAL_MANAGED_PROXY --role=ACTIVE …",
        course: Stays,
    },
    Cause {
        words: &["Firewall change required"],
        what: "the firewall must be opened by someone else",
        why: "the network belongs to another project (Shared VPC), and GKE may not open it: Milvus stays unhealthy",
        help: "have the command in the event run by an administrator of the network",
        course: Passes,
    },
    Cause {
        words: &["uota"],
        what: "a quota of the project is used up",
        why: "GKE says which one",
        help: "delete what nothing uses, or ask Google for more",
        course: Stays,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Each cause is that of an event in `testdata/status`: none is hidden behind another.
    #[test]
    fn every_cause_is_told() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/status");
        let told: String = std::fs::read_dir(folder)
            .expect("a folder of cases")
            .filter_map(|case| std::fs::read_to_string(case.expect("a case").path().join("stdout.txt")).ok())
            .collect();
        for cause in CAUSES {
            assert!(told.contains(&format!("cause: {}: ", cause.what)), "no event with {:?}", cause.words);
        }
    }
}
