#!/bin/sh
# run-node.sh NAME FILE [arguments]: runs tests/NAME/FILE with the packages of build/node/NAME (NAME may hold slashes).
# Node looks for packages beside the script, and the source tree stays free of node_modules, so the scripts are
# copied beside the packages first. A `node` inside the packages (npm package "node") wins over the system's.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
name=$1 file=$2
shift 2
to=$root/build/node/$name
if [ ! -d "$to/node_modules" ]; then
  echo "skipped: npm packages of tests/$name are not installed; run ./tp test" >&2
  exit 77
fi
for script in "$root/tests/$name"/*.mjs "$root/tests/$name"/*.js "$root/tests/$name"/*.json; do
  [ -f "$script" ] || continue
  copy=$to/$(basename "$script")
  if ! cmp -s "$script" "$copy"; then
    cp "$script" "$copy.$$" && mv "$copy.$$" "$copy"
  fi
done
program=node
[ ! -x "$to/node_modules/.bin/node" ] || program=$to/node_modules/.bin/node
exec env TP_SOURCE_DIR="$root" "$program" "$to/$file" "$@"
