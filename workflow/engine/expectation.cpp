#include "engine/expectation.h"

#include "base/sha256.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace spiral::engine {
namespace {

/// One row of the asking document, or the document as a whole.
struct Place {
    json::Object const* row = nullptr;
    std::string rowId;
    std::string unit;
    json::Object const* subject = nullptr;
    std::string subjectId;
};

constexpr std::string_view kOfSubject = "@subject.";

/// What is filled in for thousands stands thousands of times: longer texts are read where they are.
constexpr std::size_t kFilledBytesMax = 4096;
constexpr std::size_t kFilledElementsMax = 500;

/// The first bytes of a text, without half a character at the end.
std::string firstOf(std::string const& text) {
    if (text.size() <= kFilledBytesMax) return text;
    std::size_t end = kFilledBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end);
}

bool isShort(json::Value const& value) {
    if (auto const* text = value.asString()) return text->size() <= kFilledBytesMax;
    if (auto const* array = value.asArray(); array != nullptr && array->size() > kFilledElementsMax) return false;
    return json::encode(value).size() <= kFilledBytesMax;
}

/// Where expectations of one rule come from: the revision that asks, and the verdict, if one does.
struct Source {
    json::Object const* fields = nullptr;
    ObjectId revision;
    Act const* verdict = nullptr;
    int round = 0;
};

json::Value const* valueAt(Source const& source, Place const& place, std::string_view name) {
    json::Value const* const column = place.row == nullptr ? nullptr : place.row->find(name);
    return column != nullptr ? column : source.fields->find(name);
}

std::vector<std::string> textsOf(json::Value const* value) {
    std::vector<std::string> texts;
    if (value == nullptr) return texts;
    if (std::string const* const text = value->asString()) return {*text};
    if (json::Array const* const array = value->asArray()) {
        for (json::Value const& each : *array) {
            if (each.asString() != nullptr) texts.push_back(*each.asString());
        }
    }
    return texts;
}

/// What a rule names: `@unit`, `@row`, `@subject`, `@subject.column`, a column of the row, a field of the document.
std::optional<json::Value> named(Source const& source, Place const& place, std::string_view name) {
    auto const text = [](std::string const& value) {
        return value.empty() ? std::nullopt : std::optional<json::Value>(value);
    };
    if (name == "@unit") return text(place.unit);
    if (name == "@row") return text(place.rowId);
    if (name == "@subject") return text(place.subjectId);
    json::Value const* value = nullptr;
    if (!name.starts_with(kOfSubject)) {
        value = valueAt(source, place, name);
    } else if (place.subject != nullptr) {
        value = place.subject->find(name.substr(kOfSubject.size()));
    }
    return value == nullptr || !isShort(*value) ? std::nullopt : std::optional(*value);
}

/// What stands between the name of a subject and what is asked about it.
constexpr std::string_view kBetween = " · ";

std::optional<json::Value> valueOf(Prefill const& prefill, Source const& source, Place const& place) {
    auto value = named(source, place, prefill.from);
    auto const before = prefill.before.empty() ? std::nullopt : named(source, place, prefill.before);
    if (!value || !before || value->asString() == nullptr || before->asString() == nullptr) return value;
    return json::Value(firstOf(*before->asString() + std::string(kBetween) + *value->asString()));
}

json::Object filled(ExpectRule const& rule, Source const& source, Place const& place, DocumentKey const& asking) {
    json::Object fields;
    for (Prefill const& prefill : rule.fields) {
        if (prefill.value) {
            fields.set(prefill.to, *prefill.value);
        } else if (prefill.reason) {
            if (source.verdict != nullptr && !source.verdict->comment.empty())
                fields.set(prefill.to, firstOf(source.verdict->comment));
        } else if (auto value = valueOf(prefill, source, place)) {
            fields.set(prefill.to, *std::move(value));
        }
    }
    if (!rule.link.empty()) {
        fields.set(rule.link,
                   json::Object{
                       {"doc", asking.doc.hex()}, {"revision", source.revision.hex()}, {"scope", asking.scope.text()}});
    }
    return fields;
}

class Asking {
public:
    Asking(Facts const& facts, Standing const& standing, DocumentKey const& asking)
        : m_facts(facts), m_standing(standing), m_asking(asking) {}

    std::vector<Expectation> all() {
        for (ExpectRule const& rule : m_facts.workflow->expects) {
            for (Source const& source : sourcesOf(rule)) ask(rule, source);
        }
        auto const byDocument = [](Expectation const& a, Expectation const& b) { return a.document < b.document; };
        std::stable_sort(m_expected.begin(), m_expected.end(), byDocument);
        auto const same = [](Expectation const& a, Expectation const& b) { return a.document == b.document; };
        m_expected.erase(std::unique(m_expected.begin(), m_expected.end(), same), m_expected.end());
        return std::move(m_expected);
    }

private:
    json::Object const* fieldsOf(ObjectId const& revision) const {
        for (model::MergeRevision const& each : *m_facts.revisions) {
            if (each.id == revision && each.usable) return each.fields;
        }
        return nullptr;
    }

