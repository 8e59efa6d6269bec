#!/usr/bin/env bash
# Packs a program and installs it in every way: by install.sh, as a Debian package, alone in an empty root.
#
# Usage: dist/test.sh PROGRAM [WORD]
#
# With a word, only tests with it in their names are run, and what they need.
# Each function below `# Tests` whose name begins with `it_` is a test, and fails with the first command that
# fails. What the machine cannot do is skipped, and said at the end. IMAGE=yes builds the image too and runs it.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$(realpath "${1:?names the program}")
roots=$PWD/target/tools/roots
work=$(mktemp -d)
servers=()
as=()
trap 'for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done; rm -rf "$work"' EXIT
unset KANBAN_HOME KANBAN_TASK KANBAN_RUN_TOKEN KANBAN_BASE_URL KANBAN_VERSION KANBAN_INSTALL_DIR
export LC_ALL=C

version=$("$program" --version | cut -d ' ' -f 2)
machine=$(uname -m)
name=kanban-$version-$machine-linux-musl
dist=$work/dist

skip() {
    echo "SKIPPED: $*" >&2
    exit 77
}

need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null || skip "$tool is missing"
    done
}

need_root() {
    [ "$(id -u)" = 0 ] || skip "this takes root"
}

says() {
    grep --quiet --fixed-strings -- "$1" "$2" || { echo "\"$1\" is not in:" && cat "$2" && return 1; } >&2
}

is_dynamic() {
    ldd "$program" >/dev/null 2>&1
}

# The libraries of a program that is not static, which the one of a release is.
lay_libraries() {
    is_dynamic || return 0
    ldd "$program" | grep --only-matching '/[^ )]*' | sort --unique | while read -r library; do
        install -D "$library" "$1$library"
    done
}

