// A founder, the quality office, a clerk and a head of one department and a clerk of another, who know each other.
#pragma once

#include "people.h"

namespace spiral::office {

struct Departments {
    std::unique_ptr<Workplace> zhao = Workplace::founds("赵");
    std::unique_ptr<Workplace> quality = zhao->hires("钱", "yc-d05", {"quality"});
    std::unique_ptr<Workplace> li = zhao->hires("李", "yc-d03", {"clerk"});
    std::unique_ptr<Workplace> sun = zhao->hires("孙", "yc-d03", {"head"});
    std::unique_ptr<Workplace> hu = zhao->hires("胡", "yc-d04", {"clerk"});
    Departments() {
        for (auto* place : {&quality, &li, &sun, &hu}) zhao->carriesTo(**place);
    }
};

}  // namespace spiral::office
