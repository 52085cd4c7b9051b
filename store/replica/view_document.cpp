// A document judged and projected anew, as a whole: the same code for the first row of it and for a change in the
// registry years later, which is why following and rebuilding give the same rows.
#include "view_impl.h"
#include "view_statements.h"

#include "base/sha256.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace spiral::replica {

namespace {

/// What one row of `document` and its differences are made of, as one number.
class Digest {
public:
    void add(std::string_view text) {
        add(static_cast<std::int64_t>(text.size()));
        m_text.append(text);
    }
    void add(std::int64_t number) { m_text.append(reinterpret_cast<char const*>(&number), sizeof number); }
    void add(ByteView bytes) { m_text.append(asText(bytes)); }
    void reserve(std::size_t bytes) { m_text.reserve(bytes); }
    [[nodiscard]] std::int64_t finish() const {
        auto const hash = sha256(asBytes(m_text));
        std::int64_t number = 0;
        std::memcpy(&number, hash.raw.data(), sizeof number);
        return number;
    }

private:
    std::string m_text;
};

std::int64_t digestOf(Projection const& projection) {
    auto const& row = projection.document;
    Digest digest;
    std::array const texts{&row.type, &row.title, &row.state, &row.owner, &row.summary, &row.lastActor, &row.text};
    constexpr std::size_t kRest = 256;  // the numbers, and a head
    digest.reserve(std::accumulate(texts.begin(), texts.end(), kRest,
                                   [](std::size_t sum, auto const* text) { return sum + text->size(); }));
    for (std::string const* text : texts) digest.add(std::string_view(*text));
    digest.add(row.due ? dayNumber(*row.due) : kNoDue);
    digest.add((row.closed ? 1 : 0) + (row.disputed ? 2 : 0) + (row.changedAfter ? 4 : 0) + (row.lastAction ? 8 : 0) +
               (row.watched ? 16 : 0));
    digest.add(std::int64_t{row.round});
    digest.add(std::int64_t{row.failedRounds});
    digest.add(row.lastAction ? row.lastAction->time_since_epoch().count() : 0);
    for (auto const& head : row.heads) digest.add(head.view());
    for (auto const& difference : projection.differences) {
        digest.add(std::string_view(difference.field));
        digest.add(std::string_view(difference.element));
        digest.add(std::string_view(difference.sides));
    }
    for (auto const& expected : projection.expected) {
        digest.add(std::string_view(expected.document.scope.text()));
        digest.add(expected.document.doc.view());
        digest.add(std::string_view(expected.what));
    }
    return digest.finish();
}

}  // namespace

/// A row as the rules see it: what its bytes say, and every held frame that lists it.
trust::Row FollowingView::rowOf(ObjectId const& id, ItemLine const& line, Work& work) const {
    if (auto const held = work.objects.find(line.item); held != work.objects.end()) {
        // A row that stands alone may be judged again in this batch; one of a document is not.
        if (line.document != 0) return rowOf(id, line, std::move(work.objects.extract(held).mapped()), work);
        return rowOf(id, line, held->second, work);
    }
    return rowOf(id, line, readObject(id, line.isRecord).value_or(trust::Unread{}), work);
}

trust::Row FollowingView::rowOf(ObjectId const& id, ItemLine const& line, RowObject object, Work& work) const {
    trust::Row row;
    row.id = id;
    row.object = std::move(object);
    auto const add = [&](Handle frame, std::uint32_t place) {
        FrameLine const& at = frameAt(frame, work);
        FeedLine const& feed = feedAt(at.feed);
        trust::Place where;
        where.frame = at.id;
        where.device = feed.device;
        where.scope = feed.scope;
        where.school = SchoolId::fromHex(text(at.school)).value_or(SchoolId{});
        if (at.point != 0) where.reg = pointAt(at.point);
        where.seq = at.seq;
        where.item = place;
        where.branch = at.branch;
        where.receipt = at.receipt;
        row.places.push_back(std::move(where));
    };
    add(line.frame, line.place);
    if (!line.more) return row;
    std::vector<std::pair<Handle, std::uint32_t>> further;
    {
        Use use(m_sql->placesOf);
        use->bind(1, line.item);
        while (use->step()) further.emplace_back(use->integer(0), static_cast<std::uint32_t>(use->integer(1)));
    }
    for (auto const& [frame, place] : further) add(frame, place);
    std::sort(row.places.begin(), row.places.end(), [](auto const& a, auto const& b) { return a.frame < b.frame; });
    return row;
}