# A Debian root with nothing but what every one has; `mkroot SUITE FOLDER` copies it.
mkroot() {
    need_root
    need debootstrap
    if [ ! -d "$roots/$1" ]; then
        mkdir -p "$roots"
        rm -rf "$roots/$1.new"
        debootstrap --variant=minbase --include=adduser "$1" "$roots/$1.new" >"$work/debootstrap.log" 2>&1 || {
            tail -n 3 "$work/debootstrap.log" >&2
            rm -rf "$roots/$1.new"
            skip "no root of Debian $1 can be had"
        }
        rm -f "$roots/$1.new"/var/cache/apt/archives/*.deb
        mv "$roots/$1.new" "$roots/$1"
    fi
    cp --archive --reflink=auto "$roots/$1" "$2"
}

# Runs a program in a root and with nothing of our environment.
inside() {
    exec "${as[@]}" bwrap --bind "$1" / --dev-bind /proc /proc --dev /dev --die-with-parent --clearenv --setenv PATH /bin:/usr/bin \
        --setenv HOME /data --setenv KANBAN_HOME /data --chdir / "${@:2}"
}

# Serves the board in a root: sets `server` and `url`.
serve_inside() {
    exec {lines}< <(inside "$1" "$2" serve --listen 127.0.0.1:0 2>"$work/server.log")
    server=$!
    read -r -t 60 -u "$lines" url || { cat "$work/server.log" >&2 && return 1; }
    url=${url#listening on }
    [ "$(curl --silent "$url/healthz")" ]
}

stop_server() {
    # bwrap waits for the program, and would not hand the signal on.
    pkill --parent "$server"
    timeout 30 tail --pid="$server" --follow /dev/null
    says "stopping" "$work/server.log"
}

# ---- Tests ------------------------------------------------------------------------------------------

it_allows_a_licence_only_when_all_that_it_asks_for_is_allowed() {
    cd dist
    python3 -B - <<'END'
from licences import allowed

for expression in ["MIT", "MIT OR GPL-3.0", "GPL-2.0/MIT", "(MIT OR GPL-3.0) AND Unicode-3.0",
                   "Apache-2.0 WITH LLVM-exception OR GPL-3.0"]:
    assert allowed(expression), expression
for expression in ["GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR AGPL-3.0)", "Apache-2.0 WITH Other-exception"]:
    assert not allowed(expression), expression
END
}

it_makes_the_same_bytes_twice() {
    # Of the program itself this says nothing. It is packed in other folders each time, and at another hour.
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$program" >"$work/stand-in"
    chmod 755 "$work/stand-in"
    for turn in first second; do
        OUT=$work/$turn IMAGE=${IMAGE:-no} TZ=Asia/Tokyo TMPDIR=$(mktemp -d -p "$work") \
            dist/make.sh "$work/stand-in" "$machine-unknown-linux-musl" >/dev/null
        touch "$work/stand-in"
    done
    diff --recursive "$work/first" "$work/second"
    [ -s "$work/first/SHA256SUMS" ]
}

it_packs_the_program() {
    OUT=$dist QUICK=yes IMAGE=${IMAGE:-no} dist/make.sh "$program" "$machine-unknown-linux-musl"
    (cd "$dist" && sha256sum --quiet --check SHA256SUMS)
    for file in kanban man/kanban.1 completions/kanban.bash completions/_kanban completions/kanban.fish LICENSE README.md \
        LICENSES-THIRD-PARTY.txt systemd/system/kanban.service systemd/user/kanban.service; do
        tar --list --file "$dist/$name.tar.xz" "$name/$file" >/dev/null
    done
    mkdir -p "$work/site"
    cp --recursive "$dist" "$work/site/v$version"
    mv "$work/site/v$version/latest" "$work/site/latest"
}

# Sets `base` to the address of the releases, and `home` to an empty home folder. `shell` names the shell.
with_site() {
    exec {site}< <(exec python3 dist/tests/server.py "$work/site")
    servers+=($!)
    # The subshell of each test forgets the list above.
    trap 'kill "${servers[@]}"' EXIT
    read -r base <&"$site"
    home=$work/home
    rm -rf "$home"
    mkdir -p "$home" "$work/tmp"
}

# Runs install.sh with these variables; what it says is in $work/said.
installs() {
    # shellcheck disable=SC2086 # "busybox sh" is two words.
    env --ignore-environment HOME="$home" TMPDIR="$work/tmp" PATH="$PATH" "$@" ${shell:-sh} dist/install.sh >"$work/said" 2>&1
}

# Fails in one sentence, and leaves nothing behind.
refuses() {
    local sentence=$1
    shift
    if installs "$@"; then echo "it did not fail" >&2 && return 1; fi
    says "$sentence" "$work/said"
    [ "$(grep --count '^kanban: ' "$work/said")" = 1 ]
    [ "$(grep --count --invert-match '^Downloading' "$work/said")" = 1 ]
    [ -z "$(find "$home" "$work/tmp" -mindepth 1 -not -name .local)" ]
}

# A PATH with the usual programs, but for those named.
path_without() {
    rm -rf "$work/path"
    mkdir "$work/path"
    for tool in sh uname mktemp rm rmdir mkdir cat cut cp mv chmod tar gzip sha256sum curl wget env; do
        case " $* " in
        *" $tool "*) ;;
        *) ln -s "$(command -v $tool)" "$work/path/$tool" 2>/dev/null || true ;;
        esac
    done
    echo "$work/path"
}

installs_by() {
    shell=$1
    with_site
    installs KANBAN_BASE_URL="$base"
    [ "$("$home/.local/bin/kanban" --version)" = "kanban $version" ]
    [ "$(ls -A "$home/.local/bin")" = kanban ]
    [ -z "$(ls -A "$work/tmp")" ]
    says "export PATH=\"$home/.local/bin:\$PATH\"" "$work/said"
    says "kanban serve" "$work/said"
    # Again, in place of the one that runs.
    exec {line}< <(exec "$home/.local/bin/kanban" --home "$work/board" serve --listen 127.0.0.1:0 2>/dev/null)
    servers+=($!)
    read -r -t 60 <&"$line"
    installs KANBAN_BASE_URL="$base/" KANBAN_VERSION="v$version" PATH="$home/.local/bin:$PATH"
    if grep 'export PATH' "$work/said"; then return 1; fi
    rm -rf "$work/board"
    refuses_all
}

refuses_all() {
    rm -rf "$home" && mkdir "$home"
    refuses "no public release" A=b
    refuses "could not be downloaded" KANBAN_BASE_URL="$base" KANBAN_VERSION=9.9.9
    refuses "cut off or changed" KANBAN_BASE_URL="$base/wrong"
    refuses "could not be downloaded" KANBAN_BASE_URL="$base/cut" KANBAN_VERSION="$version"
    refuses "anybody on the way" KANBAN_BASE_URL=http://example.com
    refuses "no web address" KANBAN_BASE_URL=ftp://example.com
    refuses "no version" KANBAN_BASE_URL="$base/hostile"
}

it_refuses_what_is_not_whole_under_dash() {
    need dash
    wrong_site
    installs_by dash
}

it_refuses_what_is_not_whole_under_busybox() {
    need busybox
    installs_by "busybox sh"
}

it_refuses_what_is_not_whole_under_bash() {
    installs_by "bash --posix"
}

wrong_site() {
    mkdir -p "$work/site/wrong/v$version" "$work/site/hostile"
    cp "$work/site/latest" "$work/site/wrong"
    cp "$work/site/v$version/SHA256SUMS" "$work/site/wrong/v$version"
    { cat "$work/site/v$version/$name.tar.gz" && echo; } >"$work/site/wrong/v$version/$name.tar.gz"
    # shellcheck disable=SC2016 # It is not to be expanded here, nor there.
    echo '$(touch /tmp/owned)/../..' >"$work/site/hostile/latest"
}

it_installs_with_either_of_curl_and_wget_and_says_that_it_needs_one() {
    need wget curl
    with_site
    installs KANBAN_BASE_URL="$base" PATH="$(path_without curl)"
    rm -rf "$home" && mkdir "$home"
    installs KANBAN_BASE_URL="$base" PATH="$(path_without wget)"
    rm -rf "$home" && mkdir "$home"
    refuses "curl or wget" KANBAN_BASE_URL="$base" PATH="$(path_without curl wget)"
    refuses "shasum" KANBAN_BASE_URL="$base" PATH="$(path_without sha256sum)"
    refuses "could not be downloaded" KANBAN_BASE_URL="$base/cut" KANBAN_VERSION="$version" PATH="$(path_without curl)"
}

it_installs_nothing_on_another_platform() {
    with_site
    for platform in "Darwin arm64" "Linux riscv64"; do
        path=$(path_without uname)
        # shellcheck disable=SC2016 # uname is to expand it.
        printf '#!/bin/sh\nset -- %s "$1"\n[ "$3" = -s ] && echo "$1" || echo "$2"\n' "$platform" >"$path/uname"
        chmod 755 "$path/uname"
        refuses "build it from source" KANBAN_BASE_URL="$base" PATH="$path"
    done
}

it_installs_nothing_on_a_full_disk() {
    with_site
    unshare --user --map-root-user --mount true 2>/dev/null || skip "no mount of one's own"
    mkdir "$home/small"
    export -f installs says
    export home work base shell=sh
    for full in KANBAN_INSTALL_DIR TMPDIR; do
        # shellcheck disable=SC2016 # The inner shell is to expand it.
        unshare --user --map-root-user --mount bash -euc '
            mount -t tmpfs -o size=1m none "$home/small"
            if installs KANBAN_BASE_URL="$base" '$full'="$home/small"; then exit 1; fi
            grep --quiet "disk full\|room in" "$work/said"
            [ "$(wc -l <"$work/said")" = 2 ]
            [ -z "$(find "$home/small" "$work/tmp" -type f)" ]'
    done
    [ "$(ls -A "$home")" = small ]
}

it_leaves_nothing_behind_when_it_is_ended() {
    with_site
    for signal in INT TERM; do
        status=0
        HOME=$home TMPDIR=$work/tmp KANBAN_BASE_URL=$base/stuck KANBAN_VERSION=$version \
            timeout --signal $signal 2 sh dist/install.sh >"$work/said" 2>&1 || status=$?
        [ "$status" = 124 ]
        says Downloading "$work/said"
        [ -z "$(find "$home" "$work/tmp" -mindepth 1)" ]
    done
}

it_does_nothing_when_the_script_itself_is_cut_off() {
    with_site
    size=$(stat --format %s dist/install.sh)
    for ((bytes = 100; bytes < size - 6; bytes += 97)); do
        head --bytes $bytes dist/install.sh | env HOME="$home" KANBAN_BASE_URL="$base" sh >/dev/null 2>&1 || true
        [ -z "$(ls -A "$home")" ] || { echo "its first $bytes bytes installed something" >&2 && return 1; }
    done
}

it_runs_in_a_root_with_nothing_else_in_it() {
    need bwrap curl
    root=$work/empty
    mkdir -p "$root/tmp" "$root/data"
    tar --extract --file "$dist/$name.tar.gz" --directory "$root" --strip-components 1 "$name/kanban"
    if is_dynamic; then
        echo "• it is linked dynamically, as no release is: its libraries are laid beside it"
        lay_libraries "$root"
    fi
    serve_inside "$root" /kanban
    curl --silent --fail --header "Authorization: Bearer $(cat "$root/data/token")" "$url/" | grep --quiet '</html>'
    stop_server
}

it_runs_the_sample_to_its_end_beside_busybox_alone() {
    need bwrap busybox
    root=$work/busybox
    mkdir -p "$root/tmp" "$root/data" "$root/bin" "$root/usr"
    ln -s ../bin "$root/usr/bin"
    cp "$(command -v busybox)" "$root/bin/busybox"
    if ldd "$root/bin/busybox" >/dev/null 2>&1; then skip "busybox is not the static one: apt-get install busybox-static"; fi
    chroot "$root" /bin/busybox --install -s /bin
    tar --extract --file "$dist/$name.tar.gz" --directory "$root/bin" --strip-components 1 "$name/kanban"
    lay_libraries "$root"
    serve_inside "$root" /bin/kanban
    runs_sample "$root/data"
    stop_server
}

# Answers the one question of the sample, and waits for its last task.
runs_sample() {
    export KANBAN_HOME=$1
    exec {events}< <(exec timeout 120 "$program" watch --kinds blocked,completed 2>&1)
    watch=$!
    read -r -u "$events"
    "$program" sample >/dev/null
    completed=0
    while [ "$completed" -lt 10 ] && read -r -u "$events" event; do
        case $event in
        *blocked*)
            id=$(grep --only-matching 't_[0-9a-f]*' <<<"$event" | head -n 1)
            "$program" comment "$id" "Lewis Carroll" >/dev/null
            "$program" unblock "$id" >/dev/null
            ;;
        *completed*) completed=$((completed + 1)) ;;
        esac
    done
    kill "$watch"
    [ "$completed" = 10 ] || { "$program" list && cat "$work/server.log" && return 1; } >&2
    unset KANBAN_HOME
}

# The files of a root, but for logs and caches, and what dpkg and passwd keep of the past.
files_of() {
    (cd "$1" && find . -xdev -not -path './var/log/*' -not -path './var/cache/*' -not -path './var/lib/dpkg/*' \
        -not -name '*-' -not -path './etc/.pwd.lock' -not -path './run/*' | sort)
}

# Runs a command in the root of Debian.
in_debian() {
    unshare --fork --pid --mount --root="$root" --mount-proc env --ignore-environment \
        PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

debian_package() {
    root=$work/debian-$1
    mkroot "$1" "$root"
    files_of "$root" >"$work/before"
    cp "$dist"/kanban_*.deb "$root/kanban.deb"
    in_debian dpkg --install /kanban.deb >"$work/dpkg.log"
    in_debian kanban --version
    [ "$(in_debian stat --format '%U %G %a' /var/lib/kanban)" = "kanban kanban 700" ]
    [ "$(in_debian stat --format '%U %G %a' /etc/kanban/kanban.toml)" = "root kanban 640" ]

    # Root's configuration is what the service reads.
    printf '\n[lanes.here]\ncommand = ["true"]\n' >>"$root/etc/kanban/kanban.toml"
    in_debian su kanban -s /bin/sh -c 'KANBAN_HOME=/var/lib/kanban kanban create hello && KANBAN_HOME=/var/lib/kanban kanban lanes' >"$work/lanes"
    says here "$work/lanes"

    # An upgrade keeps board and configuration, and so does a removal.
    in_debian dpkg --install /kanban.deb >>"$work/dpkg.log"
    says lanes.here "$root/etc/kanban/kanban.toml"
    in_debian dpkg --remove kanban >>"$work/dpkg.log"
    [ ! -e "$root/usr/bin/kanban" ]
    [ -e "$root/var/lib/kanban/kanban.db" ]
    in_debian dpkg --install /kanban.deb >>"$work/dpkg.log"
    says lanes.here "$root/etc/kanban/kanban.toml"

    # The same once more where systemd runs, by a systemctl that only writes down what it is asked for.
    mkdir -p "$root/run/systemd/system"
    printf '#!/bin/sh\necho "$@" >>/asked\n' >"$root/usr/local/bin/systemctl"
    chmod 755 "$root/usr/local/bin/systemctl"
    in_debian dpkg --install /kanban.deb >>"$work/dpkg.log"
    in_debian dpkg --purge kanban >>"$work/dpkg.log"
    diff - "$root/asked" <<'END'
daemon-reload
daemon-reload
try-restart kanban.service
disable --quiet --now kanban.service
kill --signal=KILL kanban.service
daemon-reload
daemon-reload
END
    rm -r "$root/run/systemd" "$root/asked" "$root/usr/local/bin/systemctl" "$root/kanban.deb"
    files_of "$root" | diff "$work/before" -
    if in_debian getent passwd kanban; then return 1; fi
}

it_comes_and_goes_as_a_package_of_debian_12() {
    debian_package bookworm
}

it_comes_and_goes_as_a_package_of_debian_11() {
    static_alone
    debian_package bullseye
}

# It is in Debian's archive alone, which not every mirror has.
it_comes_and_goes_as_a_package_of_debian_10() {
    static_alone
    debian_package buster
}

# A dynamic program wants a C library as new as that of the machine that it was linked on.
static_alone() {
    if is_dynamic; then skip "a dynamic program wants a newer Debian"; fi
}

it_has_units_that_systemd_understands() {
    need systemd-analyze
    mkdir -p "$work/units/user"
    for unit in kanban.service kanban-user.service; do
        sed "s|/usr/bin/kanban|$program|" "dist/systemd/$unit" >"$work/units/$unit"
        says_nothing systemd-analyze verify --man=no "$work/units/$unit"
    done
}

says_nothing() {
    "$@" >"$work/said" 2>&1 || { cat "$work/said" >&2 && return 1; }
    # What it says of other units of this machine is not ours.
    if grep kanban "$work/said" >&2; then return 1; fi
}

it_runs_in_the_image_as_nobody_and_finds_itself_healthy() {
    [ "${IMAGE:-no}" = yes ] || skip "IMAGE=yes builds the image"
    need_root
    root=$work/image
    mkdir -p "$root" "$work/layers"
    tar --extract --file "$dist/kanban-$version-$machine-image.tar.gz" --directory "$work/layers"
    python3 - "$work/layers" >"$work/layers.txt" <<'END'
import json, pathlib, sys

folder = pathlib.Path(sys.argv[1])
image, = json.loads((folder / "manifest.json").read_text())
config = json.loads((folder / image["Config"]).read_text())["config"]
assert config["User"] == "10001:10001" and config["Volumes"] == {"/data": {}}, config
assert config["Healthcheck"]["Test"][0] == "CMD" and config["Entrypoint"] == ["/usr/bin/kanban"], config
print(*image["Layers"], sep="\n")
END
    while read -r layer; do
        tar --extract --file "$work/layers/$layer" --directory "$root"
    done <"$work/layers.txt"
    [ "$(stat --format '%u:%g' "$root/data")" = 10001:10001 ]
    [ "$(stat --format %a "$root/tmp")" = 1777 ]
    lay_libraries "$root"
    chmod 711 "$work"
    as=(setpriv --reuid 10001 --regid 10001 --clear-groups)
    serve_inside "$root" /usr/bin/kanban
    (inside "$root" wget -q -O /dev/null "$url/healthz")
    (inside "$root" sh -euc '
        cd /data
        git init -q -b main repository
        cd repository
        git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a
        git worktree add -q ../worktree
        git -C ../worktree status --short')
    stop_server
}

it_publishes_on_github_and_on_forgejo() {
    need curl
    mkdir -p "$work/files"
    echo "the sums" >"$work/files/SHA256SUMS"
    echo "what is new" >"$work/notes"
    for forge in https://github.com https://forge.example; do
        exec {said}< <(exec python3 dist/tests/forge.py)
        forge_server=$!
        trap 'kill "$forge_server"' EXIT
        read -r api <&"$said"
        TOKEN=t GITHUB_SERVER_URL=$forge GITHUB_API_URL=$api GITHUB_REPOSITORY=ada/kanban OUT=$work/files \
            dist/publish.sh v1.0.0 "$work/notes" >/dev/null
        kill "$forge_server"
        cat <&"$said" >"$work/said"
        says "release v1.0.0 True token t" "$work/said"
        if [ "$forge" = https://github.com ]; then
            says "/uploads/7/assets?name=SHA256SUMS application/octet-stream True" "$work/said"
        else
            says "/repos/ada/kanban/releases/7/assets?name=SHA256SUMS multipart/form-data True" "$work/said"
        fi
        says '/repos/ada/kanban/releases/7 {"draft": false}' "$work/said"
    done
    trap - EXIT
}

it_finds_the_notes_of_its_own_version_alone() {
    dist/changelog-section.sh "$version" >"$work/notes"
    if grep '^## ' "$work/notes"; then return 1; fi
    if dist/changelog-section.sh 9.9.9 2>"$work/said"; then return 1; fi
    says "the version of the source is $version" "$work/said"
}

# ---- All of them ------------------------------------------------------------------------------------

passed=0 failed=0 skipped=()
mapfile -t tests < <(sed -n 's/^\(it_[a-z0-9_]*\)() {$/\1/p' dist/test.sh)
for test in "${tests[@]}"; do
    case $test in
    it_packs_the_program | *"${2:-}"*) ;;
    *) continue ;;
    esac
    # Not within `if`, nor before `||`: there, bash would go on after a command that fails.
    set +e
    (set -e && "$test")
    status=$?
    set -e
    case $status in
    0) passed=$((passed + 1)) && echo "ok      $test" ;;
    77) skipped+=("$test") ;;
    *) failed=$((failed + 1)) && echo "FAILED  $test" >&2 ;;
    esac
done
for test in "${skipped[@]}"; do
    echo "SKIPPED $test" >&2
done
echo "$passed passed, $failed failed, ${#skipped[@]} skipped"
[ "$failed" = 0 ]
