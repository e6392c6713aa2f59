#!/bin/sh
# A real nspawn machine by the real code: boot, first contact, a command, a second run, a reboot, teardown; then the
# creator is killed at many moments. Needs root, systemd-container, mmdebstrap, e2fsprogs, iproute2, iptables,
# openssh-client (ssh-keygen).
# shellcheck disable=SC1091,SC2154 # what machine_lib.sh sets
. "$(dirname "$0")/machine_lib.sh"
name=nspawn
printf 'apiVersion: slipway/v1\nname: %s\nprovider:\n  local: {driver: nspawn}\n' "$name" > "$spec"
build_driver
snapshot > "$work/before"
ssh-keygen -q -t ed25519 -N "" -f "$work/other"

up() {
    "$driver" up "$spec" > "$work/out" 2> "$work/err" || fail "up: $(cat "$work/err")"
}

timed "image and first machine" up
grep -q '^changed$' "$work/out" || fail "the first run changed nothing"
pass "machine made, host key pinned"
grep -q "$(cut -d ' ' -f 1,2 "$SLIPWAY_HOME/$name/known_host")" "$work/out" || fail "pinned key is not the one in use"
[ ! -e "$SLIPWAY_HOME/$name/user-data" ] || fail "the injected key is still here"
[ "$(stat -c %a "$SLIPWAY_HOME/$name/known_host")" = 600 ] || fail "known_host is not 0600"
timed "second run" up
grep -q '^no change$' "$work/out" || fail "the second run acted: $(cat "$work/err")"
pass "a second run changes nothing"

run() {
    "$driver" exec "$spec" "$@" 2> "$work/err" || fail "exec $*: $(cat "$work/err")"
}
[ "$(run uname -n)" = "$name" ] || fail "wrong host name"
[ "$(run id -u)" = 0 ] || fail "sudo does not work"
run sh -c 'for i in $(seq 100); do cloud-init status | grep -q "status: done" && exit 0; sleep 0.2; done; exit 1'
run sh -c 'for i in $(seq 50); do grep -rlq "PRIVATE KEY" /var/lib/cloud /run/cloud-init || exit 0; sleep 0.1; done; exit 1' ||
    fail "cloud-init keeps a copy of the injected key"
run sh -c '[ -e /dev/kmsg ] && [ "$(findmnt -no PROPAGATION /)" = shared ]'
run sh -c 'awk "\$3 == \"cgroup\" && \$4 ~ /^ro/ { bad = 1 } END { exit bad }" /proc/mounts'
[ -z "$(run systemctl --failed --no-legend --plain)" ] || fail "failed units"
pass "sudo, cloud-init done, no copy of the injected key, what containers need"

key=$(cat "$SLIPWAY_HOME/$name/known_host")
run systemctl reboot || true
timed "reboot" up
run true
[ "$key" = "$(cat "$SLIPWAY_HOME/$name/known_host")" ] || fail "a reboot changed the host key"
pass "a reboot comes back with the same host key"

# The same machine as a host that exists: nothing is made, the key of the spec decides, nothing is taken away.
host_spec() { # host key
    printf 'apiVersion: slipway/v1\nname: %s\nprovider:\n  ssh: {host: %s, user: slipway, host_key: "%s", identity: %s}\n' \
        host "$(ip -n "$(ip netns list | grep -o "^sw-$name-[0-9a-f]*")" -4 -o addr show eth0 | grep -o '10[0-9.]*' | head -n 1)" \
        "$1" "$SLIPWAY_HOME/$name/id_ecdsa" > "$work/host.yaml"
}
host_spec "$(cat "$SLIPWAY_HOME/$name/known_host")"
"$driver" up "$work/host.yaml" > "$work/out" 2> "$work/err" || fail "ssh provider: $(cat "$work/err")"
grep -q '^no change$' "$work/out" || fail "the ssh provider acted"
[ "$("$driver" down "$work/host.yaml" 2> "$work/err")" = "[]" ] || fail "ssh provider: down: $(cat "$work/err")"
host_spec "$(cut -d ' ' -f 1,2 < "$work/other.pub")"
"$driver" up "$work/host.yaml" > "$work/out" 2> "$work/err" && fail "a wrong host key was accepted"
grep -q 'wrong host key: want SHA256:.*the host shows SHA256:' "$work/err" || fail "wrong key: $(cat "$work/err")"
pass "provider ssh: the right key is accepted, a wrong one is not"

# The machine dies: reported at once with the console's end, and the next run starts it again.
ip netns pids "$(ip netns list | grep -o "^sw-$name-[0-9a-f]*")" | xargs kill -9 2> /dev/null || true
if "$driver" running "$spec" 2> "$work/err"; then
    sleep 0.2
    ! "$driver" running "$spec" 2> "$work/err" || fail "a dead machine is called running"
fi
grep -q "is not running; its console ends" "$work/err" || fail "the death was reported as: $(cat "$work/err")"
timed "start after a crash" up
[ "$(run uname -n)" = "$name" ] || fail "not the machine"
[ "$key" = "$(cat "$SLIPWAY_HOME/$name/known_host")" ] || fail "a crash changed the host key"
pass "a machine that died is reported and started again"
timed "destroy" down
same_as_before "teardown"
pass "teardown leaves nothing"

for ms in 5 20 50 100 150 200 230 260 300 400 600 800 1000 1200 1400; do
    "$driver" up "$spec" > "$work/out" 2> "$work/err" &
    pid=$!
    sleep "$(printf '0.%03d' "$((ms % 1000))")"
    [ "$ms" -lt 1000 ] || sleep 1
    kill -9 "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    case $((ms % 3)) in
    0) ;;
    1) up; run true ;;
    2) rm -f "$SLIPWAY_HOME/$name/journal" ;;
    esac
    down
    same_as_before "kill -9 after $ms ms"
done
pass "kill -9 of the creator at 15 moments, then teardown (with, without journal, after a repaired run)"
for ms in 700 900 1000 1050 1100 1150 1200 1250 1300 1400 1600; do
    "$driver" up "$spec" > "$work/out" 2> "$work/err" &
    pid=$!
    sleep "$(printf '%d.%03d' "$((ms / 1000))" "$((ms % 1000))")"
    kill -9 "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    up
    run true
    down
    same_as_before "kill -9 after $ms ms"
done
pass "kill -9 around the first contact: the next run gets in"
echo "$passed passed, 0 failed"
