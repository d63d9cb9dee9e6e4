# shellcheck shell=sh
# What the steps and checks of Aegir 3 share. Source it first; it sources lib.sh.
# shellcheck disable=SC2034 # for who sources it
. "${VPS_LIB:-/usr/local/lib/vps}/lib.sh"
HOME3=/var/aegir
PANEL=$HOME3/hostmaster
CONFIG=$HOME3/config
SHARE=/usr/local/share/vps/aegir3
KEPT=$VPS_STATE/aegir3

# Drush as Aegir, without what this shell has in its environment.
aegir_drush() {
    runuser -u aegir -- env --ignore-environment HOME=$HOME3 USER=aegir LANG=C.UTF-8 \
        PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin timeout --kill-after=10 900 /usr/local/bin/drush "$@"
}

# Whether the panel starts: upstream's own gate.
panel_starts() { aegir_drush @hostmaster status 2>/dev/null </dev/null | grep -q 'Drupal bootstrap.*Successful'; }

# The database of the panel, as Aegir named it; nothing before there is one.
panel_database() {
    sed -n "s/^.options\['db_name'\] *= *'\([A-Za-z0-9_]*\)';.*/\1/p" "$PANEL/sites/$(setting fqdn)/drushrc.php" 2>/dev/null | head -n 1
}

# SQL from standard input, in the panel's database as root; rows come bare, tabs between columns.
sql() { mariadb --batch --skip-column-names "$(panel_database)"; }

# Until MariaDB answers: after a cut a step may begin before it does.
await_database() {
    _tried=0
    until mariadb-admin --silent ping >/dev/null 2>&1; do
        _tried=$((_tried + 1))
        [ $_tried -lt 90 ] || die "MariaDB does not answer on its socket."
        sleep 1
    done
}

# Tasks that waited or ran when the backup was made are stopped, once: to delete or to move a site is begun again by a
# person or not at all.
stop_restored_tasks() {
    if [ ! -e "$VPS_STATE/backup/restored.json" ] || [ -e "$KEPT/tasks-stopped" ]; then return 0; fi
    _stopped=$(echo 'UPDATE hosting_task SET task_status = 2 WHERE task_status IN (0, -1); SELECT ROW_COUNT();
        SELECT COALESCE(MAX(vid), 0) FROM hosting_task' | sql)
    install -d -m 0700 "$KEPT"
    printf '%s\n' "$_stopped" | sed -n 2p | put "$KEPT/tasks-stopped"
    say "tasks of before that waited or ran and were stopped: $(printf '%s\n' "$_stopped" | head -n 1)"
}

# The status of a page of the panel, asked from this guest: `page /user/login FILE`.
page() {
    _fqdn=$(setting fqdn)
    curl --silent --noproxy '*' --max-time 60 --output "$2" --write-out '%{http_code}' \
        --resolve "$_fqdn:80:127.0.0.1" "http://$_fqdn$1"
}
