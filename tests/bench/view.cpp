// How fast the view is made and asked: documents of one revision of about 1 KiB in frames of a given
// size. Times are of the processor.
//   bench_view [documents=100000] [rows a frame=100]
#include "replica/view.h"
#include "base/random.h"
#include "base/sha256.h"
#include "replica/replica.h"
#include "replica/search.h"
#include "trust/registry.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace spiral;
using namespace spiral::replica;

namespace {

class PlainProjector final : public Projector {
public:
    int version() const override { return 1; }
    Projection project(DocumentFacts const& facts) const override {
        Projection projection;
        auto& row = projection.document;
        for (auto const& each : facts.rows) {
            projection.counts[each.id] = Count::Current;
            auto const* revision = each.revision();
            if (!revision) continue;
            row.heads.push_back(each.id);
            row.type = revision->type;
            if (auto const* title = json::stringAt(revision->fields, "title")) row.title = *title;
            if (auto const* owner = json::stringAt(revision->fields, "owner")) row.owner = *owner;
            if (auto const* due = json::stringAt(revision->fields, "due")) row.due = parseDay(*due);
            if (auto const* body = json::stringAt(revision->fields, "body")) row.text = *body;
        }
        row.state = "open";
        row.summary = "{}";
        return projection;
    }
};

/// Of this process alone: the machine is shared, and nothing here waits for the disk.
double secondsOf(auto const& work) {
    std::clock_t const begin = std::clock();
    work();
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

}  // namespace

int main(int count, char** words) {
    int const documents = count > 1 ? std::atoi(words[1]) : 100000;
    int const perFrame = count > 2 ? std::atoi(words[2]) : 100;
    TemporaryFolder folder("spiral-bench");
    SeededRandom random(1);
    World world{systemWallClock(), systemMonotonicClock(), random, systemFiles()};
    auto key = trust::SecretKey::generate(random);
    auto const person = PersonId::parse(random.token<Nonce>().hex()).value();
    Path const path = folder.path() / "replica";
    if (!Replica::create(path, world, key.publicKey())) return 1;
    auto opened = Replica::open(path, world, Access::Write, {}, folder.path() / "guard");
    if (!opened) return 1;
    auto replica = std::move(*opened);

    auto const record = [&](std::string_view kind, trust::Proposal const& proposal,
                            std::optional<trust::RegistryPoint> reg) {
        trust::Record made;
        if (reg) made.school = replica->registry().school();
        made.scope = Scope::registry();
        made.kind = kind;
        made.by = {person, replica->device()};
        made.role = {"keeper", Scope::registry()};
        made.body = trust::bodyOf(proposal);
        made.reg = reg;
        made.time = world.wall.now();
        made.nonce = random.token<Nonce>();
        std::string bytes = trust::encode(made);
        auto const signature = key.sign(trust::nameSpaceFor(kind, "qa.example.edu.cn"), asBytes(bytes)).value();
        NewRow row{{trust::Item::Kind::Record, hashAs<ObjectId>(asBytes(bytes))}, std::move(bytes), signature};
        return static_cast<bool>(replica->seal(Scope::registry(), {row}, key));
    };
    trust::Proposal proposal;
    proposal.act = trust::foundingAct("示例职业学院", "qa.example.edu.cn", person, key.publicKey(),
                                      trust::firstPolicy(), random.token<Nonce>());
    proposal.agreed = {trust::agree(proposal.act, person, key, "qa.example.edu.cn").value()};
    if (!record("root.v1", proposal, std::nullopt)) return 1;
    proposal.act = trust::makeAct(
        "grant", replica->registry().school(), replica->registry().head(),
        {{"person", person.text()}, {"role", "clerk"}, {"scope", "unit/jwc"}, {"from", "2020-01-01T00:00:00.000Z"}},
        random.token<Nonce>());
    proposal.agreed = {trust::agree(proposal.act, person, key, "qa.example.edu.cn").value()};
    if (!record("grant.v1", proposal, replica->registry().head())) return 1;

    std::string const words8[] = {"质量", "年报", "教学", "诊断", "改进", "课程", "标准", "整改"};
    double const sealing = secondsOf([&] {
        for (int done = 0; done < documents;) {
            std::vector<NewRow> rows;
            for (; done < documents && rows.size() < static_cast<std::size_t>(perFrame); ++done) {
                trust::Revision made;
                made.school = replica->registry().school();
                made.scope = Scope::unit("jwc");
                made.doc = random.token<DocumentId>();
                made.type = "task.v1";
                std::string body;
                while (body.size() < 500) body += words8[random.below(8)];
                made.fields = {{"title", "整改任务 " + std::to_string(done)},
                               {"owner", "u" + std::to_string(done % 50)},
                               {"due", "2026-0" + std::to_string(1 + done % 9) + "-15"},
                               {"body", body}};
                made.by = {person, replica->device()};
                made.time = replica->clock().next();
                made.nonce = random.token<Nonce>();
                std::string bytes = trust::encode(made);
                rows.push_back(
                    {{trust::Item::Kind::Revision, hashAs<ObjectId>(asBytes(bytes))}, std::move(bytes), std::nullopt});
            }
            if (!replica->seal(Scope::unit("jwc"), rows, key)) std::abort();
        }
    });
    std::printf("sealed %d documents, %d a frame: %.0f/s\n", documents, perFrame, documents / sealing);

    PlainProjector const projector;
    auto view = View::open(*replica, projector);
    double const making = secondsOf([&] { view->catchUp({}); });
    std::printf("view made:     %.0f documents/s, %.1f us each\n", documents / making, making * 1e6 / documents);
    auto const first = view->list({.limit = 1}).at(0);
    double const again = secondsOf([&] { view->rebuild({}); });
    std::printf("view rebuilt:  %.0f documents/s, %.1f us each\n", documents / again, again * 1e6 / documents);
    std::printf("view.db %.1f MB, store.db %.1f MB\n",
                static_cast<double>(std::filesystem::file_size(path / "view.db")) / 1e6,
                static_cast<double>(std::filesystem::file_size(path / "store.db")) / 1e6);
    auto const time = [](char const* what, auto const& work) {
        std::printf("%-34s %8.3f ms\n", what, secondsOf(work) * 1e3);
    };
    time("status", [&] { (void)view->status(); });
    time("list, limit 50", [&] { (void)view->list({.limit = 50}); });
    time("list of an owner, open, limit 50", [&] { (void)view->list({.owner = "u7", .openOnly = true, .limit = 50}); });
    time("list of a type, limit 50", [&] { (void)view->list({.type = "task.v1", .limit = 50}); });
    time("list of a type due before, limit 50",
         [&] { (void)view->list({.type = "task.v1", .dueBefore = parseDay("2026-03-01"), .limit = 50}); });
    time("list with differences", [&] { (void)view->list({.withDifferences = true}); });
    time("list all", [&] { (void)view->list({}); });
    time("items pending", [&] { (void)view->items(Count::Pending); });
    time("items different", [&] { (void)view->items(Count::Different); });
    time("find by prefix", [&] { (void)view->find(first.doc.hex().substr(0, 6)); });
    time("nothing to follow", [&] { view->catchUp({}); });
    // A grant taken away without a cut touches everything that relied on it.
    proposal.act = trust::makeAct(
        "revoke", replica->registry().school(), replica->registry().head(),
        {{"grant", replica->registry().grantsOf(person).at(0).id.hex()}, {"cuts", json::Array{}}, {"reason", "ended"}},
        random.token<Nonce>());
    proposal.agreed = {trust::agree(proposal.act, person, key, "qa.example.edu.cn").value()};
    if (!record("revoke.v1", proposal, replica->registry().head())) return 1;
    double const judging = secondsOf([&] { view->catchUp({}); });
    std::printf("judged anew:   %.0f documents/s, %.1f us each\n", documents / judging, judging * 1e6 / documents);
    view->rebuild({});
    if (view->status().items.at(Count::Quarantined) != documents) return 1;
    auto search = Search::open(*replica, *view);
    double const indexing = secondsOf([&] { search->catchUp({}); });
    std::printf("search indexed: %.0f documents/s, search.db %.1f MB\n", documents / indexing,
                static_cast<double>(std::filesystem::file_size(path / "search.db")) / 1e6);
    time("search, common word", [&] { (void)search->find("整改"); });
    time("search, four characters", [&] { (void)search->find("诊断改进"); });
    time("search, rare", [&] { (void)search->find("任务 " + std::to_string(documents / 2)); });
    return 0;
}
