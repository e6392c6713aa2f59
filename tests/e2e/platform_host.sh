#!/bin/sh
# Provider ssh with runtime systemd: a host that exists (an nspawn machine made beforehand, without Python's venv and
# without PostgreSQL), whose packages come from its own mirror; a second deployment is refused; teardown leaves the host
# as it was, packages included.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
. "$(dirname "$0")/systemd_lib.sh"
build_driver
host_spec="$work/host.yaml"
printf 'apiVersion: slipway/v1\nname: host\nprovider: {local: {driver: nspawn}}\n' > "$host_spec"
finish() {
    "$driver" down "$host_spec" > /dev/null 2>&1 || true
    rm -rf "$work"
}
"$driver" up "$host_spec" > "$work/out" 2> "$work/err" || fail "host: $(cat "$work/err")"
address=$("$driver" exec "$host_spec" sh -c "ip -4 -o addr show scope global | awk '{ print \$4; exit }'" | cut -d / -f 1)
host() {
    "$driver" exec "$host_spec" "$@"
}
host sh -c 'echo kept > /etc/kept.note; for i in $(seq 100); do cloud-init status | grep -q "status: done" && exit 0; sleep 0.2; done; exit 1'
listing() {
    host sh -c 'find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log \
        -o -path /var/cache -o -path /var/lib/systemd -o -path /var/lib/cloud -o -path /home -o -path /mnt \
        -o -path /var/lib/apt/lists -o -path "/var/lib/dpkg/*-old" -o -path /var/lib/ucf -o -path "*/__pycache__" -o -path /usr/share/man \) -prune -o -print | sort
        dpkg-query -W -f "\${Package} \${db:Status-Abbrev}\n" | sort
        cut -d: -f1 /etc/passwd /etc/group | sort
        ls /run/systemd/system; ps -eo comm= | grep -E "postgres|prefect|python" || true'
}
write_host_spec() { # NAME
    name=$1
    cat > "$spec" << EOF
apiVersion: slipway/v1
name: $name
runtime: systemd
provider:
  ssh:
    host: $address
    user: slipway
    host_key: "$(ssh-keygen -l -f "$SLIPWAY_HOME/host/known_host" | cut -d ' ' -f 2)"
    identity: $SLIPWAY_HOME/host/id_ecdsa
EOF
}
listing > "$work/listing.before"
write_host_spec onhost
timed "bootstrap over SSH, with packages" up || { cat "$work/err" >&2; fail "bootstrap"; }
[ -n "$(field canary_run)" ] || fail "no canary run"
pass "bootstrap on a host that exists, with packages from its mirror"
timed "second bootstrap" up || { cat "$work/err" >&2; fail "second bootstrap"; }
[ "$(field changed)" = false ] || fail "the second bootstrap acted"
pass "a second bootstrap changes nothing"
write_host_spec other
expect 7 "already runs the Prefect of deployment 'onhost'" "a second deployment on one host" sw bootstrap
sw teardown -y > /dev/null 2> "$work/err" || { cat "$work/err" >&2; fail "teardown of the other"; }
write_host_spec onhost
sw status > /dev/null || fail "the first deployment was harmed"
pass "its teardown harmed nothing"
timed "teardown" sw teardown -y > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "teardown"; }
listing > "$work/listing.after"
diff "$work/listing.before" "$work/listing.after" || fail "teardown: the host differs (above)"
[ "$(host cat /etc/kept.note)" = kept ] || fail "teardown removed what was not slipway's"
pass "teardown leaves the host as it was, packages included"
echo "$passed passed, 0 failed"
