#!/bin/bash
# Completion, sourced in the two shells as people do it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir sub
touch file.json

fail() { echo "FAILED: $*" >&2; exit 1; }

# What bash would offer for the words given, the last of which is being typed.
offered_bash() {
    bash --norc -c '
        source <("$SPIRAL" completion bash)
        COMP_WORDS=(spiral "$@"); COMP_CWORD=$#
        _spiral
        printf "%s\n" "${COMPREPLY[@]}"; true' bash "$@" | sort | tr '\n' ' '
}

# The same in zsh, whose own completion system needs a terminal: what would be given to it is printed.
offered_zsh() {
    zsh -f -c '
        source <("$SPIRAL" completion zsh)
        words=(spiral "$@"); CURRENT=$#words
        prefix=${words[CURRENT]}
        compadd() { shift; for each in "$@"; do [[ $each == $prefix* ]] && print -r -- $each; done }
        _files() { if [[ ${1:-} == -/ ]]; then print -rl -- *(/N); else print -rl -- *(N); fi }
        _spiral; true' zsh "$@" | sort | tr '\n' ' '
}

shells=bash
command -v zsh >/dev/null && shells="bash zsh"
for shell in $shells; do
    offered=offered_$shell
    check() {
        local expected=$1
        shift
        local got
        got=$($offered "$@")
        [ "$got" = "$expected" ] || fail "$shell: spiral $* offers '$got', not '$expected'"
    }
    check "search standard status step sync " s
    check "diff differences " doc dif
    check "catalogue person plan report standard task " doc new ""
    check "--scope --set " doc new plan --s
    check "bash zsh " completion ""
    check "file.json sub " sync --import ""
    check "sub " init ""
    check "sub " --replica ""
    check "en zh " status --lang ""
    check "schedule schools " import s
    check "file.json sub " import schedule ""
    check "approve " --json step 3f2a app
done
echo good
