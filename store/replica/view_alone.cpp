// Records that stand alone: receipts and confirms, registry entries, and records whose target is not held. Receipts
// give the time of other frames; receipts and confirms decide which branch of a forked feed stands.
#include "view_impl.h"
#include "view_statements.h"

#include <algorithm>

namespace spiral::replica {

namespace {

std::int64_t milliseconds(Instant instant) { return instant.time_since_epoch().count(); }

std::optional<trust::Receipt> receiptFrom(Statement const& row, int column) {
    if (row.isNull(column)) return std::nullopt;
    return trust::Receipt{
        Instant{std::chrono::milliseconds{row.integer(column)}}, static_cast<std::uint64_t>(row.integer(column + 1)),
        static_cast<std::uint32_t>(row.integer(column + 2)), static_cast<std::uint32_t>(row.integer(column + 3))};
}

}  // namespace

void FollowingView::settleAlone(Work& work) {
    while (!work.alone.empty() || !work.receiptedFrames.empty() || !work.branching.empty()) {
        for (Handle const item : std::exchange(work.alone, {})) judgeItem(item, work);
        for (Handle const frame : std::exchange(work.receiptedFrames, {})) chooseReceipt(frame, work);
        if (work.alone.empty() && !work.branching.empty()) settleBranches(work);
    }
}

/// A record without document. What it waits for is remembered; a receipt or confirm that begins or ceases to stand
/// makes the frames it names doubtful.
void FollowingView::judgeItem(Handle item, Work& work) {
    auto const found = itemAt(item);
    auto const& [id, line] = found;
    if (line.frame == 0 || line.document != 0 || (line.state != RowState::Read && line.state != RowState::Newer))
        return;
    waitNoMore(-item);
    trust::Row const row = rowOf(id, line, work);
    auto const judgement = trust::judgeAlone(
        row, m_replica.registry(), standsBelow([&](FrameId const& awaited) { wait(namedFrame(awaited), -item); }));
    if (waitsForRegistry(row)) wait(0, -item);
    classify(line, standingOf(judgement, Count::Current, {}));
    if (auto const* record = row.record(); record && trust::standsForItself(*record) && !work.settled.contains(item)) {
        setStanding(item, trust::stands(judgement.verdict), work);
    }
}

// --- receipts and confirms ---

void FollowingView::noteReceipt(Handle item, trust::Record const& record, Work& work) {
    setStanding(item, false, work);
    {
        Use use(m_sql->dropReceipt);
        use->bind(1, item).run();
    }
    work.alone.insert(item);
    auto const body = trust::receiptBodyFrom(record.body);
    if (!body) return;
    auto const line = itemAt(item).second;
    FrameLine const at = frameAt(line.frame, work);
    for (std::size_t list = 0; list < body->frames.size(); ++list) {
        Handle const frame = namedFrame(body->frames[list]);
        Use use(m_sql->addReceipt);  // a frame listed twice keeps its first place
        use->bind(1, frame).bind(2, item).bind(3, at.feed).bind(4, static_cast<std::int64_t>(at.seq));
        use->bind(5, std::int64_t{line.place})
            .bind(6, static_cast<std::int64_t>(list))
            .bind(7, milliseconds(body->time))
            .run();
    }
    if (feedAt(at.feed).forked) work.branching.insert(at.feed);
}

void FollowingView::noteConfirm(Handle item, trust::Record const& record, Work& work) {
    setStanding(item, false, work);
    {
        Use use(m_sql->dropConfirm);
        use->bind(1, item).run();
    }
    work.alone.insert(item);
    auto const tip = trust::confirmedTip(record.body);
    if (!tip) return;
    FrameLine const at = frameAt(itemAt(item).second.frame, work);
    Handle const frame = namedFrame(*tip);
    Use use(m_sql->addConfirm);
    use->bind(1, frame).bind(2, item).bind(3, at.feed).run();
    if (feedAt(at.feed).forked) work.branching.insert(at.feed);
}

void FollowingView::setStanding(Handle item, bool stands, Work& work) {
    for (bool const receipts : {true, false}) {
        std::vector<Handle> changed;
        {
            Use use(receipts ? m_sql->receiptFrames : m_sql->confirmFrames);
            use->bind(1, item);
            while (use->step()) {
                if ((use->integer(1) != 0) != stands) changed.push_back(use->integer(0));
            }
        }
        if (changed.empty()) continue;
        {
            Use use(receipts ? m_sql->setReceiptStands : m_sql->setConfirmStands);
            use->bind(1, item).bind(2, std::int64_t{stands}).run();
        }
        for (Handle const frame : changed) {
            if (receipts) {
                work.receiptedFrames.insert(frame);
            } else if (Handle const feed = frameAt(frame, work).feed; feed != 0 && feedAt(feed).forked) {
                m_trees.erase(feed);
                work.branching.insert(feed);
            }
        }
    }
}

/// The earliest receipt that stands. One of another scope says nothing, nor does one that a server gives its own frame.
void FollowingView::chooseReceipt(Handle frame, Work& work) {
    FrameLine at = frameAt(frame, work);
    if (at.feed == 0) return;  // named only
    FeedLine const& feed = feedAt(at.feed);
    std::optional<trust::Receipt> best;
    {
        Use use(m_sql->receiptsOf);
        use->bind(1, frame);
        while (use->step()) {
            FeedLine const& giver = feedAt(use->integer(0));
            if (giver.scope != feed.scope || giver.device == feed.device) continue;
            trust::Receipt const receipt{
                Instant{std::chrono::milliseconds{use->integer(4)}}, static_cast<std::uint64_t>(use->integer(1)),
                static_cast<std::uint32_t>(use->integer(2)), static_cast<std::uint32_t>(use->integer(3))};
            if (!best || receipt < *best) best = receipt;
        }
    }
    if (best == at.receipt) return;
    work.frames[frame].receipt = best;
    {
        Use use(m_sql->setReceipt);
        use->bind(1, frame);
        if (best) {
            use->bind(2, milliseconds(best->time)).bind(3, static_cast<std::int64_t>(best->feedSeq));
            use->bind(4, std::int64_t{best->itemPlace}).bind(5, std::int64_t{best->listPlace});
        }
        use->run();
    }
    if (!at.isNew) doubtItemsOf(frame, work);
    if (feed.forked) {
        m_trees.erase(feed.feed);
        work.branching.insert(feed.feed);
    }
}

// --- branches ---

/// Which branches stand may rest on receipts and confirms that lie on branches themselves. Those are settled together,
/// beginning with none of them standing and going on in rounds, so that what comes out depends on what is held alone
/// and not on what was held before.
void FollowingView::settleBranches(Work& work) {
    std::set<Handle> feeds = std::exchange(work.branching, {});
    std::set<Handle> entangled;
    {
        Use use(m_sql->entangled);
        while (use->step()) entangled.insert(use->integer(0));
    }
    if (entangled.empty()) {
        for (Handle const feed : feeds) branch(feed, work);
        return;
    }
    for (auto const& [key, line] : m_feeds) {
        if (line.forked) feeds.insert(line.feed);
    }
    auto const spread = [&] {
        for (Handle const frame : std::exchange(work.receiptedFrames, {})) chooseReceipt(frame, work);
        for (Handle const feed : feeds) branch(feed, work);
        work.branching.clear();
    };
    for (Handle const item : entangled) setStanding(item, false, work);
    spread();
    std::set<Handle> standing;
    for (std::size_t round = 0; round <= entangled.size() + 1; ++round) {
        std::set<Handle> now;
        for (Handle const item : entangled) {
            auto const [id, line] = itemAt(item);
            trust::Row const row = rowOf(id, line, work);
            auto const judgement = trust::judgeAlone(row, m_replica.registry(), standsBelow([](FrameId const&) {}));
            if (trust::stands(judgement.verdict)) now.insert(item);
        }
        if (now == standing) break;
        standing = std::move(now);
        for (Handle const item : entangled) setStanding(item, standing.contains(item), work);
        spread();
    }
    work.settled = entangled;
    work.alone.insert(entangled.begin(), entangled.end());
}

trust::Feed FollowingView::feedTree(Handle feed) const {
    trust::Feed tree;
    {
        Use use(m_sql->framesOfFeed);
        use->bind(1, feed);
        while (use->step()) {
            trust::FeedFrame frame;
            frame.id = use->token<FrameId>(1);
            if (!use->isNull(2)) frame.prev = use->token<FrameId>(2);
            frame.seq = static_cast<std::uint64_t>(use->integer(3));
            frame.inc = Incarnation::fromHex(use->text(4)).value_or(Incarnation{});
            frame.receipt = receiptFrom(*use, 6);
            tree.add(std::move(frame));
        }
    }
    Scope const& scope = feedAt(feed).scope;
    tree.setCuts(trust::cutsOfFeed(m_replica.registry(), feedAt(feed).device, scope));
    Use use(m_sql->confirmsOf);
    use->bind(1, feed);
    while (use->step()) {
        if (feedAt(use->integer(1)).scope == scope) tree.confirm(use->token<FrameId>(0));
    }
    return tree;
}

void FollowingView::branch(Handle feed, Work& work) {
    if (!feedAt(feed).forked) return;
    m_trees.erase(feed);
    auto const& tree = *m_trees.emplace(feed, std::make_unique<trust::Feed>(feedTree(feed))).first->second;
    std::vector<std::pair<Handle, trust::Branch>> changed;
    {
        Use use(m_sql->framesOfFeed);
        use->bind(1, feed);
        while (use->step()) {
            auto const branch = tree.branchOf(use->token<FrameId>(1));
            if (branch != static_cast<trust::Branch>(use->integer(5))) changed.emplace_back(use->integer(0), branch);
        }
    }
    for (auto const& [frame, branch] : changed) {
        {
            Use use(m_sql->setBranch);
            use->bind(1, frame).bind(2, static_cast<std::int64_t>(branch)).run();
        }
        (void)frameAt(frame, work);
        work.frames[frame].branch = branch;
        doubtItemsOf(frame, work);
    }
}

/// Answers from the frames that the view has seen. What is asked about and not held is told to `notHeld`.
trust::StandsBelow FollowingView::standsBelow(std::function<void(FrameId const&)> notHeld) const {
    return [this, notHeld = std::move(notHeld)](DeviceId const& device, Scope const& scope, FrameId const& frame,
                                                FrameId const& cut) -> std::optional<bool> {
        Handle cutFeed = 0;
        std::int64_t cutSeq = 0;
        {
            Use use(m_sql->frameById);
            use->bind(1, cut);
            if (use->step()) {
                cutFeed = use->integer(1);
                cutSeq = use->integer(2);
            }
        }
        if (cutFeed == 0) {
            notHeld(cut);
            return std::nullopt;
        }
        auto const* feed = findFeed(device, scope);
        if (!feed || feed->feed != cutFeed) return std::nullopt;  // it is held, and not of this feed
        if (frame == cut) return true;
        if (feed->forked) {
            auto& tree = m_trees[feed->feed];
            if (!tree) tree = std::make_unique<trust::Feed>(feedTree(feed->feed));
            return tree->isAncestorOrSelf(frame, cut);
        }
        Use use(m_sql->frameById);
        use->bind(1, frame);
        return use->step() && !use->isNull(1) && use->integer(1) == cutFeed && use->integer(2) <= cutSeq;
    };
}

}  // namespace spiral::replica
