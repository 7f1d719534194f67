# Finds what Tenon is built from. Debian packages through their own CMake files; what ../setup built into the cache as the
# targets tenon_deps::onnx, tenon_deps::protobuf_lite and dlpack::dlpack.
if(NOT TENON_THIRD_PARTY)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/setup --third-party-path OUTPUT_VARIABLE third_party
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
else()
  set(third_party ${TENON_THIRD_PARTY})
endif()
if(NOT EXISTS ${third_party}/complete)
  message(FATAL_ERROR "The third-party libraries are not in ${third_party}: run ./setup --deps-only first")
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.74 CONFIG REQUIRED COMPONENTS filesystem)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(pugixml REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(stb REQUIRED IMPORTED_TARGET stb)
if(TENON_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

add_library(dlpack INTERFACE)
add_library(dlpack::dlpack ALIAS dlpack)
set_target_properties(dlpack PROPERTIES EXPORT_NAME dlpack)
target_include_directories(dlpack SYSTEM INTERFACE $<BUILD_INTERFACE:${third_party}/include> $<INSTALL_INTERFACE:$<INSTALL_PREFIX>/${CMAKE_INSTALL_INCLUDEDIR}>)

add_library(tenon_deps::protobuf_lite STATIC IMPORTED)
set_target_properties(tenon_deps::protobuf_lite PROPERTIES
  IMPORTED_LOCATION ${third_party}/lib/libprotobuf-lite.a
  INTERFACE_INCLUDE_DIRECTORIES ${third_party}/include
  INTERFACE_LINK_LIBRARIES Threads::Threads)
add_library(tenon_deps::onnx_proto STATIC IMPORTED)
set_target_properties(tenon_deps::onnx_proto PROPERTIES
  IMPORTED_LOCATION ${third_party}/lib/libonnx_proto.a
  INTERFACE_INCLUDE_DIRECTORIES ${third_party}/include
  INTERFACE_COMPILE_DEFINITIONS "ONNX_NAMESPACE=tenon_onnx;ONNX_ML=1;ONNX_USE_LITE_PROTO=1;__ONNX_DISABLE_STATIC_REGISTRATION"
  INTERFACE_LINK_LIBRARIES tenon_deps::protobuf_lite)
add_library(tenon_deps::onnx STATIC IMPORTED)
set_target_properties(tenon_deps::onnx PROPERTIES
  IMPORTED_LOCATION ${third_party}/lib/libonnx.a
  INTERFACE_LINK_LIBRARIES tenon_deps::onnx_proto)

# Python with onnx, onnxruntime and numpy, and the models of the demo: for tests and scripts.
cmake_path(GET third_party PARENT_PATH TENON_CACHE_FOLDER)
set(TENON_PYTHON ${TENON_CACHE_FOLDER}/python/bin/python)
set(TENON_MODELS ${TENON_CACHE_FOLDER}/models)
set(TENON_DLPACK_HEADER ${third_party}/include/dlpack/dlpack.h)
