//! What the test files share: running the program, splitting a stream, Helm's checksum, line diffs.

pub(crate) mod client;
pub(crate) mod corpus;
pub(crate) mod envoy;
pub(crate) mod gateway;
pub(crate) mod gke;
pub(crate) mod helm;
pub(crate) mod kubernetes;
pub(crate) mod kustomize;
pub(crate) mod live;
pub(crate) mod milvus;
pub(crate) mod mutation;
pub(crate) mod operator;
pub(crate) mod pair;
pub(crate) mod properties;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod styled;
pub(crate) mod traefik;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, thread};

use sha2::{Digest as _, Sha256};
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

/// How a run ended. `status` is `None` after a signal.
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs the program with nothing in its environment but `vars`: colours, widths and settings of
/// the machine must not reach a golden.
pub(crate) fn run(args: &[String], vars: &[(String, String)], input: &[u8]) -> Run {
    run_in(Path::new("."), args, vars, input)
}

/// The program under test: the one that `RELEASE_PROGRAM` names by its whole path, or else the one built with the tests.
pub(crate) fn ours() -> OsString {
    env::var_os("RELEASE_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_milvus-gke-l7").into())
}

/// Nothing in its environment but what measures coverage.
pub(crate) fn without_environment(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    if let Some(file) = env::var_os("LLVM_PROFILE_FILE") {
        command.env("LLVM_PROFILE_FILE", file);
    }
    command
}

/// As [`run`], in a folder of its own.
pub(crate) fn run_in(folder: &Path, args: &[String], vars: &[(String, String)], input: &[u8]) -> Run {
    let mut command = without_environment(ours());
    command.current_dir(folder).args(args).envs(vars.iter().cloned());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    let input = input.to_vec();
    // A thread of its own: a large stream fills the pipes in both directions.
    let writer = thread::spawn(move || match stdin.write_all(&input) {
        // Wrong usage ends the program before it reads.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result.expect("stdin takes the input"),
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    Run { status: output.status.code(), stdout: output.stdout, stderr: output.stderr }
}

/// Arguments and variables of a golden case's `args`: one argument per line, or `env NAME=VALUE`.
pub(crate) fn arguments(case: &str, text: &str) -> (Vec<String>, Vec<(String, String)>) {
    let (mut args, mut vars) = (Vec::new(), Vec::new());
    for line in text.lines() {
        assert!(!line.is_empty(), "{case}: a blank line in args; write an empty value as --flag=");
        match line.strip_prefix("env ") {
            Some(variable) => {
                let (key, value) = variable.split_once('=').unwrap_or_else(|| panic!("{case}: {line}: no ="));
                vars.push((key.to_owned(), value.to_owned()));
            }
            None => args.push(line.to_owned()),
        }
    }
    (args, vars)
}

/// `milvus-gke-l7 cert`: `tls.crt` and `tls.key` in a folder.
pub(crate) fn certificate(folder: &Path, hosts: &[&str]) {
    let mut args = vec!["cert".to_owned(), "--key=p256".to_owned(), format!("--out={}", folder.display())];
    args.extend(hosts.iter().map(|host| format!("--host={host}")));
    let run = run(&args, &[], b"");
    assert_eq!(run.status, Some(0), "{}", String::from_utf8_lossy(&run.stderr));
}

/// Says something that libtest does not hold back.
pub(crate) fn say(message: &str) {
    writeln!(io::stdout(), "{message}").expect("stdout takes a line");
}

/// Writes a script that a test then starts. A shell writes it: were it open for writing here, a child of another test
/// could have inherited that, and then Linux says "Text file busy".
pub(crate) fn write_program(path: &Path, text: &str) {
    let folder = path.parent().expect("a file in a folder");
    fs::create_dir_all(folder).expect("a folder that can be written");
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"printf %s "$1" >"$0" && chmod 755 "$0""#]).arg(path).arg(text);
    assert!(shell.status().expect("a shell").success(), "{}", path.display());
}

/// True where nothing may be left out.
pub(crate) fn ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}

/// Says aloud that something is not here, what tests are left out for, and how to get it; with `CI=true` that is a
/// failure. tests/z_left_out.rs says it once more at the end.
pub(crate) fn left_out(what: &str, how: &str) {
    assert!(!ci(), "with CI=true nothing is left out: no {what}: {how}");
    say(&format!("left out: no {what}: {how}"));
    let file = fs::OpenOptions::new().create(true).append(true).open(left_out_in_this_run());
    // One write, because other programs append as well.
    file.and_then(|mut file| file.write_all(format!("no {what}: {how}\n").as_bytes()))
        .expect("a file in the target folder");
}

/// The file of what is left out in this run of `cargo test`, which is the parent of all test programs.
pub(crate) fn left_out_in_this_run() -> PathBuf {
    #[cfg(unix)]
    let run = std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    let run = 0;
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("left-out-{run}"))
}

/// Where `variable` says; else where scripts/install-tools.sh puts it, if `installed` is a path of that folder; else on
/// PATH. `None` where it is not, as [`left_out`].
pub(crate) fn program(variable: &str, installed: &str) -> Option<PathBuf> {
    program_of("install-tools.sh", variable, installed)
}

/// The same of what scripts/install-ci-tools.sh brings.
pub(crate) fn ci_program(variable: &str, installed: &str) -> Option<PathBuf> {
    program_of("install-ci-tools.sh", variable, installed)
}

fn program_of(script: &str, variable: &str, installed: &str) -> Option<PathBuf> {
    let found = match variable_path(variable) {
        Some(program) => Some(program).filter(|program| program.is_file()),
        None if installed.contains('/') => Some(tools().join(installed)).filter(|program| program.is_file()),
        None => on_path(installed),
    };
    if found.is_none() {
        left_out(installed, &format!("run scripts/{script}, or set {variable}"));
    }
    found
}

