// The command line as data: one table of commands with their words, options and help. Parsing, help, completion and the
// tests all read it; nothing about a command stands anywhere else.
#pragma once

#include "base/result.h"
#include "cli/language.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::cli {

class Job;

/// What a shell offers when somebody presses the tabulator key.
enum class Completes { Nothing, File, Folder, Words };

struct Positional {
    std::string_view name;  ///< `ID`, as it stands in the usage line
    Text what{};
    bool required = true;
    Completes completes = Completes::Nothing;
    std::string_view words{};  ///< for Completes::Words, parted by spaces
    bool many = false;         ///< the last one: may stand several times
};

struct Option {
    std::string_view name;      ///< `--set`
    std::string_view letter{};  ///< `-o`, or nothing
    std::string_view value{};   ///< `FILE`, as it stands in the usage line; nothing: a flag
    Text what{};
    bool required = false;
    bool many = false;  ///< may stand several times
    Completes completes = Completes::Nothing;
    std::string_view words{};
};

struct Example {
    std::string_view line;
    Text what;
};

struct Command {
    std::string_view name;  ///< `doc new`
    Text summary;           ///< one line
    std::vector<Positional> positionals{};
    std::vector<Option> options{};
    Text more{};  ///< paragraphs parted by line feeds
    std::vector<Example> examples{};
    /// The exit status, or why not. Expected ends only; a failing disk throws.
    Result<int> (*run)(Job&) = nullptr;
};

/// All commands, grouped by subject in the order of the help.
struct Group {
    Text title;
    std::vector<Command> commands;
};
[[nodiscard]] std::vector<Group> const& commandGroups();
[[nodiscard]] Command const* findCommand(std::string_view name);
/// Options that may stand before or after every command.
[[nodiscard]] std::vector<Option> const& globalOptions();

// The groups, one function a file.
[[nodiscard]] std::vector<Command> collegeCommands();
[[nodiscard]] std::vector<Command> registryCommands();
[[nodiscard]] std::vector<Command> documentCommands();
[[nodiscard]] std::vector<Command> mergeCommands();
[[nodiscard]] std::vector<Command> stepCommands();
[[nodiscard]] std::vector<Command> cycleCommands();
[[nodiscard]] std::vector<Command> calendarCommands();
[[nodiscard]] std::vector<Command> typeCommands();
[[nodiscard]] std::vector<Command> demoCommands();
[[nodiscard]] std::vector<Command> qualityCommands();
[[nodiscard]] std::vector<Command> inboxCommands();
[[nodiscard]] std::vector<Command> accountabilityCommands();
[[nodiscard]] std::vector<Command> organisationCommands();
[[nodiscard]] std::vector<Command> yearlyCommands();
[[nodiscard]] std::vector<Command> planCommands();
[[nodiscard]] std::vector<Command> tableCommands();
[[nodiscard]] std::vector<Command> sheetCommands();
[[nodiscard]] std::vector<Command> catalogueCommands();
[[nodiscard]] std::vector<Command> exchangeCommands();
[[nodiscard]] std::vector<Command> evidenceCommands();
[[nodiscard]] std::vector<Command> statusCommands();
[[nodiscard]] std::vector<Command> careCommands();
[[nodiscard]] std::vector<Command> unitCommands();
[[nodiscard]] std::vector<Command> improvementCommands();
[[nodiscard]] std::vector<Command> helpCommands();

/// What stands on a command line behind the command's name.
class Arguments {
public:
    void addPositional(std::string value) { m_positionals.push_back(std::move(value)); }
    void addOption(std::string_view name, std::string value) {
        m_options[std::string(name)].push_back(std::move(value));
    }

    /// REQUIRES: the command has it as required, or count() says it is there.
    [[nodiscard]] std::string const& operator[](std::size_t place) const { return m_positionals.at(place); }
    [[nodiscard]] std::size_t count() const noexcept { return m_positionals.size(); }
    [[nodiscard]] std::vector<std::string> const& positionals() const noexcept { return m_positionals; }
    [[nodiscard]] bool has(std::string_view option) const { return m_options.contains(option); }
    /// The last value given.
    [[nodiscard]] std::optional<std::string> value(std::string_view option) const;
    [[nodiscard]] std::vector<std::string> values(std::string_view option) const;

private:
    std::vector<std::string> m_positionals;
    std::map<std::string, std::vector<std::string>, std::less<>> m_options;
};

struct Parsed {
    Command const* command = nullptr;  ///< null: none was named
    bool help = false;
    Arguments arguments;  ///< global options too
};
/// Reads the words behind the program's name. Usage ("usage.unknown-command", "usage.unknown-option", "usage.missing",
/// "usage.extra", "usage.value", "usage.group"); the detail names what, and behind a line feed what is near it.
[[nodiscard]] Result<Parsed> parse(std::vector<std::string> const& words);

/// The candidate that needs the fewest changes to become `word`, if they are few.
[[nodiscard]] std::string nearest(std::string_view word, std::vector<std::string> const& candidates);

// Help and completion, made from the table.
[[nodiscard]] std::string usageLine(Command const& command);
[[nodiscard]] std::string helpFor(Command const& command, Language language, std::size_t width);
[[nodiscard]] std::string helpForGroup(std::string_view prefix, Language language, std::size_t width);
[[nodiscard]] std::string overview(Language language, std::size_t width);
[[nodiscard]] std::string bashCompletion();
[[nodiscard]] std::string zshCompletion();

}  // namespace spiral::cli
