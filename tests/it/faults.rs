//! What a run does when its files, pipes, disk and signals fail it: never status 0 with a part of the output,
//! nothing on stdout with a refusal, and a message that says what failed. On Linux, which has the means.

#![cfg(target_os = "linux")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::LazyLock;
use std::{env, thread};

use tempfile::TempDir;

use crate::common;

const HOST: [&str; 3] = ["--host", "milvus.example.com", "--quiet"];
/// The same, with its warnings.
const ALOUD: [&str; 2] = ["--host", "milvus.example.com"];

/// More than a pipe holds, so that a writer waits for its reader.
static LARGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let filler: String = (0..8000).map(|line| format!("  line-{line}: what nobody looks at\n")).collect();
    let head = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: filler\ndata:\n";
    [sample(), head.into(), filler.into()].concat()
});

/// What becomes of [`LARGE`] where nothing fails.
static LARGE_REWRITTEN: LazyLock<Vec<u8>> = LazyLock::new(|| rewritten(&LARGE));

fn sample() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml")).unwrap()
}

fn rewritten(input: &[u8]) -> Vec<u8> {
    let run = common::run(&HOST.map(str::to_owned), &[], input);
    assert_eq!(run.status, Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(!run.stdout.is_empty());
    run.stdout
}

fn program(args: &[&str]) -> Command {
    let mut command = common::without_environment(common::ours());
    command.args(args).stderr(Stdio::piped());
    command
}

/// The program as a line of sh starts it: `"$0" "$@"` there is the program with its arguments.
fn by_shell(line: &str, args: &[&str]) -> Command {
    let mut command = common::without_environment("/bin/sh");
    command.args(["-c", line]).arg(common::ours()).args(args).stderr(Stdio::piped());
    command
}

/// A file with these bytes, at its beginning.
fn file_with(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    file
}

/// C libraries have words of their own for some errors: `…` stands for them.
#[track_caller]
fn failed(status: ExitStatus, stderr: &[u8], said: &str) {
    let stderr = String::from_utf8_lossy(stderr);
    assert_eq!(status.code(), Some(1), "{stderr}");
    let is_said = said.split('…').all(|part| stderr.contains(part));
    assert!(stderr.starts_with("error: ") && is_said, "`{said}` is not in: {stderr}");
}

#[track_caller]
fn refused(output: &Output, said: &str) {
    failed(output.status, &output.stderr, said);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

/// Status 0 is a promise; anything else must say why, unless a signal ended it.
#[track_caller]
fn complete_or_failed(status: ExitStatus, stdout: &[u8], stderr: &[u8], complete: &[u8]) {
    if status.success() {
        assert!(stdout == complete, "status 0 with {} of {} bytes", stdout.len(), complete.len());
    } else if status.signal().is_none() {
        failed(status, stderr, "cannot write stdout");
    }
}

fn signal(child: &Child, name: &str) {
    let done = Command::new("/bin/sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &child.id().to_string()]).status();
    assert!(done.unwrap().success(), "kill -s {name}");
}

/// Until it sleeps in the kernel, waiting for one of its pipes.
fn wait_until_it_waits(child: &Child) {
    loop {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let (_, state) = stat.rsplit_once(") ").unwrap();
        match &state[..1] {
            "S" => return,
            "R" | "D" => thread::yield_now(),
            _ => panic!("it does not wait: {stat}"),
        }
    }
}

/// Stopped, continued, and told of a window that it does not have.
fn interrupt(child: &Child) {
    wait_until_it_waits(child);
    for name in ["WINCH", "STOP", "CONT", "WINCH"] {
        signal(child, name);
    }
}

// stdin

/// Whoever renders may die at any byte. A pipe that ends early cannot be told from a stream that
/// is that short: it gets what that stream gets. The release is found only where it is complete.
#[test]
fn a_stream_that_is_cut() {
    let sample = sample();
    let needed = "      volumes:\n      - name: milvus-config\n        configMap:\n          name: my-release-milvus";
    let found = String::from_utf8(sample.clone()).unwrap().find(needed).unwrap() + needed.len();
    // At the end of each line, before and behind its break, and inside of it.
    let ends = sample.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    let mut cuts: Vec<_> = ends.flat_map(|end| [end - end.min(7), end, end + 1]).collect();
    cuts.extend([1, found - 1, found]);
    let (mut accepted, mut turned_down) = (0, 0);
    for cut in cuts {
        let input = &sample[..cut];
        let piped = common::run(&HOST.map(str::to_owned), &[], input);
        let whole = program(&HOST).stdin(file_with(input)).output().unwrap();
        assert_eq!((piped.status, &piped.stdout), (whole.status.code(), &whole.stdout), "cut at {cut}");
        assert_eq!(whole.status.success(), cut >= found, "cut at {cut}");
        if whole.status.success() {
            accepted += 1;
            assert!(whole.stdout.starts_with(b"# ") || whole.stdout.starts_with(b"---"), "cut at {cut}");
            assert_eq!(documents_of_ours(&whole.stdout), 3, "cut at {cut}");
        } else {
            turned_down += 1;
            refused(&whole, "");
        }
    }
    assert!(accepted > 30 && turned_down > 300, "{accepted} accepted, {turned_down} refused");
}

fn documents_of_ours(stream: &[u8]) -> usize {
    let ours = ["kind: BackendConfig", "kind: ManagedCertificate", "kind: Ingress"];
    common::lines(stream).iter().filter(|line| ours.iter().any(|kind| line.trim_ascii_end() == kind.as_bytes())).count()
}

/// Each read gets one byte: a datagram is never joined with the next.
#[test]
fn one_byte_at_a_time() {
    let (theirs, ours) = UnixDatagram::pair().unwrap();
    let child = program(&HOST).stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).spawn().unwrap();
    let sample = sample();
    for byte in sample.chunks(1) {
        assert_eq!(ours.send(byte).unwrap(), 1);
    }
    // An empty one is the end.
    ours.send(&[]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, rewritten(&sample));
}

#[test]
fn a_stdin_that_cannot_be_read() {
    let read = |stdin: Stdio| program(&HOST).stdin(stdin).output().unwrap();
    refused(&read(File::open("/").unwrap().into()), "cannot read stdin: Is a directory");
    // The kernel's own EIO: nothing is mapped at address 0.
    refused(&read(File::open("/proc/self/mem").unwrap().into()), "cannot read stdin: … (os error 5)");
    let (theirs, _ours) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    refused(&read(OwnedFd::from(theirs).into()), "cannot read stdin: Resource temporarily unavailable");
    // Rust takes a descriptor that is not open for reading for one at its end.
    refused(&read(OpenOptions::new().write(true).open("/dev/null").unwrap().into()), "the input is empty");
    refused(&by_shell("exec \"$0\" \"$@\" <&-", &HOST).output().unwrap(), "the input is empty");
}

#[test]
fn interrupted_while_it_reads() {
    let sample = sample();
    let mut child = program(&HOST).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for part in sample.chunks(sample.len() / 3) {
        interrupt(&child);
        stdin.write_all(part).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, rewritten(&sample));
}

#[test]
fn ended_while_it_reads() {
    // Not INT nor HUP: what starts the tests may have had them ignored, which children inherit.
    for name in ["TERM", "KILL"] {
        let mut child = program(&HOST).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&sample()).unwrap();
        wait_until_it_waits(&child);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.signal().is_some(), "{name}");
        assert_eq!((output.stdout.len(), output.stderr.len()), (0, 0), "{name}");
    }
}

