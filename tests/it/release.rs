//! scripts/release.sh: what it packs is unpacked, checked, installed into the real Helm 4 and run.
//!
//! It packs the program under test, or the one that `RELEASE_PROGRAM` names, for this machine. The other platforms
//! get placeholders, which say so.

#![cfg(target_os = "linux")]

mod action;
mod packages;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{
    self,
    helm::{Helm, PostRenderer, text},
};

const PROJECT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const PLATFORMS: [&str; 6] =
    ["darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64", "windows-amd64", "windows-arm64"];
const HERE: &str = if cfg!(target_arch = "aarch64") { "linux-arm64" } else { "linux-amd64" };
const HOST: &[&str] = &["--host=milvus.example.com"];

/// A folder in which a release was packed.
struct Release {
    dist: PathBuf,
    _own: Option<TempDir>,
}

/// Of all platforms, without signatures. Packing takes seconds: this one is read by several tests.
static PACKED: LazyLock<Release> = LazyLock::new(|| {
    let dist = Path::new(env!("CARGO_TARGET_TMPDIR")).join("release");
    let _ = fs::remove_dir_all(&dist);
    let release = Release::filled(dist, None, &PLATFORMS);
    release.package(&[], &[]);
    release
});

/// Whether all that scripts/release.sh packs with is here.
fn can_pack() -> bool {
    ["bash", "tar", "gzip", "git", "python3", "sha256sum", "strip"]
        .iter()
        .all(|name| common::system_program(name).is_some())
}

impl Release {
    fn of(platforms: &[&str]) -> Self {
        let own = tempfile::tempdir().unwrap();
        Self::filled(own.path().to_owned(), Some(own), platforms)
    }

    fn filled(dist: PathBuf, own: Option<TempDir>, platforms: &[&str]) -> Self {
        for platform in platforms {
            let folder = dist.join("bin").join(platform);
            fs::create_dir_all(&folder).unwrap();
            let file = folder.join(program(platform));
            if *platform == HERE {
                let ours = common::ours();
                // What a debugger wants takes most of the time to pack.
                let stripped = Command::new("strip").arg("-o").args([file.as_os_str(), &ours]).output().unwrap();
                accepted(&stripped);
            } else {
                fs::write(file, placeholder(platform)).unwrap();
            }
        }
        Self { dist, _own: own }
    }

    fn package(&self, args: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.script(&[&["package"], args].concat(), variables);
        accepted(&output);
        text(&output.stderr).to_owned()
    }

    fn script(&self, args: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new("bash");
        command.arg(Path::new(PROJECT).join("scripts/release.sh")).args(args).env("DIST", &self.dist);
        command.env("SOURCE_DATE_EPOCH", "1700000001").env("PATH", path()).env_remove("RELEASE_KEY");
        command.envs(variables.iter().copied()).output().unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dist.join(name)
    }

    fn plugin(&self) -> PathBuf {
        self.file(&format!("milvus-gke-l7-{VERSION}.tgz"))
    }

    /// All files but the binaries it is packed from.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(&self.dist).unwrap().map(|entry| entry.unwrap());
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
    }
}

/// As scripts/install-ci-tools.sh installs it.
fn cyclonedx() -> Option<PathBuf> {
    common::ci_program("CARGO_CYCLONEDX", "cargo-cyclonedx-0.5.9/bin/cargo-cyclonedx")
}

/// That of the machine, with what makes an SBOM, if it is there.
fn path() -> OsString {
    let ours = cyclonedx().map(|program| program.parent().unwrap().to_owned());
    env::join_paths(ours.into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap()))).unwrap()
}

fn program(platform: &str) -> &'static str {
    if platform.starts_with("windows-") { "milvus-gke-l7.exe" } else { "milvus-gke-l7" }
}

fn placeholder(platform: &str) -> String {
    format!("a placeholder for {platform}, which this test cannot build\n")
}

