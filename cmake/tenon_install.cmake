# The installed prefix: movable, used through find_package(tenon), pkg-config or plain cc. See ../docs/install.md.
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/tenon)
install(TARGETS tenon backend_api dlpack tenon_cli EXPORT tenon_targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(EXPORT tenon_targets NAMESPACE tenon:: DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/tenonConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/tenonConfig.cmake ${CMAKE_BINARY_DIR}/cmake/tenonConfigVersion.cmake cmake/tenon_add_backend.cmake
              cmake/tenon_backend.map
        DESTINATION ${package})

file(RELATIVE_PATH tenon_pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/tenon.pc.in ${CMAKE_BINARY_DIR}/cmake/tenon.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/cmake/tenon.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES ${TENON_DLPACK_HEADER} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dlpack)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} USE_SOURCE_PERMISSIONS PATTERN testing EXCLUDE PATTERN installed EXCLUDE)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN testing EXCLUDE PATTERN CMakeLists.txt EXCLUDE)
install(FILES README.md CONTRIBUTING.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
# What pages link to lies beside them as it does in the sources.
install(DIRECTORY tools/schemas DESTINATION ${CMAKE_INSTALL_DOCDIR}/tools)
file(RELATIVE_PATH doc_to_include /${CMAKE_INSTALL_DOCDIR}/backend_api /${CMAKE_INSTALL_INCLUDEDIR})
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/cmake/doc/backend_api)
file(CREATE_LINK ${doc_to_include} ${CMAKE_BINARY_DIR}/cmake/doc/backend_api/include SYMBOLIC)
install(DIRECTORY ${CMAKE_BINARY_DIR}/cmake/doc/backend_api DESTINATION ${CMAKE_INSTALL_DOCDIR})
