#!/bin/sh
# kill -9 at every request boundary of a create and of a teardown, with the state directory kept and lost, with a prompt
# and a lagging view of the account, look-alikes beside: tests/aws/crash.py --help. Arguments are passed on to it.
. "$(dirname "$0")/aws_lib.sh"
"$root/tests/aws/prepare" "$aws_env"
(cd "$root/tests/aws" && TMPDIR=$work SLIPWAY=$slipway PYTHONDONTWRITEBYTECODE=1 "$python" crash.py "$@")
