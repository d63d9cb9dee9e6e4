# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# How `certificates` asks the authority: seldom, never twice for one failure, and only for names that can succeed.
# Sourced by it.

WEEK=$((7 * DAY))
MOST_A_WEEK=4 # of one name; public authorities give five

prepare() { # the trust and the settings for dehydrated; made anew each time, so a change of the declaration is followed
    jq -r '.acme.ca // ""' "$VPS_SETTINGS" | cat /etc/ssl/certs/ca-certificates.crt - >"$TRUSTED.new" && mv "$TRUSTED.new" "$TRUSTED"
    setting acme.directory >"$HOME_OF/directory"
    cat >"$HOME_OF/config" <<END
CA='$(setting acme.directory | tr -d "'\\\\")'
BASEDIR='$HOME_OF/work'
CERTDIR='$HOME_OF/work/certs'
ACCOUNTDIR='$HOME_OF/work/accounts'
WELLKNOWN='$WEBROOT'
CHALLENGETYPE=http-01
KEY_ALGO=prime256v1
CONTACT_EMAIL='$(setting acme.email | tr -d "'\\\\")'
CURL_OPTS='--cacert $TRUSTED --connect-timeout 15 --max-time 60 --silent'
END
}

ask() { # ARGUMENTS for dehydrated; what it said is in $HOME_OF/said. It holds the lock too: it may outlive a killed run
    timeout --kill-after=10 240 /usr/bin/dehydrated --config "$HOME_OF/config" --no-lock "$@" </dev/null >"$HOME_OF/said" 2>&1
}

reason() { # the authority's own words, else the last line that says something
    found=$(sed -nE 's/.*"detail"[]:]*[[:space:]]*"([^"]*)".*/\1/p' "$HOME_OF/said" | tail -n 1)
    [ -n "$found" ] || found=$(grep -E 'ERROR|[Pp]roblem' "$HOME_OF/said" | tail -n 1 | sed 's/^[ +]*//')
    printf %s "${found:-it gave no reason}" | plain 240
}

authority_fails() { # WORDS: no name can be asked for; wait longer each time
    refused=$1
    count=$(($(jq -r '.failures // 0' "$HOME_OF/authority.json" 2>/dev/null || echo 0) + 1))
    until=$(($(now) + $(wait_of "$count" 900 21600)))
    jq -n --argjson failures "$count" --argjson until "$until" --arg message "$1" '$ARGS.named' >"$HOME_OF/authority.new" &&
        mv "$HOME_OF/authority.new" "$HOME_OF/authority.json"
}

authority_answers() { # once a run: is it there, is this guest's clock right, does it know us?
    [ -z "${refused-}" ] || return 1
    [ -z "${answered-}" ] || return 0
    until=$(jq -r '.until // 0' "$HOME_OF/authority.json" 2>/dev/null || echo 0)
    if [ -z "$impatient" ] && [ "${until:-0}" -gt "$(now)" ]; then
        refused="$(jq -r .message "$HOME_OF/authority.json"); next try after $(in_words "$until")"
        return 1
    fi
    refused=$(clock_wrong)
    [ -z "$refused" ] || return 1
    directory=$(setting acme.directory)
    if ! said=$(curl --silent --show-error --fail --cacert "$TRUSTED" --connect-timeout 15 --max-time 60 --dump-header "$HOME_OF/headers" --output /dev/null "$directory" 2>&1); then
        case $said in
            *certificate*) mend=" (is acme.ca_file of fleet.yaml its CA, and the clock right: $(in_words "$(now)")?)" ;;
            *) mend='' ;;
        esac
        authority_fails "the authority $directory can't be reached$mend: $(printf '%s\n' "$said" | head -n 1 | plain 160)"
        return 1
    fi
    theirs=$(sed -nE 's/^[Dd]ate: *([^\r]*).*/\1/p' "$HOME_OF/headers" | tail -n 1)
    if theirs=$(date -d "$theirs" +%s 2>/dev/null); then
        off=$(($(now) - theirs))
        if [ "${off#-}" -gt 900 ]; then
            refused="this guest's clock is $off seconds off ($(in_words "$(now)")): nothing is asked for before it is right"
            return 1
        fi
    fi
    # An account that was cut off in the making has a key that no authority knows, and dehydrated would keep it for ever.
    [ -s "$HOME_OF/registered" ] || rm -rf "$HOME_OF/work/accounts"
    if [ ! -s "$HOME_OF/registered" ] && ! { ask --register --accept-terms && echo yes >"$HOME_OF/registered"; }; then
        authority_fails "the authority $directory gives no account: $(reason)"
        return 1
    fi
    rm -f "$HOME_OF/authority.json"
    answered=yes
}

ours() { # every address of this guest, one a line
    { ip -o address show scope global | awk '{ split($4, a, "/"); print a[1] }' && jq -r '.addresses[]?' "$VPS_SETTINGS"; } | sort -u
}

points_here() { # NAME: by DNS alone, for the authority doesn't read this guest's /etc/hosts; in $elsewhere why not
    elsewhere='' here=''
    said=$(timeout 30 resolvectl query --legend=no --cache=no --synthesize=no "$1" 2>&1)
    found=$(printf '%s\n' "$said" | grep -oE '([0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-f]*:[0-9a-f:]+:[0-9a-f:]*' | sort -u)
    case $said in
        *'not found'* | *'does not have any RR'*) elsewhere='its name is not in DNS yet' ;;
        *failed* | '') elsewhere="its name could not be looked up: $(printf %s "$said" | tail -n 1 | plain 160)" ;;
    esac
    [ -z "$elsewhere" ] || return 1
    for address in $found; do
        if ours | grep -qxF "$address"; then here="$here $address"; else elsewhere="$elsewhere $address"; fi
    done
    [ -n "$elsewhere" ] || return 0
    elsewhere="its name leads to$elsewhere${here:+ as well}, which is not this VPS"
    return 1
}

