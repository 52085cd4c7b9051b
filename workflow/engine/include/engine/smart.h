// Whether a standard or goal is one that can be measured and has a time: what a form asks of it before it is taken.
#pragma once

#include <string_view>
#include <vector>

namespace spiral::engine {

/// What of a standard is lacking, in the order specific, measurable, time. It is specific if it says anything; it is
/// measurable if a measure stands beside it or its text has a quantity; it has a time if one stands beside it or its
/// text names a day, a period or a frequency. (Whether it is attainable and relevant is judged by people.) "进一步提高
/// 质量" lacks two; "每学期听课不少于8节" lacks nothing.
enum class SmartLack { Specific, Measurable, Time };
[[nodiscard]] std::vector<SmartLack> smartLacks(std::string_view standard, std::string_view measure, std::string_view time);

}  // namespace spiral::engine
