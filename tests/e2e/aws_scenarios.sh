#!/bin/sh
# aws_scenarios.sh: what happens to an account, scene by scene, against the fake EC2 (tests/aws). No machine, no root.
set -eu
cd "$(dirname "$0")/../.."
slipway=${SLIPWAY:-$PWD/build/release/slipway}
tests/aws/prepare build/aws
python=$PWD/build/aws/venv/bin/python
work=$(mktemp -d)
PYTHONPATH=tests/aws "$python" -m fake --port-file "$work/port" > "$work/log" 2>&1 &
fake=$!
trap 'kill "$fake" 2> /dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 200); do
    [ -s "$work/port" ] && break
    kill -0 "$fake" 2> /dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.05
done
"$python" tests/aws/scenarios.py "http://127.0.0.1:$(cat "$work/port")" "$slipway" "$@"
