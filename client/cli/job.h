// One command while it runs: its arguments, the replica it works on, and where its words go. Handlers get nothing else.
#pragma once

#include "cli/command.h"
#include "cli/messages.h"
#include "cli/output_json.h"
#include "cli/program.h"
#include "cli/table.h"
#include "office/office.h"

#include <memory>

namespace spiral::cli {

/// What the global options and the environment say.
struct Settings {
    Language language = Language::Chinese;
    bool json = false, yes = false, progress = false;
    std::optional<std::string> replica, passphraseFile;
    std::optional<Day> today;
};

/// A bar on stderr for long work: only on a terminal or when asked for, and only after a moment, so that quick work
/// shows nothing. The last one drawn is wiped when the work is over.
class ProgressBar {
public:
    ProgressBar(std::ostream& err, MonotonicClock& clock, Language language, bool wanted, bool terminal,
                std::size_t columns)
        : m_err(err),
          m_clock(clock),
          m_language(language),
          m_wanted(wanted),
          m_terminal(terminal),
          m_columns(columns) {}
    ~ProgressBar() { wipe(); }
    ProgressBar(ProgressBar const&) = delete;
    ProgressBar& operator=(ProgressBar const&) = delete;
    void tell(std::uint64_t done, std::uint64_t of, std::string_view what);
    void wipe();

private:
    std::ostream& m_err;
    MonotonicClock& m_clock;
    Language m_language;
    bool m_wanted, m_terminal;
    std::size_t m_columns;
    std::string m_what;
    std::chrono::nanoseconds m_began{0}, m_drawn{0};
    bool m_visible = false;
};

class Job {
public:
    Job(Command const& command, Arguments given, Settings settings, replica::World world, Surroundings& surroundings);

    Command const& command;
    Arguments const arguments;
    Settings const settings;
    replica::World world;
    Surroundings& surroundings;

    // --- words ---------------------------------------------------------------------------------------------------
    [[nodiscard]] Language language() const noexcept { return settings.language; }
    [[nodiscard]] bool json() const noexcept { return settings.json; }
    [[nodiscard]] std::string_view say(Text text) const noexcept { return text.in(settings.language); }
    [[nodiscard]] std::string_view label(model::Label const& both) const noexcept {
        return settings.language == Language::Chinese ? both.zh : both.en;
    }
    [[nodiscard]] std::string say(Text text, std::initializer_list<Filling> fillings) const {
        return filled(say(text), fillings);
    }
    /// A line for people; nothing with --json. What would steer the terminal is replaced, whoever wrote it; text from
    /// documents goes through clean() before, so that it stays in its line.
    void line(std::string_view text = {});
    void tell(Text text, std::initializer_list<Filling> fillings = {}) { line(filled(say(text), fillings)); }
    /// Finished lines, such as a table's.
    void lines(std::string_view text);
    /// A heading, bold on a terminal with colours.
    void heading(std::string_view text);
    [[nodiscard]] std::string bold(std::string_view text) const;
    /// Beside the answer, on stderr; nothing with --json.
    void aside(std::string_view text);
    /// The document of --json; nothing without. Called once.
    void answer(Json const& json);
    /// Bytes as they are, for pipes (also with --json); made safe where a terminal would read them.
    void raw(std::string_view bytes);
    [[nodiscard]] std::size_t width() const noexcept {
        return surroundings.outputIsTerminal ? surroundings.columns : 0;
    }

    // --- the world -------------------------------------------------------------------------------------------------
    [[nodiscard]] Instant now() { return world.wall.now(); }
    /// --today, or the day it is here.
    [[nodiscard]] Day today();
    [[nodiscard]] Path path(std::string_view text) const;
    /// Where a file is to be written. NotFound ("folder.missing", naming it) if there is no such folder.
    [[nodiscard]] Result<Path> outputPath(std::string_view text) const;
    [[nodiscard]] Result<Bytes> read(std::string_view file, std::size_t bytesMax);
    [[nodiscard]] Result<void> write(std::string_view file, std::string_view bytes, FileMode mode);

    // --- the replica ------------------------------------------------------------------------------------------------
    [[nodiscard]] Result<Path> replicaFolder();
    /// Opens it, once a command.
    [[nodiscard]] Result<office::Office*> office(replica::Access access);
    [[nodiscard]] office::Progress progress();
    /// For a new key: asked twice on a terminal.
    [[nodiscard]] Result<Secret> newPassphrase();
    /// Gets at the device key: the agent's, or with the passphrase (which starts the agent).
    [[nodiscard]] office::Unlock unlock();
    [[nodiscard]] Path agentSocket(Path const& folder, trust::PublicKey const& key) const;
    /// True if the person agrees, or --yes was given. Usage when there is nobody to ask.
    [[nodiscard]] Result<bool> agreed(std::string_view question);

private:
    [[nodiscard]] bool colours() const;
    [[nodiscard]] std::string safe(std::string_view text) const;
    [[nodiscard]] Result<Secret> passphraseFromFile(std::string const& file);
    ProgressBar m_bar;
    std::unique_ptr<office::Office> m_office;
};

/// Returns from the handler with the error unless the result has a value; for the many steps that may be refused.
#define SPIRAL_GIVE(variable, expression)                              \
    auto variable##Result = (expression);                              \
    if (!variable##Result) return std::move(variable##Result).error(); \
    auto& variable = *variable##Result

}  // namespace spiral::cli
