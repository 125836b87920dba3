#!/bin/bash
# bench [--quick]: orders a second of the whole path ÷ a bare libpq loop asking the same; printed, not judged
set -euo pipefail

orders=20000 rounds=5
case ${1-} in
'') ;;
--quick) orders=4000 rounds=3 ;;
*)
        echo "usage: deploy/dev bench [--quick]" >&2
        exit 64
        ;;
esac
mkdir -p build/log
{
        deploy/dev.d/install.sh
        cmake --preset release
        cmake --build build/release --parallel "${EV_JOBS:-$(nproc)}" \
                --target quenty-order quenty-relay eventctl bench-record bench-replay
} >build/log/bench.log 2>&1 || {
        tail -n 30 build/log/bench.log >&2
        exit 1
}
PATH=$PWD/build/venv/bin:$PATH exec tests/bench/orders $orders $rounds
