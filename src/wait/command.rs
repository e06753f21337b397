//! Runs a command that may fail or hang, and reads what it prints.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{fmt, thread};

use crate::input::Input;
use crate::status;
use crate::stream::INPUT_LIMIT;
use crate::text::{one_line, shell_word};

/// Between two calls of `tick`.
const TICK: Duration = Duration::from_secs(1);

/// How much is kept of stderr, in bytes and in lines.
const STDERR: (u64, usize) = (64 << 10, 5);

/// A command that prints what `status` reads.
#[derive(Debug)]
pub struct Source {
    program: OsString,
    arguments: Vec<OsString>,
    /// Arguments of a second call; what it prints comes behind the first one's, after a line `---`.
    then: Option<Vec<OsString>>,
    /// Where it looks, if it is kubectl.
    place: Option<String>,
}

/// The Gateways that kubectl is to look at.
#[derive(Debug, Clone, Copy)]
pub enum Gateways<'n> {
    /// None: the cluster need not know any.
    Ignored,
    /// Those of the release's namespace.
    Here,
    /// Also those of another one.
    In(&'n str),
}

/// Why it printed nothing of use.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum Failure {
    #[error("cannot run {program}: {error}")]
    NotThere { program: String, error: io::Error },
    #[error("{program} failed: {error}")]
    System { program: String, error: io::Error },
    #[error("{program} failed ({status}){}", said(stderr))]
    Status { program: String, status: ExitStatus, stderr: Vec<String> },
    #[error("{program} did not end within {}, and was killed", super::span::short(*bound))]
    Hung { program: String, bound: Duration },
}

fn said(stderr: &[String]) -> String {
    if stderr.is_empty() { ", and said nothing".to_owned() } else { format!(":\n{}", stderr.join("\n")) }
}

impl Source {
    /// kubectl, for all that `status` looks at; with the Milvus Operator also for its resources.
    #[must_use]
    pub fn kubectl(
        namespace: Option<&str>,
        context: Option<&str>,
        gateways: Gateways<'_>,
        with_operator: bool,
    ) -> Self {
        let of_gateways = match gateways {
            Gateways::Ignored => None,
            Gateways::Here | Gateways::In(_) => Some(status::GATEWAY_KINDS),
        };
        let of_operator = with_operator.then_some(status::OPERATOR_KINDS);
        let kinds: Vec<_> = [Some(status::KINDS), of_gateways, of_operator].into_iter().flatten().collect();
        let call = |kinds: &str, namespace: Option<&str>| -> Vec<OsString> {
            let mut arguments = vec!["get", kinds, "-o", "yaml"];
            for (flag, value) in [("--namespace", namespace), ("--context", context)] {
                arguments.extend(value.iter().flat_map(|value| [flag, value]));
            }
            arguments.into_iter().map(OsString::from).collect()
        };
        let then = match gateways {
            Gateways::In(other) => Some(call(status::SHARED_GATEWAY_KINDS, Some(other))),
            Gateways::Ignored | Gateways::Here => None,
        };
        let place = match namespace {
            Some(name) => format!("namespace {name}"),
            None => "kubectl's current namespace".to_owned(),
        };
        Self { program: "kubectl".into(), arguments: call(&kinds.join(","), namespace), then, place: Some(place) }
    }

    /// Another command, without a shell. `None` where there is none.
    #[must_use]
    pub fn other(command: Vec<OsString>) -> Option<Self> {
        let mut words = command.into_iter();
        let program = words.next()?;
        Some(Self { program, arguments: words.collect(), then: None, place: None })
    }

    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.program)
    }

    /// What to say where it prints nothing of Milvus.
    #[must_use]
    pub fn found_nothing(&self) -> String {
        match &self.place {
            Some(place) => {
                format!("nothing of Milvus found in {place} yet; `helm list --all-namespaces` shows where releases are")
            }
            None => format!("nothing of Milvus found yet in what {} prints", self.name()),
        }
    }

    /// All that it prints, if it ends well within `bound`. `tick` is called from time to time.
    ///
    /// # Errors
    ///
    /// A [`Failure`]; what was started is killed.
    pub fn read(&self, bound: Duration, tick: &mut dyn FnMut()) -> Result<Input, Failure> {
        let end = Instant::now() + bound;
        let mut printed = self.call(&self.arguments, bound, end, tick)?;
        if let Some(then) = &self.then {
            printed.append(&self.call(then, bound, end, tick)?);
        }
        Ok(printed)
    }

    fn call(
        &self,
        arguments: &[OsString],
        bound: Duration,
        end: Instant,
        tick: &mut dyn FnMut(),
    ) -> Result<Input, Failure> {
        let program = || self.name();
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                Failure::NotThere { program: program(), error }
            }
            _ => Failure::System { program: program(), error },
        })?;
        let printed = gather(&mut child, end, tick);
        if !matches!(printed, Ok(Some(Printed { status: Some(_), .. }))) {
            // It may have ended meanwhile.
            let _ = child.kill();
            let _ = child.wait();
        }
        match printed.map_err(|error| Failure::System { program: program(), error })? {
            None => Err(Failure::Hung { program: program(), bound }),
            Some(Printed { status: Some(status), stderr, .. }) if !status.success() => {
                Err(Failure::Status { program: program(), status, stderr: last_lines(&stderr) })
            }
            Some(Printed { stdout, .. }) => Ok(stdout),
        }
    }
}