FollowingView::Gathered FollowingView::gather(Handle document, Scope const& scope, DocumentId const& doc,
                                              Work& work) const {
    Gathered gathered;
    auto& facts = gathered.facts;
    facts.scope = scope;
    facts.doc = doc;
    facts.registry = &m_replica.registry();
    if (m_someExpected) {
        Use use(m_sql->expectedOf);
        use->bind(1, document);
        while (use->step()) {
            facts.expectedBy.push_back(
                {{Scope::parse(use->text(0)).value_or(Scope{}), use->token<DocumentId>(1)}, std::string(use->text(2))});
        }
    }
    if (auto* isNew = work.newDocument(document); isNew && !isNew->fresh.empty()) {
        auto& fresh = isNew->fresh;
        std::sort(fresh.begin(), fresh.end(), [](auto const& a, auto const& b) { return a.id < b.id; });
        gathered.items.reserve(fresh.size());
        facts.rows.reserve(fresh.size());
        for (auto& item : fresh) {
            gathered.items.emplace_back(item.id, item.line);
            facts.rows.push_back(rowOf(item.id, item.line, std::move(item.object), work));
        }
        return gathered;
    }
    {
        Use use(m_sql->itemsOfDocument);
        use->bind(1, document);
        while (auto item = readItem(*use)) {
            // A record's target may be known by name alone; such a line has no frame and is no row.
            if (item->second.frame != 0) gathered.items.push_back(std::move(*item));
        }
    }
    std::sort(gathered.items.begin(), gathered.items.end(),
              [](auto const& a, auto const& b) { return a.first < b.first; });
    facts.rows.reserve(gathered.items.size());
    for (auto const& [id, line] : gathered.items) facts.rows.push_back(rowOf(id, line, work));
    return gathered;
}

std::optional<std::pair<Scope, DocumentId>> FollowingView::documentName(Handle document, Work& work) const {
    if (auto const* known = work.newDocument(document)) return std::pair(known->scope, known->doc);
    Use use(m_sql->documentAt);
    use->bind(1, document);
    if (!use->step()) return std::nullopt;
    return std::pair(Scope::parse(use->text(0)).value_or(Scope{}), use->token<DocumentId>(1));
}

bool FollowingView::waitsForRegistry(trust::Row const& row) const {
    auto const& registry = m_replica.registry();
    if (registry.empty()) return true;
    if (auto const* record = row.record(); record && record->reg && !registry.locate(*record->reg)) return true;
    return std::any_of(row.places.begin(), row.places.end(),
                       [&](trust::Place const& place) { return place.reg && !registry.locate(*place.reg); });
}

/// A high act is weighed against the successor of the registry head it relies on. While that head is the newest one,
/// the document is remembered, to be judged again when the successor comes.
void FollowingView::noteOnHead(Handle document, std::vector<trust::Row> const& rows) {
    auto const& registry = m_replica.registry();
    if (registry.empty()) return;
    auto const head = registry.head();
    auto const& policy = registry.policy(head.seq);
    auto const isHigh = [&](trust::Row const& row) {
        auto const* record = row.record();
        if (!record) {
            auto const* rule = policy.find("write");
            return rule && rule->high &&
                   std::any_of(row.places.begin(), row.places.end(),
                               [&](trust::Place const& place) { return place.reg && *place.reg == head; });
        }
        if (!record->reg || *record->reg != head) return false;
        auto const kind = nameWithoutVersion(record->kind);
        if (kind == "affirm" || kind == "admit") return true;  // as high as what they lend themselves to
        auto const* rule = policy.find(kind);
        return rule && rule->high;
    };
    if (std::none_of(rows.begin(), rows.end(), isHigh)) return;
    Use use(m_sql->addOnHead);
    use->bind(1, document).run();
}

