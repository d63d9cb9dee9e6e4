#!/bin/sh
# Mail of this VPS alone: nobody outside reaches it. Where it goes is said at first boot.
set -eu
root=$1
# shellcheck disable=SC2016 # $myhostname is for postfix
chroot "$root" postconf -e 'inet_interfaces = loopback-only' 'disable_vrfy_command = yes' \
    'smtpd_banner = $myhostname ESMTP' 'mynetworks = 127.0.0.0/8 [::1]/128' 'message_size_limit = 26214400'
# Installing it wrote down the name of the building machine.
chroot "$root" postconf -X myhostname
