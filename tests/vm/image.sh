#!/usr/bin/env bash
# Makes a disk image of a box: Debian 12 for amd64 with its own kernel and systemd, and antiphon on
# it as install.sh installs it. Root; needs mmdebstrap, e2fsprogs and about 3 GB for a while.
#
#   image.sh WHEELHOUSE DIR     root.img, vmlinuz and initrd.img appear in DIR
#
# The plain Debian is kept in $ANTIPHON_CACHE, else $XDG_CACHE_HOME/antiphon, else
# ~/.cache/antiphon: making it takes minutes. Another list of what is in it makes another.
#
# The box expects its two dongles under the USB serial numbers CYTONA and CYTONB, and the partition
# of its recordings under the label antiphon-data. Whatever is in guest is laid over it.
set -euo pipefail
umask 022

readonly SUITE=bookworm
readonly PACKAGES=dbus,e2fsprogs,kmod,linux-image-amd64,openssh-client,python3,python3-venv,rsync,systemd,systemd-sysv,udev
# All that the first seconds of a boot need; the rest is loaded from the disk.
readonly INITRD_MODULES=(virtio_pci virtio_blk ext4)
# What a box for a test does not need at every start.
readonly MASKED=(apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
  e2scrub_reap.service fstrim.timer systemd-firstboot.service)

if [[ $# -ne 2 ]]; then
  echo "usage: image.sh WHEELHOUSE DIR" >&2
  exit 64
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wheelhouse=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
cache=${ANTIPHON_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/antiphon}
contents=$(cksum <<<"$PACKAGES ${INITRD_MODULES[*]}")
base=$cache/$SUITE-amd64-${contents%% *}.tar
root=$out/root
readonly here wheelhouse out cache contents base root

make_base() {
  mkdir -p "$cache"
  # shellcheck disable=SC2016 # it is the hook's shell that knows $1, the directory
  mmdebstrap --quiet --variant=minbase --include="$PACKAGES" \
    --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d"' \
    --essential-hook='echo MODULES=list >"$1/etc/initramfs-tools/conf.d/modules"' \
    --essential-hook="printf '%s\n' ${INITRD_MODULES[*]} >\"\$1/etc/initramfs-tools/modules\"" \
    "$SUITE" "$base.new.tar"
  mv "$base.new.tar" "$base"
}

in_box() {
  # shellcheck disable=SC2016 # it is the inner shell that knows them
  unshare --mount --pid --fork --kill-child sh -c '
    mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" && exec chroot "$0" "$@"' \
    "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

install_antiphon() {
  mkdir -p "$root/srv/wheelhouse"
  cp "$wheelhouse"/* "$root/srv/wheelhouse"
  install -m 755 "$here/../../deploy/install.sh" "$root/srv/install.sh"
  in_box /srv/install.sh install --wheelhouse /srv/wheelhouse
  rm -r "$root/srv/wheelhouse" "$root/srv/install.sh"
}

make_box() {
  rm -rf "$root"
  mkdir "$root"
  tar -C "$root" -xf "$base"
  cp -r --no-preserve=ownership "$here/guest/." "$root"
  install_antiphon
  in_box systemctl --quiet mask "${MASKED[@]}"
  in_box systemctl --quiet enable antiphon-story.service
  echo antiphon >"$root/etc/hostname"
  : >"$root/etc/machine-id"
}

[[ -e $base ]] || make_base
make_box
cp "$root"/boot/vmlinuz-* "$out/vmlinuz"
cp "$root"/boot/initrd.img-* "$out/initrd.img"
rm -f "$out/root.img"
mke2fs -q -t ext4 -m 0 -E lazy_itable_init=0,lazy_journal_init=0 -d "$root" "$out/root.img" 2500M
rm -rf "$root"
