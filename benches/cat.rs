//! Whole-process time beside `cat`: start, read, rewrite, write, exit. Prints, asserts nothing.
//!
//! ```sh
//! taskset -c 0 cargo bench --bench cat
//! ```
//!
//! Input: the file that is given as the first argument, or `5.0.19/cluster-default.yaml` of
//! `MILVUS_CHARTS` (default `../shared/charts`), or the sample. Both programs read it from a file and write to a
//! pipe, taking turns, so that a busy moment hits both.
#![allow(clippy::print_stdout, clippy::expect_used, missing_docs)]

use std::fs::File;
use std::io::{Read as _, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 30;
const WARM_UP: usize = 10;
const ROUNDS: usize = 3;

fn main() -> Result<()> {
    let given = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let charts = std::env::var_os("MILVUS_CHARTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/charts"), PathBuf::from);
    let chart = charts.join("5.0.19/cluster-default.yaml");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml");
    let input = given.map_or_else(|| if chart.is_file() { chart } else { sample }, PathBuf::from);
    let bytes = std::fs::metadata(&input)?.len();
    println!("{} ({bytes} bytes), median of {RUNS} runs, ms", input.file_name().expect("a file").to_string_lossy());
    println!("{:>10} {:>14} {:>11}", "cat", "milvus-gke-l7", "difference");
    for _ in 0..ROUNDS {
        let (mut cat, mut ours) = (Vec::new(), Vec::new());
        for run in 0..WARM_UP + RUNS {
            let pair = (
                time(&mut Command::new("cat"), &input)?,
                time(Command::new(env!("CARGO_BIN_EXE_milvus-gke-l7")).args(["--host", "milvus.example.com"]), &input)?,
            );
            if run >= WARM_UP {
                cat.push(pair.0);
                ours.push(pair.1);
            }
        }
        let (cat, ours) = (median(cat), median(ours));
        println!("{cat:>10.2} {ours:>14.2} {:>+11.2}", ours - cat);
    }
    Ok(())
}

fn time(command: &mut Command, input: &Path) -> Result<Duration> {
    let stdin = File::open(input)?;
    let mut output = Vec::with_capacity(1 << 20);
    let start = Instant::now();
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
    child.stdout.take().expect("a pipe").read_to_end(&mut output)?;
    let status = child.wait()?;
    let elapsed = start.elapsed();
    assert!(status.success() && !output.is_empty(), "{command:?} failed");
    Ok(elapsed)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}
