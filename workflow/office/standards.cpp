#include "office/standards.h"

#include "office/fields.h"
#include "projector.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace spiral::office {

namespace {

constexpr std::string_view kPassed = "recheck-pass";

json::Object referenceTo(DocumentKey const& document, std::optional<ObjectId> const& revision) {
    json::Object object{{"doc", document.doc.hex()}, {"scope", document.scope.text()}};
    if (revision) object.set("revision", revision->hex());
    return object;
}

/// The act by which the point's last round was passed; nothing while it was not.
std::optional<ObjectId> passedBy(engine::Standing const& standing) {
    if (standing.disputed || standing.rounds.empty()) return std::nullopt;
    auto const& last = standing.rounds.back();
    return last.verdictAction == kPassed ? last.verdict : std::nullopt;
}

/// The point passed by this act, in whichever round: a later round takes nothing back of what was taken in before.
bool wasPassedBy(engine::Standing const& standing, ObjectId const& act) {
    return std::any_of(standing.rounds.begin(), standing.rounds.end(), [&](engine::Round const& round) {
        return round.verdict == act && round.verdictAction == kPassed;
    });
}

json::Array sortedRows(std::map<std::string, json::Object> rows) {
    json::Array array;
    for (auto& [id, row] : rows) {
        row.set("id", id);
        array.emplace_back(std::move(row));
    }
    return array;
}
std::map<std::string, json::Object> rowsById(json::Object const& fields, std::string_view name) {
    std::map<std::string, json::Object> rows;
    for (auto const* row : rowsOf(fields, name)) rows.emplace(textOf(*row, "id"), *row);
    return rows;
}

/// Fields of the version that was approved last before the head; nothing if none was, or the head is that one and the
/// only one.
std::optional<json::Object> approvedBefore(Office& office, DocumentKey const& standard, ObjectId const& head) {
    auto const facts = office.view().facts(standard);
    if (!facts) return std::nullopt;
    Reading const reading = read(*facts, office.definitions());
    engine::Act const* newest = nullptr;
    for (auto const& act : reading.acts) {
        auto const effect = reading.standing.effects.find(act.id);
        bool const counts = effect != reading.standing.effects.end() && effect->second == engine::ActEffect::Counts;
        if (!counts || act.of == head || (act.action != "approve" && act.action != "accept")) continue;
        if (!newest || std::tie(newest->time, newest->id) < std::tie(act.time, act.id)) newest = &act;
    }
    if (!newest) return std::nullopt;
    for (auto const& revision : reading.revisions) {
        if (revision.id == newest->of && revision.fields) return *revision.fields;
    }
    return std::nullopt;
}

bool differsIn(json::Object const& a, json::Object const& b, std::string_view field) {
    auto const* left = a.find(field);
    auto const* right = b.find(field);
    if (!left || !right) return left != right;
    return json::encode(*left) != json::encode(*right);
}

}  // namespace

