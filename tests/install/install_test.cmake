# Installs the BUILD folder to a prefix, moves it, and starts the program from there, where it must find LibTorch
# beside itself and nowhere else.
cmake_minimum_required(VERSION 3.22)
set(folder "${BUILD}/install-test")
file(REMOVE_RECURSE "${folder}")
file(MAKE_DIRECTORY "${folder}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${folder}/first"
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${folder}/first" "${folder}/moved")
set(program "${folder}/moved/bin/lengthwise")

file(GET_RUNTIME_DEPENDENCIES RESOLVED_DEPENDENCIES_VAR found UNRESOLVED_DEPENDENCIES_VAR missing
     EXECUTABLES "${program}")
if(missing)
  message(FATAL_ERROR "not found from ${program}: ${missing}")
endif()
foreach(library libtorch_cpu libc10)
  set(places "${found}")
  list(FILTER places INCLUDE REGEX "/${library}\\.so")
  if(NOT places MATCHES "^${folder}/moved/")
    message(FATAL_ERROR "${library} is found at '${places}', not beside the program")
  endif()
endforeach()
file(GLOB_RECURSE licences RELATIVE "${folder}/moved" "${folder}/moved/*LICENSE*")
list(LENGTH licences count)
if(count LESS 2)
  message(FATAL_ERROR "the licences of the program and of LibTorch are not there: ${licences}")
endif()

foreach(file man/man1/lengthwise.1 bash-completion/completions/lengthwise zsh/site-functions/_lengthwise
             fish/vendor_completions.d/lengthwise.fish)
  file(SIZE "${folder}/moved/share/${file}" size)
  if(size LESS 1000)
    message(FATAL_ERROR "share/${file} has ${size} bytes")
  endif()
endforeach()

unset(ENV{LD_LIBRARY_PATH})
execute_process(COMMAND "${program}" schemes OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
if(NOT said MATCHES "alibi")
  message(FATAL_ERROR "it does not list its schemes: ${said}")
endif()
file(REMOVE_RECURSE "${folder}")
