#!/bin/sh
# platform_recovery.sh [RUNTIME]: the machine rebooted, and server, worker and database killed, TIMES times each (10): every
# time the platform comes back without a hand and a canary run completes. Prints the seconds.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
. "$(dirname "$0")/systemd_lib.sh"
runtime=${RUNTIME:-systemd} times=${TIMES:-10}
write_spec "recover-$(printf %s "$runtime" | cut -c 1-3)" "runtime: $runtime"
case $runtime in
systemd) up || { cat "$work/err" >&2; fail "bootstrap"; } ;;
*) bootstrap || { cat "$work/err" >&2; fail "bootstrap"; } ;;
esac

kill_main() { on_machine sh -c 'pid=$(systemctl show -p MainPID --value "$1"); [ "$pid" -gt 1 ] && kill -9 "$pid"' kill "$1"; }
kill_systemd_server() { kill_main slipway-prefect-server.service; }
kill_systemd_worker() { kill_main slipway-prefect-worker@default.service; }
kill_systemd_database() { kill_main postgresql@15-slipway.service; }
# By the process and not by the pod: nobody tells Kubernetes.
kill_k3s_server() { on_machine pkill -9 -f 'prefect server start'; }
kill_k3s_worker() { on_machine pkill -9 -f 'prefect worker start'; }
kill_k3s_database() { on_machine pkill -9 -u 999 -o postgres; }
reboot_machine() {
    before=$(on_machine cat /proc/sys/kernel/random/boot_id)$(on_machine systemctl show -p UserspaceTimestampMonotonic)
    on_machine systemctl reboot > /dev/null 2>&1 || true
    for _ in $(seq 240); do
        now=$(on_machine cat /proc/sys/kernel/random/boot_id 2> /dev/null)$(on_machine systemctl show -p UserspaceTimestampMonotonic 2> /dev/null) || now=
        [ -n "$now" ] && [ "$now" != "$before" ] && return 0
        sleep 0.25
    done
    fail "the machine did not come back from a reboot"
}

recovered() { # label
    # Until the platform says that it is well; a look in the middle of a start may itself fail.
    well=
    for _ in $(seq 180); do
        if sw status > "$work/status" 2>&1; then
            well=1
            break
        fi
        sleep 0.5
    done
    [ "$well" ] || { cat "$work/status" >&2; fail "$1: not well after its time"; }
    sw run slipway-canary/canary --wait --timeout 120 > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "$1: the canary run"; }
}

for what in server worker database reboot; do
    : > "$work/figures"
    for i in $(seq "$times"); do
        from=$(milliseconds)
        if [ $what = reboot ]; then
            reboot_machine
        else
            "kill_${runtime}_$what"
        fi
        recovered "$what, time $i"
        echo $(($(milliseconds) - from)) >> "$work/figures"
    done
    pass "$what: $times of $times recovered, seconds to a completed run: $(sort -n "$work/figures" | awk '
        { v[NR] = $1 / 1000 } END { printf "min %.1f, median %.1f, max %.1f", v[1], v[int((NR + 1) / 2)], v[NR] }')"
done
sw doctor > "$work/out" 2>&1 || { cat "$work/out" >&2; fail "doctor after all that"; }
pass "doctor finds nothing wrong afterwards"
echo "$passed passed, 0 failed"
