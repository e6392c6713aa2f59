# packages.sh PACKAGE...: install what is missing with the distribution's tools, and remember what came, so that teardown
# can take exactly that away again. Prints nothing when all is there.
set -eu
record=/var/lib/slipway/packages
list() { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p' | sort; }
# Debian's packages leave their users behind when they are purged.
accounts() { { getent passwd | sed 's/^\([^:]*\).*/user \1/'; getent group | sed 's/^\([^:]*\).*/group \1/'; } | sort; }

missing=
for p in "$@"; do
    dpkg-query -W -f '${db:Status-Abbrev}\n' "$p" 2>/dev/null | grep -q '^ii' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
# A run that was killed on the operator's side may still be at work here: one at a time.
mkdir -p /var/lib/slipway
exec 9>/var/lib/slipway/install.lock
flock -w 600 9
# PostgreSQL's package would make and start a cluster of its own; ours is another one.
if [ ! -e /etc/postgresql-common ]; then
    mkdir /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
fi
export DEBIAN_FRONTEND=noninteractive
# Kept on disk: a machine that is rebooted in the middle must still know what it had before.
before=$record.before accounts_before=$record.accounts.before
[ -e $before ] || { list >$before.new && accounts >$accounts_before && mv $before.new $before; }
apt() { apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -qq "$@" >&2; }
# What an interruption left half-installed.
dpkg --configure -a >&2
apt update
# The record is written even when this is cut short: what was unpacked is removed again by teardown.
status=0
# shellcheck disable=SC2086 # a list of names
apt -y --no-install-recommends -o Dpkg::Options::=--force-confold install $missing || status=$?
list | comm -13 "$before" - >>$record
sort -u -o $record $record
accounts | comm -13 "$accounts_before" - >>$record.accounts
[ $status -ne 0 ] || rm -f $before $accounts_before
exit $status
