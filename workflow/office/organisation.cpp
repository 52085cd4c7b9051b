#include "office/organisation.h"

#include "model/data.h"
#include "office/fields.h"
#include "office/signing_rules.h"

#include <algorithm>
#include <set>

namespace spiral::office {

namespace {

constexpr std::size_t kBodiesMax = 1'000;

engine::Term termOf(json::Object const& fields) { return {dayOf(fields, "from"), dayOf(fields, "until")}; }

std::optional<std::chrono::month_day> monthDayOf(std::string_view text) {
    auto const day = parseDay("2000-" + std::string(text));
    return day ? std::optional(day->month() / day->day()) : std::nullopt;
}

Organisation::BodyShown bodyOf(Office& office, replica::ListedDocument const& listed) {
    json::Object const fields = fieldsOf(office, listed);
    Organisation::BodyShown shown;
    shown.document = listed.key();
    shown.state = listed.row.state;
    auto& body = shown.body;
    body.id = listed.doc.hex();
    body.name = listed.row.title;
    body.kind = textOf(fields, "kind");
    body.aliases = setOf(fields, "aliases");
    if (auto const parent = referenceOf(fields, "parent")) body.parent = parent->doc.hex();
    body.unit = textOf(fields, "unit");
    body.term = termOf(fields);
    for (auto const* row : rowsOf(fields, "seats")) {
        engine::Seat seat;
        seat.id = textOf(*row, "id");
        std::string const kind = textOf(*row, "kind");
        seat.kind = kind == "head" ? engine::SeatKind::Head : kind == "deputy" ? engine::SeatKind::Deputy : engine::SeatKind::Member;
        seat.person = textOf(*row, "person");
        seat.post = textOf(*row, "post");
        seat.term = termOf(*row);
        body.seats.push_back(std::move(seat));
    }
    return shown;
}

void readUnits(json::Object const& fields, std::vector<engine::UnitPlace>& units) {
    for (auto const* row : rowsOf(fields, "units")) {
        std::string const id = textOf(*row, "id");
        auto const unit = std::find_if(units.begin(), units.end(), [&](auto const& each) { return each.id == id; });
        if (unit == units.end()) continue;   // the registry says which units there are
        unit->parent = textOf(*row, "parent");
        unit->kinds = setOf(*row, "kinds");
        unit->school = flagOf(*row, "school");
        unit->system = engine::systemNamed(textOf(*row, "system"));
        for (auto const& name : setOf(*row, "also")) {
            if (auto const system = engine::systemNamed(name)) unit->also.insert(*system);
        }
    }
}

void readSettings(json::Object const& fields, Organisation& organisation) {
    readUnits(fields, organisation.units);
    for (auto const* row : rowsOf(fields, "level_leads")) {
        organisation.leads.push_back({textOf(*row, "id"), textOf(*row, "level"), textOf(*row, "unit"), textOf(*row, "printed"), dayOf(*row, "from")});
    }
    for (auto const* row : rowsOf(fields, "diagnosis_lines")) {
        organisation.lines.push_back({textOf(*row, "id"), setOf(*row, "subjects"), setOf(*row, "objects"), flagOf(*row, "meta")});
        organisation.linesPrinted[textOf(*row, "id")] = textOf(*row, "printed");
    }
    for (auto const* row : rowsOf(fields, "powers")) {
        organisation.powers.push_back({textOf(*row, "id"), textOf(*row, "name"), setOf(*row, "units")});
    }
    for (auto const* row : rowsOf(fields, "aliases")) {
        organisation.aliases.push_back({textOf(*row, "name"), textOf(*row, "unit"), flagOf(*row, "on")});
    }
    for (auto const* row : rowsOf(fields, "data_groups")) {
        organisation.dataGroups.push_back({textOf(*row, "id"), textOf(*row, "name"), textOf(*row, "unit")});
        Organisation::DataDue data{organisation.dataGroups.back(), dayOf(*row, "due"), numberOf(*row, "value"),
                                   numberOf(*row, "lowest"), numberOf(*row, "highest")};
        if (data.due || data.value) organisation.dataDue.push_back(std::move(data));
    }
    organisation.defaultUnit = textOf(fields, "default_unit");
    if (auto const end = monthDayOf(textOf(fields, "year_end"))) organisation.yearEnd = *end;
    organisation.schoolReportDue = monthDayOf(textOf(fields, "school_report_due"));
    organisation.yearlyRoad = flagOf(fields, "yearly_road");
}

/// Units in whose name a person may have acted at an instant: those of her grants in force then.
std::set<std::string> unitsOf(Office& office, PersonId const& person, Instant then) {
    std::set<std::string> units;
    for (auto const& grant : office.registry().grantsOf(person)) {
        bool const inForce = grant.from <= then && (!grant.until || then < *grant.until);
        if (inForce && grant.role.scope.isUnit()) units.emplace(grant.role.scope.name());
    }
    return units;
}

/// Goals that stand in a unit's plan, and the units of those who wrote the plan.
std::vector<engine::GoalAuthors> goalAuthors(Office& office) {
    std::vector<engine::GoalAuthors> goals;
    for (auto const& listed : documentsOf(office, "plan")) {
        if (!listed.scope.isUnit()) continue;
        auto const fields = fieldsOf(office, listed);
        if (rowsOf(fields, "goals").empty()) continue;
        engine::GoalAuthors goal{listed.doc.hex(), std::string(listed.scope.name()), {}};
        for (auto const& item : office.view().items(listed.key())) {
            if (item.item.kind == trust::Item::Kind::Revision) goal.authorUnits.merge(unitsOf(office, item.person, item.time));
        }
        goals.push_back(std::move(goal));
    }
    return goals;
}

void append(engine::Remarks& all, engine::Remarks more) { std::move(more.begin(), more.end(), std::back_inserter(all)); }

}  // namespace

std::vector<engine::Body> Organisation::bodiesOnly() const {
    std::vector<engine::Body> only;
    for (auto const& each : bodies) only.push_back(each.body);
    return only;
}

engine::UnitPlace const* Organisation::unit(std::string_view id) const {
    auto const found = std::find_if(units.begin(), units.end(), [&](auto const& each) { return each.id == id; });
    return found == units.end() ? nullptr : &*found;
}

Organisation organisationOf(Office& office) {
    Organisation organisation;
    for (auto const& unit : office.registry().units()) {
        engine::UnitPlace place;
        place.id = unit.id;
        place.name = unit.name;
        place.closed = unit.closed;
        organisation.units.push_back(std::move(place));
    }
    for (auto const& listed : documentsOf(office, "body")) {
        if (listed.scope.isCollege()) organisation.bodies.push_back(bodyOf(office, listed));
    }
    std::sort(organisation.bodies.begin(), organisation.bodies.end(), [](auto const& a, auto const& b) {
        return std::pair(a.body.name, a.body.id) < std::pair(b.body.name, b.body.id);
    });
    auto settings = documentsOf(office, "organisation");
    std::erase_if(settings, [](auto const& listed) { return !listed.scope.isCollege(); });
    std::sort(settings.begin(), settings.end(), [](auto const& a, auto const& b) {
        auto const rank = [](auto const& each) { return each.row.state == "approved" || each.row.state == "accepted" ? 0 : 1; };
        return std::pair(rank(a), a.doc) < std::pair(rank(b), b.doc);
    });
    if (settings.empty()) return organisation;
    organisation.settings = settings.front().key();
    organisation.settingsState = settings.front().row.state;
    for (std::size_t i = 1; i < settings.size(); ++i) organisation.otherSettings.push_back(settings[i].key());
    readSettings(fieldsOf(office, settings.front()), organisation);
    return organisation;
}

engine::Remarks checkOrganisation(Office& office, Organisation const& organisation, Day today) {
    engine::Remarks all;
    auto const bodies = organisation.bodiesOnly();
    for (auto const& other : organisation.otherSettings) all.push_back({"organisation.several", other.doc.hex(), ""});
    append(all, engine::checkBodies(bodies, today));
    append(all, engine::checkUnitTree(organisation.units));
    append(all, engine::checkSystems(organisation.units));
    append(all, engine::checkSchoolGroups(organisation.units, bodies));
    append(all, engine::checkLevelLeads(organisation.leads, organisation.units, today));
    append(all, engine::checkDiagnoses(organisation.units, organisation.lines));
    append(all, engine::checkPowers(organisation.powers));
    append(all, engine::checkAliases(organisation.units, organisation.aliases));
    append(all, engine::checkDataGroups(organisation.dataGroups, organisation.units));
    append(all, engine::checkGoalAuthors(goalAuthors(office)));
    append(all, breachesOf(office, organisation));
    return all;
}

std::optional<std::string> routedUnit(Organisation const& organisation, std::string_view name) {
    if (auto const* unit = engine::unitNamed(organisation.units, organisation.aliases, name)) return unit->id;
    auto const* standIn = organisation.unit(organisation.defaultUnit);
    return standIn && !standIn->closed ? std::optional(standIn->id) : std::nullopt;
}

engine::Matrix matrixOf(Office& office, Organisation const& organisation, Counted what) {
    std::vector<engine::Placed> all;
    auto const systemOf = [&](std::string_view unit) -> std::optional<engine::QualitySystem> {
        auto const* found = engine::unitNamed(organisation.units, organisation.aliases, unit);
        return found ? found->system : std::nullopt;
    };
    std::string_view const type = what == Counted::Tasks       ? "task"
                                  : what == Counted::Standards ? "standard"
                                  : what == Counted::Points    ? "catalogue"
                                                               : "plan";
    for (auto const& listed : documentsOf(office, type)) {
        auto const fields = fieldsOf(office, listed);
        std::string const id = listed.doc.hex(), level = textOf(fields, "level");
        if (what == Counted::Tasks || what == Counted::Standards) {
            all.push_back({id, level, systemOf(listed.row.owner)});
        } else if (what == Counted::Goals) {
            for (auto const* goal : rowsOf(fields, "goals")) {
                std::string own = textOf(*goal, "level"), unit = textOf(*goal, "owner");
                all.push_back({id + "/" + textOf(*goal, "id"), own.empty() ? level : own, systemOf(unit.empty() ? listed.row.owner : unit)});
            }
        } else {
            for (auto const* element : rowsOf(fields, "elements")) {
                std::optional<engine::QualitySystem> system;
                for (auto const& name : setOf(*element, "responsible")) {
                    if (!system) system = systemOf(name);
                }
                for (auto const* point : rowsOf(*element, "points")) all.push_back({id + "/" + textOf(*point, "id"), level, system});
            }
        }
    }
    return engine::matrixOf(all);
}

engine::Coverage coverageOf(Office& office) {
    std::vector<std::pair<std::string, std::string>> all;
    for (auto const* type : {"plan", "standard", "task", "report"}) {
        for (auto const& listed : documentsOf(office, type)) all.emplace_back(listed.doc.hex(), textOf(fieldsOf(office, listed), "framework"));
    }
    return engine::coverageOf(all);
}

// --- import ------------------------------------------------------------------------------------------------------------

namespace {

/// The text of {en, zh} or of a plain string.
std::string printedOf(json::Object const& object, std::string_view key) {
    auto const* value = object.find(key);
    if (!value) return {};
    if (auto const* text = value->asString()) return *text;
    return value->asObject() ? textOf(*value->asObject(), "zh") : std::string();
}

std::vector<std::string> parted(std::string_view text, std::string_view mark) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        auto const at = text.find(mark);
        if (auto const part = text.substr(0, at); !part.empty()) parts.emplace_back(part);
        text.remove_prefix(at == std::string_view::npos ? text.size() : at + mark.size());
    }
    return parts;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string_view bodyKind(std::string_view name) {
    if (has(name, "领导小组")) return "leading";
    if (has(name, "办公室")) return "office";
    if (has(name, "质量保证工作组")) return "school-group";
    return has(name, "委员会") ? "committee" : "working-group";
}

json::Value textArray(std::set<std::string> const& texts) {
    json::Array array;
    for (auto const& text : texts) array.emplace_back(text);
    return array;
}

/// Two heads printed on one seat (校长、书记) are two seats: whoever reads the list sees that there is one too many.
json::Array seatsOf(json::Object const& body) {
    json::Array seats;
    auto const add = [&](std::string_view kind, std::string const& post) {
        std::string const number = std::to_string(seats.size() + 1);
        json::Object seat;
        seat.set("id", "s" + number);
        seat.set("kind", kind);
        seat.set("post", post);
        seats.emplace_back(std::move(seat));
    };
    for (auto const& head : parted(printedOf(body, "head"), "、")) add("head", head);
    if (auto const deputies = printedOf(body, "deputies"); !deputies.empty()) add("deputy", deputies);
    if (auto const members = printedOf(body, "members"); !members.empty()) add("member", members);
    return seats;
}

/// How a table's words for units are read: each reading that the table does not print is told.
class SettingsReader {
public:
    SettingsReader(Office& office, json::Object const& root, std::vector<ImportNote>& notes) : m_root(root), m_notes(notes) {
        for (auto const& unit : office.registry().units()) {
            if (!unit.closed) m_units.emplace_back(unit.id, unit.name);
        }
    }

