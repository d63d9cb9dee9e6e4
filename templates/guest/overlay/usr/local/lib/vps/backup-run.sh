# shellcheck shell=sh disable=SC2119,SC2154
# How `backup` makes one: databases, files, the list of both. Sourced by it.

seal() {
    # Sealed to whoever holds the recovery key, which was never here; anew when that is another one.
    wanted recovery | tr ' ' '\n' | sed '/^$/d' >"$keep/recovery.new"
    [ -s "$keep/recovery.new" ] || die "no recovery key is declared, so nobody could open a backup when this VPS is gone"
    if [ ! -s "$keep/escrow.age" ] || ! cmp -s "$keep/recovery.new" "$keep/recovery"; then
        set --
        while read -r one; do set -- "$@" --recipient "$one"; done <"$keep/recovery.new"
        jq --null-input --compact-output --arg uuid "$uuid" --rawfile passphrase "$passphrase" \
            '{schema: 1, uuid: $uuid, passphrase: ($passphrase | rtrimstr("\n"))}' |
            age --encrypt "$@" | put "$keep/escrow.age" 0600 || die "the passphrase could not be sealed"
        mv "$keep/recovery.new" "$keep/recovery"
    fi
}

note() { # STATE MESSAGE
    jq --null-input --compact-output --arg state "$1" --arg message "$(printf '%s' "$2" | plain)" --arg at "$(date -u +%FT%TZ)" \
        --slurpfile before "$keep/state.json" '($before[0] // {}) + {state: $state, message: $message, at: $at}
        + (if $state == "done" then {newest: $at} else {} end)' 2>/dev/null | put "$keep/state.json" 0644 ||
        jq --null-input --compact-output --arg state "$1" --arg message "$(printf '%s' "$2" | plain)" \
            --arg at "$(date -u +%FT%TZ)" '{state: $state, message: $message, at: $at}
            + (if $state == "done" then {newest: $at} else {} end)' | put "$keep/state.json" 0644
}

fail() {
    note failed "$*"
    die "backup: $*"
}

# As store, for what is written, with standard error in $now/err.
send() {
    exec 3<&0
    as_store "$@" <&3 3<&- 2>>"$now/err" &
    child=$!
    exec 3<&-
    refusals "$child" </dev/null >/dev/null 2>&1 8>&- &
    watch=$!
    wait "$child"
    code=$?
    kill "$watch" 2>/dev/null
    [ ! -e "$now/refused" ] || cat "$now/refused" >>"$now/err"
    return "$code"
}

# restic tries again for a quarter of an hour what the target does not take. That it does is told at once, and when the
# target says that it takes nothing, that is the end. The target is asked when it tried again since, not for ever after
# one failure: each look counts all that lies there.
refusals() { # PID
    told=
    known=0
    quiet=0
    while sleep 5; do
        tries=$(grep -c 'returned error, retrying' "$now/err")
        if [ "${tries:-0}" -le "$known" ]; then
            quiet=$((quiet + 1))
            # It waits 90 s at most from one try to the next.
            if [ -n "$told" ] && [ "$quiet" -ge 24 ]; then
                note running "the target takes it again"
                told=
            fi
            continue
        fi
        known=$tries
        quiet=0
        tried=$(grep 'returned error, retrying' "$now/err" | tail -n 1)
        why=$(there look | sed -n 's/^refused //p')
        if [ -n "$why" ]; then
            echo "the target takes nothing now: $why" >"$now/refused"
            kill "$1"
            sleep 20
            kill -9 "$1"
        elif [ -z "$told" ]; then
            note failed "the target does not take it, which is tried again: $tried"
            told=yes
        fi
    done
}

database() {
    # One transaction over all databases; on to the target without a copy on this disk. The tally says what went by.
    mariadb --batch --skip-column-names --execute "SELECT schema_name FROM information_schema.schemata WHERE schema_name
        NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') ORDER BY schema_name" >"$beside/databases" ||
        return 1
    mariadb-dump --system=users --insert-ignore >"$beside/users.sql" || return 1
    [ -s "$beside/databases" ] || return 0
    rm -f "$now/dumped" "$now/tally.json"
    {
        tr '\n' '\0' <"$beside/databases" | xargs -0 mariadb-dump --single-transaction --quick --routines --events \
            --triggers --hex-blob --skip-dump-date --default-character-set=utf8mb4 --net-buffer-length=1M \
            --databases && : >"$now/dumped"
    } | "$parts" tally "$now/tally.json" |
        send --quiet backup --stdin --stdin-filename databases.sql --host vps --tag "databases,$run" || return 1
    [ -e "$now/dumped" ] && [ -s "$now/tally.json" ]
}

part() { # the full name of the snapshot with a tag of this run
    jq --raw-output --arg kind "$1" '[.[] | select(.tags | index($kind))][0].id // empty' "$now/parts"
}

