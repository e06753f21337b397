//! What the user asks for, wherever it is written: one definition of the flags, of the
//! environment, and of the fields of a config file or functionConfig.

use clap::{Args as _, Command};
use serde::Deserialize;

use crate::settings::{Certificate, Host, Hosts, HttpPort, ObjectName, Settings};

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
    /// wildcards and at most 63 characters.
    #[arg(
        long = "host",
        value_name = "DOMAIN",
        env = "MILVUS_GKE_L7_HOST", hide_env_values = true,
        value_delimiter = ',',
        help_heading = LOAD_BALANCER
    )]
    pub hosts: Option<Vec<Host>>,

    /// Secret (kubernetes.io/tls, in the release's namespace) that holds the certificate
    ///
    /// Without it Google makes and renews one (ManagedCertificate).
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_TLS_SECRET", hide_env_values = true, help_heading = LOAD_BALANCER)]
    pub tls_secret: Option<ObjectName>,

    /// Where Milvus serves HTTP (REST): a port, `off`, or `keep` for what the chart says
    ///
    /// Milvus 2.4.13 and later does not start with TLS on while HTTP shares the gRPC
    /// port. By default proxy.http.port becomes 8080 there, unless the chart's values
    /// settle it; older versions are left alone.
    #[arg(long, value_name = "PORT|off|keep", env = "MILVUS_GKE_L7_HTTP_PORT", hide_env_values = true, help_heading = MILVUS)]
    pub http_port: Option<HttpPort>,

    /// Release to choose where the input holds several
    #[arg(long, value_name = "NAME", env = "MILVUS_GKE_L7_RELEASE", hide_env_values = true, help_heading = INPUT)]
    pub release: Option<String>,

    /// Put our objects in the place of existing ones of the same kind and name
    #[arg(
        long,
        value_name = "true|false",
        env = "MILVUS_GKE_L7_REPLACE", hide_env_values = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        help_heading = INPUT
    )]
    pub replace: Option<bool>,
}

const LOAD_BALANCER: &str = "Load balancer";
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

impl Options {
    /// These options, and where they say nothing those of `lower`.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            hosts: self.hosts.or(lower.hosts),
            tls_secret: self.tls_secret.or(lower.tls_secret),
            http_port: self.http_port.or(lower.http_port),
            release: self.release.or(lower.release),
            replace: self.replace.or(lower.replace),
        }
    }

    /// Validates what depends on each other.
    ///
    /// # Errors
    ///
    /// The field that is to blame, and what about it.
    pub fn settings(self) -> Result<Settings, OptionsError> {
        let Some(hosts) = self.hosts.filter(|hosts| !hosts.is_empty()) else {
            let problem = "no host is given".to_owned();
            return Err(OptionsError { field: "hosts", missing: true, problem });
        };
        let certificate = match self.tls_secret {
            None => Hosts::managed(hosts).map(|hosts| Certificate::Managed { hosts }),
            Some(name) => Hosts::new(hosts).map(|hosts| Certificate::Secret { name, hosts }),
        };
        let wrong_hosts = |error: crate::settings::HostsError| OptionsError {
            field: "hosts",
            missing: false,
            problem: error.to_string(),
        };
        Ok(Settings {
            release: self.release,
            certificate: certificate.map_err(wrong_hosts)?,
            http_port: self.http_port,
            replace: self.replace.unwrap_or(false),
        })
    }

    /// The names of all fields.
    #[must_use]
    pub fn fields() -> Vec<String> {
        let command = Self::augment_args(Command::new(""));
        command.get_arguments().map(|argument| camel_case(argument.get_id().as_str())).collect()
    }

    /// The flag of a field, with its value's name: `--host <DOMAIN>`.
    #[must_use]
    pub fn flag(field: &str) -> String {
        let mut command = Self::augment_args(Command::new(""));
        command.build();
        let argument = command.get_arguments().find(|argument| camel_case(argument.get_id().as_str()) == field);
        argument.map_or_else(|| field.to_owned(), ToString::to_string)
    }
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
        let mut fields = Options::fields();
        known.sort();
        fields.sort();
        assert_eq!(fields.iter().collect::<Vec<_>>(), known);
    }
}
