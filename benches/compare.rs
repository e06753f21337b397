//! Times whole processes side by side, and their peak memory: start, read, write, exit. `benches/compare` runs it.
//!
//! ```text
//! compare PROGRAMS CHART LARGE SMALLER …
//! ```
//!
//! Each line of the file PROGRAMS is a program, in fields between tabs: its name, which edits it makes, `quick` or
//! `slow`, `large` if it takes the large stream, and its command. The first three are `cat`, ours, and one that
//! reads all and then writes all.
//!
//! A program reads a file and writes to a pipe, which is emptied as fast as it fills. All take turns, so that a busy
//! moment hits all, and each turn goes the other way round. On the large stream a slow program runs once, and is
//! ended at a limit. Prints a table and the targets, in Markdown. With `--check` a target that is missed is an error.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use std::fs::{self, File};
use std::io::{Error, Read as _, Result};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use wait4::Wait4 as _;

const WARM_UP: usize = 5;
const TURNS: usize = 100;
/// Slow programs run in every tenth turn.
const SLOW_TURNS: usize = 10;
const LARGE_TURNS: usize = 15;
const LIMIT_SECONDS: u64 = 60;
const LIMIT_GIB: u64 = 6;
/// What `timeout` of coreutils ends with.
const TIMED_OUT: i32 = 124;

const MORE_THAN_CAT_MS: f64 = 0.5;
const TIMES_READ_ALL_WRITE_ALL: f64 = 1.3;
const MORE_THAN_INPUT: u64 = 64 << 20;
const EXPONENT: f64 = 1.1;

struct Program {
    name: String,
    edits: String,
    slow: bool,
    large: bool,
    command: Vec<String>,
}

struct Run {
    ms: f64,
    /// Of these on a processor: what a quiet machine would need.
    busy: f64,
    peak: u64,
}

/// The runs of one program on one input, by turn.
#[derive(Default)]
struct Runs(Vec<Option<Run>>);

