#!/bin/sh
# Installs kanban for you alone; root is not needed. Again: brings it up to date.
#
#   KANBAN_BASE_URL     where releases are: BASE/latest names the newest version, BASE/vVERSION/ has its files
#   KANBAN_VERSION      a version other than the newest
#   KANBAN_INSTALL_DIR  where the program goes, else ~/.local/bin
#
# Until the sum of what was downloaded is right and the program has said its version, nothing is changed.
set -eu

# Written by dist/make.sh. There is no public address yet, so without one KANBAN_BASE_URL must be set.
default_base='@BASE_URL@'
default_version='@VERSION@'

fail() {
    printf 'kanban: %s\n' "$*" >&2
    exit 1
}

# Fetches $1 into the file $2. Says nothing: who calls it knows better what it means.
fetch() {
    if command -v curl >/dev/null; then
        curl --fail --silent --location --proto "=$schemes" --connect-timeout 30 --speed-time 60 --speed-limit 1 \
            --output "$2" "$1" 2>/dev/null
    else
        wget -q -T 30 -O "$2" "$1" 2>/dev/null
    fi
}

sha256() {
    if command -v sha256sum >/dev/null; then
        sha256sum <"$1" | cut -d ' ' -f 1
    else
        shasum -a 256 <"$1" | cut -d ' ' -f 1
    fi
}

clean_up() {
    rm -rf "$work"
    [ -z "$new" ] || rm -f "$new"
    [ -z "$made" ] || rmdir "$made" 2>/dev/null || true
}

# All is in functions, so that a script that was cut off on its way does nothing.
main() {
    [ "$(uname -s)" = Linux ] || fail "there is no program for $(uname -s), only for Linux: build it from source"
    case $(uname -m) in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "there is no program for $(uname -m), only for x86_64 and aarch64: build it from source" ;;
    esac

    base=${KANBAN_BASE_URL:-$default_base}
    base=${base%/}
    case $base in
    https://*) schemes=https ;;
    # The sums come from there too, so nobody on the way may change them.
    http://127.0.0.1 | http://127.0.0.1[:/]* | http://localhost | http://localhost[:/]*) schemes=http,https ;;
    http://*) fail "$base is refused, because anybody on the way could change what comes from there: give an https address" ;;
    '' | @*) fail "there is no public release yet: set and export KANBAN_BASE_URL, the address of one" ;;
    *) fail "KANBAN_BASE_URL is $base, which is no web address" ;;
    esac

    command -v curl >/dev/null || command -v wget >/dev/null || fail "curl or wget is needed: install one of them"
    command -v sha256sum >/dev/null || command -v shasum >/dev/null || fail "sha256sum or shasum is needed to check what was downloaded"
    dir=${KANBAN_INSTALL_DIR:-${HOME:-}/.local/bin}
    case $dir in
    /.local/bin) fail "HOME is not set: say by KANBAN_INSTALL_DIR where to install" ;;
    /*) ;;
    *) dir=$PWD/$dir ;;
    esac

    new='' made=''
    work=$(mktemp -d 2>/dev/null) || fail "no folder can be made in ${TMPDIR:-/tmp}: is the disk full?"
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM

    version=${KANBAN_VERSION:-}
    if [ -z "$version" ]; then
        # Release pages of forges have files of versions only: there, this script is one of them.
        if fetch "$base/latest" "$work/latest"; then
            read -r version <"$work/latest" || true
        else
            version=$default_version
        fi
    fi
    version=${version#v}
    case $version in
    '' | @*) fail "$base/latest could not be downloaded: is the network there?" ;;
    *[!0-9A-Za-z.+-]*) fail "$base/latest holds no version" ;;
    esac

    name=kanban-$version-$machine-linux-musl
    echo "Downloading kanban $version from $base"
    fetch "$base/v$version/SHA256SUMS" "$work/sums" ||
        fail "$base/v$version/SHA256SUMS could not be downloaded: is there a version $version, is the network there, and room in ${TMPDIR:-/tmp}?"
    wanted=
    while read -r sum file; do
        [ "${file#\*}" != "$name.tar.gz" ] || wanted=$sum
    done <"$work/sums"
    [ -n "$wanted" ] || fail "version $version has no program for $machine"
    fetch "$base/v$version/$name.tar.gz" "$work/archive" ||
        fail "$name.tar.gz could not be downloaded: is the network there, and room in ${TMPDIR:-/tmp}?"
    [ "$(sha256 "$work/archive")" = "$wanted" ] ||
        fail "$name.tar.gz has a wrong sum: it was cut off or changed on its way, so nothing was installed"
    (cd "$work" && tar -xzf archive "$name/kanban" 2>/dev/null) ||
        fail "$name.tar.gz could not be unpacked: is there room in ${TMPDIR:-/tmp}?"

    if [ ! -d "$dir" ]; then
        mkdir -p "$dir" 2>/dev/null || fail "$dir could not be made"
        made=$dir
    fi
    # Beside its place, so that it gets there in one step, also while the old one runs.
    new=$dir/.kanban.$$
    cp "$work/$name/kanban" "$new" 2>/dev/null || fail "the program could not be written to $dir: is the disk full, and the folder yours?"
    chmod 755 "$new"
    [ "$("$new" --version 2>/dev/null)" = "kanban $version" ] || fail "the program does not start on this machine, so it was not installed"
    mv -f "$new" "$dir/kanban" || fail "$dir/kanban could not be replaced"
    new='' made=''

    echo "Installed $dir/kanban"
    kanban=kanban
    case :$PATH: in
    *":$dir:"*) ;;
    *)
        kanban=$dir/kanban
        echo "Your PATH does not have that folder yet. For this terminal, and in ~/.profile for the next ones:"
        echo "  export PATH=\"$dir:\$PATH\""
        ;;
    esac
    echo "Next: \`$kanban serve\` opens a board and prints its link."
}

main
