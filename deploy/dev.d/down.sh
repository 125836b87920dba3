#!/bin/bash
# down: ends what up has started; data stays, and up goes on where it was
set -euo pipefail
# shellcheck source=deploy/dev.d/system
. deploy/dev.d/system

if [ ! -d "$state" ]; then
        say "nothing is up"
        exit 0
fi
if [ -z "${EV_DEV_LOCKED-}" ]; then
        exec flock --close "$state/lock" env EV_DEV_LOCKED=yes "$0" "$@"
fi

# Workers before relays, and both before the servers: so nobody complains of one that is gone.
stop_processes "${programs[@]}"
tests/support/kafka stop "$state/kafka"
[ ! -e "$state/pg/home" ] || tests/support/pg stop "$state/pg"
rm -f "$state/up"
say "all is down; data is kept in $state"
