#!/usr/bin/env bash
# moe-layer as its users call it. Takes the path of the program.
set -euo pipefail
layer=$1
fixture=$(cd "$(dirname "$0")/../Fixtures/qwen3_moe" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

timeout 60 "$layer" --fixture "$fixture" --ranks 2 --case t7 | grep -q "t7: max relative error .*, experts equal: yes"

# Tensors of another shape than the model's, of as many bytes, so that the file itself is well-formed.
cp "$fixture"/* "$folder"
for change in "t7.output [7,64] [64,7] [7, 64]" "t7.hidden_states [7,64] [8,56] [tokens, 64]" \
    "t7.selected_experts [7,8] [8,7] [7, 8]" "t7.routing_weights [7,8] [56] [7, 8]"; do
    read -r tensor right wrong asked <<<"$change"
    # The header must keep its length.
    while [ ${#wrong} -lt ${#right} ]; do wrong="$wrong "; done
    header="\"$tensor\":{\"dtype\":\"[A-Z0-9]*\",\"shape\":"
    quoted=${right//[/\\[}
    LC_ALL=C sed "s/\\($header\\)$quoted/\\1$wrong/" "$fixture/io.safetensors" >"$folder/io.safetensors"
    shape=$(echo "$wrong" | sed 's/,/, /; s/ *$//')
    if timeout 60 "$layer" --fixture "$folder" --ranks 2 --case t7 >"$folder/out" 2>&1 ||
        ! grep -qF "rank 0: wrong shape, tensor $tensor in $folder/io.safetensors: it has the shape $shape, and" "$folder/out" ||
        ! grep -qF "ask for $asked" "$folder/out"; then
        echo "moe-layer: $tensor of shape $shape was not refused with both shapes:" >&2
        cat "$folder/out" >&2
        exit 1
    fi
done
echo "moe-layer: all as expected"
