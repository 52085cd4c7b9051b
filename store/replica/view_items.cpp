// The items that frames list: their bytes read, the document each belongs to, and of several frames the one to show.
#include "view_impl.h"
#include "view_statements.h"

#include "base/json.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace spiral::replica {

namespace {

std::int64_t milliseconds(Instant instant) { return instant.time_since_epoch().count(); }

ItemLine lineFrom(Statement const& row) {
    ItemLine line;
    line.item = row.integer(0);
    line.frame = row.integer(1);
    line.place = static_cast<std::uint32_t>(row.integer(2));
    line.more = row.integer(3) != 0;
    line.isRecord = row.integer(4) != 0;
    line.state = static_cast<RowState>(row.integer(5));
    line.document = row.integer(6);
    line.target = row.integer(7);
    line.kind = row.integer(8);
    line.verdict = row.isNull(9) ? -1 : static_cast<int>(row.integer(9));
    line.reason = row.integer(10);
    line.about = row.text(11);
    line.count = row.isNull(12) ? -1 : static_cast<int>(row.integer(12));
    return line;
}

}  // namespace

std::int64_t itemKey(ObjectId const& id) {
    std::uint64_t key = 0;
    for (std::size_t i = 0; i < sizeof key; ++i) key = key << 8U | id.raw[i];
    return static_cast<std::int64_t>(key);
}

std::optional<std::pair<ObjectId, ItemLine>> readItem(Statement& statement) {
    if (!statement.step()) return std::nullopt;
    return std::pair(statement.token<ObjectId>(13), lineFrom(statement));
}

std::pair<ObjectId, ItemLine> FollowingView::itemAt(Handle item) const {
    Use use(m_sql->itemAt);
    use->bind(1, item);
    auto found = readItem(*use);
    if (!found) throw SqliteError(SQLITE_CORRUPT, "reading the view", "an item is not there");
    return std::move(*found);
}

void FollowingView::noteItem(FrameLine const& frame, std::uint32_t place, trust::Item const& item, Work& work) {
    ++work.items;
    bool const isRecord = item.kind == trust::Item::Kind::Record;
    writeFreshWith(item.id, work);
    auto const known = findItem(item.id);
    if (!known || known->second.frame == 0) {
        ++m_total;
        ItemLine line;
        line.item = known ? known->second.item : newItem(item.id);
        line.frame = frame.frame;
        line.place = place;
        line.isRecord = isRecord;
        takeRow(item.id, line, known ? Known::ByName : Known::Not, work);
        return;
    }
    ItemLine line = known->second;
    bool const isNewPlace = line.frame != frame.frame;
    if (isNewPlace) {
        Use use(m_sql->addPlace);
        use->bind(1, line.item).bind(2, frame.frame).bind(3, std::int64_t{place}).run();
        if (!line.more) {
            Use more(m_sql->setPlace);
            more->bind(1, line.item)
                .bind(2, line.frame)
                .bind(3, std::int64_t{line.place})
                .bind(4, std::int64_t{1})
                .run();
        }
        choosePlace(line.item, work);
        line = itemAt(line.item).second;
    }
    // Nobody honest lists a row as what it is not; then both tables are asked again, so that order does not matter.
    bool const asOther = line.isRecord != isRecord;
    if (asOther && line.state == RowState::Missing) line.isRecord = false;
    if (line.state == RowState::Missing || asOther)
        takeRow(item.id, line, Known::Listed, work);
    else if (isNewPlace)
        doubt(line.item, line.document, line.state, work);
}

std::optional<RowObject> FollowingView::readObject(ObjectId const& id, bool isRecord) const {
    if (isRecord) {
        auto const row = m_replica.recordBytes(id);
        auto record = row ? trust::decodeRecord(row->bytes) : Result<trust::Record>(Error{});
        if (record) return RowObject(std::move(*record));
        if (row && record.error().code == ErrorCode::Unsupported) return RowObject(trust::Unread{});
        return std::nullopt;
    }
    auto const row = m_replica.revisionBytes(id);
    auto revision = row ? trust::decodeRevision(*row) : Result<trust::Revision>(Error{});
    if (revision) return RowObject(std::move(*revision));
    if (row && revision.error().code == ErrorCode::Unsupported) return RowObject(trust::Unread{});
    return std::nullopt;
}