is_reachable() { # NAME: does nginx give a challenge's answer for it? Asked here first: the authority counts failures
    token=probe-$$
    printf %s "$token" >"$WEBROOT/$token" && chmod 644 "$WEBROOT/$token"
    good=0
    for address in $here; do
        case $address in *:*) at="[$address]" ;; *) at=$address ;; esac
        [ "$(curl --silent --noproxy '*' --max-time 15 --resolve "$1:80:$at" "http://$1/.well-known/acme-challenge/$token")" = "$token" ] || good=1
    done
    rm -f "$WEBROOT/$token"
    return "$good"
}

is_due() { # NAME: has nothing, another authority's, or what ends soon: within 30 days, or half of a short life
    is_of "$1" && is_pair "$SERVED/$1" "$1" || return 0
    soon=$(($(lifetime "$SERVED/$1/fullchain.pem") / 2))
    [ "$soon" -lt $((30 * DAY)) ] || soon=$((30 * DAY))
    [ $(($(ends "$SERVED/$1/fullchain.pem") - $(now))) -le "$soon" ]
}

consider() { # NAME: whatever it takes to have its certificate, or the words why not
    if ! is_due "$1"; then
        remember "$1" --argjson until "$(ends "$SERVED/$1/fullchain.pem")" --arg issuer "$(issuer "$SERVED/$1/fullchain.pem")" \
            '{state: "good", until: $until, issuer: $issuer, issued: (.issued // []), at: .at, tried: .tried}'
        return
    fi
    until=$(known "$1" not_before)
    if [ -z "$impatient" ] && [ "${until:-0}" -gt "$(now)" ]; then
        echo "$1: $(known "$1" message) (waiting until $(in_words "$until"))"
        worst=2
    elif [ -e "$SERVED/$1" ] && [ ! -L "$SERVED/$1" ]; then
        wanting "$1" failing "$SERVED/$1 is a folder that somebody else made; it is left alone. Move it away to have a certificate kept here"
    elif [ -n "$inside" ] && known "$1" message | grep -q 'could not be looked up' && [ $(($(now) - $(known "$1" at))) -lt 600 ]; then
        worst=2 # A verify is held up by a slow names server once, not every time.
    elif ! points_here "$1"; then
        wanting "$1" elsewhere "$elsewhere; nothing is asked for before it leads here"
    elif [ "$(jq --argjson since $(($(now) - WEEK)) '[(.issued // [])[] | select(. > $since)] | length' "$HOME_OF/names/$1.json" 2>/dev/null || echo 0)" -ge "$MOST_A_WEEK" ]; then
        wanting "$1" failing "$MOST_A_WEEK certificates were given within a week and didn't last: no more is asked for until they are a week old"
    elif ! is_reachable "$1"; then
        wanting "$1" failing "this guest's nginx does not serve /.well-known/acme-challenge/ for it: nothing is asked for before it does"
    elif [ $(($(now) - started)) -ge "$within" ]; then
        wanting "$1" waiting 'its turn comes with the next run'
    elif ! authority_answers; then
        wanting "$1" waiting "$refused"
    else
        request "$1"
    fi
}

request() { # NAME. A failure is counted before it is tried, so that a guest that dies of it doesn't try for ever
    count=$(($(known "$1" failures | grep -E '^[0-9]+$' || echo 0) + 1))
    remember "$1" --argjson count "$count" --argjson wait "$(wait_of "$count" 3600 "$DAY")" \
        '.failures = $count | .tried = $now | .not_before = $now + $wait | .state = "failing" | .message = "a try was cut off"'
    former=$(readlink "$SERVED/$1")
    for turn in first second; do
        if ask --cron --force --domain "$1" && take_up "$1" && is_of "$1" && [ "$(readlink "$SERVED/$1")" != "$former" ]; then
            remember "$1" --argjson until "$(ends "$SERVED/$1/fullchain.pem")" --arg issuer "$(issuer "$SERVED/$1/fullchain.pem")" \
                '{state: "good", until: $until, issuer: $issuer, tried: $now, at: $now, issued: ((.issued // []) + [$now])[-20:]}'
            echo "$1: has a new certificate, good until $(in_words "$(ends "$SERVED/$1/fullchain.pem")")"
            return
        fi
        # A nonce that went stale is nobody's fault, and by the protocol the next one follows at once.
        { [ "$turn" = first ] && grep -qi 'badNonce' "$HOME_OF/said"; } || break
    done
    words=${untrusted:-$(reason)}
    later=$(printf %s "$words" | sed -nE 's/.*[Rr]etry after ([0-9]{4}-[0-9-]+ [0-9:]+) UTC.*/\1/p')
    later=$(date -u -d "${later:-1970-01-01}" +%s 2>/dev/null || echo 0)
    case "${untrusted-}$(cat "$HOME_OF/said")" in
        *rateLimited* | *untrusted*) [ "$later" -gt "$(now)" ] || later=$(($(now) + DAY)) ;;
    esac
    remember "$1" --argjson later "$later" '.not_before = ([.not_before, $later] | max)'
    wanting "$1" failing "no certificate was given: $words"
}
