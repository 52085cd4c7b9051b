// Different versions: show what differs, and decide it.
#include "format.h"

#include <charconv>

namespace spiral::cli {

namespace {

Result<int> differences(Job& job) {
    SPIRAL_GIVE(office, job.office(replica::Access::Read));
    std::vector<replica::ListedDocument> documents;
    if (job.arguments.count() > 0) {
        SPIRAL_GIVE(doc, office->resolveId(job.arguments[0]));
        auto listed = office->view().document(doc);
        if (!listed) return makeError(ErrorCode::NotFound, "document.missing", job.arguments[0]);
        documents.push_back(std::move(*listed));
    } else {
        replica::ListFilter filter;
        filter.withDifferences = true;
        documents = office->list(filter);
    }
    auto const& names = office->names();
    Json told = Json::array();
    std::size_t count = 0;
    for (auto const& document : documents) {
        auto const* type = office->definitions().type(document.row.type);
        auto const open = office->view().differences(document.key());
        if (open.empty()) continue;
        std::string const id = office->shortName(document.key());
        if (!job.json()) job.line(id + "  " + clean(document.row.title));
        for (auto const& difference : open) {
            ++count;
            if (job.json()) {
                Json one = toJson(difference, names);
                one.set("document", document.doc.hex())
                    .set("scope", document.scope.text())
                    .set("title", document.row.title);
                told.add(std::move(one));
                continue;
            }
            showDifference(job, type, difference, names);
            std::string const field = difference.field + (difference.element.empty() ? "" : "/" + difference.element);
            job.tell({"  选定其一：spiral doc resolve {id} {field} --take N    另写：--value 新值",
                      "  take one: spiral doc resolve {id} {field} --take N    or write it anew: --value V"},
                     {{"id", id}, {"field", clean(field)}});
            job.line();
        }
    }
    job.answer(told);
    job.tell({"共 {n} 处不同版本待定", "{n} difference(s) to decide"}, {{"n", std::to_string(count)}});
    return status::kDone;
}

Result<int> resolve(Job& job) {
    std::optional<int> take;
    if (auto const told = job.arguments.value("--take")) {
        int number = 0;
        auto const [end, failure] = std::from_chars(told->data(), told->data() + told->size(), number);
        if (failure != std::errc() || end != told->data() + told->size())
            return makeError(ErrorCode::Usage, "resolve.take", *told);
        take = number;
    }
    auto const value = job.arguments.value("--value");
    if (take.has_value() == value.has_value()) return makeError(ErrorCode::Usage, "resolve.nothing");
    SPIRAL_GIVE(office, job.office(replica::Access::Write));
    SPIRAL_GIVE(doc, office->resolveId(job.arguments[0]));
    SPIRAL_GIVE(made, office->resolveDifference(doc, job.arguments[1], take, value));
    tellAssignment(job, *office, made);
    return status::kDone;
}

}  // namespace

std::vector<Command> mergeCommands() {
    return {
        {.name = "doc differences",
         .summary = {"列出不同版本：双方文字、人、设备、时间", "list differences: both texts, person, device, time"},
         .positionals = {{"ID", {"只看这份文档", "of this document only"}, false}},
         .more = {"两人离线改了同一字段，两种写法都保留，由人选定；改不同字段、改成相同内容都不会出现在这里。",
                  "When two people changed the same field offline, both texts are kept until somebody decides. "
                  "Different fields, and equal texts, never show here."},
         .examples = {{"spiral doc differences", {"全部待定的", "everything to decide"}},
                      {"spiral doc differences 3f2a --json", {"一份文档，给脚本", "one document, for scripts"}}},
         .run = differences},
        {.name = "doc resolve",
         .summary = {"选定不同版本中的一个，或另写", "decide a difference: take one side, or write it anew"},
         .positionals = {documentId(),
                         {"FIELD", {"字段；集合与行表为 字段/元素", "field; of sets and rows FIELD/ELEMENT"}}},
         .options = {{.name = "--take", .value = "N", .what = {"取第 N 种写法", "take side N"}},
                     {.name = "--value", .value = "V", .what = {"另写的值", "the value, written anew"}}},
         .more = {"最后一处选定时定稿为新版本，接在所有现行版本之后；之前的选择记在草稿里。",
                  "With the last one decided, a revision is sealed that follows all heads; until then choices are kept "
                  "in the draft."},
         .examples = {{"spiral doc resolve 3f2a content --take 2", {"取第二种", "take the second text"}},
                      {"spiral doc resolve 3f2a content --value \"两稿合一\"", {"另写", "write it anew"}}},
         .run = resolve},
    };
}

}  // namespace spiral::cli
