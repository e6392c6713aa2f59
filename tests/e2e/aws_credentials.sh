#!/bin/sh
# aws_credentials.sh: the same environments, files and servers for slipway and for botocore: the same credentials, or none.
set -eu
cd "$(dirname "$0")/../.."
tests/aws/prepare build/aws
build/aws/venv/bin/python tests/aws/credentials_differential.py "$@"
