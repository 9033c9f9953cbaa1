#!/bin/sh
# In the guest: verbs-link.sh PROGRAM [TEST]…  Two processes over rxe0, per test.
program=$1
shift
[ $# -gt 0 ] || set -- messages large foreign signature signature-large size size-small token kill wait speed down absent

fail() {
    echo "FAILED: $*"
    ip link set v0 up
    exit 1
}

# pair TEST [NUMBER]: runs both ranks; rank 1 of "kill" does not live to the end.
pair() {
    folder=$(mktemp -d)
    timeout 60 "$program" verbs-link "$1" 0 "$folder" $2 &
    first=$!
    timeout 60 "$program" verbs-link "$1" 1 "$folder" $2 &
    second=$!
    if [ "$1" = down ]; then
        while [ ! -e "$folder/ready" ] && kill -0 $first; do sleep 0.2; done
        sleep 1
        ip link set v0 down
    fi
    wait $first || fail "$1, rank 0"
    wait $second || [ "$1" = kill ] || fail "$1, rank 1"
    echo "passed: $1"
}

for test in "$@"; do
    case $test in
    messages)
        for seed in 1 2 "$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')"; do pair messages "$seed"; done
        ;;
    absent)
        rdma link delete rxe0
        "$program" verbs-link reason || fail "$test"
        echo "passed: $test"
        ;;
    *) pair "$test" ;;
    esac
done
