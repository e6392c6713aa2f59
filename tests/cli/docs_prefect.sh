#!/bin/bash
# slipway-prefect.7 has an entry for each known trouble, and every command, option, spec field, setting and path on the
# machine that it names exists.
set -eu
page=man/slipway-prefect.7
failed=0

say() {
    echo "FAIL: $*" >&2
    failed=1
}

remarks=$(mandoc -T lint -W warning "$page") || true
[ -z "$remarks" ] || say "$remarks"

# As a reader sees them: a macro's name among the words of a title would swallow it.
seen=$(mandoc -T ascii -O width=200 "$page" | col -b | sed -n '/^TROUBLES/,/^SEE ALSO/s/^   \([0-9]*\)\. [A-Z].*/\1/p')
wanted=$(seq 28)
[ "$seen" = "$wanted" ] || say "the entries are" $seen
titles=$(grep -c '^\.Ss [0-9]*\. .\{10,\}' "$page")
[ "$titles" -eq 28 ] || say "$titles titles and not 28"
lines=$(awk '/^\.Ss [0-9]+\. / { title = $2; n = 0; next } /^\.S/ { title = "" } title { n++; if (n == 2) said++ } END { print said }' "$page")
[ "$lines" -eq 28 ] || say "an entry says nothing"

# Commands are in literal blocks, where lines that go on are joined, and in .Ic, several of which may be in one line.
commands=$(
    sed -e ':a' -e '/\\e$/{N;s/\\e\n *//;ba' -e '}' "$page" | sed -n '/^\.Bd/,/^\.Ed/{/^slipway /p;}'
    grep -E '^\.(It )?Ic ' "$page" | sed 's/^\.It /./; s/^\.Ic //; s/ , Ic /\n/g'
)
known=$("$SLIPWAY" help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
count=0
while read -r _ command rest; do
    count=$((count + 1))
    grep -qx -- "$command" <<<"$known" || {
        say "there is no command '$command'"
        continue
    }
    for option in $(sed -E 's/(^| )-- .*//' <<<"$rest" | grep -oE -- '--[a-z-]+' || true); do
        "$SLIPWAY" help "$command" | grep -Eq -- "$option( |\$)" || say "'$command' has no option '$option'"
    done
done <<<"$commands"
[ "$count" -ge 30 ] || say "only $count commands found"

# A field is a path of the schema: through objects, and through lists with [].
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$SLIPWAY" schema > "$work/schema"
grep -E '^\.Cm ' "$page" | awk '{ print $2 }' | sort -u | python3 -c '
import json, sys
schema = json.load(open(sys.argv[1]))
def ways(node):
    """The node itself, and what it stands for."""
    if "$ref" in node:
        target = schema
        for key in node["$ref"].lstrip("#/").split("/"):
            target = target[key]
        yield from ways(target)
    yield node
    for kind in ("oneOf", "anyOf", "allOf"):
        for part in node.get(kind, []):
            yield from ways(part)
def has(node, path):
    if not path:
        return True
    name, rest = path[0].removesuffix("[]"), path[1:]
    for n in ways(node):
        child = n.get("properties", {}).get(name)
        if child is None:
            continue
        if path[0].endswith("[]"):
            if any("items" in c and has(c["items"], rest) for c in ways(child)):
                return True
        elif has(child, rest):
            return True
    return False
fields = sys.stdin.read().split()
missing = [f for f in fields if not has(schema, f.split("."))]
if len(fields) < 20 or has(schema, ["prefect", "no_such_field"]):
    sys.exit("FAIL: the fields of the page cannot be told")
if missing:
    sys.exit("FAIL: no such field: " + ", ".join(missing))
' "$work/schema" || failed=1

# Settings that slipway sets are in its sources; one is the user's own choice.
for name in $(grep -oE 'PREFECT_[A-Z0-9_]+' "$page" | sort -u |
    grep -vx PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_REPLICATE_POD_EVENTS); do
    grep -rqF "$name" provisioner helm-values templates || say "slipway does not set $name"
done
for word in active_deadline_seconds finished_job_ttl clusterUid prefect-auth postgres-0 prefect-server \
    slipway-health.timer slipway-prefect-worker@ slipway-prefect-server /var/lib/slipway-server prefect.db; do
    grep -qF -- "$word" "$page" || say "the page has no '$word'"
    grep -rqF -- "${word%-0}" provisioner helm-values templates || say "slipway has no '$word'"
done

# The example is a spec that passes.
mkdir "$work/spec"
{
    printf 'apiVersion: slipway/v1\nname: example\nprovider:\n  local: {}\n'
    sed -n '/^prefect:$/,/^\.Ed/{/^\.Ed/!p;}' "$page"
} > "$work/spec/slipway.yaml"
grep -q REPLICATE_POD_EVENTS "$work/spec/slipway.yaml" || say "the page has no example of a spec"
"$SLIPWAY" validate -f "$work/spec/slipway.yaml" > "$work/answer" 2>&1 || say "the example: $(cat "$work/answer")"
[ "$failed" -eq 0 ] && echo "manual of troubles: ok"
exit "$failed"
