#!/bin/sh
# platform_flows.sh: flows of the user in the runtime that RUNTIME names (systemd): a schedule that runs by itself, the
# tutorial's prefect.yaml unchanged, a second deploy that changes nothing, what leaves the spec, run, logs, runs, doctor,
# and the table of bad input: one sentence, the right exit status, nothing half-deployed.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
. "$(dirname "$0")/systemd_lib.sh"
runtime=${RUNTIME:-systemd}
name="flows-$(printf %s "$runtime" | cut -c 1-3)"
flows="$work/flows"
mkdir "$flows"
cat > "$flows/tick.py" << 'EOF'
from prefect import flow, task


@task(retries=2)
def double(x: int) -> int:
    return 2 * x


@flow(log_prints=True)
def tick(n: int = 4, word: str = "tock"):
    print(f"{word} {double(n)}")
    if n < 0:
        raise ValueError("n must not be negative")
EOF
printf 'six==1.17.0\n' > "$work/requirements.txt"
cat >> "$flows/tick.py" << 'EOF'


@flow(log_prints=True)
def with_six():
    import six

    print(f"six {six.__version__}")
EOF

spec_with() { # FLOWS_YAML
    write_spec "$name" "runtime: $runtime
prefect:
  work_pools: [{name: default, concurrency: 4, queues: [{name: urgent, priority: 1}]}]
$1"
}
deployment() { # NAME MORE
    printf 'flows:\n  source: {local: {path: flows}}\n  deployments:\n    - name: %s\n      entrypoint: tick.py:tick\n%s\n' "$1" "${2:-}"
}
begin() {
    case $runtime in
    k3s) bootstrap "$@" ;;
    *) up "$@" ;;
    esac
}

spec_with "$(deployment often '      schedules: [{interval: 15, slug: often}]
      parameters: {n: 7}
      queue: urgent
      tags: [e2e]
      concurrency: {limit: 3, collision: enqueue}')"
timed "bootstrap with flows" begin || { cat "$work/err" >&2; fail "bootstrap"; }
from=$(milliseconds)
sw deploy > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "deploy"; }
grep -q "unchanged *tick/often" "$work/out" || fail "a deploy after bootstrap: $(cat "$work/out")"
pass "bootstrap deployed the flows; a deploy after it changes nothing"

sw run tick/often -p n=21 -p word=answer --wait > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "run"; }
grep -q "answer 42" "$work/out" || fail "the run's log: $(cat "$work/out")"
pass "run --wait shows the run's own words"
id=$(head -n 1 "$work/out" | cut -d ' ' -f 1)
sw logs "$id" > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "logs RUN"; }
[ "$(grep -c "answer 42" "$work/out")" = 1 ] || fail "logs RUN: $(cat "$work/out")"
pass "logs RUN has each line once"
expect 5 "FAILED|Failed" "a run that fails" sw run tick/often -p n=-1 --wait
expect 2 "'n' is a whole number" "a parameter of the wrong type" sw run tick/often -p n=many
expect 2 "often" "an unknown deployment" sw run tick/oftne

# By itself, at least twice.
done_by_schedule=0
for _ in $(seq 120); do
    sw runs -o json --limit 100 > "$work/out" 2> /dev/null || true
    done_by_schedule=$(python3 -c 'import json, sys
rows = json.load(open(sys.argv[1]))["runs"]
print(sum(r["state_type"] == "COMPLETED" and r.get("auto_scheduled", False) for r in rows))' "$work/out")
    [ "$done_by_schedule" -ge 2 ] && break
    sleep 1
done
[ "$done_by_schedule" -ge 2 ] || { cat "$work/out"; fail "the schedule made $done_by_schedule runs"; }
pass "the schedule ran by itself: $done_by_schedule runs COMPLETED, $(($(milliseconds) / 1000 - from / 1000)) s after the deploy"

# The real UI with the completed run, as a person sees it; the picture stays out of the tree.
if [ "$runtime" = systemd ]; then
    "$slipway" open -f "$spec" > "$work/url" 2> "$work/err" &
    pid=$!
    for _ in $(seq 100); do grep -q http "$work/url" && break; sleep 0.1; done
    run_name=$(sw runs -o json --state completed --limit 1 2> /dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)["runs"][0]["name"])')
    mkdir -p "$root/build"
    on_machine head -n 1 /etc/slipway/passwords |
        /usr/bin/python3 "$here/ui_screenshot.py" "$(cat "$work/url")" "$root/build/ui.png" "$run_name" Completed > "$work/out" 2>&1 || { cat "$work/out"; fail "the UI in a browser"; }
    kill -INT "$pid"
    wait "$pid" || true
    pid=
    pass "the UI shows run $run_name as Completed: build/ui.png ($(stat -c %s "$root/build/ui.png") bytes)"
fi

# What changes, and what leaves.
spec_with "$(deployment often '      schedules: [{interval: 3600, slug: often}]
      parameters: {n: 8}')
