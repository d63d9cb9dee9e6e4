#!/bin/sh
# Every unit of ours that says where it belongs starts by itself: a layer adds one by its file alone.
set -eu
root=$1
for unit in "$root"/etc/systemd/system/vps-*; do
    if [ -f "$unit" ] && grep -q '^\[Install\]' "$unit"; then
        chroot "$root" systemctl --quiet enable "${unit##*/}"
    fi
done
