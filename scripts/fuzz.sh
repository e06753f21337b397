#!/usr/bin/env bash
# Feeds odd input to the library, with AddressSanitizer: scripts/fuzz.sh [TARGET|all] [OPTION of libFuzzer]...
#   scripts/fuzz.sh all -runs=1000 -seed=1   what CI does
#   scripts/fuzz.sh splice -max_total_time=3600
# The targets are those of fuzz/Cargo.toml. Seeds are the documents in testdata and of the rendered charts
# (MILVUS_CHARTS, or ../shared/charts). What is found on the way stays in the target folder, and is where the next
# run begins; an input that fails is shown, with the command that makes it smaller. Installs cargo-fuzz into the folder
# of scripts/install-tools.sh. Takes Rust's nightly toolchain if it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.13.2
tools=${MILVUS_GKE_L7_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/milvus-gke-l7/tools}
charts=${MILVUS_CHARTS:-../shared/charts}
build=${CARGO_TARGET_DIR:-target}/fuzz

mapfile -t targets < <(cd fuzz/fuzz_targets && printf '%s\n' *.rs | sed 's/\.rs$//')
case ${1:-all} in
all | -*) chosen=("${targets[@]}") ;;
*) chosen=("$1") ;;
esac
[[ ${1:-} == -* ]] || shift $(($# > 0))
for target in "${chosen[@]}"; do
    if [[ ! -f fuzz/fuzz_targets/$target.rs ]]; then
        echo "fuzz.sh: there is no target '$target': name one of ${targets[*]}, or all" >&2
        exit 2
    fi
done
if [[ ! -d $charts ]]; then
    echo "fuzz.sh: there are no rendered charts in $charts: name their folder in MILVUS_CHARTS" >&2
    [[ ${CI:-} != true ]] || exit 1
    echo "fuzz.sh: going on with the seeds of testdata alone" >&2
fi

fuzz=$tools/cargo-fuzz-$version/bin/cargo-fuzz
if [[ $("$fuzz" --version 2>/dev/null || true) != "cargo-fuzz $version" ]]; then
    if ! command -v c++ >/dev/null; then
        echo "fuzz.sh: libFuzzer is built with a C++ compiler, and there is no 'c++' on PATH" \
            "(Debian: apt-get install g++): install one, then run this again" >&2
        exit 1
    fi
    echo "building cargo-fuzz $version" >&2
    cargo install --quiet --locked --root "$tools/cargo-fuzz-$version" "cargo-fuzz@$version"
fi
# A sanitizer is an unstable option of rustc.
if cargo +nightly --version >/dev/null 2>&1; then
    export RUSTUP_TOOLCHAIN=nightly
else
    export RUSTC_BOOTSTRAP=1
fi

# Seeds for $1 in the folder $2: the documents of the YAML files, each once, or whole streams; small ones only.
write_seeds() { # TARGET FOLDER
    rm -rf "$2" && mkdir -p "$2"
    {
        find testdata -name '*.yaml' ! -name stdout.yaml
        [[ ! -d $charts ]] || find "$charts" -name '*.yaml'
    } | sort | LC_ALL=C awk -v target="$1" -v folder="$2" '
        function flush() {
            size = length(text)
            if (size > 0 && size < largest && !(text in seen)) {
                seen[text]
                file = folder "/" ++count
                # What is tried is chosen by the byte before a stream, and by what follows the NUL behind a document.
                if (target == "filter") printf "%c", 33 + count % 64 > file
                printf "%s", text > file
                if (target == "splice") {
                    printf "%c", 0 > file
                    for (choice = 0; choice < 40; choice++) printf "%c", 33 + int(rand() * 90) > file
                }
                close(file)
            }
            text = ""
        }
        BEGIN {
            srand(1)
            whole = target == "split" || target == "filter"
            largest = whole ? 8192 : 1536
        }
        {
            while ((getline line < $0) > 0) {
                if (!whole && line ~ /^---/) flush()
                else text = text line "\n"
            }
            close($0)
            flush()
        }'
}

build=$(mkdir -p "$build" && cd "$build" && pwd)
for target in "${chosen[@]}"; do
    write_seeds "$target" "$build/seeds/$target"
    mkdir -p "$build/corpus/$target" "$build/found/$target"
    echo "== $target: $(find "$build/seeds/$target" -type f | wc -l) seeds" >&2
    # Comparisons are not traced, for speed: the dictionary knows the words that they would tell.
    "$fuzz" run --no-trace-compares --target-dir "$build" "$target" \
        "$build/corpus/$target" "$build/seeds/$target" "$PWD/fuzz/regressions/$target" -- \
        -dict="$PWD/fuzz/yaml.dict" -artifact_prefix="$build/found/$target/" \
        -max_len=8192 -rss_limit_mb=2048 -timeout=30 -print_final_stats=1 "$@"
done
