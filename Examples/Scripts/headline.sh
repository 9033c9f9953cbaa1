#!/usr/bin/env bash
# headline.sh [options]: the paper's comparison between two emulated nodes of two ranks: the planner's choice with fused
# communication beside TP with PP, and DP with EP and TP with EP unfused.
#
#   --wires LIST       1gbit 5gbit 10gbit none (default: 1gbit 5gbit)
#   --rates LIST       requests per second (default: low, middle, more than can be answered: 1 2 8)
#   --layers N         of qwen3-30b-a3b, in bf16 (default 4)
#   --requests N       (default 24), each of --input (128) and --output (32) tokens
#   --rounds N         all strategies in turn, N times, with requests at other times in each round (default 5)
#   --strategies LIST  with ; between, the first one the one to compare with
#   --cluster DIR      keep calibrations there, one per wire (WIRE.json), and use those that are there; without it, measure none
#   --json FILE        keep the rows there (default headline.jsonl); a second run adds to it
#   --from FILE        only print the table of such rows
#
# A node is a network namespace (Benchmarks/Scripts/namespaces.sh), whose ranks are pinned to different processors; those of
# different nodes may share one. Needs what that needs, jq, and both packages built for release.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
benchmarks=$here/../../Benchmarks

if [ "${1:-}" = rank ]; then
  # As one rank: namespaces.sh puts --bind none behind the words it was given.
  shift
  words=()
  while [ "$*" != "--bind none" ]; do words+=("$1"); shift; done
  if [ "${words[0]}" = calibrate ]; then
    exec "$benchmarks/.build/release/mixbench" "${words[@]}" --bind none
  fi
  exec "$here/../.build/release/mixserve" bench --strategies "$HEADLINE_STRATEGIES" "${words[@]}"
fi

table() { # rows
  jq -rs '
    def round(digits): . * pow(10; digits) | round / pow(10; digits);
    def ms: . * 1000 | round(1);
    def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
    def predicted(shown): map(values) | if . == [] then "–" else median | shown end;
    def kind: (if .isAutomatic then "auto: " else "" end) + .strategy + (if .isFused then "" else ", unfused" end);
    # How many times the first strategy of the same round.
    def times(field): map(field) | "\(median | round(2)) (\(min | round(2))–\(max | round(2)))";
    "| wire | requests/s | strategy | TTFT ms (p99) | predicted | ITL ms (p99) | predicted | tokens/s | predicted | between nodes, kB per token | TTFT × | ITL × | tokens/s × |",
    "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    (group_by([.wire, .setting])[] | (map(select(.isFirst)) | INDEX("\(.run) \(.round)")) as $first
      | group_by([.place, kind])[] | map(.first = $first["\(.run) \(.round)"]) |
      [.[0].wire, .[0].setting.rate, (.[0] | kind),
       "\(map(.ttftSeconds.mean) | median | ms) (\(map(.ttftSeconds.p99) | median | ms))",
       (map(.predictedTtftSeconds) | predicted(ms)),
       "\(map(.itlSeconds.mean) | median | ms) (\(map(.itlSeconds.p99) | median | ms))",
       (map(.predictedItlSeconds) | predicted(ms)),
       (map(.tokensPerSecond) | median | round(1)), (map(.predictedTokensPerSecond) | predicted(round(1))),
       (map(.bytesBetweenNodes / .setting.requests / .setting.outputTokens / 1000) | median | round(1)),
       times(.ttftSeconds.mean / .first.ttftSeconds.mean), times(.itlSeconds.mean / .first.itlSeconds.mean),
       times(.first.tokensPerSecond / .tokensPerSecond)]
      | "| " + (map(tostring) | join(" | ")) + " |")' "$1"
}

wires="1gbit 5gbit" rates="1 2 8" layers=4 requests=24 rounds=5 input=128 output=32 clusters= json=headline.jsonl
strategies="auto; TP=2 [PP=2]; TP=2 + DP=2, EP=4 unfused; TP=2 + DP=2, TP=2 + EP=2 unfused"
while [ $# -gt 0 ]; do
  case $1 in
    --wires) wires=${2//,/ } ;; --rates) rates=${2//,/ } ;; --layers) layers=$2 ;; --requests) requests=$2 ;; --rounds) rounds=$2 ;;
    --input) input=$2 ;; --output) output=$2 ;; --strategies) strategies=$2 ;; --cluster) clusters=$2 ;; --json) json=$2 ;;
    --from) table "$2"; exit ;;
    -h | --help) sed -n '2,16p' "$0"; exit 0 ;;
    *) echo "headline.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[ -x "$here/../.build/release/mixserve" ] || { echo "headline.sh: build it first: swift build -c release --package-path Examples" >&2; exit 2; }
command -v jq >/dev/null || { echo "headline.sh: jq is missing" >&2; exit 2; }
jobs=0 run=$(date +%s)-$$
export HEADLINE_STRATEGIES=
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

between() { # wire run…: in namespaces, with names of their own, because the kernel takes its time to remove any
  local wire=$1 runs=() run
  shift
  for run in "$@"; do runs+=(--run "$run"); done
  BENCH_NS_PREFIX=h$$n$jobs MIXBENCH=$here/headline.sh "$benchmarks/Scripts/namespaces.sh" \
    --rates "$wire" --shapes 2x2 "${runs[@]}"
}

IFS=';' read -ra inOrder <<<"$strategies"
reversed=()
for strategy in "${inOrder[@]}"; do reversed=("$strategy" "${reversed[@]}"); done

for wire in $wires; do
  cluster=${clusters:+$(realpath -m "$clusters")/$wire.json}
  if [ -n "$cluster" ] && [ ! -e "$cluster" ]; then
    mkdir -p "$clusters"
    jobs=$((jobs + 1))
    between "$wire" "rank calibrate --out $cluster" >&2
  fi
  for round in $(seq "$rounds"); do
    # What changes with time on the machine strikes the first one now and the last one then.
    backwards=$((round % 2 == 0))
    if ((backwards)); then order=("${reversed[@]}"); else order=("${inOrder[@]}"); fi
    HEADLINE_STRATEGIES=$(IFS=';'; echo "${order[*]}")
    runs=()
    for rate in $rates; do
      runs+=("rank --preset qwen3-30b-a3b --layers $layers --rate $rate --requests $requests --input $input --output $output --seed $round --json ${cluster:+--cluster $cluster}")
    done
    jobs=$((jobs + 1))
    between "$wire" "${runs[@]}" | tee "$work/said" >&2
    grep '^{' "$work/said" | jq -c --arg wire "$wire" --argjson round "$round" --argjson backwards "$backwards" \
      --argjson count "${#inOrder[@]}" --arg run "$run" -n '
      foreach inputs as $row (-1; . + 1;
        (if $backwards == 1 then $count - 1 - . % $count else . % $count end) as $place
        | $row + {wire: $wire, run: $run, round: $round, place: $place, isFirst: ($place == 0)})' >>"$json"
  done
done
table "$json"
