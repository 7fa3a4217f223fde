#!/bin/sh
# Every figure of docs/scale.md and docs/bulk.md, one after another, on a machine that has nothing else to do; a full run takes some ten minutes.
#   bench/operations.sh [PICTURES]                 timings and faults: bench/results/load.json and bulk.json
#   SECONDS_EACH=10 ROWS=600 bench/operations.sh   the same in half the time
#   LONG=1 bench/operations.sh                     and 100,000 requests for the slope of memory (10 minutes more)
# Without PICTURES forty cards are drawn. Faults and memory need no quiet machine; timings do.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
seconds=${SECONDS_EACH:-20}
began=$(date +%s)

pictures=${1:-}
if [ -z "$pictures" ]; then
    pictures=$(mktemp -d)
    trap 'rm -r "$pictures"' EXIT
    .venv/bin/bankcard-ocr synth "$pictures" --count 40
fi

load() { $python bench/load.py "$pictures" bench/results/load.json "$@"; }
bulk() { $python bench/bulk.py "$pictures" bench/results/bulk.json "$@"; }

load --only capacity,workers --seconds "$seconds"
load --only at_80_percent --seconds "$((seconds * 2))"
load --only overload --seconds 60
bulk --only rate --rows "${ROWS:-1500}" --seconds "$seconds"
load --only kills --seconds 60
load --only quota
bulk --only kills --rows 20000 --stand-in
[ -z "${LONG:-}" ] || load --only memory --requests 100000 --each 50

echo "took $(($(date +%s) - began)) s"
