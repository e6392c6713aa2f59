# systemd-remove.sh DEPLOYMENT: take away what slipway put on this machine for runtime systemd, when that deployment owns it.
# Idempotent; names what stays and exits 1. The owner's mark goes last, so that a removal that was cut short can be taken up again.
set -u
owner=$(cat /etc/slipway/owner 2>/dev/null)
if [ -z "$owner" ] && ls /etc/systemd/system/slipway-prefect-* >/dev/null 2>&1; then
    echo "left: slipway's units, but the mark /etc/slipway/owner that says whose they are is gone; write '$1' into it if they are this deployment's" >&2
    exit 1
fi
[ "$owner" = "$1" ] || exit 0
systemctl stop slipway-python-deploy.service >/dev/null 2>&1
systemctl disable --now slipway-health.timer slipway-health.service >/dev/null 2>&1
for unit in $(systemctl list-units --all --plain --no-legend 'slipway-prefect-*' 2>/dev/null | awk '{ print $1 }'); do
    systemctl disable --now "$unit" >/dev/null 2>&1
    systemctl reset-failed "$unit" >/dev/null 2>&1
done
for conf in /etc/postgresql/*/slipway; do
    [ -d "$conf" ] || continue
    version=$(basename "$(dirname "$conf")")
    systemctl disable --now "postgresql@$version-slipway.service" >/dev/null 2>&1
    pg_dropcluster --stop "$version" slipway
    rm -rf "/etc/systemd/system/postgresql@$version-slipway.service.d"
done
rm -rf /etc/systemd/system/slipway-* /etc/systemd/system/multi-user.target.wants/slipway-* \
    /etc/systemd/system/timers.target.wants/slipway-*
systemctl daemon-reload

# Exactly the packages that came with us.
record=/var/lib/slipway/packages
# What somebody else's package has come to need since then stays.
if [ -s $record ]; then
    # shellcheck disable=SC2046 # a list of names
    apt-get -s -qq purge $(cat $record) 2>/dev/null | sed -n 's/^Purg \([^ ]*\).*/\1/p' | sort -u >$record.would
    needed=$(comm -13 $record $record.would | tr '\n' ' ')
    if [ -n "$needed" ]; then
        echo "packages stay, because others need them now ($needed): $(tr '\n' ' ' <$record)"
        : >$record
    fi
fi
if [ -s $record ]; then
    # shellcheck disable=SC2046 # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y purge $(cat $record) >/dev/null || exit 1
    while read -r kind account; do
        case $kind in
        user) id -u "$account" >/dev/null 2>&1 && userdel "$account" 2>/dev/null ;;
        group) getent group "$account" >/dev/null && groupdel "$account" 2>/dev/null ;;
        esac
    done <$record.accounts
    rm -f /etc/postgresql-common/createcluster.conf
    rmdir /etc/postgresql-common /etc/postgresql /var/lib/postgresql /var/log/postgresql 2>/dev/null
fi
rm -rf /var/lib/slipway /var/lib/slipway-server /var/lib/slipway-worker
for user in slipway-server slipway-worker; do
    pkill -KILL -u $user 2>/dev/null
    id -u $user >/dev/null 2>&1 && userdel $user
done

left=
for path in /var/lib/slipway /var/lib/slipway-server /var/lib/slipway-worker /etc/systemd/system/slipway-* /etc/postgresql/*/slipway; do
    [ -e "$path" ] && left="$left $path"
done
for user in slipway-server slipway-worker; do
    id -u $user >/dev/null 2>&1 && left="$left user:$user"
done
if [ -n "$left" ]; then
    echo "left:$left" >&2
    exit 1
fi
rm -rf /etc/slipway
exit 0
