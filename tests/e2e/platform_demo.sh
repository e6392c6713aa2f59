#!/bin/sh
# The demo as the README tells it: `make demo` to a completed run and a page that answers, and `make demo-down` leaves nothing.
# RUNTIME=k3s is the other one.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
runtime=${RUNTIME:-systemd}
name=demo from=
[ "$runtime" = systemd ] || { name=demo-$runtime; from=${SLIPWAY_ARTIFACTS:-}; }
finish() {
    make -s -C "$root" demo-down RUNTIME="$runtime" > /dev/null 2>&1 || true
    rm -rf "$work"
}
snapshot > "$work/before"
timed "make demo" make -s -C "$root" demo RUNTIME="$runtime" ${from:+ARTIFACTS="$from"} > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "make demo"; }
grep -h '^#' "$work/err" || true
grep -q "total [0-9]" "$work/out" || { cat "$work/out" >&2; fail "the flow's own words are missing"; }
url=$(sed -n 's/^Prefect UI: *//p' "$work/out")
python3 -c 'import sys, urllib.request
page = urllib.request.urlopen(sys.argv[1], timeout=20).read().decode()
assert "<html" in page.lower() and "prefect" in page.lower(), page[:300]' "$url" || fail "no page at '$url'"
pass "make demo: a flow ran, the UI answers at $url"
make -s -C "$root" demo-down RUNTIME="$runtime" > "$work/out" 2>&1 || { cat "$work/out" >&2; fail "make demo-down"; }
same_as_before "demo-down"
pass "make demo-down leaves nothing"
echo "$passed passed, 0 failed"
