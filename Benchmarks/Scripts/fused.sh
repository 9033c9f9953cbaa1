#!/usr/bin/env bash
# fused.sh [options]: fused operations beside their twins, between emulated nodes (namespaces.sh), in one table per rate.
#
#   --rates LIST     of the wire: 1gbit 5gbit 10gbit none (default: 1gbit 5gbit)
#   --shape NxM      nodes x ranks on each (default: 2x2)
#   --ops LIST       dispatch combine blocks (default: all three; blocks is fused-all-reduce-all-to-all)
#   --hidden LIST    default: 2048,4096
#   --tokens LIST    per node (default: 64,256,1024,4096)
#   --k K            experts per token (default: 8 of 64)
#   --dtype TYPE     f32 (default), bf16 or f16
#   --seconds S      for each row (default 0.3)
#   --harness FILE   a program that runs other libraries in namespaces, with --nodes --ranks --rate --ops --sizes --seconds
#                    --place --peers --json: its operation "hier" is an all-reduce inside the node and an all-to-all between
#                    nodes after it; run with Open MPI on as many bytes as combine and blocks have
#   --json FILE      keep the rows there: one file per rate, FILE.RATE, and FILE.RATE.mpi
#
# twin is the unfused one, seq the fused one's phases one after the other; intra and inter are the fused one's levels by
# themselves, and max the greater of them. Times are medians in microseconds. Needs what namespaces.sh needs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rates="1gbit 5gbit" shape=2x2 ops="dispatch combine blocks" hidden="2048 4096" tokens=64,256,1024,4096 k=8 dtype=f32
seconds=0.3 harness= json=
while [ $# -gt 0 ]; do
  case $1 in
    --rates) rates=${2//,/ } ;; --shape) shape=$2 ;; --ops) ops=${2//,/ } ;; --hidden) hidden=${2//,/ } ;;
    --tokens) tokens=$2 ;; --k) k=$2 ;; --dtype) dtype=$2 ;; --seconds) seconds=$2 ;; --harness) harness=$2 ;;
    --json) json=$2 ;;
    -h | --help) sed -n '2,22p' "$0"; exit 0 ;;
    *) echo "fused.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
nodes=${shape%x*} ranks=$((${shape%x*} * ${shape#*x}))
[ "$dtype" = f32 ] && width=4 || width=2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

sizes() { # hidden: bytes of a block per node for each number of tokens
  local list= count
  for count in ${tokens//,/ }; do list+=${list:+,}$((nodes * count * $1 * width)); done
  echo "$list"
}

table() { # rows [mpi rows]
  awk "$(cat "$here/rows.awk")"'
    FILENAME != ARGV[1] { mpi[field("bytes")] = field("time_us_median"); next }
    {
      key = field("op") " " field("hidden") " " field("tokens") " " field("bytes")
      way = field("algorithm")
      if (!(key in seen)) { seen[key] = 1; keys[++count] = key }
      time[key, way] = field("time_us_median")
      if (way == "auto") { intra[key] = field("intra_us"); inter[key] = field("inter_us") }
      if (field("wrong") != 0) wrong[key] = 1
      nodes = field("nodes")
    }
    END {
      printf "%-26s %7s %7s %10s %10s %10s %10s %8s %10s %10s %10s %9s %10s %8s\n", "operation", "hidden", "tokens", "bytes", \
        "fused", "seq", "twin", "twin/f", "intra", "inter", "max", "f/max", "mpi", "mpi/f"
      for (i = 1; i <= count; i++) {
        key = keys[i]
        split(key, part, " ")
        blocks = part[1] ~ /alltoall/
        bytes = blocks ? part[2] : part[4]
        fused = time[key, "auto"]
        max = intra[key] + 0 > inter[key] + 0 ? intra[key] : inter[key]
        other = part[1] ~ /dispatch/ ? "" : mpi[blocks ? bytes : nodes * bytes]
        printf "%-26s %7s %7s %10d %10.1f %10.1f %10.1f %8.2f %10.1f %10.1f %10.1f %9.2f %10s %8s%s\n", part[1], \
          blocks ? "-" : part[2], blocks ? "-" : part[3], bytes, fused, time[key, "sequential"], time[key, "unfused"], \
          time[key, "unfused"] / fused, intra[key], inter[key], max, fused / max, other == "" ? "-" : sprintf("%.1f", other), \
          other == "" ? "-" : sprintf("%.2f", other / fused), key in wrong ? "  WRONG" : ""
      }
    }' "$@"
}

for rate in $rates; do
  rows=${json:+$json.$rate}
  rows=${rows:-$work/rows.$rate}
  : >"$rows"
  runs=()
  allSizes=
  for columns in $hidden; do
    allSizes+=${allSizes:+,}$(sizes "$columns")
    for op in $ops; do
      case $op in
        dispatch | combine) run="fused-$op --tokens $tokens --hidden $columns --experts 64 --k $k" ;;
        blocks) run="fused-all-reduce-all-to-all --sizes $(sizes "$columns")" ;;
        *) echo "fused.sh: unknown operation $op" >&2; exit 2 ;;
      esac
      # Next to each other in time, because only ratios hold.
      for way in "" --sequential --unfused; do
        runs+=(--run "$run --dtype $dtype --seconds $seconds --json $rows $way")
      done
    done
  done
  "$here/namespaces.sh" --rates "$rate" --shapes "$shape" "${runs[@]}" >"$work/log" || { cat "$work/log" >&2; exit 1; }
  wire=$(grep -m1 iperf3: "$work/log")
  others=$rows.mpi
  : >"$others"
  if [ -n "$harness" ]; then
    [ "$dtype" = f32 ] || echo "fused.sh: other libraries run float" >&2
    "$harness" --nodes "$nodes" --ranks "$ranks" --rate "$rate" --ops hier --sizes "$(tr , '\n' <<<"$allSizes" | sort -nu | paste -sd,)" \
      --seconds "$seconds" --place out --rounds 1 --peers ompi --json "$others" >"$work/log" 2>&1 || cat "$work/log" >&2
  fi
  echo "== $rate, $nodes nodes with ${shape#*x} ranks each, $dtype, k $k; $wire"
  table "$rows" "$others"
  [ -n "$json" ] || rm -f "$rows" "$others"
done
