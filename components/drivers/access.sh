# Who may log in to this guest and who has root, and its name: run as root by the guest's agent.
# $1 host name, full or its first label alone, then for each person: name, root (1 or 0), request, full name, number of keys, the keys.
# Says on lines of tab-separated words what was before, what is after, and what it refused. Safe to run again.
set -u
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mark='# vps access'
day=$(($(date +%s) / 86400))
umask 077

tell() { printf '%s\n' "$*" | tr -d '\r' | tr '\n' ' ' && echo; }
note() { logger -t vps-access -p authpriv.notice -- "$*" || :; }
as() {
    who=$1
    shift
    setpriv --reuid "$who" --regid "$(id -g "$who")" --init-groups --no-new-privs --reset-env -- "$@"
}
is_root() { sudo -n -l -U "$1" 2>/dev/null </dev/null | grep -q 'may run the following'; }
is_locked() {
    ends=$(getent shadow "$1" | cut -d: -f8)
    [ -n "$ends" ] && [ "$ends" -le "$day" ]
}
standing() { # when user
    if ! getent passwd "$2" >/dev/null; then
        printf '%s\t%s\tnone\t0\n' "$1" "$2"
        return
    fi
    root=0 state=open
    is_root "$2" && root=1
    is_locked "$2" && state=locked
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$state" "$root"
    # Read as its owner: root follows no link that a user made.
    # shellcheck disable=SC2016 # the owner's shell expands it
    as "$2" sh -c 'cd && [ -f .ssh/authorized_keys ] && head -c 20000 .ssh/authorized_keys' 2>/dev/null </dev/null |
        while read -r key || [ -n "$key" ]; do printf 'key-%s\t%s\t%s\n' "$1" "$2" "$key"; done
}
refuse() { printf 'refused\t%s\t%s\n' "$1" "$(tell "$2")"; }

put_sudoers() { # file, text on stdin: whole and valid, or not at all; sudo reads no name with a dot
    fresh=$(dirname "$1")/.$(basename "$1").new
    cat >"$fresh" && chmod 0440 "$fresh" && visudo -cqf "$fresh" >/dev/null 2>&1 && mv -f "$fresh" "$1" && return
    rm -f "$fresh"
    return 1
}
grant() { # user request
    printf '%s: granted by request %s\n%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$mark" "$2" "$1" |
        put_sudoers "/etc/sudoers.d/vps-$1"
}
forget_first_boot() { # user: what cloud-init granted is ours to say from now on
    first=/etc/sudoers.d/90-cloud-init-users
    grep -q "^$1[[:space:]]" "$first" 2>/dev/null || return 0
    left=$(grep -v "^$1[[:space:]]" "$first")
    if printf '%s\n' "$left" | grep -q '^[^#[:space:]]'; then
        printf '%s\n' "$left" | put_sudoers "$first"
    else
        rm -f "$first"
    fi
}
revoke() { # user
    if head -n 1 "/etc/sudoers.d/vps-$1" 2>/dev/null | grep -q "^$mark"; then rm -f "/etc/sudoers.d/vps-$1"; fi
    forget_first_boot "$1"
    ! id -nG "$1" 2>/dev/null | tr ' ' '\n' | grep -qx sudo || gpasswd -d "$1" sudo >/dev/null 2>&1
}
put_keys() { # user, keys on stdin
    # shellcheck disable=SC2016 # the owner's shell expands it
    as "$1" sh -c 'umask 077; cd && mkdir -p .ssh && cat >.ssh/.vps-keys && mv -f .ssh/.vps-keys .ssh/authorized_keys'
}

