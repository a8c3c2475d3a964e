# cmake -DPROGRAM=… -DARGUMENTS=a|b -DEXPECT=regex -P expect_death.cmake
# Succeeds when the program fails and its stderr matches. An abort counts, a clean exit or silence does not.
string(REPLACE "|" ";" ARGUMENTS "${ARGUMENTS}")
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE errors)
if(status STREQUAL "0")
  message(FATAL_ERROR "${PROGRAM} was expected to die and did not")
endif()
if(NOT errors MATCHES "${EXPECT}")
  message(FATAL_ERROR "${PROGRAM} died (${status}) without saying ${EXPECT}")
endif()