// stdout

/// Helm starts its children with SIGPIPE as it is by default; a shell or Python may have it ignored.
#[test]
fn nobody_reads() {
    for line in ["exec \"$0\" \"$@\"", "trap '' PIPE; exec \"$0\" \"$@\""] {
        for input in [&sample(), &*LARGE] {
            let (reader, writer) = io::pipe().unwrap();
            drop(reader);
            let output = by_shell(line, &HOST).stdin(file_with(input)).stdout(writer).output().unwrap();
            failed(output.status, &output.stderr, "cannot write stdout: Broken pipe");
        }
    }
}

#[test]
fn the_reader_leaves() {
    for line in ["exec \"$0\" \"$@\"", "trap '' PIPE; exec \"$0\" \"$@\""] {
        let (mut reader, writer) = io::pipe().unwrap();
        let child = by_shell(line, &HOST).stdin(file_with(&LARGE)).stdout(writer).spawn().unwrap();
        let mut start = [0; 10];
        reader.read_exact(&mut start).unwrap();
        assert!(LARGE_REWRITTEN.starts_with(&start));
        drop(reader);
        let output = child.wait_with_output().unwrap();
        failed(output.status, &output.stderr, "cannot write stdout: Broken pipe");
    }
}

/// What a command prints is for people: they may read as much of it as they want, as with `| head`. What it found
/// still decides how it ends.
#[test]
fn head_of_a_command() {
    let broken = format!("{}/testdata/check/tls-mode-off/broken.yaml", env!("CARGO_MANIFEST_DIR"));
    let printed = ["explain", "completions bash", "man", "schema", "--help", "check --help"];
    let read = [("diff --host a.example.com", 0), ("notes --host a.example.com", 0), ("check", 1)];
    let lines = printed.map(|line| (line.to_owned(), sample(), 0)).into_iter();
    let lines = lines.chain(read.map(|(line, status)| (line.to_owned(), LARGE.clone(), status)));
    let lines = lines.chain([(format!("check {broken}"), Vec::new(), 1), (format!("status {broken}"), Vec::new(), 1)]);
    for (line, input, status) in lines {
        let args: Vec<_> = line.split(' ').collect();
        for shell in ["exec \"$0\" \"$@\"", "trap '' PIPE; exec \"$0\" \"$@\""] {
            let (reader, writer) = io::pipe().unwrap();
            drop(reader);
            let output = by_shell(shell, &args).stdin(file_with(&input)).stdout(writer).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(!stderr.contains("cannot write stdout"), "{line}: {stderr}");
            assert_eq!(output.status.code(), Some(status), "{line}: {stderr}");
        }
    }
    let line = "\"$0\" explain | head -n 1; \"$0\" diff --host a.example.com --quiet | head -n 1 >&2";
    let output = by_shell(line, &[]).stdin(file_with(&LARGE)).env("PATH", "/usr/bin:/bin").output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!([stdout, stderr].map(|text| text.lines().count()), [1, 1]);
}

