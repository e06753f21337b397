//! TAB in real shells: bash's function is called as bash does, fish is asked what it would offer, zsh has a terminal.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::common;

/// A line up to TAB, some of what is offered, and what is not.
const LINES: [(&str, &[&str], &[&str]); 9] = [
    ("", &["check", "diff", "completions"], &[]),
    ("che", &["check"], &["diff"]),
    ("check --ig", &["--ignore"], &["--release"]),
    ("check --ignore grpc", &["grpc-path"], &["tls-mode-off"]),
    ("check --output ", &["text", "json", "sarif"], &["--strict"]),
    ("explain tls-mode", &["tls-mode-off", "tls-mode-2"], &["grpc-path"]),
    ("completions ", &["bash", "zsh", "fish"], &[]),
    ("helm-plugin ", &["install", "path"], &["check"]),
    ("--", &["--host"], &["--iap", "--helm4-plugin"]),
];

/// What the shell offers for each line, with the script that it is given.
fn offered(shell: &Path, arguments: &[&str], script: &str) {
    let folder = TempDir::new().unwrap();
    let name = shell.file_name().unwrap().to_str().unwrap().to_owned();
    let printed = common::run(&["completions".to_owned(), name.clone()], &[], b"");
    fs::write(folder.path().join("script"), printed.stdout).unwrap();
    for (line, wanted, unwanted) in LINES {
        let mut command = Command::new(shell);
        command.current_dir(&folder).env("HOME", folder.path()).env("TERM", "dumb");
        let output = command.args(arguments).args(["-c", &script.replace("LINE", line)]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let words: Vec<_> = text.lines().filter_map(|line| line.split('\t').next()).collect();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(wanted.iter().all(|word| words.contains(word)), "{name}: `{line}`: {words:?}\n{said}");
        assert!(!unwanted.iter().any(|word| words.contains(word)), "{name}: `{line}`: {words:?}");
    }
}

#[test]
fn bash() {
    let Some(bash) = common::system_program("bash") else { return };
    let script = "\
. ./script
line='milvus-gke-l7 LINE'
read -ra COMP_WORDS <<< \"$line\"
[[ $line == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
read -r _ _ function _ < <(complete -p milvus-gke-l7 | sed 's/.*\\(-F\\)/complete \\1/')
compopt() { :; }
\"$function\" milvus-gke-l7 \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"
printf '%s\\n' \"${COMPREPLY[@]}\"";
    offered(&bash, &["--norc"], script);
}

#[test]
fn fish() {
    let Some(fish) = common::system_program("fish") else { return };
    offered(&fish, &["--no-config"], "source script; complete -C 'milvus-gke-l7 LINE'");
}

#[test]
fn zsh() {
    let Some(zsh) = common::system_program("zsh") else { return };
    offered(&zsh, &["-f"], include_str!("completion/offered.zsh"));
}
