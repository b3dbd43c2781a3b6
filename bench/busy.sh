#!/usr/bin/env bash
# A command on a busy machine:  bench/busy.sh [-n LOOPS] COMMAND [ARGUMENT...]
#
# Loops that do nothing but compute (8, unless -n says how many) run while the command does, and
# end with it, or with this script however that ends. Its exit code is the command's.
set -euo pipefail
loops=8
if [ "${1:-}" = -n ]; then
    loops=$2
    shift 2
fi
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for _ in $(seq "$loops"); do
    while kill -0 $$ 2>/dev/null; do for ((turn = 0; turn < 100000; turn++)); do :; done; done &
    pids+=($!)
done
"$@"
