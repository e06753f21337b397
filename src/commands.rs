//! One run, from the arguments to an [`Outcome`]. One file per command: it reads, calls, and
//! makes an outcome.

mod cert;
mod check;
mod diff;
mod explain;
mod filter;
pub mod function;
mod install;
mod notes;
mod shared;
mod status;
mod wait;

use std::ffi::OsString;
use std::io::{IsTerminal, Read};

use crate::cli::{self, Cli, Command, HELM4_PLUGIN, SchemaOf};
use crate::report::outcome::{Outcome, Status};
use crate::report::progress::Progress;
use crate::status::Asked;
use crate::{completion, config, notes as steps, status as stand};
use shared::{Manifests, failure, usage};

/// Runs with these arguments (the program's name first) and this input. What takes long tells its progress.
#[must_use]
pub fn run(arguments: &[OsString], input: impl Read + IsTerminal, progress: &mut dyn Progress) -> Outcome {
    // Looked for by hand, so that clap's own errors reach Helm's user as well.
    let helm4 = arguments.iter().any(|argument| argument == HELM4_PLUGIN);
    match cli::parse(arguments).map_err(cli::without_pem) {
        Ok(cli) => {
            let is_filter = cli.command.is_none();
            let mut outcome = of_cli(cli, arguments.len() < 2, input, progress).unwrap_or_else(|outcome| outcome);
            outcome.stdout.may_be_cut = !is_filter;
            if helm4 { outcome.in_band() } else { outcome }
        }
        // Help is no manifest either.
        Err(error) if helm4 => Outcome::failed(Status::Usage, error.render().ansi().to_string()).in_band(),
        Err(error) => usage(&error),
    }
}

/// A failure is an outcome as well. The program was called `alone` if nothing is asked for.
fn of_cli(
    cli: Cli,
    alone: bool,
    input: impl Read + IsTerminal,
    progress: &mut dyn Progress,
) -> Result<Outcome, Outcome> {
    let example = cli.command.as_ref().map_or_else(|| Some(cli::EXAMPLE.to_owned()), Command::example);
    if let Some(example) = example
        && input.is_terminal()
    {
        let text = match alone {
            true => cli::help::of_main_job(),
            false => {
                let file = if cli.command.is_some() { "name a file" } else { "redirect a file with `<`" };
                format!("error: no input: pipe manifests in, or {file}\n  {example}\n")
            }
        };
        return Err(Outcome::failed(Status::Usage, text));
    }
    match cli.command {
        None => filter::run(cli.filter, input),
        // What a command prints is no manifest.
        Some(_) if cli.filter.helm4_plugin => {
            Err(Outcome::failed(Status::Usage, "error: a post-renderer accepts only flags, no commands\n".to_owned()))
        }
        Some(Command::Diff { file, asked, output, color, exit_code, context }) => {
            diff::run(*asked, output, color, exit_code, context, file.as_slice(), input)
        }
        Some(Command::Cert { hosts, out, days, key, force }) => cert::run(hosts, &out, days, key, force),
        Some(Command::Notes { file, asked, output }) => notes::run(*asked, output, file.as_slice(), input),
        Some(Command::Status { files, release, wait_hint, dns, output }) => {
            status::run(&Asked { release, dns }, wait_hint, output, &Manifests::read(&files, input)?)
        }
        Some(Command::Wait(asked)) => wait::run(asked, progress),
        Some(Command::Check { files, strict, release, ignore, output, color }) => {
            check::run(release.as_deref(), strict, &ignore, output, color, &Manifests::read(&files, input)?)
        }
        Some(Command::Explain { rule }) => explain::run(rule.as_deref()),
        Some(Command::Completions { shell }) => Ok(Outcome::done(completion::script(shell))),
        Some(Command::Man) => cli::manual().map(Outcome::done).map_err(|error| failure(&error.into())),
        Some(Command::Schema { of }) => Ok(Outcome::done(schema(of).as_bytes().to_vec())),
        Some(Command::HelmPlugin { action }) => Ok(install::helm(action)),
        Some(Command::KustomizePlugin { action }) => Ok(install::kustomize(action)),
    }
}

fn schema(of: SchemaOf) -> &'static str {
    match of {
        SchemaOf::Config => config::SCHEMA,
        SchemaOf::Status => stand::SCHEMA,
        SchemaOf::Notes => steps::SCHEMA,
    }
}
