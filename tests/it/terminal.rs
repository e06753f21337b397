//! Started by hand on a terminal, with nothing piped in: help instead of waiting for ever.
#![cfg(target_os = "linux")]

use std::process::Command;

use crate::common;

#[test]
fn help_on_a_terminal() {
    let Some(text) = on_terminal("") else { return };
    assert!(text.contains("--host") && text.contains("Usage:"), "{text}");
}

/// Whoever gives arguments knows the program: two lines, with the command that was meant.
#[test]
fn no_input_on_a_terminal() {
    for (arguments, example) in [
        ("--host a.example.com", "helm template my-release milvus/milvus | milvus-gke-l7 --host <DOMAIN>"),
        ("diff", "helm template my-release milvus/milvus | milvus-gke-l7 diff --host <DOMAIN>"),
        ("notes --host a.example.com", "helm template my-release milvus/milvus | milvus-gke-l7 notes --host <DOMAIN>"),
        ("check --strict", "helm template my-release milvus/milvus | milvus-gke-l7 check"),
        (
            "status",
            "kubectl get ingress,managedcertificate,backendconfig,service,events -o yaml | milvus-gke-l7 status",
        ),
    ] {
        let Some(text) = on_terminal(arguments) else { return };
        let file = if arguments.starts_with('-') { "redirect a file with `<`" } else { "name a file" };
        let expected = format!("error: no input: pipe manifests in, or {file}\n  {example}\n");
        assert_eq!(text, expected, "{arguments}");
    }
}

/// What the program says on a terminal, which `script` (util-linux) gives it.
fn on_terminal(arguments: &str) -> Option<String> {
    let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_milvus-gke-l7"));
    let script = common::system_program("script")?;
    let output = Command::new(script).args(["-qec", &command, "/dev/null"]).env("NO_COLOR", "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
    assert_eq!(output.status.code(), Some(2), "{text}");
    Some(text)
}
