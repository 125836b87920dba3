#!/bin/bash
# env: prints where the system of up is, as shell assignments: eval "$(deploy/dev env)"
set -euo pipefail
# shellcheck source=deploy/dev.d/system
. deploy/dev.d/system

if ! pg_env=$(tests/support/pg env "$state/pg" 2>/dev/null) || [ ! -s "$config" ]; then
        die "nothing is up; deploy/dev up"
fi
printf 'BROKERS=%q\n' "$(sed -n 's/^kafka.bootstrap.servers = //p' "$config")"
printf 'CUSTOMER_DB=%q\n' "$(conninfo customer_db)"
printf 'ORDER_DB=%q\n' "$(conninfo order_db)"
printf 'INTL_SHIPPING_DB=%q\n' "$(conninfo intl_shipping_db)"
printf 'EVENTCTL=%q\nEVENTCTL_CONFIG=%q\n' "$eventctl" "$config"
