//! What commands share: reading what is asked for and stdin, and saying why not.

use std::io::Read;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::cli::{self, Asked, Colour, Given};
use crate::config;
use crate::input::Input;
use crate::options::Options;
use crate::report::diagnostic;
use crate::report::outcome::{Outcome, Status};
use crate::report::refusal::{Reason, Refusal};
use crate::settings::Settings;
use crate::stream::{INPUT_LIMIT, Stream};

/// Coloured always: `anstream` takes the colours out where they are not wanted.
pub(super) const COLOURED: bool = true;

/// What the input is called where it has no name of its own.
pub(super) const STDIN: &str = "<stdin>";

/// What clap has to say: an error, or the help that was asked for.
pub(super) fn usage(error: &clap::Error) -> Outcome {
    let text = error.render();
    if error.use_stderr() {
        return Outcome::failed(Status::Usage, text.ansi().to_string());
    }
    Outcome::done(for_stdout(text.ansi().to_string(), Colour::Auto))
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
    let name = file.display().to_string();
    config::read(&stream).map_err(|refusal| diagnostic::refusal(&refusal, &stream, &name, COLOURED) + "\n")
}

/// All of stdin.
pub(super) fn read(input: impl Read) -> Result<Input, Outcome> {
    let input = Input::read(input, INPUT_LIMIT).context("cannot read stdin").map_err(|error| failure(&error))?;
    if input.len() > INPUT_LIMIT {
        return Err(refused_whole(&Reason::TooLarge.into()));
    }
    Ok(input)
}

/// A refusal of stdin.
pub(super) fn refused(refusal: &Refusal, stream: &Stream<'_>) -> Outcome {
    Outcome::failed(Status::Refused, diagnostic::refusal(refusal, stream, STDIN, COLOURED) + "\n")
}

/// A refusal of stdin as such, which was not even split.
pub(super) fn refused_whole(refusal: &Refusal) -> Outcome {
    refused(refusal, &Stream::split(&[]))
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
