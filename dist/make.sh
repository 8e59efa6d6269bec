#!/usr/bin/env bash
# Makes everything that a release consists of, from a program that is built already.
#
# Usage: dist/make.sh PROGRAM [TARGET [NATIVE]]
#
# NATIVE is the same program for this machine, asked for manual page and completions where PROGRAM does not run
# here. The files are left in $OUT, else in target/dist. The same commit and the same program give the same
# bytes; the image also depends on the packages that Debian has that day.
#
#   KANBAN_BASE_URL   where install.sh looks for releases unless told otherwise; unset, it must be told
#   IMAGE=no          leaves out the image, which takes root, buildah and debootstrap
#   QUICK=yes         compresses little, for tests
set -euo pipefail
cd "$(dirname "$0")/.."

program=$(realpath "${1:?names the program}")
target=${2:-x86_64-unknown-linux-musl}
native=$(realpath "${3:-$program}")
out=$(realpath -m "${OUT:-target/dist}")

version=$(sed -n '/^\[workspace.package\]$/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
case $target in
x86_64-*) deb_arch=amd64 image_arch=amd64 ;;
aarch64-*) deb_arch=arm64 image_arch=arm64 ;;
*) echo "there are no packages for $target" >&2 && exit 2 ;;
esac
machine=${target%%-*}
name=kanban-$version-$machine-linux-musl

if [ "${QUICK:-no}" = yes ]; then gzip=1 xz=0; else gzip=9 xz=9e; fi

# Times in all files are that of the commit; what lies here uncommitted has none, and takes its.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct HEAD)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

said=$("$native" --version)
[ "$said" = "kanban $version" ] || { echo "$native says \"$said\", and Cargo.toml $version: build it anew" >&2 && exit 1; }

say() { printf '• %s\n' "$*"; }

# Writes a folder as a tar that knows no order, owner or moment of its making.
pack() {
    tar --sort=name --format=ustar --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --mode=u+rw,go-w --create --directory "$1" "$2"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
# What other versions left here is not summed up.
find "$out" -maxdepth 1 -name 'kanban[-_]*' -not -name "kanban[-_]${version}[-_]*" -delete
rm -f "$out"/SHA256SUMS* "$out/$name".* "$out/kanban_${version}_$deb_arch.deb" "$out/kanban-$version-$machine-image.tar.gz"

say "gather the licences of what is linked"
dist/licences.py "$target" >"$work/licences"

say "make the archive $name"
tree=$work/tar/$name
mkdir -p "$tree/man" "$tree/completions" "$tree/systemd/system" "$tree/systemd/user"
install -m 755 "$program" "$tree/kanban"
"$native" man >"$tree/man/kanban.1"
"$native" completions bash >"$tree/completions/kanban.bash"
"$native" completions zsh >"$tree/completions/_kanban"
"$native" completions fish >"$tree/completions/kanban.fish"
cp dist/systemd/kanban.service "$tree/systemd/system/kanban.service"
# install.sh and `kanban self-update` leave the program there.
sed 's|^ExecStart=/usr/bin/|ExecStart=%h/.local/bin/|' dist/systemd/kanban-user.service \
    >"$tree/systemd/user/kanban.service"
cp LICENSE CHANGELOG.md "$tree"
# Without pictures, and without links to files that only the source has.
sed -E -e '/^!\[|^ *<img /d' -e 's/\[([^]]+)\]\([^):#]*\)/\1/g' README.md >"$tree/README.md"
cp "$work/licences" "$tree/LICENSES-THIRD-PARTY.txt"
pack "$work/tar" "$name" >"$work/$name.tar"
gzip -$gzip --no-name --stdout "$work/$name.tar" >"$out/$name.tar.gz"
xz -$xz --threads=1 --stdout "$work/$name.tar" >"$out/$name.tar.xz"

say "make the Debian package"
root=$work/deb
share=$root/usr/share
mkdir -p "$root/DEBIAN" "$root/etc/kanban"
install -D -m 755 "$program" "$root/usr/bin/kanban"
install -D -m 644 dist/systemd/kanban.service "$root/lib/systemd/system/kanban.service"
install -D -m 644 dist/systemd/kanban-user.service "$root/usr/lib/systemd/user/kanban.service"
install -m 644 dist/debian/kanban.env server/dispatcher/src/kanban.toml "$root/etc/kanban"
install -D -m 644 "$tree/completions/kanban.bash" "$share/bash-completion/completions/kanban"
install -D -m 644 "$tree/completions/_kanban" "$share/zsh/vendor-completions/_kanban"
install -D -m 644 "$tree/completions/kanban.fish" "$share/fish/vendor_completions.d/kanban.fish"
install -D -m 644 LICENSE "$share/doc/kanban/copyright"
install -m 644 "$work/licences" "$share/doc/kanban/LICENSES-THIRD-PARTY.txt"
mkdir -p "$share/man/man1"
gzip -9 --no-name --stdout "$tree/man/kanban.1" >"$share/man/man1/kanban.1.gz"
gzip -9 --no-name --stdout CHANGELOG.md >"$share/doc/kanban/NEWS.gz"
gzip -9 --no-name "$share/doc/kanban/LICENSES-THIRD-PARTY.txt"
size=$(du --apparent-size --block-size=1024 --summarize "$root" | cut -f 1)
sed "s/@VERSION@/$version/; s/@ARCH@/$deb_arch/; s/@SIZE@/$size/" dist/debian/control >"$root/DEBIAN/control"
install -m 644 dist/debian/conffiles "$root/DEBIAN/conffiles"
install -m 755 dist/debian/postinst dist/debian/prerm dist/debian/postrm "$root/DEBIAN"
(cd "$root" && find usr lib etc -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
# Debian 10 reads xz, and not yet zstd.
dpkg-deb --root-owner-group -Zxz "-z${xz%e}" --threads-max=1 --build "$root" "$out/kanban_${version}_$deb_arch.deb" >/dev/null

if [ "${IMAGE:-yes}" = no ]; then
    say "leave out the image"
else
    say "make the image"
    dist/image.sh "$program" "$image_arch" "$work/licences" "kanban:$version" "$work/image.tar"
    gzip -$gzip --no-name --stdout "$work/image.tar" >"$out/kanban-$version-$machine-image.tar.gz"
fi

for file in compose.yaml install.sh kubernetes.yaml; do
    sed "s/@VERSION@/$version/; s|@BASE_URL@|${KANBAN_BASE_URL:-}|" "dist/$file" >"$out/$file"
done
chmod 755 "$out/install.sh"
# The newest version, for install.sh and `kanban self-update`.
echo "$version" >"$out/latest"
(cd "$out" && sha256sum -- * >"$work/sums" && mv "$work/sums" SHA256SUMS)
(cd "$out" && stat --format '  %10s  %n' -- *)