void FollowingView::judgeDocument(Handle document, Work& work) {
    auto const name = documentName(document, work);
    if (!name) return;  // gone since somebody remembered it
    auto const& [scope, doc] = *name;
    Gathered gathered = gather(document, scope, doc, work);
    auto& facts = gathered.facts;
    waitNoMore(document);
    if (facts.rows.empty() && facts.expectedBy.empty()) {
        removeDocument(document, scope, doc, work);
        return;
    }
    facts.judgements =
        trust::judgeDocument(facts.rows, m_replica.registry(),
                             standsBelow([&](FrameId const& awaited) { wait(namedFrame(awaited), document); }));
    Projection projection = m_projector.project(facts);
    auto* const isNew = work.newDocument(document);
    bool const areFresh = isNew && !isNew->fresh.empty();
    for (std::size_t i = 0; i < facts.rows.size(); ++i) {
        auto const& [id, line] = gathered.items[i];
        auto const count = projection.counts.find(id);
        auto const reason = projection.reasons.find(id);
        auto const standing =
            standingOf(facts.judgements.at(id), count == projection.counts.end() ? Count::Current : count->second,
                       reason == projection.reasons.end() ? std::string_view() : std::string_view(reason->second));
        if (areFresh)
            classifyFresh(isNew->fresh[i], standing);
        else
            classify(line, standing);
    }
    if (std::any_of(facts.rows.begin(), facts.rows.end(),
                    [&](trust::Row const& row) { return waitsForRegistry(row); })) {
        wait(0, document);
    }
    noteOnHead(document, facts.rows);
    writeDocument(document, gathered, std::move(projection), work);
}

/// `count` and `reason` are the projector's; they hold for a row that stands.
FollowingView::Standing FollowingView::standingOf(trust::Judgement const& judgement, Count count,
                                                  std::string_view reason) {
    auto const verdict = static_cast<int>(judgement.verdict);
    switch (judgement.verdict) {
        case trust::Verdict::Quarantined:
        case trust::Verdict::Invalid: return {verdict, Count::Quarantined, judgement.reason, judgement.about};
        case trust::Verdict::Waiting: return {verdict, Count::Pending, judgement.reason, judgement.about};
        case trust::Verdict::Valid:
        case trust::Verdict::NotYetWitnessed: break;
    }
    return {verdict, count, count == Count::Pending ? reason : std::string_view(), {}};
}

void FollowingView::classify(ItemLine const& before, Standing const& standing) {
    Handle const name = standing.reason.empty() ? 0 : nameOf(standing.reason);
    int const number = static_cast<int>(standing.count);
    if (before.verdict == standing.verdict && before.count == number && before.reason == name &&
        before.about == standing.about)
        return;
    tallyChange(before.count, before.reason, -1);
    tallyChange(number, name, +1);
    Use use(m_sql->setVerdict);
    use->bind(1, before.item).bind(5, std::int64_t{number});
    if (standing.verdict >= 0) use->bind(2, std::int64_t{standing.verdict});
    if (name != 0) use->bind(3, name);
    if (!standing.about.empty()) use->bind(4, standing.about);
    use->run();
}

/// The same for an item that gets its row with this.
void FollowingView::classifyFresh(FreshItem& item, Standing const& standing) {
    item.line.verdict = standing.verdict;
    item.line.count = static_cast<int>(standing.count);
    item.line.reason = standing.reason.empty() ? 0 : nameOf(standing.reason);
    item.line.about = standing.about;
    tallyChange(item.line.count, item.line.reason, +1);
}

