#include "engine/catalogue.h"

#include <algorithm>

namespace spiral::engine {

namespace {

constexpr std::int64_t kStandardElements = 15, kEffectiveOf = 12, kAbnormalOf = 10;  // of the national rule

std::string textAt(json::Object const& object, std::string_view key) {
    auto const* text = json::stringAt(object, key);
    return text ? *text : std::string();
}

bool flagAt(json::Object const& object, std::string_view key) {
    auto const* value = object.find(key);
    auto const* flag = value ? value->asBool() : nullptr;
    return flag && *flag;
}

std::vector<std::string> textsAt(json::Object const& object, std::string_view key) {
    std::vector<std::string> texts;
    if (auto const* array = json::arrayAt(object, key)) {
        for (auto const& each : *array) {
            if (auto const* text = each.asString()) texts.push_back(*text);
        }
    }
    return texts;
}

std::optional<std::int64_t> numberAt(json::Object const& object, std::string_view key) {
    auto const* value = json::integerAt(object, key);
    return value ? std::optional(*value) : std::nullopt;
}

/// Points that are asked about, with the element they stand in.
struct Standing {
    CatalogueElement const* element = nullptr;
    CataloguePoint const* point = nullptr;
};
std::map<std::string, Standing, std::less<>> standingPoints(Catalogue const& catalogue) {
    std::map<std::string, Standing, std::less<>> points;
    for (auto const& element : catalogue.elements) {
        if (element.withdrawn) continue;
        for (auto const& point : element.points) {
            if (!point.withdrawn) points.emplace(point.id, Standing{&element, &point});
        }
    }
    return points;
}
std::map<std::string, CatalogueElement const*, std::less<>> standingElements(Catalogue const& catalogue) {
    std::map<std::string, CatalogueElement const*, std::less<>> elements;
    for (auto const& element : catalogue.elements) {
        if (!element.withdrawn) elements.emplace(element.id, &element);
    }
    return elements;
}

/// By old id, the new ones that go on from it.
std::map<std::string, std::set<std::string>> successors(Catalogue const& before, Catalogue const& after) {
    auto const old = standingPoints(before);
    std::map<std::string, std::set<std::string>> result;
    for (auto const& [id, standing] : standingPoints(after)) {
        if (old.contains(id)) result[id].insert(id);
        for (auto const& was : standing.point->was) {
            if (old.contains(was)) result[was].insert(id);
        }
    }
    return result;
}

}  // namespace

std::string_view nameOf(Layer layer) noexcept {
    switch (layer) {
        case Layer::National: return "national";
        case Layer::Province: return "province";
        case Layer::College: break;
    }
    return "college";
}

std::optional<Layer> layerNamed(std::string_view name) noexcept {
    for (auto const layer : {Layer::National, Layer::Province, Layer::College}) {
        if (nameOf(layer) == name) return layer;
    }
    return std::nullopt;
}

CatalogueElement const* Catalogue::element(std::string_view wanted) const {
    auto const found =
        std::find_if(elements.begin(), elements.end(), [&](auto const& each) { return each.id == wanted; });
    return found == elements.end() ? nullptr : &*found;
}

Catalogue catalogueFrom(json::Object const& fields) {
    Catalogue catalogue;
    catalogue.id = textAt(fields, "catalogue");
    catalogue.version = textAt(fields, "version");
    catalogue.title = textAt(fields, "title");
    catalogue.level = textAt(fields, "level");
    catalogue.status = textAt(fields, "status");
    catalogue.layer = layerNamed(textAt(fields, "layer")).value_or(Layer::College);
    catalogue.declaredProjects = numberAt(fields, "declared_projects");
    catalogue.declaredElements = numberAt(fields, "declared_elements");
    catalogue.declaredPoints = numberAt(fields, "declared_points");
    auto const* rows = json::arrayAt(fields, "elements");
    if (!rows) return catalogue;
    for (auto const& row : *rows) {
        auto const* object = row.asObject();
        if (!object) continue;
        CatalogueElement element;
        element.id = textAt(*object, "id");
        element.project = textAt(*object, "project");
        element.zh = textAt(*object, "zh");
        element.en = textAt(*object, "en");
        element.layer = layerNamed(textAt(*object, "layer")).value_or(catalogue.layer);
        element.withdrawn = flagAt(*object, "withdrawn");
        element.was = textsAt(*object, "was");
        element.responsible = textsAt(*object, "responsible");
        if (auto const* points = json::arrayAt(*object, "points")) {
            for (auto const& each : *points) {
                auto const* from = each.asObject();
                if (!from) continue;
                CataloguePoint point;
                point.id = textAt(*from, "id");
                point.zh = textAt(*from, "zh");
                point.en = textAt(*from, "en");
                point.layer = layerNamed(textAt(*from, "layer")).value_or(element.layer);
                point.added = flagAt(*from, "added");
                point.withdrawn = flagAt(*from, "withdrawn");
                point.was = textsAt(*from, "was");
                element.points.push_back(std::move(point));
            }
        }
        catalogue.elements.push_back(std::move(element));
    }
    return catalogue;
}

CatalogueCount countOf(Catalogue const& catalogue) {
    CatalogueCount count;
    std::set<std::string_view> projects;
    for (auto const& element : catalogue.elements) {
        if (element.withdrawn) continue;
        ++count.elements;
        if (!element.project.empty()) projects.insert(element.project);
        count.points += std::count_if(element.points.begin(), element.points.end(),
                                      [](auto const& point) { return !point.withdrawn; });
    }
    count.projects = static_cast<std::int64_t>(projects.size());
    return count;
}

CatalogueGap gapOf(Catalogue const& catalogue) {
    auto const count = countOf(catalogue);
    auto const lacking = [](std::optional<std::int64_t> const& declared, std::int64_t here) {
        return declared ? std::max<std::int64_t>(0, *declared - here) : 0;
    };
    CatalogueGap gap;
    gap.projects = lacking(catalogue.declaredProjects, count.projects);
    gap.elements = lacking(catalogue.declaredElements, count.elements);
    gap.points = lacking(catalogue.declaredPoints, count.points);
    for (auto const& [id, element] : standingElements(catalogue)) {
        bool const any = std::any_of(element->points.begin(), element->points.end(),
                                     [](auto const& point) { return !point.withdrawn; });
        if (!any) gap.empty.push_back(id);
    }
    return gap;
}

Result<void> mayBaseFinalReport(Catalogue const& catalogue) {
    auto const gap = gapOf(catalogue);
    if (gap.none()) return {};
    std::string detail = std::to_string(gap.points) + " points, " + std::to_string(gap.elements) + " elements, " +
                         std::to_string(gap.projects) + " projects";
    for (auto const& id : gap.empty) detail += "; " + id;
    return makeError(ErrorCode::Refused, "catalogue.incomplete", std::move(detail));
}

std::vector<LayerBreach> layerBreaches(Catalogue const& upper, Catalogue const& lower) {
    std::vector<LayerBreach> breaches;
    auto const elements = standingElements(lower);
    auto const points = standingPoints(lower);
    std::set<std::string, std::less<>> fromAbove;
    for (auto const& element : upper.elements) {
        if (element.withdrawn) continue;
        if (element.layer < lower.layer) {
            fromAbove.insert(element.id);
            auto const found = elements.find(element.id);
            if (found == elements.end()) {
                breaches.push_back({LayerBreach::What::Removed, element.id, element.zh});
            } else if (found->second->zh != element.zh || found->second->project != element.project) {
                breaches.push_back({LayerBreach::What::Changed, element.id, element.zh});
            } else if (found->second->layer != element.layer) {
                breaches.push_back({LayerBreach::What::FalseLayer, element.id, element.zh});
            }
        }
        for (auto const& point : element.points) {
            if (point.withdrawn || point.layer >= lower.layer) continue;
            fromAbove.insert(point.id);
            auto const found = points.find(point.id);
            if (found == points.end()) {
                breaches.push_back({LayerBreach::What::Removed, point.id, point.zh});
            } else if (found->second.point->zh != point.zh || found->second.element->id != element.id) {
                breaches.push_back({LayerBreach::What::Changed, point.id, point.zh});
            } else if (found->second.point->layer != point.layer) {
                breaches.push_back({LayerBreach::What::FalseLayer, point.id, point.zh});
            }
        }
    }
    for (auto const& [id, element] : elements) {
        if (element->layer < lower.layer && !fromAbove.contains(id)) {
            breaches.push_back({LayerBreach::What::FalseLayer, id, element->zh});
        }
    }
    for (auto const& [id, standing] : points) {
        if (standing.point->layer < lower.layer && !fromAbove.contains(id)) {
            breaches.push_back({LayerBreach::What::FalseLayer, id, standing.point->zh});
        }
    }
    return breaches;
}

json::Object builtUpon(json::Object const& upper, json::Object fields) {
    auto const idOf = [](json::Value const& row) {
        return row.asObject() ? textAt(*row.asObject(), "id") : std::string();
    };
    auto const byId = [&](json::Value const& a, json::Value const& b) { return idOf(a) < idOf(b); };
    auto const within = [&](json::Array& rows, std::string const& id) -> json::Object* {
        auto const found = std::find_if(rows.begin(), rows.end(), [&](auto const& row) { return idOf(row) == id; });
        return found == rows.end() ? nullptr : found->asObject();
    };
    std::string const documentLayer(nameOf(layerNamed(textAt(upper, "layer")).value_or(Layer::College)));
    json::Array rows;
    if (auto const* own = json::arrayAt(fields, "elements")) rows = *own;
    auto const* above = json::arrayAt(upper, "elements");
    for (auto const& each : above ? *above : json::Array{}) {
        if (!each.asObject() || flagAt(*each.asObject(), "withdrawn")) continue;
        json::Object element = *each.asObject();
        if (textAt(element, "layer").empty()) element.set("layer", documentLayer);
        std::string const elementLayer = textAt(element, "layer");
        json::Array points;
        if (auto const* list = json::arrayAt(element, "points")) points = *list;
        std::erase_if(points,
                      [](auto const& point) { return !point.asObject() || flagAt(*point.asObject(), "withdrawn"); });
        for (auto& point : points) {
            if (textAt(*point.asObject(), "layer").empty()) point.asObject()->set("layer", elementLayer);
        }
        auto* own = within(rows, textAt(element, "id"));
        if (!own) {
            element.set("points", std::move(points));
            rows.emplace_back(std::move(element));
            continue;
        }
        for (std::string_view const key : {"zh", "en", "project", "layer", "responsible", "goals", "status_items"}) {
            auto const* value = element.find(key);
            if (value && !own->find(key)) own->set(key, *value);
        }
        // Points that the lower layer puts into an element of the upper one are its own.
        std::string const ownLayer(nameOf(layerNamed(textAt(fields, "layer")).value_or(Layer::College)));
        json::Array merged;
        if (auto const* list = json::arrayAt(*own, "points")) merged = *list;
        for (auto& point : merged) {
            if (auto* object = point.asObject(); object && textAt(*object, "layer").empty()) {
                bool const ofUpper = within(points, textAt(*object, "id")) != nullptr;
                object->set("layer", ofUpper ? textAt(*within(points, textAt(*object, "id")), "layer") : ownLayer);
            }
        }
        for (auto& point : points) {
            if (!within(merged, idOf(point))) merged.push_back(std::move(point));
        }
        std::sort(merged.begin(), merged.end(), byId);
        own->set("points", std::move(merged));
    }
    std::sort(rows.begin(), rows.end(), byId);
    fields.set("elements", std::move(rows));
    return fields;
}

json::Object writtenOver(json::Object const& before, json::Object const& copy) {
    auto const idOf = [](json::Value const& row) {
        return row.asObject() ? textAt(*row.asObject(), "id") : std::string();
    };
    // Rows by id, each written over by the copy's; `points` of a row likewise.
    auto const rowsOver = [&](auto const& self, json::Array const& old, json::Array const& fresh) -> json::Array {
        std::map<std::string, json::Value> rows;
        for (auto const& row : old) rows.emplace(idOf(row), row);
        for (auto const& row : fresh) {
            auto const [at, isNew] = rows.emplace(idOf(row), row);
            if (isNew || !row.asObject() || !at->second.asObject()) continue;
            json::Object over = *at->second.asObject();
            for (auto const& [key, value] : *row.asObject()) {
                auto const* points = over.find(key);
                bool const both = key == "points" && points && points->asArray() && value.asArray();
                over.set(key, both ? json::Value(self(self, *points->asArray(), *value.asArray())) : value);
            }
            at->second = json::Value(std::move(over));
        }
        json::Array sorted;
        for (auto& [id, row] : rows) sorted.push_back(std::move(row));
        return sorted;
    };
    json::Object over = before;
    for (auto const& [key, value] : copy) {
        auto const* rows = over.find(key);
        bool const both = key == "elements" && rows && rows->asArray() && value.asArray();
        over.set(key, both ? json::Value(rowsOver(rowsOver, *rows->asArray(), *value.asArray())) : value);
    }
    return over;
}

Thresholds thresholdsFor(std::int64_t elements) noexcept {
    Thresholds result;
    result.elements = elements;
    result.effectiveFrom = (kEffectiveOf * elements + kStandardElements - 1) / kStandardElements;
    result.abnormalTo = (kAbnormalOf * elements + kStandardElements - 1) / kStandardElements - 1;
    return result;
}

CatalogueChanges compare(Catalogue const& before, Catalogue const& after) {
    CatalogueChanges changes;
    auto const old = standingPoints(before), now = standingPoints(after);
    std::set<std::string> reached;
    for (auto const& [from, tos] : successors(before, after)) {
        for (auto const& to : tos) {
            changes.mapped.emplace_back(from, to);
            reached.insert(to);
            if (old.at(from).point->zh != now.at(to).point->zh) changes.reworded.push_back(to);
        }
    }
    for (auto const& [id, standing] : now) {
        if (!reached.contains(id)) changes.added.push_back(id);
    }
    for (auto const& [id, standing] : old) {
        bool const goesOn = std::any_of(changes.mapped.begin(), changes.mapped.end(),
                                        [&id = id](auto const& pair) { return pair.first == id; });
        if (!goesOn) changes.withdrawn.push_back(id);
    }
    std::sort(changes.reworded.begin(), changes.reworded.end());
    changes.reworded.erase(std::unique(changes.reworded.begin(), changes.reworded.end()), changes.reworded.end());
    auto const oldElements = standingElements(before), newElements = standingElements(after);
    std::set<std::string> continued;
    for (auto const& [id, element] : newElements) {
        bool known = oldElements.contains(id);
        if (known) continued.insert(id);
        for (auto const& was : element->was) {
            if (!oldElements.contains(was)) continue;
            known = true;
            continued.insert(was);
        }
        if (!known) changes.elementsAdded.push_back(id);
    }
    for (auto const& [id, element] : oldElements) {
        if (!continued.contains(id)) changes.elementsWithdrawn.push_back(id);
    }
    return changes;
}

CarriedAnswers carryAnswers(Catalogue const& before, Catalogue const& after, std::set<std::string> const& answered) {
    CarriedAnswers result;
    auto const next = successors(before, after);
    auto const old = standingPoints(before);
    std::map<std::string, int> arrived;
    for (auto const& id : answered) {
        if (!old.contains(id)) {
            result.unknown.push_back(id);
        } else if (auto const found = next.find(id); found == next.end()) {
            result.kept.push_back(id);
        } else {
            for (auto const& to : found->second) {
                result.carried.emplace_back(id, to);
                ++arrived[to];
            }
        }
    }
    for (auto const& [id, count] : arrived) {
        if (count > 1) result.joined.push_back(id);
    }
    for (auto const& [id, standing] : standingPoints(after)) {
        if (!arrived.contains(id)) result.open.push_back(id);
    }
    return result;
}

Owners ownersOf(std::vector<std::string> const& printed, std::vector<OwnerUnit> const& units,
                UnitAliases const& aliases) {
    constexpr std::string_view kAndSoOn = "等", kEvery = "各部门", kSchools = "二级学院";
    std::set<std::string> ids, unknown;
    for (auto const& name : printed) {
        std::string_view wanted = name;
        if (wanted.ends_with(kAndSoOn)) wanted.remove_suffix(kAndSoOn.size());
        if (auto const alias = aliases.find(wanted); alias != aliases.end()) wanted = alias->second;
        bool found = false;
        auto const take = [&](auto const& suits) {
            for (auto const& unit : units) {
                if (unit.closed || !suits(unit)) continue;
                ids.insert(unit.id);
                found = true;
            }
        };
        if (wanted == kEvery) {
            take([](OwnerUnit const&) { return true; });
        } else {
            take([&](OwnerUnit const& unit) { return unit.name == wanted || unit.id == wanted; });
            // Sections of the schools, where they are no units of their own, are the schools' affair.
            if (!found && wanted.starts_with(kSchools)) take([](OwnerUnit const& unit) { return unit.school; });
        }
        if (!found) unknown.insert(name);
    }
    return {{ids.begin(), ids.end()}, {unknown.begin(), unknown.end()}};
}

std::vector<std::string> unownedPoints(Catalogue const& catalogue, std::vector<OwnerUnit> const& units,
                                       UnitAliases const& aliases) {
    std::vector<std::string> points;
    for (auto const& element : catalogue.elements) {
        if (element.withdrawn || !ownersOf(element.responsible, units, aliases).units.empty()) continue;
        for (auto const& point : element.points) {
            if (!point.withdrawn) points.push_back(point.id);
        }
    }
    return points;
}

namespace {

constexpr Day kFromTheBeginning{std::chrono::year{1970} / std::chrono::January / 1};

}  // namespace

Teaching teachingFrom(json::Object const& fields) {
    Teaching teaching;
    auto const rowsOf = [&](std::string_view key) {
        std::vector<json::Object const*> rows;
        if (auto const* array = json::arrayAt(fields, key)) {
            for (auto const& row : *array) {
                if (row.asObject()) rows.push_back(row.asObject());
            }
        }
        return rows;
    };
    auto const dayAt = [](json::Object const& row, std::string_view key) { return parseDay(textAt(row, key)); };
    auto const isTrue = [](json::Object const& row, std::string_view key) {
        auto const* value = row.find(key);
        return value && value->asBool() && *value->asBool();
    };
    std::map<std::string, std::vector<FlagChange>> history;
    for (auto const* row : rowsOf("brand_history")) {
        if (auto const since = dayAt(*row, "since"))
            history[textAt(*row, "programme")].push_back({*since, isTrue(*row, "brand"), textAt(*row, "reason")});
    }
    for (auto const* row : rowsOf("schools")) {
        teaching.schools.push_back({textAt(*row, "id"), textAt(*row, "name"), numberAt(*row, "staff").value_or(0)});
    }
    for (auto const* row : rowsOf("programmes")) {
        Programme programme{textAt(*row, "id"), textAt(*row, "name"), textsAt(*row, "schools"), dayAt(*row, "opened"),
                            dayAt(*row, "closed")};
        auto const lead = textAt(*row, "lead");
        if (!lead.empty()) {
            std::erase(programme.schools, lead);
            programme.schools.insert(programme.schools.begin(), lead);
        }
        if (auto const before = history.find(programme.id); before != history.end()) programme.flags = before->second;
        // A flag that says no day was set from the beginning.
        auto const since = dayAt(*row, "brand_since");
        bool const brand = isTrue(*row, "brand");
        if (since || brand) {
            programme.flags.push_back({since.value_or(kFromTheBeginning), brand, textAt(*row, "brand_reason")});
        }
        teaching.programmes.push_back(std::move(programme));
    }
    for (auto const* row : rowsOf("courses")) {
        teaching.courses.push_back(
            {textAt(*row, "id"), textAt(*row, "name"), textsAt(*row, "programmes"), textAt(*row, "school")});
    }
    for (auto const* row : rowsOf("classes")) {
        teaching.classes.push_back(
            {textAt(*row, "id"), textAt(*row, "name"), textAt(*row, "programme"), textAt(*row, "teacher")});
    }
    teaching.clockStart = dayAt(fields, "clock_start");
    for (auto const* row : rowsOf("waivers")) {
        if (auto const begin = dayAt(*row, "begin"))
            teaching.waivers[textAt(*row, "subject")].push_back({textAt(*row, "item"), *begin, textAt(*row, "reason")});
    }
    return teaching;
}

bool hasSubjects(std::string_view level) noexcept {
    return level == "programme" || level == "course" || level == "staff" || level == "student";
}

std::string subjectId(std::string_view level, std::string_view code) {
    return std::string(level) + ":" + std::string(code);
}

Instances instancesOf(std::string_view level, Teaching const& teaching, Day begin, Day end) {
    using std::chrono::sys_days;
    Instances result;
    auto const tell = [&](std::string_view code, auto const& about) {
        result.findings.push_back({std::string(code), about.id, about.name});
    };
    std::map<std::string, Instance> instances;
    auto const put = [&](auto const& about, Instance instance) {
        if (instances.contains(about.id)) return tell("subject-twice", about);
        instance.subject = about.id;
        instance.name = about.name;
        instances.emplace(about.id, std::move(instance));
    };
    std::map<std::string, Programme const*> open;
    for (auto const& programme : teaching.programmes) {
        bool const before = programme.closed && sys_days{*programme.closed} < sys_days{begin};
        bool const after = programme.opened && sys_days{*programme.opened} > sys_days{end};
        if (!before && !after) open.emplace(programme.id, &programme);
    }
    auto const schoolsOf = [&](std::vector<std::string> const& programmes) {
        std::set<std::string> units;
        for (auto const& id : programmes) {
            if (auto const found = open.find(id); found != open.end())
                units.insert(found->second->schools.begin(), found->second->schools.end());
        }
        return std::vector<std::string>(units.begin(), units.end());
    };
    auto const leadsOf = [&](std::vector<std::string> const& programmes) {
        std::vector<std::string> leads;
        for (auto const& id : programmes) {
            auto const found = open.find(id);
            if (found != open.end() && !found->second->schools.empty()) leads.push_back(found->second->schools.front());
        }
        return leads;
    };
    auto const formsOf = [](std::string const& lead) {
        return lead.empty() ? std::vector<std::string>() : std::vector<std::string>{lead};
    };
    auto const openOf = [&](std::vector<std::string> programmes) {
        std::sort(programmes.begin(), programmes.end());
        programmes.erase(std::unique(programmes.begin(), programmes.end()), programmes.end());
        std::erase_if(programmes, [&](auto const& id) { return !open.contains(id); });
        return programmes;
    };

    if (level == "college") {
        result.list.push_back({"college", "", {}, {}, {}});
    } else if (level == "programme") {
        for (auto const& programme : teaching.programmes) {
            if (!open.contains(programme.id)) continue;
            std::optional<Day> closes;
            if (programme.closed && sys_days{*programme.closed} <= sys_days{end}) closes = programme.closed;
            if (closes) tell("programme-closes", programme);
            if (programme.schools.empty()) tell("programme-without-school", programme);
            Instance instance{{}, {}, programme.schools, {}, closes};
            if (!programme.schools.empty()) instance.lead = programme.schools.front();
            instance.forms = programme.schools;
            instance.brand = flagInForce(programme.flags, begin);
            put(programme, std::move(instance));
        }
    } else if (level == "course") {
        for (auto const& course : teaching.courses) {
            auto programmes = openOf(course.programmes);
            if (programmes.empty()) {
                tell("course-in-no-programme", course);
                continue;
            }
            auto units = schoolsOf(programmes);
            auto const leads = leadsOf(programmes);
            std::string lead = course.school;
            if (lead.empty() && !leads.empty()) {
                lead = leads.front();
                bool const differ =
                    std::any_of(leads.begin(), leads.end(), [&](auto const& other) { return other != lead; });
                if (differ) tell("course-of-several-schools", course);
            }
            put(course, {{}, {}, std::move(units), std::move(programmes), {}, lead, formsOf(lead)});
        }
    } else if (level == "staff") {
        for (auto const& school : teaching.schools) {
            if (school.staff > 0)
                put(school, {{}, {}, {school.id}, {}, {}, school.id, {school.id}});
            else
                tell("school-without-staff", school);
        }
    } else if (level == "student") {
        for (auto const& each : teaching.classes) {
            auto programmes = openOf({each.programme});
            if (programmes.empty()) tell("class-in-no-programme", each);
            if (each.teacher.empty()) tell("class-without-teacher", each);
            auto units = schoolsOf(programmes);
            auto const leads = leadsOf(programmes);
            std::string const lead = leads.empty() ? std::string() : leads.front();
            put(each, {{}, {}, std::move(units), std::move(programmes), {}, lead, formsOf(lead), each.teacher});
        }
    }
    for (auto& [id, instance] : instances) result.list.push_back(std::move(instance));
    return result;
}

}  // namespace spiral::engine
