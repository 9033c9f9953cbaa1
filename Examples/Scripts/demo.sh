#!/bin/sh
# Shows what the library does: collectives between ranks; plans with their reasons; a model beside its reference; and what
# the planner predicts of this machine beside what is measured on it.
#
#     demo.sh PROGRAMS      the folder with collectives-hello, mixplan, mixserve and mixbench
set -eu
programs=$(cd "$1" && pwd)
model=$(cd "$(dirname "$0")/../.." && pwd)/Tests/Fixtures/qwen3_moe_model
work=$(mktemp -d)
child=
finish() {
    [ -z "$child" ] || { kill "$child"; wait "$child"; } 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

title() { printf '\n== %s\n\n' "$*"; }

# patiently WORDS COMMAND…: runs it, its output into $work/said, with a dot each second.
patiently() {
    printf '%s ' "$1" >&2
    shift
    timeout 120 "$@" >"$work/said" 2>"$work/errors" &
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        sleep 1
        printf . >&2
    done
    echo >&2
    ended=$child child=
    wait "$ended" || { cat "$work/said" "$work/errors" >&2; exit 1; }
}

# The numbers of a list in expected.json.
list() { tr -d ' \n' <"$model/expected.json" | sed -n "s/.*\"$1\":\[\([0-9,]*\)\].*/\1/p"; }

title "Collectives between 4 ranks"
"$programs/collectives-hello" --ranks 4

title "Which cut is best for DeepSeek-R1 on 4 nodes of 8, by data sheets, and why not another one"
"$programs/mixplan" plan --model deepseek-r1 --cluster 910b-4x8 --input 220 --output 200 --batch 16 --weights bf16 \
    --explain "TP=8 + DP=4, TP=8 + EP=4" "TP=8 [PP=4]" | sed -n '3,8p; /^TTFT:/,$p'

title "A small model from its checkpoint: the plan for 2 nodes of 2 ranks, and its tokens"
said=$("$programs/mixserve" generate --checkpoint "$model" --nodes 2 --ranks 4 --prompt-ids "$(list prompt)" --generate 16)
echo "$said"
if [ "$(echo "$said" | tail -1)" = "ids: $(list generated)" ]; then
    printf '\nequal to the reference: yes\n'
else
    printf '\nequal to the reference: no, that has %s\n' "$(list generated)"
    exit 1
fi

title "This machine: its links, memory and kernels, measured by 2 ranks"
patiently "measuring" "$programs/mixbench" calibrate --ranks 2 --seconds 0.01 --out "$work/cluster.json"
grep -E '^(shared memory +α|memory|experts)' "$work/said"

title "The small model's plan by these numbers, and why"
"$programs/mixplan" plan --model "$model/config.json" --cluster "$work/cluster.json" --input 24 --output 16 --batch 1 \
    --explain "TP=2" "DP=2, EP=2" | sed -n '/^TTFT:/,/^Throughput:/p'

# bench NAME OPTION…: a line for each strategy: a decode step's median time, and what the planner says of it.
bench() {
    name=$1
    shift
    patiently "running $name" "$programs/mixserve" bench --json --ranks 2 --cluster "$work/cluster.json" \
        --strategies "TP=2; DP=2, EP=2" --sequences 1 "$@"
    while read -r row; do
        awk -v name="$name" -v strategy="$(field '"strategy":"\([^"]*\)"')" \
            -v measured="$(field '"itlSeconds":{[^}]*"p50":\([^,}]*\)')" \
            -v predicted="$(field '"predictedItlSeconds":\([^,}]*\)')" 'BEGIN {
                printf "%-34s %-12s %9.3f ms", name, strategy, measured * 1e3
                if (predicted == "") printf " %12s %9s\n", "-", "-"
                else printf " %9.3f ms %9.2f\n", predicted * 1e3, predicted / measured
            }' >>"$work/table"
    done <"$work/said"
}

# field EXPRESSION: what its group matches in the row; nothing where it does not.
field() { printf '%s\n' "$row" | sed -n "s/.*$1.*/\1/p"; }

title "A decode step of one request on 2 ranks, measured against predicted (median)"
bench "qwen3_moe_model" --checkpoint "$model" --type f32 --requests 8 --rate 4 --input 24 --output 16
bench "qwen3-30b-a3b, 2 of 48 layers" --preset qwen3-30b-a3b --layers 2 --requests 4 --rate 1 --input 32 --output 24
printf '\n%-34s %-12s %12s %12s %9s\n' model strategy measured predicted ratio
cat "$work/table"
printf '\nPredictions leave out what a call costs by itself, which shows where a model is this small.\n'
