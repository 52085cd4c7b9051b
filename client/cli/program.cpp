#include "cli/program.h"

#include "job.h"

#include <algorithm>
#include <new>
#include <ostream>

namespace spiral::cli {

namespace {

/// --lang anywhere, else what the locale says; Chinese where nobody says anything.
Language languageFrom(std::vector<std::string> const& words, Surroundings const& surroundings) {
    std::string told;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--lang" && i + 1 < words.size())
            told = words[i + 1];
        else if (words[i].starts_with("--lang="))
            told = words[i].substr(7);
    }
    for (char const* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        if (told.empty()) told = surroundings.variable(name).value_or("");
    }
    return told.starts_with("en") ? Language::English : Language::Chinese;
}

bool mentions(std::vector<std::string> const& words, std::string_view option) {
    for (auto const& word : words) {
        if (word == "--") return false;
        if (word == option) return true;
    }
    return false;
}

/// Commands of one subject that stand in several files.
template <class... More>
std::vector<Command> joined(std::vector<Command> first, More... more) {
    (first.insert(first.end(), more.begin(), more.end()), ...);
    return first;
}

}  // namespace

std::vector<Group> const& commandGroups() {
    static std::vector<Group> const groups = {
        {{"建立与加入", "Founding and joining"}, collegeCommands()},
        {{"状态", "Where things stand"}, statusCommands()},
        {{"收件箱", "Inbox"}, inboxCommands()},
        {{"文档", "Documents"}, documentCommands()},
        {{"不同版本", "Different versions"}, mergeCommands()},
        {{"步骤与任务", "Steps and tasks"}, stepCommands()},
        {{"诊改周期", "Cycles of diagnosis"}, joined(cycleCommands(), calendarCommands())},
        {{"文档类型与流程", "Types and workflows"}, typeCommands()},
        {{"导入与目录", "Tables and catalogues"}, joined(tableCommands(), sheetCommands(), catalogueCommands())},
        {{"质控办", "The quality office"}, qualityCommands()},
        {{"问责与发现", "Accountability and findings"}, accountabilityCommands()},
        {{"年度报告与上报", "Yearly reports"}, yearlyCommands()},
        {{"规划、看板与日历", "Plans, board and calendar"}, planCommands()},
        {{"整改与标准", "From findings to standards"}, improvementCommands()},
        {{"机构", "The organisation"}, organisationCommands()},
        {{"撤并、调动与移交", "Units and people that change"}, unitCommands()},
        {{"交换", "Exchange"}, exchangeCommands()},
        {{"注册簿", "The registry"}, registryCommands()},
        {{"证据", "Evidence"}, evidenceCommands()},
        {{"维护", "Care"}, careCommands()},
        {{"演示", "Demonstrations"}, demoCommands()},
        {{"帮助", "Help"}, helpCommands()},
    };
    return groups;
}

std::vector<Option> const& globalOptions() {
    static std::vector<Option> const options = {
        {.name = "--replica",
         .value = "DIR",
         .what = {"副本所在文件夹（或 SPIRAL_REPLICA；否则取上级中含 store.db 的最近一个）",
                  "folder of the replica (or SPIRAL_REPLICA; else the nearest folder above that holds store.db)"},
         .completes = Completes::Folder},
        {.name = "--json", .what = {"标准输出只有一个 JSON 文档", "exactly one JSON document on standard output"}},
        {.name = "--lang",
         .value = "zh|en",
         .what = {"语言；默认按 LC_ALL、LANG，否则中文", "language; default from LC_ALL or LANG, else Chinese"},
         .completes = Completes::Words,
         .words = "zh en"},
        {.name = "--yes",
         .what = {"不再询问（登记设备仍需 --digits）", "ask nothing (enrolling still needs --digits)"}},
        {.name = "--passphrase-file",
         .value = "F",
         .what = {"口令取自文件首行（或 SPIRAL_PASSPHRASE_FILE）",
                  "passphrase from the first line of a file (or SPIRAL_PASSPHRASE_FILE)"},
         .completes = Completes::File},
        {.name = "--today",
         .value = "DATE",
         .what = {"把这一天当作今天来算到期与逾期，便于复现列表",
                  "count due and overdue as of this day, for lists that can be repeated"}},
        {.name = "--progress", .what = {"即使不在终端也显示进度", "show progress even without a terminal"}},
        {.name = "--help", .letter = "-h", .what = {"显示帮助", "show help"}},
    };
    return options;
}

