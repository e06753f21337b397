//! The plugin of Helm 4: one `plugin.yaml` that names the program. Helm 4 runs every plugin it
//! finds as `<plugins>/*/plugin.yaml`; there is nothing to register.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Environment, InstallError, Installed, NAME, replace};

const FILE: &str = "plugin.yaml";
/// A link to the program beside `plugin.yaml`, where its path cannot stand in there.
const LINK: &str = NAME;

pub(super) fn path(env: &Environment) -> Result<Installed, InstallError> {
    let message = plugins(env)?.join(NAME).display().to_string();
    Ok(Installed { message, warnings: Vec::new() })
}

pub(super) fn install(env: &Environment) -> Result<Installed, InstallError> {
    let plugins = plugins(env)?;
    let folder = plugins.join(NAME);
    ours(&folder)?;
    no_other_claims_the_name(&plugins)?;
    let program = env.program()?;
    let command = command(&program.path);
    if command.is_none() && !cfg!(unix) {
        return Err(InstallError::CommandPath { program: program.path });
    }

    fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
    let command = match command {
        Some(command) => command.to_owned(),
        None => {
            let link = folder.join(LINK);
            program.link(&link).map_err(failed("make the link", &link))?;
            // What a variable holds is not split and not expanded again.
            format!("${{HELM_PLUGIN_DIR}}/{LINK}")
        }
    };
    let file = folder.join(FILE);
    // Helm reads all plugins on every call.
    let write = |new: &Path| {
        let mut new = File::create_new(new)?;
        new.write_all(plugin_yaml(&command).as_bytes())?;
        new.sync_all()
    };
    replace(&file, write).map_err(failed("write", &file))?;

    let message = format!(
        "\
Installed the plugin for Helm 4: {}
It runs {}. If that moves, install again.

Use it:
  helm upgrade --install my-release milvus/milvus --namespace milvus \\
    --post-renderer {NAME} --post-renderer-args --host=milvus.example.com",
        folder.display(),
        program.path.display(),
    );
    Ok(Installed { message, warnings: helm_3_warnings(env, &plugins) })
}

pub(super) fn uninstall(env: &Environment) -> Result<Installed, InstallError> {
    let plugins = plugins(env)?;
    let folder = plugins.join(NAME);
    let Some(files) = ours(&folder)? else {
        no_other_claims_the_name(&plugins)?;
        // The user wants it gone, and it is: a script may run this again.
        let message = format!("Nothing to uninstall: there is no {}", folder.display());
        return Ok(Installed { message, warnings: Vec::new() });
    };
    for file in files {
        fs::remove_file(&file).map_err(failed("remove", &file))?;
    }
    fs::remove_dir(&folder).map_err(failed("remove", &folder))?;
    let message = format!("Uninstalled the plugin for Helm 4: removed {}", folder.display());
    Ok(Installed { message, warnings: Vec::new() })
}

/// Where Helm looks for plugins, and in which order: `pkg/cli/environment.go`, `pkg/helmpath`.
fn plugins(env: &Environment) -> Result<PathBuf, InstallError> {
    if let Some(list) = env.variable("HELM_PLUGINS") {
        let first = std::env::split_paths(list).find(|folder| !folder.as_os_str().is_empty());
        return first.ok_or(InstallError::EmptyHelmPlugins);
    }
    let data = match (env.folder("HELM_DATA_HOME"), env.folder("XDG_DATA_HOME")) {
        (Some(data), _) => data,
        (None, Some(data)) => data.join("helm"),
        (None, None) => {
            let (variable, below) = if cfg!(windows) {
                ("APPDATA", "")
            } else if cfg!(target_os = "macos") {
                ("HOME", "Library")
            } else {
                ("HOME", ".local/share")
            };
            let home =
                env.folder(variable).ok_or(InstallError::NoHome { variable, tool: "Helm", instead: "HELM_PLUGINS" })?;
            home.join(below).join("helm")
        }
    };
    Ok(data.join("plugins"))
}

/// The path as `command`, if Helm reads it as it stands. Helm splits a command at spaces and
/// expands `$`; of the rest only what YAML takes in single quotes without a thought.
fn command(program: &Path) -> Option<&str> {
    let plain = |character: char| character.is_ascii_graphic() && character != '$' || character.is_alphanumeric();
    program.to_str().filter(|path| path.chars().all(plain))
}

