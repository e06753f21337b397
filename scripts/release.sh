#!/usr/bin/env bash
# Makes what a release consists of.
#   scripts/release.sh                      build for this machine, then package
#   scripts/release.sh check [TAG]          do Cargo.toml, plugin.yaml and CHANGELOG.md name the same version?
#   scripts/release.sh build [PLATFORM...]  $DIST/bin/<os>-<arch>/milvus-gke-l7, by default for this machine
#   scripts/release.sh package [TAG]        of all that is in $DIST/bin: an archive and a wheel for each platform, one
#                                           Helm 4 plugin for all of them, an OCI image for Linux, an SBOM, SHA256SUMS
# With a TAG (v0.1.0) it is for the public: all platforms, the SBOM and the changelog's heading must be there.
# Variables:
#   DIST                     where it goes; by default dist in Cargo's target folder
#   RELEASE_KEY              the key, as gpg knows it, that signs the plugin and the checksums; without it nothing is
#   RELEASE_PASSPHRASE_FILE  the file with its passphrase, where no agent asks for it
#   SOURCE_DATE_EPOCH        the time of all files; by default that of the commit
#   REPOSITORY               the URL of the sources, to which wheels and the image lead
# The same commit, compiler and tools make the same bytes, wherever they are. Signatures differ: they hold the time.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C TZ=UTC
umask 022

name=milvus-gke-l7
# As Go, and so Helm, names them.
platforms=(darwin-amd64 darwin-arm64 linux-amd64 linux-arm64 windows-amd64 windows-arm64)
target_dir=${CARGO_TARGET_DIR:-target}
dist=${DIST:-$target_dir/dist}
version=$(sed -n '/^\[package\]/,/^\[dep/ s/^version = "\(.*\)"$/\1/p' Cargo.toml)

fail() {
    echo "release.sh: $*" >&2
    exit 1
}

check() { # [TAG]
    local plugin headings newest
    [[ -n $version ]] || fail "Cargo.toml names no version"
    plugin=$(sed -n 's/^version: //p' plugin.yaml)
    [[ $plugin == "$version" ]] || fail "plugin.yaml has version $plugin, Cargo.toml has $version: make them the same"
    headings=$(sed -n 's/^## \[\(.*\)\].*/\1/p' CHANGELOG.md)
    newest=${headings%%$'\n'*}
    if [[ -n ${1:-} ]]; then
        [[ $1 == "v$version" ]] || fail "the tag is $1 and Cargo.toml has $version: tag v$version, or raise the version"
        [[ $newest == "$version" ]] ||
            fail "CHANGELOG.md begins with [$newest]: give what is new the heading ## [$version] - $(date +%F)"
    elif [[ $newest == Unreleased ]]; then
        ! grep -qxF "$version" <<<"$headings" ||
            fail "$version is released already: raise the version in Cargo.toml and plugin.yaml"
    else
        [[ $newest == "$version" ]] ||
            fail "CHANGELOG.md begins with [$newest], Cargo.toml has $version: name that version, or [Unreleased]"
    fi
}

this_platform() {
    local os arch
    case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    MINGW* | MSYS*) os=windows ;;
    *) fail "nothing is known of $(uname -s)" ;;
    esac
    case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "nothing is known of $(uname -m)" ;;
    esac
    echo "$os-$arch"
}

program() { # PLATFORM
    case $1 in
    windows-*) echo "$name.exe" ;;
    *) echo "$name" ;;
    esac
}

# Git's shell on Windows has paths of its own.
native() { # PATH
    if command -v cygpath >/dev/null; then cygpath --windows "$1"; else printf '%s\n' "$1"; fi
}

