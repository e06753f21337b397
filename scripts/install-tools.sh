#!/usr/bin/env bash
# Installs the Helm versions the tests run, built from the Go module proxy:
#   $MILVUS_GKE_L7_TOOLS/helm-3.22.0/helm
#   $MILVUS_GKE_L7_TOOLS/helm-4.3.1/helm
# What is there in the right version is left alone.
set -euo pipefail

tools=${MILVUS_GKE_L7_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/milvus-gke-l7/tools}

installed_version() { # FILE
    "$1" version --template '{{.Version}}' 2>/dev/null || true
}

install_helm() { # VERSION
    local version=$1
    local module=helm.sh/helm/v${version%%.*}
    local dir=$tools/helm-$version
    local helm=$dir/helm

    if [[ $(installed_version "$helm") != "v$version" ]]; then
        if ! command -v go >/dev/null; then
            echo "install-tools.sh: Helm $version is built with Go, and there is no 'go' on PATH:" \
                "install Go 1.26 or newer (https://go.dev/doc/install), then run this again" >&2
            exit 1
        fi
        echo "building Helm $version" >&2
        mkdir -p "$dir"
        # Helm takes its version from the linker: without the flag it would call itself v3.22 or v4.3.
        GOBIN=$(cd "$dir" && pwd) go install \
            -ldflags "-s -w -X $module/internal/version.version=v$version" \
            "$module/cmd/helm@v$version"
        if [[ $(installed_version "$helm") != "v$version" ]]; then
            echo "install-tools.sh: $helm does not report v$version: $("$helm" version 2>&1 || true)" >&2
            exit 1
        fi
    fi
    echo "Helm $version: $helm"
}

install_helm 3.22.0
install_helm 4.3.1
