#include "base/json.h"

#include "utf8.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace spiral::json {
namespace {

// Room for this many members is made with the first one: for an object inside others, and for the outermost, which in
// all that is signed has about a dozen.
constexpr std::size_t kMembersFirst = 4;
constexpr std::size_t kMembersFirstOutermost = 16;

constexpr bool isKeyStart(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool isKeyCharacter(char c) noexcept { return isKeyStart(c) || (c >= '0' && c <= '9') || c == '_'; }
constexpr bool isDigit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool isControl(char c) noexcept { return static_cast<std::uint8_t>(c) < 0x20; }

std::uint8_t const* unsignedBytes(char const* at) noexcept { return reinterpret_cast<std::uint8_t const*>(at); }

/// The rules, each with its reason and a sentence for the log. A table of one place, so that parse() and check() agree.
struct Rule {
    ErrorCode code;
    char const* reason;
    char const* sentence;
};
constexpr Rule kTooLarge{ErrorCode::TooLarge, "json.too-large", "the text is longer than the limit"};
constexpr Rule kTooDeep{ErrorCode::TooLarge, "json.too-deep", "more than 32 arrays and objects inside each other"};
constexpr Rule kUnfinished{ErrorCode::Malformed, "json.unfinished", "the text ends too early"};
constexpr Rule kTrailing{ErrorCode::Malformed, "json.trailing-bytes", "something follows the value"};
constexpr Rule kSyntax{ErrorCode::Malformed, "json.syntax", "this character cannot stand here"};
constexpr Rule kWhiteSpace{ErrorCode::Malformed, "json.white-space", "white space outside a string"};
constexpr Rule kByteOrderMark{ErrorCode::Malformed, "json.byte-order-mark", "a byte order mark"};
constexpr Rule kNull{ErrorCode::Malformed, "json.null", "null; what is absent is left out"};
constexpr Rule kNotAnInteger{ErrorCode::Malformed, "json.not-an-integer", "a number with a fraction or an exponent"};
constexpr Rule kIntegerForm{ErrorCode::Malformed, "json.integer-form", "a leading zero, a plus sign or minus zero"};
constexpr Rule kIntegerRange{ErrorCode::Malformed, "json.integer-range", "an integer beyond 2^53 - 1"};
constexpr Rule kKeyForm{ErrorCode::Malformed, "json.key-form", "a key that is not [a-z][a-z0-9_]*"};
constexpr Rule kKeyOrder{ErrorCode::Malformed, "json.key-order", "a key that sorts before the one ahead of it"};
constexpr Rule kKeyRepeated{ErrorCode::Malformed, "json.key-repeated", "a key that occurs twice"};
constexpr Rule kUtf8{ErrorCode::Malformed, "json.utf8", "bytes that are not well-formed UTF-8"};
constexpr Rule kLoneSurrogate{ErrorCode::Malformed, "json.lone-surrogate", "half of a surrogate pair"};
constexpr Rule kEscape{ErrorCode::Malformed, "json.escape", "an escape that is not the shortest form"};
constexpr Rule kControl{ErrorCode::Malformed, "json.control-character", "a control character without its escape"};

Error brokenRule(Rule const& rule, std::size_t byte) {
    return makeError(rule.code, rule.reason,
                     "strict JSON, byte " + std::to_string(byte) + ": " + rule.sentence + ".");
}

/// The first place at or behind `at` that does not stand for itself inside a string: a quotation mark, a backslash, a
/// control character, or the start of something that is not UTF-8. `end` if there is none.
char const* skipPlain(char const* at, char const* end) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    constexpr std::uint64_t kHighs = 0x8080808080808080U;
    auto const hasZeroByte = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
    while (at != end) {
        // Eight plain ASCII characters at once. Exact, because the other tests count only while no high bit is set.
        while (end - at >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, at, sizeof word);
            if ((word & kHighs) != 0 || ((word - kOnes * 0x20U) & kHighs) != 0 || hasZeroByte(word ^ (kOnes * '"')) != 0 ||
                hasZeroByte(word ^ (kOnes * '\\')) != 0)
                break;
            at += 8;
        }
        if (at == end) break;
        if ((static_cast<std::uint8_t>(*at) & 0x80U) == 0) {
            if (*at == '"' || *at == '\\' || isControl(*at)) return at;
            ++at;
            continue;
        }
        // Chinese text stays here.
        while (at != end && (static_cast<std::uint8_t>(*at) & 0x80U) != 0) {
            std::size_t const length = detail::utf8Length(unsignedBytes(at), static_cast<std::size_t>(end - at));
            if (length == 0) return at;
            at += length;
        }
    }
    return end;
}

