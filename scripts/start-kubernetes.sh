#!/usr/bin/env bash
# Starts a Kubernetes API server for tests/kubernetes.rs and prints the path of its kubeconfig: etcd, kube-apiserver
# and kube-controller-manager on 127.0.0.1, without nodes. What runs already is left alone. The scripts that build
# and start it are no part of this project: KUBE_SOURCE names their folder.
#
#   start-kubernetes.sh           builds what is not built yet, and starts it
#   start-kubernetes.sh --build   only builds
#   start-kubernetes.sh --stop    stops it, and removes all that it stored
#
#   KUBE_SOURCE  folder of kube-build.sh, kube-up.sh and kube-down.sh (../shared/kube)
#   KUBE_CACHE   where the built programs stay (~/.cache/milvus-gke-l7/kube)
#   KUBE_DIR     the cluster's own folder: keys, data, logs (`cluster` in KUBE_CACHE). Each is a cluster of its own
#   KUBE_PORT    the first of four ports; by default the first four that are free from 16443 on
set -euo pipefail

sources=${KUBE_SOURCE:-$(dirname "$0")/../../shared/kube}
cache=${KUBE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/milvus-gke-l7/kube}
cluster=${KUBE_DIR:-$cache/cluster}

fail() {
    echo "start-kubernetes.sh: $1" >&2
    exit 1
}

# Whether somebody listens on 127.0.0.1.
taken() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_ports() {
    local first
    for ((first = 16443; first < 17443; first += 10)); do
        if ! taken "$first" && ! taken $((first + 1)) && ! taken $((first + 2)) && ! taken $((first + 3)); then
            echo "$first"
            return
        fi
    done
    fail "no four free ports from 16443 to 17443: name the first of four in KUBE_PORT"
}

mode=${1:---start}
case $mode in
    --start | --build | --stop) ;;
    *) fail "unknown argument $mode: --build, --stop, or nothing" ;;
esac
[[ -x $sources/kube-up.sh ]] || fail "there is no kube-up.sh in $sources: name its folder in KUBE_SOURCE"

if [[ $mode = --stop ]]; then
    KUBE_DIR=$cluster "$sources/kube-down.sh" --wipe
    exit
fi

for program in go openssl curl; do
    command -v "$program" >/dev/null ||
        fail "the API server needs '$program', and there is none on PATH: install it, then run this again"
done
echo "building what is not built yet of Kubernetes: some ten minutes and 3 GB of build cache the first time" >&2
mkdir -p "$cache"
programs=$(KUBE_CACHE=$(realpath "$cache") "$sources/kube-build.sh")
if [[ $mode = --build ]]; then
    echo "$programs"
    exit
fi

mkdir -p "$cluster"
# A cluster's certificates and data are of one port: the second start takes the same.
[[ -s $cluster/port ]] || echo "${KUBE_PORT:-$(free_ports)}" >"$cluster/port"
KUBE_BIN=$programs KUBE_DIR=$(realpath "$cluster") KUBE_PORT=$(<"$cluster/port") "$sources/kube-up.sh"
