#!/bin/sh
# In two guests on one wire: a job of 4 ranks, 2 in each guest. Shared memory inside, verbs between two kernels.
program=$1
folder=$(mktemp -d)
. "$(dirname "$0")/ranks.sh"
export MIX_TIMEOUT=15 MIX_SECRET=of-two-guests MIX_WORLD_SIZE=4 MIX_NODE=guest-$MIX_GUEST MIX_TRANSPORT=verbs
first=$((MIX_GUEST * 2 - 2))
ranks="$first $((first + 1))"
interface=$(ip -o address show to 10.9.0.0/24 | awk '{ print $2 }')
port=7100

# job NAME STEP…: this guest's two ranks do these steps; the other guest does the same.
job() {
    name=$1
    shift
    port=$((port + 1))
    export MIX_RENDEZVOUS=tcp://10.9.0.1:$port
    for rank in $ranks; do start "$rank" "$@"; done
}

job "4 ranks on 2 machines" routes check splits fused
finish $ranks; well $ranks
for rank in $ranks; do
    # 10.9.0.N is this guest's own end.
    [ "$(grep -c "^route .* verbs through rxe0 port 1, GID [0-9]* 10.9.0.$MIX_GUEST RoCE v2" "$folder/$rank")" = 2 ] &&
        [ "$(grep -c "^route .* shm" "$folder/$rank")" = 1 ] || fail "the routes of rank $rank"
done
passed

modprobe sch_netem
tc qdisc add dev "$interface" root netem loss 1%
MIX_TIMEOUT=40 job "1 % of the packets lost" sum:1 sum:300000:shared broadcast:50000:1 sum:300000:shared
finish $ranks; well $ranks; passed
tc qdisc delete dev "$interface" root

# What is sent to RoCE's port is lost, and TCP goes through.
if [ "$MIX_GUEST" = 2 ]; then
    tc qdisc add dev "$interface" root handle 1: prio
    tc filter add dev "$interface" parent 1: protocol ip u32 match ip protocol 17 0xff match ip dport 4791 0xffff action drop
fi
job "no way for RDMA, verbs asked for" check
finish $ranks; threw "code=7 rank=0 host=$(uname -n) .*10.9.0.2.*can't reach rank 0 .*10.9.0.1" $ranks; passed
MIX_TRANSPORT=auto job "no way for RDMA" routes check
finish $ranks; well $ranks
for rank in $ranks; do
    [ "$(grep -c '^route .* tcp .*RDMA was tried' "$folder/$rank")" = 2 ] || fail "the routes of rank $rank"
done
passed
[ "$MIX_GUEST" = 1 ] || tc qdisc delete dev "$interface" root

job "a rank killed in an operation" churn:100000
until_inside $ranks
[ "$MIX_GUEST" = 1 ] || signal KILL 3
finish $ranks
if [ "$MIX_GUEST" = 1 ]; then threw "code=4 rank=3 host=$(uname -n)" 0 1; else threw "code=4 rank=3 host=$(uname -n)" 2; fi
passed

job "the cable pulled in an operation" churn:100000
until_inside $ranks
[ "$MIX_GUEST" = 1 ] || ip link set "$interface" down
# Who has something on its way finds that nobody acknowledges it; who only waits finds its deadline.
finish $ranks; threw "code=[34] rank=[0-3] host=$(uname -n)" $ranks; passed
nothing_left
