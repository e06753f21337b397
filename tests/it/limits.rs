//! What no chart holds: each is refused with its reason, soon, and in bounded memory.
//!
//! The program runs with a limit on its memory. A stack that overflows, or memory that is not to be had, ends it by a
//! signal; it must end with status 1 and an empty stdout.
#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use tempfile::NamedTempFile;

use crate::common;

/// All that the program may ask of the kernel, in KiB: the largest input that is read, and the values of a document.
const MEMORY: usize = 1 << 20;

/// Led by a Service that may be Milvus's, so that it must be read.
const SERVICE: &str = "kind: Service\nspec:\n  ports:\n  - targetPort: milvus\n";

fn run(args: &[&str], write: impl FnOnce(&mut NamedTempFile)) -> Output {
    let mut input = NamedTempFile::new().unwrap();
    write(&mut input);
    let script = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(common::ours()).args(args).stdin(input.reopen().unwrap());
    command.env_clear().stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
}

#[track_caller]
fn refused(text: &str, reason: &str) {
    // `check` reads with one engine what the filter reads with two.
    for args in [["--host=milvus.example.com"].as_slice(), &["check"]] {
        let output = run(args, |input| input.write_all(text.as_bytes()).unwrap());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(stderr.contains(reason), "{args:?}: {stderr}");
        assert!(stderr.contains("= help: "), "{args:?}: {stderr}");
    }
}

#[test]
fn depth() {
    for open in ["[", "{a: ", "- "] {
        refused(&format!("{SERVICE}  x:\n    {}\n", open.repeat(100_000)), "nested deeper than 127 levels");
    }
    let mappings: String = (2..5_000).map(|column| format!("{:column$}a:\n", "")).collect();
    refused(&format!("{SERVICE}{mappings}"), "nested deeper than 127 levels");
}

#[test]
fn aliases() {
    refused(&format!("{SERVICE}  x: &a [*a]\n"), "recursion limit exceeded");
    // A billion laughs.
    let laughs: String =
        (1..10).map(|level| format!("  a{level}: &a{level} [{}]\n", format!("*a{},", level - 1).repeat(9))).collect();
    refused(&format!("{SERVICE}  a0: &a0 [x,x,x]\n{laughs}"), "repetition limit exceeded");
    // Few enough for libyaml's limit, which grows with the text.
    let long = format!("{SERVICE}  a: &a [{}]\n  b: [{}]\n", "x,".repeat(50_000), "*a,".repeat(90));
    refused(&long, "more than 1000000 values in one document");
}

#[test]
fn values() {
    refused(&format!("{SERVICE}  x: [{}]\n", "0,".repeat(1_000_000)), "more than 1000000 values in one document");
    refused(&format!("{SERVICE}  x:\n{}", "  - 0\n".repeat(1_000_000)), "more than 1000000 values in one document");
    // A list that cannot be opened may hold the release.
    let list = format!("kind: List\nitems:\n- targetPort: milvus\n{}", "- {kind: A}\n".repeat(400_000));
    refused(&list, "more than 1000000 values in one document");
}

#[test]
fn documents() {
    refused(&"---\na: 1\n".repeat(1_000_001), "the input has more than 1000000 documents");
}

#[test]
fn size() {
    let too_large = |input: &mut NamedTempFile| input.as_file().set_len((256 << 20) + 1).unwrap();
    for args in [["--host=milvus.example.com"].as_slice(), &["check"], &["status"]] {
        let output = run(args, too_large);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(stderr.contains("the input is larger than 256 MiB"), "{args:?}: {stderr}");
    }
}

/// What is no document of ours passes, whatever it holds.
#[test]
fn others_pass() {
    let sample = include_str!("../../testdata/sample/rendered.yaml");
    let deep = "[".repeat(100_000);
    let stream = format!("{sample}---\nkind: Role\nx: {deep}\n");
    let output = run(&["--host=milvus.example.com"], |input| input.write_all(stream.as_bytes()).unwrap());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let kept = format!("---\nkind: Role\nx: {deep}\n");
    assert!(memchr::memmem::find(&output.stdout, kept.as_bytes()).is_some());
}