/// The letter of a two-character escape (\n), or 0 for characters that have none.
constexpr char shortEscape(char character) noexcept {
    switch (character) {
        case '"': return '"';
        case '\\': return '\\';
        case '\b': return 'b';
        case '\f': return 'f';
        case '\n': return 'n';
        case '\r': return 'r';
        case '\t': return 't';
        default: return 0;
    }
}

/// The value of four hexadecimal digits of either case, or nothing.
std::optional<unsigned> fourHexDigits(char const* at) noexcept {
    unsigned value = 0;
    char const* const end = at + 4;
    auto const [stop, problem] = std::from_chars(at, end, value, 16);
    if (problem != std::errc{} || stop != end) return std::nullopt;
    return value;
}

}  // namespace

/// One pass over the bytes. A method that breaks a rule notes it once and returns; its callers look at failed() before
/// they go on. No exceptions and no Result inside, because they would cost more than the parsing.
class Parser {
public:
    explicit Parser(std::string_view text) : m_begin(text.data()), m_at(m_begin), m_end(m_begin + text.size()) {}

    Result<Value> run() {
        if (std::string_view(m_at, remaining()).starts_with("\xEF\xBB\xBF")) fail(kByteOrderMark);
        if (failed()) return error();
        Value value = parseValue(0);
        if (!failed() && m_at != m_end) fail(isWhiteSpace(*m_at) ? kWhiteSpace : kTrailing);
        if (failed()) return error();
        return value;
    }

private:
    [[nodiscard]] bool failed() const noexcept { return m_broken != nullptr; }
    [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(m_end - m_at); }
    [[nodiscard]] Error error() const { return brokenRule(*m_broken, static_cast<std::size_t>(m_at - m_begin)); }
    static bool isWhiteSpace(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

    /// Notes the broken rule, at the present place.
    void fail(Rule const& rule) noexcept { m_broken = &rule; }
    /// The present character cannot stand here: says why as exactly as it can be told.
    void failHere() noexcept { fail(m_at == m_end ? kUnfinished : isWhiteSpace(*m_at) ? kWhiteSpace : kSyntax); }
    /// Steps over `character` if it is the next one.
    bool accept(char character) noexcept {
        if (m_at == m_end || *m_at != character) return false;
        ++m_at;
        return true;
    }
    void expect(char character) noexcept {
        if (!accept(character)) failHere();
    }

    Value parseValue(int depth) {
        if (m_at == m_end) {
            fail(kUnfinished);
            return {};
        }
        switch (*m_at) {
            case '"': return Value(parseString());
            case '{': return parseObject(depth + 1);
            case '[': return parseArray(depth + 1);
            case 't': return parseWord("true", true);
            case 'f': return parseWord("false", false);
            case 'n':
                parseWord("null", false);
                if (!failed()) fail(kNull);
                return {};
            default: return parseInteger();
        }
    }

    Value parseWord(std::string_view word, bool value) noexcept {
        std::size_t same = 0;
        while (same < word.size() && m_at != m_end && *m_at == word[same]) ++same, ++m_at;
        if (same < word.size()) failHere();
        return value;
    }

    Value parseInteger() noexcept {
        char const* const start = m_at;
        bool const negative = accept('-');
        char const* const digits = m_at;
        std::int64_t value = 0;
        // The value stops growing once it is out of range, so that no number of digits overflows it.
        for (; m_at != m_end && isDigit(*m_at); ++m_at)
            if (value <= kIntegerMax) value = value * 10 + (*m_at - '0');
        std::ptrdiff_t const count = m_at - digits;
        bool const fraction = m_at != m_end && (*m_at == '.' || *m_at == 'e' || *m_at == 'E');
        if (count == 0) {
            if (m_at != m_end && *m_at == '+') fail(kIntegerForm);
            else failHere();
        } else if (fraction) {
            fail(kNotAnInteger);
        } else if (count > 1 && *digits == '0') {
            failAt(digits, kIntegerForm);
        } else if (value > kIntegerMax) {
            failAt(start, kIntegerRange);
        } else if (negative && value == 0) {
            failAt(start, kIntegerForm);
        }
        return negative ? -value : value;
    }

    Value parseArray(int depth) {
        Array items;
        if (depth > kDepthMax) fail(kTooDeep);
        if (failed()) return {};
        ++m_at;
        if (accept(']')) return Value(std::move(items));
        for (;;) {
            Value item = parseValue(depth);
            if (failed()) return {};
            items.push_back(std::move(item));
            if (accept(']')) return Value(std::move(items));
            expect(',');
            if (failed()) return {};
        }
    }

    Value parseObject(int depth) {
        Object object;
        if (depth > kDepthMax) fail(kTooDeep);
        if (failed()) return {};
        ++m_at;
        if (accept('}')) return Value(std::move(object));
        std::string_view before;  // empty sorts before every key
        for (;;) {
            std::string_view const key = parseKey(before);
            if (!failed()) expect(':');
            if (failed()) return {};
            before = key;
            Value value = parseValue(depth);
            if (failed()) return {};
            if (object.m_members.empty()) object.m_members.reserve(depth == 1 ? kMembersFirstOutermost : kMembersFirst);
            object.m_members.emplace_back(key, std::move(value));
            if (accept('}')) return Value(std::move(object));
            expect(',');
            if (failed()) return {};
        }
    }

    /// A key as it stands in the input: it has no escapes.
    std::string_view parseKey(std::string_view before) noexcept {
        expect('"');
        if (failed()) return {};
        char const* const start = m_at;
        while (m_at != m_end && isKeyCharacter(*m_at)) ++m_at;
        if (m_at == m_end) {
            fail(kUnfinished);
            return {};
        }
        std::string_view const key(start, static_cast<std::size_t>(m_at - start));
        if (*m_at != '"' || key.empty() || !isKeyStart(key.front())) {
            fail(kKeyForm);
        } else if (key <= before) {
            failAt(start, key == before ? kKeyRepeated : kKeyOrder);
        } else {
            ++m_at;
        }
        return key;
    }

    std::string parseString() {
        ++m_at;
        char const* run = m_at;
        m_at = skipPlain(m_at, m_end);
        std::string text(run, m_at);
        for (;;) {
            if (m_at == m_end) fail(kUnfinished);
            else if (*m_at == '\\') parseEscape(text);
            else if (*m_at != '"') fail(isControl(*m_at) ? kControl : kUtf8);
            if (failed() || accept('"')) return text;
            run = m_at;
            m_at = skipPlain(m_at, m_end);
            text.append(run, m_at);
        }
    }

    /// Adds the character of the escape that starts here, if the escape is the one that encode() would write.
    void parseEscape(std::string& text) {
        if (remaining() < 2) return fail(kUnfinished);
        switch (m_at[1]) {
            case '"': text += '"'; break;
            case '\\': text += '\\'; break;
            case 'b': text += '\b'; break;
            case 'f': text += '\f'; break;
            case 'n': text += '\n'; break;
            case 'r': text += '\r'; break;
            case 't': text += '\t'; break;
            case 'u': return parseHexEscape(text);
            case '/': return fail(kEscape);
            default: return fail(kSyntax);
        }
        m_at += 2;
    }

    void parseHexEscape(std::string& text) {
        if (remaining() < 6) return fail(kUnfinished);
        auto const value = fourHexDigits(m_at + 2);
        if (!value) return fail(kSyntax);
        if (*value >= 0xD800 && *value <= 0xDFFF) return fail(isPairHere(*value) ? kEscape : kLoneSurrogate);
        bool const upperCase = std::any_of(m_at + 2, m_at + 6, [](char c) { return c >= 'A' && c <= 'F'; });
        if (*value >= 0x20 || upperCase || shortEscape(static_cast<char>(*value)) != 0) return fail(kEscape);
        text += static_cast<char>(*value);
        m_at += 6;
    }

    /// True iff the surrogate escaped here is a first half, and its second half follows.
    [[nodiscard]] bool isPairHere(unsigned value) const noexcept {
        if (value >= 0xDC00 || remaining() < 12 || m_at[6] != '\\' || m_at[7] != 'u') return false;
        auto const second = fourHexDigits(m_at + 8);
        return second && *second >= 0xDC00 && *second <= 0xDFFF;
    }

    void failAt(char const* place, Rule const& rule) noexcept {
        m_at = place;
        fail(rule);
    }

    char const* m_begin;
    char const* m_at;
    char const* m_end;
    Rule const* m_broken = nullptr;
};

namespace {

/// Counts the bytes of an encoding and looks for what has none.
class Measure {
public:
    /// The rule that the value breaks, or null.
    Rule const* add(Value const& value, int depth) {
        if (auto const* text = value.asString()) return addString(*text);
        if (auto const* number = value.asInteger()) return addInteger(*number);
        if (auto const* truth = value.asBool()) {
            m_size += *truth ? 4 : 5;
            return nullptr;
        }
        // Before the recursion, which it bounds.
        if (depth == kDepthMax) return &kTooDeep;
        if (auto const* items = value.asArray()) return addArray(*items, depth + 1);
        return addObject(*value.asObject(), depth + 1);
    }
    [[nodiscard]] std::size_t size() const noexcept { return m_size; }

private:
    Rule const* addArray(Array const& items, int depth) {
        m_size += 2 + (items.empty() ? 0 : items.size() - 1);
        for (Value const& item : items)
            if (auto const* rule = add(item, depth)) return rule;
        return nullptr;
    }

