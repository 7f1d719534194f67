# How Tenon's own targets are built. See README.md for the functions that rooms use.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

# The build tree has the shape of the installed prefix, so that it works in place: bin/, lib/, lib/tenon/backends.d/.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

add_compile_options(-Wall -Wextra -Wpedantic)
if(TENON_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
endif()
if(TENON_SANITIZE)
  add_compile_options(-fsanitize=${TENON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TENON_SANITIZE})
endif()
find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the source folder count as relative, so that every clone shares what one has compiled.
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

# tenon_add_plugin(NAME reference SOURCES ... [LIBRARIES ...] [VENDOR text] [DEVICES text...] [THREADS])
# A backend: lib/tenon/libtenon_<name>.so and its manifest lib/tenon/backends.d/<name>.json. THREADS: it starts threads of
# its own.
function(tenon_add_plugin)
  cmake_parse_arguments(PARSE_ARGV 0 arg "THREADS" "NAME;VENDOR" "SOURCES;LIBRARIES;DEVICES")
  set(target tenon_${arg_NAME})
  tenon_add_backend(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
  if(NOT TENON_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/tenon)
  if(NOT arg_VENDOR)
    set(arg_VENDOR "Tenon")
  endif()
  set(threads false)
  if(arg_THREADS)
    set(threads true)
  endif()
  list(TRANSFORM arg_DEVICES REPLACE "(.+)" "\"\\1\"")
  list(JOIN arg_DEVICES ", " devices)
  set(manifest ${CMAKE_BINARY_DIR}/lib/tenon/backends.d/${arg_NAME}.json)
  file(CONFIGURE OUTPUT ${manifest} @ONLY CONTENT [[{
  "file_format_version": "1.0",
  "backend": {
    "name": "@arg_NAME@",
    "library_path": "../lib@target@.so",
    "abi": {"major": 0, "minor_min": 1, "minor_max": 2},
    "vendor": "@arg_VENDOR@",
    "devices": [@devices@],
    "threads": @threads@
  }
}
]])
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/tenon)
  install(FILES ${manifest} DESTINATION ${CMAKE_INSTALL_LIBDIR}/tenon/backends.d)
endfunction()

# tenon_add_test(NAME planner_test SOURCES ... [LIBRARIES ...] [LABELS fast|slow|nightly ...] [TIMEOUT s])
# A GoogleTest program in tests/, one ctest entry.
function(tenon_add_test)
  if(NOT TENON_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "SOURCES;LIBRARIES;LABELS;ARGUMENTS")
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE ${arg_LIBRARIES} GTest::gtest_main GTest::gmock)
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${arg_NAME} COMMAND ${arg_NAME} ${arg_ARGUMENTS})
  tenon_test_properties(${arg_NAME} "${arg_LABELS}" "${arg_TIMEOUT}")
endfunction()

# tenon_add_script_test(NAME n COMMAND ... [LABELS ...] [TIMEOUT s]): any command as a test; exit code 77 is a skip.
function(tenon_add_script_test)
  if(NOT TENON_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "COMMAND;LABELS")
  add_test(NAME ${arg_NAME} COMMAND ${arg_COMMAND})
  tenon_test_properties(${arg_NAME} "${arg_LABELS}" "${arg_TIMEOUT}")
  set_tests_properties(${arg_NAME} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

function(tenon_test_properties name labels timeout)
  if(NOT labels)
    set(labels fast)
  endif()
  if(NOT timeout)
    set(timeout 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout})
endfunction()
