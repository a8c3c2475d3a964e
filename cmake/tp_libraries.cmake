# Third-party libraries. Only headers of Boost are needed: its compiled parts (Asio, Beast, JSON, URL) are built
# once, into boost_impl, so that no program depends on a Boost shared library.

find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)

set(boost_definitions
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
  BOOST_BEAST_SEPARATE_COMPILATION BOOST_JSON_NO_LIB BOOST_URL_NO_LIB BOOST_SYSTEM_NO_LIB BOOST_ALL_NO_LIB
  BOOST_JSON_STATIC_LINK BOOST_URL_STATIC_LINK)

add_library(boost_headers INTERFACE)
target_include_directories(boost_headers SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(boost_headers INTERFACE ${boost_definitions})

# One static library per Boost part: a program links only what it uses.
function(tp_boost_part name)
  add_library(boost_${name} STATIC ${CMAKE_SOURCE_DIR}/cmake/boost_${name}.cpp)
  target_link_libraries(boost_${name} PUBLIC boost_headers Threads::Threads ${ARGN})
endfunction()
tp_boost_part(json)
tp_boost_part(url)
tp_boost_part(asio)
tp_boost_part(beast boost_asio)
