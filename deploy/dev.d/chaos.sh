#!/bin/bash
# chaos --matrix [POINT…] | --seconds N | --seed S | --servers [PART…] | --mutants [NAME…]: what takes long: faults, planted bugs
set -euo pipefail

usage() {
        sed -n '2s/^# /usage: deploy\/dev /p' "$0" >&2
        exit 64
}

# prepare [PRESET]…: what tests are made of, and the programs that a kind of chaos needs.
prepare() {
        mkdir -p build/log
        {
                deploy/dev.d/install.sh
                [ $# = 0 ] || deploy/dev.d/build.sh "$@"
        } >build/log/chaos.log 2>&1 || {
                tail -n 30 build/log/chaos.log >&2
                exit 1
        }
        PATH=$PWD/build/venv/bin:$PATH
}

# A row a kind.
case ${1-} in
--matrix)
        prepare asan release
        exec tests/fault/matrix/run stop error "${@:2}"
        ;;
--mutants) # they build a copy of the tree themselves
        prepare
        exec tests/fault/mutants "${@:2}"
        ;;
--servers)
        prepare asan release
        exec tests/fault/servers/run "${@:2}"
        ;;
--seconds | --seed)
        prepare asan
        exec tests/fault/chaos/run "$@"
        ;;
*) usage ;;
esac
