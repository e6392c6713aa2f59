#!/bin/sh
# What goes wrong, for real: each ends with the right exit status, one sentence that names the cause, evidence where there
# is a machine, and can be continued. One deployment is driven through all of them.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
use_artifacts="$work/artifacts"
mkdir "$use_artifacts"
cp -l "$artifacts"/* "$use_artifacts/" 2> /dev/null || cp "$artifacts"/* "$use_artifacts/"
state="$SLIPWAY_HOME/fail"
bootstrap_to_files() { "$slipway" bootstrap -f "$spec" --artifacts "$use_artifacts"; }

evidence() { # LABEL: the newest bundle holds what went wrong and the machine's own words
    dir=$(find "$state/evidence" -mindepth 1 -maxdepth 1 | sort | tail -n 1)
    [ -s "$dir/error.txt" ] && [ -s "$dir/console.txt" ] && [ -s "$dir/disk.txt" ] || fail "$1: no evidence in '$dir'"
    rm -rf "$dir"
}

# --- before there is a machine
write_spec fail 'machine: {disk_gib: banana}'
expect 2 "slipway.yaml:4:[0-9]+: .*banana" "broken spec" bootstrap_to_files
[ ! -e "$state" ] || fail "a broken spec made a state directory"

write_spec fail
mkdir -p "$SLIPWAY_HOME"
mkdir -m 0700 "$state"
python3 -c 'import sys, zlib
text = b"{\"k\":\"open\",\"name\":\"fail\",\"t\":1,\"version\":99}"
sys.stdout.buffer.write(b"%08x %s\n" % (zlib.crc32(text), text))' > "$state/journal"
cp "$state/journal" "$work/newer"
for command in "bootstrap --artifacts $use_artifacts" "teardown -y" status; do
    # shellcheck disable=SC2086 # words
    expect 7 "format version 99" "newer journal, $command" "$slipway" $command -f "$spec"
done
cmp -s "$state/journal" "$work/newer" || fail "a newer journal was touched"
rm -rf "$state"

# --- an altered byte in any artifact: one after the other, each at the step that uses it
alter() { # FILE
    cp --remove-destination "$artifacts/$1" "$use_artifacts/$1"
    python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(-1000, 2)
    byte = f.read(1)
    f.seek(-1000, 2)
    f.write(bytes([byte[0] ^ 1]))' "$use_artifacts/$1"
}
altered() { # FILE
    alter "$1"
    expect 7 "'$(printf %s "$1" | sed 's/[.+]/\\&/g')' has other bytes" "altered byte" bootstrap_to_files
    evidence "altered $1"
    ln -f "$artifacts/$1" "$use_artifacts/$1" 2> /dev/null || cp "$artifacts/$1" "$use_artifacts/$1"
}
altered k3s-v1.21.2+k3s1-amd64
altered rancher_coredns-coredns_1.8.3.tar.zst

# --- one writer at a time; Ctrl-C stops in order
"$slipway" bootstrap -f "$spec" --artifacts "$use_artifacts" > /dev/null 2> "$work/first" &
pid=$!
# It looks at what it can before it takes the lock: until then teardown would be the one writer.
for _ in $(seq 200); do
    grep -qsw "$pid" "$SLIPWAY_HOME/$name/lock" && break
    sleep 0.05
done
status=0
sw teardown -y > "$work/out" 2> "$work/err" || status=$?
[ "$status" -eq 7 ] || fail "lock: exit status $status"
grep -qE "another slipway works on this deployment: 'bootstrap', pid $pid on" "$work/err" || fail "lock: $(cat "$work/err")"
pass "occupied lock: $(cat "$work/err" | head -n 1)"
kill -INT "$pid"
status=0
wait "$pid" || status=$?
[ "$status" -eq 130 ] || { cat "$work/first" >&2; fail "Ctrl-C gave exit status $status"; }
grep -q 'goes on from here' "$work/first" || fail "Ctrl-C: no hint how to go on"
pass "Ctrl-C once: exit status 130 and how to go on"

# --- K3s
write_spec fail 'k3s: {config: {no-such-key: true}}'
expect 5 "k3s.config holds a key that this K3s does not know" "K3s that cannot start" bootstrap_to_files
evidence "K3s that cannot start"
write_spec fail 'k3s: {config: {flannel-backend: none}}
timeouts: {k3s: 75}'
alter postgres-15-bookworm.tar
expect 7 "'postgres-15-bookworm.tar' has other bytes" "altered image archive" bootstrap_to_files
ln -f "$artifacts/postgres-15-bookworm.tar" "$use_artifacts/" 2> /dev/null || cp "$artifacts/postgres-15-bookworm.tar" "$use_artifacts/"
expect 6 "K3s node Ready: not after [0-9]+ s; last seen: node" "K3s that never gets Ready" bootstrap_to_files
evidence "K3s that never gets Ready"
grep -q . "$state/run.log" || fail "no log of the run"

# --- an image that does not exist: the node is asked to pull it
write_spec fail
python3 - "$use_artifacts/slipway.lock" <<'PY'
import json, os, sys
path = sys.argv[1]
lock = json.load(open(path))
for image in lock["images"]:
    if image["role"] == "prefect-worker":
        for key in ("file", "sha256", "size"):
            del image[key]
        image["ref"] = "registry.invalid/nobody/nothing:1"
        image["digest"] = "sha256:" + "0" * 64
os.unlink(path)
json.dump(lock, open(path, "w"))
PY
expect 5 "image 'registry.invalid/nobody/nothing:1'" "an image that does not exist" bootstrap_to_files
evidence "an image that does not exist"
cp --remove-destination "$artifacts/slipway.lock" "$use_artifacts/slipway.lock"

altered prefect-server-2026.8.18172642.tgz
alter helm-v3.22.0-linux-amd64.tar.gz
cp --remove-destination "$artifacts/helm-v3.22.0-linux-amd64.tar.gz" "$use_artifacts/"
altered prefect-worker-2026.8.18172642.tgz
bootstrap_to_files > /dev/null 2> "$work/err" || { cat "$work/err" >&2; fail "the run after all that"; }
pass "after all that, bootstrap ends with a COMPLETED flow run"

# --- a wrong database password: the Secret is lost, the volume is not
on_machine sh -c 'k3s kubectl -n prefect delete secret prefect-postgres && k3s kubectl -n prefect delete pod -l app.kubernetes.io/name=prefect-server --wait=false' > /dev/null
expect 5 "the database refused the password" "wrong database password" bootstrap_to_files
evidence "wrong database password"

# --- a disk that fills up on the machine
on_machine sh -c 'k3s ctr -n k8s.io images rm docker.io/prefecthq/prefect:3.8.3-python3.11 >/dev/null; free=$(df --output=avail -B1 /var/lib | tail -n 1); fallocate -l $((free - 20000000)) /var/lib/filler'
sed -i 's/3.8.3-python3.11"/3.8.3-python3.11-other"/' "$use_artifacts/slipway.lock"
expect 5 "disk is full|no space left" "a full disk on the machine" bootstrap_to_files
evidence "a full disk on the machine"

# --- a machine that shows another host key
on_machine sh -c 'ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/new </dev/null && mv /etc/ssh/new /etc/ssh/ssh_host_ed25519_key && mv /etc/ssh/new.pub /etc/ssh/ssh_host_ed25519_key.pub && systemctl restart ssh' || true
expect 7 "SHA256:[A-Za-z0-9+/]{43}.*SHA256:[A-Za-z0-9+/]{43}" "another host key" sw ssh -- true

sw teardown -y > /dev/null 2> "$work/err" || { cat "$work/err" >&2; fail "teardown"; }

# --- rollback
write_spec fail 'on_failure: rollback'
alter k3s-v1.21.2+k3s1-amd64
expect 7 "has other bytes" "on_failure: rollback" bootstrap_to_files
ours=$(printf %s "$state" | sha256sum | cut -c 1-8)
! ip netns list | grep -q "$ours" && [ ! -e "$state/disk.raw" ] || fail "rollback left the machine"
[ -n "$(find "$state/evidence" -name error.txt)" ] || fail "rollback threw the evidence away"
pass "rollback removed the machine and kept the evidence"
echo "$passed passed, 0 failed"
