#!/bin/sh
# A flows folder or a CA file that has gone must not keep a machine alive: commands that look or take away accept the spec,
# those that make something refuse it.
set -eu
: "${SLIPWAY:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SLIPWAY_HOME="$work/home"
cat > "$work/slipway.yaml" << 'EOF'
apiVersion: slipway/v1
name: gone
provider: {ssh: {host: 127.0.0.1, port: 9, host_key: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}
runtime: systemd
timeouts: {ssh: 1}
machine: {trust: [gone.pem]}
flows:
  source: {local: {path: nowhere}}
  deployments: [{name: nightly, entrypoint: "etl.py:etl", requirements: gone.txt}]
EOF

status_of() { # COMMAND...: exit status; what it said is in $work/err
    status=0
    "$SLIPWAY" "$@" -f "$work/slipway.yaml" > /dev/null 2> "$work/err" || status=$?
}

for command in validate bootstrap plan; do
    status_of $command
    [ "$status" -eq 2 ] || { echo "$command: exit status $status, not 2" >&2; exit 1; }
    for name in gone.pem nowhere gone.txt; do
        grep -q "$name" "$work/err" || { echo "$command does not name $name" >&2; exit 1; }
    done
done
status_of status
grep -q "no deployment 'gone'" "$work/err" || { cat "$work/err" >&2; echo "status looks at files it does not need" >&2; exit 1; }
# It gets as far as the machine, which is not there.
status_of teardown -y
[ "$status" -eq 5 ] || [ "$status" -eq 6 ] || { cat "$work/err" >&2; echo "teardown: exit status $status" >&2; exit 1; }
grep -q "nowhere" "$work/err" && { echo "teardown asks for the flows folder" >&2; exit 1; }
exit 0
