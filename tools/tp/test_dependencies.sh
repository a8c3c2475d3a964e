# Packages of other languages that tests talk to, each installed once per content of its lock file, below build/:
#   tests/…/package-lock.json → build/node/…/node_modules  (run a script with tools/tp/run-node.sh … FILE)
#   tests/…/requirements.txt  → build/python               (run a script with build/python/bin/python)
#   tests/…/Cargo.lock        → build/rust                 (programs in build/rust/debug)
# What cannot be had is said, and the tests that need it are skipped.

install_node_modules() {
  for lock in $(find tests -name package-lock.json -not -path '*/node_modules/*' | sort); do
    folder=$(dirname "$lock")
    name=${folder#tests/}
    to=build/node/$name
    if cmp -s "$lock" "$to/installed.lock"; then continue; fi
    mkdir -p "$to" && cp "$folder/package.json" "$lock" "$to/"
    run_quietly "npm packages of $folder" "build/log/npm-$(echo "$name" | tr / -).log" \
      npm ci --prefix "$to" --no-audit --no-fund --loglevel=error || continue
    cp "$lock" "$to/installed.lock"
  done
}

install_python_packages() {
  files=$(find tests -name requirements.txt -not -path '*/node_modules/*' | sort)
  [ -n "$files" ] || return 0
  # shellcheck disable=SC2086
  wanted=$(cat $files)
  if [ "$wanted" = "$(cat build/python/installed.txt 2>/dev/null || true)" ]; then return 0; fi
  rm -rf build/python
  run_quietly "Python environment" build/log/venv.log python3 -m venv build/python || return 0
  set --
  for file in $files; do set -- "$@" -r "$file"; done
  run_quietly "Python packages" build/log/pip.log build/python/bin/pip install -q --no-input "$@" || return 0
  printf '%s\n' "$wanted" >build/python/installed.txt
}

# Built here and not by the test, which would be waiting for a compiler. Nothing to do takes no time.
build_rust_programs() {
  have cargo || return 0
  for lock in $(find tests -name Cargo.lock | sort); do
    folder=$(dirname "$lock")
    run_quietly "Rust program of $folder" "build/log/cargo-$(basename "$folder").log" \
      env CARGO_TARGET_DIR="$PWD/build/rust" cargo build --locked --manifest-path "$folder/Cargo.toml" || continue
  done
}
