//! The legacy exec plugin of kustomize: the program under the name of the config's kind, in a
//! folder named after its group and version. The only form that `kubectl kustomize` runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Environment, InstallError, Installed};

/// `<group>/<version>/<kind in lower case>/<Kind>`.
const PLUGIN: &str = "milvus-gke-l7/v1alpha1/milvusgkel7/MilvusGkeL7";

pub(super) fn path(env: &Environment) -> Result<Installed, InstallError> {
    let message = Homes::find(env)?.wanted.join(PLUGIN).display().to_string();
    Ok(Installed { message, warnings: Vec::new() })
}

pub(super) fn install(env: &Environment) -> Result<Installed, InstallError> {
    // kustomize looks for the file without an extension, and Windows runs it with one only.
    if !cfg!(unix) {
        return Err(InstallError::NoExecPlugins);
    }
    let homes = Homes::find(env)?;
    let link = homes.wanted.join(PLUGIN);
    is_linked(&link)?;
    let program = env.program()?;
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
    }
    program.link(&link).map_err(failed("make the link", &link))?;

    let message = format!(
        "\
Installed the exec plugin for kustomize and kubectl: {}
It runs {}. If that moves, install again.

In kustomization.yaml:
  transformers:
    - milvus-gke-l7.yaml

In milvus-gke-l7.yaml:
  apiVersion: milvus-gke-l7/v1alpha1
  kind: MilvusGkeL7
  metadata:
    name: milvus-gke-l7
  spec:
    hosts:
      - milvus.example.com

Use it:
  kustomize build --enable-alpha-plugins .
  kubectl kustomize --enable-alpha-plugins .",
        link.display(),
        program.path.display(),
    );
    let warnings = homes.left.map(|left| {
        format!(
            "{} is new: if KUSTOMIZE_PLUGIN_HOME names it, kustomize no longer looks for plugins in {}",
            homes.wanted.display(),
            left.display(),
        )
    });
    Ok(Installed { message, warnings: warnings.into_iter().collect() })
}

/// Removes the link, and the folders that then hold nothing.
pub(super) fn uninstall(env: &Environment) -> Result<Installed, InstallError> {
    let link = Homes::find(env)?.wanted.join(PLUGIN);
    let message = if is_linked(&link)? {
        fs::remove_file(&link).map_err(failed("remove", &link))?;
        for folder in link.ancestors().skip(1).take(Path::new(PLUGIN).components().count() - 1) {
            match fs::remove_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => break,
                removed => removed.map_err(failed("remove", folder))?,
            }
        }
        format!("Uninstalled the exec plugin for kustomize and kubectl: {}", link.display())
    } else {
        format!("Nothing to uninstall: there is no {}", link.display())
    };
    Ok(Installed { message, warnings: Vec::new() })
}

