// Documents: create, edit, draft, seal, attach, resolve, show.
#include "office_impl.h"

#include <algorithm>

namespace spiral::office {

namespace {

constexpr std::size_t kPrefixMin = 4;
constexpr std::size_t kShownDigits = 8;
/// Of several documents that an id may mean, so many are named.
constexpr std::size_t kNamedMax = 5;
/// Bytes of documents that go into one frame; well below what a frame may carry.
constexpr std::size_t kFrameBytes = 512 * 1024;

/// A scope as people write it: `college`, `unit/jwc`, or a unit's id alone.
std::optional<Scope> scopeNamed(std::string_view text) {
    if (auto scope = Scope::parse(text)) return scope;
    if (isNameToken(text)) return Scope::unit(text);
    return std::nullopt;
}

std::string namesOf(std::vector<DocumentKey> const& documents) {
    std::string names;
    for (std::size_t i = 0; i < std::min(documents.size(), kNamedMax); ++i) {
        names += (i == 0 ? "" : " ") + documents[i].text();
    }
    return names + (documents.size() > kNamedMax ? " …" : "");
}

/// Key of one choice in a draft: field, a line feed, element. (Field names hold no line feed.)
std::string choiceKey(std::string const& field, std::string const& element) {
    return element.empty() ? field : field + "\n" + element;
}

/// A draft of choices that are not all made yet. Its fields leave out what is still open, so it is never sealed as it is.
bool holdsChoices(replica::Draft const& draft) {
    auto const* list = json::arrayAt(draft.choices, "list");
    return list && !list->empty();
}

/// Sealing anything else over choices that are half made would decide the rest by leaving it out.
Error decideFirst() { return makeError(ErrorCode::Refused, "step.differences-open", "decide the different versions first"); }

}  // namespace

Result<DocumentKey> TheOffice::resolveId(std::string_view text) {
    auto const colon = text.rfind(':');
    std::string_view const id = colon == std::string_view::npos ? text : text.substr(colon + 1);
    std::optional<Scope> only;
    if (colon != std::string_view::npos) {
        only = scopeNamed(text.substr(0, colon));
        if (!only) return makeError(ErrorCode::Usage, "id.form", std::string(text));
    }
    if (id.size() < kPrefixMin || id.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return makeError(ErrorCode::Usage, "id.form", std::string(text));
    }
    auto found = view().find(id);
    for (auto const& draft : m_replica->drafts()) {
        if (draft.doc.hex().starts_with(id) && std::find(found.begin(), found.end(), draft.key()) == found.end()) {
            found.push_back(draft.key());
        }
    }
    if (only) std::erase_if(found, [&](DocumentKey const& each) { return each.scope != *only; });
    if (found.empty()) return makeError(ErrorCode::NotFound, "document.missing", std::string(text));
    if (found.size() > 1) return makeError(ErrorCode::Usage, "id.ambiguous", namesOf(found));
    return found.front();
}

std::string TheOffice::shortName(DocumentKey const& document) {
    if (!m_sharedIds) m_sharedIds = view().sharedIds();
    std::string const digits = document.doc.hex().substr(0, kShownDigits);
    bool const shared = std::binary_search(m_sharedIds->begin(), m_sharedIds->end(), document.doc);
    return shared ? document.scope.text() + ":" + digits : digits;
}

Result<ObjectId> TheOffice::resolveObject(std::string_view text) {
    if (auto whole = ObjectId::fromHex(text)) return *whole;
    if (text.size() < kPrefixMin || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return makeError(ErrorCode::Usage, "id.form", std::string(text));
    }
    // A look at every item held: people type a few digits now and then, scripts the whole id.
    std::optional<ObjectId> found;
    for (auto const count : {replica::Count::Current, replica::Count::Superseded, replica::Count::Different,
                             replica::Count::Pending, replica::Count::Quarantined, replica::Count::Redacted}) {
        for (auto const& row : view().items(count)) {
            if (!row.item.id.hex().starts_with(text) || row.item.id == found) continue;
            if (found) return makeError(ErrorCode::Usage, "id.ambiguous", std::string(text));
            found = row.item.id;
        }
    }
    if (!found) return makeError(ErrorCode::NotFound, "item.missing", std::string(text));
    return *found;
}

Result<Scope> TheOffice::defaultScope() {
    auto person = me();
    if (!person) return person.error();
    std::optional<Scope> wide;
    for (auto const& grant : registry().grantsOf(*person)) {
        if (!registry().mayRead(m_replica->device(), grant.role.scope, m_replica->world().wall.now())) continue;
        if (grant.role.scope.isUnit()) return grant.role.scope;
        if (!wide && !grant.role.scope.isRegistry()) wide = grant.role.scope;
    }
    if (wide) return *wide;
    return makeError(ErrorCode::Refused, "authority.no-grant", "no scope to write in");
}

Result<Assignment> TheOffice::create(std::string_view typeName, Scope const& scope,
                                     std::vector<std::pair<std::string, std::string>> const& set) {
    auto const* type = m_definitions.type(typeName);
    if (!type) return makeError(ErrorCode::Usage, "type.unknown", std::string(typeName));
    if (scope.isRegistry()) return makeError(ErrorCode::Usage, "scope.registry", "documents do not stand in the registry");
    NewRevision revision;
    revision.doc = m_replica->world().random.token<DocumentId>();
    revision.type = type->name;
    for (auto const& [field, typed] : set) {
        auto value = model::parseFieldValue(*type, field, typed);
        if (!value) return value.error();
        revision.fields.set(field, std::move(*value));
    }
    auto sealed = sealRevision(scope, revision);
    if (!sealed) return sealed.error();
    return Assignment{{scope, revision.doc}, *sealed, false, {}};
}

Result<trust::Attachment> TheOffice::keepFile(Path const& file) {
    return m_attachments.add(file, [this](std::uint64_t done) { tell(done, 0, "attach"); });
}

Result<void> TheOffice::createAll(std::vector<NewDocument> const& documents) {
    std::map<Scope, std::vector<replica::NewRow>> byScope;
    for (auto const& document : documents) {
        auto const* type = m_definitions.type(document.type);
        if (!type) return makeError(ErrorCode::Usage, "type.unknown", document.type);
        if (auto fits = model::checkFields(*type, document.fields); !fits) return fits.error();
        auto row = revisionRow(document.scope, {document.doc, type->name, {}, document.fields, document.files});
        if (!row) return row.error();
        auto const judgement = foresee(document.scope, document.doc, *row);
        if (!trust::stands(judgement.verdict)) return refusal(judgement);
        byScope[document.scope].push_back(std::move(*row));
    }
    return sealAll(std::move(byScope));
}

Result<void> TheOffice::sealAll(std::map<Scope, std::vector<replica::NewRow>> byScope) {
    auto key = signer();
    if (!key) return key.error();
    std::uint64_t all = 0;
    for (auto const& [scope, rows] : byScope) all += rows.size();
    std::uint64_t done = 0;
    for (auto& [scope, rows] : byScope) {
        std::size_t begin = 0;
        while (begin < rows.size()) {
            std::vector<replica::NewRow> batch;
            std::size_t bytes = 0;
            while (begin < rows.size() && batch.size() < trust::FrameHeader::kItemsMax) {
                bytes += rows[begin].bytes.size();
                if (!batch.empty() && bytes > kFrameBytes) break;
                batch.push_back(std::move(rows[begin++]));
            }
            m_viewIsBehind = true;   // also when the next one fails: what is in is known at the next attempt
            auto sealed = m_replica->seal(scope, batch, **key);
            if (!sealed) return sealed.error();
            tell(done += batch.size(), all, "import.rows");
        }
    }
    followWhatWasWritten();
    return {};
}

Result<Assignment> TheOffice::edit(DocumentKey const& document, std::vector<std::pair<std::string, std::string>> const& set,
                                   bool draftOnly) {
    auto seen = shown(document, false);
    if (!seen) return seen.error();
    auto const* type = seen->type;
    if (!type) return makeError(ErrorCode::Unsupported, "type.unknown", seen->listed.row.type);

    // Choices about versions that have moved on are let go.
    bool const choosing = seen->draft && holdsChoices(*seen->draft);
    if (choosing && seen->draft->parents == seen->merged.heads) return decideFirst();
    bool const fresh = !seen->draft || choosing;
    replica::Draft draft;
    if (!fresh) {
        draft = *seen->draft;
    } else {
        draft.scope = seen->listed.scope;
        draft.doc = document.doc;
        draft.type = type->name;
    }
    json::Object values;
    for (auto const& [field, typed] : set) {
        auto value = model::parseFieldValue(*type, field, typed);
        if (!value) return value.error();
        values.set(field, std::move(*value));
    }
    if (fresh) {
        bool const allDecided = std::all_of(seen->merged.differences.begin(), seen->merged.differences.end(),
                                            [&](auto const& open) { return open.element.empty() && values.find(open.field); });
        if (allDecided) {
            draft.parents = seen->merged.heads;
            draft.fields = seen->merged.fields;
        } else {
            // What is open stays open: go on from one version, the newest of this person's or else the first.
            ObjectId chosen = seen->merged.heads.front();
            HybridTime newest;
            auto const person = me();
            for (auto const& head : seen->merged.heads) {
                auto const item = view().item(head);
                if (item && person && item->person == *person && HybridTime{item->time, item->counter} >= newest) {
                    newest = {item->time, item->counter};
                    chosen = head;
                }
            }
            auto const bytes = m_replica->revisionBytes(chosen);
            auto head = bytes ? trust::decodeRevision(*bytes) : Result<trust::Revision>(Error{});
            if (!head) return head.error();
            draft.parents = {chosen};
            draft.fields = head->fields;
        }
        draft.files = seen->files;
    }
    for (auto const& [field, value] : values) {
        if (auto const* text = value.asString(); text && text->empty()) draft.fields.erase(field);
        else draft.fields.set(field, value);
    }
    if (auto fits = model::checkFields(*type, draft.fields); !fits) return fits.error();
    draft.saved = m_replica->world().wall.now();
    if (draftOnly) {
        m_replica->saveDraft(draft);
        return Assignment{document, std::nullopt, true, {}};
    }
    auto sealed = sealRevision(draft.scope, {document.doc, draft.type, draft.parents, draft.fields, draft.files});
    if (!sealed) return sealed.error();
    return Assignment{document, *sealed, false, {}};
}

Result<Assignment> TheOffice::seal(DocumentKey const& document) {
    auto draft = m_replica->draft(document);
    if (!draft) return makeError(ErrorCode::NotFound, "draft.missing", document.text());
    if (holdsChoices(*draft)) return decideFirst();
    auto sealed = sealRevision(draft->scope, {document.doc, draft->type, draft->parents, draft->fields, draft->files});
    if (!sealed) return sealed.error();
    return Assignment{document, *sealed, false, {}};
}

Result<Assignment> TheOffice::attach(DocumentKey const& document, Path const& file) {
    auto seen = shown(document, false);
    if (!seen) return seen.error();
    if (!seen->merged.differences.empty()) return decideFirst();
    auto added = m_attachments.add(file, [this](std::uint64_t done) { tell(done, 0, "attach"); });
    if (!added) return added.error();
    NewRevision revision{document.doc, seen->listed.row.type, seen->merged.heads, seen->merged.fields, seen->files};
    if (seen->draft && !holdsChoices(*seen->draft)) {
        revision.parents = seen->draft->parents;
        revision.fields = seen->draft->fields;
        revision.files = seen->draft->files;
    }
    revision.files.push_back(*added);
    auto sealed = sealRevision(seen->listed.scope, revision);
    if (!sealed) return sealed.error();
    return Assignment{document, *sealed, false, {}};
}

Result<Assignment> TheOffice::resolveDifference(DocumentKey const& document, std::string_view name, std::optional<int> take,
                                                std::optional<std::string> const& value) {
    auto seen = shown(document, false);
    if (!seen) return seen.error();
    if (!seen->type) return makeError(ErrorCode::Unsupported, "type.unknown", seen->listed.row.type);
    // The resolution would take the draft's place, and with it what was typed there.
    if (seen->draft && !holdsChoices(*seen->draft)) {
        return makeError(ErrorCode::Refused, "draft.unsealed", document.text());
    }
    auto const slash = name.find('/');
    std::string const field(name.substr(0, slash));
    std::string const element(slash == std::string_view::npos ? std::string_view() : name.substr(slash + 1));
    auto const& open = seen->merged.differences;
    auto const difference = std::find_if(open.begin(), open.end(), [&](auto const& candidate) {
        return candidate.field == field && candidate.element == element;
    });
    if (difference == open.end()) return makeError(ErrorCode::NotFound, "difference.missing", std::string(name));

    std::optional<json::Value> chosen;
    if (take) {
        if (*take < 1 || static_cast<std::size_t>(*take) > difference->sides.size()) {
            return makeError(ErrorCode::Usage, "resolve.take", std::to_string(difference->sides.size()));
        }
        chosen = difference->sides[static_cast<std::size_t>(*take) - 1].value;
    } else if (value) {
        auto parsed = model::parseFieldValue(*seen->type, field, *value);
        if (!parsed) return parsed.error();
        chosen = std::move(*parsed);
    } else {
        return makeError(ErrorCode::Usage, "resolve.nothing", "--take N or --value V");
    }

    // Choices are kept in the draft until all are made; a choice about versions that have moved on is let go.
    replica::Draft draft;
    if (seen->draft && seen->draft->parents == seen->merged.heads) draft = *seen->draft;
    draft.scope = seen->listed.scope;
    draft.doc = document.doc;
    draft.type = seen->type->name;
    draft.parents = seen->merged.heads;
    draft.files = seen->files;
    json::Object told;
    if (chosen) told.set("value", *chosen);
    else told.set("absent", true);
    // Field and element names may hold any characters, object keys may not: choices are a list.
    json::Array choices;
    if (auto const* before = json::arrayAt(draft.choices, "list")) choices = *before;
    std::string const key = choiceKey(field, element);
    std::erase_if(choices, [&](json::Value const& choice) {
        auto const* object = choice.asObject();
        auto const* k = object ? json::stringAt(*object, "k") : nullptr;
        return k && *k == key;
    });
    json::Object choice;
    choice.set("k", key);
    choice.set("v", std::move(told));
    choices.emplace_back(std::move(choice));
    draft.choices.set("list", choices);

    std::map<model::Cell, std::optional<json::Value>> made;
    for (auto const& each : choices) {
        auto const* k = json::stringAt(*each.asObject(), "k");
        auto const* v = json::objectAt(*each.asObject(), "v");
        if (!k || !v) continue;
        auto const line = k->find('\n');
        auto const* kept = v->find("value");
        made[{k->substr(0, line), line == std::string::npos ? "" : k->substr(line + 1)}] =
            kept ? std::optional(*kept) : std::nullopt;
    }
    std::vector<std::string> stillOpen;
    for (auto const& each : open) {
        if (!made.contains({each.field, each.element})) {
            stillOpen.push_back(each.element.empty() ? each.field : each.field + "/" + each.element);
        }
    }
    if (!stillOpen.empty()) {
        // Kept inside a draft the choices are nested deeper than in the document.
        json::Array const around{json::Value(json::Array{json::Value(draft.choices)})};
        if (auto fits = json::check(json::Value(around)); !fits) return fits.error();
        draft.fields = seen->merged.fields;
        draft.saved = m_replica->world().wall.now();
        m_replica->saveDraft(draft);
        return Assignment{document, std::nullopt, true, stillOpen};
    }
    auto fields = model::resolved(seen->merged, seen->type->mergeRules(), made);
    if (!fields) return fields.error();
    auto sealed = sealRevision(draft.scope, {document.doc, draft.type, draft.parents, *fields, draft.files});
    if (!sealed) return sealed.error();
    return Assignment{document, *sealed, false, {}};
}

Result<DocumentShown> TheOffice::show(DocumentKey const& document) { return shown(document, true); }

Result<DocumentShown> TheOffice::shown(DocumentKey const& document, bool withItems) {
    DocumentShown result;
    auto listed = view().document(document);
    auto facts = view().facts(document);
    result.draft = m_replica->draft(document);
    if (!listed || !facts) {
        return makeError(ErrorCode::NotFound, "document.missing", document.doc.hex());
    }
    result.listed = std::move(*listed);
    Reading reading = read(*facts, m_definitions);
    result.expected = reading.expected;
    if (!reading.shown && reading.expected && reading.type) {
        result.type = reading.type;
        result.merged.fields = reading.expected->fields;
        result.standing.state = result.listed.row.state;
        result.standing.closed = result.listed.row.closed;
        result.standing.due = reading.expected->due;
        return result;
    }
    if (!reading.shown) return makeError(ErrorCode::Refused, "document.nothing-stands", document.text());
    result.type = reading.type;
    result.standing = reading.standing;
    result.merged = reading.merged;
    if (reading.merged.heads.size() == 1) result.merged.fields = reading.shown->fields;
    if (reading.workflow) result.possible = engine::possible(reading.facts(), reading.standing);
    result.differences = view().differences(document);
    if (withItems) result.items = view().items(document);
    // Attachments of all heads, each once.
    for (auto const& row : facts->rows) {
        auto const* revision = row.revision();
        if (!revision || !std::binary_search(result.merged.heads.begin(), result.merged.heads.end(), row.id)) continue;
        for (auto const& file : revision->files) {
            bool const have = std::any_of(result.files.begin(), result.files.end(),
                                          [&](auto const& other) { return other.sha256 == file.sha256; });
            if (!have) result.files.push_back(file);
        }
    }
    return result;
}

std::vector<replica::ListedDocument> TheOffice::list(replica::ListFilter const& filter) {
    replica::ListFilter full = filter;
    if (full.type) {
        if (auto const* type = m_definitions.type(*full.type)) full.type = type->name;
    }
    return view().list(full);
}

Result<std::vector<model::Change>> TheOffice::diff(ObjectId const& a, ObjectId const& b) {
    std::array<trust::Revision, 2> sides;
    for (std::size_t i = 0; i < 2; ++i) {
        ObjectId const& id = i == 0 ? a : b;
        auto const bytes = m_replica->revisionBytes(id);
        if (!bytes) return makeError(ErrorCode::NotFound, "revision.missing", id.hex());
        auto revision = trust::decodeRevision(*bytes);
        if (!revision) return revision.error();
        sides[i] = std::move(*revision);
    }
    auto const* type = m_definitions.type(sides[1].type);
    return model::diff(sides[0].fields, sides[1].fields, type ? type->mergeRules() : model::MergeRules{});
}

}  // namespace spiral::office