/// The same as the `plugin.yaml` of the repository in all but the command.
fn plugin_yaml(command: &str) -> String {
    format!(
        "\
# Written by `{NAME} helm-plugin install`. `{NAME} helm-plugin uninstall` removes it.
apiVersion: v1
name: {NAME}
version: {}
type: postrenderer/v1
runtime: subprocess
runtimeConfig:
  platformCommand:
    - command: '{}'
      args: [\"--helm4-plugin\"]
",
        env!("CARGO_PKG_VERSION"),
        command.replace('\'', "''"),
    )
}

/// The files in the plugin's folder, `plugin.yaml` first, if all of them are what
/// [`install`] writes; `None` where there is no folder.
fn ours(folder: &Path) -> Result<Option<Vec<PathBuf>>, InstallError> {
    let kind = match fs::symlink_metadata(folder) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("look at", folder)(error)),
    };
    if kind.is_symlink() {
        let target = fs::read_link(folder).map_err(failed("read", folder))?;
        return Err(InstallError::LinkedFolder { folder: folder.to_owned(), target });
    }
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed("read", folder))? {
        let entry = entry.map_err(failed("read", folder))?;
        let (path, name) = (entry.path(), entry.file_name());
        let kind = entry.file_type().map_err(failed("look at", &path))?;
        let name = name.to_string_lossy();
        // What an install leaves that was killed before it could rename.
        let unfinished = [FILE, LINK].iter().any(|file| name.starts_with(&format!(".{file}.")));
        if name == FILE {
            if !kind.is_file() || plugin_name(&path).as_deref() != Some(NAME) {
                return Err(InstallError::NotOurs { path });
            }
            files.insert(0, path);
        } else if unfinished || name == LINK && kind.is_symlink() {
            files.push(path);
        } else {
            others.push(name.into_owned());
        }
    }
    if others.is_empty() {
        return Ok(Some(files));
    }
    others.sort();
    Err(InstallError::OthersFiles { folder: folder.to_owned(), others })
}

/// `helm plugin install` names the folder after what it was given, not after the plugin.
fn no_other_claims_the_name(plugins: &Path) -> Result<(), InstallError> {
    let entries = match fs::read_dir(plugins) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("read", plugins)(error)),
    };
    for entry in entries {
        let folder = entry.map_err(failed("read", plugins))?.path();
        let other = folder.file_name() != Some(OsStr::new(NAME));
        if other && plugin_name(&folder.join(FILE)).as_deref() == Some(NAME) {
            return Err(InstallError::SameName { folder });
        }
    }
    Ok(())
}

/// The name in a `plugin.yaml`, of which Helm reads the first document.
fn plugin_name(file: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Plugin {
        name: String,
    }
    let text = fs::read_to_string(file).ok()?;
    let first = serde_yaml::Deserializer::from_str(&text).next()?;
    Plugin::deserialize(first).ok().map(|plugin| plugin.name)
}

/// Helm 3 reads no plugin at all where it meets one of Helm 4's kind.
fn helm_3_warnings(env: &Environment, plugins: &Path) -> Vec<String> {
    let variables = ["HELM_PLUGINS", "HELM_DATA_HOME"].into_iter().filter(|name| env.variable(name).is_some());
    let variables: Vec<&str> = variables.collect();
    let reads = |program: &PathBuf, without: &[&str]| {
        let list = env.ask(program, &["env", "HELM_PLUGINS"], without).unwrap_or_default();
        std::env::split_paths(&list).any(|folder| super::same_folder(&folder, plugins))
    };
    // The variables may be set for Helm 4 alone, as the first warning asks.
    let (always, others): (Vec<_>, Vec<_>) = helm_3s(env).into_iter().partition(|program| reads(program, &variables));
    let with_variables: Vec<_> =
        others.into_iter().filter(|program| !variables.is_empty() && reads(program, &[])).collect();

    let list = |programs: &[PathBuf]| {
        programs.iter().map(|program| program.display().to_string()).collect::<Vec<_>>().join(", ")
    };
    let failure = "`failed to load plugins: … unknown field \"apiVersion\"`";
    let mut warnings = Vec::new();
    if !always.is_empty() {
        warnings.push(format!(
            "Helm 3 ({}) reads the same plugins and now does not load any of its own: it says {failure}. \
            Post-rendering with it still works. If it needs its plugins, run `{NAME} helm-plugin uninstall`, then \
            install again with HELM_DATA_HOME (or HELM_PLUGINS) naming a folder that only Helm 4 uses, and set it for \
            every call of Helm 4",
            list(&always),
        ));
    }
    if !with_variables.is_empty() {
        warnings.push(format!(
            "set {} only for Helm 4: if Helm 3 ({}) is called with it, Helm 3 does not load any of its own plugins and \
            says {failure}",
            variables.join(" and "),
            list(&with_variables),
        ));
    }
    warnings
}

