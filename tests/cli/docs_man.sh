#!/bin/bash
# The manual names every command, option, exit status and environment variable that there is, and mandoc has no remark.
set -eu
failed=0

say() {
    echo "FAIL: $*" >&2
    failed=1
}

for page in man/slipway.1 man/slipway.yaml.5; do
    remarks=$(mandoc -T lint -W warning "$page") || true
    [ -z "$remarks" ] || say "$remarks"
done

help=$("$SLIPWAY" help)
commands=$(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$help")
[ "$(wc -w <<<"$commands")" -ge 10 ] || say "help lists no commands"
for c in $commands; do
    grep -Eq "^\.It Cm $c( |$)" man/slipway.1 || say "slipway.1 lacks the command '$c'"
    for option in $("$SLIPWAY" help "$c" | sed -n '/^options:/,$s/^ .*--\([a-z-]*\).*/\1/p' | sort -u); do
        grep -Eq "^\.It .*Fl -$option( |$)" man/slipway.1 || say "slipway.1 lacks the option '--$option' of '$c'"
    done
done
for c in $(sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/s/^\.It Cm \([a-z]*\).*/\1/p' man/slipway.1); do
    grep -qx "$c" <<<"$commands" || say "slipway.1 has a command '$c' that does not exist"
done
for option in $(sed -n '/^\.Sh OPTIONS/,/^\.Sh ENV/s/^\.It .*Fl -\([a-z-]*\).*/\1/p' man/slipway.1); do
    for c in $commands; do "$SLIPWAY" help "$c"; done | grep -q -- "--$option\b" ||
        say "slipway.1 has an option '--$option' that does not exist"
done
for status in $(sed -n '/^exit status/,/^$/p' <<<"$help" | grep -oE '\b[0-9]+ [a-z]' | cut -d' ' -f1); do
    grep -qx "\.It $status" man/slipway.1 || say "slipway.1 lacks the exit status $status"
done
for name in $(grep -rhoE 'env\("[A-Z_]+"\)' provisioner | cut -d'"' -f2 | sort -u | grep -vx -e HOME -e TERM -e PATH); do
    grep -Eq "$name" man/slipway.1 || say "slipway.1 lacks the environment variable $name"
done
[ "$failed" -eq 0 ] && echo "manual: ok"
exit "$failed"
