# Packages of other languages that tests talk to, each installed once per content of its lock file, below build/:
#   tests/…/package-lock.json → build/node/…/node_modules  (run a script with tools/tp/run-node.sh … FILE)
#   tests/…/requirements.txt  → build/python               (run a script with build/python/bin/python)
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
