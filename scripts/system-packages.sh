#!/bin/sh
# Installs the programs that some tests need, where that is allowed: as root, or with a sudo that asks nothing, on
# systems with apt. Elsewhere it says which are missing; the tests that need them are skipped and say so too.
set -u

missing=""
want() { # PACKAGE COMMAND...: the package is wanted when none of the commands is there
    package=$1
    shift
    for command in "$@"; do
        command -v "$command" >/dev/null 2>&1 && return
    done
    missing="$missing $package"
}

want nodejs node
want npm npm
want redis-server redis-server
want chromium chromium chromium-browser google-chrome
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then root=""; else root="sudo -n"; fi
if command -v apt-get >/dev/null 2>&1 && $root true 2>/dev/null; then
    echo "installing for the tests:$missing"
    export DEBIAN_FRONTEND=noninteractive
    $root apt-get update -qq >/dev/null 2>&1
    for package in $missing; do
        timeout 600 $root apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
            echo "could not install $package: tests that need it are skipped"
    done
else
    echo "not installed, so the tests that need them are skipped:$missing"
fi