$(printf '    - name: second\n      entrypoint: tick.py:with_six\n      requirements: requirements.txt\n')"
if [ "$runtime" = k3s ]; then
    # Pods do not trust the proxy that stands between here and PyPI: the wheel lies on the machine, where they see it.
    env -u PIP_FIND_LINKS python3 -m pip download -q --no-deps -d "$work" six==1.17.0
    put_wheel() {
        on_machine sh -c 'mkdir -p /var/lib/slipway/flows/e2e && cat > "/var/lib/slipway/flows/e2e/$1"' put six-1.17.0-py2.py3-none-any.whl < "$work/six-1.17.0-py2.py3-none-any.whl"
    }
    put_wheel
    printf -- '--no-index\n/var/lib/slipway/flows/e2e/six-1.17.0-py2.py3-none-any.whl\n' > "$work/requirements.txt"
fi
sw deploy > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "deploy"; }
grep -qE "changed *tick/often: .*(parameters.*schedules|schedules.*parameters)" "$work/out" || fail "what changed: $(cat "$work/out")"
grep -qE "created *with-six/second" "$work/out" || fail "what was made: $(cat "$work/out")"
# A deploy tidies the folders that no deployment uses.
[ "$runtime" = systemd ] || put_wheel
pass "deploy says what it changed: $(grep changed "$work/out")"
sw run with-six/second --wait > "$work/out" 2> "$work/err" || { cat "$work/err" "$work/out" >&2; fail "run with requirements"; }
grep -q "six 1.17.0" "$work/out" || { cat "$work/out" >&2; fail "the run did not see its package"; }
pass "a deployment with requirements of its own"
sw doctor > "$work/out" 2>&1 || { cat "$work/out" >&2; fail "doctor"; }
pass "doctor: all is well"
spec_with "$(deployment often)"
sw deploy > "$work/out" 2> "$work/err" || fail "deploy"
grep -qE "removed *with-six/second" "$work/out" || fail "what left the spec is not named: $(cat "$work/out")"
sw deploy --prune > "$work/out" 2> "$work/err" || fail "deploy --prune"
grep -qE "deleted *with-six/second" "$work/out" || fail "prune: $(cat "$work/out")"
sw deploy > "$work/out" 2> "$work/err" || fail "deploy"
grep -q second "$work/out" && fail "it is still there"
pass "what leaves the spec is named, and deleted with --prune"

# Bad input, one at a time: nothing of it may reach the server. Beside the bad one stands a good one.
spec_with ''
cp "$spec" "$work/plain.yaml"
good="$(printf '    - name: beside\n      entrypoint: tick.py:tick\n')"
refused() { # STATUS PATTERN LABEL
    expect "$1" "$2" "$3" sw deploy
    [ "$(grep -c . "$work/err")" -le 3 ] || { cat "$work/err" >&2; fail "$3: more than one sentence"; }
    "$slipway" run -f "$work/plain.yaml" tick/beside > "$work/out" 2> "$work/err" && fail "$3: half of it was deployed"
    grep -q "no deployment" "$work/err" || { cat "$work/err" >&2; fail "$3: the server does not answer"; }
}
spec_with "$(deployment often '      pool: fast')
$good"
refused 2 "fast" "an unknown pool"
spec_with "$(deployment often '      schedules: [{cron: "61 * * * *"}]')
$good"
refused 2 "61" "a bad cron"
spec_with "$(deployment often)
$good
$(printf '    - name: wrong\n      entrypoint: tick.py:tock\n')"
refused 2 "tock" "a wrong entrypoint"
printf 'from prefect import flow\n\n\n@flow\ndef broken(:\n    pass\n' > "$flows/broken.py"
spec_with "$(deployment often)
$good
$(printf '    - name: wrong\n      entrypoint: broken.py:broken\n')"
refused 2 "broken.py:5" "a syntax error in a flow"
rm "$flows/broken.py"
spec_with "$(deployment often)
$good
$(printf '    - name: wrong\n      entrypoint: a.py:b\n      source: {git: {url: "https://127.0.0.1:9/none.git"}}\n')"
refused 5 "127.0.0.1" "an unreachable git host"

# The tutorial's own prefect.yaml, not a byte changed.
cp -r "$root/examples/flows" "$work/tutorial"
spec_with 'flows: {from: tutorial/prefect.yaml}'
sw deploy --prune > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "deploy of prefect.yaml"; }
grep -qE "created *etl/hourly" "$work/out" || fail "prefect.yaml: $(cat "$work/out")"
sw run etl/hourly -p rows=20 --wait > "$work/out" 2> "$work/err" || { cat "$work/err" "$work/out" >&2; fail "run of etl/hourly"; }
sw deploy > "$work/out" 2> "$work/err" || fail "second deploy of prefect.yaml"
grep -qE "unchanged *etl/hourly" "$work/out" || fail "the second deploy: $(cat "$work/out")"
diff -r "$root/examples/flows" "$work/tutorial" > "$work/out" || { cat "$work/out"; fail "the folder was changed"; }
pass "the tutorial's prefect.yaml is deployed unchanged, runs, and a second deploy changes nothing"
echo "$passed passed, 0 failed"
