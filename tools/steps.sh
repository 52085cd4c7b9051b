# Sourced by run, test and .ci/run: steps with their time, and tests with their counts.
# shellcheck shell=bash

jobs=${SPIRAL_JOBS:-$(nproc)}

# step TITLE COMMAND…: one line when it is done; all its output, and the end of the script, when it fails.
step() {
    local title=$1 start=$SECONDS log
    shift
    log=$(mktemp)
    if [ -n "${SPIRAL_VERBOSE:-}" ]; then
        echo "--- $title: $*"
        "$@" || { local status=$?; echo "FAILED $title ($((SECONDS - start)) s)"; rm -f "$log"; exit "$status"; }
    elif ! "$@" >"$log" 2>&1 </dev/null; then
        cat "$log"
        rm -f "$log"
        echo "FAILED $title ($((SECONDS - start)) s)"
        exit 1
    fi
    rm -f "$log"
    printf '%-32s %4d s\n' "$title" "$((SECONDS - start))"
}

# build PRESET TARGET…: configures when there is nothing yet (later Ninja does so by itself), and builds.
build() {
    local preset=$1
    shift
    if [ ! -f "build/$preset/build.ninja" ]; then
        step "configure $preset" cmake --preset "$preset"
    fi
    step "build $preset" cmake --build --preset "$preset" --parallel "$jobs" --target "${@:-all}"
}

# run_tests PRESET CTEST-ARGUMENTS…: adds to $passed and $failed. Says which failed and what they printed.
passed=0
failed=0
run_tests() {
    local preset=$1 start=$SECONDS log status=0 summary
    shift
    log=$(mktemp)
    ctest --preset "$preset" --parallel "$jobs" "$@" >"$log" 2>&1 </dev/null || status=$?
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