run() {
    address
    if [ ! -s "$key" ] || [ ! -s "$passphrase" ]; then die "it is not prepared: backup prepare"; fi
    if [ -n "$(setting restore.archive)" ] && [ ! -e "$keep/restored.json" ]; then
        say "nothing is backed up before what is to be restored is back"
        return 0
    fi
    # What is half made must not become the newest backup. The first boot's end begins the one that was wished meanwhile;
    # the wish is there before anybody looks, so that it can't fall between the two.
    : >"$keep/wished"
    if [ ! -e "$VPS_STATE/delivered" ]; then
        say "the first one begins when this VPS is delivered"
        return 0
    fi
    rm -f "$keep/wished"
    alone_here 0
    began=$(date +%s)
    rm -rf "$now" "$beside"
    mkdir -p "$now" "$beside"
    seal
    looked=$(there look) || fail "the target can't be reached: $(tail -n 1 "$keep/ssh.err")"
    case $looked in
    *refused*) fail "the target takes nothing now: $(printf '%s\n' "$looked" | sed -n 's/^refused //p')" ;;
    *'escrow no'*)
        $ssh escrow <"$keep/escrow.age" >/dev/null 2>"$keep/ssh.err" ||
            fail "the sealed passphrase was not taken: $(tail -n 1 "$keep/ssh.err")"
        ;;
    esac
    if ! cmp -s "$keep/escrow.age" "$keep/escrow.sent"; then
        $ssh escrow <"$keep/escrow.age" >/dev/null 2>"$keep/ssh.err" ||
            fail "the sealed passphrase was not taken: $(tail -n 1 "$keep/ssh.err")"
        cp "$keep/escrow.age" "$keep/escrow.sent"
    fi
    run=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    # Looked after when the last run did not end, or not at this target: is there a repository, and which locks of dead
    # processes are there?
    if [ "$(cat "$keep/ended" 2>/dev/null)" != "$(wanted target)" ]; then
        if ! store --no-lock --quiet cat config >/dev/null 2>"$now/err"; then
            grep -q 'Is there a repository\|unable to open config' "$now/err" || fail "$(tail -n 1 "$now/err")"
            store --quiet init --repository-version 2 >/dev/null 2>"$now/err" || fail "$(tail -n 1 "$now/err")"
        fi
        store --quiet unlock 2>/dev/null
    fi
    rm -f "$keep/ended"
    if [ -x /usr/bin/mariadb-dump ] && [ -S /run/mysqld/mysqld.sock ]; then
        : >"$now/err"
        database 2>>"$now/err" || fail "databases: $(tail -n 1 "$now/err")"
    elif [ -x /usr/sbin/mariadbd ]; then
        fail "the database server does not run"
    fi
    dpkg-query --show --showformat '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p' | sort >"$beside/packages"
    cat "$VPS_LIB"/backup.d/*.paths | while read -r path; do
        [ ! -e "$path" ] || echo "$path"
    done >"$now/paths"
    echo "$beside" >>"$now/paths"
    cat "$VPS_LIB"/backup.d/*.leave-out >"$now/leave-out"
    # 3: some files could not be read, mostly because they went away meanwhile; the list says what is there.
    : >"$now/err"
    send --quiet backup --files-from-verbatim "$now/paths" --exclude-file "$now/leave-out" \
        --exclude-if-present .nobackup --one-file-system --host vps --tag "files,$run" >/dev/null
    case $? in 0 | 3) ;; *) fail "files: $(tail -n 1 "$now/err")" ;; esac
    store --no-lock --json snapshots --tag "$run" >"$now/parts" 2>"$now/err" || fail "$(tail -n 1 "$now/err")"
    files=$(part files)
    [ -n "$files" ] || fail "the files are not there"
    databases=
    if [ -s "$now/tally.json" ]; then
        databases=$(part databases)
        [ -n "$databases" ] || fail "the databases are not there"
    fi
    store --no-lock --json ls --recursive "$files" |
        "$parts" list --uuid "$uuid" --run "$run" --files "$files" --databases "$databases" \
            --tally "$now/tally.json" --known "$keep/known.json.gz" >"$now/list.json.gz" ||
        fail "the list of files could not be made"
    : >"$now/err"
    send --json backup --stdin --stdin-filename list.json.gz --host vps --tag "whole,$run" \
        <"$now/list.json.gz" >"$now/parts" || fail "list: $(tail -n 1 "$now/err")"
    whole=$(jq --raw-output 'select(.message_type == "summary").snapshot_id' "$now/parts")
    whole=$(there finished "$whole") || fail "the target did not take it as whole: $(tail -n 1 "$keep/ssh.err")"
    rm -rf "$now"
    wanted target >"$keep/ended"
    note "done" "$(($(date +%s) - began)) s, snapshot $(echo "$whole" | cut -c1-8)"
    say "backup of $run is whole: $whole"
}
