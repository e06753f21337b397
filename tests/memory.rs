//! Peak memory stays near the size of the input, which the program holds as a whole.
//!
//! A stream of 100 MB, made of the sample by `benches/large-stream`. Memory does not depend on how busy a machine is.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod common;

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use wait4::Wait4 as _;

const BYTES: u64 = 100_000_000;
/// What there may be besides the input: the program itself, and what is known of each document.
const BESIDES: u64 = 64 << 20;

/// `benches/compare` names it as a target too.
#[test]
fn peak_is_at_most_the_input_and_64_mib() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let stream = folder.path().join("stream.yaml");
    let generator = Command::new(root.join("benches/large-stream"))
        .arg(BYTES.to_string())
        .arg(root.join("testdata/sample/rendered.yaml"))
        .stdout(File::create(&stream).unwrap())
        .status()
        .unwrap();
    assert!(generator.success());
    let size = fs::metadata(&stream).unwrap().len();
    assert!((BYTES - 100_000..=BYTES).contains(&size), "{size} bytes");

    for from in ["a file", "a pipe"] {
        let mut file = File::open(&stream).unwrap();
        let mut child = Command::new(common::ours())
            .args(["--host", "milvus.example.com"])
            .env_clear()
            .stdin(if from == "a pipe" { Stdio::piped() } else { file.try_clone().unwrap().into() })
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let writer = child.stdin.take().map(|mut stdin| thread::spawn(move || io::copy(&mut file, &mut stdin)));
        let written = io::copy(&mut child.stdout.take().unwrap(), &mut io::sink()).unwrap();
        let end = child.wait4().unwrap();
        if let Some(writer) = writer {
            writer.join().unwrap().unwrap();
        }
        assert!(end.status.success(), "{}", end.status);
        assert!(written > size, "{written} bytes written of {size}");
        let peak = end.rusage.maxrss;
        let besides = peak.saturating_sub(size) >> 20;
        common::say(&format!("{size} bytes from {from}: peak memory {peak}, {besides} MiB besides the input"));
        assert!(peak <= size + BESIDES, "from {from}: {peak} bytes of memory for an input of {size}");
    }
}
