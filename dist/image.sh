#!/usr/bin/env bash
# Builds the image as an archive that `docker load` and `podman load` take, without a daemon.
#
# Usage: dist/image.sh PROGRAM amd64|arm64 LICENCES TAG ARCHIVE
#
# It is in Docker's own format, since that of OCI has no health check. Packages are fetched by debootstrap and
# unpacked, not run, so that the image for another processor is made in the same way.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$1 arch=$2 licences=$3 tag=$4 archive=$5
: "${SOURCE_DATE_EPOCH:?is the time in all files}"
case $arch in
amd64) triplet=x86_64-linux-gnu loader=lib64/ld-linux-x86-64.so.2 ;;
arm64) triplet=aarch64-linux-gnu loader=lib/ld-linux-aarch64.so.1 ;;
esac
packages=(busybox-static ca-certificates git libc6 libpcre2-8-0 zlib1g)
# Those that scripts of tasks ask for first. The rest is there as `busybox NAME`.
applets=(awk base64 basename cat chmod cmp comm cp cut date dd diff dirname du echo env expr false find fold grep
    gunzip gzip head hostname id kill ln ls md5sum mkdir mkfifo mktemp mv nl nproc od paste printenv printf ps pwd
    readlink realpath rm rmdir sed seq sh sha256sum sleep sort split stat sync tail tar tee test timeout touch tr
    true tsort uname uniq wc wget which xargs yes)

for tool in buildah debootstrap; do
    command -v $tool >/dev/null || { echo "$tool is missing: apt-get install $tool" >&2 && exit 1; }
done

umask 022
work=$(mktemp -d)
storage=(--root "$work/storage" --runroot "$work/run" --storage-driver vfs)
trap 'buildah "${storage[@]}" rm --all >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

# Each time anew, so that the image has what Debian mended since.
debootstrap --variant=minbase --arch="$arch" --include="$(IFS=, && echo "${packages[*]}")" --download-only \
    bookworm "$work/debian" >"$work/log" || { cat "$work/log" >&2 && exit 1; }

from=$work/from root=$work/context/root
mkdir -p "$from" "$root/bin" "$root/etc/ssl/certs" "$root/usr/bin" "$root/usr/share/doc/kanban" "$work/context/data"
mkdir -m 1777 "$root/tmp"
# Where the kernel's file systems are mounted, also on a root that is read-only.
mkdir "$root/dev" "$root/proc" "$root/sys"
for package in "${packages[@]}"; do
    file=$(echo "$work/debian/var/cache/apt/archives/${package}"_*.deb)
    dpkg-deb --extract "$file" "$from"
    # shellcheck disable=SC2016 # dpkg-deb fills these in.
    dpkg-deb --show --showformat '${Package} ${Version} ${Architecture}\n' "$file" >>"$root/usr/share/doc/packages"
done
(cd "$from" && cp --archive --parents "$loader" "lib/$triplet/"{ld-linux-*,libc.so.6,libz.so.1*} \
    "usr/lib/$triplet/"libpcre2-8.so.0* usr/bin/git usr/share/git-core/templates usr/share/doc/*/copyright "$root")
cp "$from/bin/busybox" "$root/bin/busybox"
for applet in "${applets[@]}"; do
    ln -s busybox "$root/bin/$applet"
done
cat "$from"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
printf '%s\n' root:x:0:0::/:/bin/sh kanban:x:10001:10001::/data:/bin/sh >"$root/etc/passwd"
printf '%s\n' root:x:0: kanban:x:10001: >"$root/etc/group"
install -m 755 "$program" "$root/usr/bin/kanban"
cp "$licences" "$root/usr/share/doc/kanban/LICENSES-THIRD-PARTY.txt"
cp LICENSE "$root/usr/share/doc/kanban/copyright"

buildah "${storage[@]}" build --isolation chroot --format docker --arch "$arch" --timestamp "$SOURCE_DATE_EPOCH" \
    --layers=false --quiet --tag "$tag" --file dist/Containerfile "$work/context" >/dev/null
buildah "${storage[@]}" push --quiet "$tag" "docker-archive:$work/image.tar:$tag"

# buildah notes the name of the container that it built in, another one each time, and adds the form of before
# Docker 1.10, which holds it too.
python3 - "$work/image.tar" "$archive" <<'END'
import hashlib, io, json, sys, tarfile

built = tarfile.open(sys.argv[1])
(image,) = json.load(built.extractfile("manifest.json"))
config = json.load(built.extractfile(image["Config"]))
config.pop("container", None)
config.pop("container_config", None)
config["config"]["Hostname"] = ""
text = json.dumps(config, sort_keys=True).encode()
image["Config"] = hashlib.sha256(text).hexdigest() + ".json"
with tarfile.open(sys.argv[2], "w") as archive:
    for layer in image["Layers"]:
        archive.addfile(built.getmember(layer), built.extractfile(layer))
    for name, content in ((image["Config"], text), ("manifest.json", json.dumps([image]).encode())):
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
END
