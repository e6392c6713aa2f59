# unit-state.sh UNIT: state, how often it was restarted, and the last lines of its journal. Read-only.
systemctl show -p ActiveState -p SubState -p NRestarts -p Result "$1"
echo ---
journalctl -q -u "$1" -n 30 --no-pager -o cat
