#!/bin/sh
# Proves the test bed with the tools of others: a device, connections through librdmacm, writes.
set -ex
ibv_devices | grep rxe0
if [ "$MIX_GUESTS" = 1 ] || [ "$MIX_GUEST" = 1 ]; then
    timeout 60 rping -s -C 4 -a 10.9.0.1 &
    server=$!
fi
if [ "$MIX_GUESTS" = 1 ] || [ "$MIX_GUEST" = 2 ]; then
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        sleep 1
        timeout 20 rping -c -C 4 -v -a 10.9.0.1 && break
        [ "$attempt" != 10 ]
    done
fi
[ -z "$server" ] || wait "$server"
if [ "$MIX_GUESTS" = 1 ]; then
    timeout 60 ib_write_bw -d rxe0 -s 65536 -n 100 >/dev/null &
    sleep 2
    timeout 60 ib_write_bw -d rxe0 -s 65536 -n 100 10.9.0.1
    wait
fi
