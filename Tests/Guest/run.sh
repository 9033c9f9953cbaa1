#!/usr/bin/env bash
# Runs a script under Debian's own kernel with Soft-RoCE (rdma_rxe), in a virtual machine without hardware support.
#
#   run.sh [--guests 1|2] [--limit SECONDS] SCRIPT [ARGUMENT]…
#
# The guest sees this machine's files, read-only; /tmp and /dev/shm are its own, and $MIX_GUEST_OUT comes back as the
# folder of that name here, if set. One guest has a pair of interfaces v0 and v1 and the device rxe0 on v0 (10.9.0.1).
# Two guests run the same script on one wire, with MIX_GUEST=1 and 2, addresses 10.9.0.1 and 10.9.0.2, rxe0 in each.
# Exit status: the script's; 69 when the test bed is missing, 75 when a guest did not come up twice, 124 out of time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

guests=1 limit=240
while [ $# -gt 0 ]; do
    case $1 in
    --guests) guests=$2; shift 2 ;;
    --limit) limit=$2; shift 2 ;;
    *) break ;;
    esac
done
[ $# -ge 1 ] && [ -f "$1" ] || { echo "usage: run.sh [--guests 1|2] [--limit SECONDS] SCRIPT [ARGUMENT]…" >&2; exit 64; }
script=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift

PATH=$root/.build/guest-venv/bin:$PATH
kernel=$(ls /lib/modules 2>/dev/null | sort -V | tail -1)
for need in vng qemu-system-x86_64; do
    command -v "$need" >/dev/null || { echo "run.sh: no $need; run .ci/setup --guest" >&2; exit 69; }
done
[ -n "$kernel" ] && [ -e "/boot/vmlinuz-$kernel" ] ||
    { echo "run.sh: no kernel with modules; run .ci/setup --guest" >&2; exit 69; }

work=$(mktemp -d)
children=()
finish() {
    for child in "${children[@]}"; do kill -TERM -- "-$child" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

quoted=$(printf '%q ' "$script" "$@")

# Boots guest $1; its mark in $work/$1 says that it came up, and the script's status lies beside it.
boot() {
    local number=$1 options=()
    mkdir -p "$work/$number"
    if [ "$guests" = 2 ]; then
        local end=listen
        [ "$number" = 1 ] || end=connect
        options+=("--qemu-opts=-netdev socket,id=m0,$end=127.0.0.1:$port -device virtio-net-pci,netdev=m0,mac=52:54:00:00:00:0$number"
            --cpus 1 --memory 1G)
    else
        options+=(--cpus 2 --memory 3G)
    fi
    [ -z "${MIX_GUEST_OUT:-}" ] || options+=(--rwdir "$MIX_GUEST_OUT")
    # A session of its own, so that all of it can be ended; no terminal, which vng would change; a pipe, because the
    # guest's console would write over what is already in a file.
    setsid timeout --kill-after=5 "$limit" vng --disable-kvm --disable-microvm --force-9p --user root \
        --rwdir "$work/$number" "${options[@]}" --run "$kernel" \
        --exec "MIX_GUEST=$number MIX_GUESTS=$guests MIX_GUEST_OUT='${MIX_GUEST_OUT:-}' sh $here/prepare.sh $work/$number $quoted" \
        </dev/null > >(cat) 2>&1 &
    children+=($!)
}

for attempt in 1 2; do
    port=$((20000 + RANDOM % 20000))
    children=()
    for number in $(seq "$guests"); do
        boot "$number"
        # The second connects to the first one's socket.
        [ "$number" = "$guests" ] || sleep 2
    done
    status=0 up=0
    for number in $(seq "$guests"); do
        result=0
        wait "${children[$((number - 1))]}" || result=$?
        [ -e "$work/$number/up" ] && up=$((up + 1))
        # A file, because the console's way of reporting a status is lost when the guest is slow to stop.
        [ -e "$work/$number/status" ] && result=$(cat "$work/$number/status")
        [ "$status" != 0 ] || status=$result
    done
    children=()
    # A test that failed is never tried again; a machine that did not boot is, once.
    [ "$up" = "$guests" ] && exit "$status"
    echo "run.sh: $up of $guests guests came up (attempt $attempt)" >&2
    rm -rf "${work:?}"/*
done
exit 75