    Rule const* addObject(Object const& object, int depth) {
        m_size += 2 + (object.empty() ? 0 : object.size() - 1);
        for (auto const& [key, value] : object) {
            if (key.empty() || !isKeyStart(key.front()) || !std::all_of(key.begin(), key.end(), isKeyCharacter))
                return &kKeyForm;
            m_size += key.size() + 3;
            if (auto const* rule = add(value, depth)) return rule;
        }
        return nullptr;
    }

    Rule const* addString(std::string const& text) {
        m_size += text.size() + 2;
        char const* at = text.data();
        char const* const end = at + text.size();
        while ((at = skipPlain(at, end)) != end) {
            if (shortEscape(*at) != 0) m_size += 1;
            else if (isControl(*at)) m_size += 5;
            else return &kUtf8;
            ++at;
        }
        return nullptr;
    }

    Rule const* addInteger(std::int64_t number) {
        if (number > kIntegerMax || number < -kIntegerMax) return &kIntegerRange;
        std::int64_t rest = number;
        m_size += number < 0 ? 2 : 1;
        while ((rest /= 10) != 0) ++m_size;
        return nullptr;
    }

    std::size_t m_size = 0;
};

/// Writes what Measure has found good into exactly the room that it has counted.
class Writer {
public:
    explicit Writer(char* out) : m_at(out) {}

