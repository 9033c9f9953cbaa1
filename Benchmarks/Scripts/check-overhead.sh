#!/usr/bin/env bash
# check-overhead.sh [--ranks N] [--count N] [--program FILE]
#
# Fails unless small operations allocate nothing and make no system call, and dispatch and combine allocate nothing.
#
# Allocations and waits (futex, sched_yield) are counted by mixoverhead itself, which runs undisturbed. Allocations must
# be zero. Waits must be rare: a rank whose peer was descheduled gives up spinning and sleeps, as it should, and on a
# machine with other work that happens. So up to 1 in 100 operations may have some, and a row with more of those is
# measured again, twice. Any other system call is looked for in a trace, and a single one fails. The trace leaves waits
# out: they would be slowed down, and one that comes late makes the others wait.
#
# Needs strace (5.3 or later); without it, or without the right to trace, the second half is skipped with a notice, and
# fails where CI is set.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cores=$(nproc)
ranks=$((cores < 2 ? 1 : 2)) count=10000 program=$here/../.build/release/mixoverhead
while [ $# -ge 2 ]; do
  case $1 in
    --ranks) ranks=$2 ;; --count) count=$2 ;; --program) program=$2 ;;
    *) echo "check-overhead.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[ $# = 0 ] || { echo "check-overhead.sh: $1 needs a value" >&2; exit 2; }
[ -x "$program" ] || { echo "check-overhead.sh: build it first: swift build -c release --package-path Benchmarks" >&2; exit 2; }
[ "$ranks" -le "$cores" ] || { echo "check-overhead.sh: $ranks ranks need as many cores, here are $cores" >&2; exit 2; }

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

echo "== allocations and waits, in $count calls of $ranks ranks =="
measure() { timeout 300 "$program" --ranks "$ranks" --count "$count" "$@"; }
measure >"$tmp/table"
grep -vq '^#' "$tmp/table" || { echo "check-overhead.sh: $program measured nothing" >&2; exit 1; }
limit=$((count / 100))
while read -r operation bytes allocations waits waiting <&3; do
  for _ in 2 3; do
    [ "$waiting" -gt "$limit" ] && [ "$allocations" = 0 ] || break
    echo "   $operation $bytes: $waiting operations waited, measured again"
    read -r _ _ allocations waits waiting < <(measure --only "$operation" --bytes "$((bytes > 0 ? bytes : 8))" | grep -v '^#')
    : "${allocations:=none} ${waits:=0} ${waiting:=0}"
  done
  verdict=ok
  [ "$allocations" = 0 ] && [ "$waiting" -le "$limit" ] || { verdict=FAILED; failed=1; }
  printf '%-16s %8d   allocations %6s   waits %6d in %5d operations of at most %d   %s\n' \
    "$operation" "$bytes" "$allocations" "$waits" "$waiting" "$limit" "$verdict"
done 3< <(grep -v '^#' "$tmp/table")

echo "== other system calls =="
tracer=(strace -f -qq --seccomp-bpf -e 'trace=!futex,sched_yield')
if ! "${tracer[@]}" -o /dev/null true 2>/dev/null; then
  echo "check-overhead.sh: not checked: strace is not here, is too old or may not trace" >&2
  [ -z "${CI:-}" ] || failed=1
  exit $failed
