# Shared by the scripts of this folder; sourced, never run. Progress goes to stderr, results to stdout.

say() { printf '%s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }
# fail_with LOG MESSAGE: the end of what a tool printed, then what it means.
fail_with() {
  tail -n 8 "$1" >&2
  shift
  fail "$@"
}
have() { command -v "$1" >/dev/null 2>&1; }
need() { have "$1" || fail "needs $1: install $2 and run this again"; }

cache_dir() {
  if [ -n "${XDG_CACHE_HOME:-}" ]; then printf '%s/token.place' "$XDG_CACHE_HOME"
  elif [ -n "${HOME:-}" ]; then printf '%s/.cache/token.place' "$HOME"
  else fail "neither XDG_CACHE_HOME nor HOME is set: no place for a cache"; fi
}

# sha_of BITS FILE
sha_of() {
  if have "sha${1}sum"; then "sha${1}sum" "$2" | cut -d' ' -f1
  else need shasum perl; shasum -a "$1" "$2" | cut -d' ' -f1; fi
}

size_of() { wc -c <"$1" | tr -d ' '; }

# take_lock FILE: two runs never do the same work at once; the second waits, then finds it done.
take_lock() {
  have flock || return 0  # without it both work in folders of their own and the last rename wins
  exec 9>"$1"
  if ! flock -n 9; then
    say "another run is already at it; waiting"
    flock 9
  fi
}

# begin_work DONE RESULT: locks $folder. If DONE is true by then, another run did the work: prints RESULT and
# leaves. Else $work is a folder of this run alone, gone at its end.
begin_work() {
  mkdir -p "$folder"
  take_lock "$folder/.lock"
  if "$1"; then printf '%s\n' "$2"; exit 0; fi
  if have flock; then rm -rf "$folder"/.work.*; fi  # of runs that were killed
  work=$(mktemp -d "$folder/.work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# check_hash BITS FILE WANTED WHAT
check_hash() { [ "$(sha_of "$1" "$2")" = "$3" ] || fail "$4's hash is not the pinned one: not using it"; }
