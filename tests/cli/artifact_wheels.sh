#!/bin/bash
# The wheels of runtime systemd: lock against an index on loopback with the real pip, artifacts pull, and a host without
# Python. Needs a mount namespace to take Python away.
set -eu
if [ -z "${ARTIFACT_INSIDE:-}" ]; then
    user=
    [ "$(id -u)" -eq 0 ] || user=--map-root-user
    export ARTIFACT_INSIDE=1
    # shellcheck disable=SC2086 # an option or nothing
    exec unshare --mount --fork --kill-child --pid --mount-proc $user "$0" "$@"
fi
dir=$(mktemp -d)
trap 'umount "$(readlink -f /usr/bin/python3)" 2>/dev/null || :; rm -rf "$dir"' EXIT
# The pid namespace ends the server with this script.
export SLIPWAY_HOME=$dir/home SLIPWAY_CACHE=$dir/cache HOME=$dir
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY "${!PIP_@}"
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
    /usr/bin/python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(0 if eval("(" + sys.argv[2] + ")") else 1)' \
        "$1" "$2" || fail "not so: $2"
}

# An index with a Prefect of a few bytes. 3.99.8 does not start with what pip chooses for it, and does with lib 1.
cat >index.py <<'END'
import hashlib, http.server, os, zipfile

def wheel(name, version, modules, requires=(), tags="py3-none-any"):
    flat = name.replace("-", "_")
    file = f"site/files/{flat}-{version}-{tags}.whl"
    info = f"{flat}-{version}.dist-info"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {r}\n" for r in requires)
    rows = dict(modules)
    rows[f"{info}/METADATA"] = meta
    rows[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: " + tags + "\n"
    rows[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*rows, f"{info}/RECORD"])
    with zipfile.ZipFile(file, "w") as z:
        for path, text in rows.items():
            z.writestr(zipfile.ZipInfo(path), text)

os.makedirs("site/files")
# Of Prefect's insides just what the proof of its scheduler touches.
models = """
class Rows:
    async def create_flow(self, **a): return self
    async def create_deployment(self, **a): return self
    async def count_flow_runs(self, **a): return RUNS
    id = 1
flows = deployments = flow_runs = Rows()
"""
schemas = """
class Any:
    def __getattr__(self, name): return lambda **a: self
core = schedules = Any()
"""
database = """
class Database:
    async def create_db(self): pass
    def session_context(self, **a): return self
    async def __aenter__(self): return self
    async def __aexit__(self, *a): pass
provide_database_interface = Database
"""
scheduler = "async def schedule_deployments(): pass"
for version, use, runs in ("3.99.9", "import lib, native", 1), ("3.99.8", "import lib; lib.gone()", 1), ("3.99.7", "", 0), ("3.99.6", "", "gone"):
    wheel("prefect", version, {
        "prefect/server/models.py": models.replace("RUNS", str(runs)), "prefect/server/schemas.py": schemas,
        "prefect/server/database.py": database, "prefect/server/services/__init__.py": "",
        "prefect/server/services/scheduler.py": scheduler,
        "prefect/__init__.py": "", "prefect/server/__init__.py": "", "prefect/server/api/__init__.py": "",
        "prefect/server/api/server.py": use, "prefect/workers/__init__.py": "", "prefect/workers/process.py": "",
    }, ["lib", "native>=1", "patch; python_full_version < '3.11.3'", "later; python_version >= '3.13'",
        "never; python_version < '3.8'", "windows; sys_platform == 'win32'"])
wheel("prefect-aws", "1.0", {"prefect_aws/__init__.py": "", "prefect_aws/deployments/__init__.py": "",
                             "prefect_aws/deployments/steps.py": "import s3.more"}, ["prefect>=3", "s3[extra]"])
wheel("s3", "5", {"s3/__init__.py": "", "s3/more.py": "import lib2"}, ["lib2; extra == 'extra'", "lib"])
wheel("lib", "1", {"lib/__init__.py": "def gone(): pass"})
wheel("lib", "2", {"lib/__init__.py": ""})
wheel("lib2", "1", {"lib2.py": ""})
wheel("patch", "1", {"patch.py": ""})
wheel("later", "1", {"later.py": ""})
for tags in ("cp37-abi3-manylinux2014_x86_64", "cp37-abi3-manylinux2014_aarch64", "cp37-abi3-musllinux_1_2_x86_64",
             "cp37-abi3-win_amd64", "cp312-cp312-manylinux_2_28_x86_64"):
    wheel("native", "1.5", {"native.py": ""}, tags=tags)

class Index(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        print(self.path, file=log, flush=True)

    def do_GET(self):
        name = self.path.strip("/").rpartition("/")[2]
        if self.path.startswith("/files/"):
            return super().do_GET()
        rows = [f for f in sorted(os.listdir("site/files")) if f.split("-")[0].replace("_", "-") == name]
        page = "<!DOCTYPE html><html><body>" + "".join(
            f'<a href="../../files/{f}#sha256={hashlib.sha256(open("site/files/" + f, "rb").read()).hexdigest()}">{f}</a>'
            for f in rows)
        self.send_response(200 if rows else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page.encode())

log = open("log", "w")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Index(*a, directory="site"))
print(server.server_address[1], flush=True)
server.serve_forever()
END
/usr/bin/python3 index.py >port 2>index.log &
for _ in $(seq 100); do
    [ -s port ] && break
    sleep 0.1
done
[ -s port ] || { cat index.log >&2; exit 1; }
url=http://127.0.0.1:$(cat port)
export PIP_INDEX_URL=$url/simple

# spec VERSION [MORE]
spec() {
    printf 'apiVersion: slipway/v1\nname: flows\nruntime: systemd\nprovider: {local: {}}\nprefect: {version: %s}\n%s\n' \
        "$1" "${2:-}" >slipway.yaml
}

