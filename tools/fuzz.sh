#!/bin/bash
# Runs fuzz targets for a while each:  tools/fuzz.sh SECONDS [NAME…]
# New inputs land in build/fuzz/corpus/NAME; a crash is written to build/fuzz/crashes/NAME-….
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/steps.sh

seconds=${1:?usage: tools/fuzz.sh SECONDS [NAME…]}
shift
build fuzz fuzz_targets
crashes=$PWD/build/fuzz/crashes
mkdir -p "$crashes"
status=0
while read -r name length_max; do
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then
        continue
    fi
    found=build/fuzz/corpus/$name
    given=tests/fuzz/corpus/$name
    mkdir -p "$found"
    [ -d "$given" ] || given=
    start=$SECONDS
    log=$(mktemp)
    if "build/fuzz/bin/fuzz_$name" -max_total_time="$seconds" -max_len="$length_max" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$crashes/$name-" "$found" ${given:+"$given"} >"$log" 2>&1 </dev/null; then
        runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
        printf '%-32s %4d s  %s runs\n' "fuzz $name" "$((SECONDS - start))" "${runs:-?}"
        passed=$((passed + 1))
    else
        tail -n 60 "$log"
        printf '%-32s %4d s  FAILED\n' "fuzz $name" "$((SECONDS - start))"
        failed=$((failed + 1))
        status=1
    fi
    rm -f "$log"
done <build/fuzz/fuzz_targets.txt
if [ $((passed + failed)) -eq 0 ]; then
    echo "no fuzz target ran"
    failed=1
    status=1
fi
echo "${SPIRAL_CLOSING_PREFIX:-}$passed passed, $failed failed"
exit "$status"