#[track_caller]
fn accepted(output: &Output) -> &str {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn refused(output: &Output, said: &str) {
    assert!(!output.status.success(), "{}", text(&output.stdout));
    let stderr = text(&output.stderr);
    assert!(stderr.contains(said), "`{said}` is not in: {stderr}");
}

fn run(program: &str, args: &[&str], folder: &Path) -> Output {
    Command::new(program).args(args).current_dir(folder).output().unwrap()
}

/// What is in the archive: the path and mode of each file, and where it is unpacked.
fn unpacked(archive: &Path) -> (TempDir, BTreeMap<String, u32>) {
    let folder = tempfile::tempdir().unwrap();
    let name = archive.to_str().unwrap();
    if name.ends_with(".zip") {
        // Python's own command does not set modes.
        let line = "import sys, zipfile\nfor entry in zipfile.ZipFile(sys.argv[1]).infolist():\n    \
            print(oct(entry.external_attr >> 16)[-3:], entry.filename)";
        let listed = run("python3", &["-c", line, name], folder.path());
        accepted(&run("python3", &["-m", "zipfile", "-e", name, "."], folder.path()));
        let lines = accepted(&listed).lines().map(|line| line.split_once(' ').unwrap());
        let modes = lines.map(|(mode, file)| (file.to_owned(), u32::from_str_radix(mode, 8).unwrap())).collect();
        return (folder, modes);
    }
    accepted(&run("tar", &["-xpzf", name], folder.path()));
    let mut modes = BTreeMap::new();
    let listed = run("tar", &["-tzf", name], folder.path());
    for file in accepted(&listed).lines().filter(|file| !file.ends_with('/')) {
        let mode = folder.path().join(file).symlink_metadata().unwrap().permissions().mode() & 0o777;
        modes.insert(file.to_owned(), mode);
    }
    (folder, modes)
}

#[test]
fn archives() {
    if !can_pack() {
        return;
    }
    let release = &*PACKED;
    let archive = |platform: &str| {
        let extension = if platform.starts_with("windows-") { "zip" } else { "tar.gz" };
        format!("milvus-gke-l7-{VERSION}-{platform}.{extension}")
    };
    let mut expected: BTreeSet<_> = PLATFORMS.map(archive).into();
    expected.extend(["SHA256SUMS".to_owned(), format!("milvus-gke-l7-{VERSION}.tgz")]);
    expected.insert(format!("milvus-gke-l7-{VERSION}-image.tar"));
    expected.extend(packages::WHEELS.map(|(_, _, tags)| format!("milvus_gke_l7-{VERSION}-py3-none-{tags}.whl")));
    if cyclonedx().is_some() {
        expected.insert(format!("milvus-gke-l7-{VERSION}.cdx.json"));
    }
    assert_eq!(release.files().into_keys().collect::<BTreeSet<_>>(), expected);

    for platform in PLATFORMS {
        let (folder, modes) = unpacked(&release.file(&archive(platform)));
        let top = format!("milvus-gke-l7-{VERSION}-{platform}");
        let files = [
            ("CHANGELOG.md", 0o644),
            ("LICENSE", 0o644),
            ("README.md", 0o644),
            ("completions/_milvus-gke-l7", 0o644),
            ("completions/_milvus-gke-l7.ps1", 0o644),
            ("completions/milvus-gke-l7.bash", 0o644),
            ("completions/milvus-gke-l7.elv", 0o644),
            ("completions/milvus-gke-l7.fish", 0o644),
            ("man/milvus-gke-l7.1", 0o644),
            (program(platform), 0o755),
            ("plugin.yaml", 0o644),
        ];
        assert_eq!(modes, files.map(|(file, mode)| (format!("{top}/{file}"), mode)).into());

        let top = folder.path().join(top);
        let read = |file: &str| fs::read(top.join(file)).unwrap();
        for file in ["CHANGELOG.md", "LICENSE", "README.md"] {
            assert_eq!(read(file), fs::read(Path::new(PROJECT).join(file)).unwrap());
        }
        let plugin: Value = serde_yaml::from_slice(&read("plugin.yaml")).unwrap();
        let command = format!("${{HELM_PLUGIN_DIR}}/{}", program(platform));
        assert_eq!(
            plugin["runtimeConfig"],
            serde_json::json!({"platformCommand": [{"command": command, "args": ["--helm4-plugin"]}]})
        );
        if platform != HERE {
            assert_eq!(read(program(platform)), placeholder(platform).as_bytes());
            continue;
        }
        let ours = top.join("milvus-gke-l7");
        let print = |args: &[&str]| run(ours.to_str().unwrap(), args, &top).stdout;
        assert_eq!(print(&["--version"]), format!("milvus-gke-l7 {VERSION}\n").as_bytes());
        assert_eq!(print(&["man"]), read("man/milvus-gke-l7.1"));
        assert!(print(&["man"]).starts_with(b".ie"), "{}", text(&read("man/milvus-gke-l7.1")));
        for (shell, file) in [("bash", "milvus-gke-l7.bash"), ("zsh", "_milvus-gke-l7"), ("fish", "milvus-gke-l7.fish")]
        {
            assert_eq!(print(&["completions", shell]), read(&format!("completions/{file}")));
        }
    }
}

#[test]
fn sums() {
    if !can_pack() {
        return;
    }
    let release = Release::of(&[HERE]);
    release.package(&[], &[]);
    let check = || run("sha256sum", &["--check", "--strict", "SHA256SUMS"], &release.dist);
    let listed = fs::read_to_string(release.file("SHA256SUMS")).unwrap();
    let listed: BTreeSet<_> = listed.lines().map(|line| line.split_once("  ").unwrap().1.to_owned()).collect();
    let files = release.files().into_keys().filter(|file| file != "SHA256SUMS").collect();
    assert_eq!(listed, files);
    accepted(&check());
    fs::write(release.plugin(), "something else").unwrap();
    refused(&check(), "1 computed checksum did NOT match");
}

/// From other folders, later, by somebody with other habits.
#[test]
fn the_same_files_make_the_same_bytes() {
    if !can_pack() {
        return;
    }
    let (one, other) = (&*PACKED, Release::of(&PLATFORMS));
    for platform in PLATFORMS {
        let file = other.file("bin").join(platform).join(program(platform));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        fs::File::open(file).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    let moved = tempfile::tempdir().unwrap();
    let script = "umask 077 && exec bash \"$0\" package";
    let mut command = Command::new("bash");
    command.args(["-c", script]).arg(Path::new(PROJECT).join("scripts/release.sh")).current_dir(moved.path());
    command.env("DIST", &other.dist).env("SOURCE_DATE_EPOCH", "1700000001").env("PATH", path());
    command.env("TMPDIR", moved.path()).env("LC_ALL", "C.UTF-8").env("TZ", "Asia/Tokyo").env_remove("RELEASE_KEY");
    accepted(&command.output().unwrap());
    let (one, other) = (one.files(), other.files());
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{name} differs");
    }
}

/// A second package leaves nothing of the first; a part of the platforms is told.
#[test]
fn some_platforms() {
    if !can_pack() {
        return;
    }
    let release = Release::of(&[HERE, "windows-arm64"]);
    fs::write(release.file("milvus-gke-l7-0.0.1.tgz"), "of an earlier version").unwrap();
    let said = release.package(&[], &[]);
    let missing: Vec<_> = PLATFORMS.into_iter().filter(|name| ![HERE, "windows-arm64"].contains(name)).collect();
    assert!(said.contains(&missing.join(" ")), "{said}");
    assert!(!release.file("milvus-gke-l7-0.0.1.tgz").exists());
    let (_folder, files) = unpacked(&release.plugin());
    assert_eq!(files.keys().filter(|file| file.contains("/bin/")).count(), 2);

    let nothing = Release::of(&["windows-arm64"]);
    refused(&nothing.script(&["package"], &[]), "it prints manual and completions");
    let release = Release::of(&[HERE]);
    refused(&release.script(&["build", "plan9-amd64"], &[]), "no such platform: plan9-amd64");
}

/// Helm runs what stands beside its plugin.yaml, for each platform.
#[test]
fn plugin_of_all_platforms() {
    if !can_pack() {
        return;
    }
    let release = &*PACKED;
    let (folder, files) = unpacked(&release.plugin());
    let read = |file: &str| fs::read(folder.path().join("milvus-gke-l7").join(file)).unwrap();
    let plugin: Value = serde_yaml::from_slice(&read("plugin.yaml")).unwrap();
    let of_repository = fs::read(Path::new(PROJECT).join("plugin.yaml")).unwrap();
    let mut expected: Value = serde_yaml::from_slice(&of_repository).unwrap();
    assert_eq!(expected["version"], VERSION);
    expected["runtimeConfig"]["platformCommand"] = plugin["runtimeConfig"]["platformCommand"].clone();
    assert_eq!(plugin, expected);

    let commands = plugin["runtimeConfig"]["platformCommand"].as_array().unwrap();
    assert_eq!(commands.len(), PLATFORMS.len());
    for (platform, command) in PLATFORMS.into_iter().zip(commands) {
        let (os, arch) = platform.split_once('-').unwrap();
        assert_eq!((&command["os"], &command["arch"]), (&os.into(), &arch.into()));
        assert_eq!(command["args"], serde_json::json!(["--helm4-plugin"]));
        let file = command["command"].as_str().unwrap().strip_prefix("${HELM_PLUGIN_DIR}/").unwrap();
        assert_eq!(files[&format!("milvus-gke-l7/{file}")], 0o755);
        if platform != HERE {
            assert_eq!(read(file), placeholder(platform).as_bytes());
        }
    }
    // plugin.yaml, LICENSE, README.md and the programs.
    assert_eq!(files.len(), PLATFORMS.len() + 3);
}

/// Helm 4 with folders of its own, and without our program on PATH.
struct Installed<'a> {
    helm: &'a Helm,
    data: TempDir,
}

