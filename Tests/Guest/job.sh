#!/bin/sh
# In the guest: job.sh PROGRAM  Whole jobs of several ranks on virtual nodes, with verbs over rxe0 between the nodes.
program=$1
ulimit -l unlimited
export MIX_TIMEOUT=40

# play NAME RANKS NODES STEP…: all ranks do these steps, and none says that anything was wrong.
play() {
    name=$1 ranks=$2 nodes=$3
    shift 3
    said=$(timeout 100 "$program" launch "$ranks" "$nodes" 5 play "$@" 2>&1)
    status=$?
    if [ $status != 0 ] || [ "$(echo "$said" | grep -c '^done$')" != "$ranks" ] ||
        echo "$said" | grep -E '^(wrong|error)'; then
        echo "$said"
        echo "FAILED: $name, status $status"
        exit 1
    fi
    echo "passed: $name"
}

# reached TRANSPORT COUNT: so many ordered pairs of the last job's ranks use this transport.
reached() {
    [ "$(echo "$said" | grep -c "^route .* $1\b")" = "$2" ] && return
    echo "$said"
    echo "FAILED: $name, not $2 pairs by $1"
    exit 1
}

MIX_TRANSPORT=verbs play "verbs, 2 ranks on 2 nodes" 2 2 join routes check
reached verbs 2
MIX_TRANSPORT=verbs play "verbs, 4 ranks on 2 nodes" 4 2 join routes check splits fused
reached verbs 8
reached shm 4
# Layers beside their reference outputs.
said=$(MIX_TRANSPORT=verbs timeout 120 "$program" launch 4 2 5 moe qwen3_moe_top1,glm4_moe,gpt_oss,qwen3_moe_bf16 \
    "TP=2 + EP=2" "TP=2 + DP=2, EP=4" "TP=4" 2>&1)
echo "$said" | grep -q '^moe: all right$' || { echo "$said"; echo "FAILED: layers over verbs"; exit 1; }
echo "passed: layers over verbs, 4 ranks on 2 nodes"
for ranks in 2 3; do
    MIX_TRANSPORT=verbs play "counters, $ranks ranks on $ranks nodes" $ranks $ranks join counters
    echo "$said" | grep '^counted'
done
MIX_TRANSPORT=auto play "auto, 6 ranks on 3 nodes" 6 3 join routes check
reached verbs 24
MIX_TRANSPORT=tcp play "tcp, 4 ranks on 2 nodes" 4 2 join routes check
reached tcp 8
[ -z "$(ls /dev/shm)" ] || { echo "FAILED: left in /dev/shm: $(ls /dev/shm)"; exit 1; }
