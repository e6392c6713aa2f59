# Shared by machine_*.sh: builds the driver, works in a directory of its own, compares the host before and after.
# MACHINE_DRIVER names a driver that is built already.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d /tmp/slipway-machine.XXXXXX)
export SLIPWAY_HOME="$work/home"
# The image is kept between runs unless the caller wants to see it made.
export SLIPWAY_CACHE="${SLIPWAY_CACHE:-$work/cache}"
spec="$work/slipway.yaml"
passed=0
. "$here/host_lib.sh"

fail() {
    echo "FAIL: $*" >&2
    [ -z "${name:-}" ] || tail -n 20 "$SLIPWAY_HOME/$name/console.log" >&2 2>/dev/null || true
    exit 1
}

pass() {
    passed=$((passed + 1))
    echo "ok $passed - $*"
}

build_driver() {
    driver=${MACHINE_DRIVER:-}
    [ -z "$driver" ] || return 0
    driver="$work/driver"
    make -s -j2 -C "$root" build/release/libslipway.a
    (cd "$root" && "${CC:-gcc}" -std=gnu17 -D_GNU_SOURCE -O1 -Iprovisioner -o "$driver" tests/e2e/machine_driver.c \
        build/release/libslipway.a -lcurl -lssh2 -ljansson -lyaml -lmbedcrypto -lexpat)
}

# What a machine could leave behind. The image cache and the directory of the test are looked at on their own. Machines
# of other deployments on this host may come and go meanwhile: their link and id are not ours.
snapshot() {
    ours=$(printf %s "$SLIPWAY_HOME/$name" | sha256sum | cut -c 1-8)
    {
        echo "# namespaces"; ip netns list | cut -d ' ' -f 1
        echo "# links"; ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/'
        echo "# routes"; ip -4 route show table all
        echo "# iptables"; iptables -S 2>/dev/null; iptables -t nat -S 2>/dev/null
        echo "# nft"; nft list tables 2>/dev/null | grep slipway
        echo "# mounts"; cut -d ' ' -f 1,2 /proc/mounts | grep -e "$work" -e "$ours"
        echo "# loop devices"; losetup -a | grep "$work"
        echo "# processes"; pgrep -fa "$work/home"; pgrep -fa -- "$ours"
    } | OURS=$ours awk '
        match($0, /sw(-[a-z0-9-]+-)?[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]/) && !index($0, ENVIRON["OURS"]) { next }
        { print }' || true
    # The last machine of all restores it.
    if ! ip netns list | grep '^sw-' | grep -qv "$ours"; then
        echo "# forwarding"; cat /proc/sys/net/ipv4/ip_forward
        find /run/slipway -mindepth 1 ! -name network.lock 2>/dev/null || true
    fi
}

timed() { # label, command...
    label=$1
    shift
    from=$(milliseconds)
    timed_status=0
    "$@" || timed_status=$?
    # Not to stdout, which may be a document.
    echo "# $label: $(($(milliseconds) - from)) ms" >&2
    return "$timed_status"
}

same_as_before() { # label
    host_as_before "$1"
    for left in disk.raw disk.raw.tmp seed root user-data known_host console.log; do
        [ ! -e "$SLIPWAY_HOME/$name/$left" ] || fail "$1: '$left' is left"
    done
}

down() {
    left=$("$driver" down "$spec" 2> "$work/err") || fail "down: $(cat "$work/err")"
    [ "$left" = "[]" ] || fail "down left $left"
}

finish() {
    "$driver" down "$spec" > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
