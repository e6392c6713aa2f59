# systemd-owner.sh DEPLOYMENT: this machine's Prefect is that deployment's. Exit status 3: it is somebody else's.
set -eu
owner=$(cat /etc/slipway/owner 2>/dev/null || true)
[ -z "$owner" ] || [ "$owner" = "$1" ] || { echo "$owner"; exit 3; }
[ ! -e /etc/rancher/k3s/slipway-owner ] || { echo "$(cat /etc/rancher/k3s/slipway-owner) (k3s)"; exit 3; }
install -d -m 0700 /etc/slipway
install -d -m 0755 /var/lib/slipway
printf '%s\n' "$1" >/etc/slipway/owner
for user in slipway-server slipway-worker; do
    id -u $user >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir /var/lib/$user --shell /usr/sbin/nologin $user
done
