#include "engine/plans.h"

#include <algorithm>
#include <tuple>

namespace spiral::engine {

namespace {

constexpr int kWeightPlaces = 4;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// A decimal at the start of a text: its value in ten-thousandths, and how many bytes it took.
struct Number {
    std::int64_t value = 0;
    std::size_t length = 0;
    bool exact = true;                     ///< no more places than are kept
};
std::optional<Number> numberAt(std::string_view text) {
    Number number;
    std::size_t whole = 0;
    while (number.length < text.size() && isDigit(text[number.length])) {
        if (++whole > 12) return std::nullopt;
        number.value = number.value * 10 + (text[number.length++] - '0');
    }
    if (whole == 0) return std::nullopt;
    int places = 0;
    if (number.length + 1 < text.size() && text[number.length] == '.' && isDigit(text[number.length + 1])) {
        ++number.length;
        for (; number.length < text.size() && isDigit(text[number.length]); ++number.length) {
            if (places < kWeightPlaces) {
                number.value = number.value * 10 + (text[number.length] - '0');
                ++places;
            } else if (text[number.length] != '0') {
                number.exact = false;
            }
        }
    }
    for (; places < kWeightPlaces; ++places) number.value *= 10;
    return number;
}

std::string_view withoutSpaces(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// "≥ 95%", "不高于5次": which way it goes, how much, of what.
struct Target {
    bool atMost = false;
    Number number;
    std::string_view unit;
};
std::optional<Target> targetFrom(std::string_view text) {
    Target target;
    text = withoutSpaces(text);
    for (std::string_view const mark : {"≤", "<", "不高于", "不超过", "至多", "低于"}) {
        if (!text.starts_with(mark)) continue;
        text.remove_prefix(mark.size());
        target.atMost = true;
        break;
    }
    if (!target.atMost) {
        for (std::string_view const mark : {"≥", ">", "不低于", "不少于", "至少", "达到"}) {
            if (!text.starts_with(mark)) continue;
            text.remove_prefix(mark.size());
            break;
        }
    }
    text = withoutSpaces(text);
    auto const number = numberAt(text);
    if (!number) return std::nullopt;
    target.number = *number;
    target.unit = withoutSpaces(text.substr(number->length));
    return target;
}

std::string spanOf(PlanNode const& plan) {
    return (plan.from ? toText(*plan.from) : "…") + " – " + (plan.to ? toText(*plan.to) : "…");
}

using ById = std::map<std::string_view, PlanNode const*, std::less<>>;

/// Does one come back to the plan by going up from it?
bool inALoop(PlanNode const& plan, ById const& byId) {
    std::set<std::string_view> seen;
    for (auto const* at = &plan; seen.insert(at->id).second;) {
        auto const above = byId.find(at->parent);
        if (above == byId.end()) return false;
        at = above->second;
        if (at == &plan) return true;
    }
    return false;
}

void checkGoals(PlanNode const& plan, PlanNode const* parent, Remarks& remarks) {
    for (auto const& goal : plan.goals) {
        std::string const place = plan.id + "/" + goal.id;
        if (goal.parents.empty() && parent && !parent->goals.empty()) remarks.push_back({"plan.goal-orphan", place, goal.text});
        for (auto const& wanted : goal.parents) {
            Goal const* above = nullptr;
            for (auto const* in : {&plan, parent}) {
                if (!in || above) continue;
                auto const found = std::find_if(in->goals.begin(), in->goals.end(), [&](Goal const& each) {
                    return each.id == wanted && &each != &goal;
                });
                if (found != in->goals.end()) above = &*found;
            }
            if (!above) {
                remarks.push_back({"plan.goal-orphan", place, goal.text + " ← " + wanted});
                continue;
            }
            if (goal.due && above->due && *goal.due > *above->due) {
                remarks.push_back({"plan.goal-later", place, toText(*goal.due) + " > " + toText(*above->due)});
            }
            if (asksForLess(goal.target, above->target).value_or(false)) {
                remarks.push_back({"plan.goal-lower", place, goal.target + " ← " + above->target});
            }
        }
    }
}

}  // namespace

// --- weights and progress ------------------------------------------------------------------------------------------------

std::optional<std::int64_t> weightFrom(std::string_view text) {
    auto const number = numberAt(text);
    if (!number || !number->exact || number->length != text.size() || number->value > kWeightMax) return std::nullopt;
    return number->value;
}

std::string progressText(Progress progress) {
    std::string const hundredths = std::to_string(progress % 100);
    return std::to_string(progress / 100) + "." + (hundredths.size() < 2 ? "0" : "") + hundredths;
}

std::optional<Progress> weightedProgress(std::vector<Weighted> const& parts) {
    ensure(parts.size() <= kPartsMax, "parts are counted before they are weighed");
    // At most 1e10 of weight × 1e4 of progress × 1e4 parts = 1e18: below 2^63.
    std::int64_t weights = 0, sum = 0;
    for (auto const& part : parts) {
        weights += part.weight;
        sum += part.weight * part.progress;
    }
    if (weights == 0) return std::nullopt;
    std::int64_t const whole = sum / weights, rest = sum % weights;
    return whole + (rest >= weights - rest ? 1 : 0);
}

void sortEntries(std::vector<ProgressEntry>& entries) {
    std::stable_sort(entries.begin(), entries.end(), [](ProgressEntry const& a, ProgressEntry const& b) {
        return std::tie(a.day, a.entered, a.id) < std::tie(b.day, b.entered, b.id);
    });
}

namespace {

bool isPercent(std::int64_t percent) { return percent >= 0 && percent <= 100; }

}  // namespace

std::optional<std::int64_t> percentOf(std::vector<ProgressEntry> entries) {
    sortEntries(entries);
    std::optional<std::int64_t> last;
    for (auto const& entry : entries) {
        if (entry.percent && isPercent(*entry.percent)) last = entry.percent;
    }
    return last;
}

Remarks checkProgress(std::vector<ProgressEntry> entries, std::optional<Day> due, std::chrono::month_day yearEnd) {
    sortEntries(entries);
    Remarks remarks;
    std::optional<std::int64_t> before;
    for (auto const& entry : entries) {
        std::string const words = toText(entry.day) + " → " + toText(entry.entered);
        Day const end = entry.day.year() / yearEnd.month() / yearEnd.day();
        // What happens after a year's end, where that is not 31 December, belongs to the year that ends next.
        Day const last = entry.day <= end ? end : Day{(entry.day.year() + std::chrono::years{1}) / yearEnd.month() / yearEnd.day()};
        if (entry.day > entry.entered) remarks.push_back({"progress.future", entry.id, words});
        if (entry.entered > last) remarks.push_back({"progress.late-year", entry.id, words});
        if (due && (entry.entered > *due || entry.day > *due)) remarks.push_back({"progress.late-due", entry.id, words + ", " + toText(*due)});
        if (!entry.percent) continue;
        if (!isPercent(*entry.percent)) {
            remarks.push_back({"progress.over", entry.id, std::to_string(*entry.percent) + " %"});
            continue;
        }
        if (before && *entry.percent < *before && entry.reason.empty()) {
            remarks.push_back({"progress.back", entry.id, std::to_string(*before) + " % → " + std::to_string(*entry.percent) + " %"});
        }
        before = entry.percent;
    }
    return remarks;
}

Result<void> mayEnter(std::vector<ProgressEntry> const& before, ProgressEntry const& entry) {
    if (entry.percent && !isPercent(*entry.percent)) {
        return makeError(ErrorCode::Refused, "progress.over", std::to_string(*entry.percent) + " %");
    }
    if (entry.day > entry.entered) return makeError(ErrorCode::Refused, "progress.future", toText(entry.day));
    // An entry put in between may also make the one behind it go back.
    auto const goingBack = [](std::vector<ProgressEntry> const& entries) {
        std::set<std::pair<std::string, std::string>> places;
        for (auto const& remark : checkProgress(entries, std::nullopt)) {
            if (remark.code == "progress.back") places.emplace(remark.place, remark.text);
        }
        return places;
    };
    auto all = before;
    all.push_back(entry);
    auto const old = goingBack(before);
    for (auto const& place : goingBack(all)) {
        if (!old.contains(place)) return makeError(ErrorCode::Refused, "progress.back", place.second);
    }
    return {};
}

// --- the tree of plans ----------------------------------------------------------------------------------------------------

bool needsParent(std::string_view kind) noexcept {
    return kind == "special" || kind == "sub" || kind == "school" || kind == "annual" || kind == "course-year" || kind == "implementation";
}

std::optional<bool> asksForLess(std::string_view child, std::string_view parent) {
    auto const below = targetFrom(child), above = targetFrom(parent);
    if (!below || !above || below->unit != above->unit || below->atMost != above->atMost) return std::nullopt;
    return above->atMost ? below->number.value > above->number.value : below->number.value < above->number.value;
}

Remarks checkPlans(std::vector<PlanNode> const& plans) {
    Remarks remarks;
    ById byId;
    for (auto const& plan : plans) byId.emplace(plan.id, &plan);
    for (auto const& plan : plans) {
        auto const above = byId.find(plan.parent);
        PlanNode const* parent = above == byId.end() ? nullptr : above->second;
        if (plan.parent.empty()) {
            if (needsParent(plan.kind)) remarks.push_back({"plan.no-parent", plan.id, plan.title});
        } else if (!parent) {
            remarks.push_back({"plan.parent-missing", plan.id, plan.title});
        } else if (inALoop(plan, byId)) {
            remarks.push_back({"plan.loop", plan.id, plan.title + " → " + parent->title});
            parent = nullptr;
        }
        if (plan.from && plan.to && *plan.to < *plan.from) remarks.push_back({"band.ends-first", plan.id, spanOf(plan)});
        bool const begins = parent && plan.from && parent->from && *plan.from < *parent->from;
        bool const ends = parent && plan.to && parent->to && *plan.to > *parent->to;
        if (begins || ends) remarks.push_back({"plan.outside-parent", plan.id, spanOf(plan) + " / " + spanOf(*parent)});
        checkGoals(plan, parent, remarks);
        if (plan.mustName && plan.contents.empty()) remarks.push_back({"plan.no-contents", plan.id, plan.title});
        for (auto const& content : plan.contents) {
            if (!content.there) remarks.push_back({"plan.content-missing", plan.id + "/" + content.id, content.name});
        }
    }
    return remarks;
}

std::vector<PlanPlace> treeOf(std::vector<PlanNode> const& plans) {
    ById byId;
    for (auto const& plan : plans) byId.emplace(plan.id, &plan);
    std::map<std::string_view, std::vector<std::size_t>> below;
    std::vector<std::size_t> roots;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (byId.contains(plans[i].parent) && plans[i].parent != plans[i].id) below[plans[i].parent].push_back(i);
        else roots.push_back(i);
    }
    auto const byName = [&](std::size_t a, std::size_t b) { return plans[a].id < plans[b].id; };
    for (auto& [parent, children] : below) std::sort(children.begin(), children.end(), byName);
    std::sort(roots.begin(), roots.end(), byName);

