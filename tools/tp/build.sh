# Configures and builds one preset, quietly. Sets CC and CXX unless the caller did.

choose_compiler() {
  [ -z "${CXX:-}" ] || return 0
  version=$(clang_version)
  if [ -n "$version" ] && have "clang++-$version"; then
    CC=clang-$version CXX=clang++-$version
  elif compiler_at_least clang++ 16; then
    CC=clang CXX=clang++
  elif have g++-14; then
    CC=gcc-14 CXX=g++-14
  elif have g++-13; then
    CC=gcc-13 CXX=g++-13
  elif compiler_at_least g++ 13; then
    CC=gcc CXX=g++
  else
    die "no compiler fit for coroutines: install clang >= 16 or g++ >= 13, or set CC and CXX to force one"
  fi
  export CC CXX
}

compiler_at_least() {
  have "$1" || return 1
  major=$("$1" -dumpversion 2>/dev/null | cut -d. -f1)
  [ "${major:-0}" -ge "$2" ]
}

# build_preset PRESET [TARGET…]
build_preset() {
  preset=$1
  shift
  export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1  # another clone of the same sources finds the same objects
  if [ ! -f "build/$preset/build.ninja" ]; then
    choose_compiler
    run_quietly "configure $preset ($CXX)" "build/log/configure-$preset.log" cmake --preset "$preset" || return 1
  fi
  run_quietly "build $preset" "build/log/build-$preset.log" ninja -C "build/$preset" -j "$(jobs_count)" "$@"
}

programs="tokenplace tokenplace-relay tokenplace-server"

tp_build() {
  case $1 in
    release | dev | asan | tsan | fuzz) ;;
    *) die "no such preset: say release, dev, asan, tsan or fuzz" 2 ;;
  esac
  case $1 in
    asan | tsan | fuzz) install_packages test ;;
    *) install_packages build ;;
  esac
  # Release is what users run: the three programs. The other presets are for tests: everything.
  if [ "$1" = release ]; then
    # shellcheck disable=SC2086
    build_preset release $programs || exit 1
  else
    build_preset "$1" || exit 1
  fi
  say "programs are in build/$1/bin"
}
