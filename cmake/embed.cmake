# Run by spiral_embed at build time: cmake -DROOT= -DNAMES=a|b -DPREFIX= -DFOLDER= -P embed.cmake
string(REPLACE "|" ";" names "${NAMES}")
set(header [=[
// Made by cmake/embed.cmake; changes here are lost.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#ifndef SPIRAL_EMBEDDED_FILE
#define SPIRAL_EMBEDDED_FILE
namespace spiral {
/// A file of schemas/, named relative to that folder.
struct EmbeddedFile {
    std::string_view name;
    std::string_view text;
};
}  // namespace spiral
#endif

namespace spiral {
/// All files, sorted by name.
[[nodiscard]] std::span<EmbeddedFile const> @PREFIX@Files() noexcept;
/// The text of one file; nothing if there is none of that name.
[[nodiscard]] std::optional<std::string_view> @PREFIX@File(std::string_view name) noexcept;
}  // namespace spiral
]=])
string(CONFIGURE "${header}" header @ONLY)

set(source "// Made by cmake/embed.cmake; changes here are lost.\n#include \"embedded/${PREFIX}.h\"\n\nnamespace spiral {\nnamespace {\n")
set(table "")
set(index 0)
foreach(name IN LISTS names)
    file(READ "${ROOT}/${name}" hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR size "${digits} / 2")
    string(REGEX REPLACE "(..)" "\\\\x\\1" literal "${hex}")
    # Lines of 32 bytes. The quotes between them also end each \x escape where it should end.
    string(REGEX REPLACE "(................................................................................................................................)" "\\1\"\n    \"" literal "${literal}")
    string(APPEND source "constexpr char k${index}[] =\n    \"${literal}\";\n")
    string(APPEND table "    {\"${name}\", {k${index}, ${size}}},\n")
    math(EXPR index "${index} + 1")
endforeach()
string(APPEND source "constexpr EmbeddedFile kFiles[] = {\n${table}};\n}  // namespace\n
std::span<EmbeddedFile const> ${PREFIX}Files() noexcept { return kFiles; }

std::optional<std::string_view> ${PREFIX}File(std::string_view name) noexcept {
    for (EmbeddedFile const& file : kFiles) {
        if (file.name == name) return file.text;
    }
    return std::nullopt;
}
}  // namespace spiral\n")
file(WRITE "${FOLDER}/${PREFIX}.cpp" "${source}")
file(WRITE "${FOLDER}/embedded/${PREFIX}.h" "${header}")