    std::vector<PlanPlace> places;
    std::vector<bool> placed(plans.size());
    auto const grow = [&](std::size_t root) {
        std::vector<PlanPlace> waiting{{root, 0}};
        while (!waiting.empty()) {
            auto const at = waiting.back();
            waiting.pop_back();
            if (placed[at.plan]) continue;
            placed[at.plan] = true;
            places.push_back(at);
            auto const children = below.find(plans[at.plan].id);
            if (children == below.end()) continue;
            for (auto child = children->second.rbegin(); child != children->second.rend(); ++child) {
                waiting.push_back({*child, at.depth + 1});
            }
        }
    };
    for (auto const root : roots) grow(root);
    // What is left stands in loops, or under one.
    std::vector<std::size_t> rest;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (!placed[i]) rest.push_back(i);
    }
    std::sort(rest.begin(), rest.end(), byName);
    for (auto const each : rest) {
        if (!placed[each]) grow(each);
    }
    return places;
}

std::array<CourseAnnex, 6> const& courseAnnexes() noexcept {
    static constexpr std::array<CourseAnnex, 6> annexes{{
        {1, "plan", "course-three-year", "课程三年建设规划", "three-year plan of the course"},
        {2, "plan", "course-year", "年度课程建设工作计划", "work plan of the year"},
        {3, "plan", "implementation", "年度课程建设实施方案", "how the year's plan is carried out"},
        {4, "standard", "construction", "课程建设质量标准", "quality standard of course building"},
        {5, "standard", "course", "课程标准", "course standard"},
        {6, "plan", "breakdown", "诊断项目和课程建设工作任务分解表", "breakdown of diagnosis items and tasks"},
    }};
    return annexes;
}

