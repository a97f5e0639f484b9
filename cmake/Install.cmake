# cmake --install: the program, the LibTorch libraries that it links beside it, found from where the program stands, and
# their licences. What a distribution packages (Boost, fmt, OpenSSL, ...) stays the distribution's.
include(GNUInstallDirs)
set(_libraries "${CMAKE_INSTALL_LIBDIR}/lengthwise")
file(RELATIVE_PATH _libraries_from_program "/prefix/${CMAKE_INSTALL_BINDIR}" "/prefix/${_libraries}")
set_target_properties(lengthwise PROPERTIES INSTALL_RPATH "$ORIGIN/${_libraries_from_program}")

# LibTorch's folder may lie beside others that it takes libraries of (nvidia/, in Python's site-packages), and be
# reached by a link.
get_filename_component(_beside_libtorch "${LIBTORCH_ROOT}" DIRECTORY)
set(_of_libtorch "")
foreach(_folder IN ITEMS "${LIBTORCH_ROOT}" "${_beside_libtorch}/nvidia")
  get_filename_component(_real "${_folder}" REALPATH)
  foreach(_path IN ITEMS "${_folder}" "${_real}")
    string(REGEX REPLACE "([][+.*()^$?{}|\\])" "\\\\\\1" _path "${_path}")
    list(APPEND _of_libtorch "^${_path}/")
  endforeach()
endforeach()
install(TARGETS lengthwise
  RUNTIME_DEPENDENCIES PRE_EXCLUDE_REGEXES "ld-linux" POST_INCLUDE_REGEXES ${_of_libtorch} POST_EXCLUDE_REGEXES ".*"
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
  LIBRARY DESTINATION "${_libraries}")

# The manual page and what shells complete with are the program's own words about itself.
set(_spoken "${CMAKE_CURRENT_BINARY_DIR}/spoken")
function(lengthwise_says file folder)
  add_custom_command(OUTPUT "${_spoken}/${file}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${_spoken}"
    COMMAND lengthwise ${ARGN} > "${_spoken}/${file}"
    DEPENDS lengthwise VERBATIM)
  set_property(GLOBAL APPEND PROPERTY LENGTHWISE_SPOKEN "${_spoken}/${file}")
  # Optional: who builds the program alone installs it alone.
  install(FILES "${_spoken}/${file}" DESTINATION "${CMAKE_INSTALL_DATADIR}/${folder}" OPTIONAL)
endfunction()
lengthwise_says(lengthwise.1 man/man1 manual)
lengthwise_says(lengthwise bash-completion/completions completion bash)
lengthwise_says(_lengthwise zsh/site-functions completion zsh)
lengthwise_says(lengthwise.fish fish/vendor_completions.d completion fish)
get_property(_spoken_files GLOBAL PROPERTY LENGTHWISE_SPOKEN)
add_custom_target(lengthwise_spoken ALL DEPENDS ${_spoken_files})

if(LENGTHWISE_CUDA)
  install(TARGETS lengthwise_cuda LIBRARY DESTINATION "${_libraries}")
endif()

set(_documents "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${_documents}")
file(GLOB _licences RELATIVE "${_beside_libtorch}"
     "${LIBTORCH_ROOT}/LICENSE*" "${LIBTORCH_ROOT}/NOTICE*"
     "${_beside_libtorch}/torch-*/licenses/*" "${_beside_libtorch}/nvidia_cuda_*/licenses/*"
     "${_beside_libtorch}/torch-*/LICENSE*" "${_beside_libtorch}/torch-*/NOTICE*")
foreach(_licence IN LISTS _licences)
  get_filename_component(_folder "${_licence}" DIRECTORY)
  install(FILES "${_beside_libtorch}/${_licence}" DESTINATION "${_documents}/licences/${_folder}")
endforeach()
