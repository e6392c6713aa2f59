# Shared by the suites of runtime systemd, on top of platform_lib.sh: wheels come from PyPI or the cache, not from the lab.
up() {
    sw bootstrap -o json "$@" > "$work/out" 2> "$work/err"
}

# api METHOD PATH [BODY]: the Prefect API on the machine, with the password, not by slipway's own client.
api() {
    on_machine sh -c 'IFS= read -r auth < /etc/slipway/passwords
        printf "user = \"%s\"\n" "$auth" | curl -sS -K - -X "$1" -H "Content-Type: application/json" ${3:+--data "$3"} \
            "http://127.0.0.1:4200/api$2"' api "$@"
}
