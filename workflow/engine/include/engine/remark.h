// What a check found worth telling: a slug that programs and translations rely on, where it is, and the words it is about.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::engine {

struct Remark {
    std::string code;   ///< "organisation.two-heads"
    std::string place;  ///< of what was checked: an id, and behind a slash the part of it
    std::string text;   ///< what stands there: names, days, numbers
    friend bool operator==(Remark const&, Remark const&) = default;
};
using Remarks = std::vector<Remark>;

[[nodiscard]] inline bool tells(Remarks const& remarks, std::string_view code) {
    return std::any_of(remarks.begin(), remarks.end(), [&](Remark const& each) { return each.code == code; });
}

}  // namespace spiral::engine
