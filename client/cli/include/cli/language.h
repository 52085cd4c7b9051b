// Two languages, Chinese first. A short text stands in both at the place that says it; sentences about refusals stand
// in the tables of messages.h.
#pragma once

#include <string>
#include <string_view>

namespace spiral::cli {

enum class Language { Chinese, English };

struct Text {
    std::string_view zh, en;
    [[nodiscard]] constexpr std::string_view in(Language language) const noexcept {
        return language == Language::Chinese ? zh : en;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return zh.empty() && en.empty(); }
};

/// Replaces each {name} by the value given for it.
struct Filling {
    std::string_view name;
    std::string value;
};
[[nodiscard]] std::string filled(std::string_view text, std::initializer_list<Filling> fillings);

}  // namespace spiral::cli