/// What one program came to on one input.
enum Figures {
    Measured { median: f64, min: f64, deviation: f64, to_cat: f64, peak: u64 },
    NotDone(&'static str),
}

struct Target {
    wanted: String,
    measured: String,
    met: bool,
}

fn main() -> Result<ExitCode> {
    let (options, files): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let [programs, chart, large, smaller @ ..] = &files[..] else {
        return Err(Error::other("usage: compare [--check] PROGRAMS CHART LARGE SMALLER …"));
    };
    let programs: Vec<_> = fs::read_to_string(programs)?.lines().map(Program::read).collect();

    let on_chart = in_turns(&programs.iter().collect::<Vec<_>>(), Path::new(chart), TURNS)?;
    let (quick, slow): (Vec<_>, Vec<_>) = programs.iter().partition(|program| !program.slow);
    let on_large = in_turns(&quick, Path::new(large), LARGE_TURNS)?;
    let mut large_figures: Vec<_> = on_large.iter().map(|runs| runs.figures(&on_large[0])).collect();
    for program in slow {
        large_figures.push(program.once(Path::new(large), median(on_large[0].times()))?);
    }
    let figures: Vec<_> = on_chart.iter().map(|runs| runs.figures(&on_chart[0])).zip(large_figures).collect();

    println!(
        "| | edits | {}: ms | min | ± | to `cat` | peak, MB | {}: ms | to `cat` | peak, MB |",
        size(Path::new(chart))?,
        size(Path::new(large))?
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (program, (chart, large)) in programs.iter().zip(&figures) {
        let chart = match chart {
            Figures::Measured { median, min, deviation, to_cat, peak } => {
                format!("{median:.2} | {min:.2} | {deviation:.2} | {to_cat:+.2} | {}", megabytes(*peak))
            }
            Figures::NotDone(why) => format!("{why} | | | |"),
        };
        let large = match large {
            Figures::Measured { median, to_cat, peak, .. } => {
                format!("{median:.0} | {to_cat:+.0} | {}", megabytes(*peak))
            }
            Figures::NotDone(why) => format!("{why} | |"),
        };
        println!("| {} | {} | {chart} | {large} |", program.name, program.edits);
    }

    let mut sizes = Vec::new();
    for input in smaller.iter().rev().chain([large]) {
        let runs = in_turns(&programs[1..2], Path::new(input), LARGE_TURNS)?;
        let busy = runs[0].0.iter().flatten().map(|run| run.busy).collect();
        sizes.push((fs::metadata(input)?.len() as f64, median(busy)));
    }
    let ratio = on_large[1].beside(&on_large[2], |ours, bare| ours.ms / bare.ms);
    let busy_ratio = on_large[1].beside(&on_large[2], |ours, bare| ours.busy / bare.busy);
    let difference = on_chart[1].beside(&on_chart[0], |ours, cat| ours.ms - cat.ms);
    let busy_difference = on_chart[1].beside(&on_chart[0], |ours, cat| ours.busy - cat.busy);
    let peak = on_large[1].peak();
    let most = fs::metadata(large)?.len() + MORE_THAN_INPUT;
    let exponent = exponent(&sizes);
    let curve: Vec<_> = sizes.iter().map(|(bytes, ms)| format!("{:.2} MB {ms:.1} ms", bytes / 1e6)).collect();
    let targets = [
        Target {
            wanted: format!("the chart: at most {MORE_THAN_CAT_MS} ms more than `cat`"),
            measured: format!("{difference:+.2} ms; of processor time {busy_difference:+.2} ms"),
            met: difference <= MORE_THAN_CAT_MS,
        },
        Target {
            wanted: format!("the large stream: at most {TIMES_READ_ALL_WRITE_ALL} × read all, write all"),
            measured: format!("{ratio:.2} ×; of processor time {busy_ratio:.2} ×"),
            met: ratio <= TIMES_READ_ALL_WRITE_ALL,
        },
        Target {
            wanted: format!("peak memory: at most the input + 64 MiB = {} MB", megabytes(most)),
            measured: format!("{} MB", megabytes(peak)),
            met: peak <= most,
        },
        Target {
            wanted: format!("linear: processor time grows with at most the {EXPONENT}th power of the size"),
            measured: format!("{exponent:.2} ({})", curve.join(", ")),
            met: exponent <= EXPONENT,
        },
    ];
    println!("\n| target | measured | |\n| --- | --- | --- |");
    for Target { wanted, measured, met } in &targets {
        println!("| {wanted} | {measured} | {} |", if *met { "met" } else { "**missed**" });
    }
    let failed = options.iter().any(|option| option == "--check") && targets.iter().any(|target| !target.met);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Program {
    fn read(line: &str) -> Self {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next().unwrap_or_default();
        let (name, edits) = (next(), next());
        let (slow, large) = (next() == "slow", next() == "large");
        Self { name, edits, slow, large, command: fields.collect() }
    }

    /// One run with a limit of time and memory.
    fn once(&self, input: &Path, cat: f64) -> Result<Figures> {
        if !self.large {
            return Ok(Figures::NotDone("not possible"));
        }
        eprintln!("{} on {}, at most {LIMIT_SECONDS} s", self.name, input.display());
        let mut command = Command::new("sh");
        let limits = format!("ulimit -d {} && exec timeout {LIMIT_SECONDS} \"$@\"", LIMIT_GIB << 20);
        command.args(["-c", &limits, "sh"]).args(&self.command);
        Ok(match run(&mut command, input)? {
            (Run { ms, peak, .. }, Some(0)) => {
                Figures::Measured { median: ms, min: ms, deviation: 0.0, to_cat: ms - cat, peak }
            }
            (_, Some(TIMED_OUT)) => Figures::NotDone("over 60 s"),
            _ => Figures::NotDone("fails, with at most 6 GiB"),
        })
    }
}

/// Runs the programs in turns.
fn in_turns(programs: &[impl std::borrow::Borrow<Program>], input: &Path, turns: usize) -> Result<Vec<Runs>> {
    eprintln!("{turns} turns on {}", input.display());
    let mut all: Vec<_> = programs.iter().map(|_| Runs::default()).collect();
    for turn in 0..WARM_UP.min(turns / 5) + turns {
        let mut order: Vec<_> = programs.iter().map(std::borrow::Borrow::borrow).zip(&mut all).collect();
        if turn % 2 == 1 {
            order.reverse();
        }
        for (Program { command, slow, name, .. }, runs) in order {
            if *slow && turn % (turns / SLOW_TURNS) != 0 {
                runs.0.push(None);
                continue;
            }
            let (run, status) = run(Command::new(&command[0]).args(&command[1..]), input)?;
            if status != Some(0) {
                return Err(Error::other(format!("{name} fails on {}", input.display())));
            }
            runs.0.push(Some(run));
        }
    }
    for Runs(runs) in &mut all {
        runs.drain(..WARM_UP.min(turns / 5));
    }
    Ok(all)
}

fn run(command: &mut Command, input: &Path) -> Result<(Run, Option<i32>)> {
    let stdin = File::open(input)?;
    // As large as a pipe, and small: a program cannot have less peak memory than the process that starts it.
    let mut buffer = [0; 1 << 16];
    let start = Instant::now();
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).spawn()?;
    if let Some(mut stdout) = child.stdout.take() {
        while stdout.read(&mut buffer)? > 0 {}
    }
    let end = child.wait4()?;
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let busy = (end.rusage.utime + end.rusage.stime).as_secs_f64() * 1000.0;
    Ok((Run { ms, busy, peak: end.rusage.maxrss }, end.status.code()))
}

impl Runs {
    fn times(&self) -> Vec<f64> {
        self.0.iter().flatten().map(|run| run.ms).collect()
    }

    fn peak(&self) -> u64 {
        self.0.iter().flatten().map(|run| run.peak).max().unwrap_or_default()
    }

    /// The median of what `compare` makes of the runs of each turn in which both ran.
    fn beside(&self, other: &Self, compare: impl Fn(&Run, &Run) -> f64) -> f64 {
        let turns = self.0.iter().zip(&other.0);
        median(turns.filter_map(|(this, other)| Some(compare(this.as_ref()?, other.as_ref()?))).collect())
    }

    fn figures(&self, cat: &Self) -> Figures {
        let times = self.times();
        let min = times.iter().copied().fold(f64::INFINITY, f64::min);
        let median_of = median(times.clone());
        let deviation = median(times.iter().map(|ms| (ms - median_of).abs()).collect());
        let to_cat = self.beside(cat, |this, cat| this.ms - cat.ms);
        Figures::Measured { median: median_of, min, deviation, to_cat, peak: self.peak() }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => f64::midpoint(values[even / 2 - 1], values[even / 2]),
        odd => values[odd / 2],
    }
}

/// The slope of the line through the logarithms, by least squares.
fn exponent(sizes: &[(f64, f64)]) -> f64 {
    let points: Vec<_> = sizes.iter().map(|(bytes, ms)| (bytes.ln(), ms.ln())).collect();
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let (up, across) = points
        .iter()
        .fold((0.0, 0.0), |(up, across), point| (up + (point.0 - x) * (point.1 - y), across + (point.0 - x).powi(2)));
    up / across
}

fn megabytes(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 10.0 { format!("{megabytes:.1}") } else { format!("{megabytes:.0}") }
}

fn size(file: &Path) -> Result<String> {
    let bytes = fs::metadata(file)?.len() as f64;
    Ok(if bytes < 1e6 { format!("{:.0} KB", bytes / 1e3) } else { format!("{:.0} MB", bytes / 1e6) })
}
