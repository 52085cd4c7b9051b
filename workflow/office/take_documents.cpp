#include "take_documents.h"

#include "office_impl.h"

namespace spiral::office {

namespace {

struct Planned {
    std::string place;
    Scope scope;
    TheOffice::NewRevision revision;
};

}  // namespace

Result<ImportResult> takeDocuments(TheOffice& office, std::string_view text, bool dryRun) {
    auto const data = json::parse(text, kTakeBytesMax);
    if (!data) return data.error();
    auto const* root = data->asObject();
    auto const* typeName = root ? json::stringAt(*root, "type") : nullptr;
    auto const* list = root ? json::arrayAt(*root, "documents") : nullptr;
    auto const* type = typeName ? office.definitions().type(*typeName) : nullptr;
    if (!list || !type) return makeError(ErrorCode::Malformed, "import.form", "documents");

    ImportResult result;
    std::vector<Planned> planned;
    for (auto const& each : *list) {
        std::string const place = std::to_string(result.rows++);
        auto const* object = each.asObject();
        auto const* scopeText = object ? json::stringAt(*object, "scope") : nullptr;
        auto const* fields = object ? json::objectAt(*object, "fields") : nullptr;
        auto const scope = scopeText ? Scope::parse(*scopeText) : std::nullopt;
        if (!scope || scope->isRegistry() || !fields)
            return makeError(ErrorCode::Malformed, "import.form", "documents");
        Planned plan{place, *scope, {}};
        plan.revision.type = type->name;
        plan.revision.fields = *fields;
        if (auto const* id = json::stringAt(*object, "doc")) {
            auto const doc = DocumentId::fromHex(*id);
            if (!doc) return makeError(ErrorCode::Malformed, "import.form", "documents");
            auto seen = office.shown({*scope, *doc}, false);
            if (!seen) return seen.error();
            if (!seen->merged.differences.empty() || seen->draft) {
                std::string const code = seen->draft ? "draft-unsealed" : "differences-open";
                result.notes.push_back({place, "", code, "", true});
                continue;
            }
            json::Object over = seen->merged.fields;
            for (auto const& [name, value] : *fields) over.set(name, value);
            if (over == seen->merged.fields && seen->merged.heads.size() == 1) {
                result.notes.push_back({place, "", "unchanged", "", false});
                ++result.known;
                continue;
            }
            plan.revision.doc = *doc;
            plan.revision.parents = seen->merged.heads;
            plan.revision.fields = std::move(over);
            plan.revision.files = seen->files;
        } else {
            plan.revision.doc = office.replica().world().random.token<DocumentId>();
        }
        if (auto fits = model::checkFields(*type, plan.revision.fields); !fits) return fits.error();
        planned.push_back(std::move(plan));
    }
    // Whether each would stand is asked in a rehearsal too: it is what people want to know.
    std::map<Scope, std::vector<replica::NewRow>> byScope;
    std::vector<DocumentKey> documents;
    for (auto const& plan : planned) {
        auto row = office.revisionRow(plan.scope, plan.revision);
        if (!row) return row.error();
        auto const judgement = office.foresee(plan.scope, plan.revision.doc, *row);
        if (!trust::stands(judgement.verdict)) {
            result.notes.push_back({plan.place, "", refusal(judgement).reason, plan.scope.text(), true});
            continue;
        }
        documents.push_back({plan.scope, plan.revision.doc});
        byScope[plan.scope].push_back(std::move(*row));
    }
    if (dryRun || byScope.empty()) return result;
    if (auto sealed = office.sealAll(std::move(byScope)); !sealed) return sealed.error();
    result.documents = std::move(documents);
    return result;
}

}  // namespace spiral::office
