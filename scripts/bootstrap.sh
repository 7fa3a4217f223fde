#!/bin/sh
# Puts uv into .tools, with nothing but Python 3.11+ and its pip or venv. Nothing outside this folder is changed:
# pip's --target is allowed where the system's Python is externally managed (PEP 668).
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
uv='uv>=0.9,<1'

fail() {
    echo "bankcard-ocr: $1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "Python 3.11 or newer is needed and '$python' is not; install it, or name one: make PYTHON=python3.12 ..."

rm -rf .tools
if "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m pip install --quiet --disable-pip-version-check --target .tools "$uv"
elif "$python" -m venv .tools 2>/dev/null; then
    .tools/bin/python -m pip install --quiet --disable-pip-version-check "$uv"
elif command -v apt-get >/dev/null && as_root apt-get install -y python3-venv >/dev/null 2>&1 && "$python" -m venv .tools; then
    .tools/bin/python -m pip install --quiet --disable-pip-version-check "$uv"
else
    fail "'$python' has neither pip nor venv; on Debian or Ubuntu: apt install python3-venv"
fi
.tools/bin/uv --version
