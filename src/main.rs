//! Puts a Milvus release behind a GKE Layer-7 load balancer: rendered chart on stdin,
//! rewritten chart on stdout.

#![forbid(unsafe_code)]

use std::io::{self, IoSlice, IsTerminal as _, Write as _};
use std::process::ExitCode;

use milvus_gke_l7::commands;
use milvus_gke_l7::report::outcome::{Outcome, Status, Stdout};
use milvus_gke_l7::report::progress::Progress;

/// musl's own takes most of a run: it asks the kernel again and again.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let mut live = Live::default();
    let Outcome { stdout, stderr, status } = commands::run(&arguments, io::stdin().lock(), &mut live);
    live.clear();
    say(&stderr);
    match write(&stdout) {
        Ok(()) => ExitCode::from(status as u8),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe && stdout.may_be_cut => ExitCode::from(status as u8),
        Err(error) => {
            say(&format!("error: cannot write stdout: {error}\n"));
            ExitCode::from(Status::Refused as u8)
        }
    }
}

/// All that goes to stdout goes through here, in one go.
fn write(output: &Stdout) -> io::Result<()> {
    let mut slices: Vec<_> = output.slices().map(IoSlice::new).collect();
    let mut rest = slices.as_mut_slice();
    if rest.is_empty() {
        return Ok(());
    }
    let mut stdout = unbuffered_stdout()?;
    while !rest.is_empty() {
        match stdout.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    stdout.flush()
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

/// All that goes to stderr goes through here. Where stderr is closed, nobody listens.
fn say(message: &str) {
    if !message.is_empty() {
        let _ = anstream::stderr().lock().write_all(message.as_bytes());
    }
}

/// The progress of a run, on stderr. On a terminal its last line is what is awaited at present.
#[derive(Default)]
struct Live {
    is_shown: bool,
}

impl Live {
    /// Takes the last line away.
    fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            draw("\r\x1b[K");
        }
    }
}

impl Progress for Live {
    fn say(&mut self, lines: &str) {
        self.clear();
        say(lines);
    }

    /// Asked of the system each time: most runs have no progress, and are not to pay for it.
    fn is_live(&self) -> bool {
        let is_dumb = || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        io::stderr().is_terminal() && !is_dumb()
    }

    fn now(&mut self, line: &str) {
        if self.is_live() {
            // No line break at the right edge: what does not fit is cut off.
            draw(&format!("\r\x1b[K\x1b[?7l{line}\x1b[?7h"));
            self.is_shown = true;
        }
    }
}

/// Not by `anstream`: without colours it is to move all the same.
fn draw(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
