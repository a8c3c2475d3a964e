# ./tp test: every test, from a fresh clone. Steps go on after a failure, so that one run tells everything;
# the closing line counts them all.

tp_test() {
  quick=no all=no
  for argument in "$@"; do
    case $argument in
      --quick) quick=yes ;;
      --all) all=yes ;;
      *) die "unknown argument of test: --quick and --all are known" 2 ;;
    esac
  done
  began=$(now) results=build/results broken=0
  rm -rf "$results" && mkdir -p "$results"
  . tools/tp/test_dependencies.sh

  step "packages" && install_packages test
  if [ "$quick" = no ]; then
    step "engine and model" && get_test_model
    step "client programs for interop tests" && install_node_modules && install_python_packages && build_rust_programs
  fi
  run_preset dev ""
  # Each sanitizer costs another whole build, so a plain ./tp test leaves them out.
  if [ "$all" = yes ]; then
    run_preset asan 'unit|conformance|scenario|fuzz'
    run_preset tsan 'unit|conformance|scenario'
  fi
  step "result"
  python3 tools/tp/summary.py --broken "$broken" "$results"/*.xml
}

step() { say "" && say "== $1 (after $(($(now) - began)) s)"; }

# run_preset PRESET LABELS: a preset that does not build counts as one failure, and its tests are not run.
run_preset() {
  step "build $1"
  if ! build_preset "$1"; then
    broken=$((broken + 1))
    return 0
  fi
  step "test $1"
  set -- "$1" "$2" "$PWD/$results/$1.xml"
  # The tail of each test's output is kept, because GoogleTest's counts stand there; summary.py reads them.
  # Labels e2e and interop are the slow ones that need a model or downloads.
  export GTEST_COLOR=no CTEST_OUTPUT_ON_FAILURE=1
  export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1" TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1"
  without_aslr "$1" ctest --test-dir "build/$1" -j "$(jobs_count)" --no-tests=error --timeout 600 --progress \
    ${2:+-L "$2"} $([ "$quick" = no ] || echo "-LE e2e|interop") --output-junit "$3" \
    --test-output-size-passed 20000 --test-output-truncation head || true
  [ -s "$3" ] || broken=$((broken + 1))
}

# ThreadSanitizer cannot place its shadow memory under some settings of address randomisation.
without_aslr() {
  wanted=$1
  shift
  if [ "$wanted" = tsan ] && setarch "$(uname -m)" -R true 2>/dev/null; then
    setarch "$(uname -m)" -R "$@"
  else
    "$@"
  fi
}

# A test that needs the engine or the model and has neither says so and counts as skipped.
get_test_model() {
  . tools/tp/up.sh
  [ -n "${TOKEN_PLACE_ENGINE:-}" ] || get_engine || note "tp: tests with a real engine will be skipped"
  [ -n "${TOKEN_PLACE_MODEL:-}" ] || get_model || note "tp: tests with a real model will be skipped"
}
