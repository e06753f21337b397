//! Started by hand on a terminal, with nothing piped in: help instead of waiting for ever.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod common;

use std::process::Command;

/// `script` (util-linux) gives the program a terminal.
#[test]
fn help_on_a_terminal() {
    let program = env!("CARGO_BIN_EXE_milvus-gke-l7");
    let output = match Command::new("script").args(["-qec", program, "/dev/null"]).output() {
        Ok(output) => output,
        Err(error) => {
            let message = format!("`script` does not run: {error}");
            assert!(!common::ci(), "{message}");
            return common::say(&format!("left out: {message}"));
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("--host") && text.contains("Usage:"), "{text}");
}
