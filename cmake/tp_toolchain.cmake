# Language level, warnings, hardening and sanitizers, the same for every target of the project.
# clang 19 is the default: g++ 12.2 miscompiles common coroutine shapes (docs/decisions/0001-compiler.md).

option(TP_WERROR "Warnings are errors" OFF)
option(TP_DEBUG_CHECKS "Checked standard library and project assertions with detail" OFF)
option(TP_FUZZ "Build fuzz targets with libFuzzer" OFF)
set(TP_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LINK_DEPENDS_NO_SHARED ON)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines; "
                      "use clang >= 16 or g++ >= 13 (CXX=clang++-19)")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND NOT APPLE AND NOT WIN32)
  find_program(TP_LLD NAMES ld.lld-19 ld.lld)
  if(TP_LLD)
    add_link_options(--ld-path=${TP_LLD})
  endif()
endif()

# No program holds where it was built: the same sources give the same bytes in every folder. Sources are named from
# the project's folder on; the second spelling is what ccache hands to the compiler (CCACHE_BASEDIR).
cmake_path(RELATIVE_PATH CMAKE_SOURCE_DIR BASE_DIRECTORY ${CMAKE_BINARY_DIR} OUTPUT_VARIABLE tp_up)
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -ffile-prefix-map=${tp_up}/=)

add_library(tp_flags INTERFACE)
target_compile_options(tp_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wcast-align -Wimplicit-fallthrough -Wformat=2 -fstack-protector-strong)
if(TP_WERROR)
  target_compile_options(tp_flags INTERFACE -Werror)
endif()
target_compile_definitions(tp_flags INTERFACE _GLIBCXX_ASSERTIONS)
if(TP_DEBUG_CHECKS)
  target_compile_definitions(tp_flags INTERFACE TP_DEBUG_CHECKS=1)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
  target_compile_definitions(tp_flags INTERFACE _FORTIFY_SOURCE=2)
  target_compile_options(tp_flags INTERFACE -ffunction-sections -fdata-sections)
  if(UNIX AND NOT APPLE)
    add_link_options(-pie -Wl,-z,relro,-z,now -Wl,--gc-sections)
  endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  string(REPLACE "-O2 -g -DNDEBUG" "-O1 -g1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endif()
if(TP_SANITIZE)
  add_compile_options(-fsanitize=${TP_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TP_SANITIZE})
endif()
if(TP_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
