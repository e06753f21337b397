//! What `helm-plugin` and `kustomize-plugin` put in place, seen by the real Helm 3, Helm 4,
//! kustomize and kubectl.

#![cfg(unix)]

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use tempfile::TempDir;

use crate::common::{self, program};

const PROJECT: &str = env!("CARGO_MANIFEST_DIR");
const BINARY: &str = env!("CARGO_BIN_EXE_milvus-gke-l7");
const NAME: &str = "milvus-gke-l7";
const HOST: &str = "--host=vectors.example.com";
const HELM_3: (&str, &str) = ("HELM3", "helm-3.22.0/helm");
const HELM_4: (&str, &str) = ("HELM4", "helm-4.3.1/helm");

macro_rules! find {
    ($tool:expr) => {{
        let (variable, installed) = $tool;
        match program(variable, installed) {
            Some(program) => program,
            None => return,
        }
    }};
}

#[test]
fn helm_4_runs_what_install_wrote() {
    let helm = find!(HELM_4);
    let home = Home::new();
    let said = done(&home.ours(&["helm-plugin", "install"]));
    let file = home.helm_plugin(&helm).join("plugin.yaml");
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains(&format!("command: '{}'", home.program.display())), "{written}");
    assert!(said.contains("helm upgrade --install my-release milvus/milvus"), "{said}");

    let list = done(&home.run(&helm, &["plugin", "list"]));
    let line = list.lines().find(|line| line.starts_with(NAME)).expect(&list);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(line.split_whitespace().collect::<Vec<_>>()[1..4], [version, "postrenderer/v1", "v1"]);
    rewritten(&done(&home.template(&helm, NAME, &[HOST])));

    // Helm 4 drops stderr and refuses our text: so the flag in plugin.yaml arrives.
    let refused = home.template(&helm, NAME, &["--host=Vectors.example.com"]);
    failed(&refused, &["error while parsing post rendered output", "milvus-gke-l7: error: ", "Vectors.example.com"]);

    assert_eq!(done(&home.ours(&["helm-plugin", "install"])), said, "once more");
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
    done(&home.ours(&["helm-plugin", "uninstall"]));
    assert!(!file.parent().unwrap().exists());
    failed(&home.template(&helm, NAME, &[HOST]), &["not found"]);
    assert!(done(&home.ours(&["helm-plugin", "uninstall"])).starts_with("Nothing to uninstall"));
}

/// What the path cannot say, Helm finds through the link beside plugin.yaml.
#[test]
fn helm_4_runs_a_program_in_any_folder() {
    let helm = find!(HELM_4);
    for folder in ["my programs", "$HOME", "${HOME}", "a $ b", "it's \"here\"", "tab\there", "größe"] {
        let mut home = Home::new();
        let program = home.path(folder).join(NAME);
        fs::create_dir(program.parent().unwrap()).unwrap();
        symlink(BINARY, &program).unwrap();
        home.program = program;
        done(&home.ours(&["helm-plugin", "install"]));
        rewritten(&done(&home.template(&helm, NAME, &[HOST])));
        done(&home.ours(&["helm-plugin", "uninstall"]));
        assert!(!home.helm_plugin(&helm).exists(), "{folder}");
    }
}

#[test]
fn path_is_where_helm_4_looks() {
    let helm = find!(HELM_4);
    for (variable, value) in [
        ("HOME", "~"),
        ("XDG_DATA_HOME", "~/xdg"),
        ("HELM_DATA_HOME", "~/data"),
        ("HELM_PLUGINS", "~/plugins"),
        ("HELM_PLUGINS", "~/one:~/two"),
        ("HELM_PLUGINS", "relative"),
    ] {
        let mut home = Home::new();
        home.set(variable, &value.replace('~', home.folder.path().to_str().unwrap()));
        let plugin = home.helm_plugin(&helm);
        done(&home.ours(&["helm-plugin", "install"]));
        assert!(home.folder.path().join(plugin).is_dir());
        rewritten(&done(&home.template(&helm, NAME, &[HOST])));
    }
    let mut home = Home::new();
    home.set("HELM_PLUGINS", "");
    failed(&home.ours(&["helm-plugin", "install"]), &["error: HELM_PLUGINS does not name a folder"]);
    failed(&home.run(&helm, &["template", "chart", "--post-renderer", NAME]), &["not found"]);
}

