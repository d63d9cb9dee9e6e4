# shellcheck shell=sh disable=SC2034
# What is known of this VPS's certificates, for whoever keeps, judges or reports them. To be sourced; changes nothing.
#
#   $CERTS/<authority>/            all that one ACME directory gave: never shared with another one's
#       names/NAME.json            tries, failures, waits, and what was got
#       live/NAME/<fingerprint>/   a whole pair of key and chain, never changed
#   $SERVED/NAME                   a link to the pair that vhosts of NAME use

. "${VPS_LIB:-/usr/local/lib/vps}/lib.sh"
CERTS=/var/lib/dehydrated/vps # beside the links to it: backups bring both back, or nginx would not start
SERVED=/var/lib/dehydrated/certs
WEBROOT=/var/lib/dehydrated/acme-challenges
TRUSTED=$CERTS/trusted.pem
DAY=86400

wanted() { # every name that is to have a certificate, the panel's first
    jq -r '[.fqdn, (.panel.ssl_sites? // [])[]] | map(ascii_downcase) | reduce .[] as $n ([]; if index($n) then . else . + [$n] end)
        | .[] | select(test("^(?!.{254})([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"))' "$VPS_SETTINGS"
}

authority() { # the folder's name of the declared directory
    printf %s "$(setting acme.directory)" | sha256sum | cut -c1-16
}

known() { # NAME KEY: what names/NAME.json of the declared directory has, or nothing
    jq -r --arg key "$2" '.[$key] // ""' "$CERTS/$(authority)/names/$1.json" 2>/dev/null || true
}

now() {
    date +%s
}

ends() { # CERTIFICATE: until when it is good, in seconds since 1970
    date -d "$(openssl x509 -in "$1" -noout -enddate 2>/dev/null | cut -d= -f2)" +%s
}

lifetime() { # CERTIFICATE, in seconds
    echo $(($(ends "$1") - $(date -d "$(openssl x509 -in "$1" -noout -startdate | cut -d= -f2)" +%s)))
}

fingerprint() { # CERTIFICATE
    openssl x509 -in "$1" -noout -fingerprint -sha256 2>/dev/null | cut -d= -f2 | tr -d : | cut -c1-32
}

issuer() { # CERTIFICATE, for people
    openssl x509 -in "$1" -noout -issuer -nameopt sep_comma_plus,utf8 2>/dev/null | sed 's/^issuer= *//' | plain 120 | sed 's/ *$//'
}

shown() { # NAME: the fingerprint of what nginx shows for it, or nothing
    timeout 10 openssl s_client -connect 127.0.0.1:443 -servername "$1" </dev/null 2>/dev/null |
        openssl x509 -noout -fingerprint -sha256 2>/dev/null | cut -d= -f2 | tr -d : | cut -c1-32
}

is_pair() { # FOLDER NAME: a key and a certificate that belong together, for this name
    [ -s "$1/privkey.pem" ] && [ -s "$1/fullchain.pem" ] &&
        openssl x509 -in "$1/fullchain.pem" -noout -checkhost "$2" 2>/dev/null | grep -q 'does match' &&
        [ "$(openssl x509 -in "$1/fullchain.pem" -noout -pubkey 2>/dev/null)" = "$(openssl pkey -in "$1/privkey.pem" -pubout 2>/dev/null)" ]
}

is_trusted() { # CHAIN: whether a visitor's browser, or whoever trusts the declared private CA, would believe it
    issuer "$1" | grep -qiE 'staging|fake le' && return 1
    openssl verify -no_check_time -CAfile "$TRUSTED" -untrusted "$1" "$1" >/dev/null 2>&1
}

is_of() { # NAME: whether what is served for it came from the declared directory
    case $(readlink "$SERVED/$1" 2>/dev/null) in
        "$CERTS/$(authority)/live/$1/"*) return 0 ;;
    esac
    return 1
}
