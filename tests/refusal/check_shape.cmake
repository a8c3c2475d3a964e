# cmake -DCOMMAND=compiler|flag|… -DSOURCE=file [-DSHAPE=NAME -DEXPECT=regex] -P check_shape.cmake
# Without SHAPE the file has to compile; with it, it has to fail and the compiler's words have to match.
string(REPLACE "|" ";" command "${COMMAND}")
if(SHAPE)
  list(APPEND command "-D${SHAPE}")
endif()
execute_process(COMMAND ${command} -fsyntax-only ${SOURCE}
                RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE errors)
if(NOT SHAPE)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "the control does not compile:\n${errors}")
  endif()
elseif(status EQUAL 0)
  message(FATAL_ERROR "${SHAPE} compiles")
elseif(NOT errors MATCHES "error: [^\n]*(${EXPECT})|note: [^\n]*(${EXPECT})")
  message(FATAL_ERROR "${SHAPE} fails for another reason than ${EXPECT}:\n${errors}")
endif()
