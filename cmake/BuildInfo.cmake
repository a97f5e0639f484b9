# Run at every build: writes build_info.h when the version or the commit is another than before. The commit
# goes into every run folder: a number nobody can trace is no number.
execute_process(COMMAND git describe --always --dirty --abbrev=12 --exclude "*"
                WORKING_DIRECTORY "${SOURCE_DIR}" OUTPUT_VARIABLE LENGTHWISE_COMMIT
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT LENGTHWISE_COMMIT)
  set(LENGTHWISE_COMMIT "unknown")
endif()
configure_file("${SOURCE_DIR}/cmake/build_info.h.in" "${OUTPUT}" @ONLY)
