//! Servers that tests start: on ports that are free, and gone when the test is.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use std::{fs, iter, thread};

/// Kills the server when its own stdin ends: on drop, after a panic, and when the test itself is killed. Milvus takes a soft
/// signal for a wish, and leaves a file with its process id. The folder goes too, which has hundreds of megabytes.
const GUARD: &str = r#"trap 'kill -9 $!; wait $!; rm -rf "$PWD" "/tmp/milvus/server_id_$!"' EXIT
trap exit HUP INT TERM
"$@" &
read -r _"#;

pub(crate) struct Server {
    guard: Child,
    log: PathBuf,
}

impl Server {
    /// Runs a program with its output in `folder`, and waits until a path says `ready`.
    pub(crate) fn start(command: &Command, folder: &Path, port: u16, path: &str, ready: &str) -> Self {
        let log = folder.join("log");
        let output = File::create(&log).unwrap();
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "sh"]).arg(command.get_program()).args(command.get_args()).current_dir(folder);
        guard.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        guard.stdin(Stdio::piped()).stdout(output.try_clone().unwrap()).stderr(output);
        let server = Self { guard: guard.spawn().unwrap(), log };
        let start = Instant::now();
        while !get(port, "localhost", path).is_some_and(|answer| answer.contains(ready)) {
            let program = command.get_program().display();
            assert!(start.elapsed() < Duration::from_secs(90), "{program} does not become ready: {}", server.said());
            thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// The last lines of its output.
    fn said(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let lines: Vec<_> = String::from_utf8_lossy(&log).lines().rev().take(40).map(str::to_owned).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Ports that are free, each given once. They are below those from which systems take the ports of clients, which could
/// be faster than the server.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(20_000 + (process::id() % 10_000) as u16));
    [(); N].map(|()| {
        let mut ports = iter::repeat_with(|| NEXT.fetch_add(1, Ordering::Relaxed));
        ports.find(|&port| TcpListener::bind(("0.0.0.0", port)).is_ok()).unwrap()
    })
}

/// What `http://HOST:PORT/PATH` on this machine answers, head and all.
pub(crate) fn get(port: u16, host: &str, path: &str) -> Option<String> {
    get_at(Ipv4Addr::LOCALHOST, port, host, path)
}

/// The same of another address of this machine.
pub(crate) fn get_at(address: Ipv4Addr, port: u16, host: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect((address, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}
