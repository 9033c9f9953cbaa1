#!/usr/bin/env bash
# tuning.sh [options]: all-reduce and all-to-all between emulated nodes (namespaces.sh) by the library's own choices and by those of
# a calibration of the same nodes, in turns, in one table for each wire and shape.
#
#   --rates LIST     of the wire: 1gbit 5gbit 10gbit none (default: 1gbit 5gbit none)
#   --shapes LIST    nodes x ranks on each (default: 2x1 2x2)
#   --sizes LIST     default: doublings from 1K to 16M
#   --seconds S      for each row (default 0.06)
#   --rounds N       both in turn, N times; the table has medians (default 5)
#   --tuning FILE    take this one, and calibrate nothing
#   --keep FOLDER    keep clusters, tunings and rows there
#
# Times are medians of the slowest rank in microseconds; "x" is the tuned time over the other. Needs what namespaces.sh needs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rates="1gbit 5gbit none" shapes="2x1 2x2" sizes=1K,2K,4K,8K,16K,32K,64K,128K,256K,512K,1M,2M,4M,8M,16M seconds=0.06 rounds=5 tuning= keep=
while [ $# -gt 0 ]; do
  case $1 in
    --rates) rates=${2//,/ } ;; --shapes) shapes=${2//,/ } ;; --sizes) sizes=$2 ;; --seconds) seconds=$2 ;;
    --rounds) rounds=$2 ;; --tuning) tuning=$2 ;; --keep) keep=$2 ;;
    -h | --help) sed -n '2,14p' "$0"; exit 0 ;;
    *) echo "tuning.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
keep=${keep:-$work}
mkdir -p "$keep"

table() {
  awk "$(cat "$here/rows.awk")"'
    {
      key = field("op") " " field("bytes")
      if (!(key in seen)) { seen[key] = 1; keys[++count] = key }
      times[key, field("peer")] = times[key, field("peer")] " " field("time_us_median")
      if (field("wrong") != 0) wrong[key] = 1
    }
    END {
      printf "%-10s %10s %10s %10s %6s\n", "operation", "bytes", "own", "tuned", "x"
      for (i = 1; i <= count; i++) {
        split(keys[i], part, " ")
        own = median(times[keys[i], "own"])
        tuned = median(times[keys[i], "tuned"])
        printf "%-10s %10d %10.1f %10.1f %6.2f%s\n", part[1], part[2], own, tuned, tuned / own, keys[i] in wrong ? "  WRONG" : ""
      }
    }' "$1"
}

for rate in $rates; do
  for shape in $shapes; do
    file=${tuning:-$keep/$rate.$shape.tuning}
    rows=$keep/rows.$rate.$shape
    rm -f "$rows"
    runs=()
    [ -n "$tuning" ] || runs+=(--run "calibrate --out $keep/$rate.$shape.json --tuning $file")
    for round in $(seq "$rounds"); do
      # Whoever comes first changes from turn to turn.
      own=(--run "BENCH_NAME=own MIX_TUNING= peers") tuned=(--run "BENCH_NAME=tuned MIX_TUNING=$file peers")
      [ $((round % 2)) = 1 ] && runs+=("${own[@]}" "${tuned[@]}") || runs+=("${tuned[@]}" "${own[@]}")
    done
    "$here/namespaces.sh" --rates "$rate" --shapes "$shape" --sizes "$sizes" --seconds "$seconds" --json "$keep/rows" "${runs[@]}" \
      >"$keep/log.$rate.$shape" 2>&1 || { cat "$keep/log.$rate.$shape" >&2; exit 1; }
    echo "== $rate, $shape; $(grep -m1 iperf3: "$keep/log.$rate.$shape")"
    choices=$(grep -v '^#' "$file" | paste -sd, | sed 's/,/, /g')
    echo "tuned: ${choices:-as the library chooses}"
    table "$rows"
  done
done