#[test]
fn a_checkout_that_helm_4_linked_is_left_alone() {
    let helm = find!(HELM_4);
    // Helm names the link after the folder.
    for (folder, found) in [(NAME, "is a link to "), ("checkout", "holds a plugin of the same name")] {
        let home = Home::new();
        let checkout = home.path("src").join(folder);
        fs::create_dir_all(&checkout).unwrap();
        fs::copy(Path::new(PROJECT).join("plugin.yaml"), checkout.join("plugin.yaml")).unwrap();
        done(&home.run(&helm, &["plugin", "install", checkout.to_str().unwrap()]));
        let before = fs::read_to_string(checkout.join("plugin.yaml")).unwrap();
        rewritten(&done(&home.template(&helm, NAME, &[HOST])));

        for action in ["install", "uninstall"] {
            failed(&home.ours(&["helm-plugin", action]), &["error: ", found, "`helm plugin uninstall milvus-gke-l7`"]);
        }
        assert_eq!(fs::read_to_string(checkout.join("plugin.yaml")).unwrap(), before);
        assert_eq!(fs::read_dir(&checkout).unwrap().count(), 1);

        // What the message says.
        done(&home.run(&helm, &["plugin", "uninstall", NAME]));
        done(&home.ours(&["helm-plugin", "install"]));
        rewritten(&done(&home.template(&helm, NAME, &[HOST])));
    }
}

/// The reason for the refusal above.
#[test]
fn helm_4_runs_neither_of_two_plugins_of_one_name() {
    let helm = find!(HELM_4);
    let home = Home::new();
    done(&home.ours(&["helm-plugin", "install"]));
    let plugin = home.helm_plugin(&helm);
    let other = plugin.with_file_name("checkout");
    fs::create_dir(&other).unwrap();
    fs::copy(plugin.join("plugin.yaml"), other.join("plugin.yaml")).unwrap();
    failed(&home.template(&helm, NAME, &[HOST]), &["two plugins claim the name"]);
}

#[test]
fn a_helm_3_that_loses_its_plugins_is_told() {
    let helm_3 = find!(HELM_3);
    let failure = ["failed to load plugins: ", "unknown field \"apiVersion\""];
    let home = Home::new();
    home.put_on_path("helm", &helm_3);
    home.put_on_path("helm3", &helm_3);
    home.write(".local/share/helm/plugins/hello/plugin.yaml", "name: hello\nversion: 0.1.0\ncommand: echo hello\n");
    assert!(done(&home.run(&helm_3, &["plugin", "list"])).contains("hello"));

    let installed = home.ours(&["helm-plugin", "install"]);
    assert!(installed.status.success());
    let warning = text(&installed.stderr);
    let found = format!("warning: Helm 3 ({0}/helm, {0}/helm3) reads the same plugins", home.path("bin").display());
    for words in [&found, "HELM_DATA_HOME", "`milvus-gke-l7 helm-plugin uninstall`"] {
        assert!(warning.contains(words), "{words:?} is not in: {warning}");
    }
    // It is true.
    let words: Vec<&str> = failure.iter().map(|words| words.trim_end()).collect();
    words.iter().for_each(|words| assert!(warning.contains(words), "{words:?} is not in: {warning}"));
    failed(&home.run(&helm_3, &["plugin", "list"]), &failure[1..]);
    let post_rendered = home.template(&helm_3, home.program.to_str().unwrap(), &[HOST]);
    failure.iter().for_each(|words| assert!(text(&post_rendered.stderr).contains(words)));
    assert!(post_rendered.status.success());
    rewritten(text(&post_rendered.stdout));

    // And so is the way out.
    done(&home.ours(&["helm-plugin", "uninstall"]));
    for (variable, value) in [("HELM_DATA_HOME", "helm-4"), ("HELM_PLUGINS", "helm-4-plugins")] {
        let value = home.path(value);
        let output =
            home.command(&home.program).env(variable, &value).args(["helm-plugin", "install"]).output().unwrap();
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with(&format!("warning: set {variable} only for Helm 4: ")), "{stderr}");
        let helm_3_too = home.command(&helm_3).env(variable, value).args(["plugin", "list"]).output().unwrap();
        failed(&helm_3_too, &failure[1..]);
    }
    assert!(done(&home.run(&helm_3, &["plugin", "list"])).contains("hello"));
}

