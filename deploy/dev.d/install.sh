#!/bin/bash
# install [SECTION…]: installs what is missing for run, kafka, test (all); asks nothing
set -euo pipefail

requirements=tests/support/requirements.txt
venv=build/venv
no_rights=3 # exit status when packages are missing and may not be installed

# The names in the wanted sections of the list.
listed_packages() {
        awk -v wanted=" $* " '/^## / { sub(":", "", $2); on = index(wanted, " " $2 " ") }
                on && /^[a-z0-9]/ { print $1 }' deploy/dev.d/packages
}

missing_packages() {
        local name
        listed_packages "$@" | while read -r name; do
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
        mapfile -t packages < <(missing_packages "$@")
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

[ $# -gt 0 ] || set -- run kafka test
install_packages "$@"
mkdir -p build
for section in "$@"; do
        case $section in
        kafka) tests/support/kafka jars && echo "install: Kafka is there" ;;
        test) install_python ;;
        esac
done
echo "install: done"
