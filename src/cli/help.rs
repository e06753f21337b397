//! The short help, which fits a screen, and tips for those who come from kubectl and Helm.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::{Cli, NAME};
use crate::options::Field;

/// Options of the main job that most users need, in few words.
const COMMON: &[(Field, &str)] = &[
    (Field::HOST, "Domains that clients connect to"),
    (Field::STATIC_IP, "Reserved address to use"),
    (Field::PRESET, "Several options at once"),
    (Field::GATEWAY, "Create a Gateway instead of an Ingress"),
    (Field::TLS_SECRET, "Certificate Secret; by default Google manages one"),
];

/// Commands that are rarely typed.
const RARE: &[&str] = &["completions", "explain", "help", "man", "schema"];

/// What users of kubectl and Helm try, and what to do here.
const HABITS: &[(&[&str], &str)] = &[
    (
        &["-n", "--namespace"],
        "the manifests name the namespace: pass it to the program that prints them, as in `helm template --namespace \
        NAME`",
    ),
    (&["-A", "--all-namespaces"], "pass it to kubectl, whose output is read"),
    (&["--dry-run"], "nothing is ever applied; `milvus-gke-l7 diff` shows what would change"),
    (
        &["-f", "--filename"],
        "manifests come on stdin; `check`, `diff`, `notes` and `status` also read files: `check FILE`",
    ),
    (
        &["--values", "--set", "--version"],
        "it belongs to Helm: `helm template` renders the chart, this program rewrites the result",
    ),
    (&["-o", "--output"], "the main job prints YAML; redirect it with `>`"),
    (&["--kubeconfig"], "only `wait` runs kubectl, which reads the variable KUBECONFIG"),
    (&["--context"], "only `wait` runs kubectl; pass it to the kubectl whose output is read"),
    (
        &["-v", "--verbose", "--debug"],
        "there is no log: everything worth knowing is on stderr; `milvus-gke-l7 diff` shows every change",
    ),
];

/// The help that `-h` asks for: on one screen, so of the options of the main job only the common ones.
pub(super) fn short(arguments: &[OsString]) -> Option<clap::Error> {
    let words: Vec<_> = arguments.iter().skip(1).filter_map(|argument| argument.to_str()).collect();
    if !words.contains(&"-h") {
        return None;
    }
    let mut all = Cli::command();
    all.build();
    let command = words.iter().find_map(|word| all.find_subcommand(word)).unwrap_or(&all);
    // Of a command that has commands, clap knows which one is asked about.
    let is_nested = command.get_name() != NAME && command.has_subcommands();
    if is_nested { None } else { shortened(command.clone()).try_get_matches_from([NAME, "-h"]).err() }
}

/// The short help of the main job.
#[must_use]
pub fn of_main_job() -> String {
    shortened(Cli::command()).render_help().ansi().to_string()
}

fn shortened(command: Command) -> Command {
    let is = |field: &Field, long: &str| field.flag().strip_prefix("--") == Some(long);
    let has = |field: &Field| command.get_arguments().any(|one| one.get_long().is_some_and(|long| is(field, long)));
    if !(has(&Field::HOST) && has(&Field::TLS_SECRET)) {
        return command;
    }
    let is_main_job = command.get_name() == NAME;
    let what = if is_main_job { "All options and commands" } else { "All options" };
    let more = format!("{what}, exit statuses, examples: {} --help", command.get_bin_name().unwrap_or(NAME));
    let short = command
        .after_help(more)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(Arg::new("help").short('h').action(ArgAction::HelpShort).hide(true));
    let short = short.mut_subcommands(|command| {
        let is_rare = RARE.contains(&command.get_name());
        command.hide(is_rare)
    });
    short.mut_args(|argument| {
        let argument = argument.help_heading(None::<&str>);
        let Some(long) = argument.get_long() else { return argument.hide_short_help(is_main_job) };
        if let Some((_, help)) = COMMON.iter().find(|(field, _)| is(field, long)) {
            return argument.help(*help);
        }
        let is_of_main_job = long == "config" || Field::ALL.iter().any(|field| is(field, long));
        argument.hide_short_help(is_main_job || is_of_main_job)
    })
}

/// An error about an unknown option, with what to do instead where people are used to it.
pub(super) fn with_tip(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else { return error };
    let flag = unknown.split('=').next().unwrap_or_default();
    let habit = HABITS.iter().find(|(flags, _)| flags.contains(&flag)).map(|(_, tip)| (*tip).to_owned());
    let is_of_main_job = Field::ALL.iter().any(|field| field.flag() == flag);
    let of_main_job = || is_of_main_job.then(|| format!("`{flag}` is an option of the main job, `diff` and `notes`"));
    if let Some(tip) = habit.or_else(of_main_job) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}
