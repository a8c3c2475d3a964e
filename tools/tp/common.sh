# Helpers of ./tp: messages, quiet long-running steps. Sourced with the repository root as working directory.

if [ -t 1 ] && [ "${CI:-}" != true ]; then tp_tty=yes; else tp_tty=no; fi

say() { printf '%s\n' "$*"; }
note() { printf '%s\n' "$*" >&2; }

# die MESSAGE [EXIT CODE]
die() {
  printf 'tp: %s\n' "$1" >&2
  exit "${2:-1}"
}

have() { command -v "$1" >/dev/null 2>&1; }

now() { date +%s; }

# How many compilers run at once: one a core, and 1.5 GiB of memory for each.
jobs_count() {
  cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
  memory_kib=$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo 2>/dev/null || true)
  fitting=$((${memory_kib:-4000000} / 1500000))
  [ "$fitting" -ge 1 ] || fitting=1
  [ "$cores" -le "$fitting" ] || cores=$fitting
  echo "$cores"
}

# run_quietly TITLE LOG COMMAND…: output goes to LOG; the screen gets the title, a sign of life, the time taken.
# On failure the end of LOG is shown and the command's exit code returned.
run_quietly() {
  title=$1 log=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  started=$(now) shown=$started
  [ "$tp_tty" = yes ] || note "$title …"
  "$@" >"$log" 2>&1 &
  child=$!
  trap 'kill "$child" 2>/dev/null; exit 130' INT TERM
  while kill -0 "$child" 2>/dev/null; do
    sleep 0.2 2>/dev/null || sleep 1
    if [ "$tp_tty" = yes ]; then
      printf '\r\033[K%s … %s' "$title" "$(last_progress "$log")" >&2
    elif [ $(($(now) - shown)) -ge 30 ]; then
      shown=$(now)
      note "  $((shown - started)) s: $(last_progress "$log")"
    fi
  done
  code=0
  wait "$child" || code=$?
  trap - INT TERM
  [ "$tp_tty" = no ] || printf '\r\033[K' >&2
  if [ "$code" -eq 0 ]; then
    note "$title: done in $(($(now) - started)) s"
  else
    tail -n 60 "$log" >&2
    note "$title: failed; everything it printed is in $log"
  fi
  return "$code"
}

last_progress() { tail -c 400 "$1" 2>/dev/null | tr '\r' '\n' | sed -n '$p' | tr -d '\033' | cut -c1-70; }
