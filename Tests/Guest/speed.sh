#!/bin/sh
# In the guest: speed.sh PROGRAM [ROUNDS]  perftest, a link, and all-reduces of two ranks over rxe0, in turns; perftest's
# MB are MiB, too. For people to read: nothing here fails because it is slow.
program=$1
ulimit -l unlimited
export MIX_TRANSPORT=verbs

# yardstick TOOL BYTES ITERATIONS [OPTION]…: a line of perftest's.
yardstick() {
    tool=$1 bytes=$2 iterations=$3
    shift 3
    timeout 60 "$tool" -d rxe0 -s "$bytes" -n "$iterations" "$@" >/dev/null 2>&1 &
    sleep 1
    echo "$tool $*: $(timeout 60 "$tool" -d rxe0 -s "$bytes" -n "$iterations" "$@" 10.9.0.1 2>/dev/null |
        grep -A1 '#bytes' | tail -1)"
    wait
}

for round in $(seq "${2:-1}"); do
    yardstick ib_write_lat 8 1000
    yardstick ib_send_lat 8 1000
    yardstick ib_write_bw 65536 500
    yardstick ib_write_bw 1048576 32
    yardstick ib_write_bw 4194304 16
    yardstick ib_write_bw 4194304 16 -b
    folder=$(mktemp -d)
    timeout 60 "$program" verbs-link speed 0 "$folder" &
    timeout 60 "$program" verbs-link speed 1 "$folder"
    wait
    timeout 60 "$program" launch 2 2 5 play join measure:262144:8 measure:1048576:4 measure:4194304:2 2>&1 | grep bandwidth
done
