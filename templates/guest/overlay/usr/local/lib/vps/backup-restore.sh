# shellcheck shell=sh disable=SC2154
# How `backup` brings one back, over this system or beside it, and compares. Sourced by it.

# Fetches the list of the ordered archive and what it names.
fetch_list() {
    if [ ! -s "$passphrase" ] || [ ! -s "$order" ]; then die "it waits for its operator, who hands over the passphrase: vps restore CLIENT/VPS --run"; fi
    address
    snapshot=$(jq --raw-output .snapshot "$order")
    mkdir -p "$now"
    store --no-lock dump "$snapshot" list.json.gz 2>"$now/err" >"$now/list.json.gz" ||
        die "the archive can't be read: $(tail -n 1 "$now/err" | plain)"
    "$parts" head <"$now/list.json.gz" >"$now/head.json" || die "the archive's list can't be read"
    [ "$(jq --raw-output .uuid "$now/head.json")" = "$uuid" ] || die "the archive is of another VPS"
    files=$(jq --raw-output .files "$now/head.json")
    databases=$(jq --raw-output '.databases // empty' "$now/head.json")
}

databases_back() {
    # Dumped with the databases, so they can't be missing beside them.
    if [ -n "$databases" ] && [ ! -s "$1/users.sql" ]; then
        echo "the accounts of the databases are not in the archive" >"$now/err"
        : >"$now/db.err"
        return 1
    fi
    # The server's accounts first; one that this system has already keeps its own password.
    if [ -s "$1/users.sql" ]; then sql --force <"$1/users.sql" 2>"$now/users.err" || :; fi
    [ -n "$databases" ] || return 0
    rm -f "$now/fetched"
    { store --no-lock dump "$databases" databases.sql 2>"$now/err" && : >"$now/fetched"; } |
        sql --default-character-set=utf8mb4 2>"$now/db.err" && [ -e "$now/fetched" ]
}

# Statements of an archive, as they were in the client's hands: none of them is a command to the program that reads them.
sql() {
    if mariadb --help 2>/dev/null | grep -q -e '^ *--sandbox '; then set -- --sandbox "$@"; fi
    mariadb --binary-mode "$@"
}

# What the databases are now, as `tally` counts them.
tallied() { # FOLDER
    tr '\n' '\0' <"$1/databases" | xargs -0 mariadb-dump --single-transaction --quick --hex-blob --skip-dump-date \
        --default-character-set=utf8mb4 --net-buffer-length=1M --databases | "$parts" tally "$now/tally.json" >/dev/null
}

# The accounts of the archive that the server does not have.
lost_accounts() { # FOLDER
    # shellcheck disable=SC2016 # backquotes are MariaDB's
    sed -n '/^CREATE USER /s/^[^`]*\(`[^`]*`@`[^`]*`\).*/\1/p' "$1/users.sql" | sort -u >"$now/accounts"
    mariadb --batch --skip-column-names --raw \
        --execute "SELECT CONCAT('\`', user, '\`@\`', host, '\`') FROM mysql.global_priv" | sort -u | comm -23 "$now/accounts" -
}

# What waits until everything is back. Units of these names have a drop-in that says so for a boot in the middle.
waiting='cron.service nginx.service postfix.service postfix@-.service hosting-queued.service vps-certificates.service
    vps-certificates.timer'

# Steps before the restore went by what is declared now, and what came back is of another day: they are run again before
# anything of it starts. One that fails holds nothing up: `vps settings` tells of it and runs it.
declared_again() {
    for step in "$VPS_LIB"/firstboot.d/[0-9][0-9]-*; do
        [ "${step##*/}" != 35-restore ] || break
        [ -n "$(header "$step" settings '')" ] || continue
        if (umask 022 && exec timeout "$(header "$step" deadline 300)" "$step" </dev/null >"$keep/step" 2>&1 8>&-); then
            continue
        fi
        say "${step##*/}: $(tail -n 1 "$keep/step" | plain)"
        mkdir -p "$VPS_STATE/settings"
        pending=$VPS_STATE/settings/pending
        { cat "$pending" 2>/dev/null; echo "${step##*/}"; } | sort -u | put "$pending"
    done
    rm -f "$keep/step"
}

start_again() {
    declared_again
    rm -f "$keep/restoring"
    systemctl daemon-reload
    for unit in $(systemctl list-unit-files --no-legend --state=enabled 'php*-fpm.service' cron.service postfix.service \
        nginx.service vps-certificates.timer | cut -d' ' -f1); do
        systemctl start "$unit" >/dev/null 2>&1 || say "$unit does not start; see journalctl -u $unit"
    done
    systemctl try-restart ssh.service >/dev/null 2>&1 || :
}

