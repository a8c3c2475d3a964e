# ./tp lint: style as far as a program can check it.

tp_lint() {
  python3 tools/tidy/tidy.py || lint_failed=yes
  if have clang-format-19; then
    git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format-19 --dry-run -Werror >/dev/null 2>&1 ||
      say "clang-format-19 would change some files (see: git ls-files '*.?pp' | xargs clang-format-19 -n); not an error"
  fi
  [ "${lint_failed:-no}" = no ]
}
