//! The command line and the environment, as the user writes them.

pub mod help;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches, Parser, Subcommand, ValueHint};

use crate::certificate::{Days, KeyType};
use crate::check::rules::{self, Rule};
use crate::host::{Host, HostsError};
pub use crate::install::NAME;
use crate::install::{HelmPlugin, KustomizePlugin};
use crate::options::{Field, INPUT, OUTPUT, Options, OptionsError, variable};
use crate::status::KINDS;
use crate::text::{nearest, one_line, shell_word};
use crate::wait::span::{Interval, Patience};

/// Puts a Milvus release behind a GKE Layer-7 load balancer.
///
/// Reads the rendered Milvus Helm chart on stdin and writes it to stdout, changed as
/// the guide "Set up a Layer-7 Load Balancer for Milvus on GCP" asks: the Service
/// becomes ClusterIP with GKE's annotations, TLS is switched on in Milvus, and
/// BackendConfig, certificate and Ingress are appended. Everything else comes out byte
/// for byte.
///
/// A ResourceList on stdin makes it a kustomize function, which takes its options from
/// the functionConfig.
#[derive(Debug, Parser)]
#[command(
    name = NAME,
    // kustomize calls the program by the name of its link.
    bin_name = NAME,
    version,
    max_term_width = 100,
    after_long_help = AFTER_HELP,
    override_usage = USAGE,
    subcommand_help_heading = "Commands"
)]
pub struct Cli {
    /// The main job.
    #[command(flatten)]
    pub filter: Filter,

    /// Anything but the filter.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The main job.
#[derive(Debug, clap::Args)]
pub struct Filter {
    /// Flags and environment, and a file.
    #[command(flatten)]
    pub asked: Asked,

    /// The same, as kustomize gives it to a legacy exec plugin; it needs a `/`
    #[arg(value_name = "CONFIG", value_parser = plugin_config, help_heading = INPUT)]
    pub plugin_config: Option<PathBuf>,

    /// Print errors in the stream: Helm 4 discards a plugin's stderr
    #[arg(long, hide = true)]
    pub helm4_plugin: bool,
}

/// What is asked for.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// Flags and environment.
    #[command(flatten)]
    pub options: Given,

    /// Configuration: a MilvusGkeL7 object (see `schema`), or a ConfigMap with flat data
    ///
    /// Flags and environment override it, and it overrides a functionConfig.
    #[arg(long, value_name = "FILE", env = variable("MILVUS_GKE_L7_CONFIG"), hide_env = true, help_heading = INPUT)]
    pub config: Option<PathBuf>,
}

