#!/usr/bin/env bash
# namespaces.sh [options]: mixbench between emulated nodes, joined over TCP by wires of a given speed.
#
#   --rates LIST     of the wire: 1gbit 5gbit 10gbit none (default: all four)
#   --shapes LIST    nodes x ranks on each (default: 2x1 2x2)
#   --ops LIST       names as BENCH_OPS has them (default: allreduce,alltoall)
#   --sizes LIST     default: 1K,4K,16K,64K,256K,1M,4M,16M,64M
#   --seconds S      for each size (default 0.3)
#   --place WHERE    out (default), in or both
#   --json FILE      append the rows, without which one can't tell rates apart, as FILE.RATE.SHAPE
#   --run ARGUMENTS  what mixbench does instead, in the words of its command line, behind variables for its ranks as in
#                    "MIX_TUNING=FILE all-reduce"; may be repeated, one after the other
#   --harness FILE   a program that runs several libraries in turns in namespaces of its own making; it is called with
#                    --nodes --ranks --rate --ops --sizes --seconds --place --json and --extra mix=COMMAND, and its
#                    other options come behind --
#
# A node is a network namespace with a host name of its own; tc's token bucket limits what each node sends. iperf3's number
# is printed for each rate: what one stream gets there. Needs root, iproute2 and iperf3.
#
# Called as `namespaces.sh rank COMMAND…` it is one rank: it tells the library what BENCH_RANK, BENCH_RANKS and BENCH_NODES say.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mixbench=${MIXBENCH:-$here/../.build/release/mixbench}
prefix=${BENCH_NS_PREFIX:-mixns}
network=${BENCH_NS_NET:-10.78.0}

if [ "${1:-}" = rank ]; then
  shift
  perNode=$((BENCH_RANKS / BENCH_NODES))
  export MIX_RANK=$BENCH_RANK MIX_WORLD_SIZE=$BENCH_RANKS MIX_NODE=node$((BENCH_RANK / perNode))
  export MIX_RENDEZVOUS=tcp://$network.1:29400 MIX_SECRET=a-benchmark-of-namespaces
  exec "$@"
fi

rates="1gbit 5gbit 10gbit none" shapes="2x1 2x2" place=out seconds=0.3 json= harness= runs=()
ops=allreduce,alltoall sizes=1K,4K,16K,64K,256K,1M,4M,16M,64M
while [ $# -gt 0 ]; do
  case $1 in
    --rates) rates=${2//,/ } ;; --shapes) shapes=${2//,/ } ;; --ops) ops=$2 ;; --sizes) sizes=$2 ;;
    --seconds) seconds=$2 ;; --place) place=$2 ;; --json) json=$2 ;; --harness) harness=$2 ;;
    --run) runs+=("$2") ;;
    --) shift; break ;;
    -h | --help) sed -n '2,22p' "$0"; exit 0 ;;
    *) echo "namespaces.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[ "$(id -u)" = 0 ] || { echo "namespaces.sh: namespaces need root" >&2; exit 1; }
[ -x "$mixbench" ] || { echo "namespaces.sh: build it first: swift build -c release --package-path Benchmarks" >&2; exit 2; }

processes=()
down() {
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
  for node in 0 1 2 3 4 5 6 7; do ip netns del "$prefix$node" 2>/dev/null || true; done
  ip link del "${prefix}br" 2>/dev/null || true
}
trap down EXIT
trap 'exit 130' INT TERM

up() { # nodes rate
  local bits burst
  ip link add "${prefix}br" type bridge
  ip link set "${prefix}br" up
  for ((node = 0; node < $1; node++)); do
    ip netns add "$prefix$node"
    ip link add eth0 netns "$prefix$node" type veth peer name "$prefix${node}p"
    ip link set "$prefix${node}p" master "${prefix}br" up
    ip -n "$prefix$node" link set lo up
    ip -n "$prefix$node" addr add "$network.$((node + 1))/24" dev eth0
    ip -n "$prefix$node" link set eth0 up
    [ "$2" = none ] && continue
    bits=$(numfmt --from=si "$(tr kmg KMG <<<"${2%bit}")")
    # A millisecond's worth, but never less than the largest segment.
    burst=$((bits / 8000 < 131072 ? 131072 : bits / 8000))
    ip netns exec "$prefix$node" tc qdisc add dev eth0 root tbf rate "$2" burst "$burst" latency 20ms
  done
}

inside() { # node command…: with a host name of its own
  local node=$1
  shift
  ip netns exec "$prefix$node" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$prefix$node" "$@"
}

wire() {
  inside 1 iperf3 -s -1 >/dev/null 2>&1 &
  processes=($!)
  until inside 1 ss -ltn | grep -q :5201; do :; done
  inside 0 iperf3 -c "$network.2" -t 2 -f g | awk '/receiver/ { print "iperf3: " $7, $8 }'
  wait
  processes=()
}

for rate in $rates; do
  for shape in $shapes; do
    nodes=${shape%x*} ranks=$((${shape%x*} * ${shape#*x}))
    echo "== $rate, $nodes nodes with ${shape#*x} ranks each =="
    file=${json:+$json.$rate.$shape}
    if [ -n "$harness" ]; then
      BENCH_NS_PREFIX=$prefix BENCH_NS_NET=$network "$harness" --nodes "$nodes" --ranks "$ranks" --rate "$rate" --ops "$ops" \
        --sizes "$sizes" --seconds "$seconds" --place "$place" ${file:+--json "$file"} "$@" \
        --extra "mix=BENCH_PIN=${BENCH_PIN:-0} \"\$BENCH_HERE/launch.sh\" \$BENCH_RANKS '$here/namespaces.sh' rank '$mixbench' peers --bind none"
      continue
    fi
    up "$nodes" "$rate"
    wire
    export BENCH_RANKS=$ranks BENCH_NODES=$nodes BENCH_OPS=$ops BENCH_SIZES=$sizes BENCH_SECONDS=$seconds BENCH_PLACE=$place
    export BENCH_JSON=$file
    for run in "${runs[@]:-peers}"; do
      variables=()
      while [[ $run =~ ^[A-Z_]+=[^\ ]*\ + ]]; do
        variables+=("${BASH_REMATCH[0]%% *}")
        run=${run#"${BASH_REMATCH[0]}"}
      done
      for ((rank = 0; rank < ranks; rank++)); do
        # A run is several words.
        BENCH_RANK=$rank inside $((rank * nodes / ranks)) taskset -c $((rank % $(nproc))) "$here/namespaces.sh" rank \
          env "${variables[@]}" "$mixbench" $run --bind none &
        processes+=($!)
      done
      for process in "${processes[@]}"; do wait "$process"; done
      processes=()
    done
    down
  done
done
