// Values and texts that the JSON tests share.
#pragma once

#include "base/json.h"
#include "base/random.h"

#include <string>

namespace spiral::json {

/// A revision as people make them: Chinese text, hexadecimal ids, nesting, every kind of value, each escape.
inline std::string const& sampleText() {
    static std::string const kText = encode(Object{
        {"v", 1},
        {"school", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        {"scope", "unit/jwc"},
        {"doc", "0123456789abcdef0123456789abcdef"},
        {"type", "task.v1"},
        {"parents", Array{}},
        {"fields", Object{{"title", "实验室安全整改"},
                          {"text", "限期完成，由不同的人员复核。\n\"第二轮\"\t\\路径/😀\x7F\x01\b\f\r"},
                          {"empty", Object{}},
                          {"rows", Array{Object{{"k", "甲"}, {"v", -12}}, Object{{"k", "乙"}, {"v", kIntegerMax}}}},
                          {"done", false}}},
        {"by", Object{{"person", "00112233445566778899aabbccddeeff"}}},
        {"signed", true},
        {"c", 0}});
    return kText;
}

/// A random valid text: pieces of every length of UTF-8, and of everything that needs an escape.
inline std::string randomString(Random& random) {
    static std::string const kPieces[] = {"a", "z", "0", " ", "/", "\"", "\\", "\b", "\f", "\n", "\r", "\t", std::string(1, '\0'),
                                          "\x01", "\x1F", "\x7F", "é", "螺旋", "质量保障", "\xEF\xBF\xBF", "😀", "\xF4\x8F\xBF\xBF",
                                          "plain text of some length"};
    std::string text;
    for (std::uint64_t count = random.below(12); count > 0; --count) text += kPieces[random.below(std::size(kPieces))];
    return text;
}

inline std::string randomKey(Random& random) {
    constexpr std::string_view kStart = "abcxyz";
    constexpr std::string_view kRest = "abz09_";
    std::string key(1, kStart[random.below(kStart.size())]);
    for (std::uint64_t count = random.below(4); count > 0; --count) key += kRest[random.below(kRest.size())];
    return key;
}

inline std::int64_t randomInteger(Random& random) {
    // Few bits as often as many.
    auto const value = static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(54)));
    return random.below(2) == 0 ? value : -value;
}

inline Value randomValue(Random& random, int depthLeft) {
    switch (random.below(depthLeft > 0 ? 6 : 3)) {
        case 0: return random.below(2) == 0;
        case 1: return randomInteger(random);
        case 2: return randomString(random);
        case 3: {
            Array items;
            for (std::uint64_t count = random.below(4); count > 0; --count) items.push_back(randomValue(random, depthLeft - 1));
            return items;
        }
        default: {
            Object object;
            for (std::uint64_t count = random.below(5); count > 0; --count)
                object.set(randomKey(random), randomValue(random, depthLeft - 1));
            return object;
        }
    }
}

}  // namespace spiral::json
