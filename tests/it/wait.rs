//! `wait` against a stand-in kubectl that fails, changes, hangs and recovers, and against a real API server on which
//! the test writes what GKE's controllers write.
#![cfg(unix)]

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use milvus_gke_l7::wait::command::{Failure, Source};
use tempfile::TempDir;

use crate::common::{
    self,
    kubernetes::{Namespace, accepted},
    ours, run_in, without_environment,
};

/// What the stand-in does when it is asked.
enum Act {
    /// Prints the objects of this case of `testdata/status`.
    Prints(&'static str),
    Says(&'static str),
    Runs(String),
    Fails(&'static str),
    Hangs,
}

use Act::{Fails, Hangs, Prints, Runs, Says};

/// A kubectl on PATH that does one thing after the other; the last again and again.
struct Kubectl {
    folder: TempDir,
}

impl Kubectl {
    fn new(acts: &[Act]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (index, act) in acts.iter().enumerate() {
            let act = match act {
                Prints(case) => format!("cat {}\n", case_file(case, "stdin.yaml")),
                Runs(command) => command.clone(),
                Says(text) => format!("echo '{text}'\n"),
                Fails(text) => {
                    fs::write(folder.path().join(format!("{index}.txt")), text).unwrap();
                    format!("cat {index}.txt >&2\nexit 1\n")
                }
                // Not by `exec`: what hangs is a child that has the pipes too.
                Hangs => "echo half\nsleep 45\n".to_owned(),
            };
            fs::write(folder.path().join(format!("{index}.sh")), act).unwrap();
        }
        let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 9\necho \"$@\" >> asked\nn=$(($(wc -l < asked) - 1))\n\
            while [ ! -e $n.sh ]; do n=$((n - 1)); done\n. ./$n.sh\n";
        let program = folder.path().join("kubectl");
        common::write_program(&program, script);
        Self { folder }
    }

    /// `wait`, with what `arguments` say; it looks every 20 ms, and for a minute at most unless they say otherwise.
    fn wait(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(&["wait"]);
        for (flag, value) in [("--interval", "20ms"), ("--timeout", "1m")] {
            if !arguments.iter().any(|argument| argument.starts_with(flag)) {
                command.args([flag, value]);
            }
        }
        Ended::of(command.args(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = without_environment(ours());
        let path = env::split_paths(&env::var_os("PATH").unwrap()).collect::<Vec<_>>();
        let path = env::join_paths([self.folder.path().to_owned()].into_iter().chain(path)).unwrap();
        command.args(arguments).env("PATH", path).stdin(Stdio::null());
        command
    }

    /// With which arguments it was asked, each time.
    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }
}

struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        Self { status: output.status.code(), stdout, stderr }
    }

    #[track_caller]
    fn ends(&self, status: i32, stdout: &str) {
        assert_eq!(self.status, Some(status), "{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, stdout, "{}", self.stderr);
    }

    /// What stderr tells, without the times. Each line that begins something begins with one.
    fn told(&self) -> Vec<&str> {
        self.stderr.lines().filter_map(|line| line.strip_prefix('[')?.split_once("] ").map(|(_, told)| told)).collect()
    }

    #[track_caller]
    fn says(&self, words: &str) {
        assert!(self.stderr.contains(words), "no `{words}` in\n{}", self.stderr);
    }
}

fn case_file(case: &str, file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/status").join(case);
    folder.join(file).to_str().unwrap().to_owned()
}

/// What `status` says of a case.
fn status(case: &str, arguments: &[&str]) -> common::Run {
    let arguments: Vec<_> = ["status"].iter().chain(arguments).map(|&argument| argument.to_owned()).collect();
    run_in(Path::new("."), &arguments, &[], &fs::read(case_file(case, "stdin.yaml")).unwrap())
}

fn report(case: &str, arguments: &[&str]) -> String {
    String::from_utf8(status(case, &[arguments, &["--wait-hint"]].concat()).stdout).unwrap()
}

/// A cluster without the Gateway API does not know its kinds, so they are asked for only if wanted.
#[test]
fn behind_a_gateway() {
    let kubectl =
        Kubectl::new(&[Prints("gateway-not-seen"), Prints("gateway-not-programmed"), Prints("gateway-ready")]);
    let ended = kubectl.wait(&["--gateway"]);
    ended.ends(0, &report("gateway-ready", &[]));
    let kinds =
        "gateways.gateway.networking.k8s.io,httproutes,healthcheckpolicies,gcpbackendpolicies,gcpgatewaypolicies";
    let get = format!("get ingress,managedcertificate,backendconfig,service,events,{kinds} -o yaml");
    assert_eq!(kubectl.asked(), vec![get; 3]);
}

/// A Gateway that releases share is in a namespace of its own; without it nothing is ready.
#[test]
fn of_the_operator() {
    let kubectl = Kubectl::new(&[Prints("operator-updating"), Prints("operator-ready")]);
    let ended = kubectl.wait(&["--operator"]);
    ended.ends(0, &report("operator-ready", &[]));
    let get = "get ingress,managedcertificate,backendconfig,service,events,milvuses.milvus.io -o yaml";
    assert_eq!(kubectl.asked(), [get; 2]);
    ended.says("components[standalone] are updating");
}

#[test]
fn behind_a_gateway_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let both = fs::read_to_string(case_file("gateway-elsewhere-printed", "stdin.yaml")).unwrap();
    let gateway = folder.path().join("gateway.yaml");
    fs::write(&gateway, both.split_once("\n---\n").unwrap().1).unwrap();
    let shared = || Runs(format!("cat {}", gateway.display()));
    let kubectl = Kubectl::new(&[Prints("gateway-elsewhere"), Fails("no"), Prints("gateway-elsewhere"), shared()]);
    let ended = kubectl.wait(&["--gateway-namespace", "shared", "--namespace=search"]);
    ended.ends(0, &report("gateway-elsewhere-printed", &[]));
    ended.says("kubectl failed (exit status: 1)");
    let [first, second, ..] = &kubectl.asked()[..] else { panic!() };
    assert!(first.contains(",gcpgatewaypolicies -o yaml --namespace search"), "{first}");
    assert_eq!(second, "get gateways.gateway.networking.k8s.io,gcpgatewaypolicies,events -o yaml --namespace shared");

    let ended = Kubectl::new(&[Fails("no")]).wait(&["--gateway-namespace=shared", "--timeout=100ms"]);
    ended.says(&format!("-o yaml; echo ---; kubectl {second}\n"));
}

#[test]
fn until_it_is_ready() {
    let kubectl = Kubectl::new(&[
        Prints("empty-list"),
        Prints("no-ingress"),
        Prints("no-address"),
        Prints("no-address"),
        Prints("managed-not-visible"),
        Prints("ready-managed"),
    ]);
    let ended = kubectl.wait(&["-n", "milvus", "--context=gke", "--release=my-release"]);
    ended.ends(0, &report("ready-managed", &[]));
    let get = "get ingress,managedcertificate,backendconfig,service,events -o yaml --namespace milvus --context gke";
    assert_eq!(kubectl.asked(), vec![get; 6]);
    let told = ended.told();
    let expected = [
        "waiting  Service: none leads to Milvus",
        "nothing of Milvus found in namespace milvus yet; `helm list --all-namespaces` shows where releases are",
        "waiting for the Milvus Service",
        "ok       Service my-release-milvus",
        "waiting  Ingress: none leads to the Milvus Service",
        "waiting for the Ingress",
        "ok       network endpoint groups in us-central1-a, us-central1-c",
        "waiting  Ingress my-release-milvus, class gce: no ADDRESS yet",
        "waiting  ManagedCertificate my-release-milvus-tls: no status yet",
        "waiting  port 443: no forwarding rule yet",
        "waiting  health: not known yet",
        "waiting for the ADDRESS of the Ingress",
        "ok       Ingress my-release-milvus, class gce: ADDRESS 203.0.113.10",
        "waiting  ManagedCertificate my-release-milvus-tls: Provisioning",
        "ok       port 443: forwarding rule k8s2-fs-0a1b2c3d-milvus-my-release-milvus-6a7b8c9d",
        "ok       health: HEALTHY",
        "waiting for DNS: milvus.example.com must point to 203.0.113.10",
        "ok       ManagedCertificate my-release-milvus-tls: Active",
        "ready",
    ];
    assert_eq!(told, expected);
    ended.says("to do: point the A record of milvus.example.com at 203.0.113.10");
    ended.says("usually: up to 60 minutes");
    let times: Vec<_> = ended.stderr.lines().filter_map(|line| line.strip_prefix('[')?.split(']').next()).collect();
    assert!(times.iter().all(|time| time.len() == 7 && time.ends_with('s')), "{times:?}");
}

#[test]
fn a_failing_command_is_asked_again() {
    let log = "E1120 09:00:00.000000   12 memcache.go:265] couldn't get current server API group list\n\
        Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout";
    let kubectl = Kubectl::new(&[
        Fails("Unable to connect to the server: net/http: TLS handshake timeout"),
        Fails("Unable to connect to the server: net/http: TLS handshake timeout"),
        Prints("no-address"),
        Fails("Unable to connect to the server: net/http: TLS handshake timeout"),
        Fails(""),
        Fails(log),
        Prints("ready-managed"),
    ]);
    let ended = kubectl.wait(&[]);
    ended.ends(0, &report("ready-managed", &[]));
    let told = ended.told();
    let count = |words: &str| told.iter().filter(|told| **told == words).count();
    // Of two alike one is told.
    assert_eq!(count("kubectl failed (exit status: 1):"), 3, "{}", ended.stderr);
    assert_eq!(count("kubectl failed (exit status: 1), and said nothing"), 1, "{}", ended.stderr);
    assert_eq!(count("kubectl works again"), 2, "{}", ended.stderr);
    let lines: Vec<_> = ended.stderr.lines().map(str::trim).collect();
    assert!(lines.contains(&"Unable to connect to the server: net/http: TLS handshake timeout"), "{}", ended.stderr);
    assert!(lines.contains(&"Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("memcache.go"), "{}", ended.stderr);
}

#[test]
fn a_command_that_always_fails_ends_with_the_time() {
    let kubectl = Kubectl::new(&[Fails("error: You must be logged in to the server (Unauthorized)")]);
    let ended = kubectl.wait(&["--timeout=3s", "--output=json"]);
    ended.ends(3, "");
    ended.says("error: time is up after 3s: kubectl failed (exit status: 1): error: You must be logged in");
    ended.says("run it alone to see what it says: kubectl get ingress,");
    assert!(kubectl.asked().len() > 2);
}

#[test]
fn a_command_that_is_not_there_ends_at_once() {
    let mut wait = without_environment(ours());
    let ended = Ended::of(wait.arg("wait").env("PATH", "/nowhere").stdin(Stdio::null()));
    ended.ends(1, "");
    ended.says("error: cannot run kubectl: No such file or directory");
    ended.says("install kubectl and put it on PATH");
    let ended = Kubectl::new(&[]).wait(&["--", "./no-such-command"]);
    ended.ends(1, "");
    ended.says("error: cannot run ./no-such-command: ");
}

#[test]
fn broken_twice_may_recover() {
    let kubectl = Kubectl::new(&[
        Prints("event-static-ip-missing"),
        Prints("ingress-nginx"),
        Prints("no-address"),
        Prints("event-static-ip-missing"),
        Prints("event-static-ip-missing"),
        Fails("Unable to connect"),
        Prints("ready-managed"),
    ]);
    let ended = kubectl.wait(&[]);
    ended.ends(0, &report("ready-managed", &[]));
    ended.says("event    ");
    assert_eq!(kubectl.asked().len(), 7);
}

#[test]
fn broken_three_times_is_broken() {
    let kubectl = Kubectl::new(&[Prints("no-address"), Prints("event-static-ip-missing")]);
    let ended = kubectl.wait(&[]);
    ended.ends(1, &report("event-static-ip-missing", &[]));
    assert_eq!(kubectl.asked().len(), 4);
    assert!(ended.told().last().unwrap().starts_with("broken: "), "{}", ended.stderr);
}

#[test]
fn time_is_up() {
    let kubectl = Kubectl::new(&[Prints("managed-not-visible")]);
    let begin = Instant::now();
    let ended = kubectl.wait(&["--timeout=3s", "--dns"]);
    assert!(begin.elapsed() >= Duration::from_secs(3));
    ended.ends(3, &report("managed-not-visible", &["--dns"]));
    ended.says("error: time is up after 3s: waiting for DNS: milvus.example.com must point to 203.0.113.10");
    assert!(kubectl.asked().len() > 5);
    // Of a long pause as much is left out as a last look takes.
    let kubectl = Kubectl::new(&[Prints("no-address")]);
    let ended = kubectl.wait(&["--timeout=3s", "--interval=1h"]);
    ended.ends(3, &report("no-address", &[]));
    assert!((2..10).contains(&kubectl.asked().len()), "{}", ended.stderr);
}

#[test]
fn the_last_report_may_be_old() {
    let kubectl = Kubectl::new(&[Prints("no-address"), Fails("Unable to connect")]);
    let ended = kubectl.wait(&["--timeout=3s"]);
    ended.ends(3, &report("no-address", &[]));
    ended.says("time is up after 3s: kubectl failed (exit status: 1): Unable to connect\n  = note: the last report is");
}

#[test]
fn a_wrong_namespace_is_told_at_once() {
    let kubectl = Kubectl::new(&[Prints("empty-list")]);
    let ended = kubectl.wait(&["--timeout=3s", "-n=milvsu"]);
    ended.ends(3, &report("empty-list", &[]));
    let hint = "nothing of Milvus found in namespace milvsu yet; `helm list --all-namespaces` shows where releases are";
    assert_eq!(ended.told().iter().filter(|&&told| told == hint).count(), 1, "{}", ended.stderr);
    assert_eq!(ended.told()[1], hint, "{}", ended.stderr);
    ended.says(&format!("  = help: {hint}"));
    let ended = kubectl.wait(&["--timeout=3s"]);
    ended.says("nothing of Milvus found in kubectl's current namespace yet");
}

/// The command is killed after 30 s at the earliest.
#[test]
fn a_command_that_hangs_is_killed_and_asked_again() {
    let kubectl = Kubectl::new(&[Prints("no-address"), Hangs, Prints("ready-managed")]);
    let ended = kubectl.wait(&["--timeout=10m"]);
    ended.ends(0, &report("ready-managed", &[]));
    ended.says("kubectl did not end within 30s, and was killed");
    ended.says("kubectl works again");
    assert_eq!(kubectl.asked().len(), 3);
    // Not longer than there is time.
    let kubectl = Kubectl::new(&[Hangs]);
    let ended = kubectl.wait(&["--timeout=2s"]);
    ended.ends(3, "");
    ended.says("time is up after 2s: kubectl did not end within 2s, and was killed");
}

#[test]
fn what_hangs_is_killed() {
    let sleep = |words: &[&str]| Source::other(words.iter().map(OsString::from).collect()).unwrap();
    let bound = Duration::from_millis(300);
    let mut ticks = 0;
    for words in [
        &["sleep", "45"][..],
        // A child has the pipes too.
        &["sh", "-c", "sleep 45; true"],
        // It closes them, and stays.
        &["sh", "-c", "exec >&- 2>&- sleep 45"],
        // It writes to stderr alone, without end.
        &["sh", "-c", "exec >&-; exec yes >&2"],
    ] {
        let begin = Instant::now();
        let failure = sleep(words).read(bound, &mut || ticks += 1).unwrap_err();
        assert!(matches!(failure, Failure::Hung { .. }), "{words:?}: {failure}");
        assert!(begin.elapsed() >= bound && begin.elapsed() < Duration::from_secs(40), "{words:?}");
    }
    // More on both than a pipe holds.
    let both = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero";
    let read = sleep(&["sh", "-c", both]).read(Duration::from_secs(60), &mut || ticks += 1).unwrap();
    assert_eq!(read.len(), 300_000);
}

#[test]
fn another_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("two words; $HOME.yaml");
    fs::copy(case_file("ready-managed", "stdin.yaml"), &file).unwrap();
    let kubectl = Kubectl::new(&[]);
    kubectl.wait(&["--", "cat", file.to_str().unwrap()]).ends(0, &report("ready-managed", &[]));
    assert!(kubectl.asked().is_empty());
    let ended = kubectl.wait(&["--timeout=2s", "--", "cat", &case_file("empty-list", "stdin.yaml")]);
    ended.says("nothing of Milvus found yet in what cat prints");
    for flag in ["--namespace=a", "--context=a"] {
        let ended = kubectl.wait(&[flag, "--", "cat", "a"]);
        assert_eq!(ended.status, Some(2), "{}", ended.stderr);
        ended.says("cannot be used with");
    }
}

#[test]
fn what_is_no_object_may_pass_once_but_not_three_times() {
    let kubectl = Kubectl::new(&[Says("half: [of"), Says(""), Prints("ready-managed")]);
    let ended = kubectl.wait(&[]);
    ended.ends(0, &report("ready-managed", &[]));
    ended.says("the input is empty");
    for case in ["table", "releases-several"] {
        let kubectl = Kubectl::new(&[Prints(case)]);
        let ended = kubectl.wait(&[]);
        ended.ends(1, "");
        let refusal = String::from_utf8(status(case, &[]).stderr).unwrap();
        assert!(!refusal.is_empty() && ended.stderr.ends_with(&refusal), "{}", ended.stderr);
        assert_eq!(kubectl.asked().len(), 3, "{case}");
    }
}

#[test]
fn a_release_that_is_not_there_yet_may_come() {
    let others = || Prints("no-address");
    let kubectl = Kubectl::new(&[others(), others(), others(), others(), Prints("releases-second")]);
    let ended = kubectl.wait(&["--timeout=3s", "--release=other", "--", "kubectl"]);
    ended.ends(3, &report("releases-second", &["--release=other"]));
    assert!(kubectl.asked().len() > 5);
    let kubectl = Kubectl::new(&[Prints("releases-several")]);
    let ended = kubectl.wait(&["--release=none", "--timeout=3s"]);
    ended.ends(3, "");
    ended.says("time is up after 3s: no Milvus release `none` in the input, only: ");
}

#[test]
fn the_report_as_data() {
    for (case, exit) in [("ready-managed", 0), ("event-static-ip-missing", 1), ("no-address", 3)] {
        let ended = Kubectl::new(&[Prints(case)]).wait(&["--timeout=3s", "--output=json"]);
        let data = String::from_utf8(status(case, &["--output=json"]).stdout).unwrap();
        assert!(data.starts_with('{'));
        ended.ends(exit, &data);
    }
}

#[test]
fn durations() {
    for (flag, words) in [
        ("--interval=0", "from 10ms to 1h, not 0s"),
        ("--interval=2h", "from 10ms to 1h, not 2h"),
        ("--timeout=8d", "not a duration"),
        ("--timeout=169h", "from 1ms to 7d, not 7d1h"),
    ] {
        let ended = Ended::of(without_environment(ours()).args(["wait", flag]));
        assert_eq!(ended.status, Some(2), "{flag}");
        ended.says(words);
    }
}

#[test]
fn interrupted() {
    let kubectl = Kubectl::new(&[Prints("no-address")]);
    let mut running = Running::start(kubectl.command(&["wait", "--interval=20ms", "--timeout=5m"]));
    running.hears("waiting for the ADDRESS of the Ingress");
    let pid = running.child.id().to_string();
    assert!(Command::new("sh").args(["-c", "kill -INT $0", &pid]).status().unwrap().success());
    assert_eq!(running.child.wait().unwrap().signal(), Some(2));
}

/// On a terminal the last line is what is waited for, and goes when something else is printed.
#[cfg(target_os = "linux")]
#[test]
fn one_line_lives_on_a_terminal() {
    let kubectl = Kubectl::new(&[Prints("no-address"), Prints("no-address"), Prints("ready-managed")]);
    let program = ours().into_string().unwrap();
    let mut command = kubectl.command(&[]);
    let Some(script) = common::system_program("script") else { return };
    let mut script = Command::new(script);
    script.args(["-qec", &format!("{program} wait --interval=20ms >&2"), "/dev/null"]).stdin(Stdio::null());
    script.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "xterm");
    command = script;
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let live = "] waiting for the ADDRESS of the Ingress\u{1b}[?7h";
    assert!(text.contains(live), "{text:?}");
    assert!(!text.contains("waiting for the ADDRESS of the Ingress\r\n"), "{text:?}");
    // As a terminal shows it.
    let shown: Vec<_> =
        text.split("\r\n").map(|line| line.rsplit("\r\u{1b}[K").next().unwrap().replace("\u{1b}[?7l", "")).collect();
    assert!(shown[0].ends_with("] ok       Service my-release-milvus"), "{shown:?}");
    assert_eq!(shown.iter().filter(|line| line.contains("waiting for ")).count(), 0, "{shown:?}");
    assert!(shown.iter().any(|line| line == "ready"), "{shown:?}");
}

/// Each `wait` that the documentation, or `notes`, tells to run.
#[test]
fn the_commands_of_the_documentation_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    pages.extend(["docs", "docs/ways-in", "testdata/notes"].iter().flat_map(|folder| {
        let entries = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { path.join("stdout.txt") } else { path }).filter(|path| path.is_file())
    }));
    let kubectl = Kubectl::new(&[Prints("ready-managed")]);
    let program = Path::new(&ours()).parent().unwrap().to_owned();
    let mut run = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        assert!(!text.contains("until kubectl"), "{}: a loop of a shell", page.display());
        for line in text.lines().map(str::trim).filter(|line| line.starts_with("milvus-gke-l7 wait ")) {
            let mut command = kubectl.command(&[]);
            if line.contains("| jq ") && common::system_program("jq").is_none() {
                continue;
            }
            let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
            let mut path: Vec<_> = env::split_paths(&path).collect();
            path.push(program.clone());
            command = Command::new("sh");
            // What never gets ready fails soon.
            let limited = line.replacen("wait ", "wait --timeout 1m ", usize::from(!line.contains("--timeout")));
            command.args(["-c", &limited]).env_clear().env("PATH", env::join_paths(path).unwrap()).stdin(Stdio::null());
            let ended = Ended::of(&mut command);
            assert_eq!(ended.status, Some(0), "{}: {line}\n{}", page.display(), ended.stderr);
            run += 1;
        }
    }
    assert!(run > 10, "only {run} were run");
}

