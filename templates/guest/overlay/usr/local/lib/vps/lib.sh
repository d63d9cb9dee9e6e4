# shellcheck shell=sh
# What steps, checks and sections share. Source it first: . "${VPS_LIB:-/usr/local/lib/vps}/lib.sh"
# VPS_* may be set by tests; in a guest nobody sets them.
: "${VPS_LIB:=/usr/local/lib/vps}"
: "${VPS_SETTINGS:=/etc/vps/guest.json}"
: "${VPS_SECRETS:=/etc/vps/secrets}"
: "${VPS_FLAVOUR:=/opt/vps/flavour.json}"
: "${VPS_STATE:=/var/lib/vps}"
: "${VPS_RUN:=/run/vps}"
: "${VPS_LOG:=/var/log/vps/firstboot.log}"
LC_ALL=C.UTF-8
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

# The value of a setting by its path: `setting panel.allow`, `setting addresses.0`. A list comes one item a line, a map
# as JSON on one line; what is absent or null is an empty text.
setting() { _value "$VPS_SETTINGS" "$1"; }

# The same of the flavour's own data, as the image carries them: `flavour defaults.panel_allow`.
flavour() { _value "$VPS_FLAVOUR" "$1"; }

_value() {
    [ -r "$1" ] || return 0
    jq --raw-output --arg path "$2" '
        getpath($path | split(".") | map(tonumber? // .))
        | if type == "array" then .[] elif . == null then empty else . end
        | if type == "object" or type == "array" then tojson else tostring end' "$1"
}

# Whether a client's own work may be what lies here: after delivery, and since a restore began. A step that is run again
# then changes what is ours and nothing else.
lived_in() {
    for _trace in delivered backup/restoring backup/restored.json; do
        [ ! -e "$VPS_STATE/$_trace" ] || return 0
    done
    return 1
}

# The path of a secret, a file that only root can read; made of 32 random characters when it isn't there.
secret() {
    case $1 in
    '' | *[!a-z0-9_-]*) die "secret: a name of lower-case letters, digits, - and _, not '$1'" ;;
    esac
    if [ ! -s "$VPS_SECRETS/$1" ]; then
        (
            umask 077
            mkdir -p "$VPS_SECRETS"
            chmod 0700 "$VPS_SECRETS"
            LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 32 | put "$VPS_SECRETS/$1" 0600
        ) || die "Unable to make secret $1"
    fi
    printf '%s\n' "$VPS_SECRETS/$1"
}

# Writes standard input to a file as a whole or not at all: `put FILE [MODE]`. Returns 1 when nothing came.
put() {
    _new=$(mktemp "$(dirname "$1")/.$(basename "$1").XXXXXX") || return 1
    if cat >"$_new" && [ -s "$_new" ] && chmod "${2:-0644}" "$_new" && sync "$_new" && mv -f "$_new" "$1"; then
        return 0
    fi
    rm -f "$_new"
    return 1
}

# As put, and says by its exit code whether the file is another now: 0 changed, 1 the same as before, 2 not written.
changed() {
    _want=$(mktemp) || return 2
    cat >"$_want"
    if cmp --silent "$_want" "$1" && [ "$(stat --format=%a "$1")" = "$(printf '%s' "${2:-0644}" | sed 's/^0*//')" ]; then
        rm -f "$_want"
        return 1
    fi
    put "$1" "${2:-0644}" <"$_want"
    _code=$?
    rm -f "$_want"
    [ $_code -eq 0 ] || return 2
}

# One line as anybody may see it: no control characters, not too long.
plain() { LC_ALL=C tr -s '\000-\037\177' ' ' | cut -c "1-${1:-200}" | sed 's/^ *//; s/ *$//'; }

# Standard input without anything that stands in one of our secrets: what fails tells more than it should.
hide() {
    set --
    for _one in "$VPS_SECRETS"/*; do
        case $_one in *.pub) ;; *) [ ! -f "$_one" ] || set -- "$@" "$_one" ;; esac
    done
    awk '!told { if (length($0) >= 12) secret[$0]; next }
        { for (one in secret) while (at = index($0, one)) $0 = substr($0, 1, at - 1) "***" substr($0, at + length(one)); print }' \
        "$@" told=1 -
}

say() { printf '%s\n' "$*"; }

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# A line of a script's head: `header FILE deadline DEFAULT`.
header() {
    _line=$(sed -n "2,15s/^# $2: *//p" "$1" | head -n 1)
    printf '%s\n' "${_line:-$3}"
}

# Whether an address may stand in a URL as it is: `[2001:db8::1]` for IPv6.
in_url() {
    case $1 in
    *:*) printf '[%s]\n' "$1" ;;
    *) printf '%s\n' "$1" ;;
    esac
}

# What is wrong with the clock, in words; nothing when its time may be true: not before this image was made, and not
# more than ten years after.
clock_wrong() {
    _now=$(date +%s)
    _made=0
    for _trace in "$VPS_FLAVOUR" /usr/lib/os-release /var/lib/dpkg/info; do
        _time=$(stat --format=%Y "$_trace" 2>/dev/null || echo 0)
        [ "$_time" -le "$_made" ] || _made=$_time
    done
    if [ "$_now" -lt $((_made - 86400)) ]; then
        echo "The clock says $(date -u +%Y-%m-%d), but this image was made on $(date -u -d "@$_made" +%Y-%m-%d)."
    elif [ "$_now" -gt $((_made + 10 * 366 * 86400)) ]; then
        echo "The clock says $(date -u +%Y-%m-%d), more than ten years after this image was made."
    fi
}
