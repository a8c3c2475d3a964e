#!/bin/sh
# run.sh WORK_DIR LIBP2P_PEER: installs the pinned packages into WORK_DIR (once per lock file) and runs the interop tests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1
peer=$2
command -v node > /dev/null && command -v npm > /dev/null || { echo "skipped: node or npm is not installed"; exit 77; }
mkdir -p "$work"
if ! cmp -s "$here/package-lock.json" "$work/installed-lock.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$work/"
  (cd "$work" && npm ci --no-audit --no-fund --ignore-scripts > npm.log 2>&1) ||
    { tail -3 "$work/npm.log"; echo "skipped: the packages could not be installed"; exit 77; }
  cp "$here/package-lock.json" "$work/installed-lock.json"
fi
cp "$here"/*.mjs "$work/"
cd "$work"
exec node run.mjs "$peer"
