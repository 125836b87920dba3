#!/bin/bash
# demo [--broker embedded|kafka]: installs, builds, runs orders through the whole system, shows what became of them
set -euo pipefail
# shellcheck source=deploy/dev.d/system
. deploy/dev.d/system

broker=embedded
case ${1-} in
'') ;;
--broker) broker=${2-} ;;
--broker=*) broker=${1#*=} ;;
*) die "usage: deploy/dev demo [--broker embedded|kafka]" ;;
esac
case $broker in
embedded) sections=(run) ;;
kafka) sections=(run kafka) ;;
*) die "there is a broker embedded (in memory) and one kafka (Apache Kafka), but no '$broker'" ;;
esac

demo=deploy/demo
outcomes_s=60 # until the orders have to be where they should come to
shown=SO-06   # the order whose trace is shown

# The topics of an embedded broker; on Kafka they are made by eventctl.
for context in customer stock order shipping; do
        topics+=("quenty.$context.ingress.v1:12" "quenty.$context.events.v1:12")
        [ $context = stock ] || topics+=("quenty.$context.dead-letters.v1:6")
done

step() {
        say "$(printf '%3d s  %s' $SECONDS "$*")"
}

# The state is the demo's own, and is thrown away: an embedded broker forgets what databases remember.
begin() {
        state=$(mktemp -d "${TMPDIR:-/tmp}/quenty-demo.XXXXXX")
        config=$state/quenty.conf
        chmod 711 "$state"
        trap end EXIT
        trap 'exit 130' INT TERM HUP
}

end() {
        local status=$?
        trap '' INT TERM HUP
        stop_processes "${programs[@]}" mockd
        [ "$broker" != kafka ] || tests/support/kafka stop "$state/kafka" -9
        tests/support/pg drop "$state/pg"
        if [ $status = 0 ]; then
                rm -rf "$state"
        else
                say "all is stopped; logs are left in $state"
        fi
}

start_broker() {
        if [ "$broker" = kafka ]; then
                brokers=$(tests/support/kafka start "$state/kafka")
        else
                start_process mockd
                wait_ready mockd
                brokers=$(grep BROKERS= "$state/mockd.log")
                # An embedded broker answers a fetch only when its time is over, and no question about sizes.
                fetch_ms=20
                echo "relay.topic_bytes_max = 1048588" >"$state/broker.conf"
        fi
        brokers=${brokers#BROKERS=}
}

# A setting of its own for what reads and writes beside workers and relays: see start_broker().
tool() {
        "$eventctl" -c "$config" "$@"
}

# Sends a file, and waits until each of its events has its outcome.
send() {
        local database=$1 name=$2 before=$3 wanted deadline=$((SECONDS + outcomes_s))
        wanted=$((before + $(wc -l <"$demo/$name.ndjson")))
        tool produce "$name.ingress" <"$demo/$name.ndjson" >"$state/produce.log" 2>&1 ||
                die "$(cat "$state/produce.log")"
        until [ "$(sql "$database" 'SELECT count(outcome) FROM ev.outbox_events')" -ge "$wanted" ]; do
                ((SECONDS < deadline)) || die "not every event of $demo/$name.ndjson has an outcome"
                sleep 0.1
        done
}

# Facts of orders and shipping; prints the table when it is as expected, else the last one.
show_outcomes() {
        local deadline=$((SECONDS + outcomes_s))
        until tool tail --until end -o json order.events shipping.events 2>"$state/tail.log" >"$state/facts" &&
                $demo/outcomes $demo/order.ndjson $demo/expected <"$state/facts" >"$state/table"; do
                if ((SECONDS >= deadline)); then
                        cat "$state/tail.log" "$state/table"
                        die "these outcomes are not those of $demo/expected"
                fi
                sleep 0.2
        done
        cat "$state/table"
}

if [ -z "${EV_BUILD-}" ]; then
        step "installing what is missing"
        deploy/dev.d/install.sh "${sections[@]}" | sed 's/^/      /' >&2
        step "building (build/run)"
        mkdir -p build/log
        deploy/dev.d/build.sh run >build/log/demo.log 2>&1 || die "$(tail -n 30 build/log/demo.log)"
fi
begin
step "PostgreSQL, and a broker: $broker"
pg_env=$(tests/support/pg start "$state/pg")
start_broker
{
        write_config
        [ ! -e "$state/broker.conf" ] || cat "$state/broker.conf"
} >"$config"
step "three databases"
migrate
[ "$broker" != kafka ] || tool topics apply >"$state/topics.log" 2>&1 || die "$(cat "$state/topics.log")"
step "three workers and their relays"
for name in "${programs[@]}"; do
        start_process "$name"
done
for name in "${programs[@]}"; do
        wait_ready "$name"
done
step "a company, a customer, products, goods ($demo/customer.ndjson, stock.ndjson)"
send customer_db customer 0
send order_db stock 0
step "orders and cancellations ($demo/order.ndjson)"
send order_db order "$(wc -l <$demo/stock.ndjson)"
step "what became of the orders:"
echo
show_outcomes
step "how $shown came there, from event to fact:"
echo
tool trace $shown
step "done; stopping all"
cat <<'NEXT'
Next:
  deploy/dev up                the same on Apache Kafka, left running; deploy/dev env says where it is
  deploy/dev test --quick      what is promised, tried
  workers/README.md            how a worker is written
NEXT
