#!/bin/sh
# In one guest: faults.sh PROGRAM  What can go wrong for a job of 4 ranks on 2 virtual nodes over rxe0.
program=$1
folder=$(mktemp -d)
. "$(dirname "$0")/ranks.sh"
ulimit -l unlimited
ranks="0 1 2 3"
export MIX_TIMEOUT=20 MIX_SECRET=of-faults MIX_WORLD_SIZE=4

# job NAME STEP…: all four ranks do these steps.
job() {
    name=$1
    shift
    export MIX_RENDEZVOUS="file://$folder/rendezvous-$(echo "$name" | tr -c 'a-z0-9\n' -)"
    for rank in $ranks; do MIX_NODE=node-$((rank / 2)) start "$rank" "$@"; done
}

export MIX_TRANSPORT=auto
MIX_RDMA_GID_INDEX=99 job "a GID that is not there" check
finish $ranks; threw "code=10 rank=0 host=$(uname -n) .*has no GID 99" $ranks; passed

MIX_RDMA_DEVICE=nonesuch0 job "a device that is not there" check
finish $ranks; threw "code=10 rank=0 host=$(uname -n) .*no RDMA device nonesuch0" $ranks; passed

export MIX_TRANSPORT=verbs
job "a slow rank" sum:300000:shared barrier stop sum:300000:shared sum:100000
# "stop" stops every rank that comes to it; they go on one after the other.
for rank in $ranks; do
    for attempt in $(seq 300); do
        grep -q '^State:.*T' "/proc/$(pgrep -P "$(cat "$folder/$rank.pid")")/status" && break
        sleep 0.1
    done
    [ "$rank" != 3 ] || sleep 3
    signal CONT "$rank"
done
finish $ranks; well $ranks; passed

job "a rank killed in an operation" churn:200000
until_inside $ranks
signal KILL 3
finish $ranks; threw "code=4 rank=3 host=$(uname -n)" 0 1 2; passed

job "the cable pulled in an operation" churn:200000
until_inside $ranks
ip link set v0 down
finish $ranks; threw "code=4 rank=[0-3] host=$(uname -n)" $ranks; passed

job "a port that is down, verbs asked for" check
finish $ranks; threw "code=10 rank=0 host=$(uname -n) .*no RDMA port is active" $ranks; passed
ip link set v0 up

rdma link delete rxe0
job "no device, verbs asked for" check
finish $ranks; threw "code=10 rank=0 host=$(uname -n) .*no RDMA" $ranks; passed
MIX_TRANSPORT=auto job "no device" routes check
finish $ranks; well $ranks
grep -q "^route .* tcp .*no RDMA on" "$folder/0" || fail "not by TCP"
passed
nothing_left
