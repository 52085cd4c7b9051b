// Help, completion, version.
#include "format.h"

namespace spiral::cli {

namespace {

Json helpJson(Command const& command, Language language) {
    Json told = Json::object();
    told.set("command", command.name).set("usage", usageLine(command)).set("summary", command.summary.in(language));
    told.set("more", command.more.in(language));
    Json options = Json::array();
    for (auto const& option : command.options) {
        Json one = Json::object();
        one.set("name", option.name)
            .set("letter", option.letter)
            .set("value", option.value)
            .set("what", option.what.in(language));
        one.set("required", option.required).set("many", option.many);
        options.add(std::move(one));
    }
    Json examples = Json::array();
    for (auto const& example : command.examples) examples.add(example.line);
    told.set("options", std::move(options)).set("examples", std::move(examples));
    return told;
}

Result<int> help(Job& job) {
    std::string name;
    for (auto const& word : job.arguments.positionals()) name += (name.empty() ? "" : " ") + word;
    std::size_t const width = job.width();
    if (job.json()) {
        Json told = Json::array();
        for (auto const& group : commandGroups()) {
            for (auto const& command : group.commands) {
                if (name.empty() || command.name == name || command.name.starts_with(name + " "))
                    told.add(helpJson(command, job.language()));
            }
        }
        job.answer(told);
        return status::kDone;
    }
    if (name.empty()) {
        job.lines(overview(job.language(), width));
        return status::kDone;
    }
    if (auto const* command = findCommand(name)) {
        job.lines(helpFor(*command, job.language(), width));
        return status::kDone;
    }
    std::string const group = helpForGroup(name, job.language(), width);
    if (!group.empty()) {
        job.lines(group);
        return status::kDone;
    }
    std::vector<std::string> all;
    for (auto const& each : commandGroups()) {
        for (auto const& command : each.commands) all.emplace_back(command.name);
    }
    std::string const near = nearest(name, all);
    return makeError(ErrorCode::Usage, "usage.unknown-command", name + (near.empty() ? "" : "\n" + near));
}

Result<int> completion(Job& job) {
    auto const& shell = job.arguments[0];
    if (shell != "bash" && shell != "zsh") return makeError(ErrorCode::Usage, "usage.shell", shell);
    std::string const text = shell == "bash" ? bashCompletion() : zshCompletion();
    Json told = Json::object();
    told.set("shell", shell).set("script", text);
    job.answer(told);
    job.lines(text);
    return status::kDone;
}

Result<int> version(Job& job) {
    Json told = Json::object();
    told.set("version", SPIRAL_VERSION);
    job.answer(told);
    job.line("spiral " SPIRAL_VERSION);
    return status::kDone;
}

}  // namespace

std::vector<Command> helpCommands() {
    return {
        {.name = "help",
         .summary = {"帮助：全部命令，或一条命令的细节与例子", "help: all commands, or one with details and examples"},
         .positionals = {{.name = "COMMAND",
                          .what = {"命令，如 doc new", "a command, such as doc new"},
                          .required = false,
                          .many = true}},
         .more = {"命令后加 --help 亦可。--lang en 显示英文。",
                  "COMMAND --help does the same. --lang zh shows Chinese."},
         .examples = {{"spiral help doc new", {"一条命令", "one command"}},
                      {"spiral help doc", {"一组命令", "a group"}}},
         .run = help},
        {.name = "completion",
         .summary = {"输出 bash 或 zsh 的补全脚本", "completion for bash or zsh"},
         .positionals = {{"SHELL", {"bash 或 zsh", "bash or zsh"}, true, Completes::Words, "bash zsh"}},
         .more = {"由同一张命令表生成。", "Made from the same table of commands."},
         .examples = {{"source <(spiral completion bash)", {"bash", "bash"}},
                      {"source <(spiral completion zsh)", {"zsh", "zsh"}}},
         .run = completion},
        {.name = "version",
         .summary = {"版本（同 --version）", "the version (as --version)"},
         .more = {"", ""},
         .examples = {{"spiral --version", {"版本", "the version"}},
                      {"spiral version --json", {"给脚本", "for scripts"}}},
         .run = version},
    };
}

}  // namespace spiral::cli
