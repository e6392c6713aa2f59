# Shared by aws_*.sh: the fake EC2 (tests/aws/README.md) in a directory of its own, slipway's environment for it, small
# assertions. Nothing of the caller's own AWS settings is seen.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
slipway="${SLIPWAY:-$root/build/release/slipway}"
aws_env="${SLIPWAY_AWS_ENV:-$root/build/aws}"
python="$aws_env/venv/bin/python"
work=$(mktemp -d /tmp/slipway-aws.XXXXXX)
spec="$work/slipway.yaml"
passed=0
fake_pid=
for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done
unset name
export SLIPWAY_HOME="$work/home" SLIPWAY_CLOUD_SETTLE_S="${SLIPWAY_CLOUD_SETTLE_S:-1}" LC_ALL=C.UTF-8
export SLIPWAY_CACHE="${SLIPWAY_CACHE:-$work/cache}"
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
export AWS_ACCESS_KEY_ID=AKIDFAKE0EXAMPLE AWS_SECRET_ACCESS_KEY=fake/secret+of/the-tests0EXAMPLEKEY
no_ssh=6 # bootstrap's exit status where the machine phase is done and nothing answers SSH

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

pass() {
    passed=$((passed + 1))
    echo "ok $passed - $*"
}

fake_start() { # ARGS of python -m fake; afterwards $url, $fake_pid
    "$root/tests/aws/prepare" "$aws_env"
    rm -f "$work/port"
    (cd "$root/tests/aws" && exec "$python" -m fake --port-file "$work/port" "$@" > "$work/fake.log" 2>&1) &
    fake_pid=$!
    tries=0
    while [ ! -s "$work/port" ]; do
        kill -0 "$fake_pid" 2> /dev/null || { cat "$work/fake.log" >&2; fail "the fake does not start"; }
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "the fake does not come up within 30 s"
        sleep 0.05
    done
    url="http://127.0.0.1:$(cat "$work/port")"
    export AWS_ENDPOINT_URL="$url" SLIPWAY_ADDRESS_URL="$url/checkip"
}

fake_stop() {
    [ -z "$fake_pid" ] || { kill "$fake_pid" && wait "$fake_pid"; } 2> /dev/null || true
    fake_pid=
}

fake() { # PATH [JSON]: a request to the fake's own side
    if [ $# -gt 1 ]; then
        curl -sS -f --max-time 30 -d "$2" "$url/_fake/$1"
    else
        curl -sS -f --max-time 30 "$url/_fake/$1"
    fi
}

fake_reset() { # [SETTINGS]: an empty account, no state, nothing in the log
    fake reset '{}' > /dev/null
    [ -z "${1:-}" ] || fake config "$1" > /dev/null
    rm -rf "$SLIPWAY_HOME"
}

fake_value() { # PATH EXPRESSION: of the answer `a`, by Python
    fake "$1" | python3 -c 'import json, sys
a = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$2"
}

# write_spec NAME [MORE YAML [MORE UNDER aws]]: a spec in the work directory, for a bootstrap that ends at the SSH wait.
write_spec() {
    name=$1
    printf 'apiVersion: slipway/v1\nname: %s\nprovider: {aws: {region: eu-central-1%s}}\n%s\n' "$name" "${3:+, $3}" \
        "${2:-runtime: systemd
timeouts: {ssh: 1\}}" > "$spec"
}

sw() { # COMMAND ARGS...: with the spec of the work directory
    command=$1
    shift
    "$slipway" "$command" -f "$spec" "$@"
}

# run STATUS LABEL COMMAND...: the exit status; output in $work/out and $work/err
run() {
    want=$1 label=$2
    shift 2
    status=0
    "$@" > "$work/out" 2> "$work/err" || status=$?
    [ "$status" -eq "$want" ] || { cat "$work/err" >&2; fail "$label: exit status $status, not $want"; }
}

# expect STATUS PATTERN LABEL COMMAND...: the exit status and one line that matches
expect() {
    pattern=$2
    want=$1 label=$3
    shift 3
    run "$want" "$label" "$@"
    grep -qE -- "$pattern" "$work/err" "$work/out" || { cat "$work/err" >&2; fail "$label: nothing says '$pattern'"; }
    pass "$label: $(grep -hE -m1 -- "$pattern" "$work/err" "$work/out" | cut -c 1-200)"
}

machine_made() { # LABEL: bootstrap up to the SSH wait
    run "$no_ssh" "$1" sw bootstrap
}

objects() { # "address=1 instance=1 ..", "" for an empty account
    fake_value summary '" ".join("%s=%d" % each for each in sorted(a["kinds"].items()))'
}

least="elastic-ip instance internet-gateway network-interface route-table security-group subnet volume vpc"
one_of_each() { # LABEL
    found=$(objects)
    for kind in $least; do
        case " $found " in *" $kind=1 "*) ;; *) fail "$1: the account has '$found'" ;; esac
    done
    case "$(printf %s "$found" | tr ' ' '\n' | grep -vc '=1$')" in 0) ;; *) fail "$1: the account has '$found'" ;; esac
}

empty_account() { # LABEL
    [ -z "$(objects)" ] || fail "$1: the account still has '$(objects)'"
}

no_violations() { # LABEL: every request so far was one of AWS's API
    [ "$(fake_value violations 'len(a)')" = 0 ] || { fake violations >&2; fail "$1: requests that AWS would not know"; }
}

finish() {
    fake_stop
    [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
