#!/usr/bin/env bash
# Builds antiphon_VERSION_ARCH.deb: every wheel for one machine, and install.sh, which makes the
# virtual environment of them when the package is installed. Needs no network there.
set -euo pipefail

readonly PYTHONS=(3.11 3.13) # of Debian 12 and 13
readonly LIB=usr/lib/antiphon

here=$(cd "$(dirname "$0")" && pwd)
readonly here

usage() {
  cat <<EOF
usage: build-deb.sh [--python PYTHON] [--wheelhouse DIR] amd64|arm64 [DIR]

Puts the package into DIR, by default dist.

  --python PYTHON   the one that fetches the wheels; by default python3
  --wheelhouse DIR  wheels that wheelhouse.py has fetched already
EOF
}

die() {
  printf 'build-deb.sh: %s\n' "$*" >&2
  exit 1
}

python=python3
wheelhouse=
while [[ ${1:-} == --* ]]; do
  case $1 in
    --python) python=$2 && shift 2 ;;
    --wheelhouse) wheelhouse=$2 && shift 2 ;;
    --help) usage && exit 0 ;;
    *) die "unknown option $1; see --help" ;;
  esac
done
case ${1:-} in
  amd64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *) die "for which machine? see --help" ;;
esac
SOURCE_DATE=${SOURCE_DATE_EPOCH:-$(stat --format=%Y "$here/../CHANGELOG.md")}
readonly SOURCE_DATE
readonly arch=$1 machine out=${2:-$here/../dist}

scratch=$(mktemp -d)
readonly scratch
trap 'rm -rf "$scratch"' EXIT

fetch_wheels() {
  local -a options=("--machine=$machine")
  options+=("${PYTHONS[@]/#/--python=}")
  wheelhouse=$scratch/wheelhouse
  "$python" "$here/wheelhouse.py" "${options[@]}" "$wheelhouse"
}

script() { # NAME, its text on stdin
  { echo '#!/bin/sh' && echo 'set -e' && cat; } >"$1"
  chmod 755 "$1"
}

control() { # VERSION
  cat <<EOF
Package: antiphon
Version: $1
Architecture: $arch
Maintainer: antiphon's makers <antiphon@users.noreply.github.com>
Section: science
Priority: optional
Depends: python3 (>= 3.11), python3-venv, rsync, openssh-client, systemd
Recommends: chrony
Suggests: rclone
Description: bedside recorder of two people's EEG
 Two boards, one clock, one file, one screen.
 Research use; not a medical device.
EOF
}

write_scripts() { # DIRECTORY
  script "$1/preinst" <<'EOF'
# By its path: apt's own does not lead to /usr/local.
if /opt/antiphon/current/bin/antiphon status --json 2>/dev/null | grep -q '"session": *{'; then
  echo "antiphon: a session is being recorded: stop it first (antiphon stop)" >&2
  exit 1
fi
EOF
  script "$1/postinst" <<EOF
[ "\$1" != configure ] || /$LIB/install.sh install --wheelhouse /$LIB/wheelhouse
EOF
  script "$1/prerm" <<EOF
[ "\$1" != remove ] || [ ! -e /opt/antiphon/current ] || /$LIB/install.sh uninstall
EOF
  script "$1/postrm" <<'EOF'
[ "$1" = purge ] || exit 0
rm -f /etc/antiphon/antiphon.toml /etc/antiphon/antiphon.toml.*
[ ! -d /etc/antiphon ] || rmdir --ignore-fail-on-non-empty /etc/antiphon
[ ! -d /var/lib/antiphon ] || cat <<'END'
antiphon: recordings are never purged: /var/lib/antiphon stays, with what antiphon sync needs
(sync_key), and so does the user antiphon.
END
EOF
}

# What Debian wants to find beside a program.
write_papers() { # VERSION DIRECTORY
  mkdir -p "$2"
  cat >"$2/copyright" <<'EOF'
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: antiphon
Comment: The wheels in /usr/lib/antiphon/wheelhouse are others' works, each with its licence in it.

Files: *
Copyright: 2026 antiphon's makers
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
EOF
  {
    printf 'antiphon (%s) stable; urgency=medium\n\n  * As in CHANGELOG.md of its sources.\n\n' "$1"
    printf " -- antiphon's makers <antiphon@users.noreply.github.com>  "
    date --utc --rfc-email --date="@$SOURCE_DATE"
  } | gzip -9n >"$2/changelog.gz"
}

main() {
  local root=$scratch/root version wheel
  [[ -n $wheelhouse ]] || fetch_wheels
  wheel=$(find "$wheelhouse" -name 'antiphon-*.whl' -printf '%f')
  version=${wheel#antiphon-}
  version=${version%%-*}
  mkdir -p "$root/DEBIAN" "$root/$LIB/wheelhouse" "$out"
  install -m 755 "$here/install.sh" "$root/$LIB/"
  install -m 644 "$wheelhouse"/*.whl "$wheelhouse/SHA256SUMS" "$root/$LIB/wheelhouse/"
  control "$version" >"$root/DEBIAN/control"
  write_papers "$version" "$root/usr/share/doc/antiphon"
  write_scripts "$root/DEBIAN"
  (cd "$root" && find usr -type f -exec md5sum {} +) >"$root/DEBIAN/md5sums"
  chmod -R u+rwX,go+rX,go-w "$root"
  # Wheels are packed already: the least that Debian takes is enough.
  dpkg-deb -Zxz -z0 --root-owner-group --build "$root" "$out/antiphon_${version}_$arch.deb"
}

main