/// Whether there is a link; anything else in its place is somebody else's.
fn is_linked(link: &Path) -> Result<bool, InstallError> {
    match fs::symlink_metadata(link) {
        Ok(metadata) if metadata.is_symlink() => Ok(true),
        Ok(_) => Err(InstallError::Occupied { path: link.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("look at", link)(error)),
    }
}

/// Where kustomize looks for plugins: `api/konfig/plugins.go`. The first of these that exists.
struct Homes {
    /// The one to install into.
    wanted: PathBuf,
    /// The one that kustomize takes as long as `wanted` does not exist.
    left: Option<PathBuf>,
}

impl Homes {
    fn find(env: &Environment) -> Result<Self, InstallError> {
        let below = |folder: PathBuf| folder.join("kustomize/plugin");
        let home = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        let others = [
            env.folder("XDG_CONFIG_HOME").map(below),
            env.folder(home).map(|home| below(home.join(".config"))),
            env.folder(home).map(below),
        ];
        let others: Vec<PathBuf> = others.into_iter().flatten().collect();
        let existing = others.iter().find(|home| home.exists()).cloned();
        let homes = match env.folder("KUSTOMIZE_PLUGIN_HOME") {
            // It comes first as soon as it exists, and whoever names it means it.
            Some(wanted) => Self { left: existing.filter(|_| !wanted.exists()), wanted },
            None => {
                let missing =
                    InstallError::NoHome { variable: home, tool: "kustomize", instead: "KUSTOMIZE_PLUGIN_HOME" };
                Self { wanted: existing.or_else(|| others.into_iter().next()).ok_or(missing)?, left: None }
            }
        };
        if homes.wanted.is_absolute() {
            Ok(homes)
        } else {
            Err(InstallError::RelativePluginHome { home: homes.wanted })
        }
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> InstallError {
    move |source| InstallError::Io { action, path: path.to_owned(), source, instead: "KUSTOMIZE_PLUGIN_HOME" }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::install::tests::Home;

    fn path(home: &Home) -> PathBuf {
        super::path(&home.env).unwrap().message.into()
    }

    #[test]
    fn the_first_home_that_exists_counts() {
        let mut home = Home::new(&[]);
        assert_eq!(path(&home), home.path(".config/kustomize/plugin").join(PLUGIN), "none exists");
        for (place, variable) in [
            ("kustomize/plugin", None),
            (".config/kustomize/plugin", None),
            ("xdg/kustomize/plugin", Some(("XDG_CONFIG_HOME", "xdg"))),
        ] {
            if let Some((name, value)) = variable {
                let folder = home.path(value);
                home.env.set(name, folder.to_str().unwrap());
                assert_eq!(path(&home), home.path(".config/kustomize/plugin").join(PLUGIN), "{name} is still empty");
            }
            fs::create_dir_all(home.path(place)).unwrap();
            assert_eq!(path(&home), home.path(place).join(PLUGIN));
        }
        home.env.set("KUSTOMIZE_PLUGIN_HOME", "");
        assert_eq!(path(&home), home.path("xdg/kustomize/plugin").join(PLUGIN));
        home.env.set("KUSTOMIZE_PLUGIN_HOME", "/named");
        assert_eq!(path(&home), Path::new("/named").join(PLUGIN), "whether it exists or not");
    }

    #[test]
    fn without_any_home_xdg_comes_first() {
        let home = Home::new(&[("XDG_CONFIG_HOME", "~/xdg")]);
        assert_eq!(path(&home), home.path("xdg/kustomize/plugin").join(PLUGIN));
    }

    #[test]
    fn install_links_and_links_again() {
        let mut home = Home::new(&[]);
        let link = path(&home);
        for program in [home.path("bin/milvus-gke-l7"), home.call_as("opt/l7")] {
            home.env.called_as = Some(program.clone().into());
            for _ in 0..2 {
                let report = install(&home.env).unwrap();
                assert!(report.message.contains(program.to_str().unwrap()), "{}", report.message);
                assert_eq!(report.warnings, [""; 0]);
                assert_eq!(fs::read_link(&link).unwrap(), program);
                assert_eq!(home.files(".config/kustomize/plugin/milvus-gke-l7/v1alpha1/milvusgkel7"), ["MilvusGkeL7"]);
            }
        }
    }

    #[test]
    fn uninstall_removes_the_link_and_empty_folders() {
        let home = Home::new(&[]);
        let nothing = |report: &Installed| report.message.starts_with("Nothing to uninstall: ");
        assert!(nothing(&uninstall(&home.env).unwrap()));
        install(&home.env).unwrap();
        assert!(!nothing(&uninstall(&home.env).unwrap()));
        assert_eq!(home.files(".config/kustomize/plugin"), [""; 0]);
        assert!(nothing(&uninstall(&home.env).unwrap()));
        // Of somebody else in the same folders nothing is touched.
        install(&home.env).unwrap();
        home.write(".config/kustomize/plugin/milvus-gke-l7/v1/other/Other", "");
        uninstall(&home.env).unwrap();
        assert_eq!(home.files(".config/kustomize/plugin/milvus-gke-l7"), ["v1"]);
    }

    #[test]
    fn called_through_its_own_link_it_does_not_link_to_itself() {
        let mut home = Home::new(&[]);
        install(&home.env).unwrap();
        let link = path(&home);
        home.env.called_as = Some(link.clone().into());
        install(&home.env).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), home.path("cellar/0.1.0/milvus-gke-l7"));
    }

    #[test]
    fn a_new_home_that_hides_another_is_told() {
        let home = Home::new(&[("KUSTOMIZE_PLUGIN_HOME", "~/named")]);
        fs::create_dir_all(home.path("kustomize/plugin")).unwrap();
        let warnings = install(&home.env).unwrap().warnings;
        assert!(
            matches!(&warnings[..], [warning] if warning.ends_with(home.path("kustomize/plugin").to_str().unwrap()))
        );
        assert_eq!(install(&home.env).unwrap().warnings, [""; 0], "it is no longer new");
    }

    #[test]
    fn what_is_no_link_is_left_alone() {
        let home = Home::new(&[]);
        let file = home.write(path(&home).to_str().unwrap(), "another program");
        let error = install(&home.env).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{} is there and is not a link\n", file.display())), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "another program");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        for result in [install(&home.env), uninstall(&home.env)] {
            assert!(matches!(result, Err(InstallError::Occupied { .. })));
        }
        assert!(file.is_dir());
    }

    #[test]
    fn a_relative_home_is_refused() {
        for variable in ["KUSTOMIZE_PLUGIN_HOME", "XDG_CONFIG_HOME"] {
            let mut home = Home::new(&[]);
            home.env.set(variable, "relative");
            for result in [super::path(&home.env), install(&home.env)] {
                assert!(matches!(result, Err(InstallError::RelativePluginHome { .. })), "{variable}");
            }
        }
    }

    #[test]
    fn a_home_that_cannot_be_made_is_told() {
        let home = Home::new(&[("KUSTOMIZE_PLUGIN_HOME", "~/file/plugins")]);
        home.write("file", "");
        let error = install(&home.env).unwrap_err().to_string();
        assert!(error.starts_with("cannot ") && error.contains("KUSTOMIZE_PLUGIN_HOME"), "{error}");
    }
}
