// The rows of one document, judged in an order in which each finds what it depends on: a revision after its parents, a
// record after its target, submissions before what must differ from them, an affirm or admit before the row it names.
#include "trust/authority.h"

#include "row_rules.h"

#include <algorithm>

namespace spiral::trust {
namespace {

class DocumentJudge {
public:
    DocumentJudge(std::vector<Row> const& rows, Registry const& registry, StandsBelow const& below)
        : m_rows(rows), m_rules(registry, below), m_judgements(rows.size()) {}

    std::unordered_map<ObjectId, Judgement> run() {
        if (m_rows.size() > 1) index();
        for (std::size_t const row : revisionsInOrder()) judgeTree(row);
        for (std::size_t row = 0; row < m_rows.size(); ++row) {
            if (!isDone(row) && !targetOf(row)) judgeTree(row);
        }
        std::unordered_map<ObjectId, Judgement> result;
        result.reserve(m_rows.size());
        for (std::size_t row = 0; row < m_rows.size(); ++row)
            result.try_emplace(m_rows[row].id, *std::move(m_judgements[row]));
        return result;
    }

private:
    void index() {
        m_indexes.reserve(m_rows.size());
        for (std::size_t row = 0; row < m_rows.size(); ++row) m_indexes.emplace(m_rows[row].id, row);
        for (std::size_t row = 0; row < m_rows.size(); ++row) {
            Record const* const record = m_rows[row].record();
            if (record == nullptr) continue;
            m_hasRecords = true;
            if (auto const target = targetOf(row)) m_recordsOn[*target].push_back(row);
        }
        if (m_hasRecords) m_ancestries.resize(m_rows.size());
    }
    [[nodiscard]] std::optional<std::size_t> find(ObjectId const& id) const {
        auto const found = m_indexes.find(id);
        return found == m_indexes.end() ? std::nullopt : std::optional(found->second);
    }
    [[nodiscard]] std::optional<std::size_t> targetOf(std::size_t row) const {
        Record const* const record = m_rows[row].record();
        return record == nullptr || !record->of ? std::nullopt : find(record->of->id);
    }
    [[nodiscard]] bool isDone(std::size_t row) const { return m_judgements[row].has_value(); }
    [[nodiscard]] std::string_view kindOf(std::size_t row) const {
        Record const* const record = m_rows[row].record();
        return record == nullptr ? std::string_view() : nameWithoutVersion(record->kind);
    }
    [[nodiscard]] std::vector<std::size_t> const& recordsOn(std::size_t row) const {
        static std::vector<std::size_t> const none;
        auto const found = m_recordsOn.find(row);
        return found == m_recordsOn.end() ? none : found->second;
    }

    /// Parents first. Hashes cannot run in a circle, so all of them come.
    [[nodiscard]] std::vector<std::size_t> revisionsInOrder() const {
        if (m_rows.size() == 1) return std::vector<std::size_t>(m_rows.front().revision() != nullptr ? 1 : 0, 0);
        std::vector<std::size_t> order;
        std::vector<std::uint32_t> awaited(m_rows.size());
        std::unordered_map<std::size_t, std::vector<std::size_t>> children;
        for (std::size_t row = 0; row < m_rows.size(); ++row) {
            Revision const* const revision = m_rows[row].revision();
            if (revision == nullptr) continue;
            for (ObjectId const& id : revision->parents) {
                auto const parent = find(id);
                if (!parent || m_rows[*parent].revision() == nullptr) continue;
                ++awaited[row];
                children[*parent].push_back(row);
            }
            if (awaited[row] == 0) order.push_back(row);
        }
        for (std::size_t next = 0; next < order.size(); ++next) {
            auto const found = children.find(order[next]);
            if (found == children.end()) continue;
            for (std::size_t const child : found->second) {
                if (--awaited[child] == 0) order.push_back(child);
            }
        }
        return order;
    }