/// The bytes of an item and what they say. Nobody honest lists a row as what it is not; one that cannot be read where it
/// is listed is looked for in the other table, too. Of both the one in which the bytes make most sense, that of revisions
/// where they do in both: so it does not matter which of them filled first.
FollowingView::Taken FollowingView::readRow(ObjectId const& id, bool isRecord) const {
    Taken taken;
    taken.isRecord = isRecord;
    auto const rank = [](RowState state) {
        return state == RowState::Read ? 3 : state == RowState::Newer ? 2 : state == RowState::Malformed ? 1 : 0;
    };
    auto const take = [&](Bytes bytes, bool fromRecords, auto decoded) {
        RowState const state = decoded                                          ? RowState::Read
                               : decoded.error().code == ErrorCode::Unsupported ? RowState::Newer
                                                                                : RowState::Malformed;
        if (rank(state) < rank(taken.state) || (rank(state) == rank(taken.state) && fromRecords)) return;
        taken.state = state;
        taken.isRecord = fromRecords;
        taken.bytes = std::move(bytes);
        if (decoded) taken.object = std::move(*decoded);
    };
    for (bool const fromRecords : {isRecord, !isRecord}) {
        if (taken.state == RowState::Read) break;
        if (fromRecords) {
            auto record = m_replica.recordBytes(id);
            if (!record) continue;
            auto decoded = trust::decodeRecord(record->bytes);
            take(std::move(record->bytes), true, std::move(decoded));
        } else if (auto bytes = m_replica.revisionBytes(id)) {
            auto decoded = trust::decodeRevision(*bytes);
            take(std::move(*bytes), false, std::move(decoded));
        }
    }
    return taken;
}

/// Where an object that this program cannot read belongs: whatever refers to it then says why it waits.
void FollowingView::placeUnread(Taken const& taken, ItemLine& line, Handle& scope, Work& work) {
    auto const value = json::parse(taken.bytes);
    auto const* members = value ? value->asObject() : nullptr;
    if (!members) return;
    if (auto const* name = json::stringAt(*members, taken.isRecord ? "kind" : "type"); name && isVersionedName(*name)) {
        line.kind = nameOf(*name);
    }
    auto const* scopeText = json::stringAt(*members, "scope");
    auto const ownScope = scopeText ? Scope::parse(*scopeText) : std::nullopt;
    if (ownScope) scope = nameOf(ownScope->text());
    if (taken.isRecord) {
        auto const* of = json::objectAt(*members, "of");
        auto const* text = of ? json::stringAt(*of, "id") : nullptr;
        if (auto const id = text ? ObjectId::fromHex(*text) : std::nullopt)
            std::tie(line.target, line.document) = targetItem(*id, work);
    } else if (auto const* text = json::stringAt(*members, "doc"); text && ownScope) {
        if (auto const doc = DocumentId::fromHex(*text)) line.document = documentOf(*ownScope, *doc, work);
    }
}

