//! The work behind `helm-plugin` and `kustomize-plugin`: puts this program where Helm 4
//! and kustomize look for it. Says what it did; prints nothing.

mod helm;
mod kustomize;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{env, io, process};

/// The name of the program, and of its plugin for Helm.
pub const NAME: &str = env!("CARGO_PKG_NAME");

/// What to do about the plugin of Helm 4.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub enum HelmPlugin {
    /// Write the plugin that lets Helm 4 run this program
    Install,
    /// Remove what `install` wrote
    Uninstall,
    /// Print the plugin's folder
    Path,
}

/// What to do about the legacy exec plugin of kustomize and kubectl.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub enum KustomizePlugin {
    /// Link this program to where kustomize looks for the plugin
    Install,
    /// Remove what `install` linked
    Uninstall,
    /// Print the place where kustomize looks for the plugin
    Path,
}

/// Does what `helm-plugin` asks for.
///
/// # Errors
///
/// What is in the way, before anything is changed, or what the file system says.
pub fn helm(action: HelmPlugin, env: &Environment) -> Result<Installed, InstallError> {
    match action {
        HelmPlugin::Install => helm::install(env),
        HelmPlugin::Uninstall => helm::uninstall(env),
        HelmPlugin::Path => helm::path(env),
    }
}

/// Does what `kustomize-plugin` asks for.
///
/// # Errors
///
/// What is in the way, before anything is changed, or what the file system says.
pub fn kustomize(action: KustomizePlugin, env: &Environment) -> Result<Installed, InstallError> {
    match action {
        KustomizePlugin::Install => kustomize::install(env),
        KustomizePlugin::Uninstall => kustomize::uninstall(env),
        KustomizePlugin::Path => kustomize::path(env),
    }
}

/// What was done.
#[derive(Debug)]
pub struct Installed {
    /// For stdout, without the end of its last line.
    pub message: String,
    /// For stderr.
    pub warnings: Vec<String>,
}

/// What was found, why it cannot work, what to do: the form of a refusal.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum InstallError {
    #[error(
        "the path of the running program no longer exists\n \
        = note: it was moved or replaced since it started, and the plugin needs its path\n \
        = help: run this again"
    )]
    NoProgram,
    #[error(
        "{variable} is not set\n \
        = note: without it {tool} has no folder for plugins\n \
        = help: set it, or name a folder with {instead}"
    )]
    NoHome { variable: &'static str, tool: &'static str, instead: &'static str },
    #[error(
        "HELM_PLUGINS does not name a folder\n \
        = note: it is set, but empty: Helm does not look for plugins anywhere\n \
        = help: unset it, or name the folder in it"
    )]
    EmptyHelmPlugins,
    #[error(
        "{} is a link to {}\n \
        = note: `helm plugin install` leaves such links, and writing through it would change what it leads to\n \
        = help: remove it with Helm 4: `helm plugin uninstall milvus-gke-l7`; \
        if it does not lead to a plugin.yaml, remove it by hand",
        folder.display(), target.display()
    )]
    LinkedFolder { folder: PathBuf, target: PathBuf },
    #[error(
        "{} is not the plugin.yaml of milvus-gke-l7\n \
        = note: its `name` says so, or it cannot be read; it may belong to something else\n \
        = help: inspect it, and move it away",
        path.display()
    )]
    NotOurs { path: PathBuf },
    #[error(
        "{} holds more than `helm-plugin install` writes: {}\n \
        = note: something else created it, maybe `helm plugin install`\n \
        = help: remove it with Helm 4: `helm plugin uninstall milvus-gke-l7`, or by hand",
        folder.display(), others.join(", ")
    )]
    OthersFiles { folder: PathBuf, others: Vec<String> },
    #[error(
        "{} holds a plugin of the same name\n \
        = note: Helm does not run either of the two (`two plugins claim the name \"milvus-gke-l7\"`), \
        or any other plugin in that folder\n \
        = help: remove it with Helm 4 (`helm plugin uninstall milvus-gke-l7`) or by hand, then run this again",
        folder.display()
    )]
    SameName { folder: PathBuf },
    #[error(
        "Helm cannot run {}\n \
        = note: it splits a plugin's command at spaces and expands `$` in it\n \
        = help: move the program to a path of letters and digits without spaces",
        program.display()
    )]
    CommandPath { program: PathBuf },
    #[error(
        "the folder of kustomize's plugins is not an absolute path: {}\n \
        = note: kustomize runs a plugin in the folder of the kustomization, and does not find it from there\n \
        = help: make KUSTOMIZE_PLUGIN_HOME or XDG_CONFIG_HOME an absolute path",
        home.display()
    )]
    RelativePluginHome { home: PathBuf },
    #[error(
        "{} is there and is not a link\n \
        = note: `kustomize-plugin install` only creates links, so this is something else\n \
        = help: inspect it, and move it away",
        path.display()
    )]
    Occupied { path: PathBuf },
    #[error(
        "kustomize cannot run a plugin of this kind here\n \
        = note: it looks for a file without an extension, which this system does not run\n \
        = help: use the function: `kustomize build --enable-alpha-plugins --enable-exec`"
    )]
    NoExecPlugins,
    #[error(
        "cannot {action} {}\n \
        = note: {source}\n \
        = help: correct that, or name another folder with {instead}",
        path.display()
    )]
    Io { action: &'static str, path: PathBuf, source: io::Error, instead: &'static str },
}