#[test]
fn a_helm_that_shares_nothing_is_not_told() {
    let (helm_3, helm_4) = (find!(HELM_3), find!(HELM_4));
    let home = Home::new();
    home.put_on_path("helm", &helm_4);
    // A Helm 3 with a folder of its own, as people keep it beside Helm 4.
    let script = format!("#!/bin/sh\nHELM_DATA_HOME=$HOME/helm-3 exec '{}' \"$@\"\n", helm_3.display());
    home.write_program("bin/helm3", &script);
    // One that does not even tell its version.
    home.write_program("bin2/helm", "#!/bin/sh\nexit 1\n");
    done(&home.ours(&["helm-plugin", "install"]));
}

#[test]
fn kustomize_runs_what_install_linked() {
    let kustomize = find!(("KUSTOMIZE", "kustomize-5.8.2/kustomize"));
    every_plugin_home(&kustomize, "build");
}

#[test]
fn kubectl_runs_what_install_linked() {
    let kubectl = find!(("KUBECTL", "kubectl"));
    every_plugin_home(&kubectl, "kustomize");
}

/// Folders that are there, variables, and the folder that kustomize takes then.
type PluginHome<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

fn every_plugin_home(tool: &Path, subcommand: &str) {
    let homes: [PluginHome; 7] = [
        (&[], &[], ".config/kustomize/plugin"),
        (&["kustomize/plugin"], &[], "kustomize/plugin"),
        (&["kustomize/plugin", ".config/kustomize/plugin"], &[], ".config/kustomize/plugin"),
        (&[], &[("XDG_CONFIG_HOME", "~/xdg")], "xdg/kustomize/plugin"),
        (&["kustomize/plugin"], &[("XDG_CONFIG_HOME", "~/xdg")], "kustomize/plugin"),
        (&["kustomize/plugin", "xdg/kustomize/plugin"], &[("XDG_CONFIG_HOME", "~/xdg")], "xdg/kustomize/plugin"),
        (&[], &[("XDG_CONFIG_HOME", "~/xdg"), ("KUSTOMIZE_PLUGIN_HOME", "~/named")], "named"),
    ];
    for (folders, variables, wanted) in homes {
        let mut home = Home::new();
        folders.iter().for_each(|folder| fs::create_dir_all(home.path(folder)).unwrap());
        for (name, value) in variables {
            home.set(name, &value.replace('~', home.folder.path().to_str().unwrap()));
        }
        let link = home.path(wanted).join("milvus-gke-l7/v1alpha1/milvusgkel7/MilvusGkeL7");
        assert_eq!(done(&home.ours(&["kustomize-plugin", "path"])).trim_end(), link.to_str().unwrap());
        let said = done(&home.ours(&["kustomize-plugin", "install"]));
        assert_eq!(fs::read_link(&link).unwrap(), home.program);
        assert_eq!(done(&home.ours(&["kustomize-plugin", "install"])), said, "once more");

        // The files as the message shows them.
        let resources = "resources:\n  - rendered.yaml\n";
        home.write("app/kustomization.yaml", &format!("{resources}{}", shown(&said, "In kustomization.yaml:\n")));
        home.write("app/milvus-gke-l7.yaml", &shown(&said, "In milvus-gke-l7.yaml:\n"));
        home.write("app/rendered.yaml", &sample());
        let call = format!("{subcommand} --enable-alpha-plugins .");
        assert!(shown(&said, "Use it:\n").contains(&call), "{said}");
        let built = home.command(tool).args(call.split(' ')).current_dir(home.path("app")).output().unwrap();
        rewritten(&done(&built));

        done(&home.ours(&["kustomize-plugin", "uninstall"]));
        assert!(fs::symlink_metadata(&link).is_err(), "the link is still there");
        let built = home.command(tool).args(call.split(' ')).current_dir(home.path("app")).output().unwrap();
        failed(&built, &["expected file with Go object code at: ", "MilvusGkeL7.so"]);
    }
}

