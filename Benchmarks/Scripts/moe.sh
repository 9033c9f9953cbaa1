#!/usr/bin/env bash
# moe.sh [options]: one MoE layer cut in several ways, between emulated nodes (namespaces.sh), in one table per rate.
#
#   --rates LIST       of the wire: 1gbit 5gbit 10gbit none (default: 1gbit 5gbit 10gbit)
#   --shape NxM        nodes x ranks on each (default: 2x2)
#   --preset NAME      default: qwen3-30b-a3b
#   --tokens LIST      of all ranks together (default: 8,64,512)
#   --strategies LIST  separated by semicolons, without spaces; "u:" before one runs it unfused
#                      (default: TP=2+EP=2;u:TP=2+EP=2;EP=4;TP=2+DP=2,EP=4;TP=4)
#   --seconds S        for each row (default 2)
#   --rounds N         all strategies in turn, N times; the table has medians (default 3)
#   --json FILE        keep the rows there, as FILE.RATE
#
# Medians of the slowest rank in microseconds, bfloat16; "x" is the time over that of the first strategy. Needs what
# namespaces.sh needs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rates="1gbit 5gbit 10gbit" shape=2x2 preset=qwen3-30b-a3b tokens=8,64,512 seconds=2 rounds=3 json=
strategies="TP=2+EP=2;u:TP=2+EP=2;EP=4;TP=2+DP=2,EP=4;TP=4"
while [ $# -gt 0 ]; do
  case $1 in
    --rates) rates=${2//,/ } ;; --shape) shape=$2 ;; --preset) preset=$2 ;; --tokens) tokens=$2 ;;
    --strategies) strategies=$2 ;; --seconds) seconds=$2 ;; --rounds) rounds=$2 ;; --json) json=$2 ;;
    -h | --help) sed -n '2,16p' "$0"; exit 0 ;;
    *) echo "moe.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

table() {
  awk "$(cat "$here/rows.awk")"'
    {
      way = field("strategy") (field("fused") == 1 ? "" : ", unfused")
      tokens = field("tokens")
      if (!(way in knownWay)) { knownWay[way] = 1; ways[++wayCount] = way }
      if (!(tokens in knownTokens)) { knownTokens[tokens] = 1; sizes[++sizeCount] = tokens }
      total[way, tokens] = total[way, tokens] " " field("time_us_median")
      router[way, tokens] = router[way, tokens] " " field("router_us")
      dispatch[way, tokens] = dispatch[way, tokens] " " field("dispatch_us")
      experts[way, tokens] = experts[way, tokens] " " field("experts_us")
      combine[way, tokens] = combine[way, tokens] " " field("combine_us")
    }
    END {
      printf "%7s  %-34s %10s %10s %10s %10s %10s %6s\n", "tokens", "strategy", "router", "dispatch", "experts", "combine", "total", "x"
      for (s = 1; s <= sizeCount; s++) {
        first = median(total[ways[1], sizes[s]])
        for (w = 1; w <= wayCount; w++) {
          t = median(total[ways[w], sizes[s]])
          printf "%7s  %-34s %10.0f %10.0f %10.0f %10.0f %10.0f %6.2f\n", sizes[s], ways[w], median(router[ways[w], sizes[s]]), \
            median(dispatch[ways[w], sizes[s]]), median(experts[ways[w], sizes[s]]), median(combine[ways[w], sizes[s]]), t, t / first
        }
      }
    }' "$1"
}

for rate in $rates; do
  rows=${json:+$json.$rate}
  rows=${rows:-$work/rows.$rate}
  : >"$rows"
  runs=()
  for round in $(seq "$rounds"); do
    IFS=';' read -ra list <<<"$strategies"
    for way in "${list[@]}"; do
      run="moe --preset $preset --tokens $tokens --seconds $seconds --json $rows --threads 1 --strategy ${way#u:}"
      [ "$way" = "${way#u:}" ] || run+=" --unfused"
      runs+=(--run "$run")
    done
  done
  "$here/namespaces.sh" --rates "$rate" --shapes "$shape" "${runs[@]}" >"$work/log" || { cat "$work/log" >&2; exit 1; }
  echo "== $rate, $shape, $preset; $(grep -m1 iperf3: "$work/log")"
  table "$rows"
done
