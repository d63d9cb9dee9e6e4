#!/bin/sh
# Aegir 3's account, its sources in their places, Drush's libraries made loadable, nginx without what Aegir says itself.
set -eu
root=$1
bundle=$root/opt/vps/bundle
profile=$root/var/aegir/hostmaster/profiles/hostmaster

# What follows copies and removes as root on the building machine: a place is one inside of the image, or there is none.
jq --exit-status 'all(.sources[].to; test("^(/[A-Za-z0-9._+@-]+)+$") and (split("/") | any(. == "." or . == "..") | not))' \
    "$bundle/manifest.json" >/dev/null || {
    echo "The bundle's manifest names a place outside of the image, or none." >&2
    exit 1
}

chroot "$root" adduser --quiet --system --group --home /var/aegir --no-create-home --shell /bin/bash aegir
chroot "$root" adduser --quiet aegir www-data

# The sources, parents before children, each moved to where its manifest says.
jq --raw-output '.sources[].to' "$bundle/manifest.json" | LC_ALL=C sort -u | while IFS= read -r place; do
    [ -e "$bundle$place" ] || continue
    mkdir -p "$root$place"
    cp -a "$bundle$place/." "$root$place/"
    rm -rf "${bundle:?}$place"
done
find "$bundle" -mindepth 1 -type d -empty -delete

# Three modules that only change how a login looks are published nowhere that proves their bytes.
sed -i '/^dependencies\[\] = \(betterlogin\|overlay_paths\|r4032login\)$/d' "$profile/hostmaster.info"

# Where the libraries lie is composer's to say; it asks nobody.
# shellcheck disable=SC2016 # expanded inside
chroot "$root" env COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_HOME=/tmp/composer COMPOSER_DISABLE_NETWORK=1 sh -euc '
    cd /usr/local/share/drush
    composer --quiet dump-autoload --no-dev --no-scripts --no-plugins --no-interaction --optimize
    rm -rf /tmp/composer
    chmod 0755 drush drush.php drush.launcher
    test -s vendor/autoload.php
'
ln -sfn ../share/drush/drush "$root/usr/local/bin/drush"
mkdir -p "$root/usr/share/drush/commands"
ln -sfn /usr/local/share/provision "$root/usr/share/drush/commands/provision"

# Aegir's own configuration says these once more, and nginx refuses what stands twice.
sed -i 's/^\(\s*\)\(ssl_protocols\|ssl_prefer_server_ciphers\|server_tokens\|types_hash_max_size\)\b/\1# \2/' \
    "$root/etc/nginx/nginx.conf"
for folder in "$root"/etc/php/*/cli/conf.d "$root"/etc/php/*/fpm/conf.d; do
    cat >"$folder/95-aegir3.ini" <<'INI'
; Code of the years of PHP 5 and 7: what is only deprecated is not told in every log line.
error_reporting = E_ALL & ~E_DEPRECATED & ~E_STRICT
memory_limit = 256M
INI
done

mkdir -p "$root/var/aegir/.drush" "$root/var/aegir/platforms" "$root/var/aegir/backups"
chroot "$root" chown -R aegir:aegir /var/aegir
chmod 0750 "$root/var/aegir/.drush" "$root/var/aegir/backups"
chmod 0440 "$root/etc/sudoers.d/aegir"
