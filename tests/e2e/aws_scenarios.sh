#!/bin/sh
# aws_scenarios.sh: what happens to an account, scene by scene, against the fake EC2 (tests/aws). No machine, no root.
. "$(dirname "$0")/aws_lib.sh"
fake_start
"$python" "$root/tests/aws/scenarios.py" "$url" "$slipway" "$@"
