#!/bin/sh
# gen-config-doc.sh BIN_DIR [--check]: writes docs/CONFIG.md from the option tables of the three programs in BIN_DIR.
# With --check it writes nothing and fails if the page is not what the programs say.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:?usage: gen-config-doc.sh BIN_DIR [--check]}
made=$(mktemp)
trap 'rm -f "$made"' EXIT
{
  cat <<'TEXT'
# Configuration

Made by `tools/gen-config-doc.sh` from the programs' option tables; a test compares it with them. Do not edit.

Order: default < file (`--config FILE`, TOML, `option = value`) < environment < flag. `--print-config` shows every value and where it
came from. Options are written `--like-this`; spellings with underscores are accepted. Secrets come from files or the environment only.
TEXT
  for program in tokenplace tokenplace-relay tokenplace-server; do
    echo
    # The programs' pages become sections of this one.
    env -i HOME=/nonexistent PATH=/usr/bin:/bin "$bin/$program" --help-markdown | sed 's/^#/##/'
  done
} >"$made"
if [ "${2:-}" = --check ]; then
  diff -u "$root/docs/CONFIG.md" "$made" || {
    echo "docs/CONFIG.md is out of date: run tools/gen-config-doc.sh $bin"
    exit 1
  }
else
  cp "$made" "$root/docs/CONFIG.md"
  chmod 644 "$root/docs/CONFIG.md"
fi
