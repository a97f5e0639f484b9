# LibTorch without its own CMake package, which insists on a CUDA toolkit: an imported target from the
# library files. Looked for in Torch_DIR, then CMAKE_PREFIX_PATH, then the project's own copy.
include_guard(GLOBAL)

set(LIBTORCH_WANTED_VERSION 2.11)
set(_libtorch_hints "")
foreach(_folder IN ITEMS "${Torch_DIR}" "$ENV{Torch_DIR}")
  if(_folder)
    list(APPEND _libtorch_hints "${_folder}/../../..")
  endif()
endforeach()
string(REPLACE ":" ";" _prefixes "$ENV{CMAKE_PREFIX_PATH}")
foreach(_prefix IN LISTS CMAKE_PREFIX_PATH _prefixes)
  list(APPEND _libtorch_hints "${_prefix}" "${_prefix}/../..")  # a zip's root, or Python's share/cmake
endforeach()
list(APPEND _libtorch_hints "${PROJECT_SOURCE_DIR}/.deps/libtorch/torch")
find_path(LIBTORCH_API_DIR torch/torch.h HINTS ${_libtorch_hints} NO_DEFAULT_PATH
          PATH_SUFFIXES include/torch/csrc/api/include)
if(NOT LIBTORCH_API_DIR)
  message(FATAL_ERROR "LibTorch not found: run scripts/get-libtorch, or pass -DTorch_DIR=.../share/cmake/Torch")
endif()
get_filename_component(LIBTORCH_ROOT "${LIBTORCH_API_DIR}/../../../../.." ABSOLUTE)
file(STRINGS "${LIBTORCH_ROOT}/include/torch/headeronly/version.h" _version_lines
     REGEX "define TORCH_VERSION_(MAJOR|MINOR) ")
string(REGEX REPLACE "[^0-9;]" "" _version_lines "${_version_lines}")
list(JOIN _version_lines "." LIBTORCH_VERSION)
if(NOT LIBTORCH_VERSION VERSION_EQUAL LIBTORCH_WANTED_VERSION)
  message(WARNING "LibTorch ${LIBTORCH_VERSION} in ${LIBTORCH_ROOT}; tested with ${LIBTORCH_WANTED_VERSION}")
endif()
message(STATUS "LibTorch ${LIBTORCH_VERSION}: ${LIBTORCH_ROOT}")

foreach(_library c10 torch_cpu)
  add_library(libtorch::${_library} SHARED IMPORTED GLOBAL)
  set_target_properties(libtorch::${_library} PROPERTIES
                        IMPORTED_LOCATION "${LIBTORCH_ROOT}/lib/lib${_library}.so")
endforeach()

# LibTorch ships fmt headers of its own; the system's must come first, or spdlog meets the wrong ones.
get_target_property(_fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
list(GET _fmt_include 0 _fmt_include)
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/system-fmt")
file(CREATE_LINK "${_fmt_include}/fmt" "${CMAKE_BINARY_DIR}/system-fmt/fmt" SYMBOLIC)

add_library(libtorch_cpu INTERFACE)
add_library(libtorch::cpu ALIAS libtorch_cpu)
target_include_directories(libtorch_cpu SYSTEM INTERFACE
  "${CMAKE_BINARY_DIR}/system-fmt" "${LIBTORCH_ROOT}/include" "${LIBTORCH_API_DIR}")
target_link_libraries(libtorch_cpu INTERFACE libtorch::torch_cpu libtorch::c10)
