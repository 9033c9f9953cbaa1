# Sourced in the guest, with $program and $folder set: jobs whose ranks are started one by one, and what they must say.

# start RANK STEP…: a rank, its output in $folder/RANK, its process in $folder/RANK.pid.
start() {
    rank=$1
    shift
    MIX_RANK=$rank timeout 90 "$program" play join "$@" >"$folder/$rank" 2>&1 &
    echo $! >"$folder/$rank.pid"
}

# The rank's own process is a child of timeout.
signal() { pkill -"$1" -P "$(cat "$folder/$2.pid")"; }

fail() {
    for rank in $ranks; do sed "s/^/  rank $rank: /" "$folder/$rank"; done
    echo "FAILED: $name: $* ${MIX_GUEST:+(guest $MIX_GUEST)}"
    exit 1
}

passed() { echo "passed: $name (guest $MIX_GUEST)"; }

# until_inside RANK…: until these have said so.
until_inside() {
    for rank in "$@"; do
        while ! grep -q '^inside' "$folder/$rank"; do
            kill -0 "$(cat "$folder/$rank.pid")" 2>/dev/null || fail "rank $rank ended early"
            sleep 0.1
        done
    done
}

# finish RANK…: until these have ended.
finish() { for rank in "$@"; do wait "$(cat "$folder/$rank.pid")"; done; }

# well RANK…: these came to their end and nothing was wrong.
well() {
    for rank in "$@"; do
        tail -n 1 "$folder/$rank" | grep -q '^done$' || fail "rank $rank did not come to its end"
        grep -qE '^(wrong|error)' "$folder/$rank" && fail "rank $rank"
    done
    return 0
}

# threw PATTERN RANK…: each of these reported an error in time, and it is this one. (What came before the fault counts too.)
threw() {
    pattern=$1
    shift
    for rank in "$@"; do
        line=$(grep '^error' "$folder/$rank" | head -n 1)
        echo "$line" | grep -qE "$pattern" || fail "rank $rank: not \"$pattern\""
        took=$(echo "$line" | sed 's/.* ms=\([0-9]*\) .*/\1/')
        [ "$took" -lt $((MIX_TIMEOUT * 2000)) ] || fail "rank $rank: after $took ms"
    done
}

nothing_left() { [ -z "$(ls /dev/shm)" ] || fail "left in /dev/shm: $(ls /dev/shm)"; }
