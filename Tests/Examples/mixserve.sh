#!/usr/bin/env bash
# mixserve when its users make mistakes, and when ranks are lost: every time there is a name, an end, and nothing stays behind.
# Takes the path of the program.
set -euo pipefail
mixserve=$(realpath "$1")
fixtures=$(cd "$(dirname "$0")/../Fixtures" && pwd)
model=$fixtures/qwen3_moe_model
folder=$(mktemp -d)
export MIXSERVE_TEST=$$
trap 'for process in $(ours); do kill -9 "$process" 2>/dev/null || true; done; rm -rf "$folder"' EXIT

# The processes of this test: of one rank, or all of them.
ours() {
    local process
    for process in $(pgrep -x mixserve); do
        tr '\0' '\n' 2>/dev/null <"/proc/$process/environ" | grep -qx "MIXSERVE_TEST=$$" || continue
        [ $# = 0 ] || tr '\0' '\n' 2>/dev/null <"/proc/$process/environ" | grep -qx "MIX_RANK=$1" || continue
        echo "$process"
    done
}

fail() {
    echo "mixserve: $*" >&2
    tr '\r' '\n' <"$folder/out" | tail -20 >&2
    exit 1
}

# refused WORDS OPTION…: ends with an error that has these words, before any rank begins.
refused() {
    local words=$1 status=0
    shift
    timeout 60 "$mixserve" "$@" >"$folder/out" 2>&1 || status=$?
    [ "$status" != 0 ] && [ "$status" -lt 124 ] || fail "$*: status $status"
    grep -qF -- "$words" "$folder/out" || fail "$* does not say \"$words\":"
    if grep -q "^rank [0-9]" "$folder/out"; then fail "$* was found by the ranks only:"; fi
}

generate=(generate --checkpoint "$model" --ranks 2 --prompt-ids 1,2,3)
refused "prompt and answer have 18 tokens, and the cache" "${generate[@]}" --context 17
refused "token 256: the vocabulary has 256" generate --checkpoint "$model" --prompt-ids 256
refused "family mixtral" generate --checkpoint "$fixtures/mixtral" --prompt-ids 1
refused "--generate is 1 to" "${generate[@]}" --generate 9223372036854775807
refused "too little memory" "${generate[@]}" --context 16000000 --ranks 4096
refused "is for 2 ranks" "${generate[@]}" --strategy "TP=2" --ranks 4
refused "--ranks and --nodes are" "${generate[@]}" --ranks 1000000000
refused "there is no config.json" "${generate[@]}" --checkpoint "$folder"
refused "--checkpoint is a whole model" bench --checkpoint "$model" --layers 1
refused "too little memory" bench --preset deepseek-v3 --ranks 2
refused "neither a file nor a cluster" bench --checkpoint "$model" --cluster "$folder/none"
refused "No such file or directory" bench --checkpoint "$model" --trace "$folder/none/trace"
refused "--rate is a number above 0" bench --rate 0

refused "the first 3 of deepseek-v3 have no experts" bench --preset deepseek-v3 --layers 3

# What nobody can take is an error, and what is printed without an output lands nowhere.
if timeout 60 "$mixserve" generate --checkpoint "$model" --prompt-ids 1 >/dev/full 2>"$folder/out"; then fail "a full disk was not noticed"; fi
grep -q "No space left" "$folder/out" || fail "a full disk is not named:"
timeout 60 "$mixserve" generate --checkpoint "$model" --prompt-ids 1 --ranks 2 --nodes 2 >&- 2>"$folder/out" || fail "without an output:"

# A trace goes to what is there.
ln -s "$folder/trace.json" "$folder/link"
timeout 60 "$mixserve" bench --checkpoint "$model" --type f32 --requests 1 --input 4 --output 2 --strategies TP=1 --trace "$folder/link" \
    >"$folder/out" 2>&1 || fail "no trace:"
[ -L "$folder/link" ] && grep -q traceEvents "$folder/trace.json" || fail "the trace replaced a link"

# serving RATE STRATEGY LINE: on a terminal, until the line there says this.
serving() {
    : >"$folder/out"
    # What a shell starts in the background ignores a terminal's interrupt.
    env --default-signal=INT script -qfec "'$mixserve' bench --checkpoint '$model' --ranks 4 --nodes 2 --requests 100000 --input 16 --output 16 --type f32 \
        --rate $1 --strategies '$2'" "$folder/out" >/dev/null </dev/null &
    launched=$!
    # The line begins anew with a carriage return.
    timeout 60 grep -m1 -q "$3" <(tail -f -c +1 --pid "$launched" "$folder/out" | stdbuf -o0 tr '\r' '\n') ||
        fail "$2: no progress"
}

# ended STATUS WORDS CASE: what was launched ends so, has said that, and is gone.
ended() {
    local status=0
    timeout 60 tail -f --pid "$launched" /dev/null || fail "$3 has not ended"
    wait "$launched" || status=$?
    [ "$status" = "$1" ] || fail "$3: status $status instead of $1"
    grep -q "$2" "$folder/out" || fail "$3: no word of \"$2\":"
    [ -z "$(ours)" ] || fail "$3: still there: $(ours)"
}

for strategy in "TP=2 [PP=2]" "TP=2 + DP=2, TP=2 + EP=2"; do
    for victim in 0 1 2 3; do
        serving 50 "$strategy" "[1-9][0-9]* of 100000 requests answered"
        kill -9 "$(ours "$victim")"
        ended 137 "rank $victim" "rank $victim of $strategy, killed"
    done
    # Without requests: ranks wait for rank 0's word.
    serving 0.001 "$strategy" "0 of 100000 requests answered"
    kill -9 "$(ours 3)"
    ended 137 "rank 3" "idle rank 3 of $strategy, killed"
    # Stopped, not killed: others give it up.
    MIX_TIMEOUT=3 serving 50 "$strategy" "[1-9][0-9]* of 100000 requests answered"
    kill -STOP "$(ours 3)"
    ended 1 "rank 3 on .* does not answer" "rank 3 of $strategy, stopped"
    serving 50 "$strategy" "[1-9][0-9]* of 100000 requests answered"
    # As a terminal does it: to all.
    kill -INT -- "-$(ps -o pgid= -p "$(ours 0)" | tr -d ' ')"
    ended 130 "" "$strategy, interrupted"
done
echo "mixserve: all as expected"