build() { # PLATFORM
    local platform=$1 target flags=() folder binary
    case $platform in
    linux-amd64) target=x86_64-unknown-linux-musl ;;
    linux-arm64) target=aarch64-unknown-linux-musl ;;
    darwin-amd64) target=x86_64-apple-darwin ;;
    darwin-arm64) target=aarch64-apple-darwin ;;
    windows-amd64) target=x86_64-pc-windows-msvc ;;
    windows-arm64) target=aarch64-pc-windows-msvc ;;
    *) fail "no such platform: $platform; there are ${platforms[*]}" ;;
    esac
    [[ -d $(rustc --print target-libdir --target "$target") ]] ||
        fail "$platform cannot be built here: no standard library for $target (rustup target add $target)"
    case $platform in
    # musl runs on every Linux, and starts in half the time of glibc, which asks the processor dozens of questions first;
    # in a virtual machine each of them ends up with the hypervisor. At a fixed address, as Go's programs, Helm among
    # them, it needs no relocation: the heap and the stack stay where nobody knows.
    linux-*) flags+=(-C target-feature=+crt-static -C relocation-model=static) ;;
    windows-*) flags+=(-C target-feature=+crt-static) ;;
    esac
    # Else the linker writes the time into it.
    [[ $platform != windows-* ]] || flags+=(-C link-arg=/Brepro)

    # Panics name source files. The folder of a registry is known only when something of it is there.
    cargo fetch --locked --quiet --target "$target"
    for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do
        flags+=("--remap-path-prefix=$(native "${folder%/}")=/registry")
    done
    flags+=("--remap-path-prefix=$(native "$PWD")=/$name")
    # So it is where the sources of the standard library are not installed.
    flags+=("--remap-path-prefix=$(rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$(rustc -vV | sed -n 's/^commit-hash: //p')")

    echo "building for $platform" >&2
    # With --target the flags stay away from procedural macros, which cannot be static.
    env -u RUSTFLAGS CARGO_ENCODED_RUSTFLAGS="$(IFS=$'\x1f'; printf %s "${flags[*]}")" \
        cargo build --locked --release --quiet --target "$target" --target-dir "$target_dir"
    binary=$target_dir/$target/release/$(program "$platform")
    if [[ $platform == linux-* && $(readelf --program-headers --wide "$binary") == *INTERP* ]]; then
        fail "$binary is not static"
    fi
    for folder in "$(native "$HOME")" "$(native "$PWD")" "$(native "${CARGO_HOME:-$HOME/.cargo}")"; do
        if grep -qF -- "$folder" "$binary"; then fail "$binary has the path $folder in it"; fi
    done
    mkdir -p "$dist/bin/$platform"
    install -m 755 "$binary" "$dist/bin/$platform/"
    echo "$dist/bin/$platform/$(program "$platform")"
}

# The plugin.yaml of the repository with other commands, which are read from stdin: the keys of each, then its path behind a |.
plugin_yaml() {
    local keys path arguments
    sed '/^ *platformCommand:/q' plugin.yaml
    arguments=$(sed -n 's/^ *args: //p' plugin.yaml)
    while IFS='|' read -r keys path; do
        # shellcheck disable=SC2016 # Helm expands it.
        printf '    - {%scommand: "${HELM_PLUGIN_DIR}/%s", args: %s}\n' "$keys" "$path" "$arguments"
    done
}

# The same bytes for the same files, whoever packs them.
tarball() { # ARCHIVE FOLDER
    tar --create --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        --mode=u+rwX,go+rX,go-w --directory "$(dirname "$2")" "$(basename "$2")" | gzip --best --no-name >"$1"
}

archive() { # PLATFORM
    local platform=$1 program folder
    program=$(program "$platform")
    folder=$work/$name-$version-$platform
    mkdir -p "$folder/completions" "$folder/man"
    install -m 755 "$dist/bin/$platform/$program" "$folder/"
    install -m 644 LICENSE README.md CHANGELOG.md "$folder/"
    "$ours" man >"$folder/man/$name.1"
    "$ours" completions bash >"$folder/completions/$name.bash"
    "$ours" completions elvish >"$folder/completions/$name.elv"
    "$ours" completions fish >"$folder/completions/$name.fish"
    "$ours" completions powershell >"$folder/completions/_$name.ps1"
    "$ours" completions zsh >"$folder/completions/_$name"
    plugin_yaml <<<"|$program" >"$folder/plugin.yaml"
    case $platform in
    windows-*) scripts/pack.py zip "$out/$name-$version-$platform.zip" "$folder" ;;
    *) tarball "$out/$name-$version-$platform.tar.gz" "$folder" ;;
    esac
}

# No hook and nothing to download. Helm wants the plugin's name as the folder in it.
helm_plugin() { # PLATFORM...
    local folder=$work/$name platform program
    mkdir -p "$folder"
    install -m 644 LICENSE README.md "$folder/"
    for platform in "$@"; do
        program=$(program "$platform")
        mkdir -p "$folder/bin/$platform"
        install -m 755 "$dist/bin/$platform/$program" "$folder/bin/$platform/"
        printf 'os: %s, arch: %s, |bin/%s/%s\n' "${platform%-*}" "${platform#*-}" "$platform" "$program"
    done | plugin_yaml >"$folder/plugin.yaml"
    tarball "$out/$name-$version.tgz" "$folder"
}

