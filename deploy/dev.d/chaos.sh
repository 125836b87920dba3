#!/bin/bash
# chaos --matrix [POINT…]: faults that take long: each fault point stopped for 15 s, and made to fail
set -euo pipefail

usage() {
        sed -n '2s/^# /usage: deploy\/dev /p' "$0" >&2
        exit 64
}

# What every kind of chaos needs: programs with fault points, and what tests are made of.
prepare() {
        mkdir -p build/log
        {
                deploy/dev.d/install.sh
                deploy/dev.d/build.sh asan release
        } >build/log/chaos.log 2>&1 || {
                tail -n 30 build/log/chaos.log >&2
                exit 1
        }
        PATH=$PWD/build/venv/bin:$PATH
}

# A row a kind.
case ${1-} in
--matrix)
        prepare
        exec tests/fault/matrix/run stop error "${@:2}"
        ;;
*) usage ;;
esac
