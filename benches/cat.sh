#!/usr/bin/env bash
# Whole-process time beside `cat`, of a binary built as a release is: linked statically where the
# C library allows it, which saves the dynamic loader's work at every start. Pinned to one core.
#
#   benches/cat.sh [RENDERED.yaml]
set -euo pipefail
cd "$(dirname "$0")/.."
pin=()
command -v taskset >/dev/null && pin=(taskset -c 0)
target=()
host=$(rustc -vV | sed -n 's/^host: //p')
# With --target the flag stays away from procedural macros, which cannot be static.
if [ "${host#*linux-gnu}" != "$host" ] && [ -e "$(cc -print-file-name=libc.a)" ]; then
    export RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static"
    target=(--target "$host" --target-dir target/static)
fi
cargo build --release --quiet "${target[@]}"
"${pin[@]}" cargo bench --quiet "${target[@]}" --bench cat -- "$@"
