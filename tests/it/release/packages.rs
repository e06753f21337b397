//! What scripts/pack.py packs: wheels that the real pip installs, an image that skopeo reads and kustomize runs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use super::{HERE, HOST, PACKED, PLATFORMS, VERSION, accepted, can_pack, placeholder, program, run, sample};
use crate::common::{
    self,
    helm::{Helm, PostRenderer},
    kustomize::{Function, Kustomize, Tool},
};

/// Checks each line of RECORD, and prints the mode and path of each file.
const READ_WHEEL: &str = r#"
import base64, csv, hashlib, io, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
names = wheel.namelist()
record = next(name for name in names if name.endswith("/RECORD"))
lines = list(csv.reader(io.StringIO(wheel.read(record).decode())))
assert [line[0] for line in lines] == names, (lines, names)
for name, digest, size in lines[:-1]:
    content = wheel.read(name)
    sum = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    assert (digest, size) == ("sha256=" + sum, str(len(content))), name
assert lines[-1] == [record, "", ""], lines
for entry in wheel.infolist():
    print(oct(entry.external_attr >> 16)[-3:], entry.filename)
"#;

/// pip's name of a machine that takes the wheel, and the tags of the wheel.
pub(super) const WHEELS: [(&str, &str, &str); 6] = [
    ("darwin-amd64", "macosx_10_12_x86_64", "macosx_10_12_x86_64"),
    ("darwin-arm64", "macosx_14_0_arm64", "macosx_11_0_arm64"),
    ("linux-amd64", "manylinux_2_17_x86_64", "manylinux_2_17_x86_64.musllinux_1_1_x86_64"),
    ("linux-arm64", "musllinux_1_1_aarch64", "manylinux_2_17_aarch64.musllinux_1_1_aarch64"),
    ("windows-amd64", "win_amd64", "win_amd64"),
    ("windows-arm64", "win_arm64", "win_arm64"),
];

#[test]
fn wheels() {
    if !can_pack() {
        return;
    }
    let release = &*PACKED;
    let dist = release.dist.to_str().unwrap();
    let (dist_info, data) = (format!("milvus_gke_l7-{VERSION}.dist-info"), format!("milvus_gke_l7-{VERSION}.data"));
    for (platform, machine, tags) in WHEELS {
        let wheel = format!("milvus_gke_l7-{VERSION}-py3-none-{tags}.whl");
        // pip finds it among the others.
        let folder = tempfile::tempdir().unwrap();
        let download = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"];
        let what = ["--only-binary=:all:", "--find-links", dist, "--platform", machine, "milvus-gke-l7"];
        accepted(&run("python3", &[&download[..], &what].concat(), folder.path()));
        assert_eq!(fs::read(folder.path().join(&wheel)).unwrap(), fs::read(release.file(&wheel)).unwrap());

        let listed = run("python3", &["-c", READ_WHEEL, &wheel], folder.path());
        let script = format!("755 {data}/scripts/{}", program(platform));
        let others = ["licenses/LICENSE", "METADATA", "WHEEL", "RECORD"].map(|file| format!("644 {dist_info}/{file}"));
        assert_eq!(accepted(&listed).lines().collect::<Vec<_>>(), [&[script][..], &others].concat());

        accepted(&run("python3", &["-m", "zipfile", "-e", &wheel, "."], folder.path()));
        let packed = fs::read(folder.path().join(&data).join("scripts").join(program(platform))).unwrap();
        assert_eq!(packed, fs::read(release.file("bin").join(platform).join(program(platform))).unwrap());
        let about = fs::read_to_string(folder.path().join(&dist_info).join("WHEEL")).unwrap();
        let named: Vec<_> = about.lines().filter_map(|line| line.strip_prefix("Tag: py3-none-")).collect();
        assert_eq!(named.join("."), tags);
    }
}

