#!/bin/sh
# PHP runs as a user of its own: what it writes is not nginx's, and nginx's files are not its.
set -eu
root=$1
chroot "$root" useradd --system --user-group --home-dir /var/www --no-create-home --shell /usr/sbin/nologin php
for pool in "$root"/etc/php/*/fpm/pool.d/www.conf; do
    sed -i -e 's/^user = .*/user = php/' -e 's/^group = .*/group = php/' "$pool"
    grep -q '^user = php$' "$pool"
    grep -q '^listen.owner = www-data$' "$pool"
done