    /// The revision that was last submitted: an act that closes the document and names another asks for nothing else.
    std::optional<ObjectId> submittedLast() const {
        for (auto round = m_standing.rounds.rbegin(); round != m_standing.rounds.rend(); ++round) {
            if (!round->submitted) continue;
            for (Act const& act : m_facts.acts) {
                if (act.id == *round->submitted) return act.of;
            }
        }
        return m_standing.revision;
    }

    /// Until when a verdict asks. Of several that fell apart about the same revision, and that nobody has settled
    /// since, the earliest day.
    std::optional<Day> dayOf(Act const& verdict) const {
        std::optional<Day> earliest = verdict.until;
        for (Act const& act : m_facts.acts) {
            if (act.action != verdict.action || act.of != verdict.of || !act.until) continue;
            if (!counts(act) || m_standing.settled.contains(act.id)) continue;
            if (!earliest || *act.until < *earliest) earliest = act.until;
        }
        return earliest;
    }
    bool counts(Act const& act) const {
        auto const effect = m_standing.effects.find(act.id);
        return effect != m_standing.effects.end() && effect->second == ActEffect::Counts;
    }

    std::vector<Source> sourcesOf(ExpectRule const& rule) const {
        std::vector<Source> sources;
        bool const inState = std::find(rule.states.begin(), rule.states.end(), m_standing.state) != rule.states.end();
        if (auto const asked = inState ? submittedLast() : std::nullopt) {
            if (auto const* fields = fieldsOf(*asked)) sources.push_back({fields, *asked, nullptr, 0});
        }
        for (Round const& round : m_standing.rounds) {
            if (std::find(rule.verdicts.begin(), rule.verdicts.end(), round.verdictAction) == rule.verdicts.end())
                continue;
            auto const verdict = std::find_if(m_facts.acts.begin(), m_facts.acts.end(),
                                              [&](Act const& act) { return act.id == round.verdict; });
            if (verdict == m_facts.acts.end()) continue;
            if (auto const* fields = fieldsOf(verdict->of))
                sources.push_back({fields, verdict->of, &*verdict, round.number});
        }
        return sources;
    }

    void ask(ExpectRule const& rule, Source const& source) {
        if (rule.rows.empty()) {
            askAt(rule, source, {});
            return;
        }
        json::Array const* const rows = json::arrayAt(*source.fields, rule.rows);
        if (rows == nullptr) return;
        Subjects const subjects = subjectsOf(rule, source);
        for (json::Value const& value : *rows) {
            if (m_expected.size() == kExpectedMax) return;
            json::Object const* const row = value.asObject();
            std::string const* const id = row == nullptr ? nullptr : json::stringAt(*row, "id");
            if (id == nullptr) continue;
            json::Value const* const per = rule.per ? row->find(rule.per->when) : nullptr;
            if (per == nullptr || per->asBool() == nullptr || !*per->asBool()) {
                askAt(rule, source, {row, *id, {}, nullptr, {}});
                continue;
            }
            std::string const* const match = json::stringAt(*row, rule.per->match);
            auto const [first, last] = subjects.equal_range(match == nullptr ? std::string() : *match);
            for (auto subject = first; subject != last; ++subject) {
                if (m_expected.size() == kExpectedMax) return;
                askAt(rule, source, {row, *id, {}, subject->second, *json::stringAt(*subject->second, "id")});
            }
        }
    }

    /// The subjects of a rule, by what they match.
    using Subjects = std::multimap<std::string, json::Object const*>;
    static Subjects subjectsOf(ExpectRule const& rule, Source const& source) {
        Subjects subjects;
        json::Array const* const rows = rule.per ? json::arrayAt(*source.fields, rule.per->rows) : nullptr;
        if (rows == nullptr) return subjects;
        for (json::Value const& value : *rows) {
            json::Object const* const row = value.asObject();
            std::string const* const id = row == nullptr ? nullptr : json::stringAt(*row, "id");
            if (id == nullptr || id->empty()) continue;
            // Nobody would be asked, and rows times subjects are many.
            auto const units = textsOf(row->find(rule.per->each.empty() ? rule.per->unit : rule.per->each));
            if (std::none_of(units.begin(), units.end(), [](std::string const& unit) { return isNameToken(unit); }))
                continue;
            std::string const* const match = json::stringAt(*row, rule.per->match);
            subjects.emplace(match == nullptr ? std::string() : *match, row);
        }
        return subjects;
    }

    /// The units that are asked at a place.
    static std::vector<std::string> unitsAt(ExpectRule const& rule, Source const& source, Place const& place) {
        if (place.subject == nullptr) return textsOf(valueAt(source, place, rule.each.empty() ? rule.unit : rule.each));
        return textsOf(place.subject->find(rule.per->each.empty() ? rule.per->unit : rule.per->each));
    }

