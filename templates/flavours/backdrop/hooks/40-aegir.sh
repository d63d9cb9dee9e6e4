#!/bin/sh
# Aegir's account, its sources in their places, Ansible in an environment of its own, PHP and nginx as Aegir needs them.
set -eu
root=$1
bundle=$root/opt/vps/bundle
here=$root/usr/local/share/vps/backdrop
jq --exit-status '[.sources[].name] | index("backdrop") and index("bee")' "$bundle/manifest.json" >/dev/null || {
    echo "This bundle ($(jq --raw-output .name "$bundle/manifest.json")) has not the sources of flavour backdrop." >&2
    exit 1
}

# What follows copies and removes as root on the building machine: a place is one inside of the image, or there is none.
jq --exit-status 'all(.sources[].to; test("^(/[A-Za-z0-9._+@-]+)+$") and (split("/") | any(. == "." or . == "..") | not))' \
    "$bundle/manifest.json" >/dev/null || {
    echo "The bundle's manifest names a place outside of the image, or none." >&2
    exit 1
}

# Whoever stands alone: Aegir itself; the panel's PHP; the PHP of all clients' sites, which reaches no file of the panel.
chroot "$root" adduser --quiet --system --group --home /var/aegir --no-create-home --shell /bin/bash aegir
chroot "$root" adduser --quiet --system --group --home /nonexistent --no-create-home aegir-panel
chroot "$root" adduser --quiet --system --ingroup www-data --home /nonexistent --no-create-home aegir-sites
chroot "$root" adduser --quiet aegir www-data
chroot "$root" adduser --quiet aegir-panel www-data
chroot "$root" adduser --quiet www-data aegir-panel

# The sources: parents before children, each moved to where its manifest says.
jq --raw-output '.sources[].to' "$bundle/manifest.json" | LC_ALL=C sort -u | while IFS= read -r place; do
    [ -e "$bundle$place" ] || continue
    mkdir -p "$root$place"
    cp -a "$bundle$place/." "$root$place/"
    rm -rf "${bundle:?}$place"
done
find "$bundle" -mindepth 1 -type d -empty -delete

# Ansible: from the bundle's wheels alone, without any index; only the collections that the playbooks use.
wheels=$(jq --raw-output '[.sources[] | select(.kind == "python") | .to] | first // empty' "$bundle/manifest.json")
chroot "$root" python3 -m venv /opt/vps/ansible
if [ -n "$wheels" ]; then
    list=$(find "$root$wheels" -maxdepth 1 -name '*.txt' | head -n 1)
    chroot "$root" /opt/vps/ansible/bin/pip install --quiet --no-index --no-deps --require-hashes --no-cache-dir \
        --disable-pip-version-check --find-links "$wheels" --requirement "${list#"$root"}"
    rm -rf "${root:?}$wheels"
    for folder in "$root"/opt/vps/ansible/lib/python3*/site-packages/ansible_collections/*/*; do
        case $folder in
        */ansible_collections/community/mysql | */ansible_collections/community/general | */ansible_collections/ansible/posix) ;;
        */ansible_collections/*/__pycache__) ;;
        *) [ ! -d "$folder" ] || rm -rf "$folder" ;;
        esac
    done
    find "$root"/opt/vps/ansible/lib -path '*/ansible_collections/*' -name tests -type d -prune -exec rm -rf {} +
fi
ln -sfn /opt/vps/ansible/bin/ansible-playbook "$root/usr/local/bin/ansible-playbook"
ln -sfn ../aegir-ansible-playbooks/bin/aegir-ansible "$root/usr/local/bin/aegir-ansible"
ln -sfn ../share/bee/bee.php "$root/usr/local/bin/bee"
chmod 755 "$root/usr/local/share/bee/bee.php" "$root"/usr/local/aegir-ansible-playbooks/bin/*

# The panel: the module of ours among its modules, its settings as upstream ships them kept for a start from nothing,
# its configuration outside the web root.
web=$root/var/aegir/admin/web
rm -rf "$web/modules/vps_guest"
cp -a "$here/vps_guest" "$web/modules/vps_guest"
if grep -q 'config_directories' "$web/settings.php"; then
    sed -i -e "s#^\\(\$config_directories\\['active'\\] = \\).*#\\1'../config/active';#" \
        -e "s#^\\(\$config_directories\\['staging'\\] = \\).*#\\1'../config/staging';#" "$web/settings.php"
    [ "$(grep -c "^\$config_directories.*'../config/" "$web/settings.php")" -eq 2 ]
fi
printf '\n// What only this guest knows: whether its sites are reached by http or https.\ninclude "/usr/local/share/vps/backdrop/settings.php";\n' >>"$web/settings.php"
cp "$web/settings.php" "$here/panel-settings.php"
# A platform to install the first sites on: the same core, untouched.
if [ -d "$web/core" ]; then
    platform=$root/var/aegir/platforms/backdrop
    mkdir -p "$platform/modules"
    cp -a "$web/core" "$web/index.php" "$web/layouts" "$web/themes" "$web/sites" "$web/files" "$platform/"
    sed "s#'../config/\\(active\\|staging\\)'#'../backdrop-config/\\1'#" "$web/settings.php" >"$platform/settings.php"
    find "$platform/modules" -mindepth 1 -delete
fi
mkdir -p "$root/var/aegir/.drush" "$root/var/aegir/backups" "$root/var/aegir/platforms" "$root/var/aegir/config" \
    "$root/var/aegir/admin/config" "$root/var/aegir/platforms/backdrop-config"
# shellcheck disable=SC2016 # expanded inside
chroot "$root" sh -eu -c '
    chown -R aegir:aegir /var/aegir
    chown root:root /var/aegir/config
    chgrp www-data /var/aegir/platforms
    chmod -R u+rwX,go=rX /var/aegir
    chgrp aegir-panel /var/aegir/admin
    chmod 0750 /var/aegir/admin /var/aegir/backups /var/aegir/.drush
    # Upstream leaves the settings of a Backdrop site readable by all: nobody else gets as far as this folder.
    chmod 2750 /var/aegir/platforms
    for place in /var/aegir/admin/config /var/aegir/admin/web/files; do
        mkdir -p $place
        chown -R aegir:aegir-panel $place
        chmod -R ug+rwX,o= $place
        find $place -type d -exec chmod g+s {} +
    done
    for place in /var/aegir/platforms/backdrop-config /var/aegir/platforms/backdrop/files; do
        mkdir -p $place
        chown -R aegir:www-data $place
        chmod -R ug+rwX,o= $place
        find $place -type d -exec chmod g+s {} +
    done
    chown aegir:aegir-panel /var/aegir/admin/web/settings.php
    chmod 0640 /var/aegir/admin/web/settings.php
'
chmod 0440 "$root/etc/sudoers.d/aegir"

# Two pools: the panel's and the sites'. The sockets have the names that the playbooks write into vhosts.
for folder in "$root"/etc/php/*; do
    version=${folder##*/}
    rm -f "$folder/fpm/pool.d/www.conf"
    for pool in panel sites; do
        sed "s/@VERSION@/$version/g" "$here/pool-$pool.conf" >"$folder/fpm/pool.d/$pool.conf"
    done
    for kind in fpm cli; do
        cp "$here/php.ini" "$folder/$kind/conf.d/90-aegir.ini"
    done
done
rm -f "$here"/pool-*.conf "$here/php.ini"
