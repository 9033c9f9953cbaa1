#!/usr/bin/env bash
# torchrun.sh TORCHRUN PROGRAM: a real torchrun starts MixTestRank as ranks of one machine, and of two.
#
# Not a part of `make test`, because PyTorch is large: LaunchersTests starts ranks with the variables that torchrun sets, and
# this shows that they are the ones. The two machines are two agents with a node name each.
set -euo pipefail
torchrun=$1
program=$2
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
export OMP_NUM_THREADS=1

# Variables that the ranks go by.
names() { grep -oE '^(RANK|WORLD_SIZE|LOCAL_WORLD_SIZE|MASTER_ADDR|MASTER_PORT|TORCHELASTIC_RUN_ID)=' "$1" | sort | tr '\n' ' '; }
# agents NODES OPTIONS…: one torchrun per node, each with two ranks that tell their variables and check every operation.
agents() {
    local nodes=$1 node running=()
    shift
    for ((node = 0; node < nodes; node++)); do
        MIX_NODE=node-$node timeout 60 "$torchrun" "${@//NODE/$node}" --nproc-per-node 2 --no-python \
            sh -c 'env >"$1.$RANK"; exec "$2" play join check' sh "$folder/variables" "$program" >"$folder/$node" 2>&1 &
        running+=($!)
    done
    for node in "${running[@]}"; do wait "$node" || true; done
    local checked expected
    checked=$(cat "$folder"/[0-9] | grep -c "^checked rank=[0-9] size=$((2 * nodes))$" || true)
    expected="LOCAL_WORLD_SIZE= MASTER_ADDR= MASTER_PORT= RANK= TORCHELASTIC_RUN_ID= WORLD_SIZE= "
    if [ "$checked" != $((2 * nodes)) ] || grep -qhE '^(wrong|error)' "$folder"/[0-9] \
        || [ "$(names "$folder/variables.0")" != "$expected" ]; then
        cat "$folder"/[0-9] "$folder/variables.0" >&2
        echo "torchrun.sh: wrong with $nodes × 2 ranks" >&2
        exit 1
    fi
    echo "$nodes × 2 ranks: right"
    rm "$folder"/*
}

agents 1 --standalone
MIX_SECRET=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
export MIX_SECRET
agents 2 --nnodes 2 --node-rank NODE --master-addr localhost --master-port 29731
