#include "office/catalogues.h"

#include "take_documents.h"

#include "engine/catalogue_file.h"
#include "model/data.h"
#include "trust/objects.h"

#include <algorithm>
#include <set>

namespace spiral::office {

namespace {

constexpr std::string_view kType = "catalogue.v1";
constexpr std::size_t kNamedMax = 5;  // of several breaches so many are named

std::string_view codeOf(engine::LayerBreach::What what) noexcept {
    switch (what) {
        case engine::LayerBreach::What::Removed: return "layer-removed";
        case engine::LayerBreach::What::Changed: return "layer-changed";
        case engine::LayerBreach::What::FalseLayer: break;
    }
    return "layer-false";
}

std::optional<DocumentKey> baseOf(json::Object const& fields) {
    auto const* base = json::objectAt(fields, "base");
    auto const *scope = base ? json::stringAt(*base, "scope") : nullptr,
               *doc = base ? json::stringAt(*base, "doc") : nullptr;
    auto const in = scope ? Scope::parse(*scope) : std::nullopt;
    auto const id = doc ? DocumentId::fromHex(*doc) : std::nullopt;
    if (!in || !id) return std::nullopt;
    return DocumentKey{*in, *id};
}

/// The revision of the base that was built upon; without one, the base as it stands.
std::optional<engine::Catalogue> baseCatalogue(Office& office, json::Object const& fields, DocumentKey const& base) {
    auto const* revision = json::stringAt(*json::objectAt(fields, "base"), "revision");
    auto held = revision ? catalogueNamed(office, *revision) : catalogueAt(office, base);
    if (!held) return std::nullopt;
    return std::move(held->catalogue);
}

}  // namespace

Result<HeldCatalogue> catalogueAt(Office& office, DocumentKey const& document) {
    auto shown = office.show(document);
    if (!shown) return shown.error();
    if (shown->listed.row.type != kType)
        return makeError(ErrorCode::Usage, "catalogue.not-one", shown->listed.row.type);
    return HeldCatalogue{document, shown->merged.heads, shown->merged.fields,
                         engine::catalogueFrom(shown->merged.fields)};
}

Result<HeldCatalogue> catalogueNamed(Office& office, std::string_view id) {
    auto const document = office.resolveId(id);
    if (document) return catalogueAt(office, *document);
    if (document.error().code != ErrorCode::NotFound) return document.error();
    auto const object = office.resolveObject(id);
    if (!object) return document.error();
    auto const bytes = office.replica().revisionBytes(*object);
    if (!bytes) return document.error();
    auto const revision = trust::decodeRevision(*bytes);
    if (!revision) return revision.error();
    if (revision->type != kType) return makeError(ErrorCode::Usage, "catalogue.not-one", revision->type);
    return HeldCatalogue{
        {revision->scope, revision->doc}, {*object}, revision->fields, engine::catalogueFrom(revision->fields)};
}

std::vector<engine::OwnerUnit> ownerUnits(Office& office) {
    std::vector<engine::OwnerUnit> units;
    for (auto const& unit : office.registry().units()) {
        // 二级学院 itself is the name of all of them together.
        bool const school = (unit.name.ends_with("学院") || unit.name.ends_with("系")) && unit.name != "二级学院";
        units.push_back({unit.id, unit.name, school, unit.closed});
    }
    return units;
}

std::optional<DocumentKey> teachingDocument(Office& office) {
    replica::ListFilter filter;
    filter.type = "teaching.v1";
    auto const held = office.list(filter);
    if (held.empty()) return std::nullopt;
    // Of several that were made apart the one that says most; lists are by title, which says nothing.
    auto const rowsIn = [&](DocumentKey const& document) {
        std::size_t rows = 0;
        auto const shown = office.show(document);
        for (auto const* key : {"programmes", "courses", "schools", "classes"}) {
            auto const* array = shown ? json::arrayAt(shown->merged.fields, key) : nullptr;
            if (array) rows += array->size();
        }
        return rows;
    };
    std::optional<std::pair<std::size_t, DocumentKey>> best;
    for (auto const& each : held) {
        std::pair const candidate(held.size() == 1 ? std::size_t{0} : rowsIn(each.key()), each.key());
        bool const better = !best || best->first < candidate.first ||
                            (best->first == candidate.first && candidate.second < best->second);
        if (better) best = candidate;
    }
    return best->second;
}

engine::Teaching teachingOf(Office& office) {
    auto const held = teachingDocument(office);
    auto const shown = held ? office.show(*held) : Result<DocumentShown>(Error{});
    return shown ? engine::teachingFrom(shown->merged.fields) : engine::Teaching{};
}

std::vector<CatalogueFinding> checkCatalogue(Office& office, HeldCatalogue const& held) {
    std::vector<CatalogueFinding> findings;
    auto const& catalogue = held.catalogue;
    auto const gap = engine::gapOf(catalogue);
    if (gap.projects > 0 || gap.elements > 0 || gap.points > 0) {
        findings.push_back(
            {"catalogue-incomplete", "",
             std::to_string(gap.points) + " / " + std::to_string(gap.elements) + " / " + std::to_string(gap.projects)});
    }
    for (auto const& id : gap.empty) findings.push_back({"element-without-points", id, catalogue.element(id)->zh});
    if (catalogue.status == "draft") findings.push_back({"catalogue-unconfirmed", "", catalogue.title});
    auto const units = ownerUnits(office);
    std::set<std::string> unknown;
    for (auto const& element : catalogue.elements) {
        if (element.withdrawn) continue;
        for (auto const& name : engine::ownersOf(element.responsible, units).unknown) unknown.insert(name);
    }
    for (auto const& name : unknown) findings.push_back({"owner-unknown-unit", "", name});
    for (auto const& element : catalogue.elements) {
        engine::Catalogue alone;
        alone.elements = {element};
        for (auto const& id : engine::unownedPoints(alone, units)) {
            for (auto const& point : element.points) {
                if (point.id == id) findings.push_back({"point-without-owner", id, point.zh});
            }
        }
    }
    if (auto const base = baseOf(held.fields)) {
        auto const upper = baseCatalogue(office, held.fields, *base);
        if (!upper)
            findings.push_back({"base-missing", "", base->text()});
        else {
            for (auto const& breach : engine::layerBreaches(*upper, catalogue)) {
                findings.push_back({std::string(codeOf(breach.what)), breach.id, breach.zh});
            }
        }
    }
    return findings;
}

Result<ImportResult> importCatalogue(Office& office, std::string_view jsonText, CatalogueImport const& choices) {
    auto const data = model::readData(jsonText);
    if (!data) return data.error();
    if (!data->asObject()) return makeError(ErrorCode::Malformed, "import.form", "not an object");
    auto file = engine::readCatalogueFile(*data->asObject());
    if (!file) return file.error();
    std::optional<HeldCatalogue> base;
    if (choices.base) {
        auto held = catalogueAt(office, *choices.base);
        if (!held) return held.error();
        if (held->heads.size() != 1)
            return makeError(ErrorCode::Refused, "step.differences-open", choices.base->text());
        base = std::move(*held);
    }
    std::set<std::string> known;
    replica::ListFilter filter;
    filter.type = std::string(kType);
    for (auto const& listed : office.list(filter)) {
        auto const summary = json::parse(listed.row.summary);
        auto const* object = summary ? summary->asObject() : nullptr;
        if (auto const* source = object ? json::stringAt(*object, "source") : nullptr) known.insert(*source);
    }
    ImportResult result;
    result.rows = file->tables;
    for (auto& note : file->notes) {
        result.notes.push_back(
            {std::move(note.row), std::move(note.field), std::move(note.code), std::move(note.text), note.error});
    }
    json::Array documents;
    for (auto& fields : file->documents) {
        if (choices.layer) fields.set("layer", std::string(engine::nameOf(*choices.layer)));
        if (base) {
            if (!fields.find("layer")) fields.set("layer", std::string(engine::nameOf(engine::Layer::College)));
            fields = engine::builtUpon(base->fields, std::move(fields));
            fields.set("base", json::Object{{"scope", base->document.scope.text()},
                                            {"doc", base->document.doc.hex()},
                                            {"revision", base->heads.front().hex()}});
            auto const breaches = engine::layerBreaches(base->catalogue, engine::catalogueFrom(fields));
            if (!breaches.empty()) {
                std::string names;
                for (std::size_t i = 0; i < std::min(kNamedMax, breaches.size()); ++i) {
                    names += (i == 0 ? "" : ", ") + breaches[i].id + " " + breaches[i].zh;
                }
                return makeError(ErrorCode::Refused, "catalogue.layer",
                                 names + (breaches.size() > kNamedMax ? " …" : ""));
            }
        }
        auto const count = engine::countOf(engine::catalogueFrom(fields));
        result.elements += count.elements;
        result.points += count.points;
        auto const* source = json::stringAt(fields, "source");
        if (source && known.contains(*source)) {
            ++result.known;
            continue;
        }
        documents.emplace_back(json::Object{{"scope", Scope::college().text()}, {"fields", std::move(fields)}});
    }
    if (documents.empty()) return result;
    auto const text = json::encode(json::Object{{"type", std::string(kType)}, {"documents", std::move(documents)}});
    auto taken = office.importTable(kTakeDocuments, text, choices.dryRun);
    if (!taken) return taken.error();
    for (auto const& note : taken->notes) {
        if (note.error) return makeError(ErrorCode::Refused, note.code, note.text);
    }
    result.documents = std::move(taken->documents);
    return result;
}

}  // namespace spiral::office
