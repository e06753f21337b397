#!/usr/bin/env bash
# Builds the judges of the tests, programs in Go whose sources are in tests/judges: scripts/judges.sh [NAME...|all]
#   gce            GKE's Ingress controllers on a mock Compute API       6 minutes of processor time
#   kube           etcd, kube-apiserver and kube-controller-manager      10 minutes and 3 GB of build cache
#   crdcheck       objects against CustomResourceDefinitions             1 minute
#   milvus-config  how Milvus reads its configuration                    1 minute
#   operator       what the Milvus Operator makes of a Milvus resource   4 minutes
# Without a name, all of them. Prints the folder of each. It is
# $MILVUS_GKE_L7_TOOLS/<name>-<sum of its sources>, and is left alone once it is there.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../tests/judges"

tools=${MILVUS_GKE_L7_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/milvus-gke-l7/tools}
# What is not in go.sum is not built.
export CGO_ENABLED=0 GOFLAGS='-mod=readonly -buildvcs=false' GOWORK=off
shopt -s nullglob

fail() {
    echo "judges.sh: $*" >&2
    exit 1
}

# tests/it/common/mod.rs takes the same sum.
sum() { # NAME
    cat "$1"/*.go "$1"/go.mod "$1"/go.sum | sha256sum | cut -c 1-12
}

version() { # MODULE
    go list -m -f '{{.Version}}' "$1"
}

# The YAML files of a module's folder.
copy_crds() { # MODULE FOLDER TO
    go mod download "$1"
    mkdir -p "$3"
    # Files of the module cache cannot be written.
    install -m 644 "$(go list -m -f '{{.Dir}}' "$1")/$2"/*.yaml "$3/"
}

# Each in the folder of its sources, into the folder $1.
build_gce() {
    go build -ldflags='-s -w' -o "$1/gce" .
    mkdir "$1/crds"
    "$1/gce" -write-crds "$1/crds"
}

build_kube() {
    local kubernetes package flags=()
    kubernetes=$(version k8s.io/kubernetes)
    # A server tells its version, which Helm and kubectl ask for.
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        flags+=("-X=$package.gitVersion=$kubernetes" "-X=$package.gitMajor=1" "-X=$package.gitMinor=$(cut -d . -f 2 <<<"$kubernetes")"
            "-X=$package.gitTreeState=clean" "-X=$package.gitCommit=0000000000000000000000000000000000000000"
            "-X=$package.buildDate=1970-01-01T00:00:00Z")
    done
    go build -ldflags="-s -w ${flags[*]}" -o "$1/etcd" go.etcd.io/etcd/server/v3
    for package in kube-apiserver kube-controller-manager; do
        go build -ldflags="-s -w ${flags[*]}" -o "$1/$package" "k8s.io/kubernetes/cmd/$package"
    done
}

build_crdcheck() {
    go build -ldflags='-s -w' -o "$1/crdcheck" .
    copy_crds sigs.k8s.io/gateway-api config/crd/standard "$1/crds/gateway-api"
    copy_crds milvus-gke-l7.example/gateway-api-1.2 config/crd/standard "$1/crds/gateway-api-1.2"
    copy_crds github.com/GoogleCloudPlatform/gke-gateway-api config/crd "$1/crds/gke-gateway-api"
}

build_milvus-config() {
    go build -ldflags='-s -w' -o "$1/milvus-config" .
}

build_operator() {
    go build -ldflags='-s -w' -o "$1/operator" .
    mkdir "$1/config"
    cp -r "$(go list -m -f '{{.Dir}}' github.com/zilliztech/milvus-operator)/config/assets" "$1/config/"
    chmod -R u+w "$1/config"
    # The operator's packages do not start without one. Nothing is ever asked there.
    cat >"$1/kubeconfig" <<'EOF'
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
users: [{name: none, user: {}}]
current-context: none
EOF
}

[[ $# -gt 0 && $* != all ]] || set -- gce kube crdcheck milvus-config operator
for name in "$@"; do
    [[ -f $name/go.mod ]] || fail "no such judge: $name; there are $(printf '%s ' */ | tr -d /)"
    folder=$tools/$name-$(sum "$name")
    if [[ ! -d $folder ]]; then
        command -v go >/dev/null ||
            fail "$name is built with Go, and there is no 'go' on PATH: install Go 1.26 or newer (https://go.dev/doc/install), then run this again"
        echo "building $name" >&2
        mkdir -p "$tools"
        # It gets its name when it is whole.
        new=$(mktemp -d "$tools/$name.XXXXXX")
        trap 'rm -rf "$new"' EXIT
        begin=$SECONDS
        (cd "$name" && "build_$name" "$(realpath "$new")")
        chmod 755 "$new"
        # Somebody else may have been faster.
        mv -T "$new" "$folder" 2>/dev/null || [[ -d $folder ]]
        echo "built $name in $((SECONDS - begin)) s" >&2
    fi
    echo "$name: $folder"
done
