#!/bin/sh
# Nobody has a password, root is locked.
set -eu
root=$1
chroot "$root" passwd --quiet --lock root
