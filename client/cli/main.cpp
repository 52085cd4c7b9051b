// The command line's main: the real world is made here and nowhere else.
#include "cli/program.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>

namespace {

using namespace spiral;

/// SPIRAL_CLOCK: a fixed time for rehearsals, so that a scenario gives the same lists each time it is played.
class RehearsalClock final : public WallClock {
public:
    explicit RehearsalClock(Instant instant) : m_instant(instant) {}
    Instant now() override { return m_instant; }

private:
    Instant m_instant;
};

volatile std::sig_atomic_t interruption = 0;

/// While it lives, Ctrl-C and the like only end the reading, so that the terminal is never left without echo.
class HeldSignals {
public:
    HeldSignals() {
        struct sigaction action {};
        action.sa_handler = [](int signal) { interruption = signal; };
        for (std::size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &action, &m_before[i]);
    }
    ~HeldSignals() {
        for (std::size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &m_before[i], nullptr);
        if (interruption != 0) ::raise(interruption);
    }
    HeldSignals(HeldSignals const&) = delete;
    HeldSignals& operator=(HeldSignals const&) = delete;

private:
    static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction m_before[std::size(kSignals)]{};
};

/// The terminal of the person, even when standard input is a pipe.
class Terminal {
public:
    Terminal() : m_file(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}
    ~Terminal() {
        if (m_file >= 0) ::close(m_file);
    }
    Terminal(Terminal const&) = delete;
    Terminal& operator=(Terminal const&) = delete;

    /// A line without its end; nothing when there is no terminal or it was closed.
    std::optional<std::string> ask(std::string const& prompt, bool echo) {
        if (m_file < 0) return std::nullopt;
        HeldSignals const held;
        termios before{};
        bool const quiet = !echo && ::tcgetattr(m_file, &before) == 0;
        if (quiet) {
            termios silent = before;
            silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            // Before the prompt: whoever answers at once must not be shown, nor thrown away.
            ::tcsetattr(m_file, TCSAFLUSH, &silent);
        }
        (void)!::write(m_file, prompt.data(), prompt.size());
        std::string line;
        line.reserve(4096);  // no copy of a passphrase is left behind by growing
        bool ended = false;
        while (!ended && line.size() < 4095) {
            char character = 0;
            auto const got = ::read(m_file, &character, 1);
            if (got < 0 && errno == EINTR && interruption == 0) continue;
            if (got <= 0) break;
            if (character == '\n')
                ended = true;
            else
                line.push_back(character);
        }
        if (quiet) {
            ::tcsetattr(m_file, TCSADRAIN, &before);
            (void)!::write(m_file, "\n", 1);
        }
        if (!ended) return std::nullopt;
        return line;
    }

private:
    int m_file;
};

std::optional<std::string> variable(char const* name) {
    char const* value = std::getenv(name);
    return value ? std::optional<std::string>(value) : std::nullopt;
}

std::size_t terminalColumns() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

}  // namespace

int main(int count, char** words) {
    std::ios::sync_with_stdio(false);
    WallClock* wall = &systemWallClock();
    std::optional<RehearsalClock> rehearsal;
    bool badClock = false;
    if (auto const told = variable("SPIRAL_CLOCK")) {
        auto instant = parseInstant(*told);
        if (!instant && told->size() == 20 && told->back() == 'Z')
            instant = parseInstant(told->substr(0, 19) + ".000Z");
        badClock = !instant;
        if (instant) wall = &rehearsal.emplace(*instant);
    }
    std::error_code ignored;
    cli::Surroundings surroundings{
        .variable = variable,
        .workingFolder = std::filesystem::current_path(ignored),
        .inputIsTerminal = ::isatty(STDIN_FILENO) == 1,
        .outputIsTerminal = ::isatty(STDOUT_FILENO) == 1,
        .errorIsTerminal = ::isatty(STDERR_FILENO) == 1,
        .columns = terminalColumns(),
        .out = std::cout,
        .err = std::cerr,
        .askSecret =
            [](std::string const& prompt) {
                auto line = Terminal().ask(prompt, false);
                return line ? std::optional<cli::Secret>(cli::Secret(std::move(*line))) : std::nullopt;
            },
        .askLine = [](std::string const& prompt) { return Terminal().ask(prompt, true); },
    };
    replica::World world{*wall, systemMonotonicClock(), systemRandom(), systemFiles()};
    cli::Program program({words + 1, words + count}, world, std::move(surroundings));
    try {
        if (badClock) return program.fail(makeError(ErrorCode::Usage, "usage.clock", *variable("SPIRAL_CLOCK")));
        return program.run();
    } catch (std::exception const& exception) {
        return program.fail(exception);
    }
}