/// As a user of Python gets it: into a fresh environment, without a network.
#[test]
fn pip_installs_it_and_helm_runs_it() {
    if !can_pack() {
        return;
    }
    let Some(helm) = Helm::find(3) else { return };
    let release = &*PACKED;
    let folder = tempfile::tempdir().unwrap();
    accepted(&run("python3", &["-m", "venv", "env"], folder.path()));
    let pip = |args: &[&str]| {
        let own = ["-m", "pip", "--quiet", "--disable-pip-version-check"];
        run("env/bin/python", &[&own[..], args].concat(), folder.path())
    };
    let wheels = release.dist.to_str().unwrap();
    accepted(&pip(&["install", "--no-index", "--no-cache-dir", "--find-links", wheels, "milvus-gke-l7"]));
    accepted(&pip(&["check"]));
    let line = "from importlib.metadata import version; print(version('milvus-gke-l7'))";
    let version = run("env/bin/python", &["-c", line], folder.path());
    assert_eq!(accepted(&version).trim(), VERSION);

    let installed = folder.path().join("env/bin/milvus-gke-l7");
    let built = release.file("bin").join(HERE).join("milvus-gke-l7");
    assert_eq!(fs::read(&installed).unwrap(), fs::read(built).unwrap());
    let expected = accepted(&helm.template(&sample(), PostRenderer::Ours(HOST), &[])).to_owned();
    let mut command = helm.command();
    command.args(["template", "my-release"]).arg(helm.home().join("chart")).args(["--namespace", "milvus"]);
    command.arg("--post-renderer").arg(&installed).arg(format!("--post-renderer-args={}", HOST[0]));
    assert_eq!(accepted(&command.output().unwrap()), expected);

    accepted(&pip(&["uninstall", "--yes", "milvus-gke-l7"]));
    assert!(!installed.exists());
}

/// A version of ours as Python writes it.
#[test]
fn versions_of_python() {
    if !can_pack() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("milvus-gke-l7.exe"), placeholder("windows-amd64")).unwrap();
    let wheel = |version: &str| {
        let pack = Path::new(super::PROJECT).join("scripts/pack.py");
        let args = ["wheel", ".", version, "windows-amd64", "milvus-gke-l7.exe"];
        let mut command = std::process::Command::new(pack);
        command.args(args).current_dir(folder.path()).env("SOURCE_DATE_EPOCH", "1700000001");
        command.env("REPOSITORY", "https://example.com/milvus-gke-l7").output().unwrap()
    };
    for (ours, python) in [("1.2.3", "1.2.3"), ("1.2.3-rc.1", "1.2.3rc1"), ("1.0.0-alpha.2", "1.0.0a2")] {
        accepted(&wheel(ours));
        let file = folder.path().join(format!("milvus_gke_l7-{python}-py3-none-win_amd64.whl"));
        let line = format!(
            "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read('milvus_gke_l7-{python}.dist-info/METADATA').decode())"
        );
        let metadata = run("python3", &["-c", &line, file.to_str().unwrap()], folder.path());
        let metadata = accepted(&metadata);
        assert!(metadata.contains(&format!("\nVersion: {python}\n")), "{metadata}");
        // Links of the README lead somewhere from PyPI.
        let link = format!("(https://example.com/milvus-gke-l7/blob/v{ours}/docs/install.md)");
        assert!(metadata.contains(&link), "{metadata}");
        assert!(!metadata.contains("](docs/"), "{metadata}");
    }
    super::refused(&wheel("1.2.3-nightly"), "Python has no version like 1.2.3-nightly");
}

/// Stands in for Docker: runs what the image holds, in the root of the image if the program is static and the machine
/// lets it.
const DOCKER: &str = r#"#!/bin/sh
set -eu
printf '%s\n' "$@" >LOG
while [ "$1" != --user ]; do shift; done
grep -q "^$2:" ROOT/etc/passwd || { echo "unable to find user $2: no matching entries in passwd file" >&2; exit 125; }
if unshare -r chroot ROOT ENTRYPOINT --version >/dev/null 2>&1; then exec unshare -r chroot ROOT ENTRYPOINT; fi
exec ROOTENTRYPOINT
"#;

