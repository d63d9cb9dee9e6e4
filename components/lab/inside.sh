#!/bin/sh
# Furnishes the lab's mount namespace. Runs once, in the new namespaces and in the root of the lab's cgroup; the caller
# gives everything by environment: LAB, RUN, DATA, CGROUP_VERSION, CGROUP_MOUNTS (v1: one per word), HIDE_KVM.
# Nothing here is seen outside: mounts flow in from the machine (slave), never out.
set -eu

# Copies of other namespaces' files would keep those alive after their owners deleted them. Where mounts are shared, one
# unmount takes its twin along, which then is not there any more: that is no failure.
sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - nsfs .*/\1/p' /proc/self/mountinfo >"$RUN/nsfs"
while read -r point; do umount -l "$point" 2>/dev/null || :; done <"$RUN/nsfs"
rm "$RUN/nsfs"
if mountpoint -q /run/netns; then umount -l /run/netns; fi

hostname "$LAB"
printf '127.0.0.1 localhost %s\n::1 localhost %s\n' "$LAB" "$LAB" >"$RUN/hosts"
mount --bind "$RUN/hosts" /etc/hosts

for pair in "$RUN/libvirt:/run/libvirt" "$DATA/etc:/etc/libvirt" "$DATA/lib:/var/lib/libvirt" \
    "$DATA/log:/var/log/libvirt" "$DATA/cache:/var/cache/libvirt" "$DATA/aegir-vps:/var/lib/aegir-vps"; do
    mkdir -p "${pair%%:*}" "${pair#*:}"
    mount --bind "${pair%%:*}" "${pair#*:}"
done

# The machine's own services (machined, firewalld, polkit) must hear nothing of the lab's guests.
for folder in /run/dbus /run/systemd; do
    if [ -d "$folder" ]; then mount -t tmpfs -o mode=755,size=64k tmpfs "$folder"; fi
done

for folder in boot dnsmasq images network qemu sanlock; do mkdir -p "/var/lib/libvirt/$folder"; done
mkdir -p /var/log/libvirt/qemu # as the package makes it: virtlogd writes consoles there and makes no folder

# A sysfs and a cgroup tree as seen from these namespaces; the machine's are out of sight.
umount -R -l /sys
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
if [ "$CGROUP_VERSION" = 2 ]; then
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
else
    mount -t tmpfs -o mode=755,size=64k tmpfs /sys/fs/cgroup
    for controllers in $CGROUP_MOUNTS; do
        mkdir "/sys/fs/cgroup/$controllers"
        mount -t cgroup -o "nosuid,nodev,noexec,$controllers" cgroup "/sys/fs/cgroup/$controllers"
    done
fi

# A file that can't be opened for writing is no KVM: libvirt and QEMU then don't advertise what would not run.
if [ "$HIDE_KVM" = 1 ] && [ -e /dev/kvm ]; then
    : >"$RUN/no-kvm"
    mount --bind "$RUN/no-kvm" /dev/kvm
    mount -o remount,bind,ro /dev/kvm
fi

# Static addresses only: nothing to detect, nothing to be advertised.
for switch in accept_dad dad_transmits accept_ra; do
    for conf in all default; do echo 0 >"/proc/sys/net/ipv6/conf/$conf/$switch"; done
done
ip link set lo up
