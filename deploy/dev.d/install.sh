#!/bin/bash
# install [SECTION…]: installs what is missing for run, kafka, test (all); asks nothing
set -euo pipefail

requirements=tests/support/requirements.txt
venv=build/venv
node_list=tests/support/node/package-lock.json
node_modules=build/node
no_rights=3 # exit status when packages are missing and may not be installed

# The names in the wanted sections of the list.
listed_packages() {
        awk -v wanted=" $* " '/^## / { sub(":", "", $2); on = index(wanted, " " $2 " ") }
                on && /^[a-z0-9]/ { print $1 }' deploy/dev.d/packages
}

# Node.js from elsewhere brings npm along, and Debian's package npm does not stand beside it.
missing_packages() {
        local name
        listed_packages "$@" | while read -r name; do
                [ "$name" != npm ] || ! command -v npm >/dev/null || continue
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

# The same for those of Node.js, in the versions and with the digests of the list.
install_node() {
        if cmp -s "$node_list" "$node_modules/package-lock.json"; then
                echo "install: Node.js libraries are there"
                return
        fi
        echo "install: Node.js libraries into $node_modules"
        rm -rf "$node_modules" "$node_modules.new"
        mkdir -p "$node_modules.new"
        cp "${node_list%/*}/package.json" "$node_list" "$node_modules.new"
        npm ci --prefix "$node_modules.new" --ignore-scripts --no-audit --no-fund --silent </dev/null
        mv "$node_modules.new" "$node_modules"
}

[ $# -gt 0 ] || set -- run kafka test
install_packages "$@"
mkdir -p build
for section in "$@"; do
        case $section in
        kafka) tests/support/kafka jars && echo "install: Kafka is there" ;;
        test) install_python && install_node ;;
        esac
done
echo "install: done"
