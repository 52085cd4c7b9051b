// What a line of the log brings: its frame and, by view_items.cpp, the items that the frame lists. Nothing is judged
// here; what became doubtful goes to the work list.
#include "view_impl.h"
#include "view_statements.h"

#include <algorithm>

namespace spiral::replica {

namespace {

void bindHandle(Statement& statement, int index, Handle handle) {
    if (handle == 0)
        statement.bindNull(index);
    else
        statement.bind(index, handle);
}

}  // namespace

void FollowingView::noteLine(LogLine const& line, Work& work) {
    if (line.what == LogLine::What::BodyRedacted) {
        redact(*ObjectId::fromBytes(line.frame.view()), work);
        return;
    }
    auto const header = m_replica.headerOf(line.frame);
    if (!header) throw SqliteError(SQLITE_CORRUPT, "following the log", "frame.missing");
    Handle const frame = noteFrame(line.frame, *header, work);
    FrameLine const known = frameAt(frame, work);
    for (std::uint32_t place = 0; place < header->items.size(); ++place)
        noteItem(known, place, header->items[place], work);
    work.frames.at(frame).isNew = std::all_of(header->items.begin(), header->items.end(), [&](trust::Item const& item) {
        return work.freshItems.contains(item.id);
    });
}

Handle FollowingView::noteFrame(FrameId const& id, trust::FrameHeader const& header, Work& work) {
    Handle handle = 0;
    {
        Use use(m_sql->frameById);
        use->bind(1, id);
        if (use->step()) {
            handle = use->integer(0);
            if (!use->isNull(1)) return handle;  // a second line: its payload came
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
        // Which frames lie below a cut, and whose acts stand, may be answered differently from here up. All of them are
        // doubted once a batch: a feed may fork in as many places as it has frames.
        auto const seq = static_cast<std::int64_t>(line.seq);
        auto const [place, isNew] = work.parted.try_emplace(feed.feed, seq);
        if (!isNew) place->second = std::min(place->second, seq);
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
        line.receipt = trust::Receipt{
            Instant{std::chrono::milliseconds{use->integer(7)}}, static_cast<std::uint64_t>(use->integer(8)),
            static_cast<std::uint32_t>(use->integer(9)), static_cast<std::uint32_t>(use->integer(10))};
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

// --- doubt ---

void FollowingView::doubt(Handle item, Handle document, RowState state, Work& work) {
    if (document != 0)
        work.documents.insert(document);
    else if (state == RowState::Read || state == RowState::Newer)
        work.alone.insert(item);
}

void FollowingView::wait(Handle awaited, Handle subject) {
    m_someWait = true;
    Use use(m_sql->wait);
    use->bind(1, awaited).bind(2, subject).run();
}

void FollowingView::waitNoMore(Handle subject) {
    if (!m_someWait) return;
    Use use(m_sql->waitNoMore);
    use->bind(1, subject).run();
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
        if (subject > 0)
            work.documents.insert(subject);
        else
            work.alone.insert(-subject);
    }
}

void FollowingView::doubtItemsOf(Handle frame, Work& work) {
    writeFresh(work);
    FrameLine const& line = frameAt(frame, work);
    // Which items a frame lists is asked seldom: an index that says it would cost more than reading the header again.
    auto const header = line.feed == 0 ? std::nullopt : m_replica.headerOf(line.id);
    if (!header) return;
    for (auto const& item : header->items) {
        if (auto const known = findItem(item.id)) {
            doubt(known->second.item, known->second.document, known->second.state, work);
        }
    }
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
