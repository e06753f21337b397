//! One run, from the arguments to an [`Outcome`]. What arrives decides what the program
//! is: a `ResourceList` on stdin makes it a kustomize function, anything else a filter.

use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::CommandFactory as _;

use crate::certificate::{Files, Generated, Request, generate};
use crate::check::{self, report, rules};
use crate::cli::{self, Asked, CheckOutput, Cli, Colour, Command, DiffOutput, HELM4_PLUGIN, NAME};
use crate::diagnostic::{Diagnostic, Severity};
use crate::filter::{self, Output};
use crate::input::Input;
use crate::list::Lists;
use crate::options::Options;
use crate::outcome::{Outcome, Status, Stdout, own_name_first};
use crate::refusal::{Reason, Refusal};
use crate::settings::{Hosts, Settings};
use crate::status::Verdict;
use crate::stream::{INPUT_LIMIT, Stream};
use crate::{config, diagnostic, diff, function, install, notes, status};

/// Coloured always: `anstream` takes the colours out where they are not wanted.
const COLOURED: bool = true;

/// Runs with these arguments (the program's name first) and this input.
#[must_use]
pub fn run(arguments: &[OsString], input: impl Read + IsTerminal) -> Outcome {
    // Looked for by hand, so that clap's own errors reach Helm's user as well.
    let helm4 = arguments.iter().any(|argument| argument == HELM4_PLUGIN);
    match cli::parse(arguments).map_err(cli::without_pem) {
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
    Outcome::done(for_stdout(text.ansi().to_string(), Colour::Auto))
}

/// stdout is written as it is: the colours of a text for people stay only where they are wanted.
fn for_stdout(text: String, colour: Colour) -> Vec<u8> {
    let plain = match colour {
        Colour::Always => false,
        Colour::Never => true,
        Colour::Auto => anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never,
    };
    if plain { anstream::adapter::strip_str(&text).to_string().into_bytes() } else { text.into_bytes() }
}

impl Cli {
    fn run(self, input: impl Read + IsTerminal) -> Outcome {
        let reads = self.command.as_ref().is_none_or(Command::reads_stdin);
        if reads && input.is_terminal() {
            return Outcome::failed(Status::Usage, Self::command().render_help().ansi().to_string());
        }
        let outcome = match self.command {
            // What a command prints is no manifest.
            Some(_) if self.filter.helm4_plugin => {
                Err(Outcome::failed(Status::Usage, "error: a post-renderer takes flags only, no commands\n".to_owned()))
            }
            Some(command) => command.run(input),
            None => rewrite(self.filter, input),
        };
        outcome.unwrap_or_else(|outcome| outcome)
    }
}

/// The main job. A failure is an outcome as well.
fn rewrite(filter: cli::Filter, input: impl Read) -> Result<Outcome, Outcome> {
    let cli::Filter { asked, plugin_config, .. } = filter;
    let is_plugin = plugin_config.is_some();
    let mut options = asked.options()?;
    if let Some(file) = plugin_config {
        let named = |message: String| Outcome::failed(Status::Usage, own_name_first(&message));
        options = options.over(read_config(&file).map_err(named)?);
    }
    let input = read(input)?;
    if function::is_resource_list(&input) {
        return Ok(function::run(&input, options));
    }
    match filter::filter(&input, &settings(options)?) {
        Ok(Output { stream, warnings }) => {
            Ok(Outcome { stdout: Stdout::of(input, stream), stderr: warned(&warnings), status: Status::Done })
        }
        Err(refusal) => {
            let message = refused(&refusal, &input);
            // kustomize shows it without a word about whose it is.
            Err(Outcome::failed(Status::Refused, if is_plugin { own_name_first(&message) } else { message }))
        }
    }
}

impl Asked {
    /// Flags and environment over the file.
    fn options(self) -> Result<Options, Outcome> {
        let Some(file) = self.config else { return Ok(self.options) };
        let lower = read_config(&file).map_err(|message| Outcome::failed(Status::Usage, message))?;
        Ok(self.options.over(lower))
    }
}

fn settings(options: Options) -> Result<Settings, Outcome> {
    options.settings().map_err(|error| usage(&cli::usage(&error)))
}

fn diff(
    asked: Asked,
    output: DiffOutput,
    colour: Colour,
    exit_code: bool,
    input: impl Read,
) -> Result<Outcome, Outcome> {
    let settings = settings(asked.options()?)?;
    let input = read(input)?;
    let found = match output {
        DiffOutput::Text => diff::unified(&input, &settings),
        DiffOutput::Patch => diff::patches(&input, &settings),
    };
    let found = found.map_err(|refusal| Outcome::failed(Status::Refused, refused(&refusal, &input)))?;
    let status = if found.changed && exit_code { Status::Pending } else { Status::Done };
    Ok(Outcome { stdout: for_stdout(found.text, colour).into(), stderr: warned(&found.warnings), status })
}

fn notes(asked: Asked, input: impl Read) -> Result<Outcome, Outcome> {
    let options = asked.options()?;
    let flags = options.flags();
    let settings = settings(options)?;
    let input = read(input)?;
    let notes = notes::notes(&input, &settings, &flags);
    let notes = notes.map_err(|refusal| Outcome::failed(Status::Refused, refused(&refusal, &input)))?;
    Ok(Outcome { stdout: notes.text.into_bytes().into(), stderr: warned(&notes.warnings), status: Status::Done })
}

fn status(asked: &status::Asked, input: impl Read) -> Result<Outcome, Outcome> {
    let input = read(input)?;
    let report = status::report(&input, asked).map_err(|problem| {
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            rule: None,
            title: problem.to_string().into(),
            place: problem.place(),
            why: problem.why(),
            help: problem.help(),
        };
        let message = diagnostic::render(&diagnostic, &Stream::split(&input), "<stdin>", COLOURED) + "\n";
        Outcome::failed(Status::Refused, message)
    })?;
    let status = match report.verdict {
        Verdict::Ready => Status::Done,
        Verdict::Waiting => Status::Pending,
        Verdict::Broken => Status::Refused,
    };
    Ok(Outcome { stdout: report.text.into_bytes().into(), stderr: String::new(), status })
}

