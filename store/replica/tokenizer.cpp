#include "tokenizer.h"

#include "base/result.h"

#include <cstdint>
#include <exception>
#include <vector>

namespace spiral::replica {

namespace {

bool isCjk(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || c == 0x3005 || c == 0x3007 ||
           (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3105 && c <= 0x312F) || (c >= 0x31A0 && c <= 0x31BF) ||
           (c >= 0x31F0 && c <= 0x31FF) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0xFF66 && c <= 0xFF9F) || (c >= 0x20000 && c <= 0x3FFFD);
}

/// Letters and digits of alphabets: what is not known to be punctuation, a symbol or CJK.
bool isWord(char32_t c) {
    if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
    if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
    if (c == 0xD7 || c == 0xF7) return false;
    return c < 0x2000 || (c >= 0x2C00 && c <= 0x2DFF) || (c >= 0xA000 && c <= 0xABFF) || (c >= 0x10000 && c <= 0x1EFFF);
}

/// Lower case of the scripts that have simple pairs; without locale, so that every machine folds alike.
char32_t fold(char32_t c) {
    if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;  // full width
    if (c >= 'A' && c <= 'Z') return c + 32;
    if (c < 0xC0) return c;
    if (c <= 0xDE) return c == 0xD7 ? c : c + 32;
    bool const evenIsUpper = (c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14A && c <= 0x177) ||
                             (c >= 0x1E00 && c <= 0x1EFF) || (c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF);
    if (evenIsUpper) return c | 1U;
    bool const oddIsUpper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
    if (oddIsUpper) return (c & 1U) != 0 ? c + 1 : c;
    if (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) return c + 32;
    if (c >= 0x410 && c <= 0x42F) return c + 32;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    return c;
}

}  // namespace

void appendUtf8(std::string& text, char32_t value) {
    auto const add = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (value < 0x80) {
        add(value);
    } else if (value < 0x800) {
        add(0xC0 | (value >> 6));
        add(0x80 | (value & 0x3F));
    } else if (value < 0x10000) {
        add(0xE0 | (value >> 12));
        add(0x80 | ((value >> 6) & 0x3F));
        add(0x80 | (value & 0x3F));
    } else {
        add(0xF0 | (value >> 18));
        add(0x80 | ((value >> 12) & 0x3F));
        add(0x80 | ((value >> 6) & 0x3F));
        add(0x80 | (value & 0x3F));
    }
}

FoldedCharacter foldedAt(std::string_view text, std::size_t at) {
    FoldedCharacter character;
    character.begin = at;
    character.end = at + 1;
    auto const byte = [&](std::size_t index) { return static_cast<std::uint8_t>(text[index]); };
    std::uint8_t const lead = byte(at);
    std::size_t const length = lead < 0x80                   ? 1
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                               : lead >= 0xE0 && lead < 0xF0 ? 3
                               : lead >= 0xF0 && lead < 0xF5 ? 4
                                                             : 0;
    if (length == 0 || at + length > text.size()) return character;
    char32_t value = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return character;
        value = (value << 6) | (byte(at + i) & 0x3F);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return character;
    character.end = at + length;
    character.value = fold(value);
    character.kind = isCjk(character.value)    ? FoldedCharacter::Kind::Cjk
                     : isWord(character.value) ? FoldedCharacter::Kind::Word
                                               : FoldedCharacter::Kind::Separator;
    return character;
}

void tokenize(std::string_view text, TokensOf of,
              std::function<bool(std::string_view, std::size_t, std::size_t)> const& take) {
    using Kind = FoldedCharacter::Kind;
    std::string token;
    std::size_t at = 0;
    while (at < text.size()) {
        FoldedCharacter character = foldedAt(text, at);
        if (character.kind == Kind::Separator) {
            at = character.end;
            continue;
        }
        if (character.kind == Kind::Word) {
            token.clear();
            std::size_t const begin = at;
            std::size_t end = at;
            while (at < text.size()) {
                character = foldedAt(text, at);
                if (character.kind != Kind::Word) break;
                appendUtf8(token, character.value);
                end = at = character.end;
            }
            if (!take(token, begin, end)) return;
            continue;
        }
        // A run of CJK characters, pair by pair, then the last one alone.
        bool isFirst = true;
        while (true) {
            FoldedCharacter const next =
                character.end < text.size() ? foldedAt(text, character.end) : FoldedCharacter{};
            token.clear();
            appendUtf8(token, character.value);
            at = character.end;
            if (next.kind != Kind::Cjk) {
                bool endsHere = of == TokensOf::Question && !isFirst;
                for (std::size_t rest = at; endsHere && rest < text.size();) {
                    FoldedCharacter const later = foldedAt(text, rest);
                    if (later.kind != Kind::Separator) endsHere = false;
                    rest = later.end;
                }
                if (!endsHere && !take(token, character.begin, character.end)) return;
                break;
            }
            appendUtf8(token, next.value);
            if (!take(token, character.begin, next.end)) return;
            character = next;
            isFirst = false;
        }
    }
}

namespace {

// The three functions that FTS5 calls. Nothing may be thrown through its C frames.

int makeTokenizer(void*, char const**, int, Fts5Tokenizer** made) {
    static char one = 0;  // it has no state, but must not be null
    *made = reinterpret_cast<Fts5Tokenizer*>(&one);
    return SQLITE_OK;
}

void dropTokenizer(Fts5Tokenizer*) {}

int runTokenizer(Fts5Tokenizer*, void* context, int flags, char const* text, int size,
                 int (*take)(void*, int, char const*, int, int, int)) {
    int code = SQLITE_OK;
    try {
        auto const of = (flags & FTS5_TOKENIZE_QUERY) != 0 ? TokensOf::Question : TokensOf::Document;
        tokenize({text, static_cast<std::size_t>(size)}, of,
                 [&](std::string_view token, std::size_t begin, std::size_t end) {
                     code = take(context, 0, token.data(), static_cast<int>(token.size()), static_cast<int>(begin),
                                 static_cast<int>(end));
                     return code == SQLITE_OK;
                 });
    } catch (std::exception const&) {
        return SQLITE_NOMEM;
    }
    return code;
}

}  // namespace

void registerTokenizer(Database& database) {
    sqlite3_stmt* handle = nullptr;
    int code = sqlite3_prepare_v2(database.handle(), "SELECT fts5(?1)", -1, &handle, nullptr);
    std::unique_ptr<sqlite3_stmt, Deleter<sqlite3_finalize>> const statement(handle);
    fts5_api* api = nullptr;
    if (code == SQLITE_OK) code = sqlite3_bind_pointer(handle, 1, &api, "fts5_api_ptr", nullptr);
    if (code == SQLITE_OK) {
        sqlite3_step(handle);
        if (!api) code = SQLITE_ERROR;
    }
    fts5_tokenizer functions{makeTokenizer, dropTokenizer, runTokenizer};
    if (code == SQLITE_OK) code = api->xCreateTokenizer(api, "spiral_words", nullptr, &functions, nullptr);
    database.check(code, "making the tokenizer known");
}

}  // namespace spiral::replica
