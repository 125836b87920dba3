#!/bin/bash
# build [PRESET…]: builds by CMakePresets.json into build/PRESET; without a name: dev
set -euo pipefail

jobs=${EV_JOBS:-$(nproc)}
[ $# -gt 0 ] || set -- dev

for preset in "$@"; do
        cmake --preset "$preset"
        cmake --build "build/$preset" --parallel "$jobs" -- -k 0 # all errors, not the first
done
