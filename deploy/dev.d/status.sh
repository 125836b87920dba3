#!/bin/bash
# status: prints name, pid and state of each process of up; exit 1: one died, 3: not up
set -euo pipefail
# shellcheck source=deploy/dev.d/system
. deploy/dev.d/system

died=1 not_up=3 # exit status, as of service managers

postgres_pid() {
        pg_env=$(tests/support/pg env "$state/pg" 2>/dev/null) && (eval "$pg_env" && echo "${PG_PID?}")
}

kafka_pid() {
        tests/support/kafka pid "$state/kafka" 2>/dev/null
}

# Without the mark of up, what does not run was never started, or was ended.
absent=down result=$not_up
if [ -e "$state/up" ]; then
        absent=died result=$died
fi
all=yes
for name in postgres kafka "${programs[@]}"; do
        case $name in
        postgres | kafka) pid=$("${name}_pid") || pid='' ;;
        *) pid=$(pid_of "$name") || pid='' ;;
        esac
        [ -n "$pid" ] || all=''
        printf '%-15s %8s %s\n' "$name" "${pid:--}" "$([ -n "$pid" ] && echo up || echo $absent)"
done
[ -n "$all" ] || exit $result
