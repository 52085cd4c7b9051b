# The fuzz targets of this build, for tools/fuzz.sh; spiral_fuzz adds to it.
file(WRITE "${CMAKE_BINARY_DIR}/fuzz_targets.txt" "")
add_custom_target(fuzz_targets)

# The functions that the folders' CMakeLists.txt call.

# Stops with words that help when a target to link is not there.
function(spiral_require_targets who)
    foreach(target IN LISTS ARGN)
        if(NOT TARGET ${target} AND target MATCHES "^spiral_|::")
            get_property(package GLOBAL PROPERTY ${target}_MISSING)
            if(package)
                message(FATAL_ERROR "${who} links ${target}, but ${package} is not installed: tools/packages.sh")
            endif()
            message(FATAL_ERROR "${who} links ${target}, which is no target (yet), or stands below it in the root's list")
        endif()
    endforeach()
endfunction()

# spiral_library(spiral_x SOURCES a.cpp … [LINK public targets…] [PRIVATE_LINK targets…])
# A static library of the current folder. Its public headers are all of include/<short>/*.h; `all_verify_interface_header_sets`
# compiles each of them alone. Without SOURCES it is a library of headers.
function(spiral_library target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK;PRIVATE_LINK")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "spiral_library(${target}): what is ${arg_UNPARSED_ARGUMENTS}?")
    endif()
    spiral_require_targets(${target} ${arg_LINK} ${arg_PRIVATE_LINK})
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/include/*.h")
    set(visibility PUBLIC)
    if(arg_SOURCES)
        add_library(${target} STATIC ${arg_SOURCES})
        target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
        target_link_libraries(${target} PRIVATE ${arg_PRIVATE_LINK})
    else()
        add_library(${target} INTERFACE)
        set(visibility INTERFACE)
    endif()
    target_sources(${target} ${visibility} FILE_SET HEADERS BASE_DIRS include FILES ${headers})
    target_link_libraries(${target} ${visibility} ${arg_LINK})
endfunction()

# spiral_program(name SOURCES a.cpp … LINK targets…)
function(spiral_program target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
    spiral_require_targets(${target} ${arg_LINK})
    add_executable(${target} ${arg_SOURCES})
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
    target_link_libraries(${target} PRIVATE ${arg_LINK})
endfunction()

# spiral_embed(target prefix files…)
# Puts files into the target as bytes. Names are relative to schemas/; a name with * is a pattern. The sources of the
# target then write
#     #include "embedded/<prefix>.h"
#     std::optional<std::string_view> text = spiral::<prefix>File("0001_core.sql");
#     for (spiral::EmbeddedFile const& file : spiral::<prefix>Files()) …      sorted by name
# The bytes are followed by a NUL that the view does not count.
function(spiral_embed target prefix)
    set(root "${CMAKE_SOURCE_DIR}/schemas")
    set(names "")
    foreach(pattern IN LISTS ARGN)
        if(pattern MATCHES "\\*")
            file(GLOB matches CONFIGURE_DEPENDS RELATIVE "${root}" "${root}/${pattern}")
            list(APPEND names ${matches})
        else()
            list(APPEND names "${pattern}")
        endif()
    endforeach()
    list(REMOVE_DUPLICATES names)
    list(SORT names)
    if(NOT names)
        message(FATAL_ERROR "spiral_embed(${target} ${prefix}): no file in schemas/ matches ${ARGN}")
    endif()
    list(TRANSFORM names PREPEND "${root}/" OUTPUT_VARIABLE files)
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/embed_${target}")
    string(JOIN "|" joined ${names})
    add_custom_command(
        OUTPUT "${folder}/embedded/${prefix}.h" "${folder}/${prefix}.cpp"
        COMMAND "${CMAKE_COMMAND}" "-DROOT=${root}" "-DNAMES=${joined}" "-DPREFIX=${prefix}" "-DFOLDER=${folder}"
                -P "${CMAKE_SOURCE_DIR}/cmake/embed.cmake"
        DEPENDS ${files} "${CMAKE_SOURCE_DIR}/cmake/embed.cmake"
        COMMENT "Embedding schemas as ${prefix}"
        VERBATIM)
    target_sources(${target} PRIVATE "${folder}/embedded/${prefix}.h" "${folder}/${prefix}.cpp")
    target_include_directories(${target} PRIVATE "${folder}")
    # One very long literal per file is what is wanted here.
    set_source_files_properties("${folder}/${prefix}.cpp" PROPERTIES COMPILE_OPTIONS "-Wno-overlength-strings")
endfunction()

# The given timeout or 120 s, three times that under a sanitizer.
function(spiral_timeout variable)
    set(seconds "${${variable}}")
    if(NOT seconds)
        set(seconds 120)
    endif()
    if(SPIRAL_SANITIZE)
        math(EXPR seconds "${seconds} * 3")
    endif()
    set(${variable} ${seconds} PARENT_SCOPE)
endfunction()

# spiral_test(name a_test.cpp … LINK targets… [PREFIX short] [LABELS long noasan …] [TIMEOUT seconds])
# An executable of Catch2 test cases. Each test case becomes one ctest test named "<folder>.<test case>". A test case
# tagged [long] or [noasan] gets that label; all others are labelled fast. LABELS labels all of the executable.
# Tests run in the root of the repository, so "tests/vectors/x" opens.
function(spiral_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "PREFIX;TIMEOUT" "LINK;LABELS")
    spiral_require_targets(${name} ${arg_LINK})
    if(NOT arg_PREFIX)
        get_filename_component(arg_PREFIX "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
    endif()
    spiral_timeout(arg_TIMEOUT)
    add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
    target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
    target_link_libraries(${name} PRIVATE spiral_test_main ${arg_LINK})
    if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
        # CHECK expands to much code: unoptimized it compiles in half the time. What must run fast (a simulated world)
        # belongs into a spiral_library beside the test.
        target_compile_options(${name} PRIVATE -O0)
    endif()
    set(cases "${CMAKE_CURRENT_BINARY_DIR}/${name}_cases.cmake")
    set(include "${CMAKE_CURRENT_BINARY_DIR}/${name}_include.cmake")
    string(JOIN "," labels ${arg_LABELS})
    # The program itself knows its cases; it writes them down each time it is linked.
    add_custom_command(TARGET ${name} POST_BUILD
        COMMAND ${name} --write-ctest "${cases}" "${arg_PREFIX}." "${CMAKE_SOURCE_DIR}" "${arg_TIMEOUT}" "${labels}"
        BYPRODUCTS "${cases}" VERBATIM)
    file(WRITE "${include}" "if(EXISTS \"${cases}\")\n  include(\"${cases}\")\nelse()\n"
        "  add_test(\"${arg_PREFIX}.${name} is not built\" false)\nendif()\n")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${include}")
endfunction()

# spiral_command_test(NAME short.name COMMAND program arguments… [LABELS …] [TIMEOUT seconds] [ENVIRONMENT A=b …])
# Any program as one test; status 0 passes, 77 skips. It runs in the root of the repository.
function(spiral_command_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "COMMAND;LABELS;ENVIRONMENT")
    spiral_timeout(arg_TIMEOUT)
    if(NOT "long" IN_LIST arg_LABELS)
        list(APPEND arg_LABELS fast)
    endif()
    add_test(NAME "${arg_NAME}" COMMAND ${arg_COMMAND} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set_tests_properties("${arg_NAME}" PROPERTIES
        LABELS "${arg_LABELS}" TIMEOUT "${arg_TIMEOUT}" SKIP_RETURN_CODE 77 ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()

# spiral_e2e(script.sh|script.py [LABELS …] [TIMEOUT seconds])
# A script that drives the built programs, as test "e2e.<script>". $SPIRAL is the path of `spiral`, whose folder comes
# first on PATH; $SPIRALD that of the server, where it is built; $SPIRAL_SOURCE is the repository. The script makes its own temporary folder and removes it.
function(spiral_e2e script)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "LABELS")
    if(NOT TARGET spiral)
        message(STATUS "e2e: ${script} left out, there is no target spiral")
        return()
    endif()
    get_filename_component(name "${script}" NAME_WE)
    if(script MATCHES "\\.py$")
        set(interpreter /usr/bin/python3)
    else()
        set(interpreter /bin/bash)
    endif()
    set(server "")
    if(TARGET spirald)
        set(server "SPIRALD=$<TARGET_FILE:spirald>")
    endif()
    spiral_command_test(NAME "e2e.${name}" COMMAND ${interpreter} "${CMAKE_CURRENT_SOURCE_DIR}/${script}"
        LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT}
        ENVIRONMENT "SPIRAL=$<TARGET_FILE:spiral>" ${server} "SPIRAL_SOURCE=${CMAKE_SOURCE_DIR}"
                    "PATH=${CMAKE_BINARY_DIR}/bin:$ENV{PATH}")
endfunction()

# spiral_fuzz(name target.cpp … LINK targets… [LENGTH_MAX bytes])
# A fuzz target: the source defines LLVMFuzzerTestOneInput. With preset fuzz it becomes a libFuzzer program; with every
# other it is linked with a driver that replays tests/fuzz/corpus/<name>/ and its mutations. Both are test "fuzz.<name>".
function(spiral_fuzz name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "LENGTH_MAX" "LINK")
    spiral_require_targets(fuzz_${name} ${arg_LINK})
    set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
    add_executable(fuzz_${name} ${arg_UNPARSED_ARGUMENTS})
    target_link_libraries(fuzz_${name} PRIVATE ${arg_LINK})
    if(SPIRAL_FUZZ)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        set(arguments -runs=0)
        if(EXISTS "${corpus}")
            list(APPEND arguments "${corpus}")
        endif()
    else()
        spiral_require_targets(fuzz_${name} spiral_replay_main)
        target_link_libraries(fuzz_${name} PRIVATE spiral_replay_main)
        set(arguments "${corpus}")
    endif()
    if(NOT arg_LENGTH_MAX)
        set(arg_LENGTH_MAX 65536)
    endif()
    add_dependencies(fuzz_targets fuzz_${name})
    # tools/fuzz.sh reads this list.
    file(APPEND "${CMAKE_BINARY_DIR}/fuzz_targets.txt" "${name} ${arg_LENGTH_MAX}\n")
    spiral_command_test(NAME "fuzz.${name}" COMMAND fuzz_${name} ${arguments})
endfunction()

# spiral_benchmark(name a.cpp … LINK targets… [SMOKE arguments…])
# A plain program bench_<name> that prints its figures; run it from the release build. With SMOKE it is also test
# "bench.<name>" with those arguments, so that it does not rot.
function(spiral_benchmark name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK;SMOKE")
    spiral_require_targets(bench_${name} ${arg_LINK})
    add_executable(bench_${name} ${arg_UNPARSED_ARGUMENTS})
    target_link_libraries(bench_${name} PRIVATE ${arg_LINK})
    if(arg_SMOKE)
        spiral_command_test(NAME "bench.${name}" COMMAND bench_${name} ${arg_SMOKE})
    endif()
endfunction()
