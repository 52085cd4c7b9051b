// Questions to the view. Each reads what the last batch left; none changes anything.
#include "view_impl.h"
#include "view_statements.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace spiral::replica {

namespace {

constexpr std::string_view kItemColumns =
    "SELECT i.id, i.record, i.frame, f.id, i.kind, COALESCE(i.scope, e.scope), i.person, COALESCE(i.device, e.device), "
    "i.time, i.counter, i.verdict, i.reason, i.about, i.count, t.id, d.doc FROM item i JOIN frame f ON f.frame=i.frame "
    "JOIN feed e ON e.feed=f.feed LEFT JOIN item t ON t.item=i.target LEFT JOIN document d ON d.document=i.document ";
constexpr std::string_view kItemOrder = " ORDER BY COALESCE(i.time, 0), COALESCE(i.counter, 0), i.id";

constexpr std::string_view kDocumentColumns =
    "SELECT d.scope, d.doc, d.type, d.title, d.state, d.owner, d.summary, d.due, d.closed, d.disputed, "
    "d.changed_after, "
    "d.round, d.failed_rounds, d.heads, d.differences, d.last_action, d.last_actor, d.watched FROM document d ";

Instant instantOf(std::int64_t milliseconds) { return Instant{std::chrono::milliseconds{milliseconds}}; }

}  // namespace

StatusCounts FollowingView::status() const {
    StatusCounts status;
    for (auto const count :
         {Count::Redacted, Count::Quarantined, Count::Pending, Count::Different, Count::Superseded, Count::Current}) {
        status.items[count] = 0;
    }
    Statement statement(*m_db, "SELECT t.count, t.items, n.text FROM tally t LEFT JOIN name n ON n.name=t.reason");
    while (statement.step()) {
        status.items[static_cast<Count>(statement.integer(0))] += statement.integer(1);
        if (!statement.isNull(2) && statement.integer(1) != 0) {
            status.reasons[std::string(statement.text(2))] += statement.integer(1);
        }
    }
    status.total = metaNumber("total");
    for (auto const& line : m_replica.inbox()) status.inbox += static_cast<std::int64_t>(line.items);
    status.drafts = static_cast<std::int64_t>(m_replica.drafts().size());
    return status;
}

ListedDocument FollowingView::listed(Statement& statement, bool withHeads) const {
    ListedDocument listed;
    listed.scope = Scope::parse(statement.text(0)).value_or(Scope{});
    listed.doc = statement.token<DocumentId>(1);
    auto& row = listed.row;
    row.type = statement.text(2);
    row.title = statement.text(3);
    row.state = statement.text(4);
    row.owner = statement.text(5);
    row.summary = statement.text(6);
    if (statement.integer(7) != kNoDue) row.due = Day(std::chrono::sys_days(std::chrono::days(statement.integer(7))));
    row.closed = statement.integer(8) != 0;
    row.disputed = statement.integer(9) != 0;
    row.changedAfter = statement.integer(10) != 0;
    row.round = static_cast<int>(statement.integer(11));
    row.failedRounds = static_cast<int>(statement.integer(12));
    ByteView const heads = statement.blob(13);
    listed.begun = !heads.empty();
    for (std::size_t at = 0; withHeads && at + 8 <= heads.size(); at += 8) {
        Handle item = 0;
        for (std::size_t i = 0; i < 8; ++i) item = (item << 8) | heads[at + i];
        Use use(m_sql->itemAt);
        use->bind(1, item);
        if (use->step()) row.heads.push_back(use->token<ObjectId>(13));
    }
    row.differences = static_cast<int>(statement.integer(14));
    if (!statement.isNull(15)) row.lastAction = instantOf(statement.integer(15));
    if (!statement.isNull(16)) row.lastActor = text(statement.integer(16));
    row.watched = statement.integer(17) != 0;
    return listed;
}

