#include "demo/cycle_story.h"

#include "embedded/demo.h"
#include "office/cycles.h"

#include <algorithm>
#include <memory>

namespace spiral::demo {
namespace {

using office::Office;
using office::StepWanted;

constexpr std::string_view kPassphrase = "样例口令 请勿使用";
constexpr std::size_t kKeyFileBytesMax = 64 * 1024;
constexpr std::string_view kNorth = "yc-d03", kSouth = "yc-d08";

/// A step of the story that went wrong; caught where it began, so that the telling reads as it happens.
struct Stopped {
    Error error;
};

template <class T>
T must(Result<T> result) {
    if (!result) throw Stopped{result.error()};
    return *std::move(result);
}
void must(Result<void> const& result) {
    if (!result) throw Stopped{result.error()};
}

Day day(std::string_view text) { return *parseDay(text); }

/// Somebody with a computer of her own.
class Person {
public:
    Person(Path folder, replica::World world) : m_folder(std::move(folder)), m_world(world) {}

    void founds() {
        must(Office::found(m_folder, m_world,
                           {"盐城样例学院", "qa.yancheng.example", "赵敏（样例）", std::string(kPassphrase), true}));
        open();
    }
    void joins(Person& admin, std::string_view name, std::string_view unit, std::vector<std::string> const& roles) {
        auto const invited = must(admin->invite(name, unit, roles, std::nullopt));
        auto const request = must(Office::joinRequest(m_folder, m_world, asBytes(invited.invitation), kPassphrase));
        auto const digits = must(admin->digits(asBytes(request)));
        Path welcome = m_folder;
        welcome += ".welcome";
        must(admin->enrol(asBytes(request), trust::digitsText(digits), welcome));
        must(Office::joinFinish(m_folder, m_world, welcome));
        open();
    }
    Office* operator->() { return m_office.get(); }
    Office& operator*() { return *m_office; }

    /// What the other lacks, as a file on a stick.
    void carriesTo(Person& other) {
        Path tips = m_folder, stick = m_folder;
        tips += ".tips";
        stick += ".stick";
        must(other->writeTips(tips));
        must(m_office->exportTo(stick, tips));
        must(other->importFrom(stick));
    }
    void edits(DocumentKey const& document, std::vector<std::pair<std::string, std::string>> const& set) {
        must(m_office->edit(document, set, false));
    }
    void steps(DocumentKey const& document, std::string_view action, std::string_view comment = {},
               std::optional<Day> until = {}) {
        must(m_office->step(document, action, comment, until));
    }
    std::string refused(DocumentKey const& document, std::string_view action, std::string_view comment = {}) {
        auto const done = m_office->step(document, action, comment, std::nullopt);
        return done ? std::string() : done.error().reason;
    }
    std::string dump() {
        std::string all;
        m_office->view().dump([&](std::string_view line) { all.append(line).push_back('\n'); });
        return all;
    }

private:
    void open() {
        m_office = must(
            Office::open(m_folder, m_world, replica::Access::Write,
                         [this](Path const& at, trust::PublicKey const&) -> Result<std::unique_ptr<trust::Signer>> {
                             auto bytes = m_world.files.read(at / "keys" / "device.key", kKeyFileBytesMax);
                             if (!bytes) return bytes.error();
                             auto key = trust::SecretKey::unwrap(*bytes, kPassphrase);
                             if (!key) return key.error();
                             return std::unique_ptr<trust::Signer>(std::make_unique<trust::SecretKey>(std::move(*key)));
                         }));
    }
    Path m_folder;
    replica::World m_world;
    std::unique_ptr<Office> m_office;
};

class CycleStory {
public:
    CycleStory(Path const& folder, replica::World world, Tell const& tell)
        : m_tell(tell),
          m_quality(folder / "quality", world),
          m_checker(folder / "checker", world),
          m_north(folder / "north", world),
          m_south(folder / "south", world) {
        for (auto const* name : {"quality", "checker", "north", "south"}) m_told.replicas.push_back(folder / name);
    }