impl<'a> Installed<'a> {
    fn new(helm: &'a Helm) -> Self {
        Self { helm, data: tempfile::tempdir().unwrap() }
    }

    fn plugin(&self, args: &[&str]) -> Output {
        let mut command = self.helm.command();
        command.arg("plugin").args(args).env("HELM_DATA_HOME", self.data.path()).env("TMPDIR", self.data.path());
        command.output().unwrap()
    }

    fn template(&self) -> Output {
        let mut command = self.helm.on_chart("template", PostRenderer::Ours(HOST));
        command.env("HELM_DATA_HOME", self.data.path()).env("PATH", "/usr/bin:/bin").output().unwrap()
    }
}

fn sample() -> String {
    fs::read_to_string(Path::new(PROJECT).join("testdata/sample/rendered.yaml")).unwrap()
}

#[test]
fn helm_installs_it_unsigned() {
    if !can_pack() {
        return;
    }
    let Some(helm) = Helm::find(4) else { return };
    let release = &*PACKED;
    let file = release.plugin();
    let file = file.to_str().unwrap();
    let expected = accepted(&helm.template(&sample(), PostRenderer::Ours(HOST), &[])).to_owned();
    assert!(expected.contains("kind: BackendConfig"));

    let installed = Installed::new(&helm);
    refused(&installed.template(), "not found");
    refused(&installed.plugin(&["install", file]), "no provenance file (.prov) found");
    accepted(&installed.plugin(&["install", "--verify=false", file]));
    let listed = installed.plugin(&["list"]);
    let listed: Vec<_> = accepted(&listed).lines().skip(1).flat_map(str::split_whitespace).collect();
    assert_eq!(listed[..3], ["milvus-gke-l7", VERSION, "postrenderer/v1"]);
    assert_eq!(accepted(&installed.template()), expected);
    // An error reaches the user.
    helm.template("kind: Pod\n", PostRenderer::Ours(HOST), &[]);
    refused(&installed.template(), "no Milvus Service in the input");
}

