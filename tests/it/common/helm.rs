//! The real Helm with the real binary behind it, each in folders of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use tempfile::TempDir;

use crate::common;

/// What stands behind Helm's `--post-renderer`.
#[derive(Clone, Copy)]
pub(crate) enum PostRenderer<'a> {
    /// `cat`: what Helm makes of the chart without us.
    PassThrough,
    /// The binary under test, with these arguments.
    Ours(&'a [&'a str]),
}

/// One Helm, the replay chart, and a home folder that no other test sees.
pub(crate) struct Helm {
    pub(crate) major: u8,
    program: PathBuf,
    folder: TempDir,
}

const PASS_THROUGH_PLUGIN: &str = "\
apiVersion: v1
name: pass-through
version: 0.1.0
type: postrenderer/v1
runtime: subprocess
runtimeConfig:
  platformCommand:
    - command: cat
";

impl Helm {
    /// `None`, said aloud, where this Helm is not installed; with `CI=true` that is a failure.
    pub(crate) fn find(major: u8) -> Option<Self> {
        let program = program(major);
        if !program.is_file() {
            common::left_out(&format!("Helm {major} at {}", program.display()), "run scripts/install-tools.sh");
            return None;
        }
        let helm = Self { major, program, folder: tempfile::tempdir().unwrap() };
        let version = helm.command().args(["version", "--template", "{{.Version}}"]).output().unwrap();
        let version = text(&version.stdout);
        assert!(version.starts_with(&format!("v{major}.")), "{} is {version}", helm.program.display());

        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["Chart.yaml", "templates/replay.yaml"] {
            let chart = fs::read_to_string(project.join("testdata/replay").join(file)).unwrap();
            helm.write(&format!("chart/{file}"), &chart);
        }
        // One plugin of Helm 4's kind keeps Helm 3 from loading any.
        if major > 3 {
            let ours = fs::read_to_string(project.join("plugin.yaml")).unwrap();
            helm.write("data/plugins/milvus-gke-l7/plugin.yaml", &ours);
            helm.write("data/plugins/pass-through/plugin.yaml", PASS_THROUGH_PLUGIN);
        }
        Some(helm)
    }

    /// `helm template` of the replay chart over `rendered`.
    pub(crate) fn template(&self, rendered: &str, post_renderer: PostRenderer, flags: &[&str]) -> Output {
        self.write("chart/rendered.yaml", rendered);
        self.on_chart("template", post_renderer).args(flags).output().unwrap()
    }

    /// `helm template` or `helm install` of the chart as it is.
    pub(crate) fn on_chart(&self, verb: &str, post_renderer: PostRenderer) -> Command {
        let mut command = self.command();
        command.args([verb, "my-release"]).arg(self.home().join("chart")).args(["--namespace", "milvus"]);
        self.post_render(&mut command, post_renderer);
        command
    }

    pub(crate) fn post_render(&self, command: &mut Command, post_renderer: PostRenderer) {
        command.arg("--post-renderer");
        match (post_renderer, self.major) {
            (PostRenderer::PassThrough, 3) => command.arg("cat"),
            (PostRenderer::PassThrough, _) => command.arg("pass-through"),
            (PostRenderer::Ours(_), 3) => command.arg(env!("CARGO_BIN_EXE_milvus-gke-l7")),
            (PostRenderer::Ours(_), _) => command.arg("milvus-gke-l7"),
        };
        if let PostRenderer::Ours(args) = post_renderer {
            command.args(args.iter().map(|arg| format!("--post-renderer-args={arg}")));
        }
    }

    /// Nothing of the user's environment but PATH, which finds our binary first as plugin.yaml asks.
    pub(crate) fn command(&self) -> Command {
        let home = self.home();
        let binary = Path::new(env!("CARGO_BIN_EXE_milvus-gke-l7")).parent().unwrap();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([binary.to_owned()].into_iter().chain(env::split_paths(&path))).unwrap();
        let mut command = Command::new(&self.program);
        command.env_clear().env("PATH", path).env("HOME", home).current_dir(home);
        for folder in ["cache", "config", "data"] {
            command.env(format!("HELM_{}_HOME", folder.to_uppercase()), home.join(folder));
        }
        command
    }

    /// Its home and working folder.
    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// `HELM3` or `HELM4`, else where scripts/install-tools.sh puts it.
fn program(major: u8) -> PathBuf {
    let variable = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from);
    if let Some(program) = variable(&format!("HELM{major}")) {
        return program;
    }
    let tools = variable("MILVUS_GKE_L7_TOOLS").unwrap_or_else(|| {
        let home = || variable("HOME").expect("HOME is set").join(".cache");
        variable("XDG_CACHE_HOME").unwrap_or_else(home).join("milvus-gke-l7/tools")
    });
    let version = if major == 3 { "3.22.0" } else { "4.3.1" };
    tools.join(format!("helm-{version}")).join("helm")
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
