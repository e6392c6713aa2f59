#!/bin/sh
# Runtime systemd in an nspawn machine: Prefect from PyPI to a COMPLETED run, hardening, who listens and who may read
# what, a second run without a change, pools, queues and limits, the automation for pending runs, kill -9 in the middle,
# teardown, nothing left.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
. "$(dirname "$0")/systemd_lib.sh"
more='runtime: systemd
prefect:
  work_pools:
    - {name: default, concurrency: 4, queues: [{name: urgent, priority: 1, concurrency: 2}]}
    - {name: batch, concurrency: 2}
  limits:
    - {name: warehouse, slots: 3}
    - {name: api-calls, slots: 10, slot_decay_per_second: 0.5}
  automations: {pending_min: 1}'
write_spec units "$more"
snapshot > "$work/before"

timed "bootstrap" up || { cat "$work/err" >&2; fail "bootstrap"; }
[ "$(field result)" = "done" ] || fail "result: $(field result)"
run_id=$(field canary_run)
[ -n "$run_id" ] || fail "no canary run"
pass "bootstrap ended with flow run $run_id"
python3 -c 'import json, sys
for p in json.load(open(sys.argv[1]))["timing"]["phases"]:
    print("#   %-10s %6.1f s" % (p["name"], p["active_ms"] / 1000))' "$work/out"

cp "$SLIPWAY_HOME/$name/journal" "$work/journal"
timed "second bootstrap" up || { cat "$work/err" >&2; fail "second bootstrap"; }
[ "$(field changed)" = false ] || fail "the second bootstrap acted"
cmp -s "$work/journal" "$SLIPWAY_HOME/$name/journal" || fail "the second bootstrap wrote to the journal"
pass "a second bootstrap changes nothing"
sw status > "$work/out" || { cat "$work/out" >&2; fail "status"; }
grep -q "last heartbeat [0-9]* s ago" "$work/out" || fail "status does not tell the heartbeat's age"
pass "status: every part is ok, and the heartbeat has an age"

