# requirements-install.sh DIR: the packages of the requirements file on stdin, into DIR, in the versions of the venv where
# both have one. Made under another name and renamed, so that a half-made one is never used.
set -eu
dir=$1
# It may hold an index's token.
umask 077
requirements=$(mktemp) constraints=$(mktemp)
trap 'rm -f "$requirements" "$constraints"' EXIT
cat >"$requirements"
# A run that was killed on the operator's side may still be at work here: one at a time.
mkdir -p /var/lib/slipway
exec 9>/var/lib/slipway/install.lock
flock -w 600 9
[ ! -e "$dir" ] || exit 0
venv=/var/lib/slipway/venv
export HOME=/var/lib/slipway PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
"$venv/bin/python" -m pip freeze >"$constraints"
rm -rf "$dir.new"
umask 022
mkdir -p "$(dirname "$dir")"
"$venv/bin/python" -m pip install -q --no-cache-dir --target "$dir.new" -c "$constraints" -r "$requirements"
mv -T "$dir.new" "$dir"
