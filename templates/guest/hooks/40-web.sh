#!/bin/sh
# nginx and PHP tell strangers nothing of themselves and speak no old TLS.
set -eu
root=$1
conf=$root/etc/nginx/nginx.conf
sed -i -e 's/^\(\s*\)#\?\s*server_tokens\b.*/\1server_tokens off;/' \
    -e 's/^\(\s*\)ssl_protocols\b.*/\1ssl_protocols TLSv1.2 TLSv1.3;/' \
    -e 's/^\(\s*\)ssl_prefer_server_ciphers\b.*/\1ssl_prefer_server_ciphers off;/' "$conf"
grep -q '^\s*server_tokens off;' "$conf"
grep -q '^\s*ssl_protocols TLSv1.2 TLSv1.3;' "$conf"
for folder in "$root"/etc/php/*/fpm/conf.d; do
    cat >"$folder/90-vps.ini" <<'INI'
; What a site needs otherwise stands in its pool.
expose_php = Off
display_errors = Off
log_errors = On
allow_url_include = Off
session.use_strict_mode = 1
session.cookie_httponly = 1
INI
done
