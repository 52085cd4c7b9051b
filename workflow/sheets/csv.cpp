#include "sheets/csv.h"

#include "gather.h"

#include <iconv.h>
#include <algorithm>

namespace spiral::sheets {

namespace {

/// Whole, shortest forms, no surrogates: what the rest of the program takes for text.
bool isUtf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        auto const first = static_cast<unsigned char>(text[i]);
        std::size_t const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
        if (length == 0 || first > 0xf4 || i + length > text.size()) return false;
        std::uint32_t point = length == 1 ? first : first & (0xffu >> (length + 1));
        for (std::size_t k = 1; k < length; ++k) {
            auto const next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xc0) != 0x80) return false;
            point = (point << 6) | (next & 0x3fu);
        }
        bool const tooLong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
        if (tooLong || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
        i += length;
    }
    return true;
}

/// Nothing if the bytes are not of that encoding. At most three bytes come of one, and the file was bounded.
std::optional<std::string> converted(std::string_view bytes, char const* from) {
    iconv_t const handle = iconv_open("UTF-8", from);
    if (handle == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
    std::string in(bytes), out(bytes.size() * 3 + 16, '\0');
    char* source = in.data();
    char* target = out.data();
    std::size_t left = in.size(), room = out.size();
    std::size_t const done = iconv(handle, &source, &left, &target, &room);
    iconv_close(handle);
    if (done == static_cast<std::size_t>(-1) || left != 0) return std::nullopt;
    out.resize(out.size() - room);
    if (!isUtf8(out)) return std::nullopt;
    return out;
}

std::optional<std::string> asUtf8(std::string_view bytes) {
    if (bytes.starts_with("\xef\xbb\xbf"))
        bytes.remove_prefix(3);
    else if (bytes.starts_with("\xff\xfe"))
        return converted(bytes.substr(2), "UTF-16LE");
    else if (bytes.starts_with("\xfe\xff"))
        return converted(bytes.substr(2), "UTF-16BE");
    if (isUtf8(bytes)) return std::string(bytes);
    return converted(bytes, "GB18030");
}

char separatorOf(std::string_view text) {
    std::string_view const line = text.substr(0, text.find_first_of("\r\n"));
    char best = ',';
    for (char const candidate : {'\t', ';'}) {
        if (std::count(line.begin(), line.end(), candidate) > std::count(line.begin(), line.end(), best))
            best = candidate;
    }
    return best;
}

}  // namespace

Result<Table> readCsv(ByteView bytes) {
    if (bytes.size() > kFileBytesMax)
        return makeError(ErrorCode::TooLarge, "sheets.file-too-large", std::to_string(bytes.size()));
    auto const text = asUtf8(asText(bytes));
    if (!text) return makeError(ErrorCode::Malformed, "sheets.encoding", "neither UTF-8 nor GB18030");
    Table table;
    Gatherer gather(table);
    char const separator = separatorOf(*text);
    std::size_t row = 1, column = 0, at = 0;
    std::string field;
    while (at < text->size()) {
        field.clear();
        if ((*text)[at] == '"') {
            for (++at;; ++at) {
                auto const quote = text->find('"', at);
                if (quote == std::string::npos) {
                    return makeError(ErrorCode::Malformed, "sheets.quote", "row " + std::to_string(row));
                }
                field.append(*text, at, quote - at);
                at = quote + 1;
                if (at >= text->size() || (*text)[at] != '"') break;
                field.push_back('"');
            }
        }
        // Behind a closing quote nothing else should stand; what does is kept, as spreadsheets do.
        while (at < text->size() && (*text)[at] != separator && (*text)[at] != '\n' && (*text)[at] != '\r') {
            field.push_back((*text)[at++]);
        }
        if (auto kept = gather.put(row, column, field); !kept) return kept.error();
        if (at >= text->size()) break;
        if ((*text)[at] == separator) {
            ++column;
            ++at;
            continue;
        }
        at += (*text)[at] == '\r' && at + 1 < text->size() && (*text)[at + 1] == '\n' ? 2 : 1;
        ++row;
        column = 0;
    }
    return table;
}

}  // namespace spiral::sheets
