#!/usr/bin/env bash
# Builds the page on which the program can be tried in a browser: scripts/site.sh [FILE]
# One file, target/site/index.html by default, with the program (WebAssembly), its JSON Schema and the sample in it. It
# opens from a folder and from any web server, and its content security policy allows no connection.
# Needs npm and Rust's standard library for wasm32-wasip1, which rustup brings.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

fail() {
    echo "site.sh: $*" >&2
    exit 1
}

page=${1:-target/site/index.html}
target=wasm32-wasip1
command -v npm >/dev/null || fail "there is no npm on PATH: install Node.js 20 or newer, then run this again"
if [[ ! -d $(rustc --print target-libdir --target "$target") ]]; then
    command -v rustup >/dev/null || fail "there is no standard library for $target: install it, or Rust with rustup"
    rustup --quiet target add "$target"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --locked --quiet --release --target "$target"
cp site/package.json site/package-lock.json site/page.js site/style.css "$work/"
npm --prefix "$work" ci --silent --no-audit --no-fund
"$work/node_modules/.bin/esbuild" "$work/page.js" --bundle --format=iife --minify --log-level=warning --outfile="$work/bundle.js"
printf %s "$(cat "$work/bundle.js")" >"$work/script"
printf %s "$(cat "$work/style.css")" >"$work/style"
base64 --wrap=0 "${CARGO_TARGET_DIR:-target}/$target/release/milvus-gke-l7.wasm" >"$work/program"
sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1 | tr -d '\n' >"$work/version"
for name in script style; do
    openssl dgst -sha256 -binary "$work/$name" | base64 | tr -d '\n' >"$work/${name}_sum"
done
cp schemas/milvus-gke-l7-v1alpha1.json "$work/schema"
cp testdata/sample/rendered.yaml "$work/sample"

# Each @NAME@ becomes the text of the file `name`.
mkdir -p "$(dirname "$page")"
# shellcheck disable=SC2016 # JavaScript's own dollars.
node -e '
    const [work, template] = process.argv.slice(1);
    const read = (name) => require("fs").readFileSync(`${work}/${name.toLowerCase()}`, "utf8");
    process.stdout.write(require("fs").readFileSync(template, "utf8").replace(/@([A-Z_]+)@/g, (_, name) => read(name)));
' "$work" site/index.html >"$page.new"
mv "$page.new" "$page"
echo "$page"
