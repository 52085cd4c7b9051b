#include "engine/smart.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace spiral::engine {

namespace {

/// What makes a number or a word a time.
constexpr std::array<std::string_view, 24> kTimeWords = {
    "每年", "每学年", "每学期", "每季", "每月", "每周", "每日", "每天", "当日", "当天", "当月",   "当年",
    "年底", "年末",   "月底",   "月末", "期末", "期初", "年初", "月初", "全年", "按期", "学期内", "学年内"};
constexpr std::array<std::string_view, 11> kTimeUnits = {"年",   "月",   "日",   "天",   "周",      "学期",
                                                         "学年", "季度", "小时", "分钟", "个工作日"};
/// Quantities without a digit.
constexpr std::array<std::string_view, 8> kQuantityWords = {"全部",   "全覆盖", "百分之", "零差错",
                                                            "零事故", "无一",   "所有",   "人人"};
constexpr std::array<std::string_view, 11> kHanNumbers = {"一", "二", "两", "三", "四", "五",
                                                          "六", "七", "八", "九", "十"};
constexpr std::array<std::string_view, 16> kCounters = {"次", "项", "份", "人",   "节", "门", "篇", "个",
                                                        "场", "件", "名", "小时", "天", "日", "周", "月"};

bool any(std::string_view text, auto const& words) {
    return std::any_of(words.begin(), words.end(),
                       [&](auto word) { return text.find(word) != std::string_view::npos; });
}

std::optional<std::size_t> startsWithAny(std::string_view text, auto const& words) {
    for (auto const word : words) {
        if (text.starts_with(word)) return word.size();
    }
    return std::nullopt;
}

/// Full-width digits and signs as the others.
std::string plainDigits(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const third = i + 2 < text.size() ? static_cast<unsigned char>(text[i + 2]) : 0;
        if (text.substr(i).starts_with("\xef\xbc") && third >= 0x90 && third <= 0x99) {
            result.push_back(static_cast<char>('0' + (third - 0x90)));
            i += 2;
        } else {
            result.push_back(text[i]);
        }
    }
    return result;
}

/// Numbers in a text, and whether one counts something, and whether one is a time.
struct Numbers {
    bool quantity = false, time = false;
};
Numbers numbersIn(std::string_view text) {
    Numbers found;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i;
        while (end < text.size() &&
               ((text[end] >= '0' && text[end] <= '9') || (end > i && (text[end] == '.' || text[end] == '-'))))
            ++end;
        bool const digits = end > i;
        bool han = false;
        while (!digits && end < text.size()) {
            auto const size = startsWithAny(text.substr(end), kHanNumbers);
            if (!size) break;
            end += *size;
            han = true;
        }
        if (end == i) {
            ++i;
            continue;
        }
        std::string_view const behind = text.substr(end);
        bool const time = startsWithAny(behind, kTimeUnits) ||
                          (digits && (text.substr(i, end - i).find('-') != std::string_view::npos ||
                                      text.substr(i, end - i).find('.') == 4));
        if (time) found.time = true;
        // "2026年" is a time alone; "3天" says how much and when at once.
        bool const yearOrDay = behind.starts_with("年") || behind.starts_with("月") || behind.starts_with("日");
        if (digits ? !yearOrDay && !(time && text.substr(i, end - i).size() >= 6)
                   : han && startsWithAny(behind, kCounters))
            found.quantity = true;
        i = end;
    }
    return found;
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

std::vector<SmartLack> smartLacks(std::string_view standard, std::string_view measure, std::string_view time) {
    std::vector<SmartLack> lacks;
    std::string const text = plainDigits(standard);
    auto const numbers = numbersIn(text);
    if (blank(standard)) lacks.push_back(SmartLack::Specific);
    if (blank(measure) && !numbers.quantity && !any(text, kQuantityWords)) lacks.push_back(SmartLack::Measurable);
    if (blank(time) && !numbers.time && !any(text, kTimeWords)) lacks.push_back(SmartLack::Time);
    return lacks;
}

}  // namespace spiral::engine
