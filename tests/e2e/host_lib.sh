# Shared by machine_lib.sh and aws_platform.sh: is this host as it was? The caller has `snapshot`, which lists it and closes
# with "# forwarding" where nobody else's machine needs that, the first list in $work/before, and `fail`.

milliseconds() {
    echo $(($(date +%s%N) / 1000000))
}

same_list() {
    snapshot > "$work/after"
    # A machine of somebody else may have begun or ended between: compare what both lists can know.
    if ! grep -q forwarding "$work/before" || ! grep -q forwarding "$work/after"; then
        sed -i '/^# forwarding/,$d' "$work/before" "$work/after"
    fi
    diff "$work/before" "$work/after" > "$work/differs"
}

# A program that dies with its killed parent may be on its way out, and somebody else's machine be half gone.
host_as_before() { # LABEL
    tries=0
    until same_list; do
        tries=$((tries + 1))
        [ "$tries" -lt 50 ] || { cat "$work/differs" >&2; fail "$1: the host differs (above: < before, > after)"; }
        sleep 0.1
    done
}