/// The block of a message below a line, without its indentation.
fn shown(message: &str, above: &str) -> String {
    let (_, block) = message.split_once(above).expect(above);
    block.lines().map_while(|line| line.strip_prefix("  ")).map(|line| format!("{line}\n")).collect()
}

/// A folder of its own for everything that is looked for at home.
struct Home {
    folder: TempDir,
    /// By the path that a package manager links, not the one that it links to.
    program: PathBuf,
    variables: Vec<(String, String)>,
}

impl Home {
    fn new() -> Self {
        let mut home = Self { folder: tempfile::tempdir().unwrap(), program: PathBuf::new(), variables: Vec::new() };
        for folder in ["bin", "bin2"] {
            fs::create_dir(home.path(folder)).unwrap();
        }
        home.program = home.path("bin").join(NAME);
        symlink(BINARY, &home.program).unwrap();
        for file in ["Chart.yaml", "templates/replay.yaml"] {
            home.write(&format!("chart/{file}"), &read(&format!("testdata/replay/{file}")));
        }
        home.write("chart/rendered.yaml", &sample());
        home
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn write_program(&self, path: &str, text: &str) {
        common::write_program(&self.path(path), text);
    }

    fn put_on_path(&self, name: &str, program: &Path) {
        symlink(program, self.path("bin").join(name)).unwrap();
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let path = env::join_paths(["bin", "bin2", "bin"].map(|folder| self.path(folder))).unwrap();
        command.env_clear().env("PATH", path).env("HOME", self.folder.path()).env("TMPDIR", self.path("bin2"));
        command.envs(env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)));
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).current_dir(self.folder.path());
        command
    }

    fn run(&self, program: &Path, args: &[&str]) -> Output {
        self.command(program).args(args).output().unwrap()
    }

    fn ours(&self, args: &[&str]) -> Output {
        self.run(&self.program, args)
    }

    fn template(&self, helm: &Path, post_renderer: &str, args: &[&str]) -> Output {
        let mut command = self.command(helm);
        command.args(["template", "my-release", "chart", "--namespace", "milvus", "--post-renderer", post_renderer]);
        command.args(args.iter().map(|arg| format!("--post-renderer-args={arg}"))).output().unwrap()
    }

    /// The plugin's folder, as `helm-plugin path` says and Helm agrees.
    fn helm_plugin(&self, helm: &Path) -> PathBuf {
        let plugins = done(&self.run(helm, &["env", "HELM_PLUGINS"]));
        let plugins = env::split_paths(plugins.trim_end()).next().unwrap();
        let plugin = done(&self.ours(&["helm-plugin", "path"]));
        assert_eq!(plugin, format!("{}\n", plugins.join(NAME).display()));
        plugins.join(NAME)
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(PROJECT).join(path)).unwrap()
}

fn sample() -> String {
    read("testdata/sample/rendered.yaml")
}

fn rewritten(stream: &str) {
    for words in ["kind: Ingress", "kind: BackendConfig", "type: ClusterIP"] {
        assert!(stream.contains(words), "{words:?} is not in: {stream}");
    }
    assert!(!stream.contains("type: LoadBalancer"), "{stream}");
}

/// Without a word on stderr.
fn done(output: &Output) -> String {
    let stderr = text(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{}: {stderr}", output.status);
    text(&output.stdout).to_owned()
}

fn failed(output: &Output, words: &[&str]) {
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    let stderr = text(&output.stderr);
    words.iter().for_each(|words| assert!(stderr.contains(words), "{words:?} is not in: {stderr}"));
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