#[test]
fn the_reader_is_slow() {
    let (mut reader, writer) = io::pipe().unwrap();
    let mut child = program(&HOST).stdin(file_with(&LARGE)).stdout(writer).spawn().unwrap();
    let mut output = Vec::new();
    let mut byte = [0];
    while reader.read(&mut byte).unwrap() == 1 {
        if output.len() == 1000 {
            interrupt(&child);
        }
        output.push(byte[0]);
    }
    assert!(child.wait().unwrap().success());
    assert!(output == *LARGE_REWRITTEN, "{} of {} bytes", output.len(), LARGE_REWRITTEN.len());
}

/// What Node.js and some shells leave behind on a descriptor they share.
#[test]
fn a_stdout_that_does_not_wait() {
    let (mut reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let child = program(&HOST).stdin(file_with(&LARGE)).stdout(OwnedFd::from(writer)).spawn().unwrap();
    wait_until_it_ends_or_waits(&child);
    let mut output = Vec::new();
    reader.read_to_end(&mut output).unwrap();
    let ended = child.wait_with_output().unwrap();
    complete_or_failed(ended.status, &output, &ended.stderr, &LARGE_REWRITTEN);
}

/// So that the reader is late in any case.
fn wait_until_it_ends_or_waits(child: &Child) {
    while fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap().contains(") R ") {
        thread::yield_now();
    }
}

#[test]
fn the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let filtered = ["--output=text", "--output=patch"].map(|output| ["diff", HOST[0], HOST[1], HOST[2], output]);
    let mut commands: Vec<Vec<&str>> = filtered.iter().map(|diff| diff.to_vec()).collect();
    commands.extend([
        HOST.to_vec(),
        ["--helm4-plugin"].into_iter().chain(HOST).collect(),
        ["notes"].into_iter().chain(HOST).collect(),
        vec!["check"],
        vec!["check", "--output=json"],
        vec!["check", "--output=sarif"],
        vec!["status"],
        vec!["explain"],
        vec!["schema"],
        vec!["man"],
        vec!["completions", "bash"],
        vec!["--help"],
        vec!["--version"],
        vec!["cert", "--host=milvus.example.com", "--key=p256", "--out", out],
        vec!["helm-plugin", "path"],
        vec!["kustomize-plugin", "path"],
    ]);
    for args in commands {
        let run = |stdout: Stdio| {
            let input = file_with(&sample());
            program(&args).env("HOME", folder.path()).stdin(input).stdout(stdout).output().unwrap()
        };
        let full = run(OpenOptions::new().write(true).open("/dev/full").unwrap().into());
        assert_eq!(full.status.code(), Some(1), "{args:?}");
        let said = String::from_utf8_lossy(&full.stderr);
        assert!(said.contains("error: cannot write stdout: No space left on device"), "{args:?}: {said}");
    }
}

