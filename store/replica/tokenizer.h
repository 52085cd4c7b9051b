// How text is cut into words, the same for documents and for questions. Private to store/replica.
//
// Chinese is written without spaces, so each run of CJK characters gives its overlapping pairs, and at its end the last
// character alone: 质量年报 → 质量 量年 年报 报. A phrase of pairs is then exactly a run of characters, and a prefix of
// one character finds every place where it stands. Other scripts give whole words in lower case. Full-width forms count
// as the narrow ones. Everything else (white space, punctuation, emoji) only separates.
#pragma once

#include "sqlite.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace spiral::replica {

/// A character as it is compared, with its place in the text.
struct FoldedCharacter {
    enum class Kind { Separator, Word, Cjk };
    char32_t value = 0;
    Kind kind = Kind::Separator;
    std::size_t begin = 0, end = 0;  ///< bytes, half open
};

/// The character at `at`, folded. Bytes that are no UTF-8 separate. REQUIRES: at < text.size().
[[nodiscard]] FoldedCharacter foldedAt(std::string_view text, std::size_t at);
void appendUtf8(std::string& text, char32_t value);

enum class TokensOf {
    Document,
    Question,  ///< without the last character alone where the text ends in a longer run: the run may go on
};
/// Calls `take` with each token and the bytes it comes from; stops when that returns false.
void tokenize(std::string_view text, TokensOf of,
              std::function<bool(std::string_view token, std::size_t begin, std::size_t end)> const& take);

/// Makes the tokenizer `spiral_words` known to FTS5 on this connection.
void registerTokenizer(Database& database);

}  // namespace spiral::replica
