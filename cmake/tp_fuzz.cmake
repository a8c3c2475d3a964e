# tp_fuzz(NAME SOURCES … DEPS …): a fuzz target from fuzz/NAME_fuzz.cpp or the given files of fuzz/.
#   The sources define LLVMFuzzerTestOneInput. Seeds lie in fuzz/corpus/NAME/, a few small files.
#   With TP_FUZZ=ON the program NAME_fuzz is a libFuzzer one, and the test fuzz_smoke_NAME runs it shortly.
#   In every other build NAME_fuzz replays the seeds and seeded mutations of them: the test fuzz_replay_NAME.
#   MUST_FAIL "text": the program has to die with that text on stderr. It tests the rig itself.
#   CORPUS folder: another folder of fuzz/corpus than NAME.

function(tp_fuzz NAME)
  cmake_parse_arguments(ARG "" "MUST_FAIL;CORPUS" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_SOURCES)
    set(ARG_SOURCES ${NAME}_fuzz.cpp)
  endif()
  if(NOT ARG_CORPUS)
    set(ARG_CORPUS ${NAME})
  endif()
  foreach(dep ${ARG_DEPS})
    if(NOT TARGET tp_${dep})
      message(STATUS "fuzz target ${NAME} waits for ${dep}")
      return()
    endif()
  endforeach()
  set(program ${NAME}_fuzz)
  set(corpus ${CMAKE_SOURCE_DIR}/fuzz/corpus/${ARG_CORPUS})
  add_executable(${program} ${ARG_SOURCES})
  target_include_directories(${program} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  tp_link(${program} base ${ARG_DEPS})
  target_link_libraries(${program} PRIVATE tp_flags)
  if(TP_FUZZ)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    set(found ${CMAKE_BINARY_DIR}/fuzz_found/${NAME})
    file(MAKE_DIRECTORY ${found})
    set(test fuzz_smoke_${NAME})
    set(command ${program} -runs=20000 -max_total_time=20 -max_len=65536 -artifact_prefix=${found}/
        ${found} ${corpus})
  else()
    target_link_libraries(${program} PRIVATE tp_fuzz_replay)
    set(test fuzz_replay_${NAME})
    set(command ${program} ${corpus})
  endif()
  if(ARG_MUST_FAIL)
    list(POP_FRONT command)
    list(JOIN command "|" arguments)
    add_test(NAME ${test} COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${program}>
             "-DARGUMENTS=${arguments}" "-DEXPECT=${ARG_MUST_FAIL}"
             -P ${CMAKE_SOURCE_DIR}/fuzz/expect_death.cmake)
  else()
    add_test(NAME ${test} COMMAND ${command})
  endif()
  set_tests_properties(${test} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