    CycleTold play() {
        people();
        start();
        failingPoint();
        rectification();
        jointElement();
        close();
        next();
        return std::move(m_told);
    }

private:
    void people() {
        m_quality.founds();
        must(m_quality->propose("grant", json::Object{{"from", toText(m_quality->replica().world().wall.now())},
                                                      {"person", m_quality->status().person->text()},
                                                      {"role", "quality"},
                                                      {"scope", "college"}}));
        m_checker.joins(m_quality, "钱宁（样例）", "yc-d05", {"quality@college"});
        m_north.joins(m_quality, "李梅（样例）", kNorth, {"clerk"});
        m_south.joins(m_quality, "王强（样例）", kSouth, {"clerk"});
        m_told.departments = static_cast<int>(m_quality->registry().units().size());
        m_tell("学院有 " + std::to_string(m_told.departments) + " 个部门、两个校区；四台电脑，没有网络，只有 U 盘。",
               "A college of " + std::to_string(m_told.departments) +
                   " departments on two campuses; four computers, no network, one USB stick.");
    }

    void start() {
        auto const imported =
            must(m_quality->importTable("catalogue", *demoFile("catalogues/yancheng-diagnosis-catalogue.json"), false));
        office::CycleWanted wanted;
        wanted.title = "2026年自我诊改";
        wanted.start = day("2026-01-01");
        wanted.due = day("2026-09-30");
        wanted.catalogues = imported.documents;
        // What the tables call by a sort of department, here means the two of this story.
        for (auto const* name : {"二级学院", "二级学院教研室", "学工处"})
            wanted.owners[name] = {std::string(kNorth), std::string(kSouth)};
        auto const started = must(office::startCycle(*m_quality, wanted));
        m_told.cycle = started.cycle;
        m_told.elements = started.plan.elements;
        m_told.points = started.plan.points;
        m_told.parts = started.plan.parts;
        m_tell("质控办一条命令启动周期：" + std::to_string(m_told.elements) + " 个要素、" +
                   std::to_string(m_told.points) + " 个诊断点，各部门共 " + std::to_string(m_told.parts) +
                   " 份；它们立刻列在每个人的清单里，等部门自己开始。",
               "The quality office starts a cycle with one command: " + std::to_string(m_told.elements) +
                   " elements, " + std::to_string(m_told.points) + " points, " + std::to_string(m_told.parts) +
                   " parts. They stand in everybody's lists at once; each department begins its own.");
        m_quality.carriesTo(m_north);
        m_quality.carriesTo(m_south);
        m_quality.carriesTo(m_checker);
    }

    office::CyclePart partOf(Person& person, std::string_view rule, std::string_view unit, std::size_t which) {
        auto const shown = must(office::showCycle(*person, m_told.cycle, day("2026-03-02")));
        for (auto const& part : shown.parts) {
            if (part.rule == rule && part.unit == unit && which-- == 0) return part;
        }
        throw Stopped{makeError(ErrorCode::NotFound, "document.missing", std::string(unit))};
    }

    void failingPoint() {
        m_told.point = partOf(m_north, "point", kNorth, 0).line.key();
        m_north.edits(
            m_told.point,
            {{"result", "not-met"}, {"evidence", "教务处课程台账 2025"}, {"problem", "优质课程只有目标的一半"}});
        m_north.steps(m_told.point, "problems-found");
        m_north.edits(m_told.point, {{"cause", "建设周期长；激励不足"}});
        m_north.steps(m_told.point, "causes-found");
        m_north.edits(m_told.point, {{"main_cause", "激励不足"}});
        m_north.steps(m_told.point, "main-cause-found");
        m_north.edits(m_told.point, {{"measures", "课程建设计入工作量，六月前出台办法"}});
        m_north.steps(m_told.point, "plan-made");
        m_north.edits(m_told.point, {{"execution", "办法已起草"}});
        m_north.steps(m_told.point, "submit");
        m_north.carriesTo(m_checker);
        m_checker.steps(m_told.point, "recheck-fail", "办法没有出台，没有成效", day("2026-05-31"));
        m_checker.carriesTo(m_north);
        m_tell(
            "北校区教务处走完五步提请检查；质控办不通过：“办法没有出台”，限 "
            "2026-05-31。一项整改任务随即列出，期限来自签名的结论。",
            "The north campus walks five steps and asks for a check; it fails until 2026-05-31. A rectification task "
            "stands at once, its day that of the signed verdict.");
    }

