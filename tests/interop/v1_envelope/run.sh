#!/bin/sh
# run.sh PEER: the Python side, with the packages of requirements.txt (see docs/TESTING.md).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${here%/tests/*}/build/python/bin/python
if ! "$python" -c 'import cryptography' 2>/dev/null; then
  echo "skipped: the Python package cryptography is not installed; run ./tp test" >&2
  exit 77
fi
exec "$python" "$here/run.py" "$@"
