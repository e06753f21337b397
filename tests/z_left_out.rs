//! The last test program: what the others have left out, and how to get it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

#[path = "it/common/mod.rs"]
#[allow(dead_code, reason = "only what is left out is needed")]
mod common;

use std::collections::BTreeSet;
use std::fs;

#[test]
fn what_was_left_out() {
    let file = common::left_out_in_this_run();
    let Ok(text) = fs::read_to_string(&file) else {
        return common::say("\nNothing was left out.");
    };
    fs::remove_file(&file).unwrap();
    let lines: BTreeSet<_> = text.lines().map(|line| format!("  {line}\n")).collect();
    common::say(&format!("\nLeft out:\n{}CONTRIBUTING.md says how to run everything.", String::from_iter(lines)));
}