// --- task book and breakdown ------------------------------------------------------------------------------------------------

namespace {

using Units = std::map<std::string, bool, std::less<>>;

/// Why a unit can take no task; empty if it can.
std::string_view unfit(Units const& units, std::string_view unit) {
    auto const found = units.find(unit);
    if (found == units.end()) return "book.unit-unknown";
    return found->second ? "book.unit-closed" : "";
}

std::optional<std::int64_t> weightOr(std::string const& text) { return text.empty() ? kWeightUnit : weightFrom(text); }

std::string differing(BookRow const& book, BookRow const& task) {
    std::string fields;
    auto const note = [&](bool differs, std::string_view name) {
        if (differs) fields += (fields.empty() ? "" : " ") + std::string(name);
    };
    note(book.title != task.title, "title");
    note(book.unit != task.unit, "owner");
    note(book.joint != task.joint, "joint");
    note(book.due != task.due, "due");
    note(book.attribute != task.attribute, "attribute");
    note(book.weight != task.weight && weightOr(book.weight) != weightOr(task.weight), "weight");
    note(book.standard != task.standard, "standard");
    return fields;
}

}  // namespace

Remarks checkBook(std::vector<BookRow> const& book, Units const& units) {
    Remarks remarks;
    for (auto const& row : book) {
        if (row.title.empty()) remarks.push_back({"book.no-title", row.id, ""});
        if (row.unit.empty()) {
            remarks.push_back({"book.no-unit", row.id, row.title});
        } else if (auto const why = unfit(units, row.unit); !why.empty()) {
            remarks.push_back({std::string(why), row.id, row.unit});
        }
        for (auto const& unit : row.joint) {
            if (auto const why = unfit(units, unit); !why.empty()) remarks.push_back({std::string(why), row.id, unit});
        }
        if (!row.due) remarks.push_back({"book.no-due", row.id, row.title});
        if (!weightOr(row.weight)) remarks.push_back({"book.bad-weight", row.id, row.weight});
        if (row.standard.empty()) remarks.push_back({"book.no-standard", row.id, row.title});
    }
    return remarks;
}

