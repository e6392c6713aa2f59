#!/bin/bash
# The JSON Schema says what the parser says: it accepts the examples and what init writes, and refuses every broken
# spec of tests/data/spec/bad but those that it cannot express, which schema_cannot.txt lists with the reason.
set -eu
root=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
"$SLIPWAY" schema >schema.json
for provider in local aws; do
    "$SLIPWAY" init --provider "$provider" -f "init-$provider.yaml" >out
done
/usr/bin/python3 - "$root" <<'PYTHON'
import glob, json, os, sys
import yaml
from jsonschema import Draft202012Validator

root = sys.argv[1]
schema = json.load(open("schema.json"))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
failed = []

for path in sorted(glob.glob(root + "/examples/*.yaml")) + ["init-local.yaml", "init-aws.yaml"]:
    for error in validator.iter_errors(yaml.safe_load(open(path))):
        failed.append(f"{path}: refused: {error.json_path}: {error.message}")

cannot = dict(line.rstrip("\n").split(": ", 1) for line in open(root + "/tests/data/spec/schema_cannot.txt") if line[0] != "#")
seen = 0
for path in sorted(glob.glob(root + "/tests/data/spec/bad/*.yaml")):
    name = os.path.basename(path)[: -len(".yaml")]
    try:
        refused = not validator.is_valid(yaml.safe_load(open(path, "rb")))
    except (yaml.YAMLError, ValueError):
        refused = True
    seen += 1
    if refused and name in cannot:
        failed.append(f"{name}: the schema can refuse it now; take it out of schema_cannot.txt")
    if not refused and name not in cannot:
        failed.append(f"{name}: the parser refuses it, the schema accepts it")
    cannot.pop(name, None)
failed += [f"{name}: in schema_cannot.txt, but there is no such case" for name in cannot]
print("\n".join(failed) or f"schema: {seen} broken specs: ok")
sys.exit(1 if failed or seen < 340 else 0)
PYTHON
