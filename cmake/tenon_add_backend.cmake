# tenon_add_backend(TARGET SOURCES...): a backend's shared object lib<TARGET>.so, in C11 or C++20, built as rule R10 of
# backend.h asks: hidden symbols, no unique ones, tenon_negotiate alone exported (instances of the standard library's
# templates are not hidden by a flag). Here and in the installed package.
function(tenon_add_backend target)
  add_library(${target} MODULE ${ARGN})
  target_link_libraries(${target} PRIVATE tenon::backend_api)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11 C_VISIBILITY_PRESET hidden
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  if(UNIX AND NOT APPLE)
    set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/tenon_backend.map)
    target_link_options(${target} PRIVATE -Wl,--version-script,${map})
    set_target_properties(${target} PROPERTIES LINK_DEPENDS ${map})
  endif()
endfunction()
