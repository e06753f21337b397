#!/usr/bin/env bash
# The steps of action.yml, also with the bash 3.2 of macOS. Their variables are named there.
#   scripts/action.sh install    a release, its checksum compared, into PATH of the job
#   scripts/action.sh check      FILES with it: text for people, SARIF for GitHub
set -euo pipefail
: "${VERSION:=}" "${OPTIONS:=}" "${FILES:=}"

fail() {
    echo "::error::$*"
    exit 1
}

install() {
    local platform archive folder url file expected found
    local version=${VERSION#v}
    # A version stands in the file of its own tag.
    [[ -n $version ]] || version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$GITHUB_ACTION_PATH/Cargo.toml" | head -n 1)
    case $RUNNER_OS-$RUNNER_ARCH in
    Linux-X64) platform=linux-amd64 archive=tar.gz ;;
    Linux-ARM64) platform=linux-arm64 archive=tar.gz ;;
    macOS-X64) platform=darwin-amd64 archive=tar.gz ;;
    macOS-ARM64) platform=darwin-arm64 archive=tar.gz ;;
    Windows-X64) platform=windows-amd64 archive=zip ;;
    Windows-ARM64) platform=windows-arm64 archive=zip ;;
    *) fail "there is no release for $RUNNER_OS on $RUNNER_ARCH: build it with cargo install --git" ;;
    esac
    folder=milvus-gke-l7-$version-$platform
    archive=$folder.$archive
    url=$RELEASES/v$version
    cd "$RUNNER_TEMP"
    for file in SHA256SUMS "$archive"; do
        curl --fail --silent --show-error --location --retry 3 --output "$file" "$url/$file" ||
            fail "$url/$file cannot be read: is there a release $version?"
    done
    expected=$(awk -v file="$archive" '$2 == file { print $1 }' SHA256SUMS)
    if command -v sha256sum >/dev/null; then
        found=$(sha256sum <"$archive")
    else
        found=$(shasum -a 256 <"$archive")
    fi
    [[ -n $expected && ${found%% *} == "$expected" ]] ||
        fail "$archive has checksum ${found%% *}, SHA256SUMS of the release says ${expected:-nothing of it}"
    case $archive in
    *.zip) unzip -q -o "$archive" ;;
    *) tar -xzf "$archive" ;;
    esac
    "$folder/milvus-gke-l7" --version
    echo "$RUNNER_TEMP/$folder" >>"$GITHUB_PATH"
}

check() {
    local line found file text status=0 options=() files=()
    while IFS= read -r line; do
        [[ -z $line ]] || options+=("$line")
    done <<<"$OPTIONS"
    while IFS= read -r line; do
        [[ -n $line ]] || continue
        found=$(compgen -G "$line") || fail "no file matches $line"
        while IFS= read -r file; do files+=("$file"); done <<<"$found"
    done <<<"$FILES"
    # An empty array is unset for bash 3.2.
    set -- check ${options[@]+"${options[@]}"}
    text=$(milvus-gke-l7 "$@" "${files[@]}") || status=$?
    printf '%s\n' "$text"
    printf '### milvus-gke-l7 check\n\n~~~text\n%s\n~~~\n' "$text" >>"$GITHUB_STEP_SUMMARY"
    # The same status; and nothing, where something is wrong with the files themselves.
    milvus-gke-l7 "$@" --output sarif "${files[@]}" >"$SARIF" 2>/dev/null || true
    [[ ! -s $SARIF ]] || echo "sarif=$SARIF" >>"$GITHUB_OUTPUT"
    exit "$status"
}

case ${1:-} in
install | check) "$1" ;;
*) fail "no such step: ${1:-}" ;;
esac
