// The whole content of the view, line by line. A line says nothing of handles, of the order of arrival or of today.
#include "view_impl.h"

#include "base/sha256.h"

#include <algorithm>

namespace spiral::replica {

namespace {

// A text that would not fit into one strict JSON value together with others stands as its hash.
constexpr std::size_t kTextMax = 256 * 1024;

json::Value told(std::string const& text) {
    if (text.size() <= kTextMax) return text;
    return "sha256:" + sha256(asBytes(text)).hex();
}

template <class Id>
json::Array hexOf(std::vector<Id> const& ids) {
    json::Array array;
    for (auto const& id : ids) array.emplace_back(id.hex());
    return array;
}

std::string line(std::string_view table, json::Object row) {
    row.set("row", std::string(table));
    return json::encode(row);
}

std::string documentLine(ListedDocument const& listed) {
    auto const& row = listed.row;
    json::Object told_;
    told_.set("scope", listed.scope.text());
    told_.set("doc", listed.doc.hex());
    told_.set("type", told(row.type));
    told_.set("title", told(row.title));
    told_.set("state", told(row.state));
    told_.set("owner", told(row.owner));
    told_.set("summary", told(row.summary));
    if (row.due) told_.set("due", toText(*row.due));
    told_.set("closed", row.closed);
    told_.set("disputed", row.disputed);
    told_.set("changed_after", row.changedAfter);
    told_.set("round", row.round);
    told_.set("failed_rounds", row.failedRounds);
    told_.set("heads", hexOf(row.heads));
    told_.set("differences", row.differences);
    if (row.lastAction) told_.set("last_action", toText(*row.lastAction));
    if (!row.lastActor.empty()) told_.set("last_actor", row.lastActor);
    return line("document", std::move(told_));
}

std::string itemLine(ItemRow const& row) {
    json::Object told_;
    told_.set("item", std::string(1, static_cast<char>(row.item.kind)) + row.item.id.hex());
    told_.set("scope", row.scope.text());
    if (row.doc) told_.set("doc", row.doc->hex());
    told_.set("frame", row.frame.hex());
    told_.set("count", std::string(nameOf(row.count)));
    if (!row.kind.empty()) told_.set("kind", row.kind);
    if (!row.verdict.empty()) told_.set("verdict", row.verdict);
    if (!row.reason.empty()) told_.set("reason", row.reason);
    if (!row.about.empty()) told_.set("about", told(row.about));
    if (!row.person.empty()) {
        told_.set("person", row.person.text());
        told_.set("t", toText(row.time));
        told_.set("c", static_cast<std::int64_t>(row.counter));
    }
    told_.set("device", row.device.hex());
    if (row.of) told_.set("of", row.of->hex());
    return line("item", std::move(told_));
}

std::string forkLine(Fork const& fork) {
    json::Object told_;
    told_.set("scope", fork.scope.text());
    told_.set("device", fork.device.hex());
    told_.set("branches", hexOf(fork.branches));
    told_.set("tips", hexOf(fork.tips));
    if (fork.standing) told_.set("standing", fork.standing->hex());
    told_.set("same_incarnation", fork.sameIncarnation);
    return line("fork", std::move(told_));
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
        Statement statement(*m_db, "SELECT d.scope, d.doc, f.field, f.element, f.sides FROM difference f "
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
    for (auto const count : {Count::Redacted, Count::Quarantined, Count::Pending, Count::Different, Count::Superseded,
                             Count::Current}) {
        for (auto const& row : items(count)) lines.push_back(itemLine(row));
    }
    flush();
}

}  // namespace spiral::replica
