// The whole content of the view, line by line. A line says nothing of handles, of the order of arrival or of today.
#include "view_impl.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::replica {

namespace {

// A line is one strict JSON value, and those have a greatest size; an escape may take six bytes. What is longer than a
// person would read stands as its hash.
constexpr std::size_t kTextMax = 16 * 1024;
constexpr std::size_t kIdsMax = 1000;

json::Value told(std::string const& text) {
    if (text.size() <= kTextMax) return text;
    return "sha256:" + sha256(asBytes(text)).hex();
}

template <class Id>
json::Array hexOf(std::vector<Id> const& ids) {
    json::Array array;
    Sha256Stream all;
    for (auto const& id : ids) {
        if (ids.size() <= kIdsMax)
            array.emplace_back(id.hex());
        else
            all.add(id.view());
    }
    if (ids.size() > kIdsMax) array.emplace_back("sha256:" + all.finish().hex());
    return array;
}

std::string line(std::string_view table, json::Object row) {
    row.set("row", std::string(table));
    return json::encode(row);
}

std::string documentLine(ListedDocument const& listed) {
    auto const& row = listed.row;
    json::Object object;
    object.set("scope", listed.scope.text());
    object.set("doc", listed.doc.hex());
    object.set("type", told(row.type));
    object.set("title", told(row.title));
    object.set("state", told(row.state));
    object.set("owner", told(row.owner));
    object.set("summary", told(row.summary));
    if (row.due) object.set("due", toText(*row.due));
    object.set("closed", row.closed);
    object.set("disputed", row.disputed);
    object.set("changed_after", row.changedAfter);
    object.set("watched", row.watched);
    object.set("round", row.round);
    object.set("failed_rounds", row.failedRounds);
    object.set("heads", hexOf(row.heads));
    object.set("differences", row.differences);
    if (row.lastAction) object.set("last_action", toText(*row.lastAction));
    if (!row.lastActor.empty()) object.set("last_actor", row.lastActor);
    return line("document", std::move(object));
}

std::string itemLine(ItemRow const& row) {
    json::Object object;
    object.set("item", std::string(1, static_cast<char>(row.item.kind)) + row.item.id.hex());
    object.set("scope", row.scope.text());
    if (row.doc) object.set("doc", row.doc->hex());
    object.set("frame", row.frame.hex());
    object.set("count", std::string(nameOf(row.count)));
    if (!row.kind.empty()) object.set("kind", row.kind);
    if (!row.verdict.empty()) object.set("verdict", row.verdict);
    if (!row.reason.empty()) object.set("reason", row.reason);
    if (!row.about.empty()) object.set("about", told(row.about));
    if (!row.person.empty()) {
        object.set("person", row.person.text());
        object.set("t", toText(row.time));
        object.set("c", static_cast<std::int64_t>(row.counter));
    }
    object.set("device", row.device.hex());
    if (row.of) object.set("of", row.of->hex());
    return line("item", std::move(object));
}

std::string forkLine(Fork const& fork) {
    json::Object object;
    object.set("scope", fork.scope.text());
    object.set("device", fork.device.hex());
    object.set("branches", hexOf(fork.branches));
    object.set("tips", hexOf(fork.tips));
    if (fork.standing) object.set("standing", fork.standing->hex());
    object.set("same_incarnation", fork.sameIncarnation);
    return line("fork", std::move(object));
}

}  // namespace

void FollowingView::dump(std::function<void(std::string_view)> const& take) const {
    std::vector<std::string> lines;
    auto const flush = [&] {
        std::sort(lines.begin(), lines.end());
        for (auto const& each : lines) take(each);
        lines.clear();
    };
    {
        Statement statement(*m_db,
                            "SELECT d.scope, d.doc, f.field, f.element, f.sides FROM difference f "
                            "JOIN document d ON d.document=f.document");
        while (statement.step()) {
            json::Object row;
            row.set("scope", std::string(statement.text(0)));
            row.set("doc", statement.token<DocumentId>(1).hex());
            row.set("field", told(std::string(statement.text(2))));
            row.set("element", told(std::string(statement.text(3))));
            row.set("sides", told(std::string(statement.text(4))));
            lines.push_back(line("difference", std::move(row)));
        }
    }
    for (auto const& document : list({})) lines.push_back(documentLine(document));
    for (auto const& fork : forks()) lines.push_back(forkLine(fork));
    for (auto const count :
         {Count::Redacted, Count::Quarantined, Count::Pending, Count::Different, Count::Superseded, Count::Current}) {
        for (auto const& row : items(count)) lines.push_back(itemLine(row));
    }
    flush();
}

}  // namespace spiral::replica