    std::vector<std::pair<std::string, std::string>> read() {
        std::vector<std::pair<std::string, std::string>> set;
        set.emplace_back("title", "机构设置：" + textOf(m_root, "title_zh"));
        set.emplace_back("source", textOf(m_root, "id"));
        add(set, "units", unitRows());
        add(set, "level_leads", leadRows());
        add(set, "diagnosis_lines", lineRows());
        add(set, "powers", powerRows());
        std::string standIn = unitWith("诊改办");
        if (standIn.empty()) standIn = unitWith("质控");
        if (!standIn.empty()) set.emplace_back("default_unit", standIn);
        return set;
    }

private:
    static void add(std::vector<std::pair<std::string, std::string>>& set, std::string_view field, json::Array rows) {
        if (rows.empty()) return;
        std::sort(rows.begin(), rows.end(), [](json::Value const& a, json::Value const& b) {
            return textOf(*a.asObject(), "id") < textOf(*b.asObject(), "id");
        });
        set.emplace_back(field, json::encode(rows));
    }
    void tell(std::string row, std::string field, std::string code, std::string text) {
        m_notes.push_back({std::move(row), std::move(field), std::move(code), std::move(text), false});
    }
    /// The one unit whose name is, or else holds, this; empty if none or several.
    std::string unitWith(std::string_view name) const {
        std::string found;
        for (auto const& [id, called] : m_units) {
            if (called == name || id == name) return id;
        }
        for (auto const& [id, called] : m_units) {
            if (!has(called, name)) continue;
            if (!found.empty()) return {};
            found = id;
        }
        return found;
    }

