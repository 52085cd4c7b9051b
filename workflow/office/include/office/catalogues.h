// Catalogues of diagnosis as documents of a college: taken in on top of an upper layer's, looked at as they are or
// were, checked against the college's units. Functions over the office; the rules are those of engine/catalogue.h.
#pragma once

#include "engine/catalogue.h"
#include "office/office.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::office {

struct HeldCatalogue {
    DocumentKey document;
    std::vector<ObjectId> heads;  ///< of the document; the one revision, if that was named
    json::Object fields;
    engine::Catalogue catalogue;
};
/// By the id of a document (as it stands, NotFound or Usage as Office::resolveId says) or of a revision of one, which
/// says what it said when it was sealed. Usage ("catalogue.not-one") if it is another kind of document.
[[nodiscard]] Result<HeldCatalogue> catalogueNamed(Office& office, std::string_view id);
[[nodiscard]] Result<HeldCatalogue> catalogueAt(Office& office, DocumentKey const& document);

/// The units of the registry; schools are those whose name ends in 学院 or 系.
[[nodiscard]] std::vector<engine::OwnerUnit> ownerUnits(Office& office);

struct CatalogueFinding {
    /// `catalogue-incomplete`, `element-without-points`, `point-without-owner`, `owner-unknown-unit`,
    /// `catalogue-unconfirmed`, `layer-removed`, `layer-changed`, `layer-false`, `base-missing`.
    std::string code;
    std::string about;  ///< id of the element or point, or empty
    std::string text;   ///< name, or numbers
};
[[nodiscard]] std::vector<CatalogueFinding> checkCatalogue(Office& office, HeldCatalogue const& held);

/// Schools, programmes, courses and classes as the college's document of them says (`teaching.v1`); nothing without
/// one.
[[nodiscard]] engine::Teaching teachingOf(Office& office);
/// That document; of several the one with most rows.
[[nodiscard]] std::optional<DocumentKey> teachingDocument(Office& office);

struct CatalogueImport {
    std::optional<DocumentKey> base;     ///< the upper layer's: what the file does not mention is as there
    std::optional<engine::Layer> layer;  ///< of the new one; otherwise as its file says, else college
    bool dryRun = false;
};
/// A catalogue file (tables or projects; engine/catalogue_file.h) as documents in the scope of the college. Those of
/// the same id and version are not made again. Refused ("catalogue.layer", naming what) if one removes or changes what
/// the layer above laid down.
[[nodiscard]] Result<ImportResult> importCatalogue(Office& office, std::string_view jsonText,
                                                   CatalogueImport const& choices);

}  // namespace spiral::office
