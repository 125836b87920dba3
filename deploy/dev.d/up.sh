#!/bin/bash
# up: starts PostgreSQL, Kafka, workers and relays and leaves them running; state in build/dev
#
#   EV_DEV_DIR     another folder for the state than build/dev
#   EV_KAFKA_PORT  the broker's port, when its cluster is made; else a free one, which it keeps
#   EV_PG_PORT     PostgreSQL listens on this port of 127.0.0.1 too; else on a Unix socket only
#   EV_BUILD       the folder of a build to run; else build/run is brought up to date first
set -euo pipefail
# shellcheck source=deploy/dev.d/system
. deploy/dev.d/system

# One at a time for a folder; what is started does not inherit the lock.
mkdir -p "$state"
if [ -z "${EV_DEV_LOCKED-}" ]; then
        exec flock --close "$state/lock" env EV_DEV_LOCKED=yes "$0" "$@"
fi
unset EV_DEV_LOCKED

if [ -z "${EV_BUILD-}" ]; then
        deploy/dev.d/install.sh run kafka >&2
        deploy/dev.d/build.sh run >"$state/build.log" || {
                tail -n 30 "$state/build.log" >&2
                die "the build failed; all of it is in $state/build.log"
        }
fi

start_postgres() {
        local options=()
        # Settings are kept from the last start that names any.
        [ -e "$state/pg/home" ] || options=(-d)
        [ -z "${EV_PG_PORT-}" ] || options=(-d -c listen_addresses=127.0.0.1 -c "port=$EV_PG_PORT")
        pg_env=$(tests/support/pg start "$state/pg" ${options[@]+"${options[@]}"})
}

start_kafka() {
        local options=()
        [ -z "${EV_KAFKA_PORT-}" ] || options+=(-p "$EV_KAFKA_PORT")
        brokers=$(tests/support/kafka start "$state/kafka" ${options[@]+"${options[@]}"})
        brokers=${brokers#BROKERS=}
}

if deploy/dev.d/status.sh >/dev/null; then
        say "it is up; deploy/dev status shows its processes"
        exit 0
fi
say "PostgreSQL"
start_postgres
say "Kafka"
start_kafka
write_config >"$config"
say "migrations and topics"
migrate
"$eventctl" -c "$config" topics apply >"$state/topics.log" 2>&1 || die "$(tail -n 5 "$state/topics.log")"
touch "$state/up"

begun=()
for name in "${programs[@]}"; do
        if ! pid_of "$name" >/dev/null; then
                start_process "$name"
                begun+=("$name")
        fi
done
say "workers and relays: ${begun[*]-}"
for name in ${begun[@]+"${begun[@]}"}; do
        wait_ready "$name"
done
say "it is up. eval \"\$(deploy/dev env)\" sets BROKERS, ORDER_DB, EVENTCTL and others; deploy/dev down ends it"