#[test]
fn a_file_that_may_not_grow() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("release.yaml");
    for (line, signal) in [("trap '' XFSZ; ", None), ("", Some(25))] {
        let line = format!("{line}ulimit -f 8; exec \"$0\" \"$@\"");
        let output = by_shell(&line, &HOST).stdin(file_with(&LARGE)).stdout(File::create(&file).unwrap()).output();
        let output = output.unwrap();
        assert_eq!(output.status.signal(), signal, "{}", String::from_utf8_lossy(&output.stderr));
        if signal.is_none() {
            failed(output.status, &output.stderr, "cannot write stdout: File too large");
        }
        assert!(fs::read(&file).unwrap().len() < LARGE_REWRITTEN.len());
    }
}

#[test]
fn a_stdout_that_is_not_for_writing() {
    let stdout = File::open("/dev/null").unwrap();
    let output = program(&HOST).stdin(file_with(&sample())).stdout(stdout).output().unwrap();
    failed(output.status, &output.stderr, "cannot write stdout: Bad file descriptor");
}

/// Rust opens /dev/null in the place of a standard descriptor that is closed; a program cannot
/// tell that from a user's `>/dev/null`. What is refused is refused all the same.
#[test]
fn a_stdout_that_is_closed() {
    let closed = |input: &[u8]| by_shell("exec \"$0\" \"$@\" >&-", &HOST).stdin(file_with(input)).output().unwrap();
    assert_eq!(closed(&sample()).status.code(), Some(0));
    refused(&closed(b"kind: Pod\n"), "no Milvus Service");
}

// stderr

#[test]
fn nobody_hears() {
    let attu = [&sample()[..], ATTU.as_bytes()].concat();
    let (quiet, warned) = (rewritten(&sample()), rewritten(&attu));
    let heard = program(&ALOUD).stdin(file_with(&attu)).stdout(Stdio::piped()).output().unwrap();
    assert!(heard.stderr.starts_with(b"warning: "), "{}", String::from_utf8_lossy(&heard.stderr));
    let cases: [(&[u8], i32, &[u8]); 3] = [(&sample(), 0, &quiet), (&attu, 0, &warned), (b"kind: Pod\n", 1, b"")];
    for (input, status, stdout) in cases {
        for line in ["exec \"$0\" \"$@\" 2>&-", "exec \"$0\" \"$@\" 2>/dev/full", "exec \"$0\" \"$@\" 2</dev/null"] {
            let output = by_shell(line, &ALOUD).stdin(file_with(input)).stdout(Stdio::piped()).output().unwrap();
            assert_eq!(output.status.code(), Some(status), "{line}");
            assert!(output.stdout == stdout, "{line}: {} of {} bytes", output.stdout.len(), stdout.len());
        }
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut command = program(&ALOUD);
        command.stdin(file_with(input)).stdout(Stdio::piped()).stderr(writer);
        let output = command.output().unwrap();
        assert_eq!((output.status.code(), &*output.stdout), (Some(status), stdout));
    }
}

/// What there is a warning about.
const ATTU: &str = "---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: my-release-milvus-attu
  labels:
    app.kubernetes.io/instance: my-release
    app.kubernetes.io/name: milvus
    component: attu
spec:
  selector:
    matchLabels:
      component: attu
  template:
    metadata:
      labels:
        component: attu
    spec:
      containers:
        - name: attu
          image: zilliz/attu:v2.5.10
          env:
            - name: MILVUS_URL
              value: http://my-release-milvus:19530
";

// cert

