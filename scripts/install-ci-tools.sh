#!/usr/bin/env bash
# Installs what CI and releases need beyond scripts/install-tools.sh, or only those that are named:
#   $MILVUS_GKE_L7_TOOLS/cargo-deny-0.20.2/bin/cargo-deny             licenses, sources and versions of dependencies
#   $MILVUS_GKE_L7_TOOLS/cargo-cyclonedx-0.5.9/bin/cargo-cyclonedx    the SBOM of a release
#   $MILVUS_GKE_L7_TOOLS/actionlint-1.7.12/actionlint                 .github/workflows
#   musl                                                              Rust's standard library for it: releases for Linux
#   strace (tests/it/faults.rs), fish and zsh (tests/it/completion.rs), skopeo (tests/it/release.rs), shellcheck, valgrind, chromium
#                                                                     from Debian, where there is none on PATH
# The first two are compiled, which takes some minutes the first time. What is there is left alone.
set -euo pipefail

tools=${MILVUS_GKE_L7_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/milvus-gke-l7/tools}

fail() {
    echo "install-ci-tools.sh: $*" >&2
    exit 1
}

install_crate() { # NAME VERSION
    local dir=$tools/$1-$2
    if [[ ! -x $dir/bin/$1 ]]; then
        command -v cargo >/dev/null || fail "$1 is built with Cargo: install Rust, then run this again"
        echo "building $1 $2" >&2
        # The folder comes last: half of an installation is not found. Other flags than ours would build it anew.
        env -u RUSTFLAGS -u CARGO_TARGET_DIR cargo install --locked --quiet --root "$dir" "$1@$2"
    fi
    echo "$1 $2: $dir/bin/$1"
}

install_actionlint() { # VERSION
    local dir=$tools/actionlint-$1
    if [[ ! -x $dir/actionlint ]]; then
        command -v go >/dev/null || fail "actionlint is built with Go: install Go 1.26 or newer, then run this again"
        echo "building actionlint $1" >&2
        mkdir -p "$dir"
        GOBIN=$(cd "$dir" && pwd) go install "github.com/rhysd/actionlint/cmd/actionlint@v$1"
    fi
    echo "actionlint $1: $dir/actionlint"
}

install_package() { # NAME
    if ! command -v "$1" >/dev/null && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "installing $1" >&2
        { apt-get update && apt-get install --yes --no-install-recommends "$1"; } >/dev/null
    fi
    command -v "$1" >/dev/null || fail "there is no '$1' on PATH: install it (Debian: apt-get install $1)"
    echo "$1: $(command -v "$1")"
}

install_musl() {
    local target
    target=$(uname -m)-unknown-linux-musl
    if [[ ! -d $(rustc --print target-libdir --target "$target") ]]; then
        command -v rustup >/dev/null || fail "there is no standard library for $target: install it, or Rust with rustup"
        rustup --quiet target add "$target"
    fi
    echo "musl: $(rustc --print target-libdir --target "$target")"
}

[[ $# -gt 0 ]] || set -- cargo-deny cargo-cyclonedx actionlint musl strace fish zsh skopeo shellcheck valgrind chromium
for tool in "$@"; do
    case $tool in
    cargo-deny) install_crate cargo-deny 0.20.2 ;;
    cargo-cyclonedx) install_crate cargo-cyclonedx 0.5.9 ;;
    actionlint) install_actionlint 1.7.12 ;;
    musl) install_musl ;;
    strace | fish | zsh | skopeo | shellcheck | valgrind | chromium) install_package "$tool" ;;
    *) fail "no such tool: $tool" ;;
    esac
done