/// A `wait` that runs, and the lines of its stderr.
struct Running {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, heard: Vec::new() }
    }

    /// Goes on when a line ends so.
    #[track_caller]
    fn hears(&mut self, words: &str) {
        while !self.heard.last().is_some_and(|line| line.ends_with(words)) {
            match self.lines.recv_timeout(Duration::from_secs(60)) {
                Ok(line) => self.heard.push(line),
                Err(error) => panic!("no `{words}`: {error}\n{}", self.heard.join("\n")),
            }
        }
    }

    fn ends(mut self) -> (Option<i32>, String) {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        (self.child.wait().unwrap().code(), stdout)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The rewritten sample on a real API server, on which the test writes what GKE's controllers would write.
#[test]
fn on_a_real_api_server() {
    let Some(namespace) = Namespace::create() else { return };
    let Some(kubectl) = common::program("KUBECTL", "kubectl") else { return };
    let folder = tempfile::tempdir().unwrap();
    symlink(fs::canonicalize(kubectl).unwrap(), folder.path().join("kubectl")).unwrap();
    let mut wait = without_environment(ours());
    wait.env("PATH", folder.path()).env("HOME", folder.path()).stdin(Stdio::null());
    wait.args(["wait", "--interval=200ms", "--timeout=10m"]);
    namespace.enter(&mut wait);
    let mut running = Running::start(wait);
    running.hears("`helm list --all-namespaces` shows where releases are");

    let sample =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml")).unwrap();
    let sample = sample.replace("namespace: milvus\n", &format!("namespace: {}\n", namespace.name));
    let sample = sample.replace("namespace: \"milvus\"\n", &format!("namespace: {}\n", namespace.name));
    let filtered = run_in(Path::new("."), &["--host=milvus.example.com".to_owned()], &[], sample.as_bytes());
    let documents = common::documents(&filtered.stdout).into_iter().map(String::from_utf8_lossy);
    // The sample's workloads are shortened.
    let objects: String = documents.filter(|document| !document.contains("\nkind: StatefulSet")).collect();
    accepted(&namespace.kubectl_with(&["apply", "--filename=-"], &objects));
    running.hears("waiting for the network endpoint groups");

    let event = |at: u32, kind: &str, reason: &str, message: &str| {
        let event = serde_json::json!({
            "apiVersion": "v1", "kind": "Event", "type": kind, "reason": reason, "message": message,
            "metadata": {"name": format!("my-release-milvus.{at}"), "namespace": namespace.name},
            "involvedObject": {
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "namespace": namespace.name, "name": "my-release-milvus",
            },
            "source": {"component": "loadbalancer-controller"},
            "count": 1,
            "firstTimestamp": format!("2099-11-20T09:00:{at:02}Z"),
            "lastTimestamp": format!("2099-11-20T09:00:{at:02}Z"),
        });
        accepted(&namespace.kubectl_with(&["create", "--filename=-"], &event.to_string()));
    };
    let patch = |object: &str, flags: &[&str], patch: serde_json::Value| {
        let patch = format!("--patch={patch}");
        accepted(&namespace.kubectl(&[&["patch", object, "--type=merge", &patch], flags].concat()));
    };
    let annotate = |object: &str, annotations: serde_json::Value| {
        patch(object, &[], serde_json::json!({"metadata": {"annotations": annotations}}));
    };
    let (ingress, certificate) = ("ingress/my-release-milvus", "managedcertificate/my-release-milvus-tls");
    event(1, "Warning", "Translate", "Translation failed: invalid ingress spec: googleapi: Error 503: backend error");
    running.hears("event    2099-11-20T09:00:01Z Translate, Ingress my-release-milvus");

    let group = "k8s1-0a1b2c3d-milvus-my-release-milvus-19530-4e5f6a7b";
    let status = serde_json::json!({"network_endpoint_groups": {"19530": group}, "zones": ["us-central1-a"]});
    annotate("service/my-release-milvus", serde_json::json!({"cloud.google.com/neg-status": status.to_string()}));
    running.hears("ok       network endpoint groups in us-central1-a");
    event(2, "Normal", "Sync", "UrlMap \"k8s2-um-0a1b2c3d\" created");
    running.hears("GKE has continued since");
    let address = serde_json::json!({"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}}});
    patch(ingress, &["--subresource=status"], address);
    running.hears("ok       Ingress my-release-milvus, class gce: ADDRESS 203.0.113.10");

    let state = |whole: &str, domain: &str| {
        serde_json::json!({"status": {
            "certificateName": "mcrt-2c1a57b8", "certificateStatus": whole,
            "domainStatus": [{"domain": "milvus.example.com", "status": domain}],
        }})
    };
    patch(certificate, &[], state("Provisioning", "FailedNotVisible"));
    running.hears("waiting for DNS: milvus.example.com must point to 203.0.113.10");
    patch(certificate, &[], state("Active", "Active"));
    running.hears("waiting for port 443 of the load balancer");
    annotate(
        ingress,
        serde_json::json!({
            "ingress.gcp.kubernetes.io/pre-shared-cert": "mcrt-2c1a57b8",
            "ingress.kubernetes.io/https-forwarding-rule": "k8s2-fs-0a1b2c3d",
            "ingress.kubernetes.io/backends": serde_json::json!({group: "Unknown"}).to_string(),
        }),
    );
    running.hears("waiting for healthy backends");
    let healthy = serde_json::json!({group: "HEALTHY"}).to_string();
    annotate(ingress, serde_json::json!({"ingress.kubernetes.io/backends": healthy}));
    running.hears("] ready");
    let (status, stdout) = running.ends();
    assert_eq!(status, Some(0), "{stdout}");
    assert!(stdout.contains("uri=\"https://203.0.113.10:443\"") && stdout.ends_with("\nready\n"), "{stdout}");
}
