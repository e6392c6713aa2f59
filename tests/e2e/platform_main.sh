#!/bin/sh
# The whole job in an nspawn machine: bootstrap to a COMPLETED flow run, status, a second run without a change, tunnel,
# kubeconfig, report, kill -9 in the middle and a run that continues, teardown, nothing left.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
write_spec platform
snapshot > "$work/before"

timed "bootstrap" bootstrap || { cat "$work/err" >&2; fail "bootstrap"; }
[ "$(field result)" = '"done"' ] || [ "$(field result)" = 'done' ] || fail "result: $(field result)"
run_id=$(field canary_run)
[ -n "$run_id" ] || fail "no canary run"
pass "bootstrap ended with flow run $run_id"
python3 -c 'import json, sys
for p in json.load(open(sys.argv[1]))["timing"]["phases"]:
    print("#   %-10s %6.1f s" % (p["name"], p["active_ms"] / 1000))' "$work/out"

cp "$SLIPWAY_HOME/$name/journal" "$work/journal"
timed "second bootstrap" bootstrap || { cat "$work/err" >&2; fail "second bootstrap"; }
[ "$(field changed)" = false ] || fail "the second bootstrap acted"
cmp -s "$work/journal" "$SLIPWAY_HOME/$name/journal" || fail "the second bootstrap wrote to the journal"
pass "a second bootstrap changes nothing"

sw status -o json > "$work/out" || { cat "$work/out" >&2; fail "status"; }
[ "$(field ok)" = true ] || fail "status is not ok"
pass "status: every part is ok"

# What the flow run left, asked for on the machine and not by slipway's own client.
on_machine k3s kubectl -n prefect get jobs -o jsonpath='{.items[*].status.succeeded} {.items[*].spec.ttlSecondsAfterFinished}' > "$work/out"
grep -q '^1 [0-9]' "$work/out" || fail "the canary's Job: $(cat "$work/out")"
pass "the canary's Job succeeded and has a TTL"
on_machine sh -c 'stat -c %a /etc/rancher/k3s/k3s.yaml' > "$work/out"
[ "$(cat "$work/out")" = 600 ] || fail "the machine's kubeconfig has mode $(cat "$work/out")"
# Secrets at rest: the datastore holds the name of the Secret, but not what is in it.
password=$(on_machine k3s kubectl -n prefect get secret prefect-auth -o go-template='{{index .data "auth-string"|base64decode}}')
database=$(on_machine k3s kubectl -n prefect get secret prefect-postgres -o go-template='{{index .data "password"|base64decode}}')
[ ${#password} -gt 20 ] && [ ${#database} -gt 20 ] || fail "no passwords to look for"
on_machine grep -rqa prefect-auth /var/lib/rancher/k3s/server/db || fail "the datastore is not where it is looked for"
if printf '%s\n%s\n' "${password#*:}" "$database" | on_machine grep -rqaF -f - /var/lib/rancher/k3s/server/db; then
    fail "a Secret is in the datastore in clear"
fi
pass "kubeconfig is 0600 and Secrets are encrypted at rest"

# The UI through the tunnel: page, and the API only with the password.
# Started as itself: the shell would put a subshell between, which Ctrl-C ends instead.
"$slipway" open -f "$spec" > "$work/url" 2> "$work/err" &
pid=$!
for _ in $(seq 100); do grep -q http "$work/url" && break; sleep 0.1; done
url=$(cat "$work/url")
python3 - "$url" <<'PY' || fail "the UI through the tunnel"
import sys, urllib.error, urllib.request
url = sys.argv[1]
page = urllib.request.urlopen(url, timeout=20).read().decode()
assert "<html" in page.lower() and "prefect" in page.lower(), page[:300]
try:
    urllib.request.urlopen(url + "api/flows/filter", data=b"{}", timeout=20)
    raise SystemExit("the API answered without a password")
except urllib.error.HTTPError as e:
    assert e.code == 401, e.code
PY
kill -INT "$pid"
wait "$pid" || fail "open did not end well on Ctrl-C"
pass "open: the UI answers at $url, the API wants the password"

sw kubeconfig -- sh -c 'stat -c %a "$KUBECONFIG"; python3 - <<PY
import base64, json, os, ssl, tempfile, urllib.request
c = json.load(open(os.environ["KUBECONFIG"]))
cluster, user = c["clusters"][0]["cluster"], c["users"][0]["user"]
context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
with tempfile.NamedTemporaryFile("w") as f:
    f.write(base64.b64decode(user["client-certificate-data"]).decode() + base64.b64decode(user["client-key-data"]).decode())
    f.flush()
    context.load_cert_chain(f.name)
print(urllib.request.urlopen(cluster["server"] + "/readyz", context=context, timeout=20).read().decode())
PY' > "$work/out" || fail "kubeconfig -- COMMAND"
[ "$(tr '\n' ' ' < "$work/out")" = "600 ok " ] || fail "kubeconfig: $(cat "$work/out")"
pass "kubeconfig: 0600, the API answers through the tunnel"
status=0
sw ssh -- sh -c 'exit 7' || status=$?
[ "$status" -eq 7 ] || fail "ssh passed on status $status"
pass "ssh passes on the exit status"
sw report --out "$work/report.html" > /dev/null
grep -q '<svg' "$work/report.html" || fail "the report has no timeline"
pass "report: one page"

# No secret of this deployment in anything that slipway keeps or prints.
for secret in "${password#*:}" "$database"; do
    if grep -rqF --exclude=disk.raw -e "$secret" -e "$(printf %s "$secret" | base64 -w0 | cut -c 1-40)" "$SLIPWAY_HOME" "$work/out" "$work/err"; then
        fail "a password is in a file of slipway's"
    fi
done
find "$SLIPWAY_HOME/$name" -type f -perm /077 | grep . && fail "a file that others may read"
pass "no password in state, log or output; no file that others may read"

timed "teardown" sw teardown -y -o json > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "teardown"; }
same_as_before "teardown"
[ ! -e "$SLIPWAY_HOME/$name" ] || fail "the state directory is left"
pass "teardown leaves nothing"

for seconds in ${KILL_POINTS:-2 9 15 12}; do
    "$slipway" bootstrap -f "$spec" --artifacts "$artifacts" > /dev/null 2>&1 &
    pid=$!
    sleep "$seconds"
    kill -9 "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    echo "# killed after $seconds s at: $(tail -n 1 "$SLIPWAY_HOME/$name/journal" | cut -c 10-120)"
done
timed "the run that continues" bootstrap || { cat "$work/err" >&2; fail "bootstrap after kill -9"; }
[ "$(pgrep -fc -- "^systemd-nspawn .*--machine=sw-$name")" -le 1 ] || fail "more than one machine"
sw status > /dev/null || fail "status after kill -9"
pass "killed with -9 at four points, then continued to a COMPLETED run on one machine"
rm -f "$SLIPWAY_HOME/$name/journal"
sw teardown -y > /dev/null 2> "$work/err" || { cat "$work/err" >&2; fail "teardown without the journal"; }
same_as_before "teardown without the journal"
pass "teardown without the journal leaves nothing"
echo "$passed passed, 0 failed"
