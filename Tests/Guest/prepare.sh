#!/bin/sh
# In the guest: prepare.sh FOLDER SCRIPT [ARGUMENT]…  Brings the devices up, says so in FOLDER, runs the script.
folder=$1
shift
set -e
for module in rdma_rxe ib_uverbs rdma_ucm veth virtio_net; do modprobe "$module"; done
ip link set lo up
if [ "$MIX_GUESTS" = 2 ]; then
    # The wire's interface is the one with an address of run.sh's choice.
    for path in /sys/class/net/*; do
        [ "$(cat "$path/address")" = "52:54:00:00:00:0$MIX_GUEST" ] && interface=${path##*/}
    done
    ip address add "10.9.0.$MIX_GUEST/24" dev "$interface"
    ip link set "$interface" mtu 4200 up
else
    interface=v0
    ip link add v0 type veth peer name v1
    ip address add 10.9.0.1/24 dev v0
    ip link set v0 mtu 9000 up
    ip link set v1 mtu 9000 up
fi
rdma link add rxe0 type rxe netdev "$interface"
ulimit -l unlimited
touch "$folder/up"
set +e
"$@"
status=$?
echo "$status" >"$folder/status"
exit "$status"