std::vector<ListedDocument> FollowingView::list(ListFilter const& filter) const {
    // The index is named, because without statistics SQLite would guess. That of the order holds what is filtered by,
    // too.
    std::string const index = filter.withDifferences ? "document_different"
                              : filter.watchedOnly   ? "document_watched"
                              : filter.owner         ? "document_owner"
                                                     : "document_order";
    std::string sql(kDocumentColumns);
    sql += "INDEXED BY " + index + " WHERE 1";
    if (filter.withDifferences) sql += " AND d.differences > 0";
    if (filter.watchedOnly) sql += " AND d.watched = 1";
    if (filter.openOnly) sql += " AND d.closed = 0";
    if (filter.owner) sql += " AND d.owner = ?1";
    if (filter.type) sql += " AND d.type = ?2";
    if (filter.scope) sql += " AND d.scope = ?3";
    if (filter.dueBefore) sql += " AND d.due < ?4";
    sql += " ORDER BY d.due, d.scope, d.title, d.doc LIMIT ?5";
    Statement statement(*m_db, sql);
    if (filter.owner) statement.bind(1, std::string_view(*filter.owner));
    if (filter.type) statement.bind(2, std::string_view(*filter.type));
    if (filter.scope) statement.bind(3, std::string_view(filter.scope->text()));
    if (filter.dueBefore) {
        statement.bind(4,
                       static_cast<std::int64_t>(std::chrono::sys_days(*filter.dueBefore).time_since_epoch().count()));
    }
    statement.bind(5, filter.limit == 0 ? std::int64_t{-1} : static_cast<std::int64_t>(filter.limit));
    std::vector<ListedDocument> found;
    while (statement.step()) found.push_back(listed(statement, filter.withHeads));
    return found;
}

Handle FollowingView::documentHandle(DocumentKey const& document) const {
    Use use(m_sql->documentByDoc);
    std::string const scope = document.scope.text();
    use->bind(1, document.doc).bind(2, std::string_view(scope));
    return use->step() ? use->integer(0) : 0;
}

std::optional<ListedDocument> FollowingView::document(DocumentKey const& document) const {
    Statement statement(*m_db, std::string(kDocumentColumns) + "WHERE d.doc=?1 AND d.scope=?2");
    statement.bind(1, document.doc).bind(2, std::string_view(document.scope.text()));
    if (!statement.step()) return std::nullopt;
    return listed(statement);
}

std::vector<DocumentKey> FollowingView::find(std::string_view prefix) const {
    std::size_t constexpr digits = 2 * DocumentId::size;
    if (prefix.size() < 4 || prefix.size() > digits) return {};
    std::string low(prefix), high(prefix);
    low.resize(digits, '0');
    high.resize(digits, 'f');
    auto const from = DocumentId::fromHex(low);
    auto const to = DocumentId::fromHex(high);
    if (!from || !to) return {};
    Statement statement(*m_db, "SELECT scope, doc FROM document WHERE doc BETWEEN ?1 AND ?2 ORDER BY doc, scope");
    statement.bind(1, *from).bind(2, *to);
    std::vector<DocumentKey> found;
    while (statement.step()) {
        found.push_back({Scope::parse(statement.text(0)).value_or(Scope{}), statement.token<DocumentId>(1)});
    }
    return found;
}

std::vector<DocumentId> FollowingView::sharedIds() const {
    Statement statement(*m_db, "SELECT doc FROM document GROUP BY doc HAVING count(*) > 1 ORDER BY doc");
    std::vector<DocumentId> found;
    while (statement.step()) found.push_back(statement.token<DocumentId>(0));
    return found;
}

std::vector<DifferenceRow> FollowingView::differences(DocumentKey const& document) const {
    Statement statement(*m_db,
                        "SELECT field, element, sides FROM difference WHERE document=?1 ORDER BY field, element");
    statement.bind(1, documentHandle(document));
    std::vector<DifferenceRow> found;
    while (statement.step()) {
        found.push_back(
            {std::string(statement.text(0)), std::string(statement.text(1)), std::string(statement.text(2))});
    }
    return found;
}

// --- items ---

ItemRow FollowingView::itemRow(Statement& statement) const {
    ItemRow row;
    row.item = {statement.integer(1) != 0 ? trust::Item::Kind::Record : trust::Item::Kind::Revision,
                statement.token<ObjectId>(0)};
    row.frame = statement.token<FrameId>(3);
    row.kind = text(statement.integer(4));
    row.scope = Scope::parse(text(statement.integer(5))).value_or(Scope{});
    if (auto person = PersonId::parse(text(statement.integer(6)))) row.person = *person;
    if (auto device = DeviceId::fromHex(text(statement.integer(7)))) row.device = *device;
    row.time = instantOf(statement.integer(8));
    row.counter = static_cast<std::uint16_t>(statement.integer(9));
    if (!statement.isNull(10)) row.verdict = trust::nameOf(static_cast<trust::Verdict>(statement.integer(10)));
    row.reason = text(statement.integer(11));
    row.about = statement.text(12);
    row.count = static_cast<Count>(statement.integer(13));
    if (!statement.isNull(14)) row.of = statement.token<ObjectId>(14);
    if (!statement.isNull(15)) row.doc = statement.token<DocumentId>(15);
    return row;
}

