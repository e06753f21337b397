//! One run, from the arguments to an [`Outcome`]. What arrives decides what the program
//! is: a `ResourceList` on stdin makes it a kustomize function, anything else a filter.

use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};

use crate::cli::{self, Cli, Command, HELM4_PLUGIN};
use crate::filter::{INPUT_LIMIT, Output, filter};
use crate::list::Lists;
use crate::options::Options;
use crate::outcome::{Outcome, Status, own_name_first};
use crate::refusal::Refusal;
use crate::stream::Stream;
use crate::{config, diagnostic, function, install};

/// Coloured always: `anstream` takes the colours out where they are not wanted.
const COLOURED: bool = true;

/// Runs with these arguments (the program's name first) and this input.
#[must_use]
pub fn run(arguments: Vec<OsString>, input: impl Read + IsTerminal) -> Outcome {
    // Looked for by hand, so that clap's own errors reach Helm's user as well.
    let helm4 = arguments.iter().any(|argument| argument == HELM4_PLUGIN);
    match Cli::try_parse_from(arguments) {
        Ok(cli) => {
            let outcome = cli.run(input);
            if helm4 { outcome.in_band() } else { outcome }
        }
        // Help is no manifest either.
        Err(error) if helm4 => Outcome::failed(Status::Usage, error.render().ansi().to_string()).in_band(),
        Err(error) => usage(&error),
    }
}

/// What clap has to say: an error, or the help that was asked for.
fn usage(error: &clap::Error) -> Outcome {
    let text = error.render();
    if error.use_stderr() {
        return Outcome::failed(Status::Usage, text.ansi().to_string());
    }
    // stdout is written as it is.
    match anstream::AutoStream::choice(&std::io::stdout()) {
        anstream::ColorChoice::Never => Outcome::done(text.to_string().into_bytes()),
        _ => Outcome::done(text.ansi().to_string().into_bytes()),
    }
}

impl Cli {
    fn run(self, input: impl Read + IsTerminal) -> Outcome {
        match self.command {
            Some(command) => command.run(),
            None if input.is_terminal() => {
                Outcome::failed(Status::Usage, Self::command().render_help().ansi().to_string())
            }
            None => self.rewrite(input),
        }
    }

    fn rewrite(self, input: impl Read) -> Outcome {
        let is_plugin = self.plugin_config.is_some();
        let mut options = self.options;
        for file in [self.config, self.plugin_config].into_iter().flatten() {
            match read_config(&file) {
                Ok(lower) => options = options.over(lower),
                Err(message) if is_plugin => return Outcome::failed(Status::Usage, own_name_first(&message)),
                Err(message) => return Outcome::failed(Status::Usage, message),
            }
        }
        let input = match read(input) {
            Ok(input) => input,
            Err(error) => return failure(&error),
        };
        if function::is_resource_list(&input) {
            return function::run(&input, options);
        }
        let settings = match options.settings() {
            Ok(settings) => settings,
            Err(error) => return usage(&cli::usage(&error)),
        };
        match filter(&input, &settings) {
            Ok(Output { stream, warnings }) => {
                Outcome { stdout: stream, stderr: warned(&warnings), status: Status::Done }
            }
            Err(refusal) => {
                let message = refused(&refusal, &input);
                // kustomize shows it without a word about whose it is.
                let message = if is_plugin { own_name_first(&message) } else { message };
                Outcome::failed(Status::Refused, message)
            }
        }
    }
}

impl Command {
    fn run(self) -> Outcome {
        match self {
            Self::Completions { shell } => Outcome::done(cli::completions(shell)),
            Self::Man => match cli::manual() {
                Ok(page) => Outcome::done(page),
                Err(error) => failure(&error.into()),
            },
            Self::Schema => Outcome::done(config::SCHEMA.as_bytes().to_vec()),
            Self::HelmPlugin { action } => installed(install::helm(action, &install::Environment::of_process())),
            Self::KustomizePlugin { action } => {
                installed(install::kustomize(action, &install::Environment::of_process()))
            }
        }
    }
}

fn installed(result: Result<install::Report, install::InstallError>) -> Outcome {
    match result {
        Ok(install::Report { message, warnings }) => {
            Outcome { stdout: format!("{message}\n").into_bytes(), stderr: warned(&warnings), status: Status::Done }
        }
        Err(error) => Outcome::failed(Status::Refused, format!("error: {error}\n")),
    }
}

fn warned(warnings: &[String]) -> String {
    warnings.iter().map(|warning| diagnostic::warning(warning, COLOURED) + "\n").collect()
}

fn read(input: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(256 << 10);
    // One byte more than allowed, so that the filter can tell.
    let limit = u64::try_from(INPUT_LIMIT)? + 1;
    input.take(limit).read_to_end(&mut bytes).context("cannot read stdin")?;
    Ok(bytes)
}

fn read_config(file: &Path) -> Result<Options, String> {
    let cannot_read = |error| {
        let error = anyhow::Error::new(error).context(format!("cannot read the configuration {}", file.display()));
        format!("error: {error:#}\n")
    };
    let text = std::fs::read(file).map_err(cannot_read)?;
    let stream = Stream::split(&text);
    let name = file.display().to_string();
    config::read(&stream).map_err(|refusal| diagnostic::refusal(&refusal, &stream, &name, COLOURED) + "\n")
}

/// A refusal of the input.
pub(crate) fn refused(refusal: &Refusal, input: &[u8]) -> String {
    let split = Stream::split(input);
    let lists = Lists::find(&split);
    diagnostic::refusal(refusal, &split.open(&lists), "<stdin>", COLOURED) + "\n"
}

fn failure(error: &anyhow::Error) -> Outcome {
    Outcome::failed(Status::Refused, format!("error: {error:#}\n"))
}
