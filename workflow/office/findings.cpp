#include "office/findings.h"

#include "office/fields.h"
#include "office/units.h"

#include "base/sha256.h"

#include <cstring>
#include <set>
#include <tuple>

namespace spiral::office {

namespace {

constexpr std::size_t kNamedMax = 8, kShownDigits = 8, kTitleCharacters = 60;

/// The same for whoever makes it of the same row.
DocumentId idFor(std::string_view what, DocumentKey const& report, std::string_view row, Scope const& scope) {
    std::string text("spiral-findings\n");
    for (std::string const& part : {std::string(what), report.text(), std::string(row), scope.text()}) {
        text.append(std::to_string(part.size())).append(":").append(part).append("\n");
    }
    Sha256 const hash = sha256(asBytes(text));
    DocumentId id;
    std::memcpy(id.raw.data(), hash.raw.data(), id.raw.size());
    return id;
}

/// The first characters of a text, in one line.
std::string headline(std::string const& text) {
    std::string line;
    std::size_t characters = 0;
    for (char const c : text) {
        bool const begins = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        if (begins && (c == '\n' || c == '\r' || ++characters > kTitleCharacters)) break;
        line.push_back(c == '\t' ? ' ' : c);
    }
    return line;
}

struct ReportRow {
    std::string id, title, problem, unit;
    std::optional<Day> due;
};
std::vector<ReportRow> problemsOf(json::Object const& report) {
    std::vector<ReportRow> rows;
    for (auto const* row : rowsOf(report, "answers")) {
        std::string problem = textOf(*row, "problem");
        if (model::isMissing(*row, "problem")) continue;
        std::string title = textOf(*row, "point");
        if (title.empty()) title = headline(problem);
        rows.push_back(
            {textOf(*row, "id"), std::move(title), std::move(problem), textOf(*row, "owner"), dayOf(*row, "due")});
    }
    return rows;
}

std::string bookSource(DocumentKey const& plan, std::string_view row) {
    constexpr std::size_t digits = 12;
    return plan.doc.hex().substr(0, digits) + "/" + std::string(row);
}

/// Everything that may answer a finding.
class Answers {
public:
    Answers(Office& office, json::Object const* signing) : m_office(office) {
        for (auto const& listed : documentsOf(office, "task")) {
            auto const fields = fieldsOf(office, listed);
            MatrixTask task;
            task.document = listed.key();
            task.title = listed.row.title;
            task.owner = listed.row.owner;
            task.ownerName = office.names().unit(listed.row.owner);
            task.state = listed.row.state;
            task.due = listed.row.due;
            task.cancelled = listed.row.state == "cancelled";
            task.passed = listed.row.closed && listed.row.state == "passed";
            if (auto const of = referenceOf(fields, "source_document"))
                m_madeOf[{*of, textOf(fields, "source")}].push_back(task);
            m_tasks.emplace(listed.key(), std::move(task));
        }
        for (auto const& listed : documentsOf(office, "plan")) {
            auto const fields = fieldsOf(office, listed);
            takeBook(fields, listed.key());
        }
        if (signing) takeBook(*signing, std::nullopt);
    }

