#!/bin/bash
# install: installs what is missing: Debian packages, Python libraries, Kafka; asks nothing
set -euo pipefail

requirements=tests/support/requirements.txt
venv=build/venv
no_rights=3 # exit status when packages are missing and may not be installed

missing_packages() {
        local name
        sed -nE 's/^([a-z0-9][a-z0-9.+-]*).*/\1/p' deploy/dev.d/packages | while read -r name; do
                dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok' || echo "$name"
        done
}

as_root() {
        if [ "$(id -u)" = 0 ]; then
                "$@"
        else
                sudo -n "$@"
        fi
}

install_packages() {
        local packages
        mapfile -t packages < <(missing_packages)
        if [ ${#packages[@]} = 0 ]; then
                echo "install: all Debian packages are there"
                return
        fi
        if ! as_root true 2>/dev/null; then
                echo "install: packages are missing, and this user may not install them. Run:" >&2
                echo "apt-get install --no-install-recommends ${packages[*]}" >&2
                exit $no_rights
        fi
        echo "install: installing ${packages[*]}"
        export DEBIAN_FRONTEND=noninteractive
        as_root apt-get -qq update
        as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get -qq -y --no-install-recommends install "${packages[@]}" </dev/null
}

# The list is copied into the folder when it is installed: a changed list is installed again.
install_python() {
        if cmp -s "$requirements" "$venv/requirements.txt"; then
                echo "install: Python libraries are there"
                return
        fi
        echo "install: Python libraries into $venv"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
        cp "$requirements" "$venv/requirements.txt"
}

install_packages
mkdir -p build
install_python
tests/support/kafka jars
echo "install: Kafka is there"
echo "install: done"