/// Reads an item's bytes, if they are held, finds out what it belongs to, and writes its line.
void FollowingView::takeRow(ObjectId const& id, ItemLine line, Known known, Work& work) {
    Taken taken = readRow(id, line.isRecord);
    auto const* revision = taken.state == RowState::Read ? std::get_if<trust::Revision>(&taken.object) : nullptr;
    auto const* record = taken.state == RowState::Read ? std::get_if<trust::Record>(&taken.object) : nullptr;
    bool const alone = record && trust::standsForItself(*record);
    if (!alone && !m_replica.registry().empty() && m_replica.registry().isRedacted(id)) {
        taken.state = RowState::Redacted;
        revision = nullptr;
        record = nullptr;
    }
    if (line.state != RowState::Missing) detach(line.item, work);
    work.bytes += taken.bytes.size();

    line.state = taken.state;
    line.isRecord = taken.isRecord;
    line.document = line.target = line.kind = 0;
    FreshItem item;
    item.id = id;
    if (revision) {
        line.document = documentOf(revision->scope, revision->doc, work);
        line.kind = nameOf(revision->type);
        item.scope = nameOf(revision->scope.text());
        item.person = nameOf(revision->by.person.text());
        item.device = nameOf(revision->by.device.hex());
        item.time = milliseconds(revision->time.wall);
        item.counter = revision->time.counter;
    } else if (record) {
        line.kind = nameOf(record->kind);
        item.scope = nameOf(record->scope.text());
        item.person = nameOf(record->by.person.text());
        item.device = nameOf(record->by.device.hex());
        item.time = milliseconds(record->time);
        if (record->of && !alone) std::tie(line.target, line.document) = targetItem(record->of->id, work);
    } else if (taken.state == RowState::Newer) {
        placeUnread(taken, line, item.scope, work);
    }
    item.line = line;
    if (revision && known == Known::Not) {
        if (auto* document = work.newDocument(line.document); document && !document->itemsHaveRows) {
            item.object = std::move(taken.object);
            work.freshItems.emplace(id, line.document);
            document->fresh.push_back(std::move(item));
            return;
        }
    }
    writeFreshOf(line.document, work);
    writeItem(item);
    if (line.more) choosePlace(line.item, work);
    switch (taken.state) {
        case RowState::Missing: setMissing(id, line); return;
        case RowState::Malformed:
            classify(line, {static_cast<int>(trust::Verdict::Invalid), Count::Quarantined, "malformed", {}});
            return;
        case RowState::Redacted: classify(line, {-1, Count::Redacted, {}, {}}); return;
        case RowState::Read:
        case RowState::Newer: break;
    }
    if (record && nameWithoutVersion(record->kind) == "receipt") noteReceipt(line.item, *record, work);
    if (record && nameWithoutVersion(record->kind) == "confirm") noteConfirm(line.item, *record, work);
    work.objects.insert_or_assign(line.item, std::move(taken.object));
    if (line.document == 0)
        work.alone.insert(line.item);
    else if (known == Known::Not)
        work.documents.insert(line.document);
    else
        belongTo(line.item, line.document, work);
}

namespace {

/// Binds the columns of `item` in the order of ViewStatements::kItem to a row whose columns are all NULL.
template <class Row>
void bindItem(Row& row, FreshItem const& item) {
    ItemLine const& line = item.line;
    auto const bindIfAny = [&row](int column, Handle handle) {
        if (handle != 0) row.bind(column, handle);
    };
    row.bind(1, line.item).bind(2, item.id).bind(3, itemKey(item.id));
    row.bind(4, line.frame).bind(5, std::int64_t{line.place}).bind(6, std::int64_t{line.isRecord});
    row.bind(7, static_cast<std::int64_t>(line.state));
    bindIfAny(8, line.document);
    bindIfAny(9, line.target);
    bindIfAny(10, line.kind);
    bindIfAny(11, item.scope);
    bindIfAny(12, item.person);
    bindIfAny(13, item.device);
    if (item.time) row.bind(14, *item.time);
    if (item.counter) row.bind(15, *item.counter);
    if (line.verdict >= 0) row.bind(16, std::int64_t{line.verdict});
    bindIfAny(17, line.reason);
    if (!line.about.empty()) row.bind(18, std::string_view(line.about));
    if (line.count >= 0) row.bind(19, std::int64_t{line.count});
}

}  // namespace

void FollowingView::writeItem(FreshItem const& item) {
    Use use(m_sql->addItem);
    bindItem(*use, item);
    use->run();
}

/// Before the table is asked for items by anything but their id or document.
void FollowingView::writeFresh(Work& work) {
    if (work.freshItems.empty()) return;
    for (std::size_t i = 0; i < work.newDocuments.size(); ++i)
        writeFreshOf(work.firstNewDocument + static_cast<Handle>(i), work);
}

void FollowingView::writeFreshWith(ObjectId const& id, Work& work) {
    auto const found = work.freshItems.find(id);
    if (found != work.freshItems.end()) writeFreshOf(found->second, work);
}