/// The archive of one platform is a plugin as well, once it is unpacked.
#[test]
fn helm_links_an_unpacked_archive() {
    if !can_pack() {
        return;
    }
    let Some(helm) = Helm::find(4) else { return };
    let release = &*PACKED;
    let expected = accepted(&helm.template(&sample(), PostRenderer::Ours(HOST), &[])).to_owned();
    let (folder, _) = unpacked(&release.file(&format!("milvus-gke-l7-{VERSION}-{HERE}.tar.gz")));
    let installed = Installed::new(&helm);
    let folder = folder.path().join(format!("milvus-gke-l7-{VERSION}-{HERE}"));
    accepted(&installed.plugin(&["install", folder.to_str().unwrap()]));
    assert_eq!(accepted(&installed.template()), expected);
}

/// A key that is thrown away, in a home of gpg that is thrown away with it.
struct Key {
    home: TempDir,
}

const KEY: &str = "Test of releases <release@example.com>";

impl Key {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(home.path().join("passphrase"), "no secret\n").unwrap();
        let key = Self { home };
        let passphrase = key.passphrase();
        let args = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase-file", &passphrase];
        accepted(&key.gpg(&[&args[..], &["--quick-generate-key", KEY, "rsa2048", "sign", "never"]].concat()));
        key
    }

    fn passphrase(&self) -> String {
        self.home.path().join("passphrase").to_str().unwrap().to_owned()
    }

    fn gpg(&self, args: &[&str]) -> Output {
        Command::new("gpg").args(args).env("GNUPGHOME", self.home.path()).output().unwrap()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.home.path()).status();
    }
}

