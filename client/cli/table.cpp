#include "cli/table.h"

#include "cli/language.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace spiral::cli {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr char32_t kNotUtf8 = 0xffffffff;

struct Character {
    char32_t code = kNotUtf8;
    std::size_t bytes = 1;
};

/// The character that begins at `at`; kNotUtf8 and one byte where none does.
Character characterAt(std::string_view text, std::size_t at) noexcept {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned const first = byte(at);
    if (first < 0x80) return {first, 1};
    std::size_t const bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (bytes == 0 || first > 0xf4 || at + bytes > text.size()) return {};
    char32_t code = first & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(at + i) & 0xc0) != 0x80) return {};
        code = code << 6 | (byte(at + i) & 0x3f);
    }
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (code < least[bytes] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
    return {code, bytes};
}

struct Range {
    char32_t first, last;
};

template <std::size_t Size>
bool inside(std::array<Range, Size> const& ranges, char32_t code) noexcept {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](Range const& range) { return range.first <= code && code <= range.last; });
}

// Unicode 15, EastAsianWidth W and F, reduced to blocks: a few unassigned places count as wide, which harms nobody.
constexpr std::array<Range, 15> kWide{{{0x1100, 0x115f},
                                       {0x231a, 0x231b},
                                       {0x2e80, 0x303e},
                                       {0x3041, 0x33ff},
                                       {0x3400, 0x4dbf},
                                       {0x4e00, 0x9fff},
                                       {0xa000, 0xa4cf},
                                       {0xa960, 0xa97c},
                                       {0xac00, 0xd7a3},
                                       {0xf900, 0xfaff},
                                       {0xfe10, 0xfe6f},
                                       {0xff01, 0xff60},
                                       {0xffe0, 0xffe6},
                                       {0x1f300, 0x1faff},
                                       {0x20000, 0x3fffd}}};
constexpr std::array<Range, 9> kNoWidth{{{0x300, 0x36f},
                                         {0x483, 0x489},
                                         {0x591, 0x5bd},
                                         {0x610, 0x61a},
                                         {0x64b, 0x65f},
                                         {0x1ab0, 0x1aff},
                                         {0x200b, 0x200d},
                                         {0x20d0, 0x20ff},
                                         {0xfe00, 0xfe0f}}};

std::size_t widthOf(char32_t code) noexcept {
    if (code < 0x300) return 1;
    if (inside(kNoWidth, code)) return 0;
    return inside(kWide, code) ? 2 : 1;
}

/// C0, DEL, C1, the marks that turn the direction of what follows or break its line, and what cannot be seen and makes
/// two names look like one. (Joiners, U+200C and U+200D, are part of how people write.)
constexpr std::array<Range, 13> kSteering{{{0x00, 0x1f},
                                           {0x7f, 0x9f},
                                           {0xad, 0xad},
                                           {0x61c, 0x61c},
                                           {0x180e, 0x180e},
                                           {0x200b, 0x200b},
                                           {0x200e, 0x200f},
                                           {0x2028, 0x202e},
                                           {0x2060, 0x2064},
                                           {0x2066, 0x206f},
                                           {0xfeff, 0xfeff},
                                           {0xfff9, 0xfffb},
                                           {0xe0000, 0xe007f}}};

bool steers(char32_t code) noexcept { return inside(kSteering, code); }

void appendEscape(std::string& text, unsigned unit) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) text.push_back(digits[(unit >> shift) & 0xfU]);
}

std::string cleaned(std::string_view text, bool keepLines) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        auto const [code, bytes] = characterAt(text, at);
        if (code == '\n')
            result.push_back(keepLines ? '\n' : ' ');
        else if (code == '\t')
            result.push_back(' ');
        else if (code == kNotUtf8 || steers(code))
            result += kReplacement;
        else
            result += text.substr(at, bytes);
        at += bytes;
    }
    return result;
}

}  // namespace

std::string withMarksEscaped(std::string_view json) {
    std::string result;
    result.reserve(json.size());
    for (std::size_t at = 0; at < json.size();) {
        auto const [code, bytes] = characterAt(json, at);
        if (code < 0x7f || code == kNotUtf8 || !steers(code)) {
            result += json.substr(at, bytes);
        } else if (code < 0x10000) {
            appendEscape(result, static_cast<unsigned>(code));
        } else {
            appendEscape(result, 0xd800U + static_cast<unsigned>((code - 0x10000) >> 10));
            appendEscape(result, 0xdc00U + static_cast<unsigned>((code - 0x10000) & 0x3ffU));
        }
        at += bytes;
    }
    return result;
}

