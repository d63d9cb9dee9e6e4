#!/bin/sh
# conf.d/vps-default.conf is the default server; two of them are none.
set -eu
root=$1
rm -f "$root/etc/nginx/sites-enabled/default"
# Where an authority's questions are answered; nginx's workers go through, the keys beside it stay root's.
install -d -m 0755 "$root/var/lib/dehydrated" "$root/var/lib/dehydrated/acme-challenges"
install -d -m 0700 "$root/var/lib/dehydrated/certs"
