#!/usr/bin/env bash
# slurm.sh NODES COMMAND…: runs a command as the user of a Slurm cluster that exists only as long as the command does.
#
# One controller and NODES daemons, each in a network and a host name of its own (n1, n2, … at 10.77.0.1, …) on one bridge.
# Everything is inside namespaces of mounts, processes and networks: whoever ends this script, however, ends the cluster,
# and files, sockets, ports and interfaces go with it. Needs root, and Debian's slurm-wlm.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    for program in munged slurmctld slurmd srun; do
        PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || { echo "slurm.sh: $program is missing: make setup" >&2; exit 69; }
    done
    [ "$(id -u)" = 0 ] || { echo "slurm.sh: only root can make namespaces" >&2; exit 77; }
    exec unshare --mount --pid --net --uts --fork --kill-child --mount-proc "$0" --inside "$@"
fi
shift
nodes=$1
shift
PATH=$PATH:/usr/sbin:/sbin

# A place that no other process of this machine sees, with the cluster's own /etc/hosts.
place=/run
mount -t tmpfs -o mode=755 cluster "$place"
mkdir -m 755 "$place"/{munge,state,netns}
{
    echo "127.0.0.1 localhost"
    for ((node = 1; node <= nodes; node++)); do echo "10.77.0.$node n$node"; done
    echo "10.77.0.254 controller"
} >"$place/hosts"
mount --bind "$place/hosts" /etc/hosts
hostname controller

ip link set lo up
ip link add cluster type bridge
ip address add 10.77.0.254/24 dev cluster
ip link set cluster up
for ((node = 1; node <= nodes; node++)); do
    ip netns add "n$node"
    ip link add "to-n$node" master cluster up type veth peer name eth0 netns "n$node"
    ip -n "n$node" address add "10.77.0.$node/24" dev eth0
    ip -n "n$node" link set eth0 up
    ip -n "n$node" link set lo up
done

head -c 1024 /dev/urandom >"$place/munge/key"
chmod 400 "$place/munge/key"
munged --foreground --key-file="$place/munge/key" --socket="$place/munge/socket" --pid-file="$place/munge/pid" \
    --seed-file="$place/munge/seed" --log-file="$place/munge/log" 2>"$place/munge/errors" &

export SLURM_CONF=$place/slurm.conf TMPDIR=$place/state
cat >"$SLURM_CONF" <<EOF
ClusterName=mixserve
SlurmctldHost=controller
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$place/munge/socket
CredType=cred/munge
StateSaveLocation=$place/state
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd-%n.pid
SlurmdSpoolDir=$place/spool-%n
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=n[1-$nodes] CPUs=8 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
EOF
# None is there to look for.
echo "CgroupPlugin=cgroup/v1" >"$place/cgroup.conf"
slurmctld -D -f "$SLURM_CONF" >"$place/controller" 2>&1 &
for ((node = 1; node <= nodes; node++)); do
    ip netns exec "n$node" unshare --uts sh -c "hostname n$node; exec slurmd -D -N n$node -f '$SLURM_CONF'" \
        >"$place/daemon-$node" 2>&1 &
done

# srun itself waits for nodes; this is only to say what is wrong when they never come.
deadline=$((SECONDS + 20))
until [ "$(sinfo --noheader --Node --states=idle 2>/dev/null | wc -l)" = "$nodes" ]; do
    if [ $SECONDS -ge $deadline ]; then
        echo "slurm.sh: the nodes did not come up" >&2
        sinfo --Node --long >&2 || true
        tail -n 20 "$place"/munge/errors "$place"/*.log "$place"/daemon-* >&2
        exit 70
    fi
    sleep 0.1
done
"$@"
