#!/bin/sh
# What starts by itself, and what never does.
set -eu
root=$1
chroot "$root" systemctl --quiet enable systemd-networkd systemd-resolved systemd-timesyncd \
    grow-root network-by-mac nftables
# The network is the seed's alone.
rm -f "$root"/etc/systemd/network/*.network
printf 'LANG=C.UTF-8\n' >"$root/etc/default/locale"
ln -sf /usr/share/zoneinfo/UTC "$root/etc/localtime"
printf 'Etc/UTC\n' >"$root/etc/timezone"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
# No LVM to check, no second boot loader to tell that this boot went well.
for unit in e2scrub_reap.service e2scrub_all.timer grub-common.service; do
    if [ -f "$root/lib/systemd/system/$unit" ]; then chroot "$root" systemctl --quiet disable "$unit"; fi
done
