#!/bin/sh
# platform_elsewhere.sh: workers for a server that exists. One deployment runs a real Prefect server; behind a Prefect Cloud
# of our own (its addresses and keys, the real server behind it) a second deployment in the runtime that RUNTIME names
# (systemd) has only workers: doctor before there is a machine, a wrong key, bootstrap to a COMPLETED run, status.
. "$(dirname "$0")/machine_lib.sh"
. "$(dirname "$0")/platform_lib.sh"
. "$(dirname "$0")/systemd_lib.sh"
runtime=${RUNTIME:-systemd}
account=11111111-2222-4333-8444-555555555555 workspace=66666666-7777-4888-9999-aaaaaaaaaaaa
home_spec="$work/home.yaml"
printf 'apiVersion: slipway/v1\nname: server\nprovider: {local: {driver: nspawn}}\nruntime: systemd\n' > "$home_spec"
finish() {
    for p in $tunnel $cloud; do kill "$p" 2> /dev/null || true; done
    for s in "$spec" "$home_spec"; do
        [ ! -e "$s" ] || "$slipway" teardown -f "$s" -y > /dev/null 2>&1 || true
    done
    rm -rf "$work"
}
tunnel='' cloud=''
"$slipway" bootstrap -f "$home_spec" > "$work/out" 2>&1 || { cat "$work/out" >&2; fail "the server's own deployment"; }
"$slipway" open -f "$home_spec" > "$work/url" 2> /dev/null &
tunnel=$!
for _ in $(seq 100); do grep -q http "$work/url" && break; sleep 0.1; done
port=$(sed 's#.*:\([0-9]*\)/.*#\1#' "$work/url")
gateway=$("$slipway" ssh -f "$home_spec" -- ip route show default | cut -d ' ' -f 3)
key=pnu_$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
"$slipway" ssh -f "$home_spec" -- sudo head -n 1 /etc/slipway/passwords > "$work/auth"
certificate=''
if [ "$runtime" = systemd ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=fake cloud" \
        -addext "subjectAltName=IP:$gateway" -keyout "$work/key.pem" -out "$work/ca.pem" 2> /dev/null
    cat "$work/ca.pem" "$work/key.pem" > "$work/certificate.pem"
    certificate="$work/certificate.pem"
    cat /etc/ssl/certs/ca-certificates.crt "$work/ca.pem" > "$work/bundle.pem"
    export SSL_CERT_FILE="$work/bundle.pem" CURL_CA_BUNDLE="$work/bundle.pem"
fi
python3 "$here/fake_cloud.py" "$port" $account $workspace "$key" "$certificate" < "$work/auth" > "$work/cloud" 2> "$work/cloud.log" &
cloud=$!
for _ in $(seq 100); do grep -q '[0-9]' "$work/cloud" && break; sleep 0.1; done

if [ "$runtime" = systemd ]; then
    # As Prefect Cloud: account, workspace and key; its certificate is known to this host and, by the spec, to the machine.
    PREFECT_CLOUD_API_URL="https://$gateway:$(cat "$work/cloud")/api"
    export PREFECT_CLOUD_API_URL
    write_spec elsewhere "runtime: $runtime
machine: {trust: [ca.pem]}
prefect:
  server: {cloud: {account: $account, workspace: $workspace}}
  work_pools: [{name: away, concurrency: 2}]"
    expect 3 "PREFECT_API_KEY" "no key in the environment" sw doctor
    export PREFECT_API_KEY=pnu_wrong
    expect 3 "refused" "a wrong key, before there is a machine" sw doctor
    expect 3 "refused" "a wrong key ends the bootstrap before anything is made" sw bootstrap
    [ ! -e "$SLIPWAY_HOME/elsewhere" ] || fail "something was made with a wrong key"
    export PREFECT_API_KEY="$key"
    sw doctor > "$work/out" 2>&1 || { cat "$work/out" >&2; fail "doctor with the right key"; }
    pass "doctor accepts the key before there is a machine"
else
    # As any server: address and password.
    key=$(cat "$work/auth")
    export SERVER_AUTH="$key"
    write_spec elsewhere "runtime: $runtime
prefect:
  server: {url: 'http://$gateway:$(cat "$work/cloud")/api', auth: {env: SERVER_AUTH}}
  work_pools: [{name: away, concurrency: 2}]"
fi
case $runtime in
k3s) bootstrap || { cat "$work/err" >&2; fail "bootstrap"; } ;;
*) up || { cat "$work/err" >&2; fail "bootstrap"; } ;;
esac
[ -n "$(field canary_run)" ] || fail "no canary run"
pass "a worker for a server that exists: flow run $(field canary_run) COMPLETED"
sw status > "$work/out" 2>&1 || { cat "$work/out" >&2; fail "status"; }
grep -q "^pool away *ok" "$work/out" || fail "status: $(cat "$work/out")"
pass "status sees the worker through the server that exists"
if [ "$runtime" = systemd ]; then
    on_machine sh -c '[ ! -e /etc/systemd/system/slipway-prefect-server.service ] &&
        ! systemctl list-units --state=active | grep -q "slipway-prefect-server\|postgresql@"' || fail "a server or database of our own runs"
    pass "no server and no database were installed"
fi
if grep -rqF --exclude=disk.raw -e "$key" "$SLIPWAY_HOME"; then
    fail "the key is in a file of slipway's"
fi
pass "the key is in no file of slipway's"
sw teardown -y > "$work/out" 2>&1 || { cat "$work/out" >&2; fail "teardown"; }
pass "teardown"
echo "$passed passed, 0 failed"
