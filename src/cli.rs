//! The command line and the environment, as the user writes them → [`Settings`].

use clap::Parser;
use clap::error::ErrorKind;

use crate::settings::{Certificate, Host, Hosts, HttpPort, ObjectName, Settings};

/// Puts a Milvus release behind a GKE Layer-7 load balancer.
///
/// Reads the rendered Milvus Helm chart on stdin and writes it to stdout, changed as
/// the guide "Set up a Layer-7 Load Balancer for Milvus on GCP" asks: the Service
/// becomes ClusterIP with GKE's annotations, TLS is switched on in Milvus, and
/// BackendConfig, certificate and Ingress are appended. Everything else comes out byte
/// for byte.
#[derive(Debug, Parser)]
#[command(name = "milvus-gke-l7", version, max_term_width = 100, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// Domain that clients connect to; give it again (or comma-separated) for several
    ///
    /// One Ingress rule for each. Google-managed certificates take no wildcards and at
    /// most 63 characters.
    #[arg(
        long = "host",
        value_name = "DOMAIN",
        env = "MILVUS_GKE_L7_HOST",
        value_delimiter = ',',
        required = true,
        help_heading = "Load balancer"
    )]
    hosts: Vec<Host>,

    /// Secret (kubernetes.io/tls, in the release's namespace) that holds the certificate
    ///
    /// Without it Google makes and renews one (ManagedCertificate).
    #[arg(long, value_name = "NAME", help_heading = "Load balancer")]
    tls_secret: Option<ObjectName>,

    /// Where Milvus serves HTTP (REST): a port, `off`, or `keep` for what the chart says
    ///
    /// Milvus 2.4.13 and later does not start with TLS on while HTTP shares the gRPC
    /// port. By default proxy.http.port becomes 8080 there, unless the chart's values
    /// settle it; older versions are left alone.
    #[arg(long, value_name = "PORT|off|keep", help_heading = "Milvus")]
    http_port: Option<HttpPort>,

    /// Release to choose where the input holds several
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    release: Option<String>,

    /// Put our objects in the place of existing ones of the same kind and name
    #[arg(long, help_heading = "Input")]
    replace: bool,
}

const AFTER_HELP: &str = "\
Exit status:
  0  stdout is the complete rewritten stream
  1  refused: stdout is empty, stderr says why and what to do
  2  wrong usage

Examples:
  helm upgrade --install my-release milvus/milvus \\
    --post-renderer milvus-gke-l7 --post-renderer-args --host=milvus.example.com
  helm template my-release milvus/milvus | milvus-gke-l7 --host milvus.example.com | kubectl apply -f -";

impl Cli {
    /// Validates what clap alone cannot: settings that depend on each other.
    ///
    /// # Errors
    ///
    /// A usage error in clap's own form.
    pub fn settings(self) -> Result<Settings, clap::Error> {
        let usage = |error: &dyn std::fmt::Display| {
            use clap::CommandFactory as _;
            let message = format!("invalid value for '--host <DOMAIN>': {error}");
            Self::command().error(ErrorKind::ValueValidation, message)
        };
        let certificate = match self.tls_secret {
            None => Hosts::managed(self.hosts).map(|hosts| Certificate::Managed { hosts }),
            Some(name) => Hosts::new(self.hosts).map(|hosts| Certificate::Secret { name, hosts }),
        };
        Ok(Settings {
            release: self.release,
            certificate: certificate.map_err(|error| usage(&error))?,
            http_port: self.http_port,
            replace: self.replace,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
