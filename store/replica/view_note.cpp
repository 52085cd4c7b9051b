// What a line of the log brings: its frame, the items that the frame lists, and for each row the document it belongs to.
// Nothing is judged here; what became doubtful goes to the work list.
#include "view_impl.h"
#include "view_statements.h"

#include "base/json.h"

#include <algorithm>

namespace spiral::replica {

namespace {

std::int64_t milliseconds(Instant instant) { return instant.time_since_epoch().count(); }

void bindHandle(Statement& statement, int index, Handle handle) {
    if (handle == 0) statement.bindNull(index);
    else statement.bind(index, handle);
}

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

void FollowingView::noteLine(LogLine const& line, Work& work) {
    if (line.what == LogLine::What::BodyRedacted) {
        redact(*ObjectId::fromBytes(line.frame.view()), work);
        return;
    }
    auto const bytes = m_replica.frameBytes(line.frame);
    auto const header = bytes ? trust::decodeFrameHeader(bytes->header)
                              : Result<trust::FrameHeader>(makeError(ErrorCode::Damaged, "frame.missing"));
    if (!header) throw SqliteError(SQLITE_CORRUPT, "following the log", header.error().reason);
    Handle const frame = noteFrame(line.frame, *header, work);
    FrameLine const known = frameAt(frame, work);
    for (std::uint32_t place = 0; place < header->items.size(); ++place) noteItem(known, place, header->items[place], work);
}

Handle FollowingView::noteFrame(FrameId const& id, trust::FrameHeader const& header, Work& work) {
    Handle handle = 0;
    {
        Use use(m_sql->frameById);
        use->bind(1, id);
        if (use->step()) {
            handle = use->integer(0);
            if (!use->isNull(1)) return handle;   // a second line: its payload came
        }
    }
    bool const wasNamed = handle != 0;
    FrameLine line;
    line.frame = wasNamed ? handle : m_nextFrame++;
    line.id = id;
    line.seq = header.seq;
    line.school = nameOf(header.school.hex());
    line.point = header.reg ? pointOf(*header.reg) : 0;
    FeedLine& feed = feedOf(header.device, header.scope);
    line.feed = feed.feed;
    if (header.prev) {
        Use use(m_sql->frameById);
        use->bind(1, *header.prev);
        if (use->step()) line.prev = use->integer(0);
    }
    {
        Handle const incarnation = nameOf(header.inc.hex());
        Use use(m_sql->addFrame);
        use->bind(1, line.frame).bind(2, id).bind(3, line.feed).bind(4, static_cast<std::int64_t>(line.seq));
        bindHandle(*use, 5, line.prev);
        use->bind(6, line.school);
        bindHandle(*use, 7, line.point);
        use->bind(8, incarnation).bind(9, std::int64_t{header.schema != trust::FrameHeader::kSchema}).run();
    }
    work.frames[line.frame] = line;
    bool forksHere = false;
    {
        Use use(m_sql->sibling);
        use->bind(1, line.feed).bind(2, static_cast<std::int64_t>(line.seq)).bind(3, line.frame);
        bindHandle(*use, 4, line.prev);
        forksHere = use->step();
    }
    if (forksHere) {
        if (!feed.forked) {
            Use use(m_sql->forkFeed);
            use->bind(1, feed.feed).run();
            feed.forked = true;
        }
        // Which frames lie below a cut, and whose acts stand, may be answered differently from here up.
        doubtFrames(feed.feed, static_cast<std::int64_t>(line.seq), work);
    }
    if (feed.forked) {
        m_trees.erase(feed.feed);
        work.branching.insert(feed.feed);
    }
    if (wasNamed) {
        work.receiptedFrames.insert(line.frame);
        wake(line.frame, work);
    }
    return line.frame;
}

FrameLine const& FollowingView::frameAt(Handle frame, Work& work) const {
    auto const [place, isNew] = work.frames.try_emplace(frame);
    if (!isNew) return place->second;
    Use use(m_sql->frameAt);
    use->bind(1, frame);
    if (!use->step()) throw SqliteError(SQLITE_CORRUPT, "reading the view", "a frame is not there");
    FrameLine& line = place->second;
    line.frame = frame;
    line.id = use->token<FrameId>(0);
    line.feed = use->integer(1);
    line.seq = static_cast<std::uint64_t>(use->integer(2));
    line.prev = use->integer(3);
    line.school = use->integer(4);
    line.point = use->integer(5);
    line.branch = static_cast<trust::Branch>(use->integer(6));
    if (!use->isNull(7)) {
        line.receipt = trust::Receipt{Instant{std::chrono::milliseconds{use->integer(7)}},
                                      static_cast<std::uint64_t>(use->integer(8)), static_cast<std::uint32_t>(use->integer(9)),
                                      static_cast<std::uint32_t>(use->integer(10))};
    }
    return line;
}

Handle FollowingView::namedFrame(FrameId const& id) {
    {
        Use use(m_sql->frameById);
        use->bind(1, id);
        if (use->step()) return use->integer(0);
    }
    Handle const handle = m_nextFrame++;
    Use use(m_sql->nameFrame);
    use->bind(1, handle).bind(2, id).run();
    return handle;
}

// --- items -------------------------------------------------------------------------------------------------------------

void FollowingView::noteItem(FrameLine const& frame, std::uint32_t place, trust::Item const& item, Work& work) {
    ++work.items;
    bool const isRecord = item.kind == trust::Item::Kind::Record;
    std::optional<std::pair<ObjectId, ItemLine>> known;
    {
        Use use(m_sql->itemById);
        use->bind(1, item.id);
        known = readItem(*use);
    }
    if (!known || known->second.frame == 0) {
        ++m_total;
        Handle const handle = known ? known->second.item : m_nextItem++;
        {
            Use use(m_sql->addItem);
            use->bind(1, handle).bind(2, item.id).bind(3, frame.frame).bind(4, std::int64_t{place});
            use->bind(5, std::int64_t{isRecord}).bind(6, static_cast<std::int64_t>(RowState::Missing)).run();
        }
        takeRow(handle, item.id, work);
        return;
    }
    ItemLine const& line = known->second;
    bool const isNewPlace = line.frame != frame.frame;
    if (isNewPlace) {
        Use use(m_sql->addPlace);
        use->bind(1, line.item).bind(2, frame.frame).bind(3, std::int64_t{place}).run();
        if (!line.more) {
            Use more(m_sql->setPlace);
            more->bind(1, line.item).bind(2, line.frame).bind(3, std::int64_t{line.place}).bind(4, std::int64_t{1}).run();
        }
        choosePlace(line.item, work);
    }
    // Nobody honest lists a row as what it is not; then both tables are asked again, so that order does not matter.
    if (line.isRecord && !isRecord && line.state == RowState::Missing) {
        Statement statement(*m_db, "UPDATE item SET record=0 WHERE item=?1");
        statement.bind(1, line.item).run();
    }
    if (line.state == RowState::Missing || line.isRecord != isRecord) takeRow(line.item, item.id, work);
    else if (isNewPlace) doubt(line.item, line.document, line.state, work);
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

/// Reads an item's bytes, if they are held, and finds out what it belongs to.
void FollowingView::takeRow(Handle item, ObjectId const& id, Work& work) {
    auto const before = itemAt(item);
    bool isRecord = before.second.isRecord;
    std::optional<Bytes> bytes[2];   // as revision, as record
    bytes[0] = m_replica.revisionBytes(id);
    if (!bytes[0] || isRecord || before.second.more) {
        if (auto record = m_replica.recordBytes(id)) bytes[1] = std::move(record->bytes);
    }
    // The table in which the bytes make most sense; that of revisions where both do.
    RowState state = RowState::Missing;
    RowObject object = trust::Unread{};
    bool foundRecord = isRecord;
    auto const rank = [](RowState of) {
        return of == RowState::Read ? 3 : of == RowState::Newer ? 2 : of == RowState::Malformed ? 1 : 0;
    };
    for (int table = 0; table < 2; ++table) {
        if (!bytes[table] || state == RowState::Read) continue;
        RowState found = RowState::Malformed;
        RowObject read = trust::Unread{};
        auto const take = [&](auto decoded) {
            if (decoded) {
                read = std::move(*decoded);
                found = RowState::Read;
            } else if (decoded.error().code == ErrorCode::Unsupported) {
                found = RowState::Newer;
            }
        };
        if (table == 0) take(trust::decodeRevision(*bytes[table]));
        else take(trust::decodeRecord(*bytes[table]));
        if (rank(found) > rank(state)) {
            state = found;
            object = std::move(read);
            foundRecord = table == 1;
        }
    }
    auto const* record = std::get_if<trust::Record>(&object);
    bool const mayBeRedacted = !record || !trust::standsForItself(*record);
    if (mayBeRedacted && !m_replica.registry().empty() && m_replica.registry().isRedacted(id)) state = RowState::Redacted;
    if (before.second.state != RowState::Missing) detach(item, work);
    if (state == RowState::Missing) {
        setMissing(item, work);
        return;
    }
    work.bytes += (bytes[0] ? bytes[0]->size() : 0) + (bytes[1] ? bytes[1]->size() : 0);

    Handle document = 0, target = 0, kind = 0, scope = 0, person = 0, device = 0;
    std::optional<std::int64_t> time, counter;
    if (auto const* revision = std::get_if<trust::Revision>(&object); revision && state == RowState::Read) {
        document = documentOf(revision->scope, revision->doc, work);
        kind = nameOf(revision->type);
        scope = nameOf(revision->scope.text());
        person = nameOf(revision->by.person.text());
        device = nameOf(revision->by.device.hex());
        time = milliseconds(revision->time.wall);
        counter = revision->time.counter;
    } else if (record && state == RowState::Read) {
        kind = nameOf(record->kind);
        scope = nameOf(record->scope.text());
        person = nameOf(record->by.person.text());
        device = nameOf(record->by.device.hex());
        time = milliseconds(record->time);
        if (record->of && !trust::standsForItself(*record)) target = targetItem(record->of->id);
    } else if (state == RowState::Newer) {
        // Not to be read, but where it belongs can be told: whatever refers to it then says why it waits.
        auto const value = json::parse(*bytes[foundRecord ? 1 : 0]);
        auto const* members = value ? value->asObject() : nullptr;
        auto const textAt = [&](std::string_view key) { return members ? json::stringAt(*members, key) : nullptr; };
        if (auto const* name = textAt(foundRecord ? "kind" : "type"); name && isVersionedName(*name)) kind = nameOf(*name);
        auto const* scopeText = textAt("scope");
        auto const ownScope = scopeText ? Scope::parse(*scopeText) : std::nullopt;
        if (ownScope) scope = nameOf(ownScope->text());
        if (foundRecord) {
            auto const* of = members ? json::objectAt(*members, "of") : nullptr;
            auto const* text = of ? json::stringAt(*of, "id") : nullptr;
            if (auto const id32 = text ? ObjectId::fromHex(*text) : std::nullopt) target = targetItem(*id32);
        } else if (auto const* text = textAt("doc"); text && ownScope) {
            if (auto const doc = DocumentId::fromHex(*text)) document = documentOf(*ownScope, *doc, work);
        }
    }
    {
        Use use(m_sql->addItem);
        use->bind(1, item).bind(2, id);
        auto const now = itemAt(item);
        use->bind(3, now.second.frame).bind(4, std::int64_t{now.second.place}).bind(5, std::int64_t{foundRecord});
        use->bind(6, static_cast<std::int64_t>(state));
        bindHandle(*use, 7, document);
        bindHandle(*use, 8, target);
        bindHandle(*use, 9, kind);
        bindHandle(*use, 10, scope);
        bindHandle(*use, 11, person);
        bindHandle(*use, 12, device);
        if (time) use->bind(13, *time);
        if (counter) use->bind(14, *counter);
        use->run();
    }
    auto const now = itemAt(item);
    if (state == RowState::Malformed) {
        classify(now.second, static_cast<int>(trust::Verdict::Invalid), Count::Quarantined, "malformed", {});
        return;
    }
    if (state == RowState::Redacted) {
        classify(now.second, -1, Count::Redacted, {}, {});
        return;
    }
    if (before.second.more) choosePlace(item, work);
    if (record && nameWithoutVersion(record->kind) == "receipt") noteReceipt(item, *record, work);
    if (record && nameWithoutVersion(record->kind) == "confirm") noteConfirm(item, *record, work);
    work.objects.insert_or_assign(item, std::move(object));
    if (target != 0) {
        auto const held = itemAt(target);
        if (held.second.document != 0) document = held.second.document;
    }
    if (document != 0) belongTo(item, document, work);
    else work.alone.insert(item);
}

/// An item and every record on it, and on those, become part of a document.
void FollowingView::belongTo(Handle item, Handle document, Work& work) {
    work.documents.insert(document);
    std::vector<Handle> tree{item};
    for (std::size_t next = 0; next < tree.size(); ++next) {
        {
            Use use(m_sql->setDocument);
            use->bind(1, tree[next]).bind(2, document).run();
        }
        {
            Use use(m_sql->waitNoMore);
            use->bind(1, -tree[next]).run();
        }
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
    {
        Use use(m_sql->waitNoMore);
        use->bind(1, -item).run();
    }
    {
        Use use(m_sql->dropReceipt);
        use->bind(1, item).run();
    }
    Use use(m_sql->dropConfirm);
    use->bind(1, item).run();
}

Handle FollowingView::targetItem(ObjectId const& id) {
    {
        Use use(m_sql->itemById);
        use->bind(1, id);
        if (use->step()) return use->integer(0);
    }
    Handle const handle = m_nextItem++;
    Use use(m_sql->nameItem);
    use->bind(1, handle).bind(2, id).run();
    return handle;
}

Handle FollowingView::documentOf(Scope const& scope, DocumentId const& doc, Work& work) {
    {
        Use use(m_sql->documentByDoc);
        use->bind(1, doc).bind(2, std::string_view(scope.text()));
        if (use->step()) return use->integer(0);
    }
    auto const [place, isNew] = work.newDocuments.try_emplace({doc, scope}, m_nextDocument);
    if (isNew) work.documentNames[m_nextDocument++] = {scope, doc};
    return place->second;
}

/// Why the bytes of a listed item are not there.
void FollowingView::setMissing(Handle item, Work& work) {
    auto const line = itemAt(item).second;
    if (!m_replica.registry().empty() && m_replica.registry().isRedacted(itemAt(item).first)) {
        classify(line, -1, Count::Redacted, {}, {});
        return;
    }
    std::vector<Handle> frames{line.frame};
    if (line.more) {
        Use use(m_sql->placesOf);
        use->bind(1, item);
        while (use->step()) frames.push_back(use->integer(0));
    }
    bool const newer = std::all_of(frames.begin(), frames.end(), [&](Handle frame) {
        Use use(m_sql->frameIsNewer);
        use->bind(1, frame);
        return use->step() && use->integer(0) != 0;
    });
    (void)work;
    classify(line, -1, Count::Pending, newer ? "newer-schema" : "payload-wanted", {});
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
    std::optional<std::pair<ObjectId, ItemLine>> known;
    {
        Use use(m_sql->itemById);
        use->bind(1, id);
        known = readItem(*use);
    }
    if (known && known->second.frame != 0) takeRow(known->second.item, id, work);
}

// --- doubt -------------------------------------------------------------------------------------------------------------

void FollowingView::doubt(Handle item, Handle document, RowState state, Work& work) {
    if (document != 0) work.documents.insert(document);
    else if (state == RowState::Read || state == RowState::Newer) work.alone.insert(item);
}

void FollowingView::wake(Handle awaited, Work& work) {
    std::vector<Handle> subjects;
    {
        Use use(m_sql->waitingFor);
        use->bind(1, awaited);
        while (use->step()) subjects.push_back(use->integer(0));
    }
    if (subjects.empty()) return;
    {
        Use use(m_sql->wake);
        use->bind(1, awaited).run();
    }
    for (Handle const subject : subjects) {
        if (subject > 0) work.documents.insert(subject);
        else work.alone.insert(-subject);
    }
}

void FollowingView::doubtItemsOf(Handle frame, Work& work) {
    struct Doubtful {
        Handle item, document;
        RowState state;
    };
    std::vector<Doubtful> items;
    {
        Use use(m_sql->itemsOfFrame);
        use->bind(1, frame);
        while (use->step()) items.push_back({use->integer(0), use->integer(1), static_cast<RowState>(use->integer(2))});
    }
    for (auto const& each : items) doubt(each.item, each.document, each.state, work);
}

void FollowingView::doubtFrames(Handle feed, std::int64_t fromSeq, Work& work) {
    std::vector<Handle> frames;
    {
        Use use(m_sql->framesFrom);
        use->bind(1, feed).bind(2, fromSeq);
        while (use->step()) frames.push_back(use->integer(0));
    }
    for (Handle const frame : frames) doubtItemsOf(frame, work);
}

}  // namespace spiral::replica