# CycloneDX. Made where nothing else is, because the tool writes beside Cargo.toml and names that folder.
sbom() {
    local folder=$work/sbom
    mkdir -p "$folder/src" "$folder/benches"
    cp Cargo.toml Cargo.lock "$folder/"
    touch "$folder/src/lib.rs" "$folder/src/main.rs" "$folder/benches/compare.rs" "$folder/benches/read-all-write-all.rs"
    (cd "$folder" && cargo cyclonedx --quiet --format json --spec-version 1.5 --target all --override-filename sbom)
    sed "s|path+file://$folder#|pkg:cargo/|g" "$folder/sbom.json" >"$out/$name-$version.cdx.json"
}

gpg_sign() { # gpg's arguments
    local passphrase=()
    [[ -z ${RELEASE_PASSPHRASE_FILE:-} ]] ||
        passphrase=(--pinentry-mode loopback --passphrase-file "$RELEASE_PASSPHRASE_FILE")
    gpg --batch --yes --quiet "${passphrase[@]}" --local-user "$RELEASE_KEY" --digest-algo SHA512 "$@"
}

# The provenance file as `helm plugin package --sign` writes it: the plugin's metadata, then the archive's sum. Helm
# itself would make the archive anew, with the owner and the times of the files that it meets; and it reads the private
# key from a file, where gpg takes it from wherever it is.
sign() {
    local plugin=$name-$version.tgz
    {
        cat "$work/$name/plugin.yaml"
        printf '\n...\nfiles:\n  %s: sha256:%s\n' "$plugin" "$(sha256sum <"$out/$plugin" | cut -d ' ' -f 1)"
    } | gpg_sign --clearsign --output "$out/$plugin.prov"
    gpg_sign --armor --detach-sign --output "$out/SHA256SUMS.asc" "$out/SHA256SUMS"
    # Not armored: before 4.3 Helm reads no other.
    gpg --batch --yes --quiet --output "$out/public-key.gpg" --export "$RELEASE_KEY"
}

package() { # [TAG]
    local tag=${1:-} platform program here=() missing=() images=()
    [[ $(tar --version) == *'GNU tar'* ]] || fail "this is not GNU tar: package on Linux"
    for platform in "${platforms[@]}"; do
        if [[ -f $dist/bin/$platform/$(program "$platform") ]]; then here+=("$platform"); else missing+=("$platform"); fi
    done
    if [[ ${#missing[@]} -gt 0 ]]; then
        [[ -z $tag ]] || fail "a release needs every platform; $dist/bin has no ${missing[*]}"
        echo "left out, because $dist/bin does not have it: ${missing[*]}" >&2
    fi
    ours=$dist/bin/$(this_platform)/$name
    [[ -x $ours ]] || fail "$ours is not there, or not executable: it prints manual and completions"
    [[ $("$ours" --version) == "$name $version" ]] || fail "$ours is not version $version: build it anew"
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} ||
        fail "this is no Git checkout: set SOURCE_DATE_EPOCH to the time of the release"
    export SOURCE_DATE_EPOCH

    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    out=$work/out
    mkdir "$out"
    REVISION=$(git rev-parse HEAD 2>/dev/null || true)
    export REVISION
    for platform in "${here[@]}"; do
        program=$dist/bin/$platform/$(program "$platform")
        archive "$platform"
        scripts/pack.py wheel "$out" "$version" "$platform" "$program"
        [[ $platform != linux-* ]] || images+=("$platform=$program")
    done
    helm_plugin "${here[@]}"
    [[ ${#images[@]} == 0 ]] || scripts/pack.py image "$out/$name-$version-image.tar" "$version" "${images[@]}"
    if command -v cargo-cyclonedx >/dev/null; then
        sbom
    else
        [[ -z $tag ]] || fail "a release needs an SBOM: cargo install --locked cargo-cyclonedx"
        echo "left out: the SBOM, because there is no cargo-cyclonedx (scripts/install-ci-tools.sh)" >&2
    fi
    (cd "$out" && sha256sum -- *) >"$work/SHA256SUMS"
    mv "$work/SHA256SUMS" "$out/"
    if [[ -n ${RELEASE_KEY:-} ]]; then sign; else echo "left out: signatures, because RELEASE_KEY is not set" >&2; fi
    # What an earlier version left must not come along.
    find "$dist" -maxdepth 1 -type f -delete
    mv "$out"/* "$dist/"
    find "$dist" -maxdepth 1 -type f | sort
}

command=${1:-}
shift $(($# > 0))
case $command in
check) check "$@" ;;
build)
    [[ $# -gt 0 ]] || set -- "$(this_platform)"
    for platform in "$@"; do build "$platform"; done
    ;;
package)
    check "$@"
    package "$@"
    ;;
'')
    check
    build "$(this_platform)"
    package
    ;;
*) fail "no such command: $command (check, build, package)" ;;
esac
