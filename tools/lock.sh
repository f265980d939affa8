#!/bin/sh
# Renew requirements/*.txt from pyproject.toml: pinned and hashed, without addresses. Needs "uv" on the path.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile -q --python-version 3.11 --no-header --no-annotate --generate-hashes "$@"; }
compile --extra kiosk --extra circulation --extra sim pyproject.toml -o requirements/run.txt
compile --all-extras -c requirements/run.txt pyproject.toml -o requirements/dev.txt
printf 'setuptools>=77\nwheel\nswig\n' | compile - -o requirements/build.txt