    void askAt(ExpectRule const& rule, Source const& source, Place place) {
        if (place.subject == nullptr && rule.each.empty() && rule.unit.empty()) {
            add(rule, source, place, m_asking.scope);
            return;
        }
        for (std::string const& unit : unitsAt(rule, source, place)) {
            if (m_expected.size() == kExpectedMax) return;
            if (!isNameToken(unit)) continue;
            Scope const scope = Scope::unit(unit);
            if (scope != m_asking.scope && m_asking.scope != Scope::college()) continue;
            place.unit = unit;
            add(rule, source, place, scope);
        }
    }

    void add(ExpectRule const& rule, Source const& source, Place const& place, Scope const& scope) {
        if (m_expected.size() == kExpectedMax) return;
        std::string const row =
            source.verdict == nullptr ? place.rowId : place.rowId + "#" + std::to_string(source.round);
        Expectation expectation;
        expectation.rule = rule.name;
        expectation.type = rule.type;
        expectation.document = {scope, expectedId(m_asking, rule.name, row, place.unit, scope, place.subjectId)};
        expectation.fields = filled(rule, source, place, m_asking);
        expectation.by = source.revision;
        expectation.due = source.verdict != nullptr ? dayOf(*source.verdict) : m_standing.due;
        if (!rule.due.empty()) {
            // A row that says no day has the asking document's, which acts move and edits do not.
            json::Object const& said = place.row != nullptr ? *place.row : *source.fields;
            for (std::string const& text : textsOf(said.find(rule.due))) {
                if (auto const day = parseDay(text)) expectation.due = day;
            }
        }
        if (source.verdict != nullptr) expectation.comment = firstOf(source.verdict->comment);
        if (auto const part = m_standing.parts.find(expectation.document.doc); part != m_standing.parts.end()) {
            if (part->second.due) expectation.due = part->second.due;
            expectation.person = part->second.person;
            expectation.takenBack = part->second.takenBack;
            if (!part->second.comment.empty()) expectation.comment = part->second.comment;
        }
        expectation.leftOver =
            std::binary_search(m_standing.left.begin(), m_standing.left.end(), expectation.document.doc);
        m_expected.push_back(std::move(expectation));
    }

    Facts const& m_facts;
    Standing const& m_standing;
    DocumentKey const& m_asking;
    std::vector<Expectation> m_expected;
};

}  // namespace

std::vector<Expectation> expectations(Facts const& facts, Standing const& standing, DocumentKey const& asking) {
    if (facts.workflow == nullptr || facts.workflow->expects.empty() || facts.revisions == nullptr) return {};
    return Asking(facts, standing, asking).all();
}

DocumentId expectedId(DocumentKey const& asking, std::string_view rule, std::string_view row, std::string_view unit,
                      Scope const& scope, std::string_view subject) {
    std::string text("spiral-expects\n");
    std::vector<std::string> parts{asking.scope.text(), asking.doc.hex(),  std::string(rule),
                                   std::string(row),    std::string(unit), scope.text()};
    if (!subject.empty()) parts.emplace_back(subject);
    for (std::string const& part : parts) {
        text.append(std::to_string(part.size())).append(":").append(part).append("\n");
    }
    Sha256 const hash = sha256(asBytes(text));
    DocumentId id;
    std::memcpy(id.raw.data(), hash.raw.data(), id.raw.size());
    return id;
}

std::string toText(Expectation const& expectation) {
    json::Object object{{"by", expectation.by.hex()},
                        {"fields", expectation.fields},
                        {"rule", expectation.rule},
                        {"type", expectation.type}};
    if (!expectation.comment.empty()) object.set("comment", expectation.comment);
    if (expectation.due) object.set("due", spiral::toText(*expectation.due));
    if (expectation.person) object.set("person", expectation.person->text());
    if (expectation.leftOver) object.set("left_over", true);
    if (expectation.takenBack) object.set("taken_back", true);
    return json::encode(object);
}

std::optional<Expectation> expectationFrom(std::string_view text) {
    auto const parsed = json::parse(text);
    json::Object const* const object = parsed ? parsed->asObject() : nullptr;
    if (object == nullptr) return std::nullopt;
    std::string const* const by = json::stringAt(*object, "by");
    std::string const* const rule = json::stringAt(*object, "rule");
    std::string const* const type = json::stringAt(*object, "type");
    json::Object const* const fields = json::objectAt(*object, "fields");
    auto const revision = by == nullptr ? std::nullopt : ObjectId::fromHex(*by);
    if (!revision || rule == nullptr || type == nullptr || fields == nullptr) return std::nullopt;
    Expectation expectation;
    expectation.by = *revision;
    expectation.rule = *rule;
    expectation.type = *type;
    expectation.fields = *fields;
    if (auto const* comment = json::stringAt(*object, "comment")) expectation.comment = *comment;
    if (auto const* due = json::stringAt(*object, "due")) expectation.due = parseDay(*due);
    if (auto const* person = json::stringAt(*object, "person")) expectation.person = PersonId::parse(*person);
    expectation.leftOver = object->find("left_over") != nullptr;
    expectation.takenBack = object->find("taken_back") != nullptr;
    return expectation;
}

}  // namespace spiral::engine
