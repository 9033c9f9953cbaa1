#!/usr/bin/env bash
# test.sh PROGRAM  Every RDMA test there is. PROGRAM is a MixTestRank that was built optimised, because the guest's processor is
# slow, and with -enable-testing. A missing test bed is a loud skip at somebody's desk and a failure in CI.
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/../.."

.ci/setup --guest || echo "test-rdma: the test bed could not be installed" >&2

run() {
    local status=0
    Tests/Guest/run.sh "$@" || status=$?
    if [ "$status" = 69 ] && [ -z "${CI:-}" ]; then
        echo "######## RDMA TESTS SKIPPED: this machine has no test bed for them (see above) ########" >&2
        exit 0
    fi
    [ "$status" = 0 ] || exit "$status"
}

# Only where the machine's own kernel has no device is there a reason to give.
[ -e /sys/class/infiniband ] || "$program" verbs-link reason
run --limit 700 Tests/Guest/one.sh "$program"
run --limit 400 --guests 2 Tests/Guest/two.sh "$program"
echo "test-rdma: passed"