    void submitsAgain(std::string_view evidence) {
        m_north.edits(m_told.task,
                      {{"cause", "激励不足"}, {"measures", "出台办法并公示"}, {"evidence", std::string(evidence)}});
        m_north.steps(m_told.task, "submit");
        m_told.refusedOwnCheck = m_north.refused(m_told.task, "recheck-pass");
        m_north.carriesTo(m_checker);
    }
    void noteDue() { m_told.dueDays.push_back(toText(*must(m_quality->show(m_told.task)).standing.due)); }

    void rectification() {
        auto const expected = m_north->expectedBy(m_told.point);
        if (expected.size() != 1) throw Stopped{makeError(ErrorCode::NotFound, "document.missing", "task")};
        m_told.task = expected.front().document;
        // Nobody has begun it, and its day is moved all the same: in the open, with a reason.
        m_north.carriesTo(m_quality);
        m_checker.carriesTo(m_quality);
        noteDue();
        m_quality.steps(m_told.task, "extend", "校务会延期到六月中旬", day("2026-06-20"));
        noteDue();
        m_quality.carriesTo(m_north);
        m_quality.carriesTo(m_checker);
        m_tell("质控办把期限移到 2026-06-20，理由写明并签名，永远可见；任务还没有人开始也一样。",
               "The quality office moves the day to 2026-06-20, with a reason, signed and visible for good, though "
               "nobody has begun the task yet.");

        submitsAgain("办法（征求意见稿）");
        m_checker.steps(m_told.task, "recheck-fail", "只是征求意见稿", day("2026-07-31"));
        m_checker.carriesTo(m_north);
        submitsAgain("办法已印发，尚无数据");
        m_checker.steps(m_told.task, "recheck-fail", "没有成效数据", day("2026-09-15"));
        m_checker.carriesTo(m_north);
        submitsAgain("办法已印发；新增优质课程 12 门");
        m_checker.steps(m_told.task, "recheck-pass", "属实");
        m_checker.carriesTo(m_north);
        m_tell("三轮：不通过、不通过、通过；每轮新期限、新理由。部门自己给自己“通过”被拒绝：" + m_told.refusedOwnCheck +
                   "。",
               "Three rounds: failed, failed, passed, each with its day and reason. The department passing its own "
               "work is refused: " +
                   m_told.refusedOwnCheck + ".");

        m_north.edits(m_told.point, {{"execution", "办法已印发，三轮整改通过"}, {"effect", "新增优质课程 12 门"}});
        m_north.steps(m_told.point, "submit");
        m_north.carriesTo(m_checker);
        m_checker.steps(m_told.point, "recheck-pass");
        m_checker.carriesTo(m_north);
        m_north.edits(m_told.point, {{"standard", "写入《课程建设管理办法》第五条"}});
        m_north.steps(m_told.point, "standardised");
        m_north.edits(m_told.point, {{"left_over", "在线课程的验收标准未定"}});
        m_north.steps(m_told.point, "finish");
        m_north.carriesTo(m_quality);
        m_checker.carriesTo(m_quality);
        noteDue();
        auto const task = must(m_quality->show(m_told.task));
        m_told.rounds = task.standing.round;
        m_told.failedRounds = task.standing.failedRounds;
        for (auto const& round : task.standing.rounds) m_told.verdicts.push_back(round.verdictAction);
        m_tell("该诊断点走完八步：措施纳入标准，遗留一个问题。",
               "The point ends its eight steps: the measure enters the standard, one problem is left over.");
    }