Remarks compareBook(std::vector<BookRow> const& book, std::vector<BookTask> const& tasks) {
    Remarks remarks;
    std::map<std::string, BookTask const*> taken;
    for (auto const& task : tasks) {
        auto const row = std::find_if(book.begin(), book.end(), [&](BookRow const& each) { return each.id == task.row; });
        if (task.row.empty() || row == book.end()) {
            remarks.push_back({"book.not-in-book", task.id, task.is.title});
            continue;
        }
        if (!taken.emplace(task.row, &task).second) {
            remarks.push_back({"book.twice", task.row, task.is.title});
            continue;
        }
        if (auto fields = differing(*row, task.is); !fields.empty()) remarks.push_back({"book.differs", task.row, fields});
    }
    for (auto const& row : book) {
        if (!taken.contains(row.id)) remarks.push_back({"book.no-task", row.id, row.title});
    }
    return remarks;
}

Result<std::vector<TaskPart>> partsOf(std::string_view lead, std::set<std::string> const& joint,
                                      std::map<std::string, std::string> const& weights, Units const& units) {
    if (lead.empty()) return makeError(ErrorCode::Refused, "task.no-owner");
    std::vector<TaskPart> parts{{std::string(lead), true, {}}};
    for (auto const& unit : joint) {
        if (unit != lead) parts.push_back({unit, false, {}});
    }
    if (parts.size() < 2) return makeError(ErrorCode::Refused, "task.no-joint");
    for (auto& part : parts) {
        if (auto const why = unfit(units, part.unit); !why.empty()) return makeError(ErrorCode::Refused, why, part.unit);
        auto const weight = weights.find(part.unit);
        if (weight == weights.end()) continue;
        if (!weightFrom(weight->second)) return makeError(ErrorCode::Usage, "book.bad-weight", weight->second);
        part.weight = weight->second;
    }
    for (auto const& [unit, weight] : weights) {
        bool const known = std::any_of(parts.begin(), parts.end(), [&name = unit](TaskPart const& part) { return part.unit == name; });
        if (!known) return makeError(ErrorCode::Usage, "task.weight-no-part", unit);
    }
    return parts;
}

