#!/usr/bin/env bash
# Starts a Kubernetes API server for tests/it/kubernetes.rs and tests/it/migrate.rs, and prints the path of its kubeconfig:
# etcd, kube-apiserver and kube-controller-manager on 127.0.0.1, without nodes. What runs already is left alone.
# scripts/judges.sh builds the programs.
#
#   start-kubernetes.sh           builds what is not built yet, and starts it
#   start-kubernetes.sh --stop    stops it, and removes all that it stored
#
#   KUBE_DIR   the cluster's own folder: keys, data, logs (~/.cache/milvus-gke-l7/cluster). Each is a cluster of its own
#   KUBE_PORT  the first of four ports; by default the first four that are free from 16443 on
set -euo pipefail

cluster=${KUBE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/milvus-gke-l7/cluster}
programs=(etcd kube-apiserver kube-controller-manager)

fail() {
    echo "start-kubernetes.sh: $1" >&2
    exit 1
}

# The process of a program, if it is still that program's.
running() { # PROGRAM
    local pid exe
    pid=$(cat "$cluster/pid/$1" 2>/dev/null) || return 1
    exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
    exe=${exe% (deleted)}
    [[ ${exe##*/} == "$1" ]] && echo "$pid"
}

stop() {
    local program pid
    for program in kube-controller-manager kube-apiserver etcd; do
        pid=$(running "$program") || continue
        kill "$pid"
        for _ in {1..100}; do
            [[ -d /proc/$pid ]] || break
            sleep 0.1
        done
        [[ ! -d /proc/$pid ]] || kill -9 "$pid"
        echo "stopped $program $pid" >&2
    done
    rm -rf "$cluster"
}

case ${1:---start} in
--start) ;;
--stop)
    stop
    exit
    ;;
*) fail "unknown argument $1: --stop, or nothing" ;;
esac

for program in openssl curl setsid; do
    command -v "$program" >/dev/null ||
        fail "the API server is started with '$program', and there is none on PATH: install it, then run this again"
done
built=$("$(dirname "$0")/judges.sh" kube)
built=$(realpath "${built#kube: }")

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

umask 077
mkdir -p "$cluster"/{pki,log,pid}
cd "$cluster"
cluster=$PWD
# Certificates and data are of one port: the second start takes the same.
[[ -s port ]] || echo "${KUBE_PORT:-$(free_ports)}" >port
port=$(<port)
etcd=http://127.0.0.1:$((port + 1))
peers=http://127.0.0.1:$((port + 2))

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

certificate() { # NAME SUBJECT EXTENSION...
    key "pki/$1.key"
    openssl req -new -sha256 -key "pki/$1.key" -subj "$2" -out "pki/$1.csr"
    printf '%s\n' keyUsage=critical,digitalSignature "${@:3}" >"pki/$1.ext"
    openssl x509 -req -sha256 -in "pki/$1.csr" -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -days 3650 \
        -extfile "pki/$1.ext" -out "pki/$1.crt" 2>/dev/null
}

kubeconfig() { # USER
    cat <<YAML
apiVersion: v1
kind: Config
clusters: [{name: tests, cluster: {server: "https://127.0.0.1:$port", certificate-authority-data: $(base64 -w0 pki/ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "pki/$1.crt"), client-key-data: $(base64 -w0 "pki/$1.key")}}]
contexts: [{name: tests, context: {cluster: tests, user: $1, namespace: default}}]
current-context: tests
YAML
}

if [[ ! -f kubeconfig ]]; then
    key pki/ca.key
    openssl req -x509 -new -sha256 -key pki/ca.key -days 3650 -subj /CN=tests-ca -out pki/ca.crt \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
    certificate apiserver /CN=kube-apiserver extendedKeyUsage=serverAuth \
        subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1
    certificate admin /O=system:masters/CN=tests-admin extendedKeyUsage=clientAuth
    certificate controllers /CN=system:kube-controller-manager extendedKeyUsage=clientAuth
    certificate proxy /CN=front-proxy-client extendedKeyUsage=clientAuth
    openssl genrsa -out pki/sa.key 2048 2>/dev/null
    openssl rsa -in pki/sa.key -pubout -out pki/sa.pub 2>/dev/null
    kubeconfig controllers >pki/controllers.kubeconfig
    kubeconfig admin >kubeconfig.new
    mv kubeconfig.new kubeconfig
fi

start() { # PROGRAM ARGUMENT...
    if ! running "$1" >/dev/null; then
        setsid "$built/$1" "${@:2}" >"log/$1.log" 2>&1 </dev/null &
        echo $! >"pid/$1"
    fi
}

wait_for() { # PROGRAM SECONDS COMMAND...
    local program=$1 end=$((SECONDS + $2))
    until "${@:3}" >/dev/null 2>&1; do
        if ! running "$program" >/dev/null || ((SECONDS >= end)); then
            tail -n 15 "log/$program.log" >&2
            fail "$program does not answer; $cluster/log/$program.log ends as above"
        fi
        sleep 0.1
    done
}

ask() { curl -fsS --noproxy '*' "$@"; }

start etcd --name=tests --data-dir="$cluster/etcd" --unsafe-no-fsync --log-level=warn \
    --listen-client-urls="$etcd" --advertise-client-urls="$etcd" \
    --listen-peer-urls="$peers" --initial-advertise-peer-urls="$peers" --initial-cluster="tests=$peers"
# Between fork and exec it is not yet itself.
sleep 0.2
wait_for etcd 30 ask "$etcd/readyz"

start kube-apiserver --etcd-servers="$etcd" \
    --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$port" --endpoint-reconciler-type=none \
    --service-cluster-ip-range=10.96.0.0/16 --allow-privileged=true \
    --tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key --client-ca-file=pki/ca.crt \
    --requestheader-client-ca-file=pki/ca.crt --requestheader-allowed-names=front-proxy-client \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file=pki/proxy.crt --proxy-client-key-file=pki/proxy.key \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=pki/sa.pub \
    --service-account-signing-key-file=pki/sa.key --authorization-mode=RBAC \
    --disable-admission-plugins=ServiceAccount --cert-dir="$cluster/pki"
api() { ask --cacert pki/ca.crt --cert pki/admin.crt --key pki/admin.key "https://127.0.0.1:$port$1"; }
sleep 0.2
wait_for kube-apiserver 120 api /readyz
wait_for kube-apiserver 30 api /api/v1/namespaces/default

# Those that a release has something to do with; none that needs nodes.
controllers=deployment,replicaset,statefulset,daemonset,job,cronjob,namespace,serviceaccount,disruption,endpointslice
controllers=${controllers//,/-controller,}-controller,garbage-collector-controller,root-ca-certificate-publisher-controller
controllers+=,clusterrole-aggregation-controller,resourcequota-controller,horizontal-pod-autoscaler-controller
controllers+=,persistentvolume-protection-controller,persistentvolumeclaim-protection-controller
start kube-controller-manager --kubeconfig=pki/controllers.kubeconfig --leader-elect=false \
    --bind-address=127.0.0.1 --secure-port=$((port + 3)) --cert-dir="$cluster/pki" --authentication-skip-lookup=true \
    --use-service-account-credentials=true --service-account-private-key-file=pki/sa.key --root-ca-file=pki/ca.crt \
    --controllers="$controllers"
sleep 0.2
wait_for kube-controller-manager 60 ask --insecure "https://127.0.0.1:$((port + 3))/healthz"
for program in "${programs[@]}"; do
    echo "$program: process $(running "$program")" >&2
done
echo "$cluster/kubeconfig"