fi
timeout 300 "${tracer[@]}" -o "$tmp/trace" "$program" --ranks "$ranks" --count "$count" >"$tmp/table"
# The k-th pair of markers of a rank belongs to the k-th line of the table; a run that broke off has fewer.
awk -v ranks="$ranks" -v limit="$limit" '
  FNR == NR { if ($1 !~ /^#/) row[++rows] = sprintf("%-16s %8d", $1, $2); next }
  $2 ~ /^getpgid\(1835628001/ { begun[$1]++; next }
  $2 ~ /^getpgid\(1835628002/ { ended[$1]++; next }
  $2 ~ /^(---|\+\+\+|<\.\.\.)/ { next }
  begun[$1] > ended[$1] {
    name = $2; sub(/\(.*/, "", name)
    # A rank that waits long looks whether the other one lives: a part of waiting, and as rare.
    if (name == "fcntl" && ++looks[begun[$1]] <= limit) next
    calls[begun[$1]]++
    if (!seen[begun[$1], name]++) names[begun[$1]] = names[begun[$1]] " " name
  }
  END {
    for (rank in begun) if (begun[rank] > 0) { traced++; if (begun[rank] != rows || ended[rank] != rows) incomplete = 1 }
    if (traced != ranks || incomplete || rows == 0) { print "the trace is incomplete"; exit 1 }
    for (k = 1; k <= rows; k++) {
      printf "%s   %d%s   %s\n", row[k], calls[k], names[k], calls[k] ? "FAILED" : "ok"
      if (calls[k]) failed = 1
    }
    exit failed
  }' "$tmp/table" "$tmp/trace" || failed=1

echo "== experts =="
timeout 300 "$program" --experts || { echo "check-overhead.sh: calls of experts allocate" >&2; failed=1; }

echo "== layers =="
for shape in "1 TP=1" "2 TP=2" "2 EP=2" "4 TP=2+EP=2" "4 TP=2+DP=2,EP=4"; do
  timeout 300 "$program" --ranks "${shape%% *}" --count 2000 --layer "${shape#* }" ||
    { echo "check-overhead.sh: calls of a layer allocate" >&2; failed=1; }
done

echo "== between two nodes, over TCP =="
# Nothing allocated, and per call one message out, in one system call, and one in. What came late is looked for in vain
# before, so reads that bring nothing don't count; a read may bring half a message, once in a hundred.
timeout 300 strace -f -qq --seccomp-bpf -e trace=sendmsg,recvmsg,getpgid -o "$tmp/trace" \
  "$program" --ranks 2 --nodes 2 --count 2000 --only all-reduce >"$tmp/table" ||
  { echo "check-overhead.sh: allocations between nodes" >&2; failed=1; }
grep -v '^#' "$tmp/table"
awk -v calls=2000 '
  $2 ~ /^getpgid\(1835628001/ { begun[$1]++; rows = begun[$1] > rows ? begun[$1] : rows; next }
  $2 ~ /^getpgid\(1835628002/ { ended[$1]++; next }
  begun[$1] > ended[$1] && / = [1-9][0-9]*$/ {
    if (/sendmsg(\(| resumed)/) sent[begun[$1]]++
    if (/recvmsg(\(| resumed)/) received[begun[$1]]++
  }
  END {
    if (rows == 0) { print "the trace is incomplete"; exit 1 }
    for (row = 1; row <= rows; row++) {
      verdict = sent[row] == 2 * calls && received[row] <= 2.02 * calls ? "ok" : "FAILED"
      printf "all-reduce, size %d of %d   writes %d reads %d by both ranks in %d calls   %s\n", row, rows, sent[row], received[row], calls, verdict
      if (verdict != "ok") failed = 1
    }
    exit failed
  }' "$tmp/trace" || failed=1

echo "== dispatch and combine, on every kind of grid =="
# Allocations only: with more ranks than cores all of them wait.
while read -r shape; do
  # Over TCP a link takes memory when more messages come early at once than ever before, and keeps it: rare, but never over.
  for _ in 1 2; do
    # shellcheck disable=SC2086
    timeout 300 "$program" $shape --count 2000 --only dispatch-combine --bytes 64 --bytes 16384 >"$tmp/table" 2>"$tmp/said"
    status=$?
    case $status:$shape in 0:*) break ;; *' --nodes '*) ;; *) break ;; esac
  done
  [ $status = 0 ] || { cat "$tmp/said" >&2; failed=1; }
  grep -v '^#' "$tmp/table" | while read -r _ bytes allocations _; do
    printf '%-28s %8d   allocations %6s\n' "$shape" "$bytes" "$allocations"
  done
done <<'SHAPES'
--ranks 1
--ranks 2
--ranks 4
--ranks 2 --grid-nodes 2
--ranks 4 --grid-nodes 2
--ranks 2 --nodes 2
--ranks 4 --nodes 2
SHAPES

[ $failed = 0 ] || echo "check-overhead.sh: small operations are not free of allocations and system calls" >&2
exit $failed
