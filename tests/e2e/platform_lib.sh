# Shared by platform_*.sh: the executable, the lab's artifacts, small assertions. On top of machine_lib.sh.
slipway="${SLIPWAY:-$root/build/release/slipway}"
artifacts="${SLIPWAY_ARTIFACTS:-$root/build/lab-artifacts}"

# spec NAME [MORE YAML]: a spec in the work directory.
write_spec() {
    name=$1
    printf 'apiVersion: slipway/v1\nname: %s\nprovider: {local: {driver: nspawn}}\n%s\n' "$name" "${2:-}" > "$spec"
}

sw() { # COMMAND ARGS...: with the spec of the work directory
    command=$1
    shift
    "$slipway" "$command" -f "$spec" "$@"
}

bootstrap() {
    sw bootstrap --artifacts "${use_artifacts:-$artifacts}" -o json "$@" > "$work/out" 2> "$work/err"
}

# field PATH: of the last JSON document
field() {
    python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(json.dumps(value) if isinstance(value, (dict, list, bool)) else value)' "$work/out" "$1"
}

# expect STATUS PATTERN LABEL COMMAND...: the exit status and one line that matches
expect() {
    want=$1 pattern=$2 label=$3
    shift 3
    status=0
    "$@" > "$work/out" 2> "$work/err" || status=$?
    [ "$status" -eq "$want" ] || { cat "$work/err" >&2; fail "$label: exit status $status, not $want"; }
    grep -qE -- "$pattern" "$work/err" "$work/out" || { cat "$work/err" >&2; fail "$label: nothing says '$pattern'"; }
    pass "$label: $(grep -hE -m1 -- "$pattern" "$work/err" "$work/out" | cut -c 1-200)"
}

on_machine() {
    sw ssh -- sudo -n "$@"
}

finish() {
    # A run that still holds the lock would keep teardown out.
    [ -z "${pid:-}" ] || kill -9 "$pid" 2> /dev/null || true
    if [ -z "${KEEP:-}" ] && [ -e "$spec" ]; then
        sw teardown -y > /dev/null 2>&1 || true
    fi
    rm -rf "$work"
}
