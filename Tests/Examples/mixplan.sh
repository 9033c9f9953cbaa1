#!/usr/bin/env bash
# mixplan as its users call it. Takes the path of the program.
set -euo pipefail
mixplan=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# expect WHAT PATTERN COMMAND…: the command succeeds, and its output has the pattern.
expect() {
    local what=$1 pattern=$2
    shift 2
    if ! "$@" >"$folder/out" 2>"$folder/error" || ! grep -qF -- "$pattern" "$folder/out"; then
        echo "mixplan: $what: \"$pattern\" is missing; $(cat "$folder/error")" >&2
        exit 1
    fi
}

# refuse WHAT PATTERN COMMAND…: the command fails and says so on standard error.
refuse() {
    local what=$1 pattern=$2
    shift 2
    if "$@" >"$folder/out" 2>"$folder/error" || ! grep -qF -- "$pattern" "$folder/error"; then
        echo "mixplan: $what was not refused with \"$pattern\": $(cat "$folder/error")" >&2
        exit 1
    fi
}

load=(--input 220 --output 200 --batch 16)
on910B=("$mixplan" plan --model deepseek-r1 --cluster 910b-4x8 --weights bf16 "${load[@]}")
expect "the best plan" '"strategy" : "TP=8 + DP=4, TP=8 + EP=4"' "${on910B[@]}" --json -
expect "one strategy" '"ttft_ms"' "${on910B[@]}" --strategy "TP=8 [PP=4]" --json -
expect "an explanation" 'against' "${on910B[@]}" --explain "TP=8 + DP=4, TP=8 + EP=4" "TP=8 [PP=4]"
expect "the paper's model" 'equations (1) to (6)' "${on910B[@]}" --cost-model paper --strategy "TP=8 + DP=4, EP=32"
"${on910B[@]}" --plot "$folder/plot.svg" --json "$folder/plan.json" >"$folder/out"
grep -q '<polyline' "$folder/plot.svg"
grep -q '"breakdown"' "$folder/plan.json"
expect "a configuration" '"strategy"' "$mixplan" plan \
    --model Tests/MixPlannerTests/Configs/deepseek_v3_model/config_hub.json --cluster mac-studio-2 --json -

refuse "a model that does not fit" "needs at least 3 nodes at bf16 or 2 at fp8" "$mixplan" plan --model kimi-k2 --cluster cpu-2
refuse "a load that is too high" "lower the rate" "${on910B[@]}" --rate 100
refuse "limits that nothing meets" "the best is" "${on910B[@]}" --slo-ttft 1us
refuse "a strategy in another notation" "expected TP or EP" "${on910B[@]}" --strategy "TP=8 + DP=4, DP=2"

# The published example of EPLB.
echo '[[90,132,40,61,104,165,39,4,73,56,183,86],[20,107,104,64,19,197,187,157,172,86,16,27]]' >"$folder/weights.json"
place=("$mixplan" place --weights "$folder/weights.json" --groups 4 --nodes 2 --devices 8 --json -)
expect "EPLB" '"phy2log":[[5,6,5,7,8,4,3,4,10,9,10,2,0,1,11,1],[7,10,6,8,6,11,8,9,2,4,5,1,5,0,3,1]]' \
    "${place[@]}" --method eplb --replicas 16
expect "EPLB's replicas" '"log2phy":[[[12,-1],[15,13],[11,-1],[6,-1],[7,5],[0,2],[1,-1]' \
    "${place[@]}" --method eplb --replicas 16
expect "linear placement" '"phy2log":[[0,1,2,3,4,5,6,7,8,9,10,11,0,1,2,3]' "${place[@]}" --method linear --replicas 16
expect "clustered placement" '"phy2log"' "${place[@]}" --method clustered --replicas 16
refuse "places that do not divide" "a multiple of 8 devices" "${place[@]}" --method eplb --replicas 15
echo "mixplan: all as expected"
