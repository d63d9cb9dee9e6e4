# shellcheck shell=sh
# Set-up, sourced by ./run, which sets `root`: `set_up full`, or `set_up fake` (no root, no Debian package, no libvirt).
# A step is done again only when what it was made from has changed; its stamp, written last, says what that was. So
# whatever was interrupted is simply done again, and what is done costs nothing.

: "${root:?is set by ./run}"
tools=$root/.ci/toolchain
venv=$root/.venv
log=$root/.vps/set-up.log

say() { printf '%s\n' "$*"; }
fail() {
    say "$*" >&2
    exit 1
}

digest() { sha256sum | cut -d' ' -f1; }
is_stamped() { [ "$(cat "$venv/.set-up/$1" 2>/dev/null)" = "$2" ]; }
stamp() {
    mkdir -p "$venv/.set-up"
    say "$2" >"$venv/.set-up/.$1.new"
    mv "$venv/.set-up/.$1.new" "$venv/.set-up/$1"
}

# What the choice of the engine hangs on: the recipe, and the pulumi on PATH as it is now. (A checkout's own is none.)
engine_inputs() {
    cat "$tools"/*.* "$root/components/engine/location.py"
    search=$(say "$PATH" | tr ':' '\n' | grep -v '/\.venv/engine$' | paste -sd:)
    theirs=$(PATH=$search command -v pulumi) || return 0
    stat -L -c '%n %s %Y' "$theirs"
}

# Everything that set-up hangs on: while this is as the last whole run left it, there is nothing to do.
all_inputs() {
    {
        say "$root" "$(readlink -f "$venv/bin/python")"
        engine_inputs
        cat "$root"/requirements*.txt "$root/pyproject.toml"
        stat -c '%n %s %Y' "$venv/engine/pulumi" /var/lib/dpkg/status 2>/dev/null || :
    } | digest
}

missing_packages() {
    wanted=$(sed '/^#/d' "$tools/packages.txt")
    # shellcheck disable=SC2086 # names, one a word
    have=$(dpkg-query -W -f='${db:Status-Status} ${Package} ' $wanted 2>/dev/null || :)
    for package in $wanted; do
        case " $have" in *" installed $package "*) ;; *) printf '%s ' "$package" ;; esac
    done
}

find_python() {
    for candidate in python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

# step TITLE COMMAND…: runs COMMAND, its words in the log, with a line of progress every 10 s and the time it took.
step() {
    title=$1
    shift
    began=$(date +%s)
    say "==> $title" | tee -a "$log"
    # The ticker ends by itself should this shell be killed (a zombie has no exe), and its sleep holds nothing open.
    (while sleep 10 >/dev/null 2>&1 && [ -e "/proc/$$/exe" ]; do
        printf '    %4d s  %.90s\n' $(($(date +%s) - began)) "$(tail -n 1 "$log" | tr -cd ' -~')"
    done) 3>&- 9>&- &
    ticker=$!
    status=0
    "$@" >>"$log" 2>&1 || status=$?
    stop_ticker
    if [ "$status" -ne 0 ]; then
        tail -n 25 "$log" | sed 's/^/    | /' >&2
        fail "Unable to finish '$title': its last words are above, all of them in $log." \
            "Mend that and run the same command again; it goes on from here."
    fi
    say "    done in $(($(date +%s) - began)) s"
}
ticker=
stop_ticker() {
    [ -z "$ticker" ] || kill -KILL "$ticker" 2>/dev/null || : # a milder signal is lost while the shell forks
    ticker=
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

# Recommended packages stay out: they bring a desktop and other hypervisors. No service may inherit the lock.
install_packages() {
    as_root dpkg --configure -a 3>&- 9>&- # after an interrupted run
    as_root apt-get -q update
    # shellcheck disable=SC2086 # names, one a word
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 $1 3>&- 9>&-
}

# Debian starts the system's libvirtd with its package. The lab runs one of its own, so where there was none before,
# that one is stopped again and does not come back at boot (`systemctl enable --now libvirtd` brings it). One that was
# there before is left as it is, and without systemd, as in containers, Debian starts none.
had_libvirtd() {
    case $(dpkg-query -W -f='${db:Status-Status}' libvirt-daemon-system 2>/dev/null) in installed) return 0 ;; esac
    # One that was built here, or runs as modular daemons, is this machine's own as well.
    command -v libvirtd >/dev/null || command -v virtqemud >/dev/null
}

keep_libvirtd_off() {
    for unit in libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirt-guests.service \
        virtlogd.socket virtlogd-admin.socket virtlogd.service virtlockd.socket virtlockd-admin.socket virtlockd.service; do
        [ ! -d /run/systemd/system ] || as_root systemctl disable --now "$unit" || : # not every release has them all
    done
    rm "$root/.vps/libvirtd-is-new"
}

# Debian makes a database cluster with the server and starts it at every boot. Tests start their own, so where the
# package was never installed none is made; `pg_createcluster` makes one for whoever wants it.
make_no_cluster() {
    case $(dpkg-query -W -f='${db:Status-Status}' postgresql-common 2>/dev/null) in installed) return 0 ;; esac
    install_packages postgresql-common
    as_root sed -i "s/^#*create_main_cluster = .*/create_main_cluster = false/" /etc/postgresql-common/createcluster.conf
}

