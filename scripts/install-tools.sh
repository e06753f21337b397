#!/usr/bin/env bash
# Installs what the tests run, built with Go or taken from PyPI:
#   $MILVUS_GKE_L7_TOOLS/helm-3.22.0/helm
#   $MILVUS_GKE_L7_TOOLS/helm-4.3.1/helm
#   $MILVUS_GKE_L7_TOOLS/kustomize-5.8.2/kustomize
#   $MILVUS_GKE_L7_TOOLS/pymilvus-3.0.2/bin/python
# What is there in the right version is left alone. kubectl and HAProxy are asked for on PATH; HAProxy is
# installed with apt-get where that can be done without a question.
set -euo pipefail

tools=${MILVUS_GKE_L7_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/milvus-gke-l7/tools}

# Both take their version from the linker: without the flag Helm would call itself v3.22 or v4.3, kustomize (devel).
install_helm() { # VERSION
    local module=helm.sh/helm/v${1%%.*}
    install_program Helm helm "$1" "$module/cmd/helm" "$module/internal/version.version"
}

install_kustomize() { # VERSION
    install_program kustomize kustomize "$1" "sigs.k8s.io/kustomize/kustomize/v${1%%.*}" \
        sigs.k8s.io/kustomize/api/provenance.version
}

installed_version() { # NAME FILE
    case $1 in
    Helm) "$2" version --template '{{.Version}}' ;;
    *) "$2" version ;;
    esac 2>/dev/null || true
}

install_program() { # NAME PROGRAM VERSION PACKAGE VARIABLE
    local name=$1 version=$3 package=$4 variable=$5
    local dir=$tools/$2-$version
    local program=$dir/$2

    if [[ $(installed_version "$name" "$program") != "v$version" ]]; then
        if ! command -v go >/dev/null; then
            echo "install-tools.sh: $name $version is built with Go, and there is no 'go' on PATH:" \
                "install Go 1.26 or newer (https://go.dev/doc/install), then run this again" >&2
            exit 1
        fi
        echo "building $name $version" >&2
        mkdir -p "$dir"
        GOBIN=$(cd "$dir" && pwd) go install -ldflags "-s -w -X $variable=v$version" "$package@v$version"
        if [[ $(installed_version "$name" "$program") != "v$version" ]]; then
            echo "install-tools.sh: $program does not report v$version: $("$program" version 2>&1 || true)" >&2
            exit 1
        fi
    fi
    echo "$name $version: $program"
}

# The flag came with kubectl 1.21; the kustomize in it before that runs no plugins of ours.
check_kubectl() {
    local kubectl=${KUBECTL:-kubectl} help
    if ! command -v "$kubectl" >/dev/null; then
        echo "install-tools.sh: there is no '$kubectl' on PATH: install kubectl 1.21 or newer" \
            "(https://kubernetes.io/docs/tasks/tools), or name one in KUBECTL, then run this again" >&2
        exit 1
    fi
    help=$("$kubectl" kustomize --help 2>&1 || true)
    if [[ $help != *--enable-alpha-plugins* ]]; then
        echo "install-tools.sh: $(command -v "$kubectl") is too old, its kustomize knows no --enable-alpha-plugins:" \
            "install kubectl 1.21 or newer (https://kubernetes.io/docs/tasks/tools)," \
            "or name one in KUBECTL, then run this again" >&2
        exit 1
    fi
    echo "kubectl: $(command -v "$kubectl")"
}

install_pymilvus() { # VERSION
    local version=$1 dir=$tools/pymilvus-$1
    local python=$dir/bin/python

    if [[ $("$python" -c 'import pymilvus; print(pymilvus.__version__)' 2>/dev/null || true) != "$version" ]]; then
        if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
            echo "install-tools.sh: PyMilvus needs Python 3 with venv (Debian: apt-get install python3-venv):" \
                "install it, then run this again" >&2
            exit 1
        fi
        echo "installing PyMilvus $version" >&2
        python3 -m venv --clear "$dir"
        "$dir/bin/pip" install --quiet --disable-pip-version-check "pymilvus==$version"
        "$python" -c 'import pymilvus'
    fi
    echo "PyMilvus $version: $python"
}

check_haproxy() {
    if ! command -v haproxy >/dev/null && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "installing HAProxy" >&2
        { apt-get update && apt-get install --yes --no-install-recommends haproxy; } >/dev/null
    fi
    if ! command -v haproxy >/dev/null; then
        echo "install-tools.sh: there is no 'haproxy' on PATH: install HAProxy 2.4 or newer" \
            "(Debian: apt-get install haproxy), then run this again" >&2
        exit 1
    fi
    echo "HAProxy: $(command -v haproxy)"
}

install_helm 3.22.0
install_helm 4.3.1
install_kustomize 5.8.2
check_kubectl
install_pymilvus 3.0.2
check_haproxy