std::string filled(std::string_view text, std::initializer_list<Filling> fillings) {
    std::string result;
    while (!text.empty()) {
        auto const open = text.find('{');
        result += text.substr(0, open);
        if (open == std::string_view::npos) break;
        text.remove_prefix(open);
        auto const close = text.find('}');
        auto const name = close == std::string_view::npos ? std::string_view() : text.substr(1, close - 1);
        auto const found =
            std::find_if(fillings.begin(), fillings.end(), [&](Filling const& each) { return each.name == name; });
        if (found == fillings.end()) {
            result.push_back('{');
            text.remove_prefix(1);
        } else {
            result += found->value;
            text.remove_prefix(close + 1);
        }
    }
    return result;
}

std::string validUtf8(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        auto const [code, bytes] = characterAt(text, at);
        result += code == kNotUtf8 ? kReplacement : text.substr(at, bytes);
        at += bytes;
    }
    return result;
}

std::string clean(std::string_view text) { return cleaned(text, false); }
std::string cleanLines(std::string_view text) { return cleaned(text, true); }

std::size_t displayWidth(std::string_view text) noexcept {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto const [code, bytes] = characterAt(text, at);
        width += widthOf(code);
        at += bytes;
    }
    return width;
}

std::string padded(std::string_view text, std::size_t width) {
    std::size_t const taken = displayWidth(text);
    std::string result(text);
    if (taken < width) result.append(width - taken, ' ');
    return result;
}

std::string fitted(std::string_view text, std::size_t width) {
    if (displayWidth(text) <= width) return std::string(text);
    if (width == 0) return {};
    std::string result;
    std::size_t taken = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto const [code, bytes] = characterAt(text, at);
        if (taken + widthOf(code) > width - 1) break;
        taken += widthOf(code);
        result += text.substr(at, bytes);
        at += bytes;
    }
    return result + "…";
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    std::string line;
    std::size_t taken = 0, space = std::string::npos;  // `space`: where the line may be broken
    auto const finish = [&] {
        while (!line.empty() && line.back() == ' ') line.pop_back();
        lines.push_back(std::move(line));
        line.clear();
        taken = 0;
        space = std::string::npos;
    };
    for (std::size_t at = 0; at < text.size();) {
        auto const [code, bytes] = characterAt(text, at);
        auto const character = text.substr(at, bytes);
        at += bytes;
        if (code == '\n') {
            finish();
            continue;
        }
        std::size_t const wide = widthOf(code);
        if (taken + wide > width && !line.empty()) {
            if (code == ' ') {
                finish();
                continue;
            }
            if (wide == 1 && space != std::string::npos) {
                std::string rest = line.substr(space);
                line.resize(space);
                finish();
                line = std::move(rest);
                taken = displayWidth(line);
            } else {
                finish();
            }
        }
        line += character;
        taken += wide;
        if (code == ' ' || wide == 2) space = line.size();
    }
    if (!line.empty() || lines.empty()) finish();
    return lines;
}

void Table::add(std::vector<std::string> cells) {
    cells.resize(m_columns.size());
    for (auto& cell : cells) cell = clean(cell);
    m_rows.push_back(std::move(cells));
}

std::string Table::text(std::size_t width) const {
    constexpr std::size_t gap = 2, leastWidth = 8;
    std::vector<std::size_t> widths;
    for (auto const& column : m_columns) widths.push_back(displayWidth(column.heading));
    for (auto const& row : m_rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], displayWidth(row[i]));
    }
    auto const total = [&] {
        std::size_t sum = 0;
        for (auto const each : widths) sum += each + gap;
        return sum - gap;
    };
    while (width > 0 && total() > width) {
        std::size_t widest = m_columns.size();
        for (std::size_t i = 0; i < m_columns.size(); ++i) {
            if (m_columns[i].mayShrink && widths[i] > leastWidth &&
                (widest == m_columns.size() || widths[i] > widths[widest]))
                widest = i;
        }
        if (widest == m_columns.size()) break;
        widths[widest] -= std::min(total() - width, widths[widest] - leastWidth);
    }
    std::string out;
    auto const print = [&](auto const& cellOf) {
        std::string line;
        for (std::size_t i = 0; i < m_columns.size(); ++i) {
            std::string const cell = fitted(cellOf(i), widths[i]);
            if (m_columns[i].align == Align::Right)
                line.append(widths[i] - displayWidth(cell), ' ').append(cell);
            else
                line += padded(cell, widths[i]);
            line.append(gap, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    };
    print([&](std::size_t i) { return std::string_view(m_columns[i].heading); });
    for (auto const& row : m_rows) print([&](std::size_t i) { return std::string_view(row[i]); });
    return out;
}

}  // namespace spiral::cli
