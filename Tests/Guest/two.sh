#!/bin/sh
# In two guests on one wire: a rank of the link's tests in each. Only the wire is shared, so guest 1's RDMA address
# goes to guest 2 by TCP.
program=$1
for test in messages large; do
    folder=$(mktemp -d)
    if [ "$MIX_GUEST" = 1 ]; then
        timeout 80 "$program" verbs-link "$test" 0 "$folder" 7 &
        rank=$!
        while [ ! -e "$folder/address" ] && kill -0 $rank; do sleep 0.2; done
        timeout 60 busybox nc -l -p 7000 -w 60 <"$folder/address" >/dev/null
        wait $rank || exit 1
    else
        for _ in $(seq 60); do
            busybox nc -w 5 10.9.0.1 7000 </dev/null >"$folder/new" && [ -s "$folder/new" ] && break
            sleep 0.5
        done
        mv "$folder/new" "$folder/address"
        timeout 80 "$program" verbs-link "$test" 1 "$folder" 7 || exit 1
    fi
    echo "passed: $test between two machines (guest $MIX_GUEST)"
done
# In the same guests, because booting them takes half a minute.
exec sh "$(dirname "$0")/two-nodes.sh" "$program"
