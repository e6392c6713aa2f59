#!/bin/sh
# `slipway policy`: a document for the spec on stdout, without credentials, state or a call to anywhere; who asks for what
# cannot be gets exit status 2 and the remedy.
set -eu
: "${SLIPWAY:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$name"; done
unset name
# Nothing answers there: whoever calls fails.
export SLIPWAY_HOME="$work/home" HOME="$work" AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_EC2_METADATA_DISABLED=true
cat > "$work/slipway.yaml" << 'EOF'
apiVersion: slipway/v1
name: demo
provider: {aws: {region: eu-central-1}}
flows:
  source: {local: {path: nowhere}}
  deployments: [{name: nightly, entrypoint: "etl.py:etl"}]
EOF
cat > "$work/local.yaml" << 'EOF'
apiVersion: slipway/v1
name: demo
provider: {local: {}}
EOF

status_of() { # SPEC ARGS...: exit status; what was said is in $work/out and $work/err
    file=$1
    shift
    status=0
    "$SLIPWAY" policy "$@" -f "$work/$file" > "$work/out" 2> "$work/err" || status=$?
}

refused() { # TEXT SPEC ARGS...
    text=$1
    shift
    status_of "$@"
    [ "$status" -eq 2 ] || { echo "$*: exit status $status, not 2" >&2; exit 1; }
    [ ! -s "$work/out" ] || { echo "$*: writes to stdout" >&2; exit 1; }
    grep -qF -- "$text" "$work/err" || { echo "$*: does not say: $text" >&2; cat "$work/err" >&2; exit 1; }
}

status_of slipway.yaml aws
[ "$status" -eq 0 ] || { cat "$work/err" >&2; exit 1; }
/usr/bin/python3 - "$work/out" << 'EOF'
import json, sys
policy = json.load(open(sys.argv[1]))
assert policy["Version"] == "2012-10-17"
sids = [s["Sid"] for s in policy["Statement"]]
assert len(sids) == len(set(sids)) >= 8, sids
EOF
AWS_ACCOUNT_ID=123456789012 status_of slipway.yaml aws --trust acme/etl:environment:prod
[ "$status" -eq 0 ] || { cat "$work/err" >&2; exit 1; }
grep -q '"repo:acme/etl:environment:prod"' "$work/out"
[ ! -e "$work/home" ] || { echo "makes a state directory" >&2; exit 1; }

refused "AWS_ACCOUNT_ID=" slipway.yaml aws --trust acme/etl
AWS_ACCOUNT_ID=123456789012 refused "has a wildcard" slipway.yaml aws --trust 'acme/*'
AWS_ACCOUNT_ID=12 refused "not an account number" slipway.yaml aws
refused "has no rights to print" slipway.yaml local
refused "has no rights to print" slipway.yaml gcp
refused "is for provider 'local', not 'aws'" local.yaml aws
refused "slipway init --provider aws" missing.yaml aws
echo "policy: ok"
