# find_package(tenon): the targets tenon::tenon (the runtime) and tenon::backend_api (headers of backends), the function
# tenon_add_backend, and the program `tenon` as the target tenon::program.
include(${CMAKE_CURRENT_LIST_DIR}/tenon_targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/tenon_add_backend.cmake)
