// A small projector, and views of machines that can be compared with views made anew.
#pragma once

#include "machines.h"

#include "replica/search.h"
#include "replica/view.h"

#include <set>

namespace spiral::replica {

/// Heads, a title, an owner, a due day; closed by an accept; different where two heads have different titles. It stands
/// for the office's projector, which rests on much more.
class SimpleProjector final : public Projector {
public:
    explicit SimpleProjector(int version = 1) : m_version(version) {}
    int version() const override { return m_version; }

    Projection project(DocumentFacts const& facts) const override {
        ++projected;
        Projection projection;
        auto& row = projection.document;
        std::set<ObjectId> held, followed;
        for (auto const& each : facts.rows) {
            auto const* revision = each.revision();
            if (!revision || !trust::stands(facts.judgements.at(each.id).verdict)) continue;
            held.insert(each.id);
            followed.insert(revision->parents.begin(), revision->parents.end());
        }
        std::set<std::string> titles;
        for (auto const& each : facts.rows) {
            auto const& judgement = facts.judgements.at(each.id);
            if (!trust::stands(judgement.verdict)) continue;
            if (auto const* revision = each.revision()) {
                bool const waits = std::any_of(revision->parents.begin(), revision->parents.end(),
                                               [&](ObjectId const& parent) { return !held.contains(parent); });
                auto& count = projection.counts[each.id];
                if (!nameWithoutVersion(revision->type).starts_with("task")) {
                    count = Count::Pending;
                    projection.reasons[each.id] = "newer-type";
                } else if (waits) {
                    count = Count::Pending;
                    projection.reasons[each.id] = "wait-parent";
                } else {
                    count = followed.contains(each.id) ? Count::Superseded : Count::Current;
                }
                if (followed.contains(each.id)) continue;
                row.heads.push_back(each.id);
                row.type = revision->type;
                if (auto const* title = json::stringAt(revision->fields, "title")) {
                    titles.insert(*title);
                    row.text += (row.text.empty() ? "" : "\n") + *title;
                    if (row.title.empty()) row.title = *title;
                }
                if (auto const* body = json::stringAt(revision->fields, "body")) row.text += "\n" + *body;
                if (auto const* owner = json::stringAt(revision->fields, "owner")) row.owner = *owner;
                if (auto const* due = json::stringAt(revision->fields, "due")) row.due = parseDay(*due);
            } else if (auto const* record = each.record()) {
                projection.counts[each.id] = Count::Current;
                if (record->kind == "accept.v1") row.closed = true;
                if (!row.lastAction || *row.lastAction < record->time) {
                    row.lastAction = record->time;
                    row.lastActor = record->by.person.text();
                }
            }
        }
        if (titles.size() > 1) {
            json::Array sides;
            for (auto const& title : titles) sides.emplace_back(title);
            projection.differences.push_back({"title", "", json::encode(sides)});
            for (auto const& head : row.heads) projection.counts[head] = Count::Different;
        }
        row.differences = static_cast<int>(projection.differences.size());
        row.state = row.heads.empty() ? "nothing-stands" : row.closed ? "closed" : "open";
        row.summary = "{}";
        return projection;
    }
    mutable int projected = 0;

private:
    int m_version;
};

/// What becomes of each frame is other tests' matter.
inline void deliver(Machine& to, std::vector<trust::TravellingFrame> frames) {
    [[maybe_unused]] auto const answers = to->import(std::move(frames), "test", {});
}

inline std::vector<std::string> dumpOf(View const& view) {
    std::vector<std::string> lines;
    view.dump([&](std::string_view line) { lines.emplace_back(line); });
    return lines;
}

/// The view of a machine, opened for as long as this lives.
struct Desk {
    explicit Desk(Machine& of) : machine(of), view(View::open(*of, projector)) { view->catchUp(); }
    void reopen() {
        view.reset();
        view = View::open(*machine, projector);
    }
    View* operator->() const { return view.get(); }
    std::vector<std::string> dump() {
        view->catchUp();
        return dumpOf(*view);
    }
    [[nodiscard]] std::int64_t counted(Count count) const { return view->status().items[count]; }

    SimpleProjector projector;
    Machine& machine;
    std::unique_ptr<View> view;
};

/// Every item of every held frame is in exactly one count, and the cheap sums are those of the rows.
inline void checkConserved(Desk& desk) {
    desk->catchUp();
    auto const status = desk->status();
    std::set<ObjectId> listed;
    desk.machine->log(0, [&](LogLine const& line) {
        auto const header = trust::decodeFrameHeader(desk.machine->frameBytes(line.frame)->header);
        for (auto const& item : header->items) listed.insert(item.id);
        return true;
    });
    CHECK(status.total == static_cast<std::int64_t>(listed.size()));
    std::int64_t sum = 0, withReason = 0;
    for (auto const& [count, items] : status.items) {
        sum += items;
        CHECK(static_cast<std::int64_t>(desk->items(count).size()) == items);
    }
    CHECK(sum == status.total);
    for (auto const& [reason, items] : status.reasons) withReason += items;
    CHECK(withReason == status.items.at(Count::Quarantined) + status.items.at(Count::Pending));
}

/// Following gave what making anew gives. The view that followed is put back afterwards, so that it goes on following.
inline void checkAsRebuilt(Desk& desk) {
    auto const followed = desk.dump();
    desk.view.reset();
    Path const file = desk.machine.folder() / "view.db";
    Path const aside = desk.machine.folder() / "view.aside";
    std::filesystem::copy_file(file, aside, std::filesystem::copy_options::overwrite_existing);
    desk.reopen();
    desk->rebuild();
    auto const rebuilt = dumpOf(*desk.view);
    for (std::size_t i = 0; i < std::max(followed.size(), rebuilt.size()); ++i) {
        std::string const a = i < followed.size() ? followed[i] : "", b = i < rebuilt.size() ? rebuilt[i] : "";
        if (a == b) continue;
        INFO("followed " << a);
        INFO("rebuilt  " << b);
        CHECK(a == b);
        break;
    }
    CHECK(followed.size() == rebuilt.size());
    desk.view.reset();
    std::filesystem::rename(aside, file);
    desk.reopen();
}

}  // namespace spiral::replica
