//! What commands share: reading what is asked for and stdin, and saying why not.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use crate::cli::{self, Asked, Colour, Given, STDIN};
use crate::config;
use crate::input::Input;
use crate::options::Options;
use crate::report::diagnostic;
use crate::report::files::Files;
use crate::report::outcome::{Outcome, Status};
use crate::report::refusal::{Reason, Refusal};
use crate::settings::Settings;
use crate::stream::{BYTE_ORDER_MARK, INPUT_LIMIT, Stream};

/// Coloured always: `anstream` takes the colours out where they are not wanted.
pub(super) const COLOURED: bool = true;

/// What clap has to say: an error, or the help that was asked for.
pub(super) fn usage(error: &clap::Error) -> Outcome {
    let text = error.render();
    if error.use_stderr() {
        return Outcome::failed(Status::Usage, text.ansi().to_string());
    }
    let mut outcome = Outcome::done(for_stdout(text.ansi().to_string(), Colour::Auto));
    outcome.stdout.may_be_cut = true;
    outcome
}

/// stdout is written as it is: the colours of a text for people stay only where they are wanted.
pub(super) fn for_stdout(text: String, colour: Colour) -> Vec<u8> {
    let plain = match colour {
        Colour::Always => false,
        Colour::Never => true,
        Colour::Auto => anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never,
    };
    if plain { anstream::adapter::strip_str(&text).to_string().into_bytes() } else { text.into_bytes() }
}

/// Flags and environment over the file.
pub(super) fn options(asked: Asked) -> Result<Options, Outcome> {
    let Given(options) = asked.options;
    let Some(file) = asked.config else { return Ok(options) };
    let lower = read_config(&file).map_err(|message| Outcome::failed(Status::Usage, message))?;
    Ok(options.over(lower))
}

pub(super) fn settings(options: Options) -> Result<Settings, Outcome> {
    let noticed = cli::unknown_variables();
    match options.settings() {
        Ok(settings) => Ok(Settings { noticed, ..settings }),
        Err(error) => {
            let Outcome { stdout, stderr, status } = usage(&cli::usage(&error));
            Err(Outcome { stdout, stderr: stderr + &warned(&noticed), status })
        }
    }
}

pub(super) fn read_config(file: &Path) -> Result<Options, String> {
    let cannot_read = |error| {
        let error = anyhow::Error::new(error).context(format!("cannot read the configuration {}", file.display()));
        format!("error: {error:#}\n")
    };
    let text = std::fs::read(file).map_err(cannot_read)?;
    let stream = Stream::split(&text);
    let files = Files::called(&file.display().to_string());
    config::read(&stream).map_err(|refusal| diagnostic::refusal(&refusal, &stream, &files, COLOURED) + "\n")
}

/// All of stdin.
pub(super) fn read(input: impl Read) -> Result<Input, Outcome> {
    let input = Input::read(input, INPUT_LIMIT).context("cannot read stdin").map_err(|error| failure(&error))?;
    if input.len() > INPUT_LIMIT {
        return Err(refused_whole(&Reason::TooLarge.into()));
    }
    Ok(input)
}

/// What a command reads in place of stdin.
pub(super) struct Manifests {
    pub(super) input: Input,
    pub(super) files: Files,
}

impl Manifests {
    /// All of these files, one after the other; `-` is stdin, and so is no file.
    pub(super) fn read(files: &[PathBuf], mut stdin: impl Read) -> Result<Self, Outcome> {
        let [first, others @ ..] = files else { return Ok(Self { input: read(stdin)?, files: Files::stdin() }) };
        let name = |file: &PathBuf| (file.as_os_str() != STDIN).then(|| file.display().to_string());
        let mut input = read_file(first, &mut stdin, INPUT_LIMIT)?;
        let (mut line, mut start) = (1, 0);
        let mut named = vec![(name(first), line)];
        for file in others {
            let text = read_file(file, &mut stdin, INPUT_LIMIT.saturating_sub(input.len()))?;
            let end = input.append(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text));
            line += memchr::memchr_iter(b'\n', &input[start..end]).count();
            start = end;
            named.push((name(file), line));
        }
        let files = Files::given(named);
        if input.len() > INPUT_LIMIT { Err(refused_whole(&Reason::TooLarge.into())) } else { Ok(Self { input, files }) }
    }

    /// A refusal of what was read.
    pub(super) fn refused(&self, refusal: &Refusal, stream: &Stream<'_>) -> Outcome {
        refused(refusal, stream, &self.files)
    }
}

fn read_file(file: &Path, stdin: &mut impl Read, limit: usize) -> Result<Input, Outcome> {
    let cannot_read = |error| failure(&anyhow::Error::new(error).context(format!("cannot read {}", file.display())));
    if file.as_os_str() == STDIN {
        return Input::read(stdin, limit).context("cannot read stdin").map_err(|error| failure(&error));
    }
    if file.is_dir() {
        let name = file.display();
        let help = format!("name the files in it, as in {}/*.yaml", name.to_string().trim_end_matches('/'));
        let message = format!("error: cannot read {name}: it is a directory\n  = help: {help}\n");
        return Err(Outcome::failed(Status::Refused, message));
    }
    File::open(file).and_then(|text| Input::read(text, limit)).map_err(cannot_read)
}

/// A refusal of what was read from `files`.
pub(super) fn refused(refusal: &Refusal, stream: &Stream<'_>, files: &Files) -> Outcome {
    Outcome::failed(Status::Refused, diagnostic::refusal(refusal, stream, files, COLOURED) + "\n")
}

/// A refusal of the input as such, which was not even split.
pub(super) fn refused_whole(refusal: &Refusal) -> Outcome {
    refused(refusal, &Stream::split(&[]), &Files::stdin())
}

/// For programs.
pub(super) fn json(report: &impl Serialize) -> Result<Vec<u8>, Outcome> {
    let mut text = serde_json::to_vec_pretty(report).map_err(|error| failure(&error.into()))?;
    text.push(b'\n');
    Ok(text)
}

pub(super) fn failure(error: &anyhow::Error) -> Outcome {
    Outcome::failed(Status::Refused, format!("error: {error:#}\n"))
}

pub(super) fn warned(warnings: &[String]) -> String {
    warnings.iter().map(|warning| diagnostic::warning(warning, COLOURED) + "\n").collect()
}
