#!/bin/sh
# The fake EC2 itself, with boto3 as its client.
. "$(dirname "$0")/aws_lib.sh"
"$root/tests/aws/prepare" "$aws_env"
(cd "$root/tests/aws" && PYTHONDONTWRITEBYTECODE=1 "$python" fake_test.py)