Program::Program(std::vector<std::string> words, replica::World world, Surroundings surroundings)
    : m_words(std::move(words)), m_world(world), m_surroundings(std::move(surroundings)) {
    m_language = languageFrom(m_words, m_surroundings);
    m_json = mentions(m_words, "--json");
    m_where = m_surroundings.variable("SPIRAL_REPLICA").value_or(m_surroundings.workingFolder.string());
}

int Program::run() {
    // As an option it stands where a command would.
    auto const first = std::find_if(m_words.begin(), m_words.end(), [](std::string const& word) {
        return word == "--version" || word == "-V" || !word.starts_with("-");
    });
    if (first != m_words.end() && (*first == "--version" || *first == "-V")) *first = "version";
    auto parsed = parse(m_words);
    if (!parsed) return fail(parsed.error());
    auto const& arguments = parsed->arguments;

    Settings settings;
    settings.language = m_language;
    settings.json = m_json = arguments.has("--json");
    settings.yes = arguments.has("--yes");
    settings.progress = arguments.has("--progress");
    settings.replica = arguments.value("--replica");
    if (settings.replica) m_where = *settings.replica;
    settings.passphraseFile = arguments.value("--passphrase-file");
    if (auto const told = arguments.value("--lang"); told && *told != "zh" && *told != "en") {
        return fail(makeError(ErrorCode::Usage, "usage.language", *told));
    }
    if (auto const told = arguments.value("--today")) {
        settings.today = parseDay(*told);
        if (!settings.today) return fail(makeError(ErrorCode::Usage, "usage.day", *told));
    }

    auto const* command = parsed->command;
    Arguments given = arguments;
    if (!command || parsed->help) {
        // `spiral`, `spiral doc --help` and `spiral doc new --help` are the help command with that name.
        Arguments asked;
        if (command)
            asked.addPositional(std::string(command->name));
        else if (arguments.count() > 0)
            asked.addPositional(arguments[0]);
        given = asked;
        bool const nothing = !command && !parsed->help;
        command = findCommand("help");
        if (nothing) {
            Job job(*command, given, settings, m_world, m_surroundings);
            (void)command->run(job);
            return status::kUsage;
        }
    }
    Job job(*command, std::move(given), settings, m_world, m_surroundings);
    auto const status = command->run(job);
    if (!status) return fail(status.error());
    m_surroundings.out << std::flush;
    if (!m_surroundings.out) return fail(makeError(ErrorCode::Environment, "output.failed"));
    return *status;
}

int Program::fail(Error const& error) {
    Said const said = say(error, m_language, m_where);
    if (m_json) {
        Json told = Json::object();
        told.set("code", error.reason).set("kind", nameOf(error.code)).set("message", said.text).set("next", said.next);
        if (!error.detail.empty()) told.set("detail", error.detail);
        Json document = Json::object();
        document.set("error", std::move(told));
        m_surroundings.out << document.text() << std::endl;
    } else {
        m_surroundings.out << std::flush;
        m_surroundings.err << cleanLines(said.text) << '\n';
        if (!said.next.empty()) m_surroundings.err << "→ " << cleanLines(said.next) << '\n';
        m_surroundings.err << std::flush;
    }
    return exitStatus(error);
}

int Program::fail(std::exception const& exception) {
    if (auto const* sqlite = dynamic_cast<replica::SqliteError const*>(&exception)) {
        Error error = sqlite->toError();
        if (error.detail.empty()) error.detail = exception.what();
        return fail(error);
    }
    if (dynamic_cast<std::bad_alloc const*>(&exception)) return fail(makeError(ErrorCode::Environment, "memory.full"));
    return fail(makeError(ErrorCode::Environment, "environment.failed", exception.what()));
}

}  // namespace spiral::cli
