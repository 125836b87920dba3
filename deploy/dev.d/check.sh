#!/bin/bash
# check [-- BROKERS NAME=CONNINFO…]: judges the system of up, or another, by promises and laws; at rest
set -euo pipefail
# shellcheck source=deploy/dev.d/system
. deploy/dev.d/system

usage() {
        say "usage: deploy/dev check [-- BROKERS NAME=CONNINFO…]"
        exit 64
}

# Without operands: what is up, whose lanes are watched from the first check on.
find_system() {
        local database
        if ! pg_env=$(tests/support/pg env "$state/pg" 2>/dev/null) || [ ! -s "$config" ]; then
                die "nothing is up; deploy/dev up"
        fi
        brokers=$(sed -n 's/^kafka.bootstrap.servers = //p' "$config")
        for database in "${databases[@]}"; do
                named+=("$database=$(conninfo "$database")")
        done
}

named=()
case ${1-} in
'') find_system ;;
--)
        [ $# -ge 3 ] || usage
        brokers=$2
        named=("${@:3}")
        ;;
*) usage ;;
esac
[ -x build/venv/bin/python3 ] || deploy/dev.d/install.sh >&2
PATH=$PWD/build/venv/bin:$PATH
checker=tests/support/checker/check

# Who moved a lane before it was watched, nobody can say.
without=()
for database in "${named[@]}"; do
        if [ "$(psql -XAtq -d "${database#*=}" -c "SELECT to_regclass('test.history_begin')")" = '' ]; then
                without=(--without I6)
        fi
done
[ ${#without[@]} = 0 ] || say "moves of lanes are kept from now on; I6 is judged the next time"
$checker keep "${named[@]}"
result=0
$checker now --brokers "$brokers" ${without[@]+"${without[@]}"} "${named[@]}" || result=$?
# shellcheck disable=SC2154 # of deploy/dev.d/system
EV_BUILD=$build tests/support/laws/check --brokers "$brokers" "${named[@]}" | sed '/^holds/d' || result=$?
exit "$result"
