#include "remarks.h"

#include "format.h"

namespace spiral::cli {

namespace {

/// `3f2a1b0c… /s2` as "3f2a1b0c 领导小组 /s2"; a unit's id with its name.
std::string placeText(office::Office& office, std::string const& place) {
    auto const slash = place.find('/');
    std::string const id = place.substr(0, slash), part = slash == std::string::npos ? "" : place.substr(slash);
    if (DocumentId::fromHex(id)) {
        for (auto const& document : office.view().find(id)) {
            auto const listed = office.view().document(document);
            if (listed) return office.shortName(document) + " " + listed->row.title + part;
        }
        return shortId(id) + part;
    }
    std::string const name = office.names().unit(id);
    return name.empty() || name == id ? place : id + " " + name + part;
}

/// Persons in the words are named by id: people read names.
std::string withNames(office::Office& office, std::string text) {
    for (auto const& [id, name] : office.names().persons) {
        for (auto at = text.find(id); at != std::string::npos; at = text.find(id, at + name.size())) {
            text.replace(at, id.size(), name);
        }
    }
    return text;
}

}  // namespace

Json toJson(engine::Remarks const& remarks) {
    Json told = Json::array();
    for (auto const& remark : remarks) {
        Json one = Json::object();
        told.add(one.set("code", remark.code).set("place", remark.place).set("text", remark.text));
    }
    return told;
}

void tellRemarks(Job& job, office::Office& office, engine::Remarks const& remarks) {
    if (remarks.empty() || job.json()) return;
    Table table({{std::string(job.say({"处", "place"})), Table::Align::Left, true},
                 {std::string(job.say({"问题", "what"})), Table::Align::Left, true},
                 {std::string(job.say({"内容", "as it stands"})), Table::Align::Left, true}});
    for (auto const& remark : remarks) {
        table.add(
            {placeText(office, remark.place), sayReason(remark.code, job.language()), withNames(office, remark.text)});
    }
    job.lines(table.text(job.width()));
}

int showRemarks(Job& job, office::Office& office, engine::Remarks const& remarks) {
    job.answer(toJson(remarks));
    tellRemarks(job, office, remarks);
    if (remarks.empty()) {
        job.tell({"没有发现问题。", "Nothing was found."});
        return status::kDone;
    }
    job.tell({"共 {n} 处。", "{n} found."}, {{"n", std::to_string(remarks.size())}});
    return status::kRefused;
}

}  // namespace spiral::cli
