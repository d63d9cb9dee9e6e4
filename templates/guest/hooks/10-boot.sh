#!/bin/sh
# Boots from its own root: fstab, the boot loader's files, a first menu. Every later `update-grub` in the guest makes
# the menu anew; here grub-probe can't, as there is no disk yet.
set -eu
root=$1
: "${VPS_ROOT_UUID:?}"

printf 'UUID=%s / ext4 rw,errors=remount-ro 0 1\n' "$VPS_ROOT_UUID" >"$root/etc/fstab"

grub=$root/boot/grub
mkdir -p "$grub/i386-pc"
cp "$root"/usr/lib/grub/i386-pc/*.mod "$root"/usr/lib/grub/i386-pc/*.lst "$grub/i386-pc/"
cp "$root/usr/lib/grub/i386-pc/boot.img" "$grub/i386-pc/"
# shellcheck disable=SC2016 # $root is GRUB's
printf 'search --no-floppy --fs-uuid --set=root %s\nset prefix=($root)/boot/grub\n' "$VPS_ROOT_UUID" >"$grub/i386-pc/load.cfg"
chroot "$root" grub-mkimage -O i386-pc -p /boot/grub -c /boot/grub/i386-pc/load.cfg -o /boot/grub/i386-pc/core.img \
    biosdisk part_gpt ext2 search search_fs_uuid normal configfile linux
chroot "$root" grub-editenv /boot/grub/grubenv create

set -- "$root"/boot/vmlinuz-*
[ $# -eq 1 ] || { echo "expected one kernel, found: $*" >&2; exit 1; }
version=${1##*/vmlinuz-}
[ -f "$root/boot/initrd.img-$version" ]
# Takes the same words for the kernel as the menus that the guest makes.
GRUB_CMDLINE_LINUX=''
for words in "$root"/etc/default/grub.d/*.cfg; do
    # shellcheck source=/dev/null
    . "$words"
done
cat >"$grub/grub.cfg" <<MENU
set timeout=0
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
menuentry 'Debian' {
    search --no-floppy --fs-uuid --set=root $VPS_ROOT_UUID
    linux /boot/vmlinuz-$version root=UUID=$VPS_ROOT_UUID ro $GRUB_CMDLINE_LINUX
    initrd /boot/initrd.img-$version
}
MENU
chmod 600 "$grub/grub.cfg"