    /// A root (a revision, or whatever else has no target here) and every record on it, on those, and so on.
    void judgeTree(std::size_t root) {
        Ancestry ancestry = ancestryOf(root, Self::Counts);
        judge(root, ancestry);
        if (!m_hasRecords) return;
        // A row that is not bound to its frame counts for nothing: it must not make an author of whom it names.
        if (m_judgements[root]->verdict == Verdict::Invalid) ancestry = ancestryOf(root, Self::IsPassedOver);
        addActingFor(root, ancestry.authors);

        std::vector<std::size_t> tree{root};
        for (std::size_t next = 0; next < tree.size(); ++next) {
            auto const& records = recordsOn(tree[next]);
            tree.insert(tree.end(), records.begin(), records.end());
        }
        for (std::size_t const row : tree) {
            if (row == root || kindOf(row) != "submit") continue;
            judge(row, ancestry);
        }
        for (std::size_t const row : tree) {
            // Whoever really signed a submission has submitted it, whether or not it stands. An unbound one proves
            // nothing about the person it names.
            if (row == root || kindOf(row) != "submit" || m_judgements[row]->verdict == Verdict::Invalid) continue;
            addPerson(ancestry.submitters, m_rows[row].record()->by.person);
            addActingFor(row, ancestry.submitters);
        }
        bool isAccepted = false;
        for (std::size_t const row : tree) {
            if (!isDone(row)) judge(row, ancestry);
            // An accept of a record on the revision accepts that record, not the revision.
            bool const accepts =
                row != root && kindOf(row) == "accept" && m_rows[row].record()->of->id == m_rows[root].id;
            isAccepted = isAccepted || (accepts && stands(m_judgements[row]->verdict));
        }
        // Those who come after an accepted revision answer for what they add only.
        m_ancestries[root] = isAccepted ? Ancestry{} : std::move(ancestry);
    }

    enum class Self { Counts, IsPassedOver };
    [[nodiscard]] Ancestry ancestryOf(std::size_t row, Self self) const {
        Ancestry ancestry;
        if (!m_hasRecords) return ancestry;
        Revision const* const revision = m_rows[row].revision();
        if (revision == nullptr) {
            Record const* const record = m_rows[row].record();
            ancestry.missing = record != nullptr && record->of ? record->of->id : m_rows[row].id;
            return ancestry;
        }
        auto const misses = [&ancestry](ObjectId const& id) {
            if (!ancestry.missing || id < *ancestry.missing) ancestry.missing = id;
        };
        if (self == Self::Counts) addPerson(ancestry.authors, revision->by.person);
        for (ObjectId const& id : revision->parents) {
            auto const parent = find(id);
            if (!parent || m_rows[*parent].revision() == nullptr) {
                misses(id);
                continue;
            }
            Ancestry const& older = m_ancestries[*parent];
            addPersons(ancestry.authors, older.authors);
            addPersons(ancestry.submitters, older.submitters);
            if (older.missing) misses(*older.missing);
        }
        return ancestry;
    }
    /// A delegated act is also that of the one who is acted for.
    void addActingFor(std::size_t row, std::vector<PersonId const*>& persons) const {
        auto const& actingFor = m_judgements[row]->actingFor;
        if (actingFor) addPerson(persons, *actingFor);
    }

    void judge(std::size_t row, Ancestry const& ancestry) {
        if (isDone(row)) return;
        Row const& self = m_rows[row];
        Registry const& registry = m_rules.registry();
        if (Revision const* const revision = self.revision()) {
            m_judgements[row] = bestOf(row, Subject(*revision), {}, ancestry);
            return;
        }
        Record const* const record = self.record();
        if (record == nullptr || standsForItself(*record)) {
            m_judgements[row] = judgeAlone(self, registry, m_rules.below());
            return;
        }
        auto const target = targetOf(row);
        About const about{target ? &m_rows[*target] : nullptr, &ancestry};
        m_judgements[row] = bestOf(row, Subject(*record), about, ancestry);
    }

