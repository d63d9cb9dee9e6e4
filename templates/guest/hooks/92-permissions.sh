#!/bin/sh
# Who may read and do what. Modes that a package would set anew at its next update go through dpkg-statoverride.
set -eu
root=$1
override() { chroot "$root" dpkg-statoverride --quiet --update --add "$@"; }

# Nobody has a password to change, and nobody but root mounts, becomes another or signs with the host's key.
for file in /usr/bin/chfn /usr/bin/chsh /usr/bin/gpasswd /usr/bin/mount /usr/bin/newgrp /usr/bin/passwd /usr/bin/su \
    /usr/bin/umount /usr/lib/openssh/ssh-keysign /usr/bin/fusermount3 /usr/bin/ntfs-3g; do
    if [ -f "$root$file" ] && [ ! -L "$root$file" ]; then override root root 0755 "$file"; fi
done
# Before Debian 13 /bin still has a name of its own in dpkg's records.
for name in mount su umount; do
    if chroot "$root" dpkg-query --search "/bin/$name" >/dev/null 2>&1; then override root root 0755 "/bin/$name"; fi
done
plugin=/usr/lib/mysql/plugin/auth_pam_tool_dir/auth_pam_tool
if [ -f "$root$plugin" ]; then override root root 0755 "$plugin"; fi
for file in chage expiry; do
    if [ -f "$root/usr/bin/$file" ]; then override root root 0755 "/usr/bin/$file"; fi
done

chmod 0700 "$root/root"
chmod 0600 "$root/etc/crontab" "$root/etc/cron.allow" "$root/etc/ssh/sshd_config" "$root"/etc/ssh/sshd_config.d/*
chmod 0700 "$root"/etc/cron.d "$root"/etc/cron.daily "$root"/etc/cron.hourly "$root"/etc/cron.weekly "$root"/etc/cron.monthly
chmod 0750 "$root/etc/sudoers.d"
install -d -m 0700 "$root/etc/vps/secrets"
install -d -m 0750 "$root/etc/nftables.d"
install -d -m 0700 -o "$(chroot "$root" id -u mysql)" -g "$(chroot "$root" id -g mysql)" "$root/var/lib/mysql-files"
# A new account's home is its own. The umask stays: nginx reads what the flavour's account writes.
sed -i -e '/^#\?HOME_MODE\s/d' "$root/etc/login.defs"
printf 'HOME_MODE 0700\n' >>"$root/etc/login.defs"
sed -i -e 's/^#\?DIR_MODE=.*/DIR_MODE=0700/' "$root/etc/adduser.conf"
mkdir -p "$root/var/log/journal"