#[test]
fn helm_verifies_a_signed_one() {
    if !can_pack() {
        return;
    }
    let Some(helm) = Helm::find(4) else { return };
    if common::program("GPG", "gpg").is_none() {
        return;
    }
    let (key, stranger) = (Key::new(), Key::new());
    let release = Release::of(&PLATFORMS);
    let home = key.home.path().to_str().unwrap();
    let passphrase = key.passphrase();
    let variables = [("GNUPGHOME", home), ("RELEASE_KEY", KEY), ("RELEASE_PASSPHRASE_FILE", &passphrase)];
    release.package(&[], &variables);
    let (file, ring) = (release.plugin(), release.file("public-key.gpg"));
    let (file, ring) = (file.to_str().unwrap(), ring.to_str().unwrap());

    let [sums, signature] = ["SHA256SUMS", "SHA256SUMS.asc"].map(|name| release.file(name));
    let sums = || key.gpg(&["--verify", signature.to_str().unwrap(), sums.to_str().unwrap()]);
    accepted(&sums());

    let expected = accepted(&helm.template(&sample(), PostRenderer::Ours(HOST), &[])).to_owned();
    let installed = Installed::new(&helm);
    let verify = |ring: &str| installed.plugin(&["verify", "--keyring", ring, file]);
    assert!(accepted(&verify(ring)).contains(KEY));
    let output = installed.plugin(&["install", "--keyring", ring, file]);
    assert!(accepted(&output).contains(KEY), "{}", text(&output.stdout));
    assert_eq!(accepted(&installed.template()), expected);

    // Somebody else's key, and another archive under the same name.
    let others = stranger.home.path().join("ring.gpg");
    accepted(&stranger.gpg(&["--batch", "--output", others.to_str().unwrap(), "--export", KEY]));
    refused(&verify(others.to_str().unwrap()), "signature");
    let mut bytes = fs::read(file).unwrap();
    bytes.push(0);
    fs::write(file, bytes).unwrap();
    refused(&verify(ring), "sha256 sum does not match");
    fs::write(release.file("SHA256SUMS"), "").unwrap();
    refused(&sums(), "BAD signature");
}