/// What the outcome depends on, besides the file system.
#[derive(Debug)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
    called_as: Option<OsString>,
    running: Option<PathBuf>,
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self { variables: env::vars_os().collect(), called_as: env::args_os().next(), running: env::current_exe().ok() }
    }

    fn variable(&self, wanted: &str) -> Option<&OsStr> {
        let is_wanted = |name: &OsStr| {
            if cfg!(windows) { name.eq_ignore_ascii_case(wanted) } else { name == OsStr::new(wanted) }
        };
        self.variables.iter().find(|(name, _)| is_wanted(name)).map(|(_, value)| value.as_os_str())
    }

    /// A folder by the variable that names it; an empty one names none.
    fn folder(&self, variable: &str) -> Option<PathBuf> {
        self.variable(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// The files of this name in the folders of PATH. Relative folders are left out: Go's
    /// `LookPath`, and so Helm, runs nothing from them.
    fn on_path(&self, name: &OsStr) -> impl Iterator<Item = PathBuf> {
        let folders = env::split_paths(self.variable("PATH").unwrap_or_default());
        folders.filter(|folder| folder.is_absolute()).map(move |folder| folder.join(name)).filter(|file| file.is_file())
    }

    fn program(&self) -> Result<Program, InstallError> {
        let running = self.running.as_ref().ok_or(InstallError::NoProgram)?;
        let resolved = running.canonicalize().map_err(|_| InstallError::NoProgram)?;
        let called = self.called_as.as_deref().and_then(|called| {
            let is_running = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == resolved);
            if Path::new(called).components().count() > 1 {
                std::path::absolute(called).ok().filter(is_running)
            } else {
                self.on_path(called).find(is_running)
            }
        });
        Ok(Program { path: called.unwrap_or_else(|| running.clone()), resolved })
    }

    /// What another program says on stdout, trimmed, if it succeeds; with this environment but
    /// for the variables `without`.
    fn ask(&self, program: &Path, args: &[&str], without: &[&str]) -> Option<String> {
        let mut command = process::Command::new(program);
        command.args(args).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        for name in without {
            command.env_remove(name);
        }
        let output = command.stdin(process::Stdio::null()).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    }
}

/// The running program.
struct Program {
    /// As it was called. Package managers link a path that stays to a folder that goes with the
    /// version: a plugin that names the folder would be broken by the next upgrade.
    path: PathBuf,
    /// Where the links lead.
    resolved: PathBuf,
}

impl Program {
    /// Makes `link` lead here; what it was before must be a link or nothing.
    fn link(&self, link: &Path) -> io::Result<()> {
        replace(link, |new| symlink(&self.path, new))?;
        // The program was called through that very link, which now leads to itself.
        if link.canonicalize().is_ok_and(|program| program == self.resolved) {
            return Ok(());
        }
        replace(link, |new| symlink(&self.resolved, new))
    }
}