    void write(Value const& value) {
        if (auto const* text = value.asString()) writeString(*text);
        else if (auto const* number = value.asInteger()) writeInteger(*number);
        else if (auto const* truth = value.asBool()) put(*truth ? "true" : "false");
        else if (auto const* items = value.asArray()) writeArray(*items);
        else writeObject(*value.asObject());
    }
    [[nodiscard]] char const* at() const noexcept { return m_at; }

private:
    void put(char character) noexcept { *m_at++ = character; }
    void put(std::string_view text) noexcept { m_at = std::copy(text.begin(), text.end(), m_at); }

    void writeArray(Array const& items) {
        put('[');
        bool first = true;
        for (Value const& item : items) {
            if (!first) put(',');
            first = false;
            write(item);
        }
        put(']');
    }

    void writeObject(Object const& object) {
        put('{');
        bool first = true;
        for (auto const& [key, value] : object) {
            if (!first) put(',');
            first = false;
            put('"');
            put(key);
            put("\":");
            write(value);
        }
        put('}');
    }

    void writeString(std::string const& text) {
        put('"');
        char const* at = text.data();
        char const* const end = at + text.size();
        for (;;) {
            char const* const run = at;
            at = skipPlain(at, end);
            put(std::string_view(run, static_cast<std::size_t>(at - run)));
            if (at == end) break;
            writeEscape(*at++);
        }
        put('"');
    }

