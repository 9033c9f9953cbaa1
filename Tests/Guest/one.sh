#!/bin/sh
# In one guest: one.sh PROGRAM  All tests that need one, because booting it takes half a minute.
here=$(dirname "$0")
began=$(date +%s)
step() {
    sh "$@" || exit
    now=$(date +%s)
    echo "passed: $(basename "$1"), after $((now - began)) seconds"
}
step "$here/tools.sh"
step "$here/verbs-link.sh" "$1"
# The last tests of links took the interface down and the device away.
ip link set v0 up
rdma link add rxe0 type rxe netdev v0
step "$here/job.sh" "$1"
step "$here/faults.sh" "$1"
