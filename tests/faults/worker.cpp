// Does a person's work in a folder, one act after the other, and says after each that it is done: the program that the
// tests of this folder kill, starve and cut off. Everything it does is the same each time for one seed.
//
//   faults_worker prepare ROOT                 a college with its people, machines and sticks: the template of each run
//   faults_worker run OPERATION ROOT SEED N    N acts; "ack OPERATION ids…" after each that the office called done,
//                                              "fail OPERATION code reason: detail" for each that it refused (tried again
//                                              as often as RETRIES says); ends with 4 when the environment failed, else 1
//   faults_worker look OPERATION ROOT SEED     what the operation's replica holds, and "problem …" for all that is wrong
//   faults_worker check OPERATION ROOT SEED    the same, and then the next day's work
//   faults_worker operations                   their names
//
// Keys come from fixed seeds, so that hundreds of starts need no Argon2.
#include "base/sha256.h"
#include "office/office.h"
#include "replica/attachments.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

using namespace spiral;
using namespace spiral::office;

namespace {

constexpr std::string_view kPassphrase = "correct horse";
constexpr std::string_view kUnit = "yc-d03";
constexpr int kDocuments = 12;                                // of each sort in the template
constexpr std::size_t kEvidenceBytes = 1024 * 1024 + 4321;    // two pieces
constexpr int kFiles = 4;                                     // to attach

// Seeds of the devices' keys.
enum Who : std::uint64_t { kFounder = 1, kClerk, kHead, kJoining, kWaiting, kOther };
constexpr std::array kEverybody{kFounder, kClerk, kHead, kJoining, kWaiting, kOther};

class SteppingClock final : public WallClock {
public:
    explicit SteppingClock(std::uint64_t seed)
        : m_time(*parseInstant("2026-03-02T08:00:00.000Z") + std::chrono::seconds{10 * seed}) {}
    Instant now() override { return m_time += std::chrono::milliseconds{7}; }

private:
    Instant m_time;
};
class CountingClock final : public MonotonicClock {
public:
    std::chrono::nanoseconds now() override { return std::chrono::nanoseconds{++m_ticks}; }

private:
    std::int64_t m_ticks = 0;
};

/// One program start of one person.
class Machine {
public:
    Machine(std::uint64_t randomSeed, std::uint64_t clockSeed) : m_clock(clockSeed), m_random(randomSeed) {}
    World world() { return {m_clock, m_monotonic, m_random, systemFiles()}; }

private:
    SteppingClock m_clock;
    CountingClock m_monotonic;
    SeededRandom m_random;
};

/// Everybody's key is known without the long work of unwrapping it, but for one made at a second attempt.
Result<std::unique_ptr<trust::Signer>> unlock(Path const& folder, trust::PublicKey const& wanted) {
    for (auto const who : kEverybody) {
        SeededRandom random(who);
        auto key = trust::SecretKey::generate(random);
        if (key.publicKey() == wanted) return std::unique_ptr<trust::Signer>(std::make_unique<trust::SecretKey>(std::move(key)));
    }
    auto const wrapped = systemFiles().read(folder / "keys" / "device.key", 4096);
    if (!wrapped) return wrapped.error();
    auto key = trust::SecretKey::unwrap(*wrapped, kPassphrase);
    if (!key) return key.error();
    return std::unique_ptr<trust::Signer>(std::make_unique<trust::SecretKey>(std::move(*key)));
}

Result<std::unique_ptr<Office>> openOffice(Path const& folder, World world) {
    return Office::open(folder, world, replica::Access::Write, unlock);
}

/// Ends the program when something that must work does not: in the template, or before the first act.
template <class T>
T must(Result<T> result, char const* what) {
    if (!result) {
        std::cerr << what << ": " << result.error().reason << ": " << result.error().detail << "\n";
        std::exit(9);
    }
    return std::move(*result);
}
void must(Result<void> const& result, char const* what) {
    if (result) return;
    std::cerr << what << ": " << result.error().reason << ": " << result.error().detail << "\n";
    std::exit(9);
}

/// One line, at once and whole: whoever reads it may kill us right after.
void say(std::string line) {
    line.push_back('\n');
    for (std::size_t done = 0; done < line.size();) {
        auto const count = ::write(STDOUT_FILENO, line.data() + done, line.size() - done);
        if (count <= 0) std::_Exit(8);
        done += static_cast<std::size_t>(count);
    }
}

std::string textOf(Path const& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), {});
}
void writeText(Path const& file, std::string_view text) {
    std::ofstream out(file, std::ios::binary);
    out << text;
    if (!out.flush()) std::exit(9);
}

