# Sourced by run, test and .ci/run: steps with their time, and tests with their counts.
# shellcheck shell=bash

jobs=${SPIRAL_JOBS:-$(nproc)}

# step TITLE COMMAND…: one line when it is done; all its output, and the end of the script, when it fails.
step() {
    local title=$1 start=$SECONDS status=0 log
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        grep -vE '^\[[0-9]+/[0-9]+\] ' "$log" || true  # not what was built well
        rm -f "$log"
        printf '%-32s %4d s  FAILED\n' "$title" "$((SECONDS - start))"
        exit "$status"
    fi
    rm -f "$log"
    printf '%-32s %4d s\n' "$title" "$((SECONDS - start))"
}

# build PRESET [TARGET…]: configures (a second when nothing changed) and builds; without TARGET all.
build() {
    local preset=$1
    shift
    step "configure $preset" cmake --preset "$preset"
    step "build $preset" nice cmake --build --preset "$preset" --parallel "$jobs" --target "${@:-all}"
}

passed=0
failed=0

# run_tests PRESET CTEST-ARGUMENTS…: adds to $passed and $failed. Says which failed and what they printed. After
# $SPIRAL_TESTS_SECONDS, if that is set, it stops and says which tests were running.
run_tests() {
    local preset=$1 start=$SECONDS log status=0 summary
    shift
    log=$(mktemp)
    timeout --kill-after=10 "${SPIRAL_TESTS_SECONDS:-0}" \
        ctest --preset "$preset" --parallel "$jobs" "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        echo "The tests took longer than $SPIRAL_TESTS_SECONDS s. The last ones begun and ended:"
        tail -n 12 "$log"
    fi
    # "97% tests passed, 2 tests failed out of 70"
    summary=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests? failed out of [0-9]+' "$log" || true)
    if [[ $summary =~ ([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+) ]]; then
        failed=$((failed + BASH_REMATCH[1]))
        passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
    fi
    if [ "$status" -ne 0 ]; then
        # Without the tests that passed.
        grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed )' "$log" || true
        if [ -z "$summary" ]; then
            failed=$((failed + 1))
        fi
    fi
    rm -f "$log"
    printf '%-32s %4d s\n' "tests $preset" "$((SECONDS - start))"
    return "$status"
}
