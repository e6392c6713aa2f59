#!/bin/sh
# aws_platform.sh: the whole job through the EC2 API of the fake, behind whose RunInstances a real machine boots (nspawn
# with systemd, sshd, cloud-init and a metadata service), in the runtime that RUNTIME names (systemd): plan, doctor,
# bootstrap to a COMPLETED run, a second one without a change, what the account holds, firewall, host key, reboot, teardown
# to an empty account; no capacity in the first zone, and the state deleted while the machine runs.
. "$(dirname "$0")/aws_lib.sh"
. "$(dirname "$0")/host_lib.sh"
runtime=${RUNTIME:-systemd}
artifacts=''
[ "$runtime" = systemd ] || artifacts="${SLIPWAY_ARTIFACTS:-$root/build/lab-artifacts}"
operator=203.0.113.10
export SLIPWAY_EC2_DIR="$work/ec2"

# Nobody else's program does slipway's work.
mkdir "$work/stubs"
for tool in aws ssh ssh-keyscan ssh-keygen scp kubectl helm terraform; do
    printf '#!/bin/sh\necho "$0 $*" >> "%s"\nexit 97\n' "$work/called" > "$work/stubs/$tool"
    chmod +x "$work/stubs/$tool"
done
sw() { # COMMAND ARGS...
    command=$1
    shift
    PATH="$work/stubs:$PATH" "$slipway" "$command" -f "$spec" "$@"
}
up() {
    sw bootstrap ${artifacts:+--artifacts "$artifacts"} -o json > "$work/out" 2> "$work/err"
}
on_machine() {
    sw ssh -- sudo -n "$@"
}
cloud_spec() { # NAME [MORE]
    write_spec "$1" "runtime: $runtime
${2:-}"
}
field() { # PATH: of the last JSON document
    python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(json.dumps(value) if isinstance(value, (dict, list, bool)) else value)' "$work/out" "$1"
}
trouble() { # LABEL
    cat "$work/err" >&2
    tail -n 30 "$SLIPWAY_EC2_DIR"/*.console "$work/fake.log" >&2 2> /dev/null || true
    fail "$1"
}
timed() { # LABEL COMMAND...
    label=$1
    shift
    from=$(milliseconds)
    timed_status=0
    "$@" || timed_status=$?
    echo "# $label: $(($(milliseconds) - from)) ms"
    return "$timed_status"
}

# What a machine could leave behind on this host. Machines of others may come and go: their names are not ours.
snapshot() {
    mine=$(find "$SLIPWAY_EC2_DIR" -name '*.console' 2> /dev/null | sed 's#.*/\([0-9a-f]*\).console#\1#' | tr '\n' ' ')
    {
        echo "# namespaces"; ip netns list | cut -d ' ' -f 1
        echo "# links"; ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/'
        echo "# routes"; ip -4 route show table all
        echo "# iptables"; iptables -S 2> /dev/null; iptables -t nat -S 2> /dev/null
        echo "# mounts"; cut -d ' ' -f 1,2 /proc/mounts | grep -F "$work"
        echo "# loop devices"; losetup -a | grep -F "$work"
        echo "# machines"; find /run/slipway-ec2 -mindepth 1 -maxdepth 1 2> /dev/null
    } | MINE=$mine awk '
        match($0, /sw(-[a-z0-9-]+-)?[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]/) ||
        match($0, /slipway-ec2\/[0-9a-f]+/) {
            name = substr($0, RSTART, RLENGTH)
            if (!index(ENVIRON["MINE"], substr(name, length(name) - 7))) next
        }
        { print }' || true
    # Whoever else has a machine needs it too.
    if [ -z "$(ip -o link show type veth)" ]; then
        echo "# forwarding"; cat /proc/sys/net/ipv4/ip_forward
    fi
}
same_as_before() { # LABEL
    host_as_before "$1"
    [ ! -e "$SLIPWAY_HOME/$name" ] || fail "$1: the state directory is left"
}
acted() { # since the log was emptied
    fake_value summary '" ".join(a["acted"])'
}
forget_log() {
    curl -sS -f --max-time 30 -X DELETE "$url/_fake/log" > /dev/null
}
reaches() { # PORT
    python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)' "$address" "$1" 2> /dev/null
}

snapshot > "$work/before"
if [ "$runtime" = systemd ]; then
    "$root/tests/aws/prepare" "$aws_env"
    (cd "$root/tests/aws" && PYTHONDONTWRITEBYTECODE=1 "$python" machine_test.py) > "$work/out" 2> "$work/err" ||
        { cat "$work/out" "$work/err" >&2; fail "the machines of the fake"; }
    pass "the machines of the fake by themselves: $(tail -n 1 "$work/out")"
    rm -rf "$SLIPWAY_EC2_DIR"
