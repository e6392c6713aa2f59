#!/bin/sh
# Provider ssh: a host that exists (an nspawn machine made beforehand, which slipway's deployment knows nothing of).
# Everything is uploaded; teardown removes what slipway installed, and nothing else.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
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
host sh -c 'echo kept > /etc/rancher.note; for i in $(seq 100); do cloud-init status | grep -q "status: done" && exit 0; sleep 0.2; done; exit 1'

name=onhost
write_ssh_spec() { # HOST KEY
    cat > "$spec" << EOF
apiVersion: slipway/v1
name: $name
provider:
  ssh:
    host: $address
    user: slipway
    host_key: "$1"
    identity: $SLIPWAY_HOME/host/id_ecdsa
EOF
}
listing() {
    host sh -c 'find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log \
        -o -path /var/cache -o -path /var/lib/systemd -o -path /var/lib/cloud -o -path /home -o -path /mnt \) -prune -o -print | sort
        ip -o link | cut -d: -f2 | cut -d@ -f1 | sort; iptables-save 2>/dev/null | grep -E "^-[AN]|^:" | grep -v "^:[A-Z]* ACCEPT" | sed "s/\[.*//" | sort
        ls /run/systemd/system; ps -eo comm= | grep -E "k3s|containerd|pause|postgres|prefect|flannel" || true
        grep -E "k3s|kubelet|cni" /proc/mounts || true'
}

key=$(ssh-keygen -l -f "$SLIPWAY_HOME/host/known_host" | cut -d ' ' -f 2)
write_ssh_spec "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
expect 7 "the host shows $(printf %s "$key" | sed 's/[+]/\\&/g')" "a wrong host key in the spec" bootstrap
write_ssh_spec "$key"
listing > "$work/listing.before"
timed "bootstrap over SSH, with uploads" bootstrap || { cat "$work/err" >&2; fail "bootstrap"; }
[ -n "$(field canary_run)" ] || fail "no canary run"
pass "bootstrap on a host that exists, with uploads"
timed "second bootstrap" bootstrap || { cat "$work/err" >&2; fail "second bootstrap"; }
[ "$(field changed)" = false ] || fail "the second bootstrap acted"
pass "a second bootstrap changes nothing"

# Another deployment must not take over what this one installed.
mv "$spec" "$work/first.yaml"
sed 's/^name: .*/name: other/' "$work/first.yaml" > "$spec"
expect 7 "already has a K3s" "a K3s that another deployment installed" bootstrap
"$slipway" teardown -y -f "$spec" > /dev/null 2> "$work/err" || { cat "$work/err" >&2; fail "teardown of the other"; }
mv "$work/first.yaml" "$spec"
sw status > /dev/null || fail "the first deployment was harmed"
pass "its teardown harmed nothing"

timed "teardown" sw teardown -y > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "teardown"; }
listing > "$work/listing.after"
diff "$work/listing.before" "$work/listing.after" || fail "teardown: the host differs (above)"
[ "$(host cat /etc/rancher.note)" = kept ] || fail "teardown removed what was not slipway's"
pass "teardown leaves the host as it was"
echo "$passed passed, 0 failed"