// --- bands of time --------------------------------------------------------------------------------------------------------

std::optional<Day> firstDayOf(std::string_view month) {
    if (auto const day = parseDay(month)) return day;
    return parseDay(std::string(month) + "-01");
}

std::optional<Day> lastDayOf(std::string_view month) {
    if (auto const day = parseDay(month)) return day;
    auto const first = parseDay(std::string(month) + "-01");
    if (!first) return std::nullopt;
    return Day{first->year() / first->month() / std::chrono::last};
}

bool overlap(Band const& a, Band const& b) { return a.from <= b.to && b.from <= a.to; }

Remarks checkBands(std::vector<Band> const& bands) {
    Remarks remarks;
    for (auto const& band : bands) {
        if (band.to < band.from) remarks.push_back({"band.ends-first", band.id, toText(band.from) + " – " + toText(band.to)});
    }
    return remarks;
}

Remarks checkCycleOrder(std::vector<CycleSpan> cycles) {
    std::sort(cycles.begin(), cycles.end(), [](auto const& a, auto const& b) { return a.number < b.number; });
    Remarks remarks;
    for (std::size_t i = 1; i < cycles.size(); ++i) {
        auto const& before = cycles[i - 1];
        if (!cycles[i].opened || (before.closed && *before.closed <= *cycles[i].opened)) continue;
        remarks.push_back({"cycle.opened-early", std::to_string(cycles[i].number),
                           toText(*cycles[i].opened) + " / " + (before.closed ? toText(*before.closed) : "…")});
    }
    return remarks;
}

// --- board and review ---------------------------------------------------------------------------------------------------------

namespace {

struct ColumnName {
    std::string_view slug, zh, en;
};
constexpr std::array<ColumnName, kBoardColumns> kColumns{{{"not-begun", "未开始", "not begun"},
                                                          {"under-way", "进行中", "under way"},
                                                          {"to-recheck", "待复核", "to re-check"},
                                                          {"failed", "未通过", "failed"},
                                                          {"passed", "已通过", "passed"}}};

}  // namespace

std::optional<BoardColumn> columnOf(BoardCard const& card) {
    if (card.state == "cancelled" || card.state == "withdrawn" || card.state == "nothing-stands") return std::nullopt;
    // An imported table may say that a thing was done before there was anybody to sign for it.
    if (card.closed || card.state == "declared-done") return BoardColumn::Passed;
    // A point waits for its check in a state of its own, an approved document for its acceptance.
    if (card.state == "submitted" || card.state == "check" || card.state == "approved") return BoardColumn::ToRecheck;
    if (card.state == "failed" || card.state == "returned") return BoardColumn::Failed;
    if (card.state.empty() || card.state == "not-begun") return BoardColumn::NotBegun;
    if (card.state == "open") return card.begun ? BoardColumn::UnderWay : BoardColumn::NotBegun;
    return BoardColumn::UnderWay;
}

std::string_view slugOf(BoardColumn column) noexcept { return kColumns[static_cast<std::size_t>(column)].slug; }

model::Label labelOf(BoardColumn column) {
    auto const& name = kColumns[static_cast<std::size_t>(column)];
    return {std::string(name.zh), std::string(name.en)};
}

Remarks reviewBlockers(std::vector<ReviewTask> const& tasks) {
    Remarks remarks;
    for (auto const& task : tasks) {
        if (task.closed) continue;
        bool const failed = task.state == "failed" || task.state == "returned";
        if (task.kind == "rectification") {
            remarks.push_back({"review.open-rectification", task.id, task.title});
        } else if (failed) {
            remarks.push_back({"review.open-failed", task.id, task.title});
        }
    }
    return remarks;
}

}  // namespace spiral::engine
