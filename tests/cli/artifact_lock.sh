#!/bin/bash
# lock and artifacts pull with the real names of the registry and the release hosts: a network and mount namespace
# whose hosts file names servers on loopback, with certificates of a CA of our own.
set -eu
if [ -z "${ARTIFACT_INSIDE:-}" ]; then
    user=
    [ "$(id -u)" -eq 0 ] || user=--map-root-user
    export ARTIFACT_INSIDE=1
    # shellcheck disable=SC2086 # an option or nothing
    exec unshare --mount --net --fork --kill-child --pid --mount-proc $user "$0" "$@"
fi
here=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# The pid namespace ends every server with this script.
export SLIPWAY_HOME=$dir/home SLIPWAY_CACHE=$dir/cache DOCKER_CONFIG=$dir HOME=$dir
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY SSL_CERT_DIR CURL_CA_BUNDLE
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

# json FILE FILTER: a Python expression over the document d.
json() {
    /usr/bin/python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(0 if eval(sys.argv[2]) else 1)' \
        "$1" "$2" || fail "not so: $2"
}

ip link set lo up
cat >hosts <<END
127.0.0.1 localhost registry-1.docker.io
127.0.0.2 github.com get.helm.sh prefecthq.github.io
END
mount --bind hosts /etc/hosts
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=test -keyout key -out cert \
    -addext subjectAltName=DNS:registry-1.docker.io,DNS:github.com,DNS:get.helm.sh,DNS:prefecthq.github.io 2>err
export SSL_CERT_FILE=$dir/cert

# The release hosts: one tree.
k3s='site/k3s-io/k3s/releases/download/v1.99.9+k3s1'
charts=site/prefect-helm/charts
mkdir -p "$k3s" $charts
for f in k3s k3s-arm64 k3s-airgap-images-amd64.tar.zst k3s-airgap-images-arm64.tar.zst; do
    echo "bytes of $f" >"$k3s/$f"
done
(cd "$k3s" && sha256sum k3s k3s-airgap-images-amd64.tar.zst >sha256sum-amd64.txt)
for arch in amd64 arm64; do
    echo "helm for $arch" >site/helm-v3.99.7-linux-$arch.tar.gz
    (cd site && sha256sum helm-v3.99.7-linux-$arch.tar.gz >helm-v3.99.7-linux-$arch.tar.gz.sha256sum)
done
for c in server worker; do
    echo "chart $c" >"$charts/prefect-$c-2026.8.18172642.tgz"
done
cat >site.py <<'END'
import functools, http.server, ssl
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.2", 443), functools.partial(Quiet, directory="site"))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert", "key")
server.socket = context.wrap_socket(server.socket, server_side=True)
open("site.ready", "w").close()
server.serve_forever()
END
/usr/bin/python3 site.py 2>site.log &

# The registry: images from the unit tests' helper, under the names that the spec's versions lead to.
mkdir reg
/usr/bin/python3 "$here/tests/unit/artifact/registry.py" "$dir/reg" >ports 2>reg.log &
for _ in $(seq 100); do
    [ -s ports ] && [ -e site.ready ] && break
    sleep 0.1
done
[ -s ports ] || { cat reg.log >&2; exit 1; }
read -r port _ <ports
copy() {
    skopeo --insecure-policy copy -q --all --src-tls-verify=false --dest-tls-verify=false \
        "docker://127.0.0.1:$port/$1" "docker://127.0.0.1:$port/$2"
}
copy library/postgres:17 library/postgres:17-bookworm
copy library/postgres:17 prefecthq/prefect:3.99.9-python3.11
copy docker/list:1 prefecthq/prefect:3.99.9-python3.11-kubernetes
cat >registry.yml <<END
version: 0.1
http: {addr: "127.0.0.1:443", secret: x, tls: {certificate: $dir/cert, key: $dir/key}}
storage: {filesystem: {rootdirectory: $dir/reg/store}}
END
docker-registry serve registry.yml >registry.log 2>&1 &
for _ in $(seq 100); do
    grep -q 'listening on' registry.log && break
    sleep 0.1
done

cat >slipway.yaml <<END
apiVersion: slipway/v1
name: flows
provider: {local: {}}
k3s: {version: v1.99.9+k3s1}
helm: {version: v3.99.7}
prefect: {version: 3.99.9}
END

want 2 plan
grep -q 'slipway lock' err || fail 'a version without a pin names the remedy'

