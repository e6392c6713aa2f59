# venv-install.sh WHEELS DIGEST: a venv with exactly these wheels, proven, and only then put in its place.
# WHEELS holds wheels.tar, whose members are numbers (the file "names" says which wheel each is), and requirements.txt with
# a hash for every wheel.
set -eu
wheels=$1 digest=$2
venv=/var/lib/slipway/venv-$digest
# A run that was killed on the operator's side may still be at work here: one at a time.
mkdir -p /var/lib/slipway
exec 9>/var/lib/slipway/install.lock
flock -w 600 9
# Done by the one that was waited for.
if [ "$(readlink /var/lib/slipway/venv)" = "venv-$digest" ]; then
    rm -rf "$wheels"
    exit 0
fi
rm -rf "$venv" "$wheels/files"
mkdir "$wheels/files"
tar -xf "$wheels/wheels.tar" -C "$wheels/files" --no-same-owner
rm -f "$wheels/wheels.tar"
while read -r number name; do
    mv "$wheels/files/$number" "$wheels/files/$name"
done <"$wheels/files/names"
export HOME=/var/lib/slipway PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
umask 022
/usr/bin/python3 -m venv "$venv"
"$venv/bin/python" -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --find-links "$wheels/files" \
    --require-hashes -r "$wheels/requirements.txt"
# Units cannot write beside the sources: compiled once, here, on all CPUs.
"$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null || true
"$venv/bin/python" -m pip check >&2
cd /
PREFECT_HOME=$(mktemp -d) && export PREFECT_HOME
"$venv/bin/python" -c 'import prefect.server.api.server, prefect.workers.process' || exit 1
rm -rf "$PREFECT_HOME" "$wheels"
# What runs that were cut short have brought.
find /var/lib/slipway -maxdepth 1 -name 'wheels-*' -mmin +60 -exec rm -rf {} +
ln -sfn "venv-$digest" /var/lib/slipway/venv.new
mv -T /var/lib/slipway/venv.new /var/lib/slipway/venv
for old in /var/lib/slipway/venv-*; do
    [ "$old" = "$venv" ] || rm -rf "$old"
done