#[test]
fn the_image_is_a_function_of_kustomize() {
    if !can_pack() {
        return;
    }
    let Some(skopeo) = common::ci_program("SKOPEO", "skopeo") else { return };
    let Some(kustomize) = Kustomize::find(Tool::Kustomize) else { return };
    let release = &*PACKED;
    let archive = release.file(&format!("milvus-gke-l7-{VERSION}-image.tar"));
    let image = format!("oci-archive:{}:{VERSION}", archive.display());
    let skopeo = |args: &[&str]| {
        let output = run(skopeo.to_str().unwrap(), args, kustomize.path("tmp").as_path());
        accepted(&output).to_owned()
    };
    let index: Value = serde_json::from_str(&skopeo(&["inspect", "--raw", &image])).unwrap();
    let platforms = index["manifests"].as_array().unwrap().iter().map(|manifest| &manifest["platform"]);
    let platforms: Vec<_> =
        platforms.map(|on| format!("{}-{}", on["os"], on["architecture"]).replace('"', "")).collect();
    assert_eq!(platforms, PLATFORMS[2..4]);

    for platform in platforms {
        let architecture = platform.strip_prefix("linux-").unwrap();
        let on = format!("--override-arch={architecture}");
        let config: Value = serde_json::from_str(&skopeo(&[&on, "inspect", "--config", &image])).unwrap();
        assert_eq!((&config["os"], &config["architecture"]), (&"linux".into(), &architecture.into()));
        assert_eq!(config["config"]["User"], "65532:65532");
        assert_eq!(config["config"]["Cmd"], Value::Null);
        let entrypoint = config["config"]["Entrypoint"][0].as_str().unwrap();
        assert_eq!(config["config"]["Labels"]["org.opencontainers.image.version"], VERSION);

        // skopeo compares every checksum while it copies.
        let copy = kustomize.path(&format!("copy-{architecture}"));
        skopeo(&[&on, "copy", "--quiet", &image, &format!("dir:{}", copy.display())]);
        let manifest: Value = serde_json::from_slice(&fs::read(copy.join("manifest.json")).unwrap()).unwrap();
        let layer = manifest["layers"][0]["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned();
        let layer = copy.join(layer);
        let root = kustomize.path(&format!("root-{architecture}"));
        fs::create_dir(&root).unwrap();
        accepted(&run("tar", &["-xpzf", layer.to_str().unwrap()], &root));
        let modes: BTreeMap<_, _> = ["LICENSE", "bin/milvus-gke-l7", "etc/group", "etc/passwd"]
            .map(|file| (file, root.join(file).metadata().unwrap().permissions().mode() & 0o777))
            .into();
        assert_eq!(modes.values().collect::<Vec<_>>(), [&0o644, &0o755, &0o644, &0o644]);
        let listed = run("tar", &["-tzf", layer.to_str().unwrap()], &root);
        assert_eq!(accepted(&listed).lines().filter(|file| !file.ends_with('/')).count(), modes.len());
        let built = release.file("bin").join(&platform).join("milvus-gke-l7");
        assert_eq!(fs::read(root.join("bin/milvus-gke-l7")).unwrap(), fs::read(built).unwrap());
        if platform != HERE {
            continue;
        }

        let (root, log) = (root.to_str().unwrap(), kustomize.path("log"));
        let docker = DOCKER.replace("LOG", log.to_str().unwrap());
        let docker = docker.replace("ROOT", root).replace("ENTRYPOINT", entrypoint);
        // In the folder in which kustomize looks for programs first.
        kustomize.write_script("pass-through/docker", &docker);
        kustomize.write_case("function", &sample());
        let build = |flags: &[&str]| accepted(&kustomize.build(Function::Ours, flags)).to_owned();
        let expected = build(&["--enable-alpha-plugins", "--enable-exec"]);
        assert!(expected.contains("kind: BackendConfig"));
        let function = kustomize.read("app/l7.yaml");
        let (before, after) = function.split_once("      exec:\n        path: milvus-gke-l7\n").unwrap();
        kustomize.write(
            "app/l7.yaml",
            &format!("{before}      container:\n        image: example.com/l7:{VERSION}\n{after}"),
        );
        let output = kustomize.build(Function::PassThrough, &["--enable-alpha-plugins"]);
        assert_eq!(accepted(&output), expected);
        let arguments = kustomize.read("log");
        assert!(arguments.contains("--user\nnobody\n"), "{arguments}");
        // Nothing behind the image's name.
        assert!(arguments.ends_with(&format!("example.com/l7:{VERSION}\n")), "{arguments}");
    }
}
