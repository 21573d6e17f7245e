#!/bin/sh
# `make check`: installs libddi into a temporary prefix, builds every example with nothing but what is there, shared and
# static, and runs them. Needs a C compiler; pkg-config if there is one.
set -eu
cd "$(dirname "$0")"

BYTES_MAX=4194304   # of the stripped shared library
ALONE="lease_db dhcp_server failover_pair embed_store"   # these need no arguments
PATIENCE=60         # seconds that the name servers may take together

prefix=$(mktemp -d)
children=
trap 'kill $children 2>/dev/null || true; rm -rf "$prefix"' EXIT
trap 'exit 1' HUP INT TERM

say() { printf '== %s\n' "$*"; }

# What ddi.pc says: flags [--static].
flags() {
    if command -v pkg-config > /dev/null; then
        PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs "$@" ddi
    else
        echo "-I$prefix/include -L$prefix/lib -lddi"
        [ $# -eq 0 ] || sed -n 's/^Libs.private: //p' "$prefix/lib/pkgconfig/ddi.pc"
    fi
}

# build KIND FLAG...: all examples, into a folder of that name.
build() {
    kind=$1
    shift
    mkdir "$prefix/$kind"
    for source in examples/*.c; do
        name=$(basename "$source" .c)
        say "$kind: $name"
        ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror ${CFLAGS:-} "$source" -o "$prefix/$kind/$name" "$@"
    done
}

run_alone() {
    for name in $ALONE; do
        say "$1: running $name"
        "$prefix/$1/$name"
    done
}

# zone_mirror KIND: zone_mirror gets a zone from zone_server.
mirror() {
    folder=$prefix/$1/zones
    server_port=$((20000 + $$ % 20000))
    mirror_port=$((server_port + 1))
    mkdir "$folder" "$folder/primary" "$folder/secondary"
    printf '$TTL 300\n@ SOA ns hostmaster 10 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n' > "$folder/zone"
    say "$1: running zone_server and zone_mirror"
    "$prefix/$1/zone_server" $server_port "$folder/primary" example.test "$folder/zone" key secret $mirror_port &
    children="$children $!"
    "$prefix/$1/zone_mirror" $mirror_port "$folder/secondary" example.test $server_port "$folder/copy" key secret &
    children="$children $!"
    waited=0
    until [ -s "$folder/copy" ]; do
        [ $waited -lt $PATIENCE ] || { echo "zone_mirror has no zone after $waited s"; return 1; }
        for child in $children; do kill -0 "$child" || { echo "a name server has ended"; return 1; }; done
        sleep 1
        waited=$((waited + 1))
    done
    for child in $children; do
        kill "$child"
        wait "$child"
    done
    children=
    grep -q '127\.0\.0\.1' "$folder/copy"
}

say "installing into $prefix"
${MAKE:-make} --no-print-directory install PREFIX="$prefix" DESTDIR= LIBDIR="$prefix/lib" INCLUDEDIR="$prefix/include"
bytes=$(wc -c < "$prefix/lib/libddi.so")
echo "libddi.so has $bytes bytes"
[ "$bytes" -le $BYTES_MAX ] || { echo "that is more than $BYTES_MAX"; exit 1; }
# What a program can link with is what abi/symbols.txt promises: none is missing in this build, and none more.
exported=$(nm -D --defined-only "$prefix/lib/libddi.so" | sed 's/.* //' | LC_ALL=C sort)
promised=$(LC_ALL=C sort abi/symbols.txt)
[ "$exported" = "$promised" ] || {
    echo "libddi.so does not export what abi/symbols.txt lists:"
    printf '%s\n' "$exported" > "$prefix/exported"
    printf '%s\n' "$promised" | diff - "$prefix/exported" || true
    exit 1
}
command -v pkg-config > /dev/null || echo "pkg-config is not installed: the flags are those that ddi.pc has, read by hand"

# They ask for the library by its soname: the name that compilers link with is not there any more.
build shared $(flags) -pthread
mv "$prefix/lib/libddi.so" "$prefix/libddi.so"
export LD_LIBRARY_PATH="$prefix/lib"
run_alone shared
mirror shared
unset LD_LIBRARY_PATH
mv "$prefix/libddi.so" "$prefix/lib/libddi.so"

# With the whole of Libs.private and -lddi as the archive; that they run without a shared library is the proof.
build static $(flags --static | sed 's/-lddi/-l:libddi.a/')
rm "$prefix"/lib/libddi.so*
run_alone static
mirror static

${MAKE:-make} --no-print-directory uninstall PREFIX="$prefix" DESTDIR= LIBDIR="$prefix/lib" INCLUDEDIR="$prefix/include"
left=$(find "$prefix/lib" "$prefix/include" ! -type d)
[ -z "$left" ] || { echo "uninstall leaves $left"; exit 1; }
say "check passed"