restore() {
    if [ -e "$keep/restored.json" ]; then
        say "restored already: $(jq --raw-output .run "$keep/restored.json")"
        # A cut may have come between that note and this.
        [ ! -e "$keep/restoring" ] || start_again
        return
    fi
    alone_here 600
    rm -rf "$now"
    fetch_list
    there=$(jq --raw-output '.debian // empty' "$now/head.json")
    here=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    [ "$there" = "$here" ] || die "the archive is of Debian $there, this image of $here: let the VPS have its former image"
    # Nothing of what comes back runs on half of it, also not after a power cut: units wait for this file to go.
    : >"$keep/restoring"
    sync "$keep/restoring" "$keep"
    # shellcheck disable=SC2086 # names of units, and a pattern
    systemctl stop $waiting 'php*-fpm.service' mariadb.service >/dev/null 2>&1 || :
    # Accounts are joined, not replaced: this image may number its own ones otherwise.
    for file in passwd shadow group gshadow; do
        store --no-lock dump "$files" "/etc/$file" >"$now/$file" 2>"$now/err" || die "/etc/$file: $(tail -n 1 "$now/err" | plain)"
    done
    "$VPS_LIB/backup-accounts" "$now" --journal "$keep/accounts.json" || die "accounts could not be joined"
    set --
    while read -r path; do set -- "$@" --exclude "$path"; done <"$VPS_LIB/backup.d/stays"
    store --no-lock restore "$files" --target / "$@" >"$now/out" 2>"$now/err" ||
        die "files: $(grep -v '^$' "$now/err" | tail -n 1 | plain)"
    systemctl daemon-reload
    if [ -x /usr/sbin/mariadbd ]; then
        systemctl reset-failed mariadb.service >/dev/null 2>&1 || :
        systemctl start mariadb.service >/dev/null 2>&1 || die "the database server does not start: journalctl -u mariadb"
    fi
    databases_back "$beside" || die "databases: $(cat "$now/err" "$now/db.err" | tail -n 1 | plain)"
    set --
    lost=
    if [ -n "$databases" ]; then
        tallied "$beside" || die "the restored databases can't be read"
        set -- --tally "$now/tally.json"
        lost=$(lost_accounts "$beside")
    fi
    "$parts" compare --list "$now/list.json.gz" --root / --leave-out "$VPS_LIB/backup.d/stays" "$@" >"$now/found.json" || :
    printf '%s' "$lost" | jq --raw-input --slurp --slurpfile found "$now/found.json" '(split("\n") | map(select(. != ""))) as $lost
        | $found[0] | .differ += ($lost | length)
        | .wrong = (($lost | map("account \(.[:180]): missing")) + .wrong)[:20]' | put "$now/judged.json" ||
        die "what was restored could not be compared"
    missing=$(comm -23 "$beside/packages" - <<PACKAGES
$(dpkg-query --show --showformat '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p' | sort)
PACKAGES
    )
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086 # a list of packages
        DEBIAN_FRONTEND=noninteractive timeout 1200 apt-get -qq -y -o Dpkg::Options::=--force-confold install $missing \
            >/dev/null 2>&1 || say "packages that were there before could not be installed: $missing"
    fi
    jq --compact-output --slurpfile found "$now/judged.json" 'del(.tables) + {at: (now | todate)} + ($found[0] | {differ, wrong})' \
        "$now/head.json" | put "$keep/restored.json" 0644 ||
        die "what was restored could not be noted"
    rm -f "$order"
    say "restored the backup of $(jq --raw-output .run "$keep/restored.json"): $(jq --compact-output 'del(.wrong)' "$now/judged.json")"
    rm -rf "$now"
    start_again
}

# From here on nothing that was brought back, or that runs here, can reach anybody but the target.
alone() {
    systemctl stop vps-firstboot.service vps-health.timer cron.service nginx.service postfix.service hosting-queued.service \
        'php*-fpm.service' >/dev/null 2>&1 || :
    rules='oif lo accept; meta l4proto ipv6-icmp accept;'
    systemctl start mariadb.service >/dev/null 2>&1 || :
    for one in $(getent ahosts "$host" | cut -d' ' -f1 | sort -u); do
        # Resolvers are out of reach as well.
        [ "$one" = "$host" ] || echo "$one $host" >>/etc/hosts
        case $one in
        *:*) rules="$rules ip6 daddr $one tcp dport $port accept;" ;;
        *) rules="$rules ip daddr $one tcp dport $port accept;" ;;
        esac
    done
    nft -f - <<NFT || die "this guest can't be kept to itself"
add table inet vps_drill
flush table inet vps_drill
table inet vps_drill {
    chain out {
        type filter hook output priority -300; policy drop;
        $rules
    }
}
NFT
}

drill() {
    address
    # On the client's own machine a drill would stop its services.
    [ "$uuid" != "$(setting uuid)" ] || die "a drill is for a guest of its own"
    alone_here 600
    alone
    rm -rf "$now" "$keep/drill"
    fetch_list
    mkdir -p "$keep/drill"
    store --no-lock restore "$files" --target "$keep/drill" >"$now/out" 2>"$now/err" ||
        die "files: $(grep -v '^$' "$now/err" | tail -n 1 | plain)"
    set --
    if [ -n "$databases" ]; then
        databases_back "$keep/drill$beside" || die "databases: $(cat "$now/err" "$now/db.err" | tail -n 1 | plain)"
        tallied "$keep/drill$beside"
        set -- --tally "$now/tally.json"
    fi
    "$parts" compare --list "$now/list.json.gz" --root "$keep/drill" "$@"
    code=$?
    rm -rf "$keep/drill" "$now"
    return $code
}
