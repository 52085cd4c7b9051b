# How our code is compiled. Everything in this project is ours, so the options are global.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

option(SPIRAL_WARNINGS_ARE_ERRORS "Stop at the first warning in our code" ON)
option(SPIRAL_FUZZ "Build the fuzz targets with libFuzzer (clang only)" OFF)
set(SPIRAL_SANITIZE "" CACHE STRING "Sanitizers for the whole build, e.g. address,undefined")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
# Assertions of the standard library stay on everywhere: they turn memory errors into a clean stop at little cost.
add_compile_definitions(_GLIBCXX_ASSERTIONS)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor)
if(SPIRAL_WARNINGS_ARE_ERRORS)
    add_compile_options(-Werror)
endif()
# No path of the building machine in a binary: __FILE__ and debug information are relative to the repository. ccache
# hands over paths relative to the build folder, hence the second line.
file(RELATIVE_PATH up "${CMAKE_BINARY_DIR}" "${CMAKE_SOURCE_DIR}")
add_compile_options("-ffile-prefix-map=${CMAKE_BINARY_DIR}=build" "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/="
                    "-ffile-prefix-map=${up}=")

if(SPIRAL_FUZZ)
    if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "SPIRAL_FUZZ needs clang: cmake --preset fuzz")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SPIRAL_SANITIZE)
    add_compile_options("-fsanitize=${SPIRAL_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options("-fsanitize=${SPIRAL_SANITIZE}")
    if(SPIRAL_SANITIZE MATCHES undefined AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # With g++ these two cost more than twice the compile time. AddressSanitizer stops at null as well, and the
        # clang builds check both.
        add_compile_options(-fno-sanitize=null,alignment)
    endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    add_link_options(-Wl,-z,relro,-z,now)
endif()

find_program(SPIRAL_MOLD mold)
find_program(SPIRAL_LLD ld.lld)
if(SPIRAL_MOLD)
    add_link_options(-fuse-ld=mold)
elseif(SPIRAL_LLD)
    add_link_options(-fuse-ld=lld)
endif()

find_program(SPIRAL_CCACHE ccache)
if(SPIRAL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # A base folder lets a second clone of the repository hit the cache of the first.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        /usr/bin/env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${SPIRAL_CCACHE}")
endif()
