#!/bin/bash
# bench [--quick] [--list] [--rounds N] [NAME…]: measures, beside what it is compared with; printed, not judged
set -euo pipefail

mkdir -p build/log
{
        deploy/dev.d/install.sh
        build/venv/bin/pip install --quiet --disable-pip-version-check -r tests/bench/requirements.txt
        deploy/dev.d/build.sh release
} >build/log/bench.log 2>&1 || {
        tail -n 30 build/log/bench.log >&2
        exit 1
}
PATH=$PWD/build/venv/bin:$PATH
exec tests/bench/run "$@"
