#!/usr/bin/env bash
# Starts a fresh consortium N times (default 20), each time from nothing but the built programs, and prints how long
# each start took until every gateway was ready. It stands apart from a running one: its own state directory and ports.
# Any failure ends it, a stop that fails included, and the state is kept for who looks into it.
set -euo pipefail
cd "$(dirname "$0")/.."

count=${1:-20}
offset=${OFFSET:-12000}
state=$(mktemp -d "${TMPDIR:-/tmp}/yilian-coldstart-XXXXXX")
chmod 755 "$state" # the database's user must be able to pass
network=.yilian/bin/network
times=()

scripts/setup.sh --run
failed=no
fail() {
  echo "$1"
  failed=yes
  exit 1
}
finish() {
  if ! "$network" down --state "$state" >/dev/null; then
    echo "the consortium could not be stopped: its processes may still be running"
    failed=yes
  fi
  if [ "$failed" = yes ]; then
    echo "the state of the failed start is kept in $state"
    exit 1
  fi
  "$network" clean --state "$state" >/dev/null
  rm -rf "$state"
}
trap finish EXIT

for n in $(seq "$count"); do
  began=$(date +%s%N)
  if ! "$network" up --detach --state "$state" --port-offset "$offset" >"$state.log" 2>&1; then
    cat "$state.log"
    fail "start $n of $count failed"
  fi
  took=$((($(date +%s%N) - began) / 1000000))
  times+=("$took")
  printf 'start %2d: %d.%03d s\n' "$n" $((took / 1000)) $((took % 1000))
  "$network" down --state "$state" >/dev/null || fail "the consortium of start $n could not be stopped"
  "$network" clean --state "$state" >/dev/null || fail "the state of start $n could not be removed"
done
rm -f "$state.log"

mapfile -t sorted < <(printf '%s\n' "${times[@]}" | sort -n)
printf '%d of %d cold starts succeeded; median %d ms, slowest %d ms\n' \
  "${#sorted[@]}" "$count" "${sorted[$((${#sorted[@]} / 2))]}" "${sorted[-1]}"
