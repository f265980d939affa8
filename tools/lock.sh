#!/bin/sh
# Renew requirements/*.txt from pyproject.toml: pinned and hashed, without addresses. Needs the network; nothing stays installed.
#
#   tools/lock.sh              keep the pins that still fit (after a change of pyproject.toml)
#   tools/lock.sh --upgrade    take the newest of everything
#
# build.txt: what builds pyscard and this project. run.txt: what the programs need. dev.txt: also what the tests need, with the
# same pins. Look at the difference, run "make check test", and commit the three together.
set -eu
cd "$(dirname "$0")/.."

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
if ! command -v uv >/dev/null; then
    echo "lock: fetching uv for this once ..."
    /usr/bin/python3 -m venv "$folder"
    "$folder/bin/python" -m pip install -q --disable-pip-version-check uv
    PATH="$folder/bin:$PATH"
fi

compile() {
    echo "lock: $1 ..."
    target="requirements/$1.txt"
    shift
    UV_PYTHON_DOWNLOADS=never uv pip compile -q --python-version 3.11 --no-header --no-annotate --generate-hashes \
        --no-emit-index-url --no-emit-find-links -o "$target" "$@"
}
printf 'setuptools>=77\nwheel\nswig\n' >"$folder/build.in"
compile build "$@" "$folder/build.in"
compile run "$@" --extra kiosk --extra circulation --extra desk --extra ui pyproject.toml
compile dev "$@" --all-extras --constraint requirements/run.txt pyproject.toml

if grep -n '://' requirements/*.txt; then
    echo "lock: an address has come in; do not commit this" >&2
    exit 1
fi
