#!/bin/sh
# In two guests on one wire: a job of 4 ranks, 2 in each guest. Shared memory inside, verbs between two kernels.
program=$1
export MIX_TIMEOUT=40 MIX_SECRET=of-two-guests MIX_WORLD_SIZE=4 MIX_RENDEZVOUS=tcp://10.9.0.1:7100 MIX_NODE=guest-$MIX_GUEST
first=$((MIX_GUEST * 2 - 2))
folder=$(mktemp -d)

# play NAME STEP…: this guest's two ranks do these steps, and nothing goes wrong.
play() {
    name=$1
    shift
    for rank in $first $((first + 1)); do
        MIX_RANK=$rank timeout 70 "$program" play join "$@" >"$folder/$rank" 2>&1 &
    done
    wait
    for rank in $first $((first + 1)); do
        tail -n 1 "$folder/$rank" | grep -q '^done$' && ! grep -qE '^(wrong|error)' "$folder/$rank" || fail "$name, rank $rank"
    done
    echo "passed: $name (guest $MIX_GUEST)"
}

fail() {
    cat "$folder"/*
    echo "FAILED: $* (guest $MIX_GUEST)"
    exit 1
}

play "4 ranks on 2 machines" routes check splits
for rank in $first $((first + 1)); do
    # 0 and 1 are in guest 1, 2 and 3 in guest 2; 10.9.0.N is this guest's own end.
    [ "$(grep -c "^route .* verbs through rxe0 port 1, GID [0-9]* 10.9.0.$MIX_GUEST RoCE v2" "$folder/$rank")" = 2 ] &&
        [ "$(grep -c "^route .* shm" "$folder/$rank")" = 1 ] || fail "the routes of rank $rank"
done
[ -z "$(ls /dev/shm)" ] || fail "left in /dev/shm: $(ls /dev/shm)"