    json::Array unitRows() {
        json::Array rows;
        for (auto const& [id, name] : m_units) {
            std::set<std::string> kinds{"functional", "administrative"};
            bool const teaching = has(name, "学院") || has(name, "教研") || has(name, "专业") || name.ends_with("系");
            if (teaching) kinds = {"teaching"};
            else if (has(name, "监察")) kinds = {"supervision", "administrative"};
            else if (has(name, "质控") || has(name, "质管")) kinds.insert("quality");
            json::Object row;
            row.set("id", id);
            row.set("parent", engine::kCollege);
            row.set("kinds", textArray(kinds));
            if (has(name, "学院") && !has(name, "教研")) row.set("school", true);
            std::string told = name + ":";
            for (auto const& kind : kinds) told += " " + kind;
            tell(id, "kinds", "kind-assumed", told);
            rows.emplace_back(std::move(row));
        }
        return rows;
    }

    json::Array leadRows() {
        json::Array rows;
        auto const* leads = json::arrayAt(m_root, "level_leads");
        if (!leads) return rows;
        for (auto const& each : *leads) {
            auto const* lead = each.asObject();
            auto const level = lead ? engine::levelNamed(textOf(*lead, "level")) : std::nullopt;
            if (!level) {
                m_notes.push_back({"level_leads", "level", "level-unknown", lead ? textOf(*lead, "level") : "", true});
                continue;
            }
            std::string const printed = textOf(*lead, "lead"), unit = unitWith(printed);
            json::Object row;
            row.set("id", engine::slugOf(*level));
            row.set("level", engine::slugOf(*level));
            row.set("printed", printed);
            if (unit.empty()) tell(textOf(*lead, "level"), "lead", "lead-not-a-unit", printed);
            else row.set("unit", unit);
            if (auto const with = setOf(*lead, "with"); !with.empty()) row.set("with", textArray(with));
            rows.emplace_back(std::move(row));
        }
        return rows;
    }

