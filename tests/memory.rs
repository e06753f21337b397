//! Peak memory stays near the size of the input, which the program holds as a whole.
//!
//! A stream of 100 MB, made of the sample by `benches/large-stream`, and for the function a list of 1,000 releases by
//! `benches/inputs`. Memory does not depend on how busy a machine is.
//!
//! A program of its own: a child begins with the peak of the program that starts it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

#[path = "it/common/mod.rs"]
#[allow(dead_code, reason = "only the program under test is needed")]
mod common;

use std::fs::File;
use std::io::{self, Seek as _};
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
    if !["bash", "awk"].iter().all(|name| common::system_program(name).is_some()) {
        return;
    }
    let input = made_by("large-stream", &[&BYTES.to_string(), "testdata/sample/rendered.yaml"]);
    let size = input.metadata().unwrap().len();
    assert!((BYTES - 100_000..=BYTES).contains(&size), "{size} bytes");
    for from in ["a file", "a pipe"] {
        peak_is_at_most(size + BESIDES, &input, from, &["--host", "milvus.example.com"]);
    }
}

/// It holds the values of the whole list, and proves the list that it writes.
#[test]
fn peak_of_a_function_is_at_most_ten_inputs_and_64_mib() {
    if common::system_program("python3").is_none() {
        return;
    }
    let input = made_by("inputs", &["function", "1000"]);
    peak_is_at_most(10 * input.metadata().unwrap().len() + BESIDES, &input, "a pipe", &[]);
}

/// The output of a program of `benches/`, in a file that is nobody else's.
fn made_by(program: &str, arguments: &[&str]) -> File {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = tempfile::tempfile().unwrap();
    let mut generator = Command::new(root.join("benches").join(program));
    generator.args(arguments).current_dir(root).stdout(file.try_clone().unwrap());
    assert!(generator.status().unwrap().success());
    file
}

fn peak_is_at_most(most: u64, mut input: &File, from: &str, arguments: &[&str]) {
    input.rewind().unwrap();
    let size = input.metadata().unwrap().len();
    let mut file = input.try_clone().unwrap();
    let mut child = Command::new(common::ours())
        .args(arguments)
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
    common::say(&format!("{size} bytes from {from}: peak memory {peak}, at most {most}"));
    assert!(peak <= most, "from {from}: {peak} bytes of memory for an input of {size}");
}