/// From here to the end of the batch the document's items stand in the table.
void FollowingView::writeFreshOf(Handle document, Work& work) {
    auto* known = work.newDocument(document);
    if (!known) return;
    known->itemsHaveRows = true;
    for (auto& item : std::exchange(known->fresh, {})) {
        writeItem(item);
        work.freshItems.erase(item.id);
        work.objects.insert_or_assign(item.line.item, std::move(item.object));
    }
}

/// What was judged and has no row yet, at the end of the batch: many rows of one table after the other.
void FollowingView::writeNew(Work& work) {
    std::vector<FreshItem const*> items;
    items.reserve(work.freshItems.size());
    std::vector<std::pair<Handle, NewDocument const*>> documents;
    documents.reserve(work.newDocuments.size());
    Handle next = work.firstNewDocument;
    for (auto const& document : work.newDocuments) {
        for (auto const& item : document.fresh) items.push_back(&item);
        if (document.line) documents.emplace_back(next, &document);
        ++next;
    }
    m_sql->newItems.insert(items.size(), [&](std::size_t i, RowInserter::Row& row) { bindItem(row, *items[i]); });
    m_sql->newDocuments.insert(documents.size(), [&](std::size_t i, RowInserter::Row& row) {
        auto const& [handle, document] = documents[i];
        bindDocument(row, handle, document->scope, document->doc, *document->line);
    });
}

/// An item and every record on it, and on those, become part of a document.
void FollowingView::belongTo(Handle item, Handle document, Work& work) {
    writeFreshOf(document, work);
    work.documents.insert(document);
    std::vector<Handle> tree{item};
    for (std::size_t next = 0; next < tree.size(); ++next) {
        {
            Use use(m_sql->setDocument);
            use->bind(1, tree[next]).bind(2, document).run();
        }
        waitNoMore(-tree[next]);
        work.alone.erase(tree[next]);
        Use use(m_sql->itemsOn);
        use->bind(1, tree[next]);
        while (use->step()) tree.push_back(use->integer(0));
    }
}

/// The reverse: the bytes are not to be read any more, so the records on it wait for their target again.
void FollowingView::detach(Handle item, Work& work) {
    std::vector<Handle> tree{item};
    for (std::size_t next = 0; next < tree.size(); ++next) {
        auto const line = itemAt(tree[next]).second;
        if (line.document != 0) work.documents.insert(line.document);
        if (next > 0 && (line.state == RowState::Read || line.state == RowState::Newer)) work.alone.insert(line.item);
        work.objects.erase(line.item);
        {
            Use use(m_sql->setDocument);
            use->bind(1, line.item).bindNull(2).run();
        }
        Use use(m_sql->itemsOn);
        use->bind(1, tree[next]);
        while (use->step()) tree.push_back(use->integer(0));
    }
    work.alone.erase(item);
    setStanding(item, false, work);
    waitNoMore(-item);
    {
        Use use(m_sql->dropReceipt);
        use->bind(1, item).run();
    }
    Use use(m_sql->dropConfirm);
    use->bind(1, item).run();
}

/// The item of that id, listed or not, and the document it belongs to.
std::pair<Handle, Handle> FollowingView::targetItem(ObjectId const& id, Work& work) {
    writeFreshWith(id, work);
    if (auto const known = findItem(id)) return {known->second.item, known->second.document};
    Handle const handle = newItem(id);
    Use use(m_sql->nameItem);
    use->bind(1, handle).bind(2, id).bind(3, itemKey(id)).run();
    return {handle, 0};
}

Handle FollowingView::newItem(ObjectId const& id) {
    if (m_seen) m_seen->items.add(id.view());
    return m_nextItem++;
}

std::optional<std::pair<ObjectId, ItemLine>> FollowingView::findItem(ObjectId const& id) const {
    if (m_seen && !m_seen->items.perhaps(id.view())) return std::nullopt;
    Use use(m_sql->itemById);
    use->bind(1, itemKey(id)).bind(2, id);
    return readItem(*use);
}

