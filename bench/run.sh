#!/bin/sh
# Builds what is measured (release preset) and measures it: ./tp bench [--quick] …, see bench.py.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
. tools/tp/common.sh
. tools/tp/build.sh
build_preset release tokenplace tokenplace-relay tokenplace-server bench || exit 1
missing=""
for tool in nginx haproxy python3 taskset strip; do have "$tool" || missing="$missing $tool"; done
[ -z "$missing" ] || die "bench needs$missing; Debian: apt-get install nginx-light haproxy python3 binutils"
BENCH_BIN="$PWD/build/release/bin"
export BENCH_BIN
exec python3 bench/bench.py "$@"
