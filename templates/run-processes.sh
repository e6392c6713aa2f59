# run-processes.sh list|kill FLOW_RUN_ID: what carries a flow run on this machine, a line each: processes of the process
# worker, containers of the Docker worker.
set -u
id=$2
found() {
    # Matched as a whole variable: an id in somebody's command line is not a run.
    for env in /proc/[0-9]*/environ; do
        tr '\0' '\n' <"$env" 2>/dev/null | grep -qxE "PREFECT__?(FLOW_RUN_ID|ENGINE_FLOW_RUN_ID)=$id" && echo "$env" | cut -d / -f 3
    done
}
containers() {
    command -v docker >/dev/null && docker ps -q --filter "label=io.prefect.flow-run-id=$id" 2>/dev/null
}
case $1 in
list)
    found
    containers
    ;;
kill)
    # shellcheck disable=SC2046 # numbers and container ids
    {
        set -- $(found)
        [ $# -eq 0 ] || kill -9 "$@" 2>/dev/null
        set -- $(containers)
        [ $# -eq 0 ] || docker rm -f "$@" >/dev/null
    }
    ;;
esac
exit 0
