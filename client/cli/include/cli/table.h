// Text on a terminal: how wide it is (Chinese characters take two columns), and tables of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::cli {

/// The text with every byte that is no UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string validUtf8(std::string_view text);

/// What other people wrote, made safe to print: characters that would steer the terminal, turn the direction of writing
/// or stand there unseen are replaced by U+FFFD. Line feeds stay only in `cleanLines`; elsewhere they become spaces.
[[nodiscard]] std::string clean(std::string_view text);
[[nodiscard]] std::string cleanLines(std::string_view text);
/// JSON with every such character from U+007F on written as \uXXXX: the same document, safe to print.
[[nodiscard]] std::string withMarksEscaped(std::string_view json);

/// Columns that a text takes: 0 for combining marks, 2 for wide East Asian characters and emoji, otherwise 1.
[[nodiscard]] std::size_t displayWidth(std::string_view text) noexcept;
/// The text filled up with spaces to `width`; one that is wider stays as it is.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width);
/// The text, cut to `width` with … at its end if it is wider. No character is cut in two.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t width);
/// The text broken into lines of at most `width`: at spaces, between Chinese characters, and inside words that are
/// wider.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

/// Rows of cells under headings. Cells are cleaned; the widest column that may give way is cut where the whole is wider
/// than the terminal.
class Table {
public:
    enum class Align { Left, Right };
    struct Column {
        std::string heading;
        Align align = Align::Left;
        bool mayShrink = false;
    };
    explicit Table(std::vector<Column> columns) : m_columns(std::move(columns)) {}
    void add(std::vector<std::string> cells);
    [[nodiscard]] bool empty() const noexcept { return m_rows.empty(); }
    /// Lines, each with its line feed. `width` 0: as wide as it needs.
    [[nodiscard]] std::string text(std::size_t width) const;

private:
    std::vector<Column> m_columns;
    std::vector<std::vector<std::string>> m_rows;
};

}  // namespace spiral::cli
