#!/bin/sh
# aws_errors.sh: what a bootstrap does with each error answer of tests/data/aws_errors.tsv that it can meet: exit status,
# message and remedy, against the fake EC2. Prints them as a table. Then answers that leave open whether the call acted, at
# the first try of every changing call: one of each object is made all the same, and none is left after teardown.
SLIPWAY_CLOUD_SETTLE_S=0 # nothing is invisible here
. "$(dirname "$0")/aws_lib.sh"

rows=$root/tests/data/aws_errors.tsv

# The answer as a rule of the fake; Retry-After, so that what is asked again is asked at once.
rule() { # ACTION STATUS SHAPE CODE MESSAGE
    python3 - "$@" <<'PYTHON'
import json
import sys
from xml.sax.saxutils import escape

action, status, shape, code, message = sys.argv[1:]
error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
body = {
    "EC2": f"<Response><Errors><Error>{error}</Error></Errors><RequestID>req-1</RequestID></Response>",
    "MOTO": f"<ErrorResponse><Errors><Error>{error}</Error></Errors><RequestID>req-1</RequestID></ErrorResponse>",
    "STS": f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>req-1</RequestId></ErrorResponse>",
    "JSON": json.dumps({"__type": f"com.amazonaws#{code}", "message": message}),
    "HTML": message,
}[shape]
headers = {"Retry-After": "0", "x-amzn-RequestId": "req-1"}
print(json.dumps([{"action": action, "kind": "raw", "count": 0, "status": int(status), "headers": headers, "body": body}]))
PYTHON
}

one() { # ACTION STATUS SHAPE CODE MESSAGE EXIT SAYS REMEDY
    fake_reset
    fake faults "$(rule "$1" "$2" "$3" "$4" "$5")" > /dev/null
    status=0
    sw bootstrap > "$work/out" 2> "$work/err" || status=$?
    tr '\n' ' ' < "$work/err" | sed 's/ (request req-1)//' > "$work/said"
    what="$1 ${4:-HTTP $2}"
    [ "$status" = "$6" ] || { cat "$work/err" >&2; fail "$what: exit status $status, not $6"; }
    grep -qF -- "$1 in 'eu-central-1': $7" "$work/said" || { cat "$work/err" >&2; fail "$what: nothing says '$7'"; }
    grep -qF -- "$8" "$work/said" || { cat "$work/err" >&2; fail "$what: the remedy is not '$8'"; }
    printf '%-30s %-34s %4s  %s\n' "$1" "${4:-HTTP $2}" "$status" "$7${8:+ | $8}"
    passed=$((passed + 1))
}

fake_start
write_spec errors
printf '%-30s %-34s %4s  %s\n' action code exit 'message | remedy'
# A tab is white space for read, which would lose empty columns.
tr '\t' '\037' < "$rows" > "$work/rows"
while IFS=$(printf '\037') read -r action http shape code message class exit e2e says remedy; do
    case $action in '#'* | '') continue ;; esac
    [ "$e2e" = yes ] || continue
    : "$class"
    one "$action" "$http" "$shape" "$code" "$message" "$exit" "$says" "$remedy"
done < "$work/rows"
[ "$passed" -ge 30 ] || fail "only $passed rows"
echo "$passed error answers, each with its exit status, message and remedy"

changing="CreateVpc CreateInternetGateway AttachInternetGateway CreateSubnet CreateRouteTable CreateRoute AssociateRouteTable
    CreateSecurityGroup AuthorizeSecurityGroupIngress AllocateAddress RunInstances AssociateAddress TerminateInstances
    ReleaseAddress DeleteSecurityGroup DeleteRouteTable DeleteSubnet DetachInternetGateway DeleteInternetGateway DeleteVpc"

every() { # RULE, without braces: for the first request of each changing call
    # shellcheck disable=SC2086 # a list of names
    printf '{"action": "%s", "nth": 1, "count": 1, '"$1"'}\n' $changing | as_list
}

as_list() {
    python3 -c 'import json, sys; print(json.dumps([json.loads(line) for line in sys.stdin]))'
}

while IFS='|' read -r trouble rule; do
    fake_reset
    fake faults "$(every "$rule")" > /dev/null
    machine_made "$trouble"
    one_of_each "$trouble"
    run 0 "$trouble, teardown" sw teardown -y
    empty_account "$trouble"
    met=$(fake_value faults 'sum(r["used"] for r in a["rules"])')
    [ "$met" -ge 18 ] || fail "$trouble: only $met of the faults were met"
    no_violations "$trouble"
    pass "$trouble: at $met calls, one of each object, nothing left"
done << 'RULES'
request lost|"kind": "cut_before"
answer lost|"kind": "cut_after"
answer cut in the middle|"kind": "truncate"
answer cut after its first byte|"kind": "truncate", "keep": 1
500 after acting|"kind": "error", "status": 500, "code": "InternalError", "message": "An internal error has occurred", "headers": {"Retry-After": "0"}, "after": true
500 without acting|"kind": "error", "status": 500, "code": "InternalError", "message": "An internal error has occurred", "headers": {"Retry-After": "0"}
502 of a proxy after acting|"kind": "raw", "status": 502, "body": "<html>", "headers": {"Retry-After": "0"}, "after": true
torn XML after acting|"kind": "raw", "status": 200, "body": "<Response><requestId>", "after": true
throttled|"kind": "throttle", "headers": {"Retry-After": "0"}
RULES
echo "$passed passed, 0 failed"