    void jointElement() {
        auto const cycle = must(office::showCycle(*m_quality, m_told.cycle, day("2026-03-02")));
        // The first element that both campuses answer for.
        for (auto const& north : cycle.parts) {
            if (north.rule != "element" || north.unit != kNorth) continue;
            auto const south = std::find_if(cycle.parts.begin(), cycle.parts.end(), [&](auto const& part) {
                return part.rule == "element" && part.element == north.element && part.unit == kSouth;
            });
            if (south == cycle.parts.end()) continue;
            auto const fill = [](Person& person, DocumentKey const& part, std::string const& who) {
                person.edits(part, {{"form_and_basis", who + "：查阅台账"},
                                    {"attainment", "八成"},
                                    {"achievements", "规划已修订"},
                                    {"problems", "数据迟报"},
                                    {"causes", "口径不一"},
                                    {"measures", "统一口径"}});
                person.steps(part, "submit");
            };
            fill(m_north, north.line.key(), "北校区");
            fill(m_south, south->line.key(), "南校区");
            m_north.carriesTo(m_quality);
            m_south.carriesTo(m_quality);
            m_tell("共同要素“" + north.line.title + "”：两个校区各填各的一份，互不覆盖。",
                   "A joint element: each campus fills in its own part; neither touches the other's.");
            return;
        }
        throw Stopped{makeError(ErrorCode::NotFound, "document.missing", "joint element")};
    }

    void close() {
        auto const refused = office::closeCycle(*m_quality, m_told.cycle, "", false);
        m_told.refusedClose = refused ? std::string() : refused.error().reason;
        must(office::closeCycle(*m_quality, m_told.cycle, "年度结束，未完成的进入下一周期", true));
        m_told.leftOver = must(m_quality->show(m_told.cycle)).standing.left.size();
        m_tell("还有未完成的，结束周期被拒绝；列为遗留后结束：" + std::to_string(m_told.leftOver) +
                   " 项逐一写进签名的结束记录。",
               "Closing is refused while parts are open; with them named as left over it is signed: " +
                   std::to_string(m_told.leftOver) + " items.");
    }

    void next() {
        office::CycleWanted wanted;
        wanted.title = "2027年自我诊改";
        wanted.start = day("2027-01-01");
        wanted.due = day("2027-09-30");
        wanted.units = {std::string(kNorth), std::string(kSouth)};
        wanted.previous = m_told.cycle;
        replica::ListFilter filter;
        filter.type = "catalogue";
        for (auto const& listed : m_quality->list(filter)) wanted.catalogues.push_back(listed.key());
        auto const started = must(office::startCycle(*m_quality, wanted));
        m_told.next = started.cycle;
        m_told.carried = started.plan.carried;
        m_quality.carriesTo(m_checker);
        m_quality.carriesTo(m_north);
        m_quality.carriesTo(m_south);
        m_checker.carriesTo(m_quality);
        m_north.carriesTo(m_quality);
        m_south.carriesTo(m_quality);
        m_quality.carriesTo(m_checker);
        m_told.sameEverywhere = m_quality.dump() == m_checker.dump();
        m_tell("2027 年的周期带着这 " + std::to_string(m_told.carried) + " 项遗留开始，每项都链接到去年的那一份。",
               "The cycle of 2027 begins with these " + std::to_string(m_told.carried) +
                   " items, each linked to last year's.");
    }

    Tell const& m_tell;
    Person m_quality, m_checker, m_north, m_south;
    CycleTold m_told;
};

}  // namespace

Result<CycleTold> playCycle(Path const& folder, replica::World world, Tell const& tell) {
    try {
        return CycleStory(folder, world, tell).play();
    } catch (Stopped const& stopped) {
        return stopped.error;
    }
}

}  // namespace spiral::demo
