#!/usr/bin/env bash
# Counts instructions with valgrind's callgrind: on a shared machine, and from one commit to the next, they say
# more than times. Each thing is done n times and 2n times; the difference, by n, is what it takes once.
#
#   benches/instructions.sh            prints the table
#   benches/instructions.sh --write    and puts it into benches/INSTRUCTIONS.md
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

# How many answers ffi/benches/answer.rs counts.
ANSWERS=100000

# Name, how often, what it is.
THINGS=(
    "packet-view 20000 A DHCPv4 packet's view, and all that a server asks of it"
    "dora 6400 DISCOVER to ACK, with its lease in the database (a client that comes again)"
    "dns-answer 20000 A DNS answer from a zone of 145,003 records"
    "dns-update 6400 A DNS UPDATE, with its delta in the journal, 64 to a commit"
    "binding-update 10000 A failover binding update between two ddi, both sides, to the acknowledgement"
    "binding-update-isc 10000 The same as dhcpd speaks it"
)

# count PROGRAM [ARGUMENT...]
count() {
    local counted
    counted=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1) ||
        { echo "$counted" >&2; return 1; }
    sed -n 's/^==[0-9]*== Collected : \([0-9]*\)$/\1/p' <<< "$counted"
}

# With thousands separated.
grouped() { sed -E ':again; s/^([0-9]+)([0-9]{3})/\1,\2/; t again' <<< "$1"; }

table() {
    local thing name times what once twice in_rust in_c
    echo "| what | instructions |"
    echo "|---|---:|"
    for thing in "${THINGS[@]}"; do
        read -r name times what <<< "$thing"
        once=$(count "$program" "$name" "$times")
        twice=$(count "$program" "$name" $((2 * times)))
        echo "| $what (\`$name\`) | $(grouped $(((twice - once) / times))) |"
    done
    in_rust=$(DDI_COUNT=rust count "$answer")
    in_c=$(DDI_COUNT=c count "$answer")
    echo "| What libddi adds to a DNS answer: \`ddi_zone_answer\` for \`Snapshot::answer\` | $(grouped $(((in_c - in_rust) / ANSWERS))) |"
}

cargo build --release --locked --quiet -p ddi-benches --bin instructions
program=${CARGO_TARGET_DIR:-target}/release/instructions
# As libddi is built, so that both ways are optimised alike.
answer=$(cargo bench --profile library --locked -p ddi-ffi --bench answer --no-run 2>&1 | sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
found=$(table)
echo "$found"
[ "${1:-}" = --write ] || exit 0
cat > benches/INSTRUCTIONS.md << END
# Instructions

What each thing takes once, on one core, without sockets and without a disk, as \`benches/instructions.sh --write\`
counted it with callgrind ($(rustc --version | cut -d' ' -f1,2), $(uname -m)). The same build gives the same
numbers to within a percent, whatever else the machine does.

$found
END
