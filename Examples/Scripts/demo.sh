#!/bin/sh
# Shows what the library does: collectives between ranks, a plan, and a model cut by a plan beside its reference.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
programs=$here/.build/release
model=$here/../Tests/Fixtures/qwen3_moe_model

# The numbers of a list in expected.json.
list() { tr -d ' \n' < "$model/expected.json" | sed -n "s/.*\"$1\":\[\([0-9,]*\)\].*/\1/p"; }

"$programs/collectives-hello" --ranks 4

printf '\n== Which cut is best for DeepSeek-R1 on 4 nodes of 8, and why\n\n'
"$programs/mixplan" plan --model deepseek-r1 --cluster 910b-4x8 --input 220 --output 200 --batch 16 --weights bf16 |
    head -12

printf '\n== A small model from its checkpoint, on 2 nodes of 2 ranks, by the plan\n\n'
said=$("$programs/mixserve" generate --checkpoint "$model" --nodes 2 --ranks 4 --prompt-ids "$(list prompt)" --generate 16)
echo "$said"
if [ "$(echo "$said" | tail -1)" = "ids: $(list generated)" ]; then
    printf '\nequal to the reference: yes\n'
else
    printf '\nequal to the reference: no, that has %s\n' "$(list generated)"
    exit 1
fi
