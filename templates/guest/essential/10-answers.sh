#!/bin/sh
# Answers for packages that ask. GRUB is laid down when the disk is made: its package need not know a device.
set -eu
root=$1
chroot "$root" debconf-set-selections <<'ANSWERS'
grub-pc grub-pc/install_devices multiselect
grub-pc grub-pc/install_devices_empty boolean true
postfix postfix/main_mailer_type select Local only
postfix postfix/mailname string localhost
locales locales/default_environment_locale select C.UTF-8
ANSWERS