/// Where the things of a run lie.
struct Places {
    Path root;
    [[nodiscard]] Path replica(std::string_view name) const { return root / name; }
    [[nodiscard]] Path in(std::string_view name) const { return root / "in" / name; }
    [[nodiscard]] Path out(std::string_view name) const { return root / "out" / name; }
};

// --- the template ---------------------------------------------------------------------------------------------------------

using Set = std::vector<std::pair<std::string, std::string>>;

DocumentKey inUnit(std::string const& hex) { return {Scope::unit(std::string(kUnit)), *DocumentId::fromHex(hex)}; }

DocumentKey newTask(Office& office, std::string const& title) {
    auto const made = must(office.create("task", Scope::unit(std::string(kUnit)),
                                         {{"title", title}, {"owner", std::string(kUnit)}, {"due", "2026-06-30"}}),
                           "creating a task");
    return made.document;
}

/// Bytes that do not compress, so that files have their size on every road.
std::string noise(std::size_t bytes, std::uint64_t seed) {
    std::string text(bytes, '\0');
    SeededRandom random(seed);
    random.fill({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    return text;
}

std::string invited(Office& founder, std::string_view name, std::vector<std::string> const& roles) {
    return must(founder.invite(name, kUnit, roles, std::nullopt), "inviting").invitation;
}
std::string asks(Path const& folder, Who who, std::string const& invitation) {
    Machine machine(who, 0);
    return must(Office::joinRequest(folder, machine.world(), asBytes(invitation), kPassphrase), "asking to join");
}
void enrols(Office& founder, std::string const& request, Path const& welcome) {
    auto const digits = must(founder.digits(asBytes(request)), "digits");
    must(founder.enrol(asBytes(request), trust::digitsText(digits), welcome), "enrolling");
}

void prepare(Places const& at) {
    for (auto const* part : {"in", "out", "state"}) std::filesystem::create_directories(at.root / part);
    {
        Machine machine(kFounder, 0);
        must(Office::found(at.replica("founder"), machine.world(),
                           {"盐城样例学院", "qa.example.edu.cn", "赵", std::string(kPassphrase), true}),
             "founding");
    }
    Machine machine(1001, 1);
    auto founder = must(openOffice(at.replica("founder"), machine.world()), "the founder's office");
    std::map<std::string, Who> const people{{"clerk", kClerk}, {"head", kHead}};
    for (auto const& [name, who] : people) {
        std::vector<std::string> roles{name == "head" ? "head" : "clerk"};
        if (name == "clerk") roles.push_back("quality");
        auto const request = asks(at.replica(name), who, invited(*founder, name, roles));
        enrols(*founder, request, at.in("welcome-" + name));
        Machine own(who + 1000, 2);
        must(Office::joinFinish(at.replica(name), own.world(), at.in("welcome-" + name)), "joining");
    }
    writeText(at.in("evidence.pdf"), noise(kEvidenceBytes, 7));
    writeText(at.in("minutes.txt"), noise(3000, 8));
    for (int i = 0; i < kFiles; ++i) {
        writeText(at.in("attach-" + std::to_string(i) + ".bin"), noise(300'000, 20 + static_cast<std::uint64_t>(i)));
    }
    writeText(at.in("schedule.json"), textOf("schemas/catalogues/yancheng-schedule.json"));

    Machine clerkMachine(1002, 3);
    auto clerk = must(openOffice(at.replica("clerk"), clerkMachine.world()), "the clerk's office");
    std::string plan;
    for (int i = 0; i < kDocuments; ++i) {
        for (auto const* sort : {"edit", "draft", "seal", "step", "attach"}) {
            auto const doc = newTask(*clerk, std::string(sort) + " " + std::to_string(i));
            plan += std::string(sort) + " " + doc.doc.hex() + "\n";
        }
    }
    must(clerk->attach(newTask(*clerk, "with a file"), at.in("minutes.txt")), "attaching");
    writeText(at.in("plan"), plan);

    // The head's own work, as a stick for the clerk: tasks, a changed task of the clerk's, a file of two pieces.
    {
        must(clerk->exportTo(at.in("to-head"), std::nullopt), "exporting");
        Machine headMachine(1003, 4);
        auto head = must(openOffice(at.replica("head"), headMachine.world()), "the head's office");
        must(head->importFrom(at.in("to-head")), "importing");
        for (int i = 0; i < kDocuments; ++i) newTask(*head, "of the head " + std::to_string(i));
        auto const doc = newTask(*head, "with evidence");
        must(head->attach(doc, at.in("evidence.pdf")), "attaching");
        auto const first = plan.substr(plan.find(' ') + 1, 32);
        must(head->edit(inUnit(first), {{"title", "changed by the head"}}, false), "editing");
        must(head->exportTo(at.in("stick"), std::nullopt), "exporting");
    }
    must(clerk->replica().backup(at.in("backup")), "backing up");

    must(replica::Replica::restore(at.in("backup"), at.replica("put-back"), machine.world()), "restoring");
    // The next restore finds what an attempt with a larger backup left, and the log of a store that somebody removed.
    std::filesystem::create_directories(at.replica("restored") / "keys");
    for (auto const* name : {"store.db.new", "store.db-wal", "keys/device.key"}) {
        writeText(at.replica("restored") / name, noise(600'000, 9));
    }

    // One machine that needs only finish, one whose request lies with the founder, one that has only its invitation.
    writeText(at.in("request-joining"), asks(at.replica("joining"), kJoining, invited(*founder, "陈", {"clerk"})));
    enrols(*founder, textOf(at.in("request-joining")), at.in("welcome"));
    writeText(at.in("request"), asks(at.replica("waiting"), kWaiting, invited(*founder, "孙", {"clerk"})));
    writeText(at.in("invitation"), invited(*founder, "吴", {"clerk"}));
    for (auto const* done : {"to-head", "welcome-clerk", "welcome-head"}) std::filesystem::remove(at.in(done));
    for (auto const* gone : {"waiting", "head"}) std::filesystem::remove_all(at.replica(gone));
}

// --- operations -------------------------------------------------------------------------------------------------------------

struct Run {
    Places at;
    std::string operation;
    std::uint64_t seed = 0;
    std::unique_ptr<Machine> machine;
    std::unique_ptr<Office> office;
    std::vector<DocumentKey> documents;   ///< of the template, for this operation

    /// What each act says of itself; unique in all runs.
    [[nodiscard]] std::string title(int i) const { return operation + " " + std::to_string(seed) + " " + std::to_string(i); }
    [[nodiscard]] DocumentKey const& document(int i) const { return documents.at(static_cast<std::size_t>(i) % documents.size()); }
};

using Ids = Result<std::string>;   ///< what an act made, for its "ack"
using Act = Ids (*)(Run&, int);

Ids revisionOf(Result<Assignment> const& made) {
    if (!made) return made.error();
    return made->document.doc.hex() + " " + (made->revision ? made->revision->hex() : "-");
}

Ids doCreate(Run& run, int i) {
    return revisionOf(run.office->create("task", Scope::unit(std::string(kUnit)), {{"title", run.title(i)}}));
}
Ids doEdit(Run& run, int i) { return revisionOf(run.office->edit(run.document(i), {{"title", run.title(i)}}, false)); }
Ids doDraft(Run& run, int i) {
    auto made = run.office->edit(run.document(i), {{"title", run.title(i)}}, true);
    if (!made) return made.error();
    return run.document(i).doc.hex() + " " + run.title(i);
}
Ids doSeal(Run& run, int i) {
    if (!run.office->replica().draft(run.document(i))) {
        if (auto made = run.office->edit(run.document(i), {{"title", run.title(i)}}, true); !made) return made.error();
        say("ack draft " + run.document(i).doc.hex() + " " + run.title(i));
    }
    return revisionOf(run.office->seal(run.document(i)));
}
Ids doStep(Run& run, int i) {
    auto done = run.office->step(run.document(i), "submit", "", std::nullopt);
    if (!done) return done.error();
    return done->document.doc.hex() + " " + done->record.hex();
}
Ids doAttach(Run& run, int i) {
    return revisionOf(run.office->attach(run.document(i), run.at.in("attach-" + std::to_string(i % kFiles) + ".bin")));
}
Ids doExport(Run& run, int i) {
    Path const file = run.at.out("export-" + std::to_string(run.seed) + "-" + std::to_string(i));
    auto done = run.office->exportTo(file, std::nullopt);
    if (!done) return done.error();
    return file.filename().string();
}
Ids doImport(Run& run, int) {
    auto done = run.office->importFrom(run.at.in("stick"));
    if (!done) return done.error();
    return std::to_string(done->frames);
}
Ids doTable(Run& run, int) {
    auto done = run.office->importTable("schedule", textOf(run.at.in("schedule.json")), false);
    if (!done) return done.error();
    std::string ids = std::to_string(done->documents.size() + static_cast<std::size_t>(done->known));
    for (auto const& doc : done->documents) ids += " " + doc.doc.hex();
    return ids;
}
Ids doBackup(Run& run, int i) {
    Path const file = run.at.out("backup-" + std::to_string(run.seed) + "-" + std::to_string(i));
    auto done = run.office->replica().backup(file);
    if (!done) return done.error();
    return file.filename().string();
}
Ids doRebuild(Run& run, int) {
    run.office->rebuild();
    return std::string("-");
}
Ids doSearch(Run& run, int) { return std::to_string(run.office->search("edit").size()); }
Ids doGrant(Run& run, int i) {
    json::Object grant;
    grant.set("person", run.office->replica().person()->text());
    grant.set("role", "leader");
    grant.set("scope", "college");
    // Each act is told from the others by its day.
    grant.set("from", toText(*parseInstant("2030-01-01T00:00:00.000Z") + std::chrono::days{static_cast<int>(run.seed) * 100 + i}));
    auto done = run.office->propose("grant", std::move(grant));
    if (!done) return done.error();
    return done->entry ? done->entry->hex() : "-";
}
Ids doEnrol(Run& run, int) {
    std::string const request = textOf(run.at.in("request"));
    auto const digits = run.office->digits(asBytes(request));
    if (!digits) return digits.error();
    auto done = run.office->enrol(asBytes(request), trust::digitsText(*digits), run.at.out("welcome-waiting"));
    if (!done) return done.error();
    return done->device.hex();
}
Ids doRestore(Run& run, int) {
    auto done = replica::Replica::restore(run.at.in("backup"), run.at.replica("restored"), run.machine->world());
    if (!done) return done.error();
    return std::string("-");
}
/// Nothing more than the first opening of a replica that was put back: what that finds must not get lost.
Ids doReopen(Run&, int) { return std::string("-"); }
Ids doJoin(Run& run, int) {
    auto done = Office::joinFinish(run.at.replica("joining"), run.machine->world(), run.at.in("welcome"));
    if (!done) return done.error();
    return std::string("-");
}
Ids doRequest(Run& run, int) {
    auto done = Office::joinRequest(run.at.replica("asking"), run.machine->world(), asBytes(textOf(run.at.in("invitation"))),
                                    kPassphrase);
    if (!done) return done.error();
    return sha256(asBytes(*done)).hex();
}
Ids doFound(Run& run, int) {
    auto done = Office::found(run.at.replica("founded"), run.machine->world(),
                              {"另一学院", "other.example.edu.cn", "钱", std::string(kPassphrase), false});
    if (!done) return done.error();
    return std::string("-");
}

struct Operation {
    char const* replica;   ///< whose
    bool opens;            ///< needs an open office
    Act act;
};
std::map<std::string, Operation, std::less<>> const& operations() {
    static std::map<std::string, Operation, std::less<>> const all{
        {"create", {"clerk", true, doCreate}},     {"edit", {"clerk", true, doEdit}},
        {"draft", {"clerk", true, doDraft}},       {"seal", {"clerk", true, doSeal}},
        {"step", {"clerk", true, doStep}},         {"attach", {"clerk", true, doAttach}},
        {"export", {"clerk", true, doExport}},     {"import", {"clerk", true, doImport}},
        {"table", {"clerk", true, doTable}},       {"backup", {"clerk", true, doBackup}},
        {"rebuild", {"clerk", true, doRebuild}},   {"search", {"clerk", true, doSearch}},
        {"grant", {"founder", true, doGrant}},     {"enrol", {"founder", true, doEnrol}},
        {"restore", {"restored", false, doRestore}}, {"reopen", {"put-back", true, doReopen}},
        {"join", {"joining", false, doJoin}},
        {"request", {"asking", false, doRequest}}, {"found", {"founded", false, doFound}},
    };
    return all;
}

int work(Run& run, int acts, int retries) {
    auto const& operation = operations().at(run.operation);
    bool const makesKey = run.operation == "request" || run.operation == "found";
    run.machine = std::make_unique<Machine>(makesKey ? std::uint64_t{kOther} : 5000 + run.seed, 100 + run.seed);
    for (std::ifstream plan(run.at.in("plan")); plan;) {
        std::string sort, doc;
        if (plan >> sort >> doc && sort == run.operation) run.documents.push_back(inUnit(doc));
    }
    /// Tries once; an Error says why not. A failing disk may throw, as the header of the replica says.
    auto const attempt = [&](auto const& what) -> Ids {
        try {
            return what();
        } catch (replica::SqliteError const& error) {
            return error.toError();
        }
    };
    auto const insist = [&](auto const& what) -> Ids {
        for (int failures = 0;; ++failures) {
            Ids ids = attempt(what);
            if (ids) return ids;
            auto const& error = ids.error();
            say("fail " + run.operation + " " + std::string(nameOf(error.code)) + " " + error.reason + ": " + error.detail);
            if (failures >= retries) return ids;
            // Whoever sees a refusal looks at her documents before she tries again.
            if (run.office) static_cast<void>(attempt([&]() -> Ids { return std::to_string(run.office->list({}).size()); }));
        }
    };
    auto const statusOf = [](Error const& error) {
        return error.code == ErrorCode::Environment || error.code == ErrorCode::Busy ? 4 : 1;
    };
    if (operation.opens) {
        Ids const opened = insist([&]() -> Ids {
            auto office = openOffice(run.at.replica(operation.replica), run.machine->world());
            if (!office) return office.error();
            run.office = std::move(*office);
            return std::string();
        });
        if (!opened) return statusOf(opened.error());
    }
    for (int i = 0; i < acts; ++i) {
        Ids const ids = insist([&] { return operation.act(run, i); });
        if (!ids) return statusOf(ids.error());
        say("ack " + run.operation + " " + *ids);
    }
    return 0;
}

// --- checking -----------------------------------------------------------------------------------------------------------------

std::string dumpHash(Office& office) {
    Sha256Stream hash;
    office.view().dump([&](std::string_view line) {
        hash.add(asBytes(line));
        hash.add(asBytes("\n"));
    });
    return hash.finish().hex();
}

void problem(std::string const& text) { say("problem " + text); }
void problem(std::string const& what, Error const& error) { problem(what + ": " + error.reason + ": " + error.detail); }

void checkDeep(Office& office, char const* when) {
    for (auto const& finding : office.replica().check(true)) problem(std::string(when) + " check: " + finding.reason + " " + finding.about);
}

/// Every item of every frame that is held, as often as it stands there; and that each lies there with its bytes.
void sayItems(Office& office) {
    auto& replica = office.replica();
    std::vector<FrameId> frames;
    replica.log(0, [&](replica::LogLine const& line) {
        if (line.what != replica::LogLine::What::PayloadApplied) frames.push_back(line.frame);
        return true;
    });
    for (auto const& frame : frames) {
        auto const bytes = replica.frameBytes(frame);
        auto const header = bytes ? trust::decodeFrameHeader(bytes->header) : makeError(ErrorCode::NotFound, "frame.missing");
        if (!header) {
            problem("frame in the log only: " + frame.hex());
            continue;
        }
        if (!bytes->applied) problem("half a frame: " + frame.hex());
        for (auto const& item : header->items) {
            say("item " + item.id.hex());
            if (item.kind != trust::Item::Kind::Revision) continue;
            auto const stored = replica.revisionBytes(item.id);
            auto const revision = stored ? trust::decodeRevision(*stored) : makeError(ErrorCode::NotFound, "revision.missing");
            if (!revision) {
                problem("no revision " + item.id.hex());
                continue;
            }
            replica::Attachments const attachments(replica.folder() / "attachments", replica.world().files);
            for (auto const& file : revision->files) {
                if (!attachments.holds(file.sha256)) say("lacks " + file.sha256.hex());
                else if (!attachments.verify(file)) problem("a damaged attachment " + file.sha256.hex());
            }
        }
    }
}

/// What lies in the folder that no finished operation leaves.
void sayLeftovers(Path const& folder) {
    for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
        std::string const name = entry.path().filename().string();
        if (name.ends_with(".new") || name.ends_with(".part") || name.find(".new-") != std::string::npos) {
            say("left " + entry.path().lexically_relative(folder).string());
        }
    }
}

/// Files given away are whole or not there.
void checkGiven(Run& run) {
    for (auto const& name : systemFiles().list(run.at.root / "out")) {
        Path const file = run.at.out(name);
        if (name.ends_with(".new")) {
            say("left out/" + name);
        } else if (name.starts_with("backup-")) {
            Path const folder = run.at.root / ("from-" + name);
            if (auto restored = replica::Replica::restore(file, folder, run.machine->world()); !restored) {
                problem(name, restored.error());
                continue;
            }
            auto office = openOffice(folder, run.machine->world());
            if (!office) problem(name, office.error());
            else checkDeep(**office, name.c_str());
        } else {
            auto const kind = name.starts_with("welcome") ? transport::FileKind::Welcome : transport::FileKind::Exchange;
            auto const frames = transport::readFrames(file, systemFiles(), kind);
            if (!frames) problem(name, frames.error());
            else say("given " + name + " " + std::to_string(frames->size()));
        }
    }
}

int check(Run& run, bool goesOn) {
    auto const& operation = operations().at(run.operation);
    Path const folder = run.at.replica(operation.replica);
    run.machine = std::make_unique<Machine>(900'000 + run.seed, 5000 + run.seed);
    auto opened = openOffice(folder, run.machine->world());
    if (!opened) {
        problem("cannot open", opened.error());
        return 0;
    }
    run.office = std::move(*opened);
    auto& office = *run.office;
    auto const guard = office.replica().guard();
    say(std::string("guard ") + (guard == replica::GuardFinding::Good ? "good" : guard == replica::GuardFinding::First ? "first" : "restored"));
    for (auto const& advice : office.status().advice) say("advice " + advice);
    checkDeep(office, "first");
    sayItems(office);
    for (auto const& listed : office.list({})) say("document " + listed.doc.hex() + " " + listed.row.state + " " + listed.row.title);
    for (auto const& draft : office.replica().drafts()) {
        auto const* title = json::stringAt(draft.fields, "title");
        say("draft " + draft.doc.hex() + " " + (title ? *title : "?"));
    }
    for (auto const& fork : office.view().forks()) problem("a fork of " + fork.device.hex());
    auto const counts = office.view().status();
    std::int64_t sum = 0;
    for (auto const& [count, number] : counts.items) sum += number;
    if (sum != counts.total) problem("counts do not add up");
    if (counts.inbox != 0) problem("something waits in the inbox");
    say("registry " + std::to_string(office.registry().empty() ? 0 : office.registry().head().seq));

    std::string const followed = dumpHash(office);
    office.rebuild();
    std::string const rebuilt = dumpHash(office);
    if (followed != rebuilt) problem("the view is not what a rebuild makes");
    say("dump " + rebuilt);
    sayLeftovers(folder);
    checkGiven(run);

    if (!goesOn) return 0;
    if (office.replica().person()) {
        auto const scope = office.defaultScope();
        if (!scope) {
            problem("no scope to write in", scope.error());
            return 0;
        }
        auto const made = office.create("task", *scope, {{"title", "the day after"}});
        if (!made) {
            problem("the next document", made.error());
            return 0;
        }
        if (auto drafted = office.edit(made->document, {{"title", "the day after, changed"}}, true); !drafted) problem("the next draft", drafted.error());
        else if (auto sealed = office.seal(made->document); !sealed) problem("the next sealing", sealed.error());
        if (auto given = office.exportTo(run.at.root / "next", std::nullopt); !given) problem("the next export", given.error());
        if (office.registry().keeper() == office.replica().device()) {
            if (auto added = office.addUnit("next", "下", "东校区"); !added) problem("the next unit", added.error());
        }
        checkDeep(office, "second");
    } else {
        say("nobody");
    }
    return 0;
}

int usage() {
    std::cerr << "faults_worker prepare ROOT | run OPERATION ROOT SEED N | look|check OPERATION ROOT SEED | operations\n";
    return 3;
}

int start(std::vector<std::string> const& arguments) {
    if (arguments.size() == 1 && arguments[0] == "operations") {
        for (auto const& [name, operation] : operations()) say(name);
        return 0;
    }
    if (arguments.size() == 2 && arguments[0] == "prepare") {
        Places const at{arguments[1]};
        ::setenv("XDG_STATE_HOME", (at.root / "state").c_str(), 1);
        prepare(at);
        return 0;
    }
    bool const runs = arguments.size() == 5 && arguments[0] == "run";
    bool const checks = arguments.size() == 4 && (arguments[0] == "check" || arguments[0] == "look");
    if ((!runs && !checks) || !operations().contains(arguments[1])) return usage();
    Run run;
    run.operation = arguments[1];
    run.at.root = arguments[2];
    run.seed = std::stoull(arguments[3]);
    ::setenv("XDG_STATE_HOME", (run.at.root / "state").c_str(), 1);
    if (checks) return check(run, arguments[0] == "check");
    char const* const retries = std::getenv("RETRIES");
    return work(run, std::stoi(arguments[4]), retries ? std::atoi(retries) : 0);
}

}  // namespace

int main(int count, char** values) {
    try {
        return start({values + 1, values + count});
    } catch (std::exception const& error) {
        // Nothing but SqliteError may leave an office call, and that is caught where it is called.
        say(std::string("problem exception ") + error.what());
        return 10;
    }
}
