#!/bin/bash
# artifacts pull against mirrors: Ctrl-C and going on, a full disk, changed bytes. Needs a mount namespace for the
# full disk.
set -eu
if [ -z "${ARTIFACT_INSIDE:-}" ]; then
    user=
    [ "$(id -u)" -eq 0 ] || user=--map-root-user
    export ARTIFACT_INSIDE=1
    # shellcheck disable=SC2086 # an option or nothing
    exec unshare --mount --fork --kill-child --pid --mount-proc $user "$0" "$@"
fi
here=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'umount "$dir/small" 2>/dev/null || :; rm -rf "$dir"' EXIT
export SLIPWAY_HOME=$dir/home SLIPWAY_CACHE=$dir/cache DOCKER_CONFIG=$dir HOME=$dir
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
cd "$dir"

fail() {
    echo "FAIL: $*" >&2
    cat out err >&2
    exit 1
}

# want STATUS ARGS...: run slipway, leave its output in the files out and err.
want() {
    local status=0 wanted=$1
    shift
    "$SLIPWAY" "$@" >out 2>err || status=$?
    [ "$status" -eq "$wanted" ] || fail "slipway $*: exit status $status, not $wanted"
}

mkdir mirror
head -c 3000000 /dev/zero | tr '\0' k >mirror/k3s.bin
sum=$(sha256sum <mirror/k3s.bin | cut -d' ' -f1)
: >log
/usr/bin/python3 "$here/tests/unit/artifact/fileserver.py" mirror log >port &
for _ in $(seq 100); do
    [ -s port ] && break
    sleep 0.1
done
mirror=http://127.0.0.1:$(cat port)

# spec HOW: a spec whose only mirror serves in that way, and a lock with one file of 3 MB.
spec() {
    printf 'apiVersion: slipway/v1\nname: flows\nprovider: {local: {}}\nartifacts: {mirrors: ["%s/%s"]}\n' \
        "$mirror" "$1" >slipway.yaml
    SUM=$sum /usr/bin/python3 - >slipway.lock <<'END'
import json, os
row = {"version": "v1.34.2+k3s1", "arch": "amd64", "sha256": os.environ["SUM"], "size": 3000000}
print(json.dumps({"version": 1, "images": [], "files": [dict(row, name="k3s", file="k3s.bin")],
    "versions": {"k3s": "v1.34.2+k3s1", "helm": "v3.19.0", "prefect": "3.8.3", "charts": "1"}}))
END
}

# Ctrl-C while the server is silent: 130, and the bytes so far stay for the next run.
spec stall
"$SLIPWAY" artifacts pull --out all --arch amd64 >out 2>err &
child=$!
for _ in $(seq 100); do
    [ "$(stat -c %s "cache/artifacts/$sum/k3s.bin.part" 2>/dev/null || echo 0)" -eq 1000 ] && break
    sleep 0.1
done
kill -INT $child
status=0
wait $child || status=$?
[ "$status" -eq 130 ] || fail "Ctrl-C: exit status $status"
[ -s "cache/artifacts/$sum/k3s.bin.part" ] || fail 'the partial file is gone'
[ -z "$(find . -name k3s.bin -not -path './mirror/*')" ] || fail 'half a file has the final name'

# The next run goes on behind it (and ends for what this lock does not have).
spec ok
want 2 artifacts pull --out all --arch amd64
grep -q "has no 'k3s-images' for amd64" err || fail 'what is missing is named'
grep -q '^/ok/k3s.bin range=bytes=1000- ' log || fail "not resumed: $(cat log)"
cmp mirror/k3s.bin all/k3s.bin || fail 'the resumed file differs'

# A full disk: one sentence, exit 1, nothing half.
mkdir small
mount -t tmpfs -o size=1m tmpfs small
SLIPWAY_CACHE=$dir/small want 1 artifacts pull --out none --arch amd64
grep -q 'No space left on device' err || fail 'a full disk is not named'
[ -z "$(find small -type f)" ] || fail "left on the full disk: $(find small -type f)"

# Changed bytes of the right size at every source.
rm -rf cache
spec wrong
want 7 artifacts pull --out none --arch amd64
grep -q "want sha256 $sum, got " err || fail 'want and got are not named'
[ ! -e none ] || fail 'an empty directory is left'
echo 'artifact_pull: ok'