void FollowingView::writeDocument(Handle document, Gathered const& gathered, Projection&& projection, Work& work) {
    DocumentLine line;
    line.digest = digestOf(projection);
    std::int64_t differencesBefore = 0;
    bool const asks = !projection.expected.empty() || m_someExpected;
    auto* const isNew = work.newDocument(document);
    if (!isNew) {
        Use use(m_sql->documentAt);
        use->bind(1, document);
        if (use->step()) {
            if (use->integer(2) == line.digest) return;
            differencesBefore = use->integer(3);
        }
    }
    line.row = std::move(projection.document);
    line.row.text = {};  // it may be long, and is not kept
    for (auto const& head : line.row.heads) {
        auto const found = std::lower_bound(gathered.items.begin(), gathered.items.end(), head,
                                            [](auto const& item, ObjectId const& id) { return item.first < id; });
        if (found == gathered.items.end() || found->first != head) continue;
        for (int shift = 56; shift >= 0; shift -= 8)
            line.heads.push_back(static_cast<std::uint8_t>(found->second.item >> shift));
    }
    line.differences = static_cast<std::int64_t>(projection.differences.size());
    line.changed = ++m_changed;
    if (!line.row.lastActor.empty()) line.lastActor = nameOf(line.row.lastActor);
    if (isNew) {
        isNew->line = std::move(line);
    } else {
        Use use(m_sql->writeDocument);
        bindDocument(*use, document, gathered.facts.scope, gathered.facts.doc, line);
        use->run();
    }
    if (asks) work.expecting.emplace_back(document, std::move(projection.expected));
    if (differencesBefore > 0) {
        Use use(m_sql->dropDifferences);
        use->bind(1, document).run();
    }
    for (auto const& difference : projection.differences) {
        Use use(m_sql->addDifference);
        use->bind(1, document)
            .bind(2, std::string_view(difference.field))
            .bind(3, std::string_view(difference.element));
        use->bind(4, std::string_view(difference.sides)).run();
    }
}

void FollowingView::removeDocument(Handle document, Scope const& scope, DocumentId const& doc, Work& work) {
    if (work.newDocument(document)) return;
    if (m_someExpected) work.expecting.emplace_back(document, std::vector<Expected>{});
    {
        Use use(m_sql->documentAt);
        use->bind(1, document);
        if (!use->step()) return;
    }
    {
        Use use(m_sql->dropDocument);
        use->bind(1, document).run();
    }
    {
        Use use(m_sql->dropDifferences);
        use->bind(1, document).run();
    }
    Use use(m_sql->addGone);
    use->bind(1, ++m_changed).bind(2, std::string_view(scope.text())).bind(3, doc).run();
}

/// Documents that are asked for since, or no more, or for another day, are judged after all others: by then everything
/// that came with this batch stands in the tables. They may ask for others in turn.
void FollowingView::expect(Work& work) {
    auto expecting = std::move(work.expecting);
    while (!expecting.empty()) {
        Work next;
        next.firstNewDocument = m_nextDocument;
        for (auto& [by, expected] : expecting) expect(by, std::move(expected), next);
        for (Handle const document : next.documents) judgeDocument(document, next);
        writeNew(next);
        expecting = std::move(next.expecting);
    }
}

void FollowingView::expect(Handle by, std::vector<Expected> expected, Work& next) {
    std::map<Handle, std::string> before;
    if (m_someExpected) {
        Use use(m_sql->expectedBy);
        use->bind(1, by);
        while (use->step()) before.emplace(use->integer(0), use->text(1));
    }
    for (auto& each : expected) {
        Handle const document = documentOf(each.document.scope, each.document.doc, next);
        auto const known = before.find(document);
        if (known != before.end()) {
            bool const same = known->second == each.what;
            before.erase(known);
            if (same) continue;
        }
        m_someExpected = true;
        Use use(m_sql->expect);
        use->bind(1, document).bind(2, by).bind(3, std::string_view(each.what)).run();
        next.documents.insert(document);
    }
    for (auto const& [document, what] : before) {
        Use use(m_sql->expectNoMore);
        use->bind(1, document).bind(2, by).run();
        next.documents.insert(document);
    }
}

std::optional<DocumentFacts> FollowingView::facts(DocumentKey const& document) const {
    Handle const handle = documentHandle(document);
    if (handle == 0) return std::nullopt;
    Work work;
    Gathered gathered = gather(handle, document.scope, document.doc, work);
    gathered.facts.judgements =
        trust::judgeDocument(gathered.facts.rows, m_replica.registry(), standsBelow([](FrameId const&) {}));
    return std::move(gathered.facts);
}

std::optional<Projection> FollowingView::projection(Scope const& scope, DocumentId const& doc) const {
    Handle const document = documentHandle({scope, doc});
    if (document == 0) return std::nullopt;
    Work work;
    Gathered gathered = gather(document, scope, doc, work);
    gathered.facts.judgements =
        trust::judgeDocument(gathered.facts.rows, m_replica.registry(), standsBelow([](FrameId const&) {}));
    return m_projector.project(gathered.facts);
}

}  // namespace spiral::replica