    void writeEscape(char character) {
        constexpr std::string_view kHexDigits = "0123456789abcdef";
        put('\\');
        if (char const letter = shortEscape(character)) return put(letter);
        put("u00");
        put(kHexDigits[static_cast<std::uint8_t>(character) >> 4U]);
        put(kHexDigits[static_cast<std::uint8_t>(character) & 0x0FU]);
    }

    void writeInteger(std::int64_t number) {
        std::array<char, 24> digits;
        auto const [end, problem] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
        ensure(problem == std::errc{}, "json::encode: an integer needs more than 24 characters");
        put(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
    }

    char* m_at;
};

/// Where the member of that name is, or would be.
template <class Members>
auto placeOf(Members& members, std::string_view key) noexcept {
    auto const isBefore = [](Object::Member const& member, std::string_view name) {
        return std::string_view(member.first) < name;
    };
    return std::lower_bound(members.begin(), members.end(), key, isBefore);
}

}  // namespace

Object::Object(std::initializer_list<Member> members) : m_members(members) {
    std::sort(m_members.begin(), m_members.end(),
              [](Member const& a, Member const& b) { return a.first < b.first; });
    auto const twice = std::adjacent_find(m_members.begin(), m_members.end(),
                                          [](Member const& a, Member const& b) { return a.first == b.first; });
    ensure(twice == m_members.end(), "json::Object: a key is given twice");
}

Value const* Object::find(std::string_view key) const noexcept {
    auto const place = placeOf(m_members, key);
    return place != m_members.end() && place->first == key ? &place->second : nullptr;
}

Value* Object::find(std::string_view key) noexcept {
    auto const place = placeOf(m_members, key);
    return place != m_members.end() && place->first == key ? &place->second : nullptr;
}

Value& Object::set(std::string_view key, Value value) {
    auto place = placeOf(m_members, key);
    if (place != m_members.end() && place->first == key) place->second = std::move(value);
    else place = m_members.emplace(place, key, std::move(value));
    return place->second;
}

void Object::erase(std::string_view key) {
    auto const place = placeOf(m_members, key);
    if (place != m_members.end() && place->first == key) m_members.erase(place);
}

Result<Value> parse(ByteView bytes, std::size_t bytesMax) {
    if (bytes.size() > std::min(bytesMax, kBytesMax)) return brokenRule(kTooLarge, bytes.size());
    return Parser(asText(bytes)).run();
}

std::string encode(Value const& value) {
    Measure measure;
    Rule const* const broken = measure.add(value, 0);
    ensure(broken == nullptr, broken != nullptr ? broken->sentence : "");
    std::string text(measure.size(), '\0');
    Writer writer(text.data());
    writer.write(value);
    ensure(writer.at() == text.data() + text.size(), "json::encode: Measure and Writer disagree");
    return text;
}

Result<void> check(Value const& value) {
    Measure measure;
    Rule const* broken = measure.add(value, 0);
    if (broken == nullptr && measure.size() > kBytesMax) broken = &kTooLarge;
    if (broken != nullptr) return brokenRule(*broken, measure.size());
    return {};
}

std::string const* stringAt(Object const& object, std::string_view key) noexcept {
    Value const* const value = object.find(key);
    return value != nullptr ? value->asString() : nullptr;
}

std::int64_t const* integerAt(Object const& object, std::string_view key) noexcept {
    Value const* const value = object.find(key);
    return value != nullptr ? value->asInteger() : nullptr;
}

Array const* arrayAt(Object const& object, std::string_view key) noexcept {
    Value const* const value = object.find(key);
    return value != nullptr ? value->asArray() : nullptr;
}

Object const* objectAt(Object const& object, std::string_view key) noexcept {
    Value const* const value = object.find(key);
    return value != nullptr ? value->asObject() : nullptr;
}

}  // namespace spiral::json
