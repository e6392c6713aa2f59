#!/bin/bash
# Each completion script is sound in its own shell, and bash and fish really offer what the tables hold.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for shell in bash zsh fish; do
    "$SLIPWAY" completion "$shell" >"$dir/$shell"
    command -v "$shell" >/dev/null || {
        echo "FAIL: $shell is not installed" >&2
        exit 1
    }
    "$shell" -n "$dir/$shell"
done
"$SLIPWAY" completion tcsh >"$dir/out" 2>&1 && exit 1
failed=0

# offers SHELL WANT WORDS...: the last word, which may be empty, is being completed.
offers() {
    local shell=$1 want=$2 got
    shift 2
    got=$("complete_$shell" "$@" | sort | tr '\n' ' ')
    if [ "$got" != "$want " ]; then
        echo "FAIL: $shell offers '$got' for '$*', not '$want '" >&2
        failed=1
    fi
}

complete_bash() {
    bash --norc -c 'source "$1"; shift; compopt() { :; }
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _slipway; printf "%s\n" "${COMPREPLY[@]}"' bash "$dir/bash" "$@"
}

complete_fish() {
    HOME=$dir fish --no-config -c 'source $argv[1]; complete -C "$argv[2..]"' "$dir/fish" "$@" | cut -f1
}

for shell in bash fish; do
    offers $shell 'schema ssh status' slipway s
    offers $shell 'json text' slipway plan -o ''
    offers $shell 'aws local ssh' slipway init --provider ''
    offers $shell '--no-canary --no-color' slipway bootstrap --no
    offers $shell 'bash fish zsh' slipway completion ''
    offers $shell 'server' slipway logs s
    offers $shell 'run runs' slipway ru
    offers $shell 'late' slipway runs --state l
    offers $shell '--wait' slipway run --w
done
[ "$failed" -eq 0 ] && echo "completion: ok"
exit "$failed"
