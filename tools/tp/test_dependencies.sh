# Packages of other languages that tests talk to, each installed once per content of its lock file, below build/:
#   tests/NAME/package-lock.json  → build/node/NAME/node_modules  (run a script with tools/tp/run-node.sh NAME FILE)
#   tests/NAME/requirements.txt   → build/python                  (run a script with build/python/bin/python)

install_node_modules() {
  for lock in tests/*/package-lock.json; do
    [ -f "$lock" ] || continue
    folder=$(dirname "$lock") name=$(basename "$(dirname "$lock")")
    to=build/node/$name
    if cmp -s "$lock" "$to/installed.lock"; then continue; fi
    mkdir -p "$to" && cp "$folder/package.json" "$lock" "$to/"
    run_quietly "npm packages of $folder" "build/log/npm-$name.log" \
      npm ci --prefix "$to" --no-audit --no-fund --loglevel=error || return 0
    cp "$lock" "$to/installed.lock"
  done
}

install_python_packages() {
  wanted=$(cat tests/*/requirements.txt 2>/dev/null || true)
  [ -n "$wanted" ] || return 0
  if [ "$wanted" = "$(cat build/python/installed.txt 2>/dev/null || true)" ]; then return 0; fi
  rm -rf build/python
  run_quietly "Python environment" build/log/venv.log python3 -m venv build/python || return 0
  set --
  for file in tests/*/requirements.txt; do set -- "$@" -r "$file"; done
  run_quietly "Python packages" build/log/pip.log build/python/bin/pip install -q --no-input "$@" || return 0
  printf '%s\n' "$wanted" >build/python/installed.txt
}
