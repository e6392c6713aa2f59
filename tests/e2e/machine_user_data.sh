#!/bin/sh
# The user data that a machine gets, held against the schema of the cloud-init that is installed here (Debian 12: 22.4)
# and against a current one. $1: that schema; else ../shared/definitions of this tree. Needs cloud-init,
# python3-jsonschema, python3-yaml, ca-certificates.
# shellcheck disable=SC1091,SC2154 # what machine_lib.sh sets
. "$(dirname "$0")/machine_lib.sh"
name=userdata
schema=${1:-$root/../shared/definitions/cloud-init/schema-cloud-config-v1.json}
[ -e "$schema" ] || fail "no current schema at '$schema'; name one as the first argument"
certificate=$(find /etc/ssl/certs -name '*.pem' | sort | head -n 1)
printf 'apiVersion: slipway/v1\nname: %s\nprovider:\n  local: {}\nmachine: {trust: ["%s"]}\n' "$name" "$certificate" > "$spec"
build_driver
"$driver" user-data "$spec" > "$work/user-data" 2> "$work/err" || fail "user-data: $(cat "$work/err")"
cloud-init schema --config-file "$work/user-data" || fail "the installed cloud-init refuses it"
pass "valid for $(cloud-init --version 2>&1)"
python3 - "$schema" "$work/user-data" << 'PYTHON' || fail "the current schema refuses it"
import json, sys
import jsonschema, yaml
schema = json.load(open(sys.argv[1]))
data = yaml.safe_load(open(sys.argv[2]))
jsonschema.Draft4Validator(schema).validate(data)
# The check itself must be able to fail.
data["writefiles"] = []
assert not jsonschema.Draft4Validator(schema).is_valid(data)
PYTHON
pass "valid for the current schema"
[ "$(wc -c < "$work/user-data")" -lt 16384 ] || fail "larger than 16 KiB"
pass "$(wc -c < "$work/user-data") bytes, with one certificate"
echo "$passed passed, 0 failed"
