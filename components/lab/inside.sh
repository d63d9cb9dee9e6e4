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

# With a thread for each CPU, QEMU 7.2 has died of a segmentation fault while one CPU's write mapped a device and another
# one ran. Below version 9 a guest is emulated in one thread, by a word that libvirt can't be given: the emulator stands
# aside, under the name of one that the lab has no use for, and a script in its place says that word.
qemu=/usr/bin/qemu-system-x86_64
version=$("$qemu" --version | sed -n 's/^QEMU emulator version \([0-9]*\)\..*/\1/p')
if [ "$HIDE_KVM" = 1 ] && [ "${version:-0}" -lt 9 ] && [ -e "$qemu-microvm" ]; then
    cat >"$RUN/emulator" <<'END'
#!/bin/sh
before=
for word; do
    shift
    if [ "$before $word" = "-accel tcg" ]; then word=tcg,thread=single; fi
    set -- "$@" "$word"
    before=$word
done
exec /usr/bin/qemu-system-x86_64-microvm "$@"
END
    chmod 755 "$RUN/emulator"
    mount --bind "$qemu" "$qemu-microvm"
    mount --bind "$RUN/emulator" "$qemu"
    mount -o remount,bind,exec "$qemu" # /run lets nothing be executed on most machines
fi

# Static addresses only: nothing to detect, nothing to be advertised.
for switch in accept_dad dad_transmits accept_ra; do
    for conf in all default; do echo 0 >"/proc/sys/net/ipv6/conf/$conf/$switch"; done
done
ip link set lo up