/// Makes a file or link in one step: there is never none, nor half of one. What is unfinished has a name that
/// begins with a dot and that of the file.
fn replace<F>(file: &Path, make: impl FnMut(&Path) -> io::Result<F>) -> io::Result<()> {
    let mut prefix = OsString::from(".");
    prefix.push(file.file_name().unwrap_or_default());
    prefix.push(".");
    let folder = file.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(&prefix).make_in(folder, make)?.persist(file)?;
    Ok(())
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether both are there and the same, links resolved.
fn same_folder(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;

    use super::*;
    use tempfile::TempDir;

    /// A home folder with a program `bin/milvus-gke-l7` that links to `cellar/0.1.0/milvus-gke-l7`.
    pub(super) struct Home {
        folder: TempDir,
        pub(super) env: Environment,
    }

    impl Home {
        pub(super) fn new(variables: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            // Where the folder for temporary files is itself behind a link.
            let home = folder.path().canonicalize().unwrap();
            let program = home.join("cellar/0.1.0").join(NAME);
            fs::create_dir_all(program.parent().unwrap()).unwrap();
            fs::create_dir(home.join("bin")).unwrap();
            fs::write(&program, "").unwrap();
            symlink(&program, &home.join("bin").join(NAME)).unwrap();
            let mut env = Environment { variables: Vec::new(), called_as: Some(NAME.into()), running: Some(program) };
            for (name, value) in [("HOME", "~"), ("PATH", "~/bin")].iter().chain(variables) {
                env.set(name, &value.replace('~', home.to_str().unwrap()));
            }
            Self { folder, env }
        }

        pub(super) fn path(&self, path: &str) -> PathBuf {
            self.folder.path().canonicalize().unwrap().join(path)
        }

        pub(super) fn write(&self, path: &str, text: &str) -> PathBuf {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        }

        /// Another path of the program, which it is called by from now on.
        pub(super) fn call_as(&mut self, path: &str) -> PathBuf {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            symlink(self.env.running.as_ref().unwrap(), &path).unwrap();
            self.env.called_as = Some(path.clone().into());
            path
        }

        pub(super) fn files(&self, folder: &str) -> Vec<String> {
            let entries = fs::read_dir(self.path(folder)).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Environment {
        pub(super) fn set(&mut self, name: &str, value: &str) {
            self.unset(name);
            self.variables.push((name.into(), value.into()));
        }

        pub(super) fn unset(&mut self, name: &str) {
            self.variables.retain(|(other, _)| other != name);
        }
    }

    #[test]
    fn the_program_is_named_as_it_was_called() {
        let mut home = Home::new(&[]);
        let running = home.path("cellar/0.1.0/milvus-gke-l7");
        let path = |home: &Home| home.env.program().unwrap().path;
        assert_eq!(path(&home), home.path("bin/milvus-gke-l7"), "found on PATH");
        home.write("first/milvus-gke-l7", "");
        home.env.set("PATH", &["first", "bin"].map(|folder| home.path(folder).display().to_string()).join(":"));
        assert_eq!(path(&home), home.path("bin/milvus-gke-l7"), "behind another program of the name");
        let other = home.call_as("opt/l7");
        assert_eq!(path(&home), other, "called by a path");
        home.env.called_as = Some("unknown".into());
        assert_eq!(path(&home), running, "a name that is not on PATH");
        home.write("opt/another", "");
        home.env.called_as = Some(home.path("opt/another").into());
        assert_eq!(path(&home), running, "the name of another program");
        home.env.called_as = None;
        assert_eq!(path(&home), running, "no name");
    }

    #[test]
    fn a_program_that_is_gone_is_refused() {
        let home = Home::new(&[]);
        fs::remove_file(home.path("cellar/0.1.0/milvus-gke-l7")).unwrap();
        for result in [helm(HelmPlugin::Install, &home.env), kustomize(KustomizePlugin::Install, &home.env)] {
            assert!(matches!(result, Err(InstallError::NoProgram)));
        }
        assert_eq!(home.files(""), ["bin", "cellar"], "nothing is made");
    }

    #[test]
    fn without_a_home_there_is_no_folder() {
        let mut home = Home::new(&[]);
        home.env.unset("HOME");
        let error = helm(HelmPlugin::Path, &home.env).unwrap_err().to_string();
        assert!(error.contains("is not set\n") && error.contains("HELM_PLUGINS"), "{error}");
        let error = kustomize(KustomizePlugin::Path, &home.env).unwrap_err().to_string();
        assert!(error.contains("is not set\n") && error.contains("KUSTOMIZE_PLUGIN_HOME"), "{error}");
    }
}