    void answer(MatrixLine& line, std::optional<DocumentKey> const& named) const {
        std::set<DocumentKey> once;
        auto const take = [&](MatrixTask const& task) {
            if (once.insert(task.document).second) line.tasks.push_back(task);
        };
        auto const takeAll = [&](DocumentKey const& of, std::string const* source) {
            for (auto made = m_madeOf.lower_bound({of, ""}); made != m_madeOf.end() && made->first.first == of;
                 ++made) {
                if (source && made->first.second != *source) continue;
                for (auto const& task : made->second) take(task);
            }
        };
        if (auto const task = named ? m_tasks.find(*named) : m_tasks.end(); task != m_tasks.end()) {
            take(task->second);
        } else if (named && !m_office.registry().mayRead(m_office.replica().device(), named->scope,
                                                         m_office.replica().world().wall.now())) {
            MatrixTask elsewhere;
            elsewhere.document = *named;
            elsewhere.owner = named->scope.name();
            elsewhere.ownerName = m_office.names().unit(elsewhere.owner);
            elsewhere.hidden = true;
            take(elsewhere);
        }
        if (line.finding) takeAll(*line.finding, nullptr);
        if (line.report) takeAll(*line.report, &line.row);
        for (auto const& book : m_books) {
            bool const names =
                (line.report && book.report == line.report && book.findings.contains(line.row)) ||
                (line.finding && std::any_of(book.findings.begin(), book.findings.end(), [&](std::string const& id) {
                     return id.size() >= kShownDigits && line.finding->doc.hex().starts_with(id);
                 }));
            if (!names) continue;
            if (book.plan) {
                std::string const source = bookSource(*book.plan, book.row);
                takeAll(*book.plan, &source);
            }
            if (book.signing) line.plannedIn = book.row;
        }
        std::sort(line.tasks.begin(), line.tasks.end(),
                  [](MatrixTask const& a, MatrixTask const& b) { return a.document < b.document; });
    }

private:
    struct BookRow {
        std::optional<DocumentKey> plan, report;
        std::string row;
        std::set<std::string> findings;
        bool signing = false;
    };
    void takeBook(json::Object const& plan, std::optional<DocumentKey> const& key) {
        for (auto const* row : rowsOf(plan, "tasks")) {
            auto findings = setOf(*row, "findings");
            if (findings.empty()) continue;
            m_books.push_back(
                {key, referenceOf(plan, "answers_report"), textOf(*row, "id"), std::move(findings), !key});
        }
    }

