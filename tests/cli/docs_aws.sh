#!/bin/bash
# slipway-aws.7: every command, option, field of provider.aws, tag and exit status that it names exists, its example of a
# policy is one that slipway prints, and each field and each kind of object is named.
set -eu
page=man/slipway-aws.7
failed=0

say() {
    echo "FAIL: $*" >&2
    failed=1
}

known=$("$SLIPWAY" help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
count=0
while read -r _ command rest; do
    count=$((count + 1))
    grep -qx -- "$command" <<<"$known" || {
        say "there is no command '$command'"
        continue
    }
    for option in $(grep -oE -- '--[a-z-]+' <<<"${rest%%>*}" || true); do
        "$SLIPWAY" help "$command" | grep -Eq -- "$option( |\$)" || say "'$command' has no option '$option'"
    done
done < <(grep -ohE '^(\.Ql )?slipway [a-z]+.*' "$page" | sed 's/^\.Ql //; s/#.*//; s/ [.)]$//')
[ "$count" -ge 12 ] || say "only $count commands found"
for option in $(sed -n 's/^\.Fl -\([a-z-]*\).*/--\1/p' "$page"); do
    { "$SLIPWAY" help policy; "$SLIPWAY" help teardown; } | grep -q -- "$option" || say "there is no option '$option'"
done

fields=$("$SLIPWAY" schema | python3 -c '
import json, sys
schema = json.load(sys.stdin)
def find(node):
    if isinstance(node, dict):
        aws = node.get("properties", {}).get("aws", {})
        if "region" in aws.get("properties", {}):
            yield from aws["properties"]
        for child in node.values():
            yield from find(child)
    elif isinstance(node, list):
        for child in node:
            yield from find(child)
print("\n".join(sorted(set(find(schema)))))')
[ "$(wc -w <<<"$fields")" -ge 5 ] || say "the schema has no fields of provider.aws: $fields"
for field in $(grep -oE 'provider\.aws\.[a-z_]+' "$page" | cut -d. -f3 | sort -u); do
    grep -qx "$field" <<<"$fields" || say "there is no field provider.aws.$field"
done

for tag in $(grep -oE 'slipway:[a-z]+' "$page" | sort -u); do
    grep -qF "\"$tag\"" provisioner/aws/aws.h || say "there is no tag $tag"
done
statuses=$("$SLIPWAY" help | sed -n '/^exit status/,/^$/p')
for status in $(grep -oE 'exit status [0-9]+|^\.It .*\(([a-z ]*)[0-9]+\)$' "$page" | grep -oE '[0-9]+' | sort -u); do
    grep -qE "\b$status [a-z]" <<<"$statuses" || say "there is no exit status $status"
done
for name in $(grep -oE '\bAWS_[A-Z_]+' "$page" | sort -u); do
    grep -rqF "\"$name\"" provisioner/aws || say "slipway does not read $name"
done
for kind in VPC subnet 'internet gateway' 'route table' 'security group' address instance 'launch template'; do
    grep -qi "$kind" "$page" || say "the page does not name the $kind"
done
[ "$failed" -eq 0 ] && echo "manual of AWS: ok"
exit "$failed"