# A version without a pin, in the group that every spec needs.
spec 3.99.9
want 2 plan
grep -q 'slipway lock' err || fail 'a version without a pin names the remedy'
want 0 lock
grep -q 'wheels installed with their hashes and imported' err || fail 'the set is proven'
[ "$(grep -c . err)" -eq 1 ] || fail 'a warning about a good set'
json slipway.lock 'd["versions"] == {"prefect": "3.99.9"} and d["images"] == []'
json slipway.lock 'sorted({(f["file"].split("-")[0], f["version"]) for f in d["files"]}) ==
    [("later", "1"), ("lib", "2"), ("native", "1.5"), ("patch", "1"), ("prefect", "3.99.9")]'
json slipway.lock 'sorted(f["file"][11:] for f in d["files"] if f["file"].startswith("native")) == [
    "cp312-cp312-manylinux_2_28_x86_64.whl", "cp37-abi3-manylinux2014_aarch64.whl",
    "cp37-abi3-manylinux2014_x86_64.whl"]'
json slipway.lock "all(f['name'] == 'wheel-prefect' and f['urls'] == ['$url/files/' + f['file']] for f in d['files'])"
[ -z "$(ls cache/artifacts/lock)" ] || fail 'the venv is left'
want 0 plan
grep -q 'wheel-prefect  *7 wheels' out || fail 'plan counts the wheels'

# The same index, the same lock; in JSON it says where it is.
cp slipway.lock first.lock
want 0 lock -o json
cmp first.lock slipway.lock || fail 'a second lock differs'
json out 'd["lock"] == "./slipway.lock" and [f["count"] for f in d["files"]] == [7]'

# A source in S3 adds its group, without what group prefect has.
spec 3.99.9 'flows: {source: {s3: {bucket: flows}}, deployments: [{name: d, entrypoint: "f.py:f"}]}'
want 0 lock
json slipway.lock 'sorted(f["file"].split("-")[0] for f in d["files"] if f["name"] == "wheel-aws") ==
    ["lib2", "prefect_aws", "s3"]'

# Everything for one architecture into a directory, then for the other one; and from the directory alone.
want 0 artifacts pull --out all --arch arm64
json all/slipway.lock 'len(d["files"]) == 8 and all(f["size"] > 0 for f in d["files"])'
[ -z "$(find all -name '*x86_64*' -o -name '*musl*' -o -name '*win*' -o -name '*.tmp')" ] || fail 'too much was pulled'
want 0 artifacts pull --out all --arch amd64
json all/slipway.lock 'len(d["files"]) == 10'
/usr/bin/python3 - <<'END' || fail 'a file is not what the lock says'
import hashlib, json
for row in json.load(open("all/slipway.lock"))["files"]:
    data = open("all/" + row["file"], "rb").read()
    assert hashlib.sha256(data).hexdigest() == row["sha256"] and len(data) == row["size"], row
END
cp slipway.yaml online.yaml
echo 'artifacts: {dir: all}' >>slipway.yaml
rm -rf cache
: >log
want 0 artifacts pull --out copy --arch amd64
[ ! -s log ] || fail 'the network was asked for what the directory has'
[ -e copy/prefect-3.99.9-py3-none-any.whl ] || fail 'the directory alone is not enough'
printf x | dd of=all/lib-2-py3-none-any.whl conv=notrunc status=none
want 7 artifacts pull --out copy2 --arch amd64
grep -q 'lib-2-py3-none-any.whl.*want sha256 .*got' err || fail 'changed bytes'

# A lock is of one runtime.
sed 's/systemd/k3s/' online.yaml >k3s.yaml
want 7 plan -f k3s.yaml
grep -q "the spec has runtime 'k3s'" err || fail 'a lock of the other runtime'
grep -q 'slipway lock' err || fail 'a lock of the other runtime: the remedy'

# Changed bytes in the index's files: nothing is locked.
cp site/files/lib-2-py3-none-any.whl keep
spec 3.99.9
rm -rf cache slipway.lock
# A set that does not start is not locked either; with versions that do, it is.
spec 3.99.8
want 5 lock
grep -q "do not start: AttributeError: .*has no attribute 'gone'" err || fail 'why it does not start'
grep -q PIP_CONSTRAINT err || fail 'the remedy'
[ ! -e slipway.lock ] || fail 'a lock was written all the same'
echo 'lib==1' >constraints
PIP_CONSTRAINT=$dir/constraints want 0 lock
json slipway.lock '[f["version"] for f in d["files"] if f["file"].startswith("lib-")] == ["1"]'

# Nor one whose scheduler does nothing; one that cannot be tried is told.
rm slipway.lock
spec 3.99.7
want 5 lock
grep -q 'do not work: the scheduler made no run' err || fail 'a scheduler that does nothing'
[ ! -e slipway.lock ] || fail 'a lock was written all the same'
spec 3.99.6
want 0 lock
grep -q "its scheduler could not be tried (NameError: name 'gone' is not defined.*; watch the first scheduled run" err || fail 'a proof that fell over'

# A version that does not exist; an index that does not answer.
rm slipway.lock
spec 3.99.1
want 5 lock
grep -q 'No matching distribution found for prefect==3.99.1' err || fail 'a version that does not exist'
[ "$(grep -c . err)" -le 3 ] || fail 'more than one sentence'

# Without Python the built-in version is locked, and the others name the remedy.
mount --bind /bin/false "$(readlink -f /usr/bin/python3)"
want 2 lock
grep -q 'install python3-venv' err || fail 'the remedy without Python'
spec 3.8.3
want 0 lock
grep -q '"wheel-azure"' slipway.lock || fail 'the built-in pins'
echo 'artifact_wheels: ok'