fi
fake_start --machine machine

# Before there is anything.
cloud_spec cloud "access: {ssh_from: [192.0.2.200/32]}"
expect 5 'ssh .*FAIL.*203.0.113.10' "ssh_from leaves this host out" sw doctor
cloud_spec cloud
run 0 doctor sw doctor
grep -q FAIL "$work/out" && trouble "doctor finds something"
run 0 plan sw plan
for line in 'vpc .*10.77.0.0/16' 'instance .*t3[.].*IMDSv2' 'volume .*20 GiB gp3, encrypted' '22/tcp' 'USD a month'; do
    grep -q "$line" "$work/out" || trouble "plan does not show '$line'"
done
[ -z "$(acted)" ] || fail "doctor or plan acted: $(acted)"
empty_account "doctor and plan"
[ "$(fake_value log '"TerminateInstances" in [e["action"] for e in a if e["dry_run"]]')" = True ] || fail "doctor tried no rights"
pass "doctor is content, plan shows objects, firewall and price: $(grep -m1 'USD a month' "$work/out" | tr -s ' '); nothing was changed"

# Bootstrap.
forget_log
timed bootstrap up || trouble bootstrap
[ "$(field result)" = "done" ] || fail "result: $(field result)"
run_id=$(field canary_run)
[ -n "$run_id" ] || fail "no canary run"
pass "bootstrap through the EC2 API ended with flow run $run_id"
python3 -c 'import json, sys
for p in json.load(open(sys.argv[1]))["timing"]["phases"]:
    print("#   %-10s %6.1f s" % (p["name"], p["active_ms"] / 1000))' "$work/out"
echo "#   $(fake_value summary '"%d calls, %d of them mutating" % (a["requests"], a["mutating"])')"
one_of_each bootstrap
"$python" "$root/tests/aws/machine_facts.py" "$operator" || fail "what the account holds"
pass "the account holds what was promised, as boto3 sees it"

cp "$SLIPWAY_HOME/$name/journal" "$work/journal"
forget_log
timed "second bootstrap" up || trouble "second bootstrap"
[ "$(field changed)" = false ] || fail "the second bootstrap says that it changed something"
[ -z "$(acted)" ] || fail "the second bootstrap acted: $(acted)"
[ "$(fake_value log 'sum(e["mutating"] for e in a)')" = 0 ] || fail "the second bootstrap sent mutating calls"
cmp -s "$work/journal" "$SLIPWAY_HOME/$name/journal" || fail "the second bootstrap wrote to the journal"
pass "a second bootstrap: no change, $(fake_value summary 'a["requests"]') calls, none of them mutating"
run 0 status sw status
grep -q 'cost .*USD since' "$work/out" || trouble "status does not say what it has cost"
pass "status: $(grep -m1 '^cost' "$work/out" | tr -s ' ')"
run 0 "a run" sw run slipway-canary/canary --wait
grep -q COMPLETED "$work/err" "$work/out" || trouble "the run did not complete"
pass "slipway run: $(grep -hm1 COMPLETED "$work/err" "$work/out")"