want 0 lock
[ "$(cat out)" = ./slipway.lock ] || fail 'the path of the lock'
[ "$(stat -c %a slipway.lock)" = 644 ] || fail 'mode of the lock'
grep -q "k3s-v1.99.9+k3s1-amd64: trusted on first use; agrees with the publisher's checksum" err || fail 'cross-check'
grep -q 'k3s-v1.99.9+k3s1-arm64: trusted on first use; the published checksums were not reached' err || fail 'no sums'
grep -q "helm-v3.99.7-linux-arm64.tar.gz: trusted on first use; agrees" err || fail 'cross-check of helm'
json slipway.lock 'd["versions"] == {"k3s": "v1.99.9+k3s1", "helm": "v3.99.7", "prefect": "3.99.9", "charts": "2026.8.18172642"}'
json slipway.lock 'len(d["files"]) == 8 and len(d["images"]) == 6'
sum=$(sha256sum <"$k3s/k3s-arm64" | cut -d' ' -f1)
json slipway.lock "[f['sha256'] for f in d['files'] if f['name'] == 'k3s' and f['arch'] == 'arm64'] == ['$sum']"
digest=$(skopeo inspect --tls-verify=false --override-arch arm64 --raw \
    "docker://127.0.0.1:$port/library/postgres:17-bookworm" |
    /usr/bin/python3 -c 'import json,sys; print([m["digest"] for m in json.load(sys.stdin)["manifests"] if m["platform"]["architecture"] == "arm64"][0])')
json slipway.lock "[i['digest'] for i in d['images'] if i['role'] == 'postgres' and i['arch'] == 'arm64'] == ['$digest']"

# Again: the same bytes, and nothing is trusted anew.
cp slipway.lock first.lock
rm -rf cache
want 0 lock -o json
cmp first.lock slipway.lock || fail 'a second lock differs'
json out 'd["lock"] == "./slipway.lock" and len(d["files"]) == 8'
grep -q 'digest kept from the lock that was there' err || fail 'the old digest is kept'

# A tag that moved is told.
copy docker/list:1 library/postgres:17-bookworm
want 0 lock
grep -q 'docker.io/library/postgres:17-bookworm (amd64): now sha256:.* was sha256:' err || fail 'a moved tag'

# The charts' pins are of the published ones: let the lock demand ours, then pull everything.
/usr/bin/python3 - <<'END'
import hashlib, json
d = json.load(open("slipway.lock"))
for f in d["files"]:
    if f["name"].startswith("chart"):
        f["sha256"] = hashlib.sha256(open("site/prefect-helm/charts/" + f["file"], "rb").read()).hexdigest()
        del f["size"]
json.dump(d, open("slipway.lock", "w"))
END
want 0 artifacts pull --out all --arch amd64
want 0 artifacts pull --out all --arch arm64
[ -z "$(find all -name '*.tmp' -o -name .blobs)" ] || fail 'something half is left'
json all/slipway.lock 'len(d["files"]) == 8 and len(d["images"]) == 6 and all("file" in i for i in d["images"])'
for arch in amd64 arm64; do
    for f in all/*-"$arch".oci.tar; do
        [ "$(skopeo inspect --override-arch $arch --format '{{.Architecture}}' "oci-archive:$f")" = $arch ] ||
            fail "skopeo does not read $f"
    done
done
/usr/bin/python3 - <<'END' || fail 'a file is not what the lock says'
import hashlib, json
d = json.load(open("all/slipway.lock"))
for row in d["files"] + d["images"]:
    data = open("all/" + row["file"], "rb").read()
    assert hashlib.sha256(data).hexdigest() == row["sha256"] and len(data) == row["size"], row
END

# A release whose bytes are not what its publisher's checksum says is not locked.
mkdir other
sed 's/v3.99.7/v3.99.6/' slipway.yaml >other/slipway.yaml
echo changed >site/helm-v3.99.6-linux-amd64.tar.gz
echo "$sum  helm-v3.99.6-linux-amd64.tar.gz" >site/helm-v3.99.6-linux-amd64.tar.gz.sha256sum
want 7 lock -f other/slipway.yaml
grep -q "the publisher's checksum is $sum" err || fail 'the publisher disagrees'
[ ! -e other/slipway.lock ] || fail 'a lock was written all the same'

# Changed bytes of a locked release.
echo other >"$k3s/k3s"
rm -rf cache
want 7 artifacts pull --out fresh --arch amd64
grep -q 'want sha256 .* got' err || fail 'changed bytes'
[ ! -e fresh ] || fail 'changed bytes were stored'

# The directory stands alone; a spec that asks for something else is told so.
sed '$a artifacts: {dir: all}' slipway.yaml >offline.yaml
want 0 plan -f offline.yaml
want 0 artifacts pull -f offline.yaml --out copy --arch amd64
printf x | dd of="all/helm-v3.99.7-linux-amd64.tar.gz" conv=notrunc status=none
rm -rf copy
want 7 artifacts pull -f offline.yaml --out copy --arch amd64
sed 's/v1.99.9/v1.99.8/' offline.yaml >conflict.yaml
want 7 plan -f conflict.yaml
grep -q "the spec has k3s.version 'v1.99.8+k3s1'" err || fail 'spec and lock differ'

# An image that does not exist.
echo 'bytes of k3s' >"$k3s/k3s"
sed 's/3.99.9/3.99.8/' slipway.yaml >other/slipway.yaml
want 5 lock -f other/slipway.yaml
grep -q "has no image 'docker.io/prefecthq/prefect:3.99.8-python3.11'" err || fail 'an image that does not exist'
want 2 artifacts push --out x
want 2 artifacts pull
want 2 artifacts pull --out x --arch riscv64
echo 'artifact_lock: ok'