    /// A party to a diagnosis as printed: kinds of units, or one unit that is there.
    std::set<std::string> partiesFrom(std::string const& id, std::string_view printed) {
        std::set<std::string> parties;
        for (auto const& name : parted(printed, "、")) {
            std::string const unit = unitWith(name);
            if (has(name, "自身")) parties.insert("self");
            else if (has(name, "行政职能部门")) parties.insert("kind:functional");
            else if (has(name, "行政部门")) parties.insert("kind:administrative");
            else if (has(name, "教学单位")) parties.insert("kind:teaching");
            else if (!unit.empty()) parties.insert("unit:" + unit);
            else if (has(name, "监察")) parties.insert("kind:supervision");
            else if (has(name, "质控")) parties.insert("kind:quality");
            else tell(id, "who", "party-unknown", name);
        }
        return parties;
    }

    json::Array lineRows() {
        json::Array rows;
        auto const* lines = json::arrayAt(m_root, "diagnosis_lines");
        if (!lines) return rows;
        for (auto const& each : *lines) {
            auto const* line = each.asObject();
            if (!line || textOf(*line, "id").empty()) continue;
            json::Object row;
            row.set("id", textOf(*line, "id"));
            row.set("subjects", textArray(partiesFrom(textOf(*line, "id"), textOf(*line, "who"))));
            row.set("objects", textArray(partiesFrom(textOf(*line, "id"), textOf(*line, "whom"))));
            if (has(textOf(*line, "zh"), "元诊改")) row.set("meta", true);
            row.set("printed", textOf(*line, "who") + " → " + textOf(*line, "whom"));
            rows.emplace_back(std::move(row));
        }
        return rows;
    }