fn helm_3s(env: &Environment) -> Vec<PathBuf> {
    let mut programs: Vec<PathBuf> = Vec::new();
    for name in ["helm", "helm3"] {
        for program in env.on_path(format!("{name}{}", std::env::consts::EXE_SUFFIX).as_ref()) {
            let version = || env.ask(&program, &["version", "--template", "{{.Version}}"], &[]);
            let seen = programs.iter().any(|other| is_same_entry(other, &program));
            if !seen && version().is_some_and(|version| version.starts_with("v3.")) {
                programs.push(program);
            }
        }
    }
    programs
}

/// The same name in the same folder. Not the same program: version managers link several names to
/// one program, which acts by its name.
fn is_same_entry(one: &Path, other: &Path) -> bool {
    one.file_name() == other.file_name()
        && matches!((one.parent(), other.parent()), (Some(one), Some(other)) if super::same_folder(one, other))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> InstallError {
    move |source| InstallError::Io { action, path: path.to_owned(), source, instead: "HELM_PLUGINS" }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::install::symlink;
    use crate::install::tests::Home;
    use serde_json::Value;

    const DEFAULT: &str = if cfg!(target_os = "macos") { "Library/helm/plugins" } else { ".local/share/helm/plugins" };

    fn folder(home: &Home) -> PathBuf {
        home.path(DEFAULT).join(NAME)
    }

    fn command_in(file: &Path) -> Value {
        let plugin: Value = serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        plugin["runtimeConfig"]["platformCommand"][0]["command"].clone()
    }

    /// Fails, with this beginning, and changes nothing.
    fn refused(home: &Home, result: Result<Installed, InstallError>, found: &str) -> InstallError {
        let error = result.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(&format!("{}{found}", folder(home).display())), "{text}");
        assert!(text.contains("\n = note: ") && text.contains("\n = help: "), "{text}");
        error
    }

    #[test]
    fn the_folder_is_where_helm_looks() {
        let mut home = Home::new(&[]);
        let path = |home: &Home| PathBuf::from(super::path(&home.env).unwrap().message);
        assert_eq!(path(&home), folder(&home));
        for (variable, value, plugins) in [
            ("XDG_DATA_HOME", "/xdg", "/xdg/helm/plugins"),
            ("HELM_DATA_HOME", "/data", "/data/plugins"),
            ("HELM_PLUGINS", "/one:/two", "/one"),
            ("HELM_PLUGINS", ":relative", "relative"),
        ] {
            home.env.set(variable, value);
            assert_eq!(path(&home), Path::new(plugins).join(NAME), "{variable}={value}");
        }
        home.env.unset("HELM_PLUGINS");
        home.env.set("HELM_DATA_HOME", "");
        assert_eq!(path(&home), Path::new("/xdg/helm/plugins").join(NAME), "an empty one does not count");
        for empty in ["", ":"] {
            home.env.set("HELM_PLUGINS", empty);
            assert!(matches!(super::path(&home.env), Err(InstallError::EmptyHelmPlugins)));
        }
    }

    #[test]
    fn install_and_the_repository_agree_in_all_but_the_command() {
        let written: Value = serde_yaml::from_str(&plugin_yaml("/bin/it's")).unwrap();
        let repository = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).unwrap();
        let mut repository: Value = serde_yaml::from_str(&repository).unwrap();
        let command = &mut repository["runtimeConfig"]["platformCommand"][0]["command"];
        assert_eq!(command.take(), NAME);
        *command = "/bin/it's".into();
        assert_eq!(written, repository);
    }

    #[test]
    fn install_writes_and_writes_again() {
        let mut home = Home::new(&[]);
        for program in [home.path("bin/milvus-gke-l7"), home.call_as("opt/l7")] {
            home.env.called_as = Some(program.clone().into());
            for _ in 0..2 {
                let report = install(&home.env).unwrap();
                assert!(report.message.contains(program.to_str().unwrap()), "{}", report.message);
                assert_eq!(report.warnings, [""; 0]);
                assert_eq!(command_in(&folder(&home).join(FILE)), program.to_str().unwrap());
                assert_eq!(home.files(&format!("{DEFAULT}/{NAME}")), [FILE]);
            }
        }
    }

    #[test]
    fn a_path_that_helm_cannot_read_is_linked() {
        for path in ["my bin/l7", "$HOME/l7", "tab\t/l7", "combining e\u{301}/l7"] {
            let mut home = Home::new(&[]);
            let program = home.call_as(path);
            install(&home.env).unwrap();
            assert_eq!(command_in(&folder(&home).join(FILE)), "${HELM_PLUGIN_DIR}/milvus-gke-l7");
            assert_eq!(fs::read_link(folder(&home).join(LINK)).unwrap(), program);
            uninstall(&home.env).unwrap();
            assert_eq!(home.files(DEFAULT), [""; 0]);
        }
        assert_eq!(command(Path::new("/usr/it's/größe-1.0+x_y/l7")), Some("/usr/it's/größe-1.0+x_y/l7"));
    }

    #[test]
    fn uninstall_removes_what_install_wrote() {
        let home = Home::new(&[]);
        let report = uninstall(&home.env).unwrap();
        assert!(report.message.starts_with("Nothing to uninstall: "), "{}", report.message);
        install(&home.env).unwrap();
        // What a killed install leaves.
        fs::write(folder(&home).join(".plugin.yaml.4711"), "").unwrap();
        let report = uninstall(&home.env).unwrap();
        assert!(report.message.contains(folder(&home).to_str().unwrap()), "{}", report.message);
        assert_eq!(home.files(DEFAULT), [""; 0]);
        assert!(uninstall(&home.env).is_ok());
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let home = Home::new(&[]);
        let checkout = home.write("checkout/plugin.yaml", "name: milvus-gke-l7\n");
        fs::create_dir_all(home.path(DEFAULT)).unwrap();
        symlink(&home.path("checkout"), &folder(&home)).unwrap();
        for result in [install(&home.env), uninstall(&home.env)] {
            refused(&home, result, &format!(" is a link to {}\n", home.path("checkout").display()));
        }
        assert_eq!(fs::read_to_string(&checkout).unwrap(), "name: milvus-gke-l7\n");
        fs::remove_file(checkout).unwrap();
        fs::remove_dir(home.path("checkout")).unwrap();
        assert!(matches!(install(&home.env), Err(InstallError::LinkedFolder { .. })), "it leads nowhere");
    }

    #[test]
    fn a_plugin_yaml_of_something_else_is_left_alone() {
        for text in ["name: another\n", "", "name: [\n", "\tnot yaml", "name: another\n---\nname: milvus-gke-l7\n"] {
            let home = Home::new(&[]);
            let file = home.write(&format!("{DEFAULT}/{NAME}/{FILE}"), text);
            for result in [install(&home.env), uninstall(&home.env)] {
                refused(&home, result, "/plugin.yaml is not the plugin.yaml of milvus-gke-l7\n");
            }
            assert_eq!(fs::read_to_string(file).unwrap(), text);
        }
        let home = Home::new(&[]);
        fs::create_dir_all(folder(&home)).unwrap();
        symlink(&home.write("elsewhere.yaml", "name: milvus-gke-l7\n"), &folder(&home).join(FILE)).unwrap();
        assert!(matches!(install(&home.env), Err(InstallError::NotOurs { .. })), "a link");
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let home = Home::new(&[]);
        install(&home.env).unwrap();
        for name in ["LICENSE", "bin"] {
            home.write(&format!("{DEFAULT}/{NAME}/{name}"), "");
        }
        for result in [install(&home.env), uninstall(&home.env)] {
            refused(&home, result, " holds more than `helm-plugin install` writes: LICENSE, bin\n");
        }
        assert_eq!(home.files(&format!("{DEFAULT}/{NAME}")), ["LICENSE", "bin", FILE]);
    }

    #[test]
    fn a_second_plugin_of_the_name_is_refused() {
        let home = Home::new(&[]);
        home.write(&format!("{DEFAULT}/diff/{FILE}"), "name: diff\n");
        install(&home.env).unwrap();
        uninstall(&home.env).unwrap();
        home.write(&format!("{DEFAULT}/l7-checkout/{FILE}"), "name: milvus-gke-l7\n");
        for result in [install(&home.env), uninstall(&home.env)] {
            assert!(matches!(result, Err(InstallError::SameName { folder }) if folder.ends_with("l7-checkout")));
        }
        assert_eq!(home.files(DEFAULT), ["diff", "l7-checkout"]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let home = Home::new(&[("HELM_PLUGINS", "~/file/plugins")]);
        home.write("file", "");
        let error = install(&home.env).unwrap_err().to_string();
        assert!(error.starts_with("cannot ") && error.contains("HELM_PLUGINS"), "{error}");
    }
}
