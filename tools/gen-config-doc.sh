#!/bin/sh
# Writes docs/CONFIG.md from the option tables of the three programs, after building them.
set -eu
cd "$(dirname "$0")/.."
./tp build dev
exec ninja -C build/dev config_doc
