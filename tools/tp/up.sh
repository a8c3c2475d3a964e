# ./tp up: from a fresh clone to a running token.place.

# wants engine|model ARGUMENT…: false where arguments or environment make it unnecessary: with a mock or an engine of
# the user's nothing is downloaded. As for the programs, an argument wins over the environment.
wants() {
  what=$1 model=none before=
  shift
  for argument in "$@"; do
    [ "$before" != --model ] || argument=--model=$argument
    before=$argument
    case $argument in
      --mock* | --engine-url* | --engine_url*) return 1 ;;
      --use-mock-llm* | --use_mock_llm* | --help | -h | --version | --print-config) return 1 ;;
      --engine | --engine=*) [ "$what" != engine ] || return 1 ;;
      --model=smollm2-135m-instruct) [ "$model" = own ] || model=ours ;;
      --model=*) model=own ;;
    esac
  done
  if [ "$what" = engine ]; then
    [ -z "${TOKEN_PLACE_ENGINE:-}" ] || return 1
    [ "$model" = none ] || return 0
  else
    [ "$model" != ours ] || return 0
    [ "$model" = none ] && [ -z "${TOKEN_PLACE_MODEL:-}" ] || return 1
  fi
  case ${TOKEN_PLACE_MOCK:-${TOKEN_PLACE_USE_MOCK_LLM:-${USE_MOCK_LLM:-}}} in 1 | true | yes | on) return 1 ;; esac
  [ -z "${TOKEN_PLACE_ENGINE_URL:-}" ]
}

tp_up() {
  install_packages build
  # shellcheck disable=SC2086
  build_preset release $programs || exit 1
  if wants engine "$@"; then get_engine || exit 1; fi
  if wants model "$@"; then get_model || exit 1; fi
  exec build/release/bin/tokenplace up "$@"
}

# Both scripts print their progress on stderr and the path of what they got on stdout. What they need to fetch it is
# installed only when there is something to fetch.
get_engine() {
  fetch engine TOKEN_PLACE_ENGINE \
    "no engine. Start one of your own, then ./tp up --engine-url http://127.0.0.1:PORT; or ./tp up --mock"
}
get_model() {
  fetch model TOKEN_PLACE_MODEL "no model. Name a GGUF file you have: ./tp up --model FILE, or try ./tp up --mock"
}

# fetch WHAT VARIABLE HINT
fetch() {
  "tools/setup/get-$1.sh" --check >/dev/null 2>&1 || install_packages "$1"
  fetched=$("tools/setup/get-$1.sh") || {
    note "tp: $3"
    return 1
  }
  export "$2=$fetched"
}