follow_name() { # full name, first label, the label of before: on each line of ours in /etc/hosts these come first
    hosts=/etc/hosts
    awk -v full="$1" -v short="$2" -v before="$3" '
        /^[[:space:]]*(#|$)/ || $1 ~ /^(127\.0\.0\.1|::1|f[ef]0[02])/ { print; next }
        { ours = 0
          for (i = 2; i <= NF; i++) ours = ours || $i == short || $i == before || $i == full
          if (!ours) { print; next }
          # Former names stay behind: what was set up with one goes on asking for it.
          line = $1 " " full " " short
          for (i = 2; i <= NF; i++) if ($i != full && $i != short) line = line " " $i
          print line; found = 1 }
        END { if (!found) print "127.0.1.1 " full " " short }' "$hosts" >/etc/.hosts.new || return
    if cmp -s /etc/.hosts.new "$hosts"; then rm -f /etc/.hosts.new; else chmod 0644 /etc/.hosts.new && mv -f /etc/.hosts.new "$hosts"; fi
}

full=$1 name=${1%%.*}
shift
rooted=' '
while [ $# -gt 0 ]; do
    user=$1 root=$2 request=$3 gecos=$4 count=$5
    shift 5
    keys=
    while [ "$count" -gt 0 ]; do
        keys="$keys$1
"
        shift
        count=$((count - 1))
    done
    before=$(standing before "$user")
    printf '%s\n' "$before"
    if [ -n "$keys" ] && ! getent passwd "$user" >/dev/null; then
        said=$(useradd --create-home --shell /bin/bash --comment "$gecos" "$user" 2>&1) || {
            refuse "$user" "no account could be made: $said"
            continue
        }
    fi
    if getent passwd "$user" >/dev/null; then
        if [ "$(id -u "$user")" -lt 1000 ]; then
            refuse "$user" 'the guest has an account of its own under this name'
            continue
        fi
        if [ -n "$keys" ] && is_locked "$user"; then
            usermod --expiredate '' "$user" >/dev/null || refuse "$user" 'its account stays locked'
        fi
        printf '%s' "$keys" | put_keys "$user" || refuse "$user" 'its keys could not be written'
        if [ -n "$keys" ] && [ "$root" = 1 ]; then
            rooted="$rooted$user "
            if grant "$user" "$request"; then forget_first_boot "$user"; else refuse "$user" 'sudo would not take it'; fi
        else
            revoke "$user" || refuse "$user" 'its sudo could not be taken away'
        fi
        if [ -z "$keys" ]; then
            usermod --lock --expiredate 1 "$user" >/dev/null || refuse "$user" 'its account could not be locked'
            loginctl terminate-user "$user" >/dev/null 2>&1 || :
            pkill -KILL -u "$user" >/dev/null 2>&1 || :
        fi
    fi
    after=$(standing after "$user")
    printf '%s\n' "$after"
    [ "$(printf '%s' "$before" | sed 's/^\(key-\)*before//')" = "$(printf '%s' "$after" | sed 's/^\(key-\)*after//')" ] ||
        note "$user: $(printf '%s\n' "$after" | head -n 1 | cut -f 3,4 | sed 's/\t1$/ with sudo/; s/\t0$/ without sudo/')," \
            "$(printf '%s' "$keys" | grep -c .) keys, request $request"
done
# A grant whose lines are gone from the file is no grant.
for file in /etc/sudoers.d/vps-*; do
    [ -f "$file" ] || continue
    user=${file#/etc/sudoers.d/vps-}
    case $rooted in *" $user "*) continue ;; esac
    head -n 1 "$file" | grep -q "^$mark" || continue
    rm -f "$file"
    note "$user: sudo taken away, its grant is gone"
    printf 'dropped\t%s\n' "$user"
done
visudo -cq >/dev/null 2>&1 || refuse sudoers 'visudo finds them broken; look at /etc/sudoers.d'
case $full in
*.*) follow_name "$full" "$name" "$(cat /etc/hostname 2>/dev/null)" || refuse 'host name' '/etc/hosts could not be written' ;;
esac
if [ "$(cat /etc/hostname 2>/dev/null)" != "$name" ] || [ "$(hostname)" != "$name" ]; then
    # Not hostnamectl, which waits for a service that it has started first (seen: more than ten seconds).
    printf '%s\n' "$name" >/etc/.hostname.new && chmod 0644 /etc/.hostname.new && mv -f /etc/.hostname.new /etc/hostname
    hostname "$name"
    note "host name: $name"
fi
printf 'name\t%s\t%s\n' "$(hostname)" "$(timeout 20 hostname -f 2>/dev/null)"
sync
echo end
