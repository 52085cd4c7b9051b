# The libraries of others, each as one target. A folder links the target and gets headers, library and definitions.
#   OpenSSL::Crypto OpenSSL::SSL   spiral_sodium   spiral_sqlite   spiral_zstd   spiral_cereal   spiral_json
#   spiral_asio   spiral_catch   spiral_rapidcheck   spiral_valijson   spiral_cli11   spiral_restinio
#   spiral_zip   spiral_expat
# Only what is linked must be installed: the others are targets that fail at configure time with a clear message.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)

# spiral_dependency(spiral_x HEADER x.h [LIBRARY x] [LINK targets…] [DEFINITIONS …] PACKAGE libx-dev)
function(spiral_dependency target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER;LIBRARY;PACKAGE" "LINK;DEFINITIONS")
    find_path(${target}_INCLUDE "${arg_HEADER}")
    set(found ${${target}_INCLUDE})
    if(arg_LIBRARY)
        find_library(${target}_LIBRARY "${arg_LIBRARY}")
        if(NOT ${target}_LIBRARY)
            set(found FALSE)
        endif()
    endif()
    mark_as_advanced(${target}_INCLUDE ${target}_LIBRARY)
    if(NOT found)
        set_property(GLOBAL PROPERTY ${target}_MISSING "${arg_PACKAGE}")
        return()
    endif()
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${target} SYSTEM INTERFACE "${${target}_INCLUDE}")
    if(arg_LIBRARY)
        target_link_libraries(${target} INTERFACE "${${target}_LIBRARY}")
    endif()
    target_link_libraries(${target} INTERFACE ${arg_LINK})
    target_compile_definitions(${target} INTERFACE ${arg_DEFINITIONS})
endfunction()

spiral_dependency(spiral_sodium HEADER sodium.h LIBRARY sodium PACKAGE libsodium-dev)
spiral_dependency(spiral_sqlite HEADER sqlite3.h LIBRARY sqlite3 PACKAGE libsqlite3-dev
                  DEFINITIONS SQLITE_ENABLE_SESSION SQLITE_ENABLE_PREUPDATE_HOOK)
spiral_dependency(spiral_zstd HEADER zstd.h LIBRARY zstd PACKAGE libzstd-dev)
spiral_dependency(spiral_cereal HEADER cereal/cereal.hpp LINK Threads::Threads PACKAGE libcereal-dev)
spiral_dependency(spiral_json HEADER nlohmann/json.hpp PACKAGE nlohmann-json3-dev)
spiral_dependency(spiral_valijson HEADER valijson/validator.hpp LINK spiral_json PACKAGE libvalijson-dev)
spiral_dependency(spiral_zip HEADER zip.h LIBRARY zip PACKAGE libzip-dev)
spiral_dependency(spiral_expat HEADER expat.h LIBRARY expat PACKAGE libexpat1-dev)
spiral_dependency(spiral_cli11 HEADER CLI/CLI.hpp PACKAGE libcli11-dev)
spiral_dependency(spiral_catch HEADER catch2/catch.hpp PACKAGE catch2)
spiral_dependency(spiral_rapidcheck HEADER rapidcheck.h LIBRARY rapidcheck PACKAGE librapidcheck-dev)
# clang 14 compiles Asio 1.22's coroutines only when told that it can.
spiral_dependency(spiral_asio HEADER asio.hpp LINK Threads::Threads OpenSSL::SSL PACKAGE libasio-dev
                  DEFINITIONS ASIO_STANDALONE ASIO_HAS_CO_AWAIT ASIO_NO_DEPRECATED)
# An HTTP server on Asio; its headers cost 20 seconds, so one source includes them.
spiral_dependency(spiral_fmt HEADER fmt/format.h LIBRARY fmt PACKAGE libfmt-dev)
spiral_dependency(spiral_http_parser HEADER http_parser.h LIBRARY http_parser PACKAGE libhttp-parser-dev)
if(TARGET spiral_asio AND TARGET spiral_fmt AND TARGET spiral_http_parser)
    spiral_dependency(spiral_restinio HEADER restinio/all.hpp LINK spiral_asio spiral_fmt spiral_http_parser
                      PACKAGE librestinio-dev)
endif()
if(NOT TARGET spiral_restinio)
    set_property(GLOBAL PROPERTY spiral_restinio_MISSING librestinio-dev)
endif()
if(TARGET spiral_asio AND SPIRAL_SANITIZE MATCHES thread)
    # g++'s ThreadSanitizer knows no fences. A loop has one thread, and the mutex of its queue orders what others post.
    target_compile_definitions(spiral_asio INTERFACE ASIO_DISABLE_FENCED_BLOCK)
endif()