/// A program on PATH that no script brings, such as OpenSSL. `None` where it is not, as [`left_out`].
pub(crate) fn system_program(name: &str) -> Option<PathBuf> {
    let found = on_path(name);
    if found.is_none() {
        left_out(name, "install it, and put it on PATH");
    }
    found
}

/// The folder of a judge, if scripts/judges.sh has built it from its sources of today. `None` where it is not, as
/// [`left_out`].
pub(crate) fn judge(name: &str) -> Option<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges").join(name);
    let files = fs::read_dir(&sources).expect("the sources of a judge").map(|entry| entry.expect("a file").path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|extension| extension == "go")).collect();
    files.sort();
    files.extend(["go.mod", "go.sum"].map(|file| sources.join(file)));
    let texts: Vec<_> = files.iter().map(|file| fs::read(file).expect("a source")).collect();
    let sum = sha256(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let folder = tools().join(format!("{name}-{}", &sum[..12]));
    if folder.is_dir() {
        return Some(folder);
    }
    left_out(&format!("judge {name}"), &format!("run scripts/judges.sh {name}"));
    None
}

/// What the scripts install and build.
fn tools() -> PathBuf {
    variable_path("MILVUS_GKE_L7_TOOLS").unwrap_or_else(|| {
        let home = || variable_path("HOME").unwrap_or_default().join(".cache");
        variable_path("XDG_CACHE_HOME").unwrap_or_else(home).join("milvus-gke-l7/tools")
    })
}

fn variable_path(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// True with `UPDATE=1`: what is recorded is written instead of compared.
pub(crate) fn update() -> bool {
    let update = env::var_os("UPDATE").is_some_and(|value| value == "1");
    assert!(!(update && ci()), "UPDATE=1 records what it should judge: not with CI=true");
    update
}

/// How the text differs from what the file holds, empty if it does not. With `UPDATE=1` it is written, or the file
/// removed where nothing came.
pub(crate) fn recorded(path: &Path, text: &[u8]) -> String {
    if update() && text.is_empty() {
        let _ = fs::remove_file(path);
    } else if update() {
        fs::write(path, text).expect("a folder that can be written");
    }
    diff(&fs::read(path).unwrap_or_default(), text)
}

/// The documents of a stream, each with the `---` line that leads it. Text before the first
/// separator is a document too.
pub(crate) fn documents(stream: &[u8]) -> Vec<&[u8]> {
    let mut documents = Vec::new();
    let mut start = 0;
    for at in 1..stream.len() {
        if stream[at - 1] == b'\n' && stream[at..].starts_with(b"---") {
            documents.push(&stream[start..at]);
            start = at;
        }
    }
    if start < stream.len() {
        documents.push(&stream[start..]);
    }
    documents
}

/// A document without its separator, also where the two are glued together.
pub(crate) fn body(document: &[u8]) -> &[u8] {
    document.strip_prefix(b"---").unwrap_or(document)
}

/// What Helm may have hashed for `checksum/config`: it hashes the rendered template and then trims
/// the white space at its end. The white space depends on how the last text of the ConfigMap ends;
/// the last entry is a stream that nobody trimmed.
pub(crate) fn checksums(config_map: &[u8]) -> [String; 5] {
    let mut text = config_map;
    if text.starts_with(b"---") {
        text = after_line(text);
    }
    while text.starts_with(b"# Source: ") {
        text = after_line(text);
    }
    let trimmed = text.trim_ascii_end();
    ["\n", "\n    \n", "\n    \n    \n", "\r\n    \n"]
        .map(|suffix| sha256(&[trimmed, suffix.as_bytes()]))
        .into_iter()
        .chain([sha256(&[text])])
        .collect::<Vec<_>>()
        .try_into()
        .expect("five sums")
}

fn after_line(text: &[u8]) -> &[u8] {
    text.iter().position(|&byte| byte == b'\n').map_or(&[], |at| &text[at + 1..])
}

fn sha256(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A line diff for people, empty if the texts are the same. Line ends show where they are not `\n`.
pub(crate) fn diff(old: &[u8], new: &[u8]) -> String {
    let (old, new) = (lines(old), lines(new));
    let mut text = String::new();
    for group in group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), 3) {
        let first = group[0].old_range().start + 1;
        text.push_str(&format!("@@ line {first}\n"));
        for op in group {
            if op.tag() == DiffTag::Equal {
                old[op.old_range()].iter().for_each(|line| show(&mut text, ' ', line));
            } else {
                old[op.old_range()].iter().for_each(|line| show(&mut text, '-', line));
                new[op.new_range()].iter().for_each(|line| show(&mut text, '+', line));
            }
        }
    }
    text
}

/// How many lines went and how many came.
pub(crate) fn changed_lines(old: &[u8], new: &[u8]) -> (usize, usize) {
    capture_diff_slices(Algorithm::Myers, &lines(old), &lines(new))
        .iter()
        .filter(|op| op.tag() != DiffTag::Equal)
        .map(|op: &DiffOp| (op.old_range().len(), op.new_range().len()))
        .fold((0, 0), |(gone, come), (old, new)| (gone + old, come + new))
}

/// Lines with their ends.
pub(crate) fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

fn show(text: &mut String, sign: char, line: &[u8]) {
    text.push(sign);
    let (line, ended) = match line.strip_suffix(b"\n") {
        Some(line) => (line, true),
        None => (line, false),
    };
    for chunk in line.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\t' => text.push('\t'),
                _ if character.is_control() => text.extend(character.escape_default()),
                _ => text.push(character),
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text.push_str(if ended { "\n" } else { "\\ no newline at the end\n" });
}
