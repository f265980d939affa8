#!/bin/sh
# Make this folder able to run: missing Debian packages, .venv with the pinned requirements, and the test daemons, which
# are unpacked under .deps/ and never installed.
#
#   tools/setup.sh run     what a kiosk or a server needs, and the simulator for the demo
#   tools/setup.sh test    also what the tests need
#
# Works as root or as a user with sudo; without either it prints the one line to type and ends with 2. A second run finds
# everything in place and needs neither network nor root.
set -eu
cd "$(dirname "$0")/.."
what="${1:-run}"
case "$what" in run | test) ;; *) echo "usage: tools/setup.sh run|test" >&2; exit 2 ;; esac

say() { printf '%s\n' "set-up: $*"; }

packages="$(grep -hv '^#' tools/packages.run.txt)"
unpacked="$(grep -hv '^#' tools/packages.unpacked.txt)"
requirements="requirements/run.txt"
if [ "$what" = test ]; then
    packages="$packages $(grep -hv '^#' tools/packages.test.txt)"
    requirements="requirements/dev.txt"
fi

stamp=".venv/.ready-$what-$(cat tools/setup.sh tools/packages.*.txt requirements/build.txt "$requirements" | sha256sum | cut -c1-16)"
if [ -e "$stamp" ]; then exit 0; fi

# --- Debian packages ------------------------------------------------------------------------------------------------------
missing=""
for name in $packages; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing="$missing $name"
done
as_root=""
if [ "$(id -u)" != 0 ]; then as_root="sudo"; fi
apt_get="apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"
update_lists() {
    # shellcheck disable=SC2086
    $as_root $apt_get update -qq
}
if [ -n "$missing" ]; then
    say "these Debian packages are missing:$missing"
    if [ -n "$as_root" ] && ! command -v sudo >/dev/null 2>&1; then
        echo "Please let an administrator type this line, then try again:" >&2
        echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
        exit 2
    fi
    say "installing them (a few minutes the first time) ..."
    update_lists
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive $apt_get install -y -qq --no-install-recommends $missing >.setup.log 2>&1 || {
        cat .setup.log >&2
        exit 1
    }
    rm -f .setup.log
fi

# --- daemons for the simulator: unpacked, not installed --------------------------------------------------------------------
deps_stamp=".deps/.ready-$(sha256sum tools/packages.unpacked.txt | cut -c1-16)"
if [ ! -e "$deps_stamp" ]; then
    say "unpacking the simulator's card daemon under .deps/ ..."
    rm -rf .deps
    mkdir -p .deps/archives
    # shellcheck disable=SC2086
    (cd .deps/archives && apt-get download -qq $unpacked >/dev/null 2>&1) || {
        update_lists
        # shellcheck disable=SC2086
        (cd .deps/archives && apt-get download -qq $unpacked)
    }
    for archive in .deps/archives/*.deb; do dpkg -x "$archive" .deps; done
    rm -rf .deps/archives
    touch "$deps_stamp"
fi

# --- Python ----------------------------------------------------------------------------------------------------------------
# Debian's own Python: one that lies in somebody's home folder could not be run by another user.
if [ ! -x .venv/bin/python ]; then
    say "making .venv ..."
    /usr/bin/python3 -m venv .venv
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
say "installing the pinned requirements (about a minute the first time) ..."
pip install -q --require-hashes -r requirements/build.txt
# pyscard is built from source with the pinned tools; swig is one of them and must be found.
PATH="$PWD/.venv/bin:$PATH" pip install -q --no-build-isolation --require-hashes -r "$requirements"
pip install -q --no-deps --no-build-isolation --no-index -e .
rm -f .venv/.ready-"$what"-*
touch "$stamp"
say "ready"
