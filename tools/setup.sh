#!/bin/sh
# Make this folder able to run: missing Debian packages, the test daemons under .deps/, and .venv with the pinned requirements.
#
#   tools/setup.sh demo    what the programs, the simulator and the demo need
#   tools/setup.sh run     also what a real machine needs (the system's card daemon)
#   tools/setup.sh test    also what the tests need
#
# Works as root or as a user with sudo, which is asked for missing packages only; without either it prints the one line to
# type and ends with 2. A second run finds everything in place and needs neither network nor root.
set -eu
cd "$(dirname "$0")/.."
log=.setup.log
apt="-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"
quick_pip="--disable-pip-version-check --no-input --progress-bar off"

what="${1:-}"
case "$what" in
demo) lists="common" requirements=requirements/run.txt ;;
run) lists="common run" requirements=requirements/run.txt ;;
test) lists="common test" requirements=requirements/dev.txt ;;
*) echo "usage: tools/setup.sh demo|run|test" >&2; exit 2 ;;
esac

# --- has it all been done before? -------------------------------------------------------------------------------------------
digest="$({ cat tools/setup.sh tools/packages.*.txt requirements/*.txt pyproject.toml; ls -d ./*/__init__.py; pwd; } | sha256sum)"
ready() { [ "$(cat ".venv/ready-$1" 2>/dev/null)" = "$digest" ]; }
done_before() { ready "$what" || { [ "$what" = demo ] && { ready run || ready test; }; }; }
if done_before; then exit 0; fi
# Two set-ups at once would get into each other's way.
exec 9>.setup.lock
flock 9
if done_before; then exit 0; fi

dots=""
stop_dots() {
    if [ -n "$dots" ]; then kill "$dots" 2>/dev/null || true; fi
    dots=""
}
trap stop_dots EXIT
trap 'exit 130' INT TERM

say() { printf 'set-up: %s\n' "$*"; }

# Run a command, showing that it is alive and how long it took; what it printed is shown only if it fails.
long() {
    title="$1"
    shift
    began="$(date +%s)"
    printf 'set-up: %s ' "$title"
    (
        trap 'kill "$pause"; exit' TERM
        while :; do
            sleep 2 &
            pause=$!
            wait "$pause"
            printf .
        done
    ) 9>&- &
    dots=$!
    status=0
    "$@" >"$log" 2>&1 9>&- || status=$?
    stop_dots
    if [ "$status" = 0 ]; then
        printf ' done, %s s\n' "$(($(date +%s) - began))"
    else
        printf ' failed:\n'
        tail -n 40 "$log" >&2
        say "the whole of it is in $log"
    fi
    return "$status"
}

names() { for list in "$@"; do grep -v '^#' "tools/packages.$list.txt"; done; }

# --- Debian packages --------------------------------------------------------------------------------------------------------
if ! command -v dpkg-query >/dev/null; then
    echo "This set-up knows Debian's packages only. What is needed elsewhere: tools/packages.*.txt, then this script's last part." >&2
    exit 2
fi
missing=""
# shellcheck disable=SC2086
for name in $(names $lists); do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing="$missing $name"
done

as_root=""
become_root() {
    if [ "$(id -u)" = 0 ]; then return; fi
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
        as_root="sudo"
        return
    fi
    echo "Installing them needs an administrator, who types this one line; then try again:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
    exit 2
}

if [ -n "$missing" ]; then
    say "these Debian packages are missing:$missing"
    become_root
    # A list that cannot be had from one of several sources is no reason to stop: the installation will tell.
    # shellcheck disable=SC2086
    long "reading Debian's package lists" $as_root apt-get $apt update || true
    # shellcheck disable=SC2086
    long "installing the missing packages" \
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get $apt install -y --no-install-recommends $missing
fi

# --- the simulator's card daemon: unpacked, not installed ---------------------------------------------------------------------
fetch() {
    # shellcheck disable=SC2086
    (cd .deps/archives && apt-get $apt -o APT::Sandbox::User=root "$@" download $(cd ../.. && names unpacked))
}
fetch_with_lists_of_our_own() {
    here="$PWD/.deps/apt"
    mkdir -p "$here/lists/partial" "$here/archives/partial"
    set -- -o "Dir::State::lists=$here/lists" -o "Dir::Cache=$here"
    # shellcheck disable=SC2086
    apt-get $apt -o APT::Sandbox::User=root "$@" update && fetch "$@"
}
unpack() {
    rm -rf .deps
    mkdir -p .deps/archives
    fetch || fetch_with_lists_of_our_own || return 1
    for archive in .deps/archives/*.deb; do dpkg -x "$archive" .deps || return 1; done
    rm -rf .deps/archives .deps/apt
    cp tools/packages.unpacked.txt .deps/unpacked.txt
}
if ! cmp -s tools/packages.unpacked.txt .deps/unpacked.txt; then
    long "unpacking the simulator's card daemon under .deps/" unpack
fi

# --- Python -------------------------------------------------------------------------------------------------------------------
# Debian's own: one that lies in somebody's home folder could not be run by another user.
python=/usr/bin/python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "$python is older than 3.11; this project needs Debian 12 or newer." >&2
    exit 2
}
# A folder that was moved, or whose making was interrupted, is made anew.
if ! .venv/bin/pip --version >/dev/null 2>&1; then
    rm -rf .venv
    long "making .venv" "$python" -m venv .venv
fi
rm -f .venv/ready-"$what"
# shellcheck disable=SC2086
pip_install() { .venv/bin/python -m pip install $quick_pip "$@"; }
build_from_pins() { PATH="$PWD/.venv/bin:$PATH" pip_install --no-build-isolation --require-hashes "$@"; }
long "installing the pinned build tools" pip_install --require-hashes -r requirements/build.txt
# pyscard is built with them; swig is among them and has to be found.
long "installing the pinned requirements (about a minute)" build_from_pins -r "$requirements"
long "installing the commands kiosk, circulation and sim" pip_install --no-deps --no-build-isolation --no-index -e .
rm -f "$log"
printf '%s\n' "$digest" >.venv/ready-"$what"
say "ready"