for unit in slipway-prefect-server.service slipway-prefect-worker@default.service; do
    level=$(on_machine systemd-analyze security --no-pager "$unit" | sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
    python3 -c 'import sys; sys.exit(not 0 < float(sys.argv[1]) <= 4.0)' "$level" || fail "$unit: exposure level '$level'"
    pass "$unit: exposure level $level"
done
on_machine ss -ltnH > "$work/listen"
awk '{ print $4 }' "$work/listen" | grep -vE '^(127\.0\.0\.1:|0\.0\.0\.0:22$|\[::\]:22$)' && fail "something listens to the outside"
grep -q '127.0.0.1:4200' "$work/listen" || fail "the server does not listen on 127.0.0.1:4200"
pass "nothing but SSH listens to the outside"
code=$(on_machine curl -s -o /dev/null -w '%{http_code}' -X POST -H 'Content-Type: application/json' -d '{}' http://127.0.0.1:4200/api/flows/filter)
[ "$code" = 401 ] || fail "the API without a password: HTTP $code"
pass "the API wants the password"
for f in passwords server.env worker.env worker-default.env; do
    [ "$(on_machine stat -c '%a %U' /etc/slipway/$f)" = "600 root" ] || fail "/etc/slipway/$f is readable"
done
if on_machine runuser -u slipway-worker -- cat /etc/slipway/passwords > /dev/null 2>&1; then
    fail "a flow can read the passwords"
fi
pass "environment files are 0600 and a flow's user cannot read them"

# The venv is what the lock says: pip's own record of each wheel against the pinned versions.
on_machine /var/lib/slipway/venv/bin/python -m pip list --format freeze | grep -v '^pip==\|^setuptools==' | tr 'A-Z_.' 'a-z--' | sort > "$work/installed"
grep -q '^prefect==3-8-3$' "$work/installed" || fail "no prefect 3.8.3 in the venv"
pass "the venv has $(wc -l < "$work/installed") packages, prefect 3.8.3 among them"

password=$(on_machine head -n 1 /etc/slipway/passwords)
database=$(on_machine sed -n 2p /etc/slipway/passwords)
[ ${#password} -gt 20 ] && [ ${#database} -gt 20 ] || fail "no passwords to look for"
on_machine ps -eo args > "$work/ps"
for secret in "${password#*:}" "$database"; do
    if grep -rqF --exclude=disk.raw -e "$secret" "$SLIPWAY_HOME" "$work/out" "$work/err" "$work/ps"; then
        fail "a password is in a file of slipway's or in a command line"
    fi
    if on_machine sh -c 'journalctl -q --no-pager; cat /var/log/postgresql/* 2>/dev/null' | grep -qF -e "$secret"; then
        fail "a password is in a log on the machine"
    fi
done
find "$SLIPWAY_HOME/$name" -type f -perm /077 | grep . && fail "a file that others may read"
pass "no password in state, output, command lines or logs; no file that others may read"

api GET /work_pools/default/queues/urgent > "$work/out"
[ "$(field priority) $(field concurrency_limit)" = "1 2" ] || fail "queue: $(cat "$work/out")"
api GET /v2/concurrency_limits/api-calls > "$work/out"
[ "$(field limit) $(field slot_decay_per_second)" = "10 0.5" ] || fail "limit: $(cat "$work/out")"
pass "queues with priority and limit, global limits with decay"

# A run that nobody carries: PENDING in a pool that is paused. The automation crashes it after a minute.
api PATCH /work_pools/batch '{"is_paused": true}' > /dev/null
api POST /deployments/filter '{}' > "$work/out"
deployment=$(field 0.id)
api POST "/deployments/$deployment/create_flow_run" '{"state": {"type": "PENDING"}}' > "$work/out"
stuck=$(field id)
api POST "/flow_runs/$stuck/set_state" '{"state": {"type": "PENDING"}, "force": true}' > /dev/null
state=PENDING
for _ in $(seq 150); do
    api GET "/flow_runs/$stuck" > "$work/out"
    state=$(field state.type)
    [ "$state" = PENDING ] || break
    sleep 1
done
[ "$state" = CRASHED ] || fail "the run that stayed PENDING is $state"
grep -q slipway "$work/out" || fail "the state does not say who crashed it"
api PATCH /work_pools/batch '{"is_paused": false}' > /dev/null
pass "a run that stays PENDING is crashed by the automation"

# What a deployment was made as, it stays: the other would stand beside it, or hide what is there.
cp "$spec" "$work/as-made.yaml"
write_spec units 'runtime: k3s'
expect 7 "made with runtime 'systemd'" "another runtime for what is there" sw bootstrap
write_spec units 'runtime: systemd
prefect: {server: {database: sqlite}}'
expect 7 "made with database 'postgres'" "another database for what is there" sw bootstrap
cp "$work/as-made.yaml" "$spec"

# A file that was changed by hand is put right.
entered() { on_machine systemctl show -p ActiveEnterTimestampMonotonic --value "slipway-prefect-worker@$1.service"; }
on_machine sh -c 'echo "# by hand" >> /etc/slipway/worker.env'
up || { cat "$work/err" >&2; fail "bootstrap after a change by hand"; }
on_machine grep -q "by hand" /etc/slipway/worker.env && fail "the change by hand is still there"
pass "a file that was changed by hand is put right"

# Passwords, environments and the owner's mark are made again when they are gone.
default_before=$(entered default) batch_before=$(entered batch)
on_machine rm -rf /etc/slipway
up || { cat "$work/err" >&2; fail "bootstrap without /etc/slipway"; }
sw status > "$work/out" || { cat "$work/out" >&2; fail "status after /etc/slipway came back"; }
[ "$(on_machine cat /etc/slipway/owner)" = units ] || fail "the owner's mark did not come back"
sw run slipway-canary/canary --wait > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "a run with the new passwords"; }
[ "$(entered default)" != "$default_before" ] && [ "$(entered batch)" != "$batch_before" ] || fail "a worker kept the old password"
pass "what was lost in /etc/slipway is made again, new passwords reach database, server and workers"

# A pool that leaves the spec takes its unit with it.
write_spec units 'runtime: systemd
prefect:
  work_pools: [{name: default, concurrency: 6}]'
up || { cat "$work/err" >&2; fail "bootstrap with one pool less"; }
on_machine systemctl is-active slipway-prefect-worker@batch.service > "$work/out" && fail "the removed pool's worker runs"
[ "$(on_machine sh -c 'ls /etc/slipway/worker-batch.env 2>/dev/null | wc -l')" = 0 ] || fail "the removed pool's file is left"
api GET /work_pools/default > "$work/out"
[ "$(field concurrency_limit)" = 6 ] || fail "the pool's limit: $(cat "$work/out")"
pass "a pool that leaves the spec takes its worker with it, and a new limit arrives"

timed "teardown" sw teardown -y -o json > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "teardown"; }
same_as_before "teardown"
[ ! -e "$SLIPWAY_HOME/$name" ] || fail "the state directory is left"
pass "teardown leaves nothing"

for seconds in ${KILL_POINTS:-3 8 7 6}; do
    "$slipway" bootstrap -f "$spec" > /dev/null 2>&1 &
    pid=$!
    sleep "$seconds"
    kill -9 "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    echo "# killed after $seconds s at: $(tail -n 1 "$SLIPWAY_HOME/$name/journal" | cut -c 10-120)"
done
timed "the run that continues" up || { cat "$work/err" >&2; fail "bootstrap after kill -9"; }
[ "$(pgrep -fc -- "^systemd-nspawn .*--machine=sw-$name")" -le 1 ] || fail "more than one machine"
sw status > /dev/null || fail "status after kill -9"
pass "killed with -9 at four points, then continued to a COMPLETED run on one machine"
rm -f "$SLIPWAY_HOME/$name/journal"
sw teardown -y > /dev/null 2> "$work/err" || { cat "$work/err" >&2; fail "teardown without the journal"; }
same_as_before "teardown without the journal"
pass "teardown without the journal leaves nothing"
echo "$passed passed, 0 failed"
