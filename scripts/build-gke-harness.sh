#!/usr/bin/env bash
# Builds the judge of tests/gke.rs: a program that runs GKE's real Ingress controllers over manifests, on a mock
# Compute API. Its Go sources are no part of this project: GKE_HARNESS_SOURCE names their folder. The result goes
# to GCEHARNESS, or into the cache folder. What is there and newer than the sources is left alone.
set -euo pipefail

sources=${GKE_HARNESS_SOURCE:-$(dirname "$0")/../../shared/gke}
harness=${GCEHARNESS:-${XDG_CACHE_HOME:-$HOME/.cache}/gceharness}

if [[ ! -f $sources/go.mod ]]; then
    echo "build-gke-harness.sh: there are no Go sources in $sources: name their folder in GKE_HARNESS_SOURCE" >&2
    exit 1
fi
if [[ ! -x $harness || -n $(find "$sources" -name '*.go' -newer "$harness" -o -name 'go.*' -newer "$harness") ]]; then
    if ! command -v go >/dev/null; then
        echo "build-gke-harness.sh: GKE's controllers are built with Go, and there is no 'go' on PATH:" \
            "install Go 1.26 or newer (https://go.dev/doc/install), then run this again" >&2
        exit 1
    fi
    echo "building GKE's controllers, which takes some minutes the first time" >&2
    mkdir -p "$(dirname "$harness")"
    output=$(realpath "$harness")
    (cd "$sources" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags='-s -w' -o "$output.new" .)
    # Nobody finds half of it.
    mv "$output.new" "$output"
fi
echo "GKE's controllers: $harness"