# The machine is the one that EC2 describes, and its first boot was told by the metadata service.
instance=$(fake_value 'objects?live' '[o["id"] for o in a if o["kind"] == "instance"][0]')
address=$(fake_value 'objects?live' '[o["data"]["PublicIp"] for o in a if o["kind"] == "elastic-ip"][0]')
head -n 1 "$SLIPWAY_EC2_DIR/metadata.log" | grep -q "^$instance PUT /latest/api/token 200$" || fail "no token was asked for"
grep -q "^$instance GET /2021-03-23/user-data 200$" "$SLIPWAY_EC2_DIR/metadata.log" || fail "nobody fetched the user data"
[ "$(on_machine cloud-init status) $(on_machine cloud-id)" = "status: done aws" ] || fail "cloud-init: $(on_machine cloud-init status --long)"
[ "$(on_machine sh -c 't=$(curl -s -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token)
    curl -s -H "X-aws-ec2-metadata-token: $t" http://169.254.169.254/latest/meta-data/instance-id')" = "$instance" ] || fail "metadata"
code=$(on_machine curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/latest/user-data)
[ "$code" = 401 ] || fail "metadata without a token: HTTP $code"
on_machine sh -c 'ip netns add pod && ip link add pod0 type veth peer name eth0 netns pod && ip addr add 10.9.9.1/30 dev pod0 &&
    ip link set pod0 up && ip -n pod addr add 10.9.9.2/30 dev eth0 && ip -n pod link set eth0 up &&
    ip -n pod route add default via 10.9.9.1 && was=$(cat /proc/sys/net/ipv4/ip_forward) && echo 1 > /proc/sys/net/ipv4/ip_forward &&
    iptables -t nat -A POSTROUTING -s 10.9.9.0/30 -j MASQUERADE
    code=$(ip netns exec pod curl -s -m 3 -o /dev/null -w "%{http_code}" -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" \
        http://169.254.169.254/latest/api/token)
    iptables -t nat -D POSTROUTING -s 10.9.9.0/30 -j MASQUERADE; ip netns del pod; echo $was > /proc/sys/net/ipv4/ip_forward
    echo "$code"' > "$work/out"
[ "$(cat "$work/out")" = 000 ] || fail "a container got a token: HTTP $(cat "$work/out")"
pass "cloud-init read its user data by IMDSv2; without a token 401, and a container one hop further gets none"

# Host key: the injected one is gone from the wire, the machine's own is pinned.
cut -d ' ' -f 1,2 "$SLIPWAY_HOME/$name/known_host" > "$work/pinned"
on_machine cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub > "$work/shown"
cmp -s "$work/pinned" "$work/shown" || fail "what is pinned is not the machine's own key"
fake log > "$work/log.json"
python3 - "$SLIPWAY_HOME/$name" "$work/pinned" <<'PYTHON' || fail "the injected key is still of use"
import pathlib, sys
state, pinned = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_text().strip()
assert pinned.startswith("ssh-ed25519 "), pinned
assert not (state / "user-data").exists(), "the user data is still in the state directory"
PYTHON
mv "$SLIPWAY_HOME/$name/known_host" "$work/known_host"
ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/other"
cp "$work/other.pub" "$SLIPWAY_HOME/$name/known_host"
expect 7 "host key" "a machine with another key than the pinned one" sw ssh -- true
mv "$work/known_host" "$SLIPWAY_HOME/$name/known_host"
pass "the injected host key was replaced by the machine's own, which is pinned"

# Firewall: of what listens, SSH alone is reached, and only while the rule is there.
on_machine systemd-run -q --unit=listener python3 -m http.server 8080
on_machine sh -c 'for i in $(seq 50); do curl -s -o /dev/null http://127.0.0.1:8080/ && exit 0; sleep 0.1; done; exit 1' || fail "no listener"
reaches 22 || fail "SSH is not reached"
if reaches 8080; then fail "a port other than SSH is reached"; fi
on_machine systemctl stop listener
"$python" -c 'import boto3
ec2 = boto3.client("ec2", region_name="eu-central-1")
for group in ec2.describe_security_groups()["SecurityGroups"]:
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])'
if reaches 22; then fail "SSH is reached without a rule"; fi
cloud_spec cloud "timeouts: {ssh: 5}"
expect 6 'public address' "a machine that cannot be reached" sw ssh -- true
expect 5 '^ssh .*FAIL .*security group' "doctor, without the rule" sw doctor
cloud_spec cloud
forget_log
up || trouble "bootstrap without the rule"
[ "$(acted)" = AuthorizeSecurityGroupIngress ] || fail "the rule that somebody took away: $(acted)"
reaches 22 || fail "SSH is not reached again"
pass "nothing but SSH is reached from the outside; a rule that somebody took away is put back"

# A reboot.
boot=$(on_machine cat /proc/sys/kernel/random/boot_id)
on_machine systemctl reboot > /dev/null 2>&1 || true
for _ in $(seq 120); do
    sw status > "$work/out" 2> "$work/err" && [ "$(on_machine cat /proc/sys/kernel/random/boot_id)" != "$boot" ] && break
    sleep 0.5
done
sw status > "$work/out" 2>&1 || { cat "$work/out" >&2; fail "status after a reboot"; }
[ "$(on_machine cat /proc/sys/kernel/random/boot_id)" != "$boot" ] || fail "it was not rebooted"
on_machine cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub | cmp -s - "$work/pinned" || fail "the host key changed"
run 0 "a run after a reboot" sw run slipway-canary/canary --wait
forget_log
up || trouble "bootstrap after a reboot"
[ -z "$(acted)" ] || fail "bootstrap after a reboot acted: $(acted)"
pass "after a reboot every part is ok, with the same host key, and a run completes"

# Teardown.
timed teardown sw teardown -y > "$work/out" 2> "$work/err" || trouble teardown
grep '^#' "$work/out" || true
for kind in instance address security-group route-table subnet internet-gateway vpc; do
    grep -q "removed  *$kind" "$work/out" "$work/err" || trouble "the receipt does not name the $kind"
done
grep -hq 'two sweeps found nothing left' "$work/out" "$work/err" || trouble "the receipt does not tell of sweeps"
empty_account teardown
same_as_before teardown
no_violations "the whole life"
pass "teardown: an empty account, a receipt, and this host as before"