/// What is left under a certificate's names. A killed process cannot take its own temporary
/// files with it; they have other names.
fn certificate_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let files = ["tls.crt", "tls.key"].map(|name| folder.join(name));
    files
        .into_iter()
        .filter(|file| file.exists())
        .map(|file| (file.clone(), fs::read_to_string(file).unwrap()))
        .collect()
}

#[track_caller]
fn no_half_file(folder: &Path) {
    for (file, text) in certificate_files(folder) {
        let file = file.display();
        assert!(text.starts_with("-----BEGIN ") && text.ends_with("-----\n"), "{file}: {text}");
        assert_eq!(text.matches("-----BEGIN ").count(), text.matches("-----END ").count(), "{file}: {text}");
    }
}

fn cert(folder: &TempDir) -> [&str; 5] {
    ["cert", "--host=milvus.example.com", "--key=p256", "--out", folder.path().to_str().unwrap()]
}

#[test]
fn no_room_for_a_certificate() {
    for (line, signal) in [("trap '' XFSZ; ", None), ("", Some(25))] {
        let folder = tempfile::tempdir().unwrap();
        // 512 bytes: the key fits, the certificate does not.
        let line = format!("{line}ulimit -f 1; exec \"$0\" \"$@\"");
        let output = by_shell(&line, &cert(&folder)).stdout(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.signal(), signal, "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(certificate_files(folder.path()), []);
        if signal.is_none() {
            refused(&output, "tls.crt: File too large");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "temporary files are left");
        }
    }
}

// System calls, by strace

/// A run under strace, with the program's stdin and stdout in files.
struct Traced {
    output: Output,
    stdout: Vec<u8>,
    calls: String,
}

/// `None`, said aloud, where there is no strace; with `CI=true` that is a failure.
fn strace() -> Option<PathBuf> {
    common::ci_program("STRACE", "strace")
}

fn traced(strace: &Path, expressions: &[&str], only: Option<&str>, args: &[&str], input: &[u8]) -> Traced {
    let folder = tempfile::tempdir().unwrap();
    let [stdin, stdout, log] = ["stdin", "stdout", "log"].map(|name| folder.path().join(name));
    fs::write(&stdin, input).unwrap();
    let mut command = common::without_environment(strace);
    command.args(["--follow-forks", "--quiet=all", "--output"]).arg(&log);
    command.args(expressions.iter().flat_map(|expression| ["-e", expression]));
    if let Some(name) = only {
        command.arg("-P").arg(folder.path().join(name));
    }
    command.arg(common::ours()).args(args).stderr(Stdio::piped());
    let output = command.stdin(File::open(stdin).unwrap()).stdout(File::create(&stdout).unwrap()).output().unwrap();
    let calls = fs::read_to_string(log).unwrap();
    Traced { output, stdout: fs::read(stdout).unwrap(), calls }
}

/// SECURITY.md promises it.
#[test]
fn nothing_is_opened_but_for_reading() {
    let Some(strace) = strace() else { return };
    let trace = "trace=%file,%network,%process,%desc,io_uring_setup";
    for args in [&HOST[..], &["diff", HOST[0], HOST[1]], &["notes", HOST[0], HOST[1]], &["check"], &["status"]] {
        let run = traced(&strace, &[trace], None, args, &sample());
        assert!(run.calls.contains("execve("), "nothing was traced:\n{}", run.calls);
        for call in run.calls.lines() {
            // Behind the number of the process.
            let call = call.trim_start_matches(|character: char| character.is_ascii_digit() || character == ' ');
            let name = call.split('(').next().unwrap();
            let forbidden = match name {
                "execve" => !call.contains(&*common::ours().to_string_lossy()),
                "open" | "openat" => !call.contains("O_RDONLY") || call.contains("O_CREAT") || call.contains("O_TRUNC"),
                // To stdout and stderr only; %desc shows writes to anything else.
                "write" | "writev" | "pwrite64" | "pwritev" | "sendfile" | "splice" | "copy_file_range" => {
                    !run_writes_to_standard_descriptor(call, &run.calls)
                }
                "socket" | "socketpair" | "connect" | "bind" | "listen" | "accept" | "accept4" | "sendto"
                | "sendmsg" | "fork" | "vfork" | "clone" | "clone3" | "memfd_create" | "io_uring_setup" | "creat"
                | "mknod" | "mknodat" | "mkdir" | "mkdirat" | "link" | "linkat" | "symlink" | "symlinkat"
                | "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat" | "truncate" | "ftruncate" | "chmod"
                | "fchmod" | "fchmodat" | "chown" | "fchown" => true,
                _ => false,
            };
            assert!(!forbidden, "{args:?}: {call}");
        }
    }
}