/// Flags over the environment.
#[derive(Debug)]
pub struct Given(pub Options);

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let of = |source| {
            let mut only = matches.clone();
            for id in matches.ids().filter(|id| matches.value_source(id.as_str()) != Some(source)) {
                only.try_clear_id(id.as_str()).map_err(|_| clap::Error::new(ErrorKind::UnknownArgument))?;
            }
            Options::from_arg_matches_mut(&mut only)
        };
        Ok(Self(of(ValueSource::CommandLine)?.over(of(ValueSource::EnvVariable)?)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Given {
    fn augment_args(command: clap::Command) -> clap::Command {
        Options::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Options::augment_args_for_update(command)
    }
}

/// What the program does besides its main job.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what would change
    ///
    /// Reads a rendered chart and accepts the flags of the main job. Values that may be secrets are masked in the text,
    /// and are not in the patches.
    #[command(after_help = "Examples:
  helm template my-release milvus/milvus | milvus-gke-l7 diff --host milvus.example.com
  milvus-gke-l7 diff rendered.yaml --host milvus.example.com --output patch")]
    Diff {
        /// The rendered chart; stdin if there is none, or `-`
        #[arg(value_hint = ValueHint::FilePath, help_heading = INPUT)]
        file: Option<PathBuf>,
        /// As of the filter.
        #[command(flatten)]
        asked: Box<Asked>,
        /// A unified diff, or RFC 6902 patches as JSON
        #[arg(long, short, value_enum, default_value_t = DiffOutput::Text, help_heading = OUTPUT)]
        output: DiffOutput,
        /// When to colour the text; `auto` does on a terminal, unless NO_COLOR is set
        #[arg(long, value_enum, default_value_t = Colour::Auto, help_heading = OUTPUT, hide_short_help = true)]
        color: Colour,
        /// End with status 3 if something would change
        #[arg(long, help_heading = OUTPUT)]
        exit_code: bool,
        /// Lines to show around each change
        #[arg(long, short = 'U', value_name = "N", default_value_t = 3, help_heading = OUTPUT)]
        context: usize,
    },
    /// Create a self-signed certificate for --tls-cert and --tls-key
    ///
    /// In place of the guide's openssl commands. Clients accept it once they trust tls.crt
    /// itself: it is the server's certificate and its own trust anchor.
    Cert {
        /// Domains that clients connect to, wildcards such as *.example.com included
        ///
        /// Repeat it, or separate several by commas.
        #[arg(long = "host", value_name = "DOMAIN", value_delimiter = ',', required = true)]
        hosts: Vec<Host>,
        /// Folder for tls.crt and tls.key; it must exist
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// How long it is valid, from 1 to 3650 days
        ///
        /// Nobody can revoke a self-signed certificate: its end is the only limit on a lost key. Apple's systems accept
        /// at most 825 days.
        #[arg(long, value_name = "DAYS", default_value_t)]
        days: Days,
        /// Type of the key, one of those that Google accepts
        #[arg(long, value_name = "rsa2048|p256", default_value = "rsa2048", hide_possible_values = true)]
        key: KeyType,
        /// Overwrite tls.crt and tls.key
        #[arg(long)]
        force: bool,
    },
    /// Print the steps before and after the upgrade
    ///
    /// Reads a rendered chart and accepts the flags of the main job. Says what to create before it is applied, what to
    /// wait for, where DNS must point, and how clients connect.
    #[command(after_help = "Examples:
  helm template my-release milvus/milvus | milvus-gke-l7 notes --host milvus.example.com
  milvus-gke-l7 notes rendered.yaml --host milvus.example.com --output json")]
    Notes {
        /// The rendered chart; stdin if there is none, or `-`
        #[arg(value_hint = ValueHint::FilePath, help_heading = INPUT)]
        file: Option<PathBuf>,
        /// As of the filter.
        #[command(flatten)]
        asked: Box<Asked>,
        /// Text for people, or JSON (see `schema notes`)
        #[arg(long, short, value_enum, default_value_t = DataOutput::Text, help_heading = OUTPUT)]
        output: DataOutput,
    },
    /// Show how far the set-up is, from kubectl's output
    ///
    /// The last line is `ready`, `waiting for …` or `broken: …`; the exit status is 0, 3 or 1.
    #[command(after_help = format!("Example:\n  {}", of_kubectl()))]
    Status {
        /// What kubectl printed; stdin if there is none, or `-`
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = INPUT)]
        files: Vec<PathBuf>,
        /// Which Milvus release in the input, if there are several
        #[arg(long, value_name = "NAME", help_heading = INPUT)]
        release: Option<String>,
        /// Show how long each step usually takes
        #[arg(long, help_heading = OUTPUT)]
        wait_hint: bool,
        /// Connect by name: clients find the host by DNS
        #[arg(long, help_heading = OUTPUT)]
        dns: bool,
        /// Text for people, or JSON (see `schema status`)
        #[arg(long, short, value_enum, default_value_t = DataOutput::Text, help_heading = OUTPUT)]
        output: DataOutput,
    },
    /// Wait until the set-up is ready: runs kubectl repeatedly
    ///
    /// Ends with status 0 when it is ready, with 1 when it is broken (in three looks in a row), and with 3 when the
    /// time is up. Prints the last report of `status` on stdout, and each step as it changes on stderr.
    #[command(after_help = "Examples:
  milvus-gke-l7 wait --namespace milvus --timeout 90m
  milvus-gke-l7 wait --timeout 2h --output json")]
    Wait(Wait),
    /// Find mistakes in any manifests, most of which GKE accepts
    ///
    /// Reads a rendered chart, this program's output, what `kubectl get -o yaml` (or json) prints, or manifests written
    /// by hand. Checks what leads to Milvus and ignores everything else. Ends with status 1 on errors.
    #[command(after_help = "Examples:
  milvus-gke-l7 check rendered.yaml
  milvus-gke-l7 check --strict --output sarif manifests/*.yaml > findings.sarif")]
    Check {
        /// The manifests, as one input; stdin if there is none, or `-`
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// End with status 1 on warnings, too
        #[arg(long)]
        strict: bool,
        /// Check this release only
        #[arg(long, value_name = "NAME")]
        release: Option<String>,
        /// Rules not to report
        ///
        /// Repeat it, or separate several by commas. For a single object, the annotation `milvus-gke-l7/ignore` does
        /// the same.
        #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule)]
        ignore: Vec<&'static Rule>,
        /// Text for people, a JSON array of findings, or SARIF 2.1.0
        #[arg(long, short, value_enum, default_value_t = CheckOutput::Text, help_heading = OUTPUT)]
        output: CheckOutput,
        /// When to colour the text; `auto` does on a terminal, unless NO_COLOR is set
        #[arg(long, value_enum, default_value_t = Colour::Auto, help_heading = OUTPUT, hide_short_help = true)]
        color: Colour,
    },
    /// Explain a rule of `check`, or list all of them
    #[command(after_help = "Example:
  milvus-gke-l7 explain grpc-path")]
    Explain {
        /// The rule, as `check` names it
        #[arg(value_name = "RULE")]
        rule: Option<String>,
    },
    /// Install the plugin that Helm 4 needs (Helm 3 needs none)
    #[command(after_help = "Example:
  milvus-gke-l7 helm-plugin install")]
    HelmPlugin {
        /// What to do about it.
        #[command(subcommand)]
        action: HelmPlugin,
    },
    /// Install the legacy exec plugin for kustomize and kubectl
    #[command(after_help = "Example:
  milvus-gke-l7 kustomize-plugin install")]
    KustomizePlugin {
        /// What to do about it.
        #[command(subcommand)]
        action: KustomizePlugin,
    },
    /// Print the completion script of a shell
    #[command(after_help = "Example:
  milvus-gke-l7 completions bash > ~/.local/share/bash-completion/completions/milvus-gke-l7")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Print a JSON Schema: of the configuration, `status` or `notes`
    Schema {
        /// Which schema
        #[arg(value_enum, default_value_t = SchemaOf::Config)]
        of: SchemaOf,
    },
}

/// What is waited for, and how.
#[derive(Debug, clap::Args)]
pub struct Wait {
    /// Which Milvus release, if there are several
    #[arg(long, value_name = "NAME", help_heading = INPUT)]
    pub release: Option<String>,
    /// Its namespace (default: kubectl's current)
    #[arg(long, short, value_name = "NAME", help_heading = INPUT)]
    pub namespace: Option<String>,
    /// Context of kubectl (default: the current one)
    #[arg(long, value_name = "NAME", help_heading = INPUT)]
    pub context: Option<String>,
    /// Look at Gateways, too
    ///
    /// The cluster must have the Gateway API.
    #[arg(long, help_heading = INPUT)]
    pub gateway: bool,
    /// Namespace of the Gateway, if it is another
    ///
    /// As in --gateway-ref NAMESPACE/NAME. Implies --gateway.
    #[arg(long, value_name = "NS", help_heading = INPUT)]
    pub gateway_namespace: Option<String>,
    /// Look at the Milvus Operator's resource, too
    ///
    /// The cluster must have the operator.
    #[arg(long, help_heading = INPUT)]
    pub operator: bool,
    /// Runs instead of kubectl, without a shell
    ///
    /// It prints what `status` reads.
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["namespace", "context", "gateway", "gateway_namespace", "operator"], help_heading = INPUT)]
    pub command: Vec<OsString>,
    /// Time limit, such as 20m or 1h30m
    #[arg(long, value_name = "DURATION", default_value = "90m")]
    pub timeout: Patience,
    /// Pause between looks, such as 10s or 500ms
    #[arg(long, value_name = "DURATION", default_value = "10s", hide_short_help = true)]
    pub interval: Interval,
    /// Connect by name: clients find the host by DNS
    #[arg(long, help_heading = OUTPUT)]
    pub dns: bool,
    /// `text`, or `json` (see `schema status`)
    #[arg(long, short, value_enum, default_value_t = DataOutput::Text, help_heading = OUTPUT)]
    #[arg(hide_possible_values = true)]
    pub output: DataOutput,
}

impl Command {
    /// How it is run, if it reads stdin.
    #[must_use]
    pub fn example(&self) -> Option<String> {
        let files = match self {
            Self::Diff { file, .. } | Self::Notes { file, .. } => file.as_slice(),
            Self::Status { files, .. } | Self::Check { files, .. } => files,
            _ => &[],
        };
        if !files.is_empty() && !files.iter().any(|file| file.as_os_str() == STDIN) {
            return None;
        }
        let of_chart = |command| format!("helm template my-release milvus/milvus | {NAME} {command}");
        Some(match self {
            Self::Diff { .. } => of_chart("diff --host <DOMAIN>"),
            Self::Notes { .. } => of_chart("notes --host <DOMAIN>"),
            Self::Check { .. } => of_chart("check"),
            Self::Status { .. } => of_kubectl(),
            _ => return None,
        })
    }
}

/// How `status` is run.
fn of_kubectl() -> String {
    format!("kubectl get {KINDS} -o yaml | {NAME} status")
}

/// What stands for stdin among files.
pub const STDIN: &str = "-";

/// How the filter is run.
pub const EXAMPLE: &str = "helm template my-release milvus/milvus | milvus-gke-l7 --host <DOMAIN>";

/// How a difference is told.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum DiffOutput {
    /// A unified diff.
    Text,
    /// JSON patches.
    Patch,
}

/// How findings are told.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum CheckOutput {
    /// With the offending lines.
    Text,
    /// An array.
    Json,
    /// SARIF.
    Sarif,
}

/// How a report is told.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum DataOutput {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What there is a schema of.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum SchemaOf {
    /// The configuration.
    Config,
    /// What `status --output json` prints.
    Status,
    /// What `notes --output json` prints.
    Notes,
}

/// When to colour.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What plugin.yaml passes.
pub const HELM4_PLUGIN: &str = "--helm4-plugin";

const USAGE: &str = "\
milvus-gke-l7 --host <DOMAIN> [OPTIONS] < rendered.yaml
       milvus-gke-l7 <COMMAND>";

const AFTER_HELP: &str = "\
Exit status:
  0  stdout is the complete rewritten stream
  1  refused: stderr says why and what to do; stdout is empty (from a function: the
     ResourceList as it came, with results). `check` found an error, `status` and
     `wait` a broken set-up
  2  wrong usage
  3  not yet: `status` waits for something, the time of `wait` is up, or
     `diff --exit-code` would change something

Environment:
  Each option of the main job may be a variable: --static-ip is MILVUS_GKE_L7_STATIC_IP.
  A flag overrides it.

Examples:
  helm upgrade --install my-release milvus/milvus \\
    --post-renderer milvus-gke-l7 --post-renderer-args --host=milvus.example.com
  helm template my-release milvus/milvus | milvus-gke-l7 --host milvus.example.com > release.yaml
  kustomize build --enable-alpha-plugins --enable-exec .";

fn rule(id: &str) -> Result<&'static Rule, String> {
    rules::find(id).ok_or_else(|| match rules::nearest(id) {
        Some(near) => format!("no such rule; did you mean `{near}`?"),
        None => "no such rule; `milvus-gke-l7 explain` lists them".to_owned(),
    })
}

/// A word without a `/` is a command, and this one is not.
fn plugin_config(argument: &str) -> Result<PathBuf, String> {
    if argument.contains(['/', std::path::MAIN_SEPARATOR]) {
        return Ok(PathBuf::from(argument));
    }
    if matches!(argument, "true" | "false") {
        return Err("give a switch its value after `=`, as in --replace=false".to_owned());
    }
    let command = Cli::command();
    let names: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
    Err(match nearest(argument, names.iter().copied(), 2) {
        Some(near) => format!("no such command; did you mean `{near}`?"),
        None => {
            format!(
                "no such command (the commands are: {}); write a file with a `/`, as in ./{argument}",
                names.join(", ")
            )
        }
    })
}

/// Options that do not fit together, as clap says it.
#[must_use]
pub fn usage(error: &OptionsError) -> clap::Error {
    let (kind, message) = match error {
        OptionsError::NoHost => {
            let ways = "--host <DOMAIN>  (or MILVUS_GKE_L7_HOST, or `hosts` in the configuration)";
            (ErrorKind::MissingRequiredArgument, format!("{error}\n\n  {ways}"))
        }
        OptionsError::Wrong { field, .. } => (ErrorKind::ValueValidation, format!("{}: {error}", field.flag())),
    };
    Cli::command().error(kind, message)
}

/// Hosts of `cert` that do not fit together, as clap says it.
#[must_use]
pub fn wrong_hosts(error: &HostsError) -> clap::Error {
    let mut command = Cli::command();
    command.build();
    let message = format!("--host: {error}");
    let mut cert = command.find_subcommand("cert").cloned().unwrap_or(command);
    cert.error(ErrorKind::ValueValidation, message)
}

/// An error without the text of a file that was given in place of its name, or a Secret's
/// base64 of it: it may be a key.
#[must_use]
pub fn without_pem(error: clap::Error) -> clap::Error {
    let said = error.to_string();
    if said.contains("-----BEGIN") || said.contains("LS0tLS1CRUdJTi") {
        let message = "an argument or variable is PEM; write it into a file and give that file's name";
        return Cli::command().error(ErrorKind::ValueValidation, message);
    }
    error
}

/// Reads the command line and the environment.
///
/// # Errors
///
/// What clap has to say: an error, or the help that was asked for.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    // To define all commands takes several times as long as to read the flags of the filter. What is no call of the
    // filter, or a wrong one, is an error here, and told with the whole definition.
    let filter = Filter::augment_args(clap::Command::new(NAME).disable_help_flag(true));
    if let Ok(filter) = filter.try_get_matches_from(arguments).and_then(|found| Filter::from_arg_matches(&found)) {
        return Ok(Cli { filter, command: None });
    }
    let found = Cli::try_parse_from(arguments);
    match found {
        Err(error) if error.kind() == ErrorKind::DisplayHelp => Err(help::short(arguments).unwrap_or(error)),
        Err(error) if !error.use_stderr() => Err(error),
        found => options_before_command(arguments).map_or(found, Err).map_err(help::with_tip),
    }
}

/// Options that stand before a command would be the filter's, and do nothing.
fn options_before_command(arguments: &[OsString]) -> Option<clap::Error> {
    let words: Vec<_> = arguments.iter().map(|argument| argument.to_str()).collect::<Option<_>>()?;
    if !words.get(1)?.starts_with('-') || words.contains(&HELM4_PLUGIN) {
        return None;
    }
    let mut command = Cli::command();
    let is_command = |word: &&str| command.get_subcommands().any(|one| one.get_name() == *word);
    let at = words.iter().skip(2).position(is_command)? + 2;
    let mut moved = words;
    moved[1..=at].rotate_right(1);
    match Cli::try_parse_from(&moved) {
        Err(error) if error.use_stderr() => Some(error),
        _ => {
            let line = moved[1..].iter().fold(NAME.to_owned(), |line, word| line + " " + &shell_word(word));
            Some(command.error(ErrorKind::ArgumentConflict, format!("options follow the command\n\n  {line}")))
        }
    }
}

/// What the names of our variables begin with.
const VARIABLES: &str = "MILVUS_GKE_L7_";

/// Variables of the project's scripts and tests, which the program does not read.
const OF_SCRIPTS: [&str; 2] = ["KUBECONFIG", "TOOLS"];

/// Warnings of variables that look like ours and are not.
#[must_use]
pub fn unknown_variables() -> Vec<String> {
    let is_ours = |name: &OsString| {
        let bytes = name.as_encoded_bytes();
        bytes.get(..VARIABLES.len()).is_some_and(|start| start.eq_ignore_ascii_case(VARIABLES.as_bytes()))
    };
    let set = std::env::vars_os().filter(|(name, value)| is_ours(name) && !value.is_empty());
    let mut names: Vec<_> = set.map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names.iter().filter_map(|name| unknown_variable(name)).collect()
}

fn unknown_variable(name: &str) -> Option<String> {
    let variable = |field: &Field| field.flag().trim_start_matches('-').replace('-', "_").to_uppercase();
    let known: Vec<_> = Field::ALL.iter().map(variable).chain(["CONFIG".to_owned()]).collect();
    // Windows does not tell upper case from lower case.
    let is_alike = |known: &str| if cfg!(windows) { known.eq_ignore_ascii_case(name) } else { known == name };
    let mut all = known.iter().map(String::as_str).chain(OF_SCRIPTS);
    if all.any(|known| is_alike(&format!("{VARIABLES}{known}"))) {
        return None;
    }
    let told = known.iter().map(String::as_str).filter(|known| *known != variable(&Field::IAP));
    let meant = nearest(&name[VARIABLES.len()..], told, 2);
    let hint = meant.map(|meant| format!("; did you mean {VARIABLES}{meant}?")).unwrap_or_default();
    Some(format!("{} is not a variable of {NAME} and has no effect{hint}", one_line(name)))
}

/// The manual page, in roff.
///
/// # Errors
///
/// None in practice: it writes to memory.
pub fn manual() -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