fn check(
    release: Option<&str>,
    strict: bool,
    output: CheckOutput,
    colour: Colour,
    input: impl Read,
) -> Result<Outcome, Outcome> {
    let input = read(input)?;
    let split = Stream::split(&input);
    let lists = Lists::find(&split);
    let stream = split.open(&lists);
    let mut findings = match check::check(&stream, release) {
        Ok(findings) => findings,
        Err(refusal) => return Err(Outcome::failed(Status::Refused, refused(&refusal, &input))),
    };
    report::sort(&mut findings, &stream);
    let count = report::Count::of(&findings);
    let stdout = match output {
        CheckOutput::Text => for_stdout(report::text(&findings, &stream), colour),
        CheckOutput::Json => report::json(&findings, &stream).into_bytes(),
        CheckOutput::Sarif => report::sarif(&findings, &stream).into_bytes(),
    };
    let is_bad = count.errors > 0 || strict && count.warnings > 0;
    Ok(Outcome {
        stdout: stdout.into(),
        stderr: String::new(),
        status: if is_bad { Status::Refused } else { Status::Done },
    })
}

fn explain(rule: Option<&str>) -> Result<Outcome, Outcome> {
    let Some(id) = rule else { return Ok(Outcome::done(report::list().into_bytes())) };
    let Some(rule) = rules::find(id) else {
        let help = rules::nearest(id).map_or_else(
            || format!("`{} explain` lists all rules", cli::NAME),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Outcome::failed(Status::Usage, format!("error: no such rule: {id}\n  help: {help}\n")));
    };
    Ok(Outcome::done(report::explain(rule).into_bytes()))
}

impl Command {
    fn reads_stdin(&self) -> bool {
        matches!(self, Self::Diff { .. } | Self::Check { .. } | Self::Notes { .. } | Self::Status { .. })
    }

    fn run(self, input: impl Read) -> Result<Outcome, Outcome> {
        Ok(match self {
            Self::Diff { asked, output, color, exit_code } => diff(*asked, output, color, exit_code, input)?,
            Self::Cert { hosts, out, days, key, force } => match Hosts::new(hosts) {
                Ok(hosts) => {
                    let made = make_certificate(&Request { hosts, days, key, now: SystemTime::now() }, &out, force);
                    made.map_or_else(|error| failure(&error), |said| Outcome::done(said.into_bytes()))
                }
                Err(error) => usage(&cli::wrong_hosts(&error)),
            },
            Self::Notes { asked } => notes(*asked, input)?,
            Self::Status { release, wait_hint, dns } => status(&status::Asked { release, wait_hint, dns }, input)?,
            Self::Check { strict, release, output, color } => check(release.as_deref(), strict, output, color, input)?,
            Self::Explain { rule } => explain(rule.as_deref())?,
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
        })
    }
}

/// Writes a certificate and its key, and says what comes next.
fn make_certificate(request: &Request, folder: &Path, overwrite: bool) -> anyhow::Result<String> {
    // First: a key takes its time.
    let files = Files::new(folder, overwrite)?;
    let Generated { pair, not_after } = generate(request)?;
    files.write(&pair)?;
    let (certificate, key) = (files.certificate().display(), files.key().display());
    let hosts: Vec<_> = request.hosts.iter().collect();
    let mut next = format!("{NAME} --host {}", shell_word(&hosts.join(",")));
    for (flag, file) in [("--tls-cert", files.certificate()), ("--tls-key", files.key())] {
        next += &format!(" {flag} {}", shell_word(&file.to_string_lossy()));
    }
    Ok(format!(
        "{certificate}  certificate for {}, until {not_after}; clients have to trust it\n\
        {key}  its private key; keep it secret\n\
        \n\
        Next: {next}\n",
        hosts.join(", ")
    ))
}

/// An argument as a POSIX shell reads it.
fn shell_word(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./,:@%+=".contains(&byte)) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn installed(result: Result<install::Report, install::InstallError>) -> Outcome {
    match result {
        Ok(install::Report { message, warnings }) => Outcome {
            stdout: format!("{message}\n").into_bytes().into(),
            stderr: warned(&warnings),
            status: Status::Done,
        },
        Err(error) => Outcome::failed(Status::Refused, format!("error: {error}\n")),
    }
}

fn warned(warnings: &[String]) -> String {
    warnings.iter().map(|warning| diagnostic::warning(warning, COLOURED) + "\n").collect()
}

fn read(input: impl Read) -> Result<Input, Outcome> {
    let input = Input::read(input, INPUT_LIMIT).context("cannot read stdin").map_err(|error| failure(&error))?;
    if input.len() > INPUT_LIMIT {
        return Err(Outcome::failed(Status::Refused, refused(&Refusal::new(Reason::TooLarge), &[])));
    }
    Ok(input)
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
