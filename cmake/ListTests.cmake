# Run with -P after linking: writes OUTPUT, what ctest is to run of the Catch2 program PROGRAM, one test a case, named
# "LABEL: case" and labelled with LABEL and the case's tags. Catch2's own script comes short here:
# version 2 splits a name at its semicolons and gives no labels.
# LISTING: Catch2's options that list names; STRICT: those that fail where a name is not found.
cmake_minimum_required(VERSION 3.22)
separate_arguments(LISTING)

# What CMake would take apart in a list, as characters that no test is named with.
string(ASCII 1 semicolon)
string(ASCII 2 opening)
string(ASCII 3 closing)

function(read_names variable)
  execute_process(COMMAND "${PROGRAM}" ${ARGN} ${LISTING} OUTPUT_VARIABLE text ERROR_VARIABLE errors)
  string(REPLACE ";" "${semicolon}" text "${text}")
  string(REPLACE "[" "${opening}" text "${text}")
  string(REPLACE "]" "${closing}" text "${text}")
  string(REGEX MATCHALL "[^\n]+" names "${text}")
  if(NOT names)
    message(FATAL_ERROR "${PROGRAM} ${ARGN} lists no tests: ${errors}")
  endif()
  set(${variable} "${names}" PARENT_SCOPE)
endfunction()

execute_process(COMMAND "${PROGRAM}" --list-tags OUTPUT_VARIABLE text)
string(REGEX MATCHALL "\\[[a-z_]+\\]" tags "${text}")
string(REGEX REPLACE "[][]" "" tags "${tags}")
foreach(tag IN LISTS tags)
  read_names(names_of_${tag} "[${tag}]")
endforeach()

set(script "")
read_names(names)
foreach(name IN LISTS names)
  set(labels "${LABEL}")
  foreach(tag IN LISTS tags)
    if(name IN_LIST names_of_${tag})
      list(APPEND labels "${tag}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES labels)
  string(REPLACE "${semicolon}" ";" name "${name}")
  string(REPLACE "${opening}" "[" name "${name}")
  string(REPLACE "${closing}" "]" name "${name}")
  string(REGEX REPLACE "([],\\[])" "\\\\\\1" pattern "${name}")
  set(test "[==[${LABEL}: ${name}]==]")
  string(APPEND script "add_test(${test} [==[${PROGRAM}]==] [==[${pattern}]==] ${STRICT})\n"
    "set_tests_properties(${test} PROPERTIES LABELS [==[${labels}]==] TIMEOUT 900 ENVIRONMENT OMP_NUM_THREADS=1)\n")
endforeach()
file(WRITE "${OUTPUT}" "${script}")