std::vector<ItemRow> FollowingView::items(DocumentKey const& document) const {
    Statement statement(*m_db, std::string(kItemColumns) + "WHERE i.document=?1" + std::string(kItemOrder));
    statement.bind(1, documentHandle(document));
    std::vector<ItemRow> found;
    while (statement.step()) found.push_back(itemRow(statement));
    return found;
}

std::vector<ItemRow> FollowingView::items(Count count) const {
    // Written out, because the index holds the few exceptions only, and SQLite wants to see its condition.
    std::string sql = std::string(kItemColumns) + "WHERE i.count=" + std::to_string(static_cast<int>(count));
    if (count < Count::Superseded) sql += " AND i.count < 4";
    Statement statement(*m_db, sql + std::string(kItemOrder));
    std::vector<ItemRow> found;
    while (statement.step()) found.push_back(itemRow(statement));
    return found;
}

std::optional<ItemRow> FollowingView::item(ObjectId const& id) const {
    Statement statement(*m_db, std::string(kItemColumns) + "WHERE i.key=?1 AND i.id=?2");
    statement.bind(1, itemKey(id)).bind(2, id);
    if (!statement.step()) return std::nullopt;
    return itemRow(statement);
}

std::vector<ItemRow> FollowingView::records(std::optional<ObjectId> of) const {
    Statement statement(
        *m_db, std::string(kItemColumns) +
                   (of ? "WHERE i.target=(SELECT item FROM item WHERE key=?1 AND id=?2)" : "WHERE i.record=1") +
                   std::string(kItemOrder));
    if (of) statement.bind(1, itemKey(*of)).bind(2, *of);
    std::vector<ItemRow> found;
    while (statement.step()) found.push_back(itemRow(statement));
    return found;
}

// --- forks and changes ---

std::vector<Fork> FollowingView::forks() const {
    std::vector<Fork> forks;
    if (!m_feedsLoaded) (void)findFeed({}, {});
    for (auto const& [key, feed] : m_feeds) {
        if (!feed.forked) continue;
        auto const tree = feedTree(feed.feed);
        std::unordered_map<FrameId, Incarnation> incarnations;
        {
            Use use(m_sql->framesOfFeed);
            use->bind(1, feed.feed);
            while (use->step()) {
                incarnations[use->token<FrameId>(1)] = Incarnation::fromHex(use->text(4)).value_or(Incarnation{});
            }
        }
        auto const tips = tree.tips();
        for (auto const& branches : tree.forks()) {
            Fork& fork = forks.emplace_back();
            fork.scope = feed.scope;
            fork.device = feed.device;
            fork.branches = branches;
            for (auto const& tip : tips) {
                if (std::any_of(branches.begin(), branches.end(), [&](FrameId const& first) {
                        return tree.isAncestorOrSelf(first, tip).value_or(false);
                    }))
                    fork.tips.push_back(tip);
            }
            std::set<Incarnation> seen;
            for (auto const& first : branches) {
                auto const branch = tree.branchOf(first);
                // A receipt comes before a confirm, and of several confirmed branches none is the one.
                if (branch == trust::Branch::Standing) fork.standing = first;
                if (!seen.insert(incarnations[first]).second) fork.sameIncarnation = true;
            }
            if (!fork.standing) {
                std::vector<FrameId> confirmed;
                for (auto const& first : branches) {
                    if (tree.branchOf(first) == trust::Branch::Confirmed) confirmed.push_back(first);
                }
                if (confirmed.size() == 1) fork.standing = confirmed.front();
            }
        }
    }
    std::sort(forks.begin(), forks.end(), [](Fork const& a, Fork const& b) {
        return std::tie(a.scope, a.device, a.branches) < std::tie(b.scope, b.device, b.branches);
    });
    return forks;
}

std::string FollowingView::generation() const { return meta("generation"); }

void FollowingView::changedSince(std::int64_t after, std::function<bool(ChangedDocument const&)> const& take) const {
    Statement statement(*m_db,
                        "SELECT changed, scope, doc, 0 FROM document WHERE changed>?1 "
                        "UNION ALL SELECT changed, scope, doc, 1 FROM gone WHERE changed>?1 ORDER BY 1");
    statement.bind(1, after);
    while (statement.step()) {
        ChangedDocument const changed{statement.integer(0), Scope::parse(statement.text(1)).value_or(Scope{}),
                                      statement.token<DocumentId>(2), statement.integer(3) != 0};
        if (!take(changed)) return;
    }
}

}  // namespace spiral::replica
