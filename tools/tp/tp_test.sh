#!/bin/sh
# The entry script's own decisions: what is fetched for which arguments, what is missing, exit codes.
set -u
cd "$(dirname "$0")/../.."
failed=0
expect() { # expect WHAT WANTED GOT
  [ "$2" = "$3" ] || { echo "$1: wanted '$2', got '$3'" && failed=1; }
}

for script in tp tools/tp/*.sh; do
  sh -n "$script" || failed=1
done

. tools/tp/common.sh
. tools/tp/packages.sh
. tools/tp/build.sh
. tools/tp/up.sh
unset USE_MOCK_LLM TOKEN_PLACE_USE_MOCK_LLM TOKEN_PLACE_MOCK 2>/dev/null || true
unset TOKEN_PLACE_ENGINE TOKEN_PLACE_ENGINE_URL TOKEN_PLACE_MODEL 2>/dev/null || true
fetched() { { wants engine "$@" && printf 'engine '; wants model "$@" && printf 'model '; } | sed 's/ $//'; }
expect "up" "engine model" "$(fetched)"
expect "up --port 1" "engine model" "$(fetched --port 1)"
expect "up --relay" "engine model" "$(fetched --relay https://relay.example)"
expect "up --mock" "" "$(fetched --mock)"
expect "up --engine-url" "" "$(fetched --port 1 --engine-url=http://127.0.0.1:1)"
expect "up --engine" "model" "$(fetched --engine /bin/true)"
expect "up --model" "engine" "$(fetched --model a.gguf)"
expect "up --model, the default one" "engine model" "$(fetched --model smollm2-135m-instruct --port 1)"
expect "up --model=, the default one" "engine model" "$(fetched --model=smollm2-135m-instruct)"
expect "the default model against a mock" "engine model" "$(USE_MOCK_LLM=1 fetched --model smollm2-135m-instruct)"
expect "up --help" "" "$(fetched --help)"
expect "mock by environment" "" "$(USE_MOCK_LLM=1 fetched)"
expect "mock by its newer name" "" "$(TOKEN_PLACE_MOCK=1 fetched)"
expect "a model against a mock in the environment" "engine" "$(USE_MOCK_LLM=1 fetched --model a.gguf)"
expect "a server by environment" "" "$(TOKEN_PLACE_ENGINE_URL=http://127.0.0.1:1 fetched)"
expect "a model against a server in the environment" "engine" \
  "$(TOKEN_PLACE_ENGINE_URL=http://127.0.0.1:1 fetched --model a.gguf)"
expect "a model by environment" "engine" "$(TOKEN_PLACE_MODEL=a.gguf fetched)"
expect "an engine by environment" "model" "$(TOKEN_PLACE_ENGINE=/bin/true fetched)"

stub=$(mktemp -d)
printf '#!/bin/sh\nprintf "installed one\\nnot-installed two\\ninstalled three\\n"\n' >"$stub/dpkg-query"
chmod +x "$stub/dpkg-query"
missing=$(PATH=$stub:$PATH missing_needs -:one -:two '-:two|three' sh:x no-such-tool:four | tr '\n' ' ')
expect "missing needs" "-:two no-such-tool:four " "$missing"
rm -r "$stub"

./tp help >/dev/null || expect "./tp help" 0 1
./tp nonsense >/dev/null 2>&1
expect "./tp nonsense" 2 $?
./tp test --nonsense >/dev/null 2>&1
expect "./tp test --nonsense" 2 $?

log=$(mktemp)
run_quietly step "$log" sh -c 'echo word; exit 3' >/dev/null 2>&1
expect "exit code of a step" 3 $?
expect "log of a step" word "$(cat "$log")"
rm -f "$log"

# One run does the work; one that waited for it finds it done. The folder of the work goes with its run.
folder=$(mktemp -d)
work_once() {
  sh -c '. tools/setup/common.sh
    done_already() { [ -e "$folder/done" ]; }
    folder=$1
    begin_work done_already "$folder/done"
    : >"$work/part"
    mv "$work/part" "$folder/done"
    echo worked' setup "$folder"
}
expect "first run" worked "$(work_once)"
expect "second run" "$folder/done" "$(work_once)"
expect "left in the folder" "done" "$(ls "$folder")"
expect "a wrong hash" "setup: the thing's hash is not the pinned one: not using it" \
  "$(sh -c '. tools/setup/common.sh; check_hash 256 "$1" 0 "the thing"' setup "$folder/done" 2>&1)"
rm -r "$folder"
[ "$failed" -eq 0 ] && echo "all as expected"
exit "$failed"