make_environment() {
    rm -rf "$venv"
    "$1" -m venv "$venv"
    mkdir "$venv/.set-up" # whole
}
install_python() { "$venv/bin/python" -m pip --disable-pip-version-check install --progress-bar off "$@"; }

announce() {
    free=$(df -Pk "$root" | awk 'NR == 2 { print int($4 / 1048576) }')
    say "Setting up aegir-vps in $root. Once, and in this order:"
    [ -z "$packages" ] || say "  Debian packages      1 to 2 min, up to 1 GB: $packages"
    [ -z "$do_list" ] || say "  Python packages      1 min, 400 MB in .venv/: those that requirements.txt pins by digest"
    [ -z "$do_libvirt" ] || say "  libvirt for Python   10 s, 1 MB: built against this machine's libvirt"
    [ -z "$do_engine" ] || say "  Pulumi engine        a pulumi on PATH if it fits (no time); else the official release (1 min," \
        "300 MB); else built from its Go module (5 to 10 min, 4 GB while it builds, 120 MB afterwards)"
    say "  Free on this disk: $free GB. All words of all steps: $log"
}

# set_up KIND: makes what KIND needs; silent and quick when it is there.
set_up() {
    now=$(all_inputs)
    if is_stamped full "$now" || { [ "$1" = fake ] && is_stamped fake "$now"; }; then
        return
    fi
    mkdir -p "$root/.vps"
    exec 9>"$root/.vps/set-up.lock"
    flock -n 9 || {
        say "Waiting for another set-up in this checkout."
        flock 9
    }
    exec 3>&2 # a trap runs with the redirections of the step that it interrupts
    trap stop_ticker EXIT
    trap 'say "Interrupted. The same command goes on from here." >&3; exit 130' INT TERM

    packages=
    do_list=
    do_libvirt=
    do_project=
    do_engine=
    if [ "$1" = full ]; then
        command -v dpkg-query >/dev/null || fail "Unable to set up the lab: this is not Debian. Use Debian 12 or 13," \
            "or --fake, which needs nothing but Python 3.11."
        packages=$(missing_packages)
    fi
    # A half-made or moved environment, or one whose Python is gone, is made again; what is in it pip knows by itself.
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1 || ! grep -qF "$venv" "$venv/bin/activate"; then
        rm -rf "$venv/.set-up"
    fi
    list=$(digest <"$root/requirements.txt")
    libvirt=$(digest <"$root/requirements-libvirt.txt")
    project=$(digest <"$root/pyproject.toml")
    engine=$(engine_inputs | digest)
    is_stamped list "$list" || do_list=yes
    is_stamped libvirt "$libvirt" || [ "$1" = fake ] || do_libvirt=yes
    is_stamped project "$project" || do_project=yes
    is_stamped engine "$engine" || do_engine=yes

    if [ -n "$packages$do_list$do_libvirt$do_project$do_engine" ]; then
        : >"$log"
        announce
    fi
    if [ -n "$packages" ]; then
        if [ "$(id -u)" -ne 0 ] && ! { command -v sudo >/dev/null && sudo -v; }; then
            fail "Unable to install Debian packages: you are not root and sudo is not to be had. Run this as root," \
                "or have these installed: $packages; or use --fake, which needs none."
        fi
        had_libvirtd || : >"$root/.vps/libvirtd-is-new"
        case " $packages" in *" postgresql "*) step "No database of the system's own" make_no_cluster ;; esac
        step "Debian packages" install_packages "$packages"
    fi
    [ ! -e "$root/.vps/libvirtd-is-new" ] || step "The system's libvirtd stays off" keep_libvirtd_off
    if [ ! -d "$venv/.set-up" ]; then
        base=$(find_python)
        [ -n "$base" ] || fail "Unable to make the Python environment: there is no Python 3.11 or newer with venv." \
            "On Debian 12 or 13: apt-get install python3-venv."
        step "Python environment, of $base" make_environment "$base"
    fi
    [ -z "$do_list" ] || step "Python packages" install_python --require-hashes -r "$root/requirements.txt"
    stamp list "$list"
    if [ -n "$do_libvirt" ]; then
        step "libvirt for Python" install_python --require-hashes -r "$root/requirements-libvirt.txt"
        stamp libvirt "$libvirt"
    fi
    [ -z "$do_project" ] || step "This project" install_python --no-deps --no-build-isolation -e "$root"
    stamp project "$project"
    [ -z "$do_engine" ] || step "Pulumi engine" "$tools/engine.sh" "$root"
    stamp engine "$engine"
    stamp "$1" "$(all_inputs)"
    [ -z "$packages$do_list$do_libvirt$do_project$do_engine" ] || say "Set-up is complete."
    trap - EXIT INT TERM
    exec 3>&- 9>&-
}
