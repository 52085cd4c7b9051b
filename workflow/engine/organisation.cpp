#include "engine/organisation.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace spiral::engine {

namespace {

struct Named {
    std::string_view slug, zh, en, alias;
};
constexpr std::array<Named, kLevels> kLevelNames{{{"college", "学校", "college", ""},
                                                  {"programme", "专业", "programme", ""},
                                                  {"course", "课程", "course", ""},
                                                  {"staff", "教师", "staff", "师资"},
                                                  {"student", "学生", "student", ""}}};
constexpr std::array<Named, kSystems> kSystemNames{{{"decision", "决策指挥", "decision and command", ""},
                                                    {"generation", "质量生成", "quality generation", "质量成长"},
                                                    {"resources", "资源建设", "resource building", ""},
                                                    {"support", "支持服务", "support and service", ""},
                                                    {"supervision", "监督控制", "supervision and control", ""}}};
constexpr std::array<Named, kFramework> kFrameworkNames{
    {{"planning", "发展规划", "development planning", ""},
     {"standards", "质量标准与制度", "standards and rules", ""},
     {"diagnosis", "过程诊断与改进", "process diagnosis and improvement", ""},
     {"performance", "绩效评价与考核", "performance assessment", ""},
     {"culture", "质量文化塑造", "quality culture", ""},
     {"informatisation", "质量管理信息化应用", "informatisation", ""}}};

template <class Enum, std::size_t Size>
std::optional<Enum> named(std::array<Named, Size> const& names, std::string_view name) {
    for (std::size_t i = 0; i < Size; ++i) {
        bool const alias = !names[i].alias.empty() && names[i].alias == name;
        if (names[i].slug == name || names[i].zh == name || alias) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

model::Label label(Named const& name) { return {std::string(name.zh), std::string(name.en)}; }

/// Days as numbers, so that an open end is simply very far.
using Number = std::int64_t;
constexpr Number kEver = std::numeric_limits<Number>::min(), kForever = std::numeric_limits<Number>::max();
Number numberOf(Day day) { return std::chrono::sys_days{day}.time_since_epoch().count(); }
Number beginOf(Term const& term) { return term.from ? numberOf(*term.from) : kEver; }
Number endOf(Term const& term) { return term.until ? numberOf(*term.until) : kForever; }
std::string dayText(Number number) {
    if (number == kEver || number == kForever) return "…";
    return toText(Day{std::chrono::sys_days{std::chrono::days{number}}});
}
std::string spanText(Number from, Number until) { return dayText(from) + " – " + dayText(until); }

std::string placeOf(Body const& body, Seat const& seat) { return body.id + "/" + seat.id; }
std::string_view holderOf(Seat const& seat) { return seat.person.empty() ? std::string_view(seat.post) : seat.person; }

bool mustHaveAHead(Body const& body) {
    bool const headed = std::any_of(body.seats.begin(), body.seats.end(),
                                    [](Seat const& seat) { return seat.kind == SeatKind::Head; });
    return headed || body.kind == "leading" || body.kind == "school-group";
}

/// What is above each thing in a tree: finds loops, parents that are not there, and things that hang nowhere.
struct Tree {
    std::map<std::string, std::string> parents;
    /// The ids from `start` upwards as far as the first that came before, or the root.
    [[nodiscard]] bool loops(std::string const& start) const {
        std::set<std::string> seen;
        for (std::string at = start; seen.insert(at).second;) {
            auto const above = parents.find(at);
            if (above == parents.end() || above->second.empty()) return false;
            at = above->second;
            if (at == start) return true;
        }
        return false;   // it hangs under a loop, and those in it are told
    }
};

template <class Each>
std::string joined(std::set<Each> const& all) {
    std::string text;
    for (auto const& each : all) text += (text.empty() ? "" : " ") + std::string(each);
    return text;
}

}  // namespace

bool Term::covers(Day day) const { return beginOf(*this) <= numberOf(day) && numberOf(day) < endOf(*this); }
bool Term::empty() const { return endOf(*this) <= beginOf(*this); }

std::string_view slugOf(QualityLevel level) noexcept { return kLevelNames[static_cast<std::size_t>(level)].slug; }
std::string_view slugOf(QualitySystem system) noexcept { return kSystemNames[static_cast<std::size_t>(system)].slug; }
model::Label labelOf(QualityLevel level) { return label(kLevelNames[static_cast<std::size_t>(level)]); }
model::Label labelOf(QualitySystem system) { return label(kSystemNames[static_cast<std::size_t>(system)]); }
std::optional<QualityLevel> levelNamed(std::string_view name) { return named<QualityLevel>(kLevelNames, name); }
std::optional<QualitySystem> systemNamed(std::string_view name) { return named<QualitySystem>(kSystemNames, name); }

std::int64_t Matrix::ofLevel(QualityLevel level) const {
    std::int64_t sum = 0;
    for (auto const count : cells[static_cast<std::size_t>(level)]) sum += count;
    return sum;
}

std::int64_t Matrix::ofSystem(QualitySystem system) const {
    std::int64_t sum = 0;
    for (auto const& level : cells) sum += level[static_cast<std::size_t>(system)];
    return sum;
}

Matrix matrixOf(std::vector<Placed> const& all) {
    Matrix matrix;
    for (auto const& each : all) {
        ++matrix.total;
        auto const level = levelNamed(each.level);
        if (!level) {
            matrix.withoutLevel.push_back(each.id);
        } else if (!each.system) {
            matrix.withoutSystem.push_back(each.id);
        } else {
            ++matrix.cells[static_cast<std::size_t>(*level)][static_cast<std::size_t>(*each.system)];
        }
    }
    return matrix;
}

// --- bodies ------------------------------------------------------------------------------------------------------------

namespace {

void checkHeads(Body const& body, Day today, Remarks& remarks) {
    std::vector<Seat const*> heads;
    for (auto const& seat : body.seats) {
        if (seat.kind == SeatKind::Head && !seat.term.empty()) heads.push_back(&seat);
    }
    if (heads.empty()) {
        remarks.push_back({"organisation.no-head", body.id, body.name});
        return;
    }
    std::stable_sort(heads.begin(), heads.end(),
                     [](Seat const* a, Seat const* b) { return beginOf(a->term) < beginOf(b->term); });
    // A body whose first day nobody wrote down begins with its first head.
    Number reached = body.term.from ? numberOf(*body.term.from) : beginOf(heads.front()->term);
    Number const end = std::min(endOf(body.term), numberOf(today) + 1);
    Seat const* longest = nullptr;
    for (auto const* seat : heads) {
        Number const begin = beginOf(seat->term);
        if (longest && begin < endOf(longest->term)) {
            remarks.push_back({"organisation.two-heads", placeOf(body, *seat),
                               std::string(holderOf(*longest)) + ", " + std::string(holderOf(*seat)) + " " +
                                   spanText(begin, std::min(endOf(seat->term), endOf(longest->term)))});
        } else if (begin > reached && reached < end) {
            remarks.push_back({"organisation.head-gap", body.id, spanText(reached, std::min(begin, end))});
        }
        reached = std::max(reached, endOf(seat->term));
        if (!longest || endOf(seat->term) > endOf(longest->term)) longest = seat;
    }
    if (reached < end) remarks.push_back({"organisation.head-gap", body.id, spanText(reached, endOf(body.term))});
}

}  // namespace

Remarks checkBody(Body const& body, Day today) {
    Remarks remarks;
    for (auto const& seat : body.seats) {
        if (seat.person.empty()) {
            bool const post = !seat.post.empty();
            remarks.push_back({post ? "organisation.seat-unfilled" : "organisation.seat-empty", placeOf(body, seat), seat.post});
        }
        if (seat.term.empty()) {
            remarks.push_back({"organisation.seat-ends-first", placeOf(body, seat),
                               std::string(holderOf(seat)) + " " + spanText(beginOf(seat.term), endOf(seat.term))});
        }
    }
    if (mustHaveAHead(body)) checkHeads(body, today, remarks);
    return remarks;
}

Remarks checkBodies(std::vector<Body> const& bodies, Day today) {
    Remarks remarks;
    Tree tree;
    std::map<std::string, std::string> called;   // name → body
    std::size_t leading = 0;
    for (auto const& body : bodies) {
        auto found = checkBody(body, today);
        std::move(found.begin(), found.end(), std::back_inserter(remarks));
        tree.parents[body.id] = body.parent;
        leading += body.kind == "leading";
        std::set<std::string> names = body.aliases;
        names.insert(body.name);
        for (auto const& name : names) {
            auto const [first, fresh] = called.emplace(name, body.id);
            if (!fresh && first->second != body.id) remarks.push_back({"organisation.body-twice", body.id, name + " = " + first->second});
        }
    }
    if (leading != 1) remarks.push_back({"organisation.leading-group", "", std::to_string(leading)});
    for (auto const& body : bodies) {
        if (body.parent.empty()) {
            if (body.kind != "leading") remarks.push_back({"organisation.body-orphan", body.id, body.name});
        } else if (!tree.parents.contains(body.parent)) {
            remarks.push_back({"organisation.body-orphan", body.id, body.parent});
        } else if (tree.loops(body.id)) {
            remarks.push_back({"organisation.loop", body.id, body.parent});
        }
    }
    return remarks;
}

std::optional<std::string> headOn(Body const& body, Day day) {
    Seat const* head = nullptr;
    if (!body.term.covers(day)) return std::nullopt;
    for (auto const& seat : body.seats) {
        if (seat.kind != SeatKind::Head || !seat.term.covers(day)) continue;
        if (head) return std::nullopt;
        head = &seat;
    }
    if (!head || head->person.empty()) return std::nullopt;
    return head->person;
}

Result<void> mayDecide(Body const& body, std::string_view person, Day day) {
    std::size_t heads = 0;
    bool seated = false, isHead = false;
    for (auto const& seat : body.seats) {
        if (!seat.term.covers(day) || !body.term.covers(day)) continue;
        bool const head = seat.kind == SeatKind::Head;
        heads += head;
        if (seat.person.empty() || seat.person != person) continue;
        seated = true;
        isHead = isHead || head;
    }
    std::string const where = body.name + " " + toText(day);
    if (!seated) return makeError(ErrorCode::Refused, "organisation.not-seated", where);
    if (!isHead) return makeError(ErrorCode::Refused, "organisation.not-head", where);
    if (heads > 1) return makeError(ErrorCode::Refused, "organisation.two-heads", where);
    return {};
}

// --- units -----------------------------------------------------------------------------------------------------------

Remarks checkUnitTree(std::vector<UnitPlace> const& units) {
    Remarks remarks;
    Tree tree;
    std::set<std::string> closed;
    for (auto const& unit : units) {
        tree.parents[unit.id] = unit.parent;
        if (unit.closed) closed.insert(unit.id);
    }
    for (auto const& unit : units) {
        if (unit.closed) continue;
        if (unit.parent == unit.id) {
            remarks.push_back({"organisation.own-parent", unit.id, unit.name});
        } else if (unit.parent.empty()) {
            remarks.push_back({"organisation.unit-orphan", unit.id, unit.name});
        } else if (unit.parent != kCollege && !tree.parents.contains(unit.parent)) {
            remarks.push_back({"organisation.unit-orphan", unit.id, unit.parent});
        } else if (closed.contains(unit.parent)) {
            remarks.push_back({"organisation.parent-closed", unit.id, unit.parent});
        } else if (tree.loops(unit.id)) {
            remarks.push_back({"organisation.loop", unit.id, unit.parent});
        }
    }
    return remarks;
}

Remarks checkSystems(std::vector<UnitPlace> const& units) {
    Remarks remarks;
    for (auto const& unit : units) {
        if (!unit.closed && !unit.system) remarks.push_back({"organisation.no-system", unit.id, unit.name});
    }
    return remarks;
}

Remarks checkSchoolGroups(std::vector<UnitPlace> const& units, std::vector<Body> const& bodies) {
    Remarks remarks;
    std::map<std::string, std::vector<std::string>> groups;
    for (auto const& body : bodies) {
        if (body.kind == "school-group") groups[body.unit].push_back(body.id);
    }
    for (auto const& unit : units) {
        if (!unit.school || unit.closed) continue;
        auto const found = groups.find(unit.id);
        if (found == groups.end()) {
            remarks.push_back({"organisation.no-group", unit.id, unit.name});
        } else if (found->second.size() > 1) {
            remarks.push_back({"organisation.two-groups", unit.id, found->second[0] + " " + found->second[1]});
        }
        if (found != groups.end()) groups.erase(found);
    }
    for (auto const& [unit, ids] : groups) {
        for (auto const& id : ids) remarks.push_back({"organisation.group-no-school", id, unit});
    }
    return remarks;
}

Result<void> mayReport(std::vector<Body> const& bodies, std::string_view school, std::string_view person, Day day) {
    Body const* own = nullptr;
    bool elsewhere = false;
    for (auto const& body : bodies) {
        if (body.kind != "school-group") continue;
        if (body.unit == school) own = &body;
        else elsewhere = elsewhere || headOn(body, day) == std::string(person);
    }
    if (!own) return makeError(ErrorCode::Refused, "organisation.no-group", std::string(school));
    auto may = mayDecide(*own, person, day);
    if (!may && elsewhere) return makeError(ErrorCode::Refused, "organisation.other-school", std::string(school));
    return may;
}

Remarks checkYearlyReports(std::vector<UnitPlace> const& units, std::vector<YearlyReport> const& reports, int year, Day due,
                           Day today) {
    Remarks remarks;
    for (auto const& unit : units) {
        if (!unit.school || unit.closed) continue;
        std::optional<Day> signedOn;
        for (auto const& report : reports) {
            if (report.unit != unit.id || report.year != year || !report.signedOn) continue;
            if (!signedOn || *report.signedOn < *signedOn) signedOn = report.signedOn;
        }
        std::string const words = unit.name + " " + std::to_string(year) + " " + toText(due);
        if (signedOn) {
            if (*signedOn > due) remarks.push_back({"organisation.report-late", unit.id, words + " " + toText(*signedOn)});
        } else {
            remarks.push_back({today > due ? "organisation.report-overdue" : "organisation.report-open", unit.id, words});
        }
    }
    return remarks;
}

// --- who diagnoses whom -----------------------------------------------------------------------------------------------

namespace {

bool matches(UnitPlace const& unit, std::set<std::string> const& side) {
    if (unit.closed) return false;
    return std::any_of(side.begin(), side.end(), [&](std::string_view each) {
        if (each.starts_with("kind:")) return unit.is(each.substr(5));
        return each.starts_with("unit:") && each.substr(5) == unit.id;
    });
}

bool bySelf(DiagnosisLine const& line) { return line.objects.contains("self"); }

}  // namespace

std::vector<Diagnosis> assignDiagnoses(std::vector<UnitPlace> const& units, std::vector<DiagnosisLine> const& lines) {
    std::vector<Diagnosis> all;
    for (auto const& unit : units) {
        if (!unit.closed) all.push_back({unit.id, unit.id, "", false});
    }
    for (auto const& line : lines) {
        if (bySelf(line)) continue;   // every unit does that anyway
        for (auto const& subject : units) {
            if (!matches(subject, line.subjects)) continue;
            for (auto const& object : units) {
                if (subject.id == object.id || !matches(object, line.objects)) continue;
                all.push_back({subject.id, object.id, line.id, line.meta});
            }
        }
    }
    auto const order = [](Diagnosis const& each) { return std::tie(each.object, each.line, each.subject); };
    std::sort(all.begin(), all.end(), [&](auto const& a, auto const& b) { return order(a) < order(b); });
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

Remarks checkDiagnoses(std::vector<UnitPlace> const& units, std::vector<DiagnosisLine> const& lines) {
    Remarks remarks;
    std::set<std::string> diagnosed;
    for (auto const& each : assignDiagnoses(units, lines)) {
        if (each.subject != each.object) diagnosed.insert(each.object);
    }
    for (auto const& unit : units) {
        if (!unit.closed && !diagnosed.contains(unit.id)) remarks.push_back({"organisation.diagnosis-nobody", unit.id, unit.name});
    }
    for (auto const& line : lines) {
        bool subjects = false, objects = bySelf(line);
        for (auto const& unit : units) {
            subjects = subjects || matches(unit, line.subjects);
            objects = objects || matches(unit, line.objects);
            // By kinds they may overlap, and the unit is left out; named on both sides, somebody meant it.
            std::string const name = "unit:" + unit.id;
            if (!bySelf(line) && line.subjects.contains(name) && line.objects.contains(name)) {
                remarks.push_back({"organisation.diagnosis-self", line.id, unit.name});
            }
        }
        if (!subjects || !objects) {
            remarks.push_back({"organisation.diagnosis-empty", line.id, joined(subjects ? line.objects : line.subjects)});
        }
    }
    return remarks;
}

// --- who leads a level --------------------------------------------------------------------------------------------------

std::optional<std::string> leadOn(std::vector<LevelLead> const& leads, QualityLevel level, Day day) {
    LevelLead const* found = nullptr;
    for (auto const& lead : leads) {
        if (levelNamed(lead.level) != level || lead.unit.empty() || (lead.from && *lead.from > day)) continue;
        auto const begins = [](LevelLead const& each) { return each.from ? numberOf(*each.from) : kEver; };
        if (!found || begins(lead) > begins(*found) || (begins(lead) == begins(*found) && lead.id < found->id)) found = &lead;
    }
    return found ? std::optional(found->unit) : std::nullopt;
}

Remarks checkLevelLeads(std::vector<LevelLead> const& leads, std::vector<UnitPlace> const& units, Day day) {
    Remarks remarks;
    std::set<std::pair<std::size_t, Number>> begun;
    for (auto const& lead : leads) {
        auto const level = levelNamed(lead.level);
        if (!level) {
            remarks.push_back({"organisation.level-unknown", lead.id, lead.level});
            continue;
        }
        bool const open = std::any_of(units.begin(), units.end(),
                                      [&](UnitPlace const& unit) { return unit.id == lead.unit && !unit.closed; });
        if (!open) remarks.push_back({"organisation.lead-no-unit", lead.id, lead.unit.empty() ? lead.printed : lead.unit});
        if (!begun.emplace(static_cast<std::size_t>(*level), lead.from ? numberOf(*lead.from) : kEver).second) {
            remarks.push_back({"organisation.two-leads", lead.id, std::string(slugOf(*level))});
        }
    }
    for (std::size_t i = 0; i < kLevels; ++i) {
        auto const level = static_cast<QualityLevel>(i);
        if (!leadOn(leads, level, day)) remarks.push_back({"organisation.level-no-lead", std::string(slugOf(level)), labelOf(level).zh});
    }
    return remarks;
}

// --- three powers kept apart --------------------------------------------------------------------------------------------

std::optional<Remark> separationBreach(std::vector<Power> const& powers, std::vector<HandOnDocument> const& hands) {
    std::optional<Remark> plain;
    for (auto const& wrote : hands) {
        if (wrote.approves) continue;
        for (auto const& approved : hands) {
            if (!approved.approves || approved.person != wrote.person) continue;
            for (auto const& here : powers) {
                for (auto const& there : powers) {
                    if (here.id == there.id || !here.units.contains(wrote.unit) || !there.units.contains(approved.unit)) continue;
                    return Remark{"organisation.three-powers", wrote.person, here.name + " → " + there.name};
                }
            }
            if (!plain) plain = Remark{"organisation.self-approval", wrote.person, wrote.unit};
        }
    }
    return plain;
}

Remarks checkPowers(std::vector<Power> const& powers) {
    Remarks remarks;
    std::map<std::string, std::string> holders;
    for (auto const& power : powers) {
        if (power.units.empty()) remarks.push_back({"organisation.power-unheld", power.id, power.name});
        for (auto const& unit : power.units) {
            auto const [first, fresh] = holders.emplace(unit, power.name);
            if (!fresh) remarks.push_back({"organisation.two-powers", unit, first->second + ", " + power.name});
        }
    }
    return remarks;
}

// --- other names ------------------------------------------------------------------------------------------------------

UnitPlace const* unitNamed(std::vector<UnitPlace> const& units, std::vector<UnitAlias> const& aliases, std::string_view name) {
    for (auto const& unit : units) {
        if (!unit.closed && (unit.id == name || unit.name == name)) return &unit;
    }
    for (auto const& alias : aliases) {
        if (!alias.on || alias.name != name) continue;
        for (auto const& unit : units) {
            if (!unit.closed && unit.id == alias.unit) return &unit;
        }
    }
    return nullptr;
}

Remarks checkAliases(std::vector<UnitPlace> const& units, std::vector<UnitAlias> const& aliases) {
    Remarks remarks;
    std::map<std::string, std::string> called;
    for (auto const& alias : aliases) {
        if (!alias.on) continue;
        auto const* unit = unitNamed(units, {}, alias.unit);
        if (!unit) remarks.push_back({"organisation.alias-no-unit", alias.name, alias.unit});
        auto const* same = unitNamed(units, {}, alias.name);
        if (same && same != unit) remarks.push_back({"organisation.alias-is-unit", alias.name, same->id});
        auto const [first, fresh] = called.emplace(alias.name, alias.unit);
        if (!fresh && first->second != alias.unit) {
            remarks.push_back({"organisation.alias-twice", alias.name, first->second + " " + alias.unit});
        }
    }
    return remarks;
}

// --- six systems of the framework, and data groups ----------------------------------------------------------------------

std::array<std::string_view, kFramework> frameworkSlugs() noexcept {
    std::array<std::string_view, kFramework> slugs;
    for (std::size_t i = 0; i < kFramework; ++i) slugs[i] = kFrameworkNames[i].slug;
    return slugs;
}

std::array<model::Label, kFramework> frameworkLabels() {
    std::array<model::Label, kFramework> labels;
    for (std::size_t i = 0; i < kFramework; ++i) labels[i] = label(kFrameworkNames[i]);
    return labels;
}

Coverage coverageOf(std::vector<std::pair<std::string, std::string>> const& documents) {
    Coverage coverage;
    auto const slugs = frameworkSlugs();
    for (auto const& [id, tag] : documents) {
        auto const found = std::find(slugs.begin(), slugs.end(), tag);
        if (tag.empty()) {
            coverage.untagged.push_back(id);
        } else if (found == slugs.end()) {
            coverage.unknown.push_back(id);
        } else {
            ++coverage.counts[static_cast<std::size_t>(found - slugs.begin())];
            ++coverage.tagged;
        }
    }
    return coverage;
}

Remarks checkDataGroups(std::vector<DataGroup> const& groups, std::vector<UnitPlace> const& units) {
    Remarks remarks;
    for (auto const& group : groups) {
        if (group.unit.empty() || !unitNamed(units, {}, group.unit)) remarks.push_back({"organisation.group-no-owner", group.id, group.name});
    }
    return remarks;
}

Remarks checkGoalAuthors(std::vector<GoalAuthors> const& goals) {
    Remarks remarks;
    for (auto const& goal : goals) {
        if (goal.authorUnits.contains(goal.unit)) continue;
        remarks.push_back({"organisation.foreign-goal", goal.id, goal.unit + " ← " + joined(goal.authorUnits)});
    }
    return remarks;
}

// --- findings come round, data come in time -----------------------------------------------------------------------------

Routed routeFinding(std::string_view finding, std::set<QualitySystem> const& concerns, std::vector<UnitPlace> const& units) {
    Routed routed;
    if (concerns.empty()) routed.remarks.push_back({"organisation.finding-unreceived", std::string(finding), ""});
    for (auto const system : concerns) {
        std::size_t const before = routed.to.size();
        for (auto const& unit : units) {
            if (!unit.closed && unit.system == system) routed.to.push_back({std::string(finding), system, unit.id});
        }
        if (routed.to.size() == before) {
            routed.remarks.push_back({"organisation.finding-unreceived", std::string(finding), labelOf(system).zh});
        }
    }
    return routed;
}

std::vector<RoutedFinding> notReceived(std::vector<RoutedFinding> const& routed, std::vector<FindingReceipt> const& receipts) {
    std::vector<RoutedFinding> open;
    std::copy_if(routed.begin(), routed.end(), std::back_inserter(open), [&](RoutedFinding const& each) {
        return std::none_of(receipts.begin(), receipts.end(), [&](FindingReceipt const& receipt) {
            return receipt.finding == each.finding && receipt.unit == each.unit;
        });
    });
    return open;
}

Remarks checkDataQuality(std::vector<DataEntry> const& entries, Day today) {
    Remarks remarks;
    for (auto const& entry : entries) {
        std::string const place = entry.unit + "/" + entry.id;
        if (!entry.entered) {
            if (entry.due && *entry.due < today) remarks.push_back({"organisation.data-missing", place, toText(*entry.due)});
            continue;
        }
        if (entry.due && *entry.entered > *entry.due) {
            remarks.push_back({"organisation.data-late", place, toText(*entry.due) + " < " + toText(*entry.entered)});
        }
        bool const below = entry.value && entry.lowest && *entry.value < *entry.lowest;
        bool const above = entry.value && entry.highest && *entry.value > *entry.highest;
        if (below || above) remarks.push_back({"organisation.data-range", place, std::to_string(*entry.value)});
    }
    return remarks;
}

}  // namespace spiral::engine