    json::Array powerRows() {
        json::Array rows;
        auto const* powers = json::arrayAt(m_root, "separation");
        if (!powers) return rows;
        for (auto const& each : *powers) {
            auto const* power = each.asObject();
            if (!power) continue;
            std::string const name = textOf(*power, "zh");
            std::string const unit = unitWith(has(name, "教务") ? "教务" : has(name, "质控") ? "质控" : name);
            json::Object row;
            std::string const number = std::to_string(rows.size() + 1);
            row.set("id", "p" + number);
            row.set("name", name);
            if (!unit.empty()) row.set("units", textArray({unit}));
            tell("p" + number, "units", unit.empty() ? "power-unheld" : "power-assumed", unit.empty() ? name : name + ": " + unit);
            rows.emplace_back(std::move(row));
        }
        return rows;
    }

    json::Object const& m_root;
    std::vector<ImportNote>& m_notes;
    std::vector<std::pair<std::string, std::string>> m_units;
};

}  // namespace

Result<ImportResult> importBodies(Office& office, std::string_view jsonText, bool dryRun) {
    auto data = model::readData(jsonText);
    if (!data) return data.error();
    auto const* root = data->asObject();
    auto const* bodies = root ? json::arrayAt(*root, "bodies") : nullptr;
    if (!bodies || bodies->size() > kBodiesMax) return makeError(ErrorCode::Malformed, "import.form", "bodies");
    ImportResult result;
    std::map<std::string, DocumentKey> held;   // by source id
    for (auto const& listed : documentsOf(office, "body")) {
        if (auto source = sourceOf(listed); !source.empty()) held.emplace(std::move(source), listed.key());
    }
    std::string leading;
    std::map<std::string, std::string> officeOf;   // a body names its office: that is how the office hangs under it
    for (auto const& each : *bodies) {
        auto const* body = each.asObject();
        if (!body) continue;
        if (leading.empty() && bodyKind(textOf(*body, "zh")) == "leading") leading = textOf(*body, "id");
        if (auto const under = textOf(*body, "office"); !under.empty()) officeOf[under] = textOf(*body, "id");
    }
    for (auto const& each : *bodies) {
        ++result.rows;
        auto const* body = each.asObject();
        std::string const id = body ? textOf(*body, "id") : std::string(), name = body ? textOf(*body, "zh") : std::string();
        if (id.empty() || name.empty()) {
            result.notes.push_back({id.empty() ? "#" + std::to_string(result.rows) : id, "zh", "body-form", name, true});
            continue;
        }
        std::string_view const kind = bodyKind(name);
        std::vector<std::pair<std::string, std::string>> set{{"title", name}, {"kind", std::string(kind)}, {"source", id}};
        if (auto const en = textOf(*body, "en"); !en.empty()) set.emplace_back("title_en", en);
        if (auto const duty = textOf(*body, "duty_zh"); !duty.empty()) set.emplace_back("duty", duty);
        if (auto const alias = textOf(*body, "alias_zh"); !alias.empty()) set.emplace_back("aliases", alias);
        if (auto seats = seatsOf(*body); !seats.empty()) set.emplace_back("seats", json::encode(seats));
        std::string parent = textOf(*body, "parent");
        if (parent.empty() && officeOf.contains(id)) parent = officeOf[id];
        if (parent.empty() && kind != "leading" && !leading.empty()) {
            parent = leading;
            result.notes.push_back({id, "parent", "parent-assumed", leading, false});
        }
        if (kind == "school-group") result.notes.push_back({id, "unit", "group-per-school", name, false});
        if (held.contains(id)) {
            ++result.known;
            continue;
        }
        if (dryRun) continue;
        if (auto const above = held.find(parent); above != held.end()) set.emplace_back("parent", above->second.text());
        else if (!parent.empty()) result.notes.push_back({id, "parent", "parent-later", parent, false});
        auto made = office.create("body", Scope::college(), set);
        if (!made) return made.error();
        held.emplace(id, made->document);
        result.documents.push_back(made->document);
    }
    bool const settled = !documentsOf(office, "organisation").empty();
    if (settled) {
        result.notes.push_back({textOf(*root, "id"), "settings", "settings-held", "", false});
        return result;
    }
    auto const settings = SettingsReader(office, *root, result.notes).read();
    if (dryRun) return result;
    auto made = office.create("organisation", Scope::college(), settings);
    if (!made) return made.error();
    result.documents.push_back(made->document);
    return result;
}

}  // namespace spiral::office
