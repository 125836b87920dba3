#!/bin/bash
# clean: removes all builds and test logs; what install fetched stays
set -euo pipefail

[ -d build ] || exit 0
find build -mindepth 1 -maxdepth 1 ! -name venv ! -name node -exec rm -rf {} +
