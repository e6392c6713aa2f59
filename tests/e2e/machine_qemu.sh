#!/bin/sh
# A real QEMU machine by the real code, with or without KVM: boot, first contact, a command, teardown, nothing left.
# Needs qemu-system-x86, mmdebstrap, e2fsprogs; without root uidmap too.
# shellcheck disable=SC1091,SC2154 # what machine_lib.sh sets
. "$(dirname "$0")/machine_lib.sh"
name=qemu
printf 'apiVersion: slipway/v1\nname: %s\nprovider:\n  local: {driver: qemu}\nmachine: {size: 2x2}\n' "$name" > "$spec"
build_driver
snapshot > "$work/before"

up() {
    "$driver" up "$spec" > "$work/out" 2> "$work/err" || fail "up: $(cat "$work/err")"
}
run() {
    "$driver" exec "$spec" "$@" 2> "$work/err" || fail "exec $*: $(cat "$work/err")"
}

timed "image and machine" up
grep -i kvm "$work/err" || true
grep -q "$(cut -d ' ' -f 1,2 "$SLIPWAY_HOME/$name/known_host")" "$work/out" || fail "pinned key is not the one in use"
pass "machine made, host key pinned"
[ "$(run uname -n)" = "$name" ] || fail "wrong host name"
[ "$(run id -u)" = 0 ] || fail "sudo does not work"
run systemd-analyze | grep Startup
pass "a command with sudo"
timed "second run" up
grep -q '^no change$' "$work/out" || fail "the second run acted: $(cat "$work/err")"
pass "a second run changes nothing"
rm -f "$SLIPWAY_HOME/$name/journal"
timed "destroy" down
same_as_before "teardown without the journal"
pass "teardown leaves nothing"

for ms in 300 900; do
    "$driver" up "$spec" > "$work/out" 2> "$work/err" &
    pid=$!
    sleep "0.$ms"
    kill -9 "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    down
    same_as_before "kill -9 after $ms ms"
done
pass "kill -9 of the creator, then teardown"
echo "$passed passed, 0 failed"
