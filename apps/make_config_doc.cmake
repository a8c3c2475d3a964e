# cmake -DPROGRAMS="a;b" -DOUT=file [-DCOMPARE=file] -P make_config_doc.cmake
# Writes docs/CONFIG.md from the option tables of the programs; with COMPARE, fails if that file differs.
set(text "# Configuration

Made from the option tables of the programs by `ninja config_doc`; do not edit.

Every option can be given as a flag (`--name value`, `--name=value`; `snake_case` spellings are accepted), in the
environment, or in a TOML file (`name = value`) named by `--config` or `TOKEN_PLACE_CONFIG`.
Order: default < file < environment < flag. `--print-config` shows each value and where it came from.
Of options that exclude each other (mock, `engine-url` and `model`; a secret and its file) the one from the higher
source counts; two from the same source are refused.
One file can serve several programs: what belongs to one stands in its table (`[tokenplace-relay]`,
`[tokenplace-server]`, or the name of a command such as `[chat]`).
Secrets come from the environment, from the file, or from a file of their own (`--NAME-file`), never from a flag.
Durations are written `250ms`, `30s`, `5m`, `2h`; a bare number is seconds. An empty variable counts as unset.

Exit codes: 0 done, 1 the job failed, 2 wrong usage or configuration.
")
foreach(program ${PROGRAMS})
  execute_process(COMMAND ${program} --help-markdown OUTPUT_VARIABLE part RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${program} --help-markdown ended with ${code}")
  endif()
  string(APPEND text "\n${part}")
endforeach()
file(WRITE ${OUT} "${text}")
if(COMPARE)
  execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${OUT} ${COMPARE} RESULT_VARIABLE differs)
  if(differs)
    message(FATAL_ERROR "docs/CONFIG.md is not what the option tables say; run: ninja config_doc")
  endif()
endif()