    Judgement bestOf(std::size_t row, Subject const& subject, About const& about, Ancestry const& ancestry) {
        std::optional<Judgement> best;
        for (Place const& place : m_rows[row].places) {
            Judgement judgement = m_rules.evaluate(subject, place, about, [&](Evaluation& evaluation) {
                if (!isRescue(subject.kind)) rescue(row, subject, evaluation, ancestry);
            });
            if (!best || isBetter(judgement, *best)) best = std::move(judgement);
        }
        return best ? *std::move(best) : judged(Verdict::Waiting, "wait-frame", m_rows[row].id.hex());
    }

    /// Rows that fail by cut, interval or age are brought back by the best affirm or admit that stands by itself.
    void rescue(std::size_t row, Subject const& subject, Evaluation& evaluation, Ancestry const& ancestry) {
        std::optional<std::size_t> best;
        for (std::size_t const other : recordsOn(row)) {
            if (!isRescue(kindOf(other))) continue;
            judge(other, ancestry);
            Judgement const& rescuer = *m_judgements[other];
            if (!stands(rescuer.verdict) || !lends(other, subject, evaluation, ancestry)) continue;
            bool const isFirst =
                !best || isBetter(rescuer, *m_judgements[*best]) ||
                (rescuer.verdict == m_judgements[*best]->verdict && m_rows[other].id < m_rows[*best].id);
            if (isFirst) best = other;
        }
        if (!best) return;
        evaluation.judgement = *std::move(evaluation.afterRescue);
        evaluation.judgement.rescuedBy = m_rows[*best].id;
        if (evaluation.judgement.verdict == Verdict::Valid) evaluation.judgement.verdict = m_judgements[*best]->verdict;
    }
    /// The persons who must differ must do so for the rescuer's giver and the row's giver as well.
    [[nodiscard]] bool lends(std::size_t rescuer, Subject const& subject, Evaluation const& evaluation,
                             Ancestry const& ancestry) const {
        Record const& record = *m_rows[rescuer].record();
        Judgement const& judgement = *m_judgements[rescuer];
        if (kindOf(rescuer) == "admit") {
            auto const& actingFor = evaluation.judgement.actingFor;
            return !actingFor || (*actingFor != record.by.person && judgement.actingFor != actingFor);
        }
        if (!judgement.actingFor || subject.record == nullptr) return true;
        auto const differ = m_rules.checkDiffer(*evaluation.rule, ancestry, subject.by->person, &*judgement.actingFor);
        return !differ || differ->verdict == Verdict::Waiting;
    }

    std::vector<Row> const& m_rows;
    RowRules m_rules;
    std::unordered_map<ObjectId, std::size_t> m_indexes;
    std::unordered_map<std::size_t, std::vector<std::size_t>> m_recordsOn;
    std::vector<Ancestry> m_ancestries;  ///< of each revision, as its children inherit it; empty without records
    std::vector<std::optional<Judgement>> m_judgements;
    bool m_hasRecords = false;
};

}  // namespace

std::string_view nameOf(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::Valid: return "valid";
        case Verdict::NotYetWitnessed: return "valid-not-yet-witnessed";
        case Verdict::Waiting: return "waiting";
        case Verdict::Quarantined: return "quarantined";
        case Verdict::Invalid: return "invalid";
    }
    return "invalid";
}

std::unordered_map<ObjectId, Judgement> judgeDocument(std::vector<Row> const& rows, Registry const& registry,
                                                      StandsBelow const& below) {
    if (registry.empty()) {
        std::unordered_map<ObjectId, Judgement> waiting;
        for (Row const& row : rows) waiting.emplace(row.id, judged(Verdict::Waiting, "wait-registry"));
        return waiting;
    }
    return DocumentJudge(rows, registry, below).run();
}

}  // namespace spiral::trust
