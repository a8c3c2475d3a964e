# ./tp bench: builds what is measured (release preset) and measures it beside others; see bench/README.md.

tp_bench() {
  install_packages bench
  # shellcheck disable=SC2086
  build_preset release $programs bench || exit 1
  . tools/tp/up.sh # the row with a real engine is left out, saying so, where there is none
  { get_engine && get_model; } || note "tp: measuring without the real engine"
  export BENCH_BIN="$PWD/build/release/bin"
  exec python3 bench/bench.py "$@"
}
