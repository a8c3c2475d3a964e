#!/bin/sh
# run.sh BIN_DIR: lets the stock OHTTP client of this folder ask through the real programs. ./tp test has built it below
# build/rust; else that happens here and takes a minute or more. Without cargo, or without the crates, it says so and is
# skipped (exit code 77).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
bin=$(cd "$1" && pwd)
export CARGO_TARGET_DIR="$root/build/rust"
log=$root/build/log/cargo-interop.log
mkdir -p "$root/build/log"
command -v cargo >/dev/null || { echo "skipped: cargo is not installed"; exit 77; }
cd "$here"
cargo fetch --quiet --locked >"$log" 2>&1 || {
  tail -3 "$log"
  echo "skipped: the crates cannot be had, or cargo is older than 1.85"
  exit 77
}
cargo build --quiet --locked --offline >"$log" 2>&1 || { tail -20 "$log"; exit 1; }
exec "$root/tools/tp/run-node.sh" interop/js stock-ohttp.mjs "$bin" "$CARGO_TARGET_DIR/debug/stock-ohttp-client"
