# shellcheck shell=sh
# shellcheck disable=SC2034 # those who source it use them
# What the steps and checks of Aegir share. Source it first; it sources lib.sh.
. "${VPS_LIB:-/usr/local/lib/vps}/lib.sh"
WEB=/var/aegir/admin/web
KEPT=/var/lib/vps/backdrop
# What upstream's programs say: addresses with passwords, the link of a first login.
SAID=$KEPT/said
SHARE=/usr/local/share/vps/backdrop
CONFIG=/var/aegir/config
VHOSTS=$CONFIG/server_master/nginx/vhost.d
FIRST=/etc/nginx/conf.d/vps-first.conf
MODULES='views entity_plus views_bulk_operations hosting hosting_task hosting_queued hosting_server hosting_web_server
    hosting_nginx hosting_db_server hosting_package hosting_platform hosting_site hosting_clone hosting_alias
    hosting_migrate aegir_ansible_inventory hosting_civicrm_ansible vps_guest'

# bee, as Aegir, in the panel's folder. Its exit code says little: judge by what it left.
panel_bee() {
    (cd "$WEB" && exec timeout --kill-after=10 300 runuser -u aegir -- env HOME=/var/aegir LANG=C.UTF-8 /usr/local/bin/bee "$@")
}

# SQL from standard input, in Aegir's database as root; rows come bare, tabs between columns.
sql() { mariadb --batch --skip-column-names aegir; }

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
    _stopped=$(echo 'UPDATE hosting_task SET task_status = 2 WHERE task_status IN (0, -1); SELECT ROW_COUNT()' | sql)
    echo "$_stopped" | put "$KEPT/tasks-stopped"
    say "tasks of before that waited or ran and were stopped: $_stopped"
}

# How many tasks wait or run.
pending() { echo 'SELECT COUNT(*) FROM hosting_task WHERE task_status IN (0, -1)' | sql; }

# What Aegir noted of the task with this number: `running`, `well`, or what went wrong. Its state alone can't be
# trusted, so the counts that end a playbook's log decide.
verdict() {
    _state=$(echo "SELECT task_status FROM hosting_task WHERE nid = $1 ORDER BY vid DESC LIMIT 1" | sql)
    case $_state in
    '') echo "no such task" && return ;;
    0 | -1) echo running && return ;;
    esac
    _log=$(echo "SELECT message FROM hosting_task_log WHERE vid = (SELECT MAX(vid) FROM hosting_task WHERE nid = $1) ORDER BY lid" | sql)
    _counts=$(printf '%s\n' "$_log" | grep -o 'unreachable=[0-9]* *failed=[0-9]*' | tr -s ' ' | sort -u)
    if [ "$_counts" = 'unreachable=0 failed=0' ]; then
        echo well
    else
        _line=$(printf '%s\n' "$_log" | grep -iE '^(fatal|error|fail)' | head -n 1 | plain 200)
        echo "${_line:-it ended with ${_counts:-no word of its playbook}}"
    fi
}

# Waits until nothing waits or runs in the queue: `settled SECONDS`.
settled() {
    _until=$(($(date +%s) + $1))
    until [ "$(pending)" = 0 ]; do
        [ "$(date +%s)" -lt $_until ] || return 1
        sleep 2
    done
}

# The status of a page of the panel, asked from this guest: `page /user/login FILE`.
page() {
    _fqdn=$(setting fqdn)
    curl --silent --insecure --noproxy '*' --max-time 30 --location --max-redirs 3 --output "$2" --write-out '%{http_code}' \
        --resolve "$_fqdn:80:127.0.0.1" --resolve "$_fqdn:443:127.0.0.1" "http://$_fqdn$1"
}

# nginx reads its configuration, and has read it when this returns.
reload_nginx() {
    _said=$(nginx -t 2>&1) || die "nginx refuses its configuration: $(printf '%s' "$_said" | grep -m 1 emerg | plain 200)"
    systemctl start nginx
    systemctl reload nginx
}
