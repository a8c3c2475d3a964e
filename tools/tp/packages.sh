# Installs what a command needs, on Debian and Ubuntu. A second run only asks dpkg and takes no time.
#
# A need is written command:package or -:package (a library: only dpkg knows it); a|b means the first that can be had.

needs_build() {
  echo "cmake:cmake ninja:ninja-build ccache:ccache pkg-config:pkg-config|pkgconf -:ca-certificates"
  echo "-:libboost1.81-dev|libboost1.83-dev|libboost-dev -:libssl-dev -:libtomlplusplus-dev -:libedit-dev"
  echo "-:libsqlite3-dev -:libgtest-dev -:libgmock-dev"
  needs_compiler
}
needs_engine() { echo "git:git cmake:cmake node:nodejs npm:npm"; }
needs_model() { echo "python3:python3 pip3:python3-pip"; }
needs_bench() {
  needs_build
  needs_engine
  needs_model
  echo "nginx:nginx-light haproxy:haproxy taskset:util-linux strip:binutils"
}
needs_test() {
  needs_build
  needs_engine
  needs_model
  # Debian 12's own cargo is too old for today's crates; cargo-web, kept for its browsers, is not.
  echo "curl:curl openssl:openssl -:python3-venv|python3-full cargo:cargo-web|cargo"
  version=$(clang_version)
  [ -z "$version" ] || echo "-:libclang-rt-$version-dev llvm-nm-$version:llvm-$version"
}

# The clang to use: 19 if it can be had, else any from 16 on. Empty: none, g++ must do.
clang_version() {
  if [ -z "${tp_clang_version+set}" ]; then
    tp_clang_version=
    for candidate in 19 20 21 18 17 16; do
      if have "clang++-$candidate" || package_available "clang-$candidate"; then
        tp_clang_version=$candidate
        break
      fi
    done
  fi
  echo "$tp_clang_version"
}
needs_compiler() {
  version=$(clang_version)
  if [ -n "$version" ]; then
    echo "clang++-$version:clang-$version ld.lld-$version:lld-$version"
  elif [ -z "${CXX:-}" ] && ! compiler_at_least clang++ 16 && ! compiler_at_least g++ 13; then
    echo "-:clang-19|clang-18|clang-17|clang-16|g++-14|g++-13"
  fi
}

package_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}
package_available() { have apt-cache && apt-cache show "$1" >/dev/null 2>&1; }

# missing_needs NEED…: those neither a command nor dpkg can satisfy.
missing_needs() {
  libraries=$(for need in "$@"; do echo "${need#*:}"; done | tr '|' '\n')
  # shellcheck disable=SC2086
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $libraries 2>/dev/null |
    sed -n 's/^installed //p' | tr '\n' ' ')"
  for need in "$@"; do
    tool=${need%%:*}
    if [ "$tool" != - ] && have "$tool"; then continue; fi
    found=no
    for package in $(echo "${need#*:}" | tr '|' ' '); do
      case $installed in *" $package "*) found=yes ;; esac
    done
    [ "$found" = yes ] || echo "$need"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

# install_packages build|engine|model|test|bench
install_packages() {
  if ! have apt-get || ! have dpkg-query; then
    name_packages "$1"
    return 0
  fi
  # shellcheck disable=SC2046
  missing=$(missing_needs $("needs_$1"))
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ] && ! have sudo; then
    die "install these as root, then run ./tp again: $(echo "$missing" | sed 's/.*://; s/|.*//' | tr '\n' ' ')"
  fi
  [ "$(id -u)" -eq 0 ] || sudo -v || die "./tp needs root once, to install packages"
  run_quietly "package lists" build/log/apt-update.log as_root apt-get update -q ||
    note "tp: going on with the package lists of last time"
  unset tp_clang_version # the fresh lists may know a better compiler
  # shellcheck disable=SC2046
  missing=$(missing_needs $("needs_$1"))
  chosen=$(for need in $missing; do choose_package "${need#*:}"; done | tr '\n' ' ')
  note "installing: $chosen"
  # shellcheck disable=SC2086
  run_quietly "packages" build/log/apt-install.log \
    as_root apt-get install -y -q --no-install-recommends $chosen ||
    die "apt-get could not install: $chosen(check the network and the package sources, then run ./tp again)"
}

# The first of a|b|c that the package lists know, or the first of all, so that apt names it in its error.
choose_package() {
  for package in $(echo "$1" | tr '|' ' '); do
    if package_available "$package"; then
      echo "$package"
      return
    fi
  done
  echo "${1%%|*}"
}

# An unknown system: say what is needed, go on, let CMake find it or not.
name_packages() {
  absent=
  for need in $("needs_$1"); do
    tool=${need%%:*}
    if [ "$tool" = - ] || have "$tool"; then continue; fi
    absent="$absent ${tool}"
  done
  [ -z "$absent" ] && [ -d build ] && return 0
  note "tp: this system has no apt-get. Needed: a C++20 compiler (clang >= 16 or g++ >= 13), CMake >= 3.25, Ninja,"
  note "    Boost >= 1.81 headers, OpenSSL >= 3.0, SQLite 3, toml++, libedit, GoogleTest; for tests also Node.js and"
  note "    Python 3 with venv.${absent:+ Not found as commands:$absent}"
}
