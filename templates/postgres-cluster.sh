# postgres-cluster.sh: a PostgreSQL cluster of slipway's own beside whatever else is there: local socket only, one role with
# the password on stdin, restarted when it ends. Prints its version and the socket's port. Idempotent.
set -eu
IFS= read -r password
# A run that was killed on the operator's side may still be at work here: one at a time.
mkdir -p /var/lib/slipway
exec 9>/var/lib/slipway/install.lock
flock -w 600 9
# The one that is there already, whatever else has been installed since; else the newest that has a server.
version=$(ls -d /etc/postgresql/*/slipway 2>/dev/null | cut -d / -f 4 | sort -n | tail -n 1)
[ -n "$version" ] || version=$(ls -d /usr/lib/postgresql/*/bin/postgres | cut -d / -f 5 | sort -n | tail -n 1)
unit=postgresql@$version-slipway.service
conf=/etc/postgresql/$version/slipway
if [ ! -e "$conf/postgresql.conf" ]; then
    pg_createcluster --locale C.UTF-8 --encoding UTF8 --start-conf auto "$version" slipway >&2
fi
pg_conftool "$version" slipway set listen_addresses ''
pg_conftool "$version" slipway set max_connections 100
pg_conftool "$version" slipway set shared_buffers 128MB
# Many small rows that are written, read once and vacuumed: do not wait for a fifth of a table to be dead.
pg_conftool "$version" slipway set autovacuum_vacuum_scale_factor 0.05
pg_conftool "$version" slipway set jit off
line='local prefect prefect scram-sha-256'
grep -qxF "$line" "$conf/pg_hba.conf" || sed -i "1i $line" "$conf/pg_hba.conf"
mkdir -p "/etc/systemd/system/$unit.d"
cat >"/etc/systemd/system/$unit.d/slipway.conf" <<END
[Unit]
StartLimitIntervalSec=0
[Service]
Restart=always
RestartSec=1
MemoryMax=1G
END
systemctl daemon-reload
systemctl enable --quiet "$unit"
systemctl is-active --quiet "$unit" || systemctl restart "$unit"
port=$(pg_conftool -s "$version" slipway show port)
# As SQL on stdin, since a command line is for all to read.
as_postgres() { runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 -p "$port" -h /var/run/postgresql "$@"; }
cd /
exists=$(as_postgres -A -t -c "SELECT count(*) FROM pg_roles WHERE rolname = 'prefect'")
verb=ALTER
[ "$exists" -ne 0 ] || verb=CREATE
printf "SET log_statement = 'none';\n%s ROLE prefect LOGIN PASSWORD '%s';\n" "$verb" "$password" | as_postgres >&2
exists=$(as_postgres -A -t -c "SELECT count(*) FROM pg_database WHERE datname = 'prefect'")
[ "$exists" -ne 0 ] || as_postgres -c 'CREATE DATABASE prefect OWNER prefect' >&2
# The server's migrations may not make an extension themselves: that needs the superuser.
as_postgres -d prefect -c 'CREATE EXTENSION IF NOT EXISTS pg_trgm' >&2
echo "$version $port"
