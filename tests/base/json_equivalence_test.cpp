// parse() judges on the fly what its contract states as a comparison: it takes x iff x is JSON of the profile and
// encode(parse(x)) == x. Here that comparison is made in the plain way, with a reader that takes any JSON, and both must
// agree on every text of two small worlds and on many damaged documents.
#include "base/json.h"

#include "helpers.h"
#include "json_samples.h"

#include <array>
#include <cmath>
#include <optional>

namespace spiral::json {
namespace {

/// Reads JSON generously: white space, any order of keys, any escapes, 1.0 and -0. No UTF-8 or depth is judged here;
/// check() does that. Slow and plain on purpose; shares no code with Parser.
class GenerousReader {
public:
    explicit GenerousReader(std::string_view text) : m_rest(text) {}

    std::optional<Value> run() {
        auto value = readValue();
        skipSpace();
        if (!m_rest.empty()) return std::nullopt;
        return value;
    }

private:
    void skipSpace() { m_rest.remove_prefix(std::min(m_rest.find_first_not_of(" \t\r\n"), m_rest.size())); }
    bool take(std::string_view word) {
        if (!m_rest.starts_with(word)) return false;
        m_rest.remove_prefix(word.size());
        return true;
    }
    bool takeToken(std::string_view word) {
        skipSpace();
        return take(word);
    }

    std::optional<Value> readValue() {
        if (takeToken("true")) return Value(true);
        if (takeToken("false")) return Value(false);
        if (takeToken("[")) return readArray();
        if (takeToken("{")) return readObject();
        if (takeToken("\"")) return readString();
        return readNumber();
    }

    std::optional<Value> readArray() {
        Array items;
        if (takeToken("]")) return items;
        do {
            auto item = readValue();
            if (!item) return std::nullopt;
            items.push_back(*item);
        } while (takeToken(","));
        if (!takeToken("]")) return std::nullopt;
        return items;
    }

    std::optional<Value> readObject() {
        Object object;
        if (takeToken("}")) return object;
        do {
            if (!takeToken("\"")) return std::nullopt;
            auto const key = readString();
            if (!key || !takeToken(":")) return std::nullopt;
            auto const value = readValue();
            if (!value) return std::nullopt;
            object.set(*key->asString(), *value);
        } while (takeToken(","));
        if (!takeToken("}")) return std::nullopt;
        return object;
    }

    std::optional<Value> readNumber() {
        std::size_t const length = std::min(m_rest.find_first_not_of("0123456789+-.eE"), m_rest.size());
        std::string const text(m_rest.substr(0, length));
        char* end = nullptr;
        double const number = std::strtod(text.c_str(), &end);
        if (text.empty() || *end != '\0') return std::nullopt;
        if (number != std::floor(number) || std::abs(number) > 9.1e15) return std::nullopt;
        m_rest.remove_prefix(length);
        return static_cast<std::int64_t>(number);
    }

    std::optional<Value> readString() {
        std::string text;
        while (!m_rest.empty()) {
            char const character = m_rest.front();
            m_rest.remove_prefix(1);
            if (character == '"') return text;
            if (character != '\\') {
                text += character;
                continue;
            }
            if (m_rest.empty()) return std::nullopt;
            char const letter = m_rest.front();
            m_rest.remove_prefix(1);
            constexpr std::string_view kLetters = "bfnrt";
            constexpr std::string_view kMeanings = "\b\f\n\r\t";
            if (letter == 'u') {
                auto const unit = readUnit();
                if (!unit) return std::nullopt;
                // Only these can be canonical; the character is enough to see it, whatever it is.
                text += *unit < 0x80 ? static_cast<char>(*unit) : '?';
            } else if (auto const place = kLetters.find(letter); place != std::string_view::npos) {
                text += kMeanings[place];
            } else if (letter == '"' || letter == '\\' || letter == '/') {
                text += letter;
            } else {
                return std::nullopt;
            }
        }
        return std::nullopt;
    }

    std::optional<unsigned> readUnit() {
        if (m_rest.size() < 4) return std::nullopt;
        unsigned unit = 0;
        for (char const digit : m_rest.substr(0, 4)) {
            auto const value = std::string_view("0123456789abcdef").find(static_cast<char>(std::tolower(digit)));
            if (value == std::string_view::npos) return std::nullopt;
            unit = unit * 16 + static_cast<unsigned>(value);
        }
        m_rest.remove_prefix(4);
        return unit;
    }

