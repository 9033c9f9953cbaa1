#!/bin/sh
# Generates with every model of a set of fixtures, in processes on two nodes, and compares the tokens with the reference's.
#
#     check-mixserve.sh MIXSERVE [FIXTURES]
set -eu
mixserve=$1
fixtures=${2:-${MIX_FIXTURES:-$(dirname "$0")/../../Tests/Fixtures}}

# The numbers of a list in expected.json.
list() { tr -d ' \n' < "$1" | sed -n "s/.*\"$2\":\[\([0-9,]*\)\].*/\1/p"; }

for model in "$fixtures"/*_model*; do
    prompt=$(list "$model/expected.json" prompt)
    wanted=$(list "$model/expected.json" generated)
    for options in "--ranks 1" "--ranks 4 --nodes 2" \
        "--ranks 4 --nodes 2 --strategy TP=2+DP=2,TP=2+EP=2 --unfused" \
        "--ranks 4 --nodes 2 --strategy TP=2[PP=2]"; do
        # The options are words of their own.
        # shellcheck disable=SC2086
        found=$(timeout 60 "$mixserve" generate --checkpoint "$model" --prompt-ids "$prompt" --generate 16 $options | tail -1)
        if [ "$found" != "ids: $wanted" ]; then
            echo "$(basename "$model") $options: $found, not $wanted" >&2
            exit 1
        fi
        echo "$(basename "$model") $options: equal to the reference"
    done
done
