# The installed prefix: movable, used through find_package(tenon), pkg-config or plain cc.
include(CMakePackageConfigHelpers)
install(FILES ${TENON_DLPACK_HEADER} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dlpack)
if(TARGET tenon)
  install(TARGETS tenon backend_api dlpack EXPORT tenon_targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT tenon_targets NAMESPACE tenon:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tenon)
  file(WRITE ${CMAKE_BINARY_DIR}/cmake/tenonConfig.cmake "include(\${CMAKE_CURRENT_LIST_DIR}/tenon_targets.cmake)\ninclude(\${CMAKE_CURRENT_LIST_DIR}/tenon_add_backend.cmake)\n")
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/tenonConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/cmake/tenonConfig.cmake ${CMAKE_BINARY_DIR}/cmake/tenonConfigVersion.cmake
          ${PROJECT_SOURCE_DIR}/cmake/tenon_add_backend.cmake
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tenon)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/backend_c ${PROJECT_SOURCE_DIR}/examples/backend_cpp
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${PROJECT_SOURCE_DIR}/docs/backends.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