    Office& m_office;
    std::map<DocumentKey, MatrixTask> m_tasks;
    std::map<std::pair<DocumentKey, std::string>, std::vector<MatrixTask>> m_madeOf;
    std::vector<BookRow> m_books;
};

}  // namespace

bool MatrixLine::hasTask() const {
    return !plannedIn.empty() ||
           std::any_of(tasks.begin(), tasks.end(), [](MatrixTask const& task) { return !task.cancelled; });
}

bool MatrixLine::rechecked() const {
    bool const one = std::any_of(tasks.begin(), tasks.end(), [](MatrixTask const& task) { return task.passed; });
    return one && std::all_of(tasks.begin(), tasks.end(),
                              [](MatrixTask const& task) { return task.passed || task.cancelled; });
}

std::string FindingMatrix::without(std::function<bool(MatrixLine const&)> const& holds) const {
    std::string names;
    std::size_t number = 0;
    for (auto const& line : lines) {
        if (holds(line) || ++number > kNamedMax) continue;
        names += (names.empty() ? "" : "; ") + (line.row.empty() ? line.title : line.row + " " + line.title);
    }
    return names + (number > kNamedMax ? " … (" + std::to_string(number) + ")" : "");
}

FindingMatrix findingMatrix(Office& office, std::optional<DocumentKey> const& report, json::Object const* plan) {
    Answers const answers(office, plan);
    std::map<std::pair<DocumentKey, std::string>, MatrixLine> ofReports;
    std::vector<MatrixLine> others;
    auto const addRows = [&](DocumentKey const& key) {
        auto const listed = office.view().document(key);
        if (!listed) return;
        for (auto& row : problemsOf(fieldsOf(office, *listed))) {
            MatrixLine line;
            line.report = key;
            line.row = row.id;
            line.title = std::move(row.title);
            line.text = std::move(row.problem);
            line.unit = std::move(row.unit);
            ofReports.emplace(std::pair(key, row.id), std::move(line));
        }
    };
    std::map<std::pair<DocumentKey, std::string>, std::optional<DocumentKey>> named;
    std::vector<std::optional<DocumentKey>> namedByOthers;
    if (report) addRows(*report);
    for (auto const& listed : documentsOf(office, "finding")) {
        auto const fields = fieldsOf(office, listed);
        auto const of = referenceOf(fields, "report");
        if (report && of != report) continue;
        std::string const row = textOf(fields, "source");
        auto const task = referenceOf(fields, "task");
        if (of) {
            auto& line = ofReports[{*of, row}];
            line.report = of;
            line.row = row;
            line.finding = listed.key();
            line.title = listed.row.title;
            line.text = textOf(fields, "text");
            for (auto const* route : rowsOf(fields, "routes")) line.unit = textOf(*route, "unit");
            named[{*of, row}] = task;
            continue;
        }
        MatrixLine line;
        line.finding = listed.key();
        line.title = listed.row.title;
        line.text = textOf(fields, "text");
        for (auto const* route : rowsOf(fields, "routes")) line.unit = textOf(*route, "unit");
        answers.answer(line, task);
        others.push_back(std::move(line));
    }
    FindingMatrix matrix;
    for (auto& [place, line] : ofReports) {
        answers.answer(line, named.contains(place) ? named[place] : std::nullopt);
        matrix.lines.push_back(std::move(line));
    }
    std::sort(others.begin(), others.end(), [](MatrixLine const& a, MatrixLine const& b) {
        return std::tie(a.title, a.finding) < std::tie(b.title, b.finding);
    });
    std::move(others.begin(), others.end(), std::back_inserter(matrix.lines));
    for (auto const& line : matrix.lines) {
        matrix.gaps += !line.hasTask();
        matrix.rechecked += line.rechecked();
    }
    return matrix;
}

Result<FindingsImported> importFindings(Office& office, DocumentKey const& report, FindingsWanted const& wanted) {
    auto const listed = office.view().document(report);
    if (!listed) return makeError(ErrorCode::NotFound, "document.missing", report.text());
    if (nameWithoutVersion(listed->row.type) != "report")
        return makeError(ErrorCode::Usage, "finding.not-a-report", listed->row.type);
    auto const rows = problemsOf(fieldsOf(office, *listed));
    if (rows.empty()) return makeError(ErrorCode::Refused, "finding.none", listed->row.title);
    auto const before = findingMatrix(office, report);
    FindingsImported imported;
    for (auto const& row : rows) {
        FindingsImported::One one{row.id, row.title, row.unit, {}, {}, false, {}};
        if (auto const told = wanted.units.find(row.id); told != wanted.units.end()) one.unit = told->second;
        auto const due = row.due ? row.due : wanted.due;
        auto const line = std::find_if(before.lines.begin(), before.lines.end(),
                                       [&](MatrixLine const& each) { return each.row == row.id; });
        bool const has = line != before.lines.end() && line->hasTask();
        if (line != before.lines.end()) one.finding = line->finding;
        auto const unit = unitNow(office, one.unit);
        if (one.unit.empty())
            one.why = "finding.no-unit";
        else if (!unit || unit->closed)
            one.why = "finding.unit-unknown";
        else if (wanted.tasks && !has && !due)
            one.why = "finding.no-due";
        if (!one.why.empty()) {
            imported.rows.push_back(std::move(one));
            continue;
        }
        one.known = one.finding && (has || !wanted.tasks);
        if (wanted.tasks && !has) {
            Scope const scope = Scope::unit(one.unit);
            DocumentKey const task{scope, idFor("task", report, row.id, scope)};
            json::Object fields{
                {"due", toText(*due)},
                {"kind", "rectification"},
                {"owner", one.unit},
                {"problem", row.problem},
                {"source", row.id},
                {"source_document", json::Object{{"doc", report.doc.hex()}, {"scope", report.scope.text()}}},
                {"title", row.title}};
            if (auto made = office.createAll({{task.scope, task.doc, "task.v1", std::move(fields)}}); !made)
                return made.error();
            one.task = task;
        }
        if (!one.finding) {
            DocumentKey const finding{Scope::college(), idFor("finding", report, row.id, Scope::college())};
            json::Array const routes{
                json::Object{{"id", wanted.system + "-" + one.unit}, {"system", wanted.system}, {"unit", one.unit}}};
            json::Object fields{{"report", json::Object{{"doc", report.doc.hex()}, {"scope", report.scope.text()}}},
                                {"routes", routes},
                                {"source", row.id},
                                {"text", row.problem},
                                {"title", row.title}};
            if (one.task)
                fields.set("task", json::Object{{"doc", one.task->doc.hex()}, {"scope", one.task->scope.text()}});
            if (auto made = office.createAll({{finding.scope, finding.doc, "finding.v1", std::move(fields)}}); !made)
                return made.error();
            if (auto routed = office.step(finding, "submit", {}, std::nullopt); !routed) return routed.error();
            one.finding = finding;
        }
        imported.rows.push_back(std::move(one));
    }
    return imported;
}

}  // namespace spiral::office
