#!/usr/bin/env bash
# accuracy.sh [options]: how far the planner's predictions are off, on this machine and between emulated nodes.
#
#   --ranks LIST     over shared memory (default: 2 4)
#   --rates LIST     of the wire between nodes: 1gbit 5gbit 10gbit none (default: 1gbit 5gbit 10gbit)
#   --shapes LIST    nodes x ranks on each (default: 2x1 2x2)
#   --json FILE      the cases, which are replaced (default: accuracy.jsonl)
#   --plot FILE      predicted over measured times (default: none)
#   anything else, behind --, is mixbench accuracy's, such as --layers none
#
# Every job is calibrated by itself, measures collectives and, on four ranks, MoE layers. Wires need what namespaces.sh needs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mixbench=${MIXBENCH:-$here/../.build/release/mixbench}
ranks="2 4" rates="1gbit 5gbit 10gbit" shapes="2x1 2x2" json=accuracy.jsonl plot=
while [ $# -gt 0 ]; do
  case $1 in
    --ranks) ranks=${2//,/ } ;; --rates) rates=${2//,/ } ;; --shapes) shapes=${2//,/ } ;;
    --json) json=$2 ;; --plot) plot=$2 ;;
    --) shift; break ;;
    -h | --help) sed -n '2,11p' "$0"; exit 0 ;;
    *) echo "accuracy.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
case $json in /*) ;; *) json=$PWD/$json ;; esac
: >"$json"
for count in $ranks; do
  "$mixbench" accuracy --ranks "$count" --json "$json" "$@"
done
for rate in $rates; do
  wire=${rate/gbit/ Gbit/s}
  # A run is several words, and so the wire's name must be one.
  "$here/namespaces.sh" --rates "$rate" --shapes "$shapes" --run "accuracy --json $json --wire ${wire// /_} $*"
done
sed -i 's/_Gbit/ Gbit/' "$json"
"$mixbench" accuracy --from "$json" ${plot:+--plot "$plot"}