impl fmt::Display for Source {
    /// As a shell takes it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |arguments: &[OsString]| {
            let words = [&self.program].into_iter().chain(arguments).map(|word| name(word));
            words.collect::<Vec<_>>().join(" ")
        };
        formatter.write_str(&words(&self.arguments))?;
        self.then.iter().try_for_each(|then| write!(formatter, "; echo ---; {}", words(then)))
    }
}

fn name(word: &OsStr) -> String {
    one_line(&shell_word(&word.to_string_lossy()))
}

/// What a command has printed, and how it ended; of too much the end is not awaited.
struct Printed {
    stdout: Input,
    stderr: Vec<u8>,
    status: Option<ExitStatus>,
}

/// `None` where it is not all there at the `end`.
fn gather(child: &mut Child, end: Instant, tick: &mut dyn FnMut()) -> io::Result<Option<Printed>> {
    // Threads of their own, which nobody joins: a pipe stays open as long as any process of the command's has it.
    let stdout = in_background(child.stdout.take(), |pipe| Input::read(pipe, INPUT_LIMIT))?;
    let stderr = in_background(child.stderr.take(), |mut pipe| {
        let mut text = Vec::new();
        pipe.by_ref().take(STDERR.0).read_to_end(&mut text)?;
        io::copy(&mut pipe, &mut io::sink())?;
        Ok(text)
    })?;
    let Some(stdout) = until(end, tick, |most| stdout.recv_timeout(most).ok()) else { return Ok(None) };
    let stdout = stdout?;
    if stdout.len() > INPUT_LIMIT {
        return Ok(Some(Printed { stdout, stderr: Vec::new(), status: None }));
    }
    let Some(stderr) = until(end, tick, |most| stderr.recv_timeout(most).ok()) else { return Ok(None) };
    let status = until(end, tick, |most| {
        let status = child.try_wait().transpose();
        if status.is_none() {
            thread::sleep(most.min(Duration::from_millis(5)));
        }
        status
    });
    let Some(status) = status.transpose()? else { return Ok(None) };
    Ok(Some(Printed { stdout, stderr: stderr?, status: Some(status) }))
}

fn in_background<P: Send + 'static, T: Send + 'static>(
    pipe: Option<P>,
    read: impl FnOnce(P) -> io::Result<T> + Send + 'static,
) -> io::Result<Receiver<io::Result<T>>> {
    let pipe = pipe.ok_or(io::ErrorKind::BrokenPipe)?;
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || sender.send(read(pipe)))?;
    Ok(receiver)
}

/// Tries until the `end`, and calls `tick` between. An attempt takes at most as long as it is told.
fn until<T>(end: Instant, tick: &mut dyn FnMut(), mut attempt: impl FnMut(Duration) -> Option<T>) -> Option<T> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let got = attempt(left.min(TICK));
        if got.is_some() || left.is_zero() {
            return got;
        }
        tick();
    }
}

/// Sleeps, and calls `tick` from time to time.
pub fn sleep(duration: Duration, tick: &mut dyn FnMut()) {
    until(Instant::now() + duration, tick, |most| {
        thread::sleep(most);
        None::<()>
    });
}

/// The last lines, without those of kubectl's log (`E0730 12:00:00.000000 …`), which tell the same with the time.
fn last_lines(stderr: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(stderr);
    let is_log = |line: &str| {
        let digits = line.strip_prefix(['E', 'W', 'I']).unwrap_or_default();
        digits.len() > 4 && digits.bytes().take(4).all(|byte| byte.is_ascii_digit())
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !is_log(line));
    let mut last: Vec<_> = lines.rev().take(STDERR.1).map(one_line).collect();
    last.reverse();
    last
}