Handle FollowingView::documentOf(Scope const& scope, DocumentId const& doc, Work& work) {
    if (!m_seen || m_seen->documents.perhaps(doc.view())) {
        Use use(m_sql->documentByDoc);
        use->bind(1, doc).bind(2, std::string_view(scope.text()));
        if (use->step()) return use->integer(0);
    }
    auto& sameIds = work.newDocumentsById[doc];
    for (Handle const same : sameIds) {
        if (work.newDocument(same)->scope == scope) return same;
    }
    if (m_seen) m_seen->documents.add(doc.view());
    auto& added = work.newDocuments.emplace_back();
    added.scope = scope;
    added.doc = doc;
    sameIds.push_back(m_nextDocument);
    return m_nextDocument++;
}

/// Why the bytes of a listed item are not there.
void FollowingView::setMissing(ObjectId const& id, ItemLine const& line) {
    if (!m_replica.registry().empty() && m_replica.registry().isRedacted(id)) {
        classify(line, {-1, Count::Redacted, {}, {}});
        return;
    }
    std::vector<Handle> frames{line.frame};
    if (line.more) {
        Use use(m_sql->placesOf);
        use->bind(1, line.item);
        while (use->step()) frames.push_back(use->integer(0));
    }
    bool const newer = std::all_of(frames.begin(), frames.end(), [&](Handle frame) {
        Use use(m_sql->frameIsNewer);
        use->bind(1, frame);
        return use->step() && use->integer(0) != 0;
    });
    classify(line, {-1, Count::Pending, newer ? "newer-schema" : "payload-wanted", {}});
}

/// Shows the frame that a row of this device and scope belongs into, and of several the one with the smallest id, so
/// that the order of their coming does not matter.
void FollowingView::choosePlace(Handle item, Work& work) {
    auto const line = itemAt(item).second;
    Handle device = 0, scope = 0;
    {
        Statement statement(*m_db, "SELECT device, scope FROM item WHERE item=?1");
        statement.bind(1, item);
        if (statement.step()) {
            device = statement.integer(0);
            scope = statement.integer(1);
        }
    }
    std::vector<std::pair<Handle, std::int64_t>> places{{line.frame, std::int64_t{line.place}}};
    {
        Use use(m_sql->placesOf);
        use->bind(1, item);
        while (use->step()) places.emplace_back(use->integer(0), use->integer(1));
    }
    auto const better = [&](auto const& a, auto const& b) {
        auto const key = [&](Handle frame) {
            FrameLine const& at = frameAt(frame, work);
            FeedLine const& feed = feedAt(at.feed);
            bool const foreign = nameOf(feed.device.hex()) != device || nameOf(feed.scope.text()) != scope;
            return std::pair(foreign, at.id);
        };
        return key(a.first) < key(b.first);
    };
    auto const best = *std::min_element(places.begin(), places.end(), better);
    if (best.first == line.frame) return;
    {
        Use use(m_sql->addPlace);
        use->bind(1, item).bind(2, line.frame).bind(3, std::int64_t{line.place}).run();
    }
    {
        Use use(m_sql->dropPlace);
        use->bind(1, item).bind(2, best.first).run();
    }
    {
        Use use(m_sql->setPlace);
        use->bind(1, item).bind(2, best.first).bind(3, best.second).bind(4, std::int64_t{1}).run();
    }
    // A receipt's order is that of its frame.
    if (line.state == RowState::Read && line.isRecord && line.document == 0 && line.target == 0) {
        auto const id = itemAt(item).first;
        auto const object = readObject(id, true);
        auto const* record = object ? std::get_if<trust::Record>(&*object) : nullptr;
        if (!record) return;
        if (nameWithoutVersion(record->kind) == "receipt") noteReceipt(item, *record, work);
        if (nameWithoutVersion(record->kind) == "confirm") noteConfirm(item, *record, work);
    }
}

void FollowingView::redact(ObjectId const& id, Work& work) {
    writeFreshWith(id, work);
    auto const known = findItem(id);
    if (known && known->second.frame != 0) takeRow(id, known->second, Known::Listed, work);
}

}  // namespace spiral::replica
