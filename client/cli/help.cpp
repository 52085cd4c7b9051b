// Help, made from the command table.
#include "cli/command.h"
#include "cli/table.h"

#include <algorithm>

namespace spiral::cli {

namespace {

constexpr std::size_t kWidthUsual = 80, kWidthMax = 100, kNameWidth = 26;

std::size_t usable(std::size_t width) {
    return width == 0 ? kWidthUsual : std::clamp<std::size_t>(width, 40, kWidthMax);
}

/// `name` in its column, the text beside it, broken where the line ends.
void entry(std::string& out, std::string const& name, std::string_view text, std::size_t width) {
    std::string line = "  " + padded(name, kNameWidth) + " ";
    if (displayWidth(name) > kNameWidth) {
        out += "  " + name + "\n";
        line = std::string(kNameWidth + 3, ' ');
    }
    for (auto const& part : wrapped(text, width - kNameWidth - 3)) {
        out += line + part + "\n";
        line = std::string(kNameWidth + 3, ' ');
    }
}

std::string optionName(Option const& option) {
    std::string name = option.letter.empty() ? "" : std::string(option.letter) + ", ";
    name += option.name;
    if (!option.value.empty()) name += " " + std::string(option.value);
    return name;
}

std::string oneOption(Option const& option) {
    std::string text(option.letter.empty() ? option.name : option.letter);
    if (!option.value.empty()) text += " " + std::string(option.value);
    if (!option.required) text = "[" + text + "]";
    return option.many ? text + "…" : text;
}

std::vector<Command const*> allCommands() {
    std::vector<Command const*> all;
    for (auto const& group : commandGroups()) {
        for (auto const& command : group.commands) all.push_back(&command);
    }
    return all;
}

}  // namespace

Command const* findCommand(std::string_view name) {
    for (auto const* command : allCommands()) {
        if (command->name == name) return command;
    }
    return nullptr;
}

std::string usageLine(Command const& command) {
    std::string line = "spiral " + std::string(command.name);
    for (auto const& positional : command.positionals) {
        line += positional.required ? " " + std::string(positional.name) : " [" + std::string(positional.name) + "]";
        if (positional.many) line += "…";
    }
    for (auto const& option : command.options) line += " " + oneOption(option);
    return line;
}

std::string helpFor(Command const& command, Language language, std::size_t givenWidth) {
    std::size_t const width = usable(givenWidth);
    std::string out = usageLine(command) + "\n\n";
    for (auto const& part : wrapped(command.summary.in(language), width)) out += part + "\n";
    if (!command.more.empty()) {
        out += "\n";
        for (auto const& part : wrapped(command.more.in(language), width)) out += part + "\n";
    }
    if (!command.positionals.empty() || !command.options.empty()) out += "\n";
    for (auto const& positional : command.positionals)
        entry(out, std::string(positional.name), positional.what.in(language), width);
    for (auto const& option : command.options) entry(out, optionName(option), option.what.in(language), width);
    out += std::string("\n") + std::string(Text{"例：", "Examples:"}.in(language)) + "\n";
    for (auto const& example : command.examples) {
        out += "  " + std::string(example.line) + "\n";
        for (auto const& part : wrapped(example.what.in(language), width - 6)) out += "      " + part + "\n";
    }
    out += "\n" + std::string(Text{"通用选项见 spiral help。", "Global options: spiral help."}.in(language)) + "\n";
    return out;
}

std::string helpForGroup(std::string_view prefix, Language language, std::size_t givenWidth) {
    std::size_t const width = usable(givenWidth);
    std::string out;
    for (auto const* command : allCommands()) {
        if (command->name.starts_with(std::string(prefix) + " ")) {
            entry(out, std::string(command->name), command->summary.in(language), width);
        }
    }
    return out;
}

std::string overview(Language language, std::size_t givenWidth) {
    std::size_t const width = usable(givenWidth);
    std::string out(
        Text{"螺旋 Spiral：高职院校质量工作的签名文档，离线可用，相遇即合。\n用法：spiral 命令 [参数…]    详细：spiral "
             "help 命令\n",
             "Spiral: signed documents of a college's quality work, usable offline, merged when devices meet.\n"
             "Usage: spiral COMMAND [ARGUMENTS…]    More: spiral help COMMAND\n"}
            .in(language));
    for (auto const& group : commandGroups()) {
        out += "\n" + std::string(group.title.in(language)) + "\n";
        for (auto const& command : group.commands)
            entry(out, std::string(command.name), command.summary.in(language), width);
    }
    out += "\n" +
           std::string(Text{"通用选项（命令前后均可）", "Global options (before or after a command)"}.in(language)) +
           "\n";
    for (auto const& option : globalOptions()) entry(out, optionName(option), option.what.in(language), width);
    out += std::string(Text{
        "\n退出状态：0 完成或有效；1 被拒绝或无效；2 还缺点名的东西，暂不能定；3 用法不对；4 环境出错（磁盘等）。\n",
        "\nExit status: 0 done or valid; 1 refused or invalid; 2 cannot be decided yet, something named is "
        "missing; 3 wrong usage; 4 the environment failed (disk and the like).\n"}
                           .in(language));
    return out;
}

}  // namespace spiral::cli