    std::string_view m_rest;
};

/// The definition: some value has exactly this encoding.
bool isStrict(std::string_view text) {
    auto const value = GenerousReader(text).run();
    return value && check(*value) && encode(*value) == text;
}

struct Tally {
    std::size_t texts = 0;
    std::size_t taken = 0;
    std::vector<std::string> wrong;

    void add(std::string_view text) {
        auto const value = parse(text);
        ++texts;
        taken += value ? 1 : 0;
        if (value.has_value() != isStrict(text) || (value && encode(*value) != text)) wrong.emplace_back(text);
    }
};

/// Adds every sequence of at most `length` pieces.
void addAll(Tally& tally, std::span<std::string_view const> pieces, int length, std::string& text) {
    tally.add(text);
    if (length == 0) return;
    for (std::string_view const piece : pieces) {
        text += piece;
        addAll(tally, pieces, length - 1, text);
        text.resize(text.size() - piece.size());
    }
}

Tally tallyOf(std::span<std::string_view const> pieces, int length) {
    Tally tally;
    std::string text;
    addAll(tally, pieces, length, text);
    return tally;
}

TEST_CASE("strict JSON equals its definition on every short text of some characters", "[base][json]") {
    constexpr std::array<std::string_view, 15> kCharacters{"\"", "\\", "[", "]", "{", "}", ",", ":", "0", "1", "-", "n", "a", "/", " "};
    Tally const tally = tallyOf(kCharacters, 5);
    CHECK(tally.wrong == std::vector<std::string>());
    CHECK(tally.texts == 813616);
    CHECK(tally.taken > 1000);
}

TEST_CASE("strict JSON equals its definition on every short object of some members", "[base][json]") {
    constexpr std::array<std::string_view, 9> kPieces{"{", "}", ",", "\"a\":", "\"b\":", "\"a0\":", "\"B\":", "1", "[]"};
    Tally const tally = tallyOf(kPieces, 6);
    CHECK(tally.wrong == std::vector<std::string>());
    CHECK(tally.taken > 20);
    // Three members in every order need longer texts than can be listed.
    Tally members;
    constexpr std::array<std::string_view, 6> kKeys{"a", "b", "a0", "ab", "a_", "B"};
    for (auto const first : kKeys) {
        for (auto const second : kKeys) {
            for (auto const third : kKeys) {
                members.add("{\"" + std::string(first) + "\":1,\"" + std::string(second) + "\":2,\"" + std::string(third) + "\":3}");
            }
        }
    }
    CHECK(members.wrong == std::vector<std::string>());
    CHECK(members.taken == 10);  // 5 good keys, 3 of them, in the one order
}

TEST_CASE("strict JSON equals its definition on every escape", "[base][json]") {
    Tally tally;
    constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
    for (char const high : kDigits) {
        for (char const low : kDigits) {
            for (char const* start : {"\"\\u00", "\"\\u01", "\"\\ud8", "\"\\udc"}) tally.add(std::string(start) + high + low + '"');
        }
    }
    for (int letter = 0; letter < 256; ++letter) {
        tally.add(std::string("\"\\") + static_cast<char>(letter) + '"');
        tally.add(std::string("\"") + static_cast<char>(letter) + '"');
    }
    CHECK(tally.wrong == std::vector<std::string>());
    // 27 control characters of \u00xx, 7 letters, and all ASCII but 32 controls, the backslash and the quotation mark
    // (whose text """ is something else).
    CHECK(tally.taken == 27 + 7 + 128 - 32 - 2);
}

TEST_CASE("strict JSON equals its definition on damaged documents", "[base][json]") {
    SeededRandom random(8);
    Tally tally;
    constexpr std::string_view kSome = "\"\\[]{},:0123456789-+.eEtfnu ab_A/\n\xE8\x9E\xBA\x80\xFF";
    for (int round = 0; round < 30000; ++round) {
        std::string text = round % 4 == 0 ? sampleText() : encode(randomValue(random, 4));
        for (std::uint64_t count = random.below(3) + 1; count > 0; --count) {
            std::size_t const place = random.below(text.size() + 1);
            char const character = kSome[random.below(kSome.size())];
            switch (random.below(4)) {
                case 0: text.insert(place, 1, character); break;
                case 1: text.erase(place, random.below(3)); break;
                case 2: text.insert(place, text.substr(random.below(text.size() + 1), random.below(8))); break;
                default: if (place < text.size()) text[place] = character;
            }
        }
        tally.add(text);
    }
    CHECK(tally.wrong == std::vector<std::string>());
    CHECK(tally.taken > 1000);
    CHECK(tally.texts - tally.taken > 1000);
}

}  // namespace
}  // namespace spiral::json
