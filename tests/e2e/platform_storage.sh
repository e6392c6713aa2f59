#!/bin/sh
# platform_storage.sh: flows that live elsewhere, in runtime systemd: a private git host (branch, tag and commit), S3, GCS,
# Azure Blob and an uploaded folder, each with its credentials as a secret, end in COMPLETED runs of their own copy; a
# second deploy changes nothing; wrong keys and a host that is not there: one sentence, the right exit status, nothing
# half-deployed. The servers are in storage/, on the host's end of the machine's link.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
. "$(dirname "$0")/systemd_lib.sh"
name=storage
storage="${SLIPWAY_STORAGE:-$root/build/storage}"
all="git git-tag git-commit s3 gcs azure local"
long="a-folder-of-many-letters-in-the-middle/another-folder-of-many-letters/and-a-third-folder-of-many-letters/and-one-more"

stop_servers() {
    [ -z "${server:-}" ] || { kill "$server" && wait "$server"; } 2> /dev/null || true
    server=
}
trap 'stop_servers; finish' EXIT

deployment() { # NAME
    case $1 in
    git) source="{git: {url: '$GIT_URL', branch: flows/stable, token: {env: GIT_TOKEN}}}" ;;
    git-tag) source="{git: {url: '$GIT_URL', tag: v1.0, token: {env: GIT_TOKEN}}}" ;;
    git-commit) source="{git: {url: '$GIT_URL', commit: $GIT_COMMIT, token: {env: GIT_TOKEN}}}" ;;
    s3) source="{s3: {bucket: $BUCKET, folder: $FOLDER, endpoint: '$S3_URL', region: $S3_REGION, credentials: {env: S3_CREDENTIALS}}}" ;;
    gcs) source="{gcs: {bucket: $BUCKET, folder: $FOLDER, endpoint: '$GCS_URL', credentials: {file: gcs.json}}}" ;;
    azure) source="{azure: {container: $BUCKET, folder: $FOLDER, connection: {env: AZURE_CONNECTION}}}" ;;
    *) source="{local: {path: local}}" ;;
    esac
    printf '    - {name: %s, entrypoint: origin.py:origin, source: %s}\n' "$1" "$source"
}