#[test]
fn the_sbom_lists_what_is_linked() {
    if !can_pack() {
        return;
    }
    if cyclonedx().is_none() {
        return;
    }
    let release = &*PACKED;
    let sbom = fs::read_to_string(release.file(&format!("milvus-gke-l7-{VERSION}.cdx.json"))).unwrap();
    for folder in [PROJECT, "/tmp/", env!("HOME")] {
        assert!(!sbom.contains(folder), "the SBOM names {folder}");
    }
    let sbom: Value = serde_json::from_str(&sbom).unwrap();
    assert_eq!(sbom["bomFormat"], "CycloneDX");
    let itself = &sbom["metadata"]["component"];
    assert_eq!((&itself["name"], &itself["version"]), (&"milvus-gke-l7".into(), &VERSION.into()));
    let components = sbom["components"].as_array().unwrap();
    let listed: BTreeSet<_> =
        components.iter().map(|component| component["purl"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed.len(), components.len());

    // As Cargo itself has it, for all platforms. cargo-cyclonedx adds what a feature could bring.
    let linked = packages("normal,build");
    let missing: Vec<_> = linked.difference(&listed).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let more = listed.difference(&linked).count();
    assert!(more < 10, "{more} more than are linked");
    let name = |purl: &String| purl.split(['/', '@']).nth(1).unwrap().to_owned();
    let names: BTreeSet<_> = listed.iter().map(name).collect();
    assert!(names.contains("libyaml-rs") && !names.contains("rustls") && !names.contains("ring"), "{names:?}");
}

/// The package URLs of what `cargo tree` lists, without ourselves.
fn packages(edges: &str) -> BTreeSet<String> {
    let args = ["tree", "--locked", "--target=all", "--prefix=none", "--format={p}", "--edges", edges];
    let tree = run("cargo", &args, Path::new(PROJECT));
    let lines = accepted(&tree).lines().filter(|line| !line.is_empty() && !line.starts_with("milvus-gke-l7 "));
    let words = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.map(|words| format!("pkg:cargo/{}@{}", words[0], words[1].trim_start_matches('v'))).collect()
}

#[test]
fn versions_agree() {
    if !can_pack() {
        return;
    }
    let release = Release::of(&[]);
    accepted(&release.script(&["check"], &[]));

    let copy = tempfile::tempdir().unwrap();
    let check = |tag: &str, plugin: &str, changelog: &str| {
        fs::create_dir_all(copy.path().join("scripts")).unwrap();
        for file in ["Cargo.toml", "scripts/release.sh"] {
            fs::copy(Path::new(PROJECT).join(file), copy.path().join(file)).unwrap();
        }
        fs::write(copy.path().join("plugin.yaml"), format!("name: x\nversion: {plugin}\n")).unwrap();
        fs::write(copy.path().join("CHANGELOG.md"), format!("# Changelog\n\n{changelog}\n\n- What is new\n")).unwrap();
        let args = ["scripts/release.sh", "check", tag];
        run("bash", if tag.is_empty() { &args[..2] } else { &args }, copy.path())
    };
    let (tag, heading) = (format!("v{VERSION}"), format!("## [{VERSION}] - 2026-01-31"));
    let later = format!("## [Unreleased]\n\n- More\n\n{heading}");
    for (tag, changelog) in [("", "## [Unreleased]"), ("", &heading), (&tag, &heading)] {
        accepted(&check(tag, VERSION, changelog));
    }
    refused(&check("", "99.0.0", "## [Unreleased]"), "plugin.yaml has version 99.0.0");
    refused(&check("", VERSION, &later), "is released already: raise the version");
    refused(&check("", VERSION, "## [99.0.0] - 2026-01-31"), "CHANGELOG.md begins with [99.0.0]");
    refused(&check(&tag, VERSION, "## [Unreleased]"), "CHANGELOG.md begins with [Unreleased]");
    refused(&check("v99.0.0", VERSION, &heading), "the tag is v99.0.0");

    // A release for the public is whole.
    let some = Release::of(&[HERE]);
    fs::create_dir_all(copy.path().join("scripts")).unwrap();
    let mut command = Command::new("bash");
    command.args(["scripts/release.sh", "package", &tag]).current_dir(copy.path()).env("DIST", &some.dist);
    accepted(&check(&tag, VERSION, &heading));
    refused(&command.output().unwrap(), "a release needs every platform");
}
