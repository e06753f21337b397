//! Puts a Milvus release behind a GKE Layer-7 load balancer: rendered chart on stdin,
//! rewritten chart on stdout.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use milvus_gke_l7::cli::Cli;
use milvus_gke_l7::filter::{INPUT_LIMIT, Output, filter};
use milvus_gke_l7::{diagnostic, settings::Settings};

/// Refused, or failed to read or write: stdout is not to be used.
const REFUSED: u8 = 1;
/// Wrong usage, as clap has it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let settings = match Cli::try_parse().and_then(Cli::settings) {
        Ok(settings) => settings,
        Err(usage) => {
            let code = u8::try_from(usage.exit_code()).unwrap_or(USAGE);
            return if usage.print().is_ok() { ExitCode::from(code) } else { ExitCode::from(REFUSED) };
        }
    };
    if io::stdin().is_terminal() {
        say(&Cli::command().render_help().ansi().to_string());
        return ExitCode::from(USAGE);
    }
    match run(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&message);
            ExitCode::from(REFUSED)
        }
    }
}

/// Reads everything, rewrites it, and writes everything in one go; or says why not.
fn run(settings: &Settings) -> Result<(), String> {
    let input = read().map_err(|error| format!("error: {error:#}\n"))?;
    match filter(&input, settings) {
        Ok(Output { stream, warnings }) => {
            for message in warnings {
                say(&line(diagnostic::warning(&message, COLOURED)));
            }
            write(&stream).map_err(|error| format!("error: {error:#}\n"))
        }
        Err(refusal) => Err(line(diagnostic::refusal(&refusal, &input, COLOURED))),
    }
}

/// Coloured always: `anstream` takes the colours out where they are not wanted.
const COLOURED: bool = true;

fn read() -> anyhow::Result<Vec<u8>> {
    let mut input = Vec::with_capacity(256 << 10);
    // One byte more than allowed, so that the filter can tell.
    let limit = u64::try_from(INPUT_LIMIT)? + 1;
    io::stdin().lock().take(limit).read_to_end(&mut input).context("cannot read stdin")?;
    Ok(input)
}

fn write(output: &[u8]) -> anyhow::Result<()> {
    unbuffered_stdout()
        .and_then(|mut stdout| stdout.write_all(output).and_then(|()| stdout.flush()))
        .context("cannot write stdout")
}

/// Not `Stdout`: its line buffer would copy everything, and it takes a descriptor that
/// cannot be written to for one that nobody reads.
#[cfg(unix)]
fn unbuffered_stdout() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    io::stdout().as_fd().try_clone_to_owned().map(Into::into)
}

#[cfg(not(unix))]
fn unbuffered_stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

fn line(mut message: String) -> String {
    message.push('\n');
    message
}

/// All that goes to stderr goes through here. Where stderr is closed, nobody listens.
fn say(message: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(message.as_bytes());
}