# spec_of [DEPLOYMENT...]; where things are can be changed for one call: (GIT_URL=... spec_of git)
spec_of() {
    write_spec "$name" "runtime: systemd
machine: {trust: [ca.pem]}
$([ $# -eq 0 ] || printf 'flows:\n  deployments:\n')
$(for d in "$@"; do deployment "$d"; done)"
}

unchanged() { # COUNT LABEL
    sw deploy -o json > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "$2"; }
    [ "$(grep -o '"state": *"[a-z]*"' "$work/out" | grep -c unchanged)" -eq "$1" ] || fail "$2: $(cat "$work/out")"
    if grep -q '"state": *"\(changed\|created\|deleted\)"' "$work/out"; then fail "$2: $(cat "$work/out")"; fi
    pass "$2"
}

"$here/storage/prepare" "$storage"
(cd "$here/storage" && "$storage/venv/bin/python" -B gcs_test.py) > "$work/out" 2>&1 || { cat "$work/out" >&2; fail "the GCS server"; }
pass "the GCS server does what Google's client wants: $(grep -m1 '^Ran' "$work/out")"

# The certificate of the git host is of an authority that only this spec knows; it is made when the address is known.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=slipway-test \
    -keyout "$work/ca.key" -out "$work/ca.pem" 2> /dev/null
spec_of
snapshot > "$work/before"
timed "bootstrap" up || { cat "$work/err" >&2; fail "bootstrap"; }
address=$(on_machine ip -4 route show default | awk '{ print $3 }')
setpriv --pdeathsig TERM "$storage/venv/bin/python" -B "$here/storage/serve.py" "$address" "$storage" "$work" > "$work/serve.out" 2>&1 &
server=$!
for _ in $(seq 300); do
    [ ! -e "$work/storage.env" ] && kill -0 "$server" 2> /dev/null || break
    sleep 0.2
done
[ -e "$work/storage.env" ] || { cat "$work/serve.out" >&2; fail "the storage servers did not start"; }
. "$work/storage.env"
export GIT_TOKEN S3_CREDENTIALS AZURE_CONNECTION
(umask 077 && printf %s "$GCS_KEY" > "$work/gcs.json")
pass "git, S3, GCS and Azure Blob at $address"

# Beside what is wrong stands a good one that is new.
refused() { # STATUS PATTERN LABEL [SENTENCES]
    expect "$1" "$2" "$3" sw deploy
    [ "$(grep -c . "$work/err")" -le "$((2 + ${4:-1}))" ] || { cat "$work/err" >&2; fail "$3: more than a sentence and a remedy"; }
    [ "$(grep -c "^slipway deploy:\|^deployment" "$work/err")" -eq "${4:-1}" ] || { cat "$work/err" >&2; fail "$3: not ${4:-1} sentences"; }
    if grep "Cloning into\|{'" "$work/err"; then fail "$3: more than what is wrong"; fi
    api GET /deployments/name/origin/beside > "$work/out"
    grep -qi 'not found' "$work/out" || { cat "$work/out"; fail "$3: half of it was deployed"; }
}
# The venv of a bootstrap without flows has none of the packages of stores.
spec_of s3 azure beside
refused 2 "s3.*the venv has no prefect_aws yet; run .slipway bootstrap" "a source that the machine was not made for" 2

mkdir -p "$work/local/$long" "$work/local/bin"
echo deep > "$work/local/$long/deep.txt"
printf '#!/bin/sh\necho tool\n' > "$work/local/bin/tool"
chmod 700 "$work/local/bin/tool"
spec_of $all
timed "bootstrap with flows" up || { cat "$work/err" "$work/storage.log" >&2; fail "bootstrap with flows"; }
unchanged 7 "bootstrap made seven deployments of five sources; a deploy after it changes nothing"

completed() { # DEPLOYMENT WORDS: a run COMPLETED, from the copy that says so
    sw run "origin/$1" -p times=2 --wait > "$work/out" 2> "$work/err" || { cat "$work/out" "$work/err" >&2; fail "run of $1"; }
    grep -q "hello from the copy in $2, 2 of 2" "$work/out" || { cat "$work/out" >&2; fail "$1: not the copy in $2"; }
    id=$(head -n 1 "$work/out" | cut -d ' ' -f 1)
    api GET "/flow_runs/$id" | grep -q '"type": *"COMPLETED"' || fail "$1: the server does not say COMPLETED"
    pass "$1: run $id COMPLETED, $(grep -o "hello from the copy in .*, 2 of 2" "$work/out")"
}
since=$(on_machine date +%s)
completed git "git on a branch"
completed git-tag "git at a tag"
completed git-commit "git at a commit"
completed s3 s3
completed gcs gcs
completed azure azure
completed local local
on_machine journalctl -q --no-pager --since "@$since" -u 'slipway-prefect-worker@*' > "$work/out"
grep -q "pull_from_azure" "$work/out" || fail "the worker's journal has no pull steps"
if grep "Attempting install" "$work/out"; then fail "a run installed packages: the machine should have them"; fi
pass "no run had to install a package"

dir=$(on_machine find /var/lib/slipway/flows -name tool -printf %h)
[ "$(on_machine "$dir/tool")" = tool ] || fail "a program in the folder is none on the machine"
[ "$(on_machine cat "${dir%/bin}/$long/deep.txt")" = deep ] || fail "the file with a long path"
pass "a program and a path of more than 100 bytes came along with the folder"

# What the server keeps of a deployment, and slipway of all, has no secret in it.
api POST /deployments/filter '{}' > "$work/deployments"
grep -q pull_from_gcs "$work/deployments" || fail "the deployments have no pull steps"
for secret in "$GIT_TOKEN" "${S3_CREDENTIALS##*: }" "${AZURE_CONNECTION#*AccountKey=}" "$(printf %s "$GCS_KEY" | grep -o 'PRIVATE KEY.\{80\}' | head -n 1 | tail -c 60)"; do
    secret=$(printf %s "$secret" | tr -d '"}' | cut -d ';' -f 1)
    [ ${#secret} -ge 20 ] || fail "no secret to look for"
    if grep -qF -e "$secret" "$work/deployments" || grep -rqF --exclude=disk.raw -e "$secret" "$SLIPWAY_HOME"; then
        fail "a secret is in a deployment or in a file of slipway's"
    fi
done
pass "no token or key in the deployments, nor in slipway's files"

GIT_RIGHT=$GIT_TOKEN S3_RIGHT=$S3_CREDENTIALS AZURE_RIGHT=$AZURE_CONNECTION
spec_of git beside
GIT_TOKEN=wrong-token
refused 3 "git.*(credentials|token|[Aa]uthentication)" "a wrong git token"
GIT_TOKEN=$GIT_RIGHT S3_CREDENTIALS=$S3_WRONG
spec_of s3 beside
refused 3 "s3.*InvalidAccessKeyId" "a wrong key for S3"
S3_CREDENTIALS=$S3_RIGHT AZURE_CONNECTION=$AZURE_WRONG
spec_of azure beside
refused 3 "azure.*authenticate" "a wrong key for Azure"
AZURE_CONNECTION=$AZURE_RIGHT
spec_of gcs beside
printf %s "$GCS_WRONG" > "$work/gcs.json"
refused 3 "gcs.*fetched: invalid_grant" "a wrong key for GCS"
printf %s "$GCS_KEY" > "$work/gcs.json"
(GIT_URL="https://$REFUSED/team/flows.git" spec_of git beside)
refused 5 "git.*$REFUSED" "a git host that is not there"
(GIT_URL="https://$REFUSED/team/flows.git" spec_of git git-tag beside)
refused 5 "deployments .git. and .git-tag.: .*$REFUSED" "two sources on a host that is not there"
(S3_URL="http://$REFUSED" spec_of s3 beside)
refused 5 "s3.*$REFUSED" "an S3 endpoint that is not there"
(FOLDER=team/nothing spec_of azure beside)
refused 2 "azure.*origin.py" "a folder that is not in the container"

# The secrets on the server are still the right ones.
completed git "git on a branch"
completed gcs gcs
spec_of $all
unchanged 7 "after all that was refused, nothing differs"

stop_servers
timed "teardown" sw teardown -y > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; fail "teardown"; }
same_as_before "teardown"
pass "teardown leaves nothing"
echo "$passed passed, 0 failed"