/// Descriptors 1 and 2, and copies of 1.
fn run_writes_to_standard_descriptor(call: &str, calls: &str) -> bool {
    let number = |text: &str| text.split(['(', ',', ')']).nth(1).map(str::trim).map(str::to_owned);
    let Some(descriptor) = number(call) else { return false };
    let is_copy = |line: &str| {
        (line.contains("fcntl(1, F_DUPFD") || line.contains("dup(1)")) && line.ends_with(&format!("= {descriptor}"))
    };
    descriptor == "1" || descriptor == "2" || calls.lines().any(is_copy)
}

const WRITES: &str = "write,writev,pwrite64,pwritev";

#[test]
fn calls_that_fail_or_are_interrupted() {
    let Some(strace) = strace() else { return };
    let inject = |fault: &str, file, calls: &str| {
        traced(&strace, &[&format!("trace={calls}"), &format!("inject={calls}:{fault}")], Some(file), &HOST, &LARGE)
    };
    for when in ["1", "2", "3+7"] {
        let run = inject(&format!("error=EINTR:when={when}"), "stdin", "read");
        assert!(run.calls.contains("EINTR"), "nothing was interrupted:\n{}", run.calls);
        assert!(run.output.status.success() && run.stdout == *LARGE_REWRITTEN, "read {when}");
    }
    let run = inject("error=EINTR:when=1", "stdout", WRITES);
    assert!(run.calls.contains("EINTR"), "nothing was interrupted:\n{}", run.calls);
    assert!(run.output.status.success() && run.stdout == *LARGE_REWRITTEN);

    for when in ["1", "2"] {
        let run = inject(&format!("error=EIO:when={when}"), "stdin", "read");
        failed(run.output.status, &run.output.stderr, "cannot read stdin: … (os error 5)");
        assert_eq!(run.stdout, b"");
    }
    for (error, number) in [("EIO", 5), ("ENOSPC", 28), ("EDQUOT", 122)] {
        for when in 1..=4 {
            let run = inject(&format!("error={error}:when={when}+"), "stdout", WRITES);
            complete_or_failed(run.output.status, &run.stdout, &run.output.stderr, &LARGE_REWRITTEN);
            if when == 1 {
                failed(run.output.status, &run.output.stderr, &format!("cannot write stdout: … (os error {number})"));
            }
        }
    }
    // Nothing was written.
    let run = inject("retval=0:when=1+", "stdout", WRITES);
    failed(run.output.status, &run.output.stderr, "cannot write stdout");
}

#[test]
fn a_certificate_and_its_key_are_complete_or_not_there() {
    let Some(strace) = strace() else { return };
    let moves = "link,linkat,rename,renameat,renameat2";
    let mut seen = [0; 3];
    for calls in ["fsync", moves, "unlink,unlinkat", WRITES] {
        for when in 1..=2 {
            for fault in ["signal=KILL", "error=EIO", "error=ENOSPC"] {
                let folder = tempfile::tempdir().unwrap();
                let expressions = [format!("trace={calls}"), format!("inject={calls}:{fault}:when={when}")];
                let expressions = expressions.each_ref().map(String::as_str);
                let run = traced(&strace, &expressions, None, &cert(&folder), b"");
                no_half_file(folder.path());
                let files = certificate_files(folder.path()).len();
                seen[files] += 1;
                let said = String::from_utf8_lossy(&run.output.stderr);
                let reported = run.stdout.is_empty() || files == 2;
                assert!(reported, "{calls} {fault} {when}: {} files, and {said}", files);
                if run.output.status.success() {
                    assert_eq!(files, 2, "{calls} {fault} {when}: {said}");
                } else if fault != "signal=KILL" {
                    assert_eq!((files, run.output.status.code()), (0, Some(1)), "{calls} {fault} {when}: {said}");
                }
            }
        }
    }
    assert!(seen[0] > 0 && seen[2] > 0, "{seen:?}");
}
