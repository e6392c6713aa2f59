# workers-retire.sh list|remove POOL...: the workers of other pools than these, a line each; removed when asked. The pool
# itself stays in Prefect, with its history.
set -u
what=$1
shift
for env in /etc/slipway/worker-*.env; do
    [ -e "$env" ] || continue
    pool=${env#/etc/slipway/worker-}
    pool=${pool%.env}
    for keep in "$@"; do
        [ "$pool" != "$keep" ] || continue 2
    done
    echo "$pool"
    [ "$what" = remove ] || continue
    unit=slipway-prefect-worker@$pool.service
    systemctl disable --now --quiet "$unit" || exit 1
    rm -rf "$env" "/etc/systemd/system/$unit.d"
    systemctl reset-failed "$unit" 2>/dev/null
done
exit 0
