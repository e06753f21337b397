//! Help that fits a screen, and tips for what people are used to.

use std::process::Command;

use clap::CommandFactory as _;
use milvus_gke_l7::cli::Cli;

use crate::common;

fn said(arguments: &str) -> (String, String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milvus-gke-l7"));
    let output = command.args(arguments.split_whitespace()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// 80 columns, 24 lines.
#[cfg(target_os = "linux")]
#[test]
fn the_short_help_fits_a_terminal() {
    let Some(script) = common::system_program("script") else { return };
    let cli = Cli::command();
    for name in [""].into_iter().chain(cli.get_subcommands().map(clap::Command::get_name)) {
        let command = format!("stty cols 80 rows 24; {} {name} -h", env!("CARGO_BIN_EXE_milvus-gke-l7"));
        let output = Command::new(&script).args(["-qec", &command, "/dev/null"]).env("NO_COLOR", "1").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
        assert_eq!(output.status.code(), Some(0), "{name}: {text}");
        assert!(text.lines().count() <= 24, "{name}: {} lines\n{text}", text.lines().count());
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{name}: {text}");
    }
}

/// The short help leaves out what the long one has.
#[test]
fn the_long_help_is_complete() {
    let (short, ..) = said("-h");
    let (long, ..) = said("--help");
    let cli = Cli::command();
    for command in cli.get_subcommands() {
        assert!(long.contains(&format!("\n  {}  ", command.get_name())), "{}", command.get_name());
        let (help, _, status) = said(&format!("{} --help", command.get_name()));
        let (other, ..) = said(&format!("help {}", command.get_name()));
        assert_eq!((status, &help), (Some(0), &other), "{}", command.get_name());
        if !["cert", "man", "schema"].contains(&command.get_name()) {
            assert!(help.contains("Example"), "{}: {help}", command.get_name());
        }
    }
    for flag in cli.get_arguments().filter(|one| !one.is_hide_set()).filter_map(clap::Arg::get_long) {
        assert!(long.contains(&format!("--{flag}")), "{flag}");
    }
    assert!(!short.contains("--timeout") && long.contains("--timeout"));
    for status in ["\n  0  ", "\n  1  ", "\n  2  ", "\n  3  "] {
        assert!(long.contains(status), "{long}");
    }
}

#[test]
fn habits_get_a_tip() {
    for (arguments, tip) in [
        ("-n milvus", "helm template --namespace NAME"),
        ("diff --namespace milvus", "helm template --namespace NAME"),
        ("--dry-run", "`milvus-gke-l7 diff` shows what would change"),
        ("check -f rendered.yaml", "`check FILE`"),
        ("-o yaml", "redirect it with `>`"),
        ("wait --kubeconfig x", "the variable KUBECONFIG"),
        ("status -A", "pass it to kubectl"),
        ("--values values.yaml", "it belongs to Helm"),
        ("check --host a.example.com", "`--host` is an option of the main job, `diff` and `notes`"),
        ("chek", "did you mean `check`?"),
        ("explain --debug", "everything worth knowing is on stderr"),
    ] {
        let (stdout, stderr, status) = said(arguments);
        assert_eq!((stdout.as_str(), status), ("", Some(2)), "{arguments}: {stderr}");
        assert!(stderr.contains(tip), "{arguments}: {stderr}");
    }
    let (_, stderr, _) = said("--hots a.example.com");
    assert!(stderr.contains("'--host'"), "clap's own: {stderr}");
}
