# shellcheck shell=sh disable=SC2015,SC2034,SC2154
# How `certificates` gives what it got to the web server: whole pairs only, and sites are told until they took it.
# Sourced by it.

take_up() { # NAME: put a pair that dehydrated finished, in this run or a cut one, in the vhosts' place
    untrusted=''
    got=$HOME_OF/work/certs/$1
    is_pair "$got" "$1" || return 0
    mark=$(fingerprint "$got/fullchain.pem")
    [ "$(readlink "$SERVED/$1")" != "$HOME_OF/live/$1/$mark" ] || return 0
    if [ -e "$SERVED/$1" ] && [ ! -L "$SERVED/$1" ]; then
        return 1
    fi
    if is_of "$1" && [ "$(ends "$SERVED/$1/fullchain.pem")" -gt "$(ends "$got/fullchain.pem")" ]; then
        return 0
    fi
    if [ "$(setting acme.staging)" != true ] && ! is_trusted "$got/fullchain.pem"; then
        untrusted="\"$(issuer "$got/fullchain.pem")\" gave an untrusted one, which is not used. Is $(setting acme.directory) a staging directory, declared as production?"
        return 1
    fi
    place=$HOME_OF/live/$1
    rm -rf "$place/new" && mkdir -p "$place/new" || return 1
    for file in privkey cert chain fullchain; do
        cat "$got/$file.pem" >"$place/new/$file.pem" || return 1
    done
    is_pair "$place/new" "$1" || return 1
    sync "$place/new"/* "$place/new"
    rm -rf "${place:?}/$mark" && mv -T "$place/new" "$place/$mark" || return 1
    ln -sfn "$place/$mark" "$SERVED/.$1.new" && mv -T "$SERVED/.$1.new" "$SERVED/$1" && sync "$SERVED"
}

tell_sites() { # flavours make vhosts of what changed, then nginx reads it; a name is done when both went well
    changed=''
    for name in $(wanted); do
        mark=$(readlink "$SERVED/$name") && mark=${mark##*/} || continue
        [ -z "$impatient" ] && [ "$(cat "$CERTS/told/$name" 2>/dev/null)" = "$mark" ] || changed="$changed $name"
    done
    hsts
    [ -n "$changed$hsts_changed" ] || return 0
    for hook in /usr/local/lib/vps/certificates.d/*; do
        [ -x "$hook" ] || continue
        # shellcheck disable=SC2086
        if ! said=$(timeout --kill-after=10 600 "$hook" $changed </dev/null 2>&1 9>&-); then
            echo "The sites were not told ($hook): $(printf %s "$said" | tail -n 1 | plain 200)"
            worst=2
            return 0
        fi
    done
    if ! said=$(nginx -t 2>&1); then
        echo "nginx was not reloaded, its configuration is broken: $(printf %s "$said" | grep -m 1 emerg | plain 200)"
        worst=2
        return 0
    fi
    if systemctl --quiet is-active nginx && ! timeout 60 systemctl reload nginx; then
        echo 'nginx would not reload.'
        worst=2
        return 0
    fi
    mkdir -p "$CERTS/told"
    for name in $changed; do
        # A reload goes on for a moment after it was said to be done.
        for turn in 1 2 3 4 5 6 7 8 9 10; do
            nginx -T 2>/dev/null | grep -qF "$SERVED/$name/" || break
            [ "$(shown "$name")" != "$(fingerprint "$SERVED/$name/fullchain.pem")" ] || break
            sleep "0.$turn"
        done
        mark=$(readlink "$SERVED/$name")
        printf %s "${mark##*/}" >"$CERTS/told/$name"
    done
}

hsts() { # an option of the fleet's, and never with a certificate that visitors can't trust
    days=$(setting acme.hsts_days)
    line=''
    if [ "${days:-0}" -gt 0 ] && [ "$(setting acme.staging)" != true ]; then
        line="add_header Strict-Transport-Security \"max-age=$((days * DAY))\" always;"
    fi
    hsts_changed=''
    file=/etc/nginx/snippets/vps-hsts.conf
    [ "$(cat "$file" 2>/dev/null)" = "$line" ] && return
    hsts_changed=yes
    (umask 022 && printf '%s\n' "$line" >"$file.new") && mv "$file.new" "$file"
}

forget_old() { # pairs before the last but one; links of names no longer wanted, once expired and unused
    for place in "$CERTS"/*/live/*/; do
        [ -d "$place" ] || continue
        current=$(readlink "$SERVED/$(basename "$place")")
        find "$place" -mindepth 1 -maxdepth 1 -type d -mtime +7 ! -path "$current" -exec rm -rf {} +
    done
    for link in "$SERVED"/*; do
        name=${link##*/}
        [ -L "$link" ] && ! wanted | grep -qxF "$name" || continue
        if [ "$(ends "$link/fullchain.pem" 2>/dev/null || echo 0)" -lt "$(now)" ] && ! nginx -T 2>/dev/null | grep -qF "$link/"; then
            rm -f "$link" "$CERTS/told/$name"
        fi
    done
}