# Another life: the first zone has no machine of this type, and at first nobody may log in.
fake config '{"no_capacity": ["eu-central-1a"]}' > /dev/null
forget_log
cloud_spec cloud "access: {ssh_from: [192.0.2.200/32]}
timeouts: {ssh: 5}"
run 6 "bootstrap from outside ssh_from" sw bootstrap ${artifacts:+--artifacts "$artifacts"}
grep -rq 'basic.target' "$SLIPWAY_HOME/$name/evidence" || trouble "the machine's console is not in the evidence"
pass "a machine that lets nobody in: $(tail -n 2 "$work/err" | head -n 1 | cut -c 1-160); its console is in the evidence"
cloud_spec cloud
for seconds in ${KILL_POINTS:-2 9 12}; do
    PATH="$work/stubs:$PATH" "$slipway" bootstrap -f "$spec" ${artifacts:+--artifacts "$artifacts"} > /dev/null 2>&1 &
    pid=$!
    sleep "$seconds"
    kill -9 "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    echo "# killed after $seconds s at: $(tail -n 1 "$SLIPWAY_HOME/$name/journal" | cut -c 10-120)"
done
timed "the run that goes on" up || trouble "the run that goes on"
[ -n "$(field canary_run)" ] || fail "no canary run"
[ "$(fake_value summary 'a["launched"]')" = 2 ] || fail "machines launched: $(fake_value summary 'a["launched"]')"
pass "killed with -9 three times, then continued to a COMPLETED run on the machine that was there"
one_of_each "no capacity in the first zone"
zone=$(fake_value 'objects?live' '[o["data"]["AvailabilityZone"] for o in a if o["kind"] == "subnet"][0]')
[ "$zone" = eu-central-1b ] || fail "the zone is $zone"
refused=$(fake_value log '[e["code"] for e in a if e["action"] == "RunInstances"]')
[ "$refused" = "['InsufficientInstanceCapacity', '']" ] || [ "$refused" = "['InsufficientInstanceCapacity', None]" ] ||
    fail "RunInstances: $refused"
pass "no capacity in eu-central-1a: the machine is in $zone, and one subnet is there"
rm -rf "${SLIPWAY_HOME:?}/$name"
forget_log
expect 7 'is in use since .* keys' "bootstrap without its state, the machine running" sw bootstrap ${artifacts:+--artifacts "$artifacts"}
[ "$(fake_value log 'sum(e["acted"] for e in a)')" = 0 ] || fail "it acted: $(acted)"
one_of_each "bootstrap without its state"
rm -rf "${SLIPWAY_HOME:?}/$name"
timed "teardown without the state" sw teardown -y > "$work/out" 2> "$work/err" || trouble "teardown without the state"
grep '^#' "$work/out" || true
empty_account "teardown without the state"
same_as_before "teardown without the state"
no_violations "the second life"
[ "$(fake_value summary 'a["launched"]')" = 2 ] || fail "machines launched: $(fake_value summary 'a["launched"]')"
pass "teardown from spec and credentials alone: an empty account"

# Third life: somebody else's subnet and group are used as they are, and stay.
fake config '{"no_capacity": []}' > /dev/null
theirs=$("$python" "$root/tests/aws/machine_network.py" make "$operator")
"$python" "$root/tests/aws/machine_network.py" show > "$work/theirs.before"
write_spec guest "runtime: $runtime" "subnet: ${theirs% *}, security_group: ${theirs#* }"
PATH="$work/stubs:$PATH" "$slipway" bootstrap -f "$spec" ${artifacts:+--artifacts "$artifacts"} > "$work/out" 2> "$work/err" &
pid=$!
for _ in $(seq 300); do
    grep -q '"done","step":"machine/host-key"' "$SLIPWAY_HOME/$name/journal" 2> /dev/null && break
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.1
done
kill -9 "$pid" 2> /dev/null || true
wait "$pid" 2> /dev/null || true
[ "$(on_machine cloud-id)" = aws ] || trouble "a machine in somebody else's network"
on_machine sh -c 'ip -4 -o addr show eth0' | grep -q ' 10.88.3.' || fail "the machine is not in the subnet that was given"
run 0 "teardown in somebody else's network" sw teardown -y
"$python" "$root/tests/aws/machine_network.py" show > "$work/theirs.after"
diff "$work/theirs.before" "$work/theirs.after" || fail "somebody else's network was changed (above)"
same_as_before "teardown in somebody else's network"
no_violations "the third life"
pass "a subnet and a security group that exist: the machine is in them, and teardown leaves them as they were"
[ ! -e "$work/called" ] || { cat "$work/called" >&2; fail "somebody else's program was called"; }
pass "no aws, ssh, ssh-keyscan or ssh-keygen was called"
echo "$passed passed, 0 failed"
