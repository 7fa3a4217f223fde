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

export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
in_venv() { "$python" -m venv --clear .tools 2>/dev/null && .tools/bin/python -m pip install --quiet "$uv"; }
python3_venv() {
    command -v apt-get >/dev/null && as_root apt-get update -qq >/dev/null 2>&1
    as_root apt-get install -y -qq python3-venv >/dev/null 2>&1
}

rm -rf .tools
if "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m pip install --quiet --target .tools "$uv"
else
    in_venv || { python3_venv && in_venv; } ||
        fail "'$python' has neither pip nor venv; on Debian or Ubuntu: apt install python3-venv"
fi
.tools/bin/uv --version