Result<StandardProposed> proposeStandard(Office& office, DocumentKey const& point, StandardWanted const& wanted) {
    auto const shown = office.show(point);
    if (!shown) return shown.error();
    if (nameWithoutVersion(shown->listed.row.type) != "point")
        return makeError(ErrorCode::Usage, "standard.not-a-point", shown->listed.row.type);
    auto const check = passedBy(shown->standing);
    if (!check) return makeError(ErrorCode::Refused, "standard.unproven", shown->listed.row.title);
    auto const& fields = shown->merged.fields;
    std::string const measure = !wanted.measure.empty()               ? wanted.measure
                                : !textOf(fields, "standard").empty() ? textOf(fields, "standard")
                                                                      : textOf(fields, "measures");
    if (measure.empty()) return makeError(ErrorCode::Refused, "standard.no-measure", shown->listed.row.title);

    std::string const row = point.doc.hex();
    json::Object const improvement{
        {"check", check->hex()}, {"measure", measure}, {"point", referenceTo(point, shown->standing.revision)}};
    StandardProposed proposed;
    proposed.check = *check;
    if (wanted.standard) {
        proposed.standard = *wanted.standard;
        auto const standard = office.show(*wanted.standard);
        if (!standard) return standard.error();
        if (nameWithoutVersion(standard->listed.row.type) != "standard")
            return makeError(ErrorCode::Usage, "standard.not-a-standard", standard->listed.row.type);
        auto improvements = rowsById(standard->merged.fields, "improvements");
        auto criteria = rowsById(standard->merged.fields, "criteria");
        auto const before = improvements.find(row);
        proposed.known = before != improvements.end() && textOf(before->second, "check") == check->hex();
        if (proposed.known) {
            proposed.revision = standard->merged.heads.front();
        } else {
            improvements[row] = improvement;
            criteria[row] = json::Object{{"criterion", measure}};
            auto edited = office.edit(*wanted.standard,
                                      {{"improvements", json::encode(json::Value(sortedRows(std::move(improvements))))},
                                       {"criteria", json::encode(json::Value(sortedRows(std::move(criteria))))}},
                                      false);
            if (!edited) return edited.error();
            proposed.revision = *edited->revision;
        }
    } else {
        auto made = office.create(
            "standard", wanted.scope,
            {{"title", wanted.title.empty() ? shown->listed.row.title : wanted.title},
             {"improvements", json::encode(json::Value(sortedRows({{row, improvement}})))},
             {"criteria", json::encode(json::Value(sortedRows({{row, json::Object{{"criterion", measure}}}})))}});
        if (!made) return made.error();
        proposed.standard = made->document;
        proposed.revision = *made->revision;
    }
    // The way back. Cut off before it, the same call goes on here.
    auto const linked = referenceOf(fields, "standard_document");
    if (linked == proposed.standard && proposed.known) return proposed;
    std::vector<std::pair<std::string, std::string>> back{
        {"standard_document", proposed.standard.text() + "@" + proposed.revision.hex()}};
    if (textOf(fields, "standard").empty()) back.emplace_back("standard", measure);
    auto edited = office.edit(point, back, false);
    if (!edited) return edited.error();
    return proposed;
}

std::vector<TakenMeasure> measuresOf(Office& office, DocumentKey const& standard) {
    std::vector<TakenMeasure> measures;
    auto const listed = office.view().document(standard);
    if (!listed) return measures;
    for (auto const& [id, row] : rowsById(fieldsOf(office, *listed), "improvements")) {
        auto const point = referenceOf(row, "point");
        TakenMeasure taken{
            id,   textOf(row, "measure"), point.value_or(DocumentKey{}), ObjectId::fromHex(textOf(row, "check")), false,
            false};
        auto const now = office.replica().world().wall.now();
        auto const shown = point ? office.show(*point) : Result<DocumentShown>(Error{});
        taken.hidden = point && !shown && !office.registry().mayRead(office.replica().device(), point->scope, now);
        bool const isPoint = shown && nameWithoutVersion(shown->listed.row.type) == "point";
        taken.proven = isPoint && taken.check && wasPassedBy(shown->standing, *taken.check);
        measures.push_back(std::move(taken));
    }
    return measures;
}

engine::Remarks checkStandards(Office& office) {
    engine::Remarks remarks;
    for (auto const& listed : documentsOf(office, "standard")) {
        std::string const place = listed.doc.hex();
        for (auto const& taken : measuresOf(office, listed.key())) {
            if (taken.hidden) continue;
            if (!taken.proven) {
                remarks.push_back({"standard.unproven", place + "/" + taken.row, taken.measure});
                continue;
            }
            auto const point = office.view().document(taken.point);
            auto const back = point ? referenceOf(fieldsOf(office, *point), "standard_document") : std::nullopt;
            if (back != listed.key()) remarks.push_back({"standard.one-way", place + "/" + taken.row, taken.measure});
        }
        if (listed.row.heads.size() != 1) continue;
        auto const before = approvedBefore(office, listed.key(), listed.row.heads.front());
        if (!before) continue;
        auto const now = fieldsOf(office, listed);
        if (!differsIn(*before, now, "content") && !differsIn(*before, now, "criteria")) continue;
        auto const old = rowsById(*before, "improvements");
        auto const measures = rowsById(now, "improvements");
        bool const takesIn = std::any_of(measures.begin(), measures.end(), [&](auto const& each) {
            auto const found = old.find(each.first);
            return found == old.end() || textOf(found->second, "check") != textOf(each.second, "check");
        });
        if (!takesIn) remarks.push_back({"standard.no-proof", place, listed.row.title});
    }
    return remarks;
}

}  // namespace spiral::office
