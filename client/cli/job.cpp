#include "job.h"

#include "format.h"

#include "trust/agent.h"

#include <algorithm>
#include <ctime>
#include <ostream>
#include <thread>

namespace spiral::cli {

namespace {

constexpr std::size_t kPassphraseFileBytesMax = 4096;
constexpr std::size_t kKeyFileBytesMax = 64 * 1024;
constexpr std::size_t kPassphraseBytesMin = 8;
constexpr std::string_view kBold = "\x1b[1m", kPlain = "\x1b[0m";  // of one length
constexpr std::chrono::milliseconds kBarDelay{300}, kBarEvery{100};
constexpr std::chrono::milliseconds kWriterWait{5000}, kWriterPoll{50};

/// What is wrong with the key file, in its own words: whoever reads "no such file" does not know which.
Error keyError(Error const& error) {
    if (error.code == ErrorCode::NotFound) return makeError(ErrorCode::NotFound, "key.missing", error.detail);
    bool const readable = error.code != ErrorCode::Malformed && error.code != ErrorCode::TooLarge;
    return readable ? error : makeError(ErrorCode::Damaged, "key.damaged", error.reason);
}

}  // namespace

// --- progress
// ----------------------------------------------------------------------------------------------------------

void ProgressBar::tell(std::uint64_t done, std::uint64_t of, std::string_view what) {
    if (!m_wanted) return;
    auto const now = m_clock.now();
    if (what != m_what) {
        wipe();
        m_what = what;
        m_began = now;
        m_drawn = {};
    }
    if (now - m_began < kBarDelay || (now - m_drawn < kBarEvery && done != of)) return;
    m_drawn = now;
    static constexpr std::pair<std::string_view, Text> kinds[] = {
        {"view", {"整理视图", "bringing the view up to date"}},
        {"search", {"建立索引", "indexing"}},
        {"import", {"导入", "importing"}},
        {"import.frames", {"导入", "importing"}},
        {"import.rows", {"写入", "writing"}},
        {"export", {"导出", "exporting"}},
        {"attach", {"存入附件", "storing the attachment"}},
        {"check", {"检查", "checking"}},
    };
    std::string text(what);
    for (auto const& [name, label] : kinds) {
        if (name == what) text = label.in(m_language);
    }
    if (of > 0) {
        constexpr std::size_t cells = 24;
        std::size_t const full = static_cast<std::size_t>(std::min(done, of) * cells / of);
        text += " [" + std::string(full, '#') + std::string(cells - full, '.') + "] " + std::to_string(done) + "/" +
                std::to_string(of);
    } else {
        text += " " + std::to_string(done);
    }
    if (m_terminal) {
        std::string const shown = fitted(text, m_columns > 1 ? m_columns - 1 : 79);
        m_err << "\r\x1b[K" << shown << std::flush;
        m_visible = true;
    } else {
        m_err << text << '\n' << std::flush;
    }
}

void ProgressBar::wipe() {
    if (m_visible) m_err << "\r\x1b[K" << std::flush;
    m_visible = false;
}

// --- words
// -------------------------------------------------------------------------------------------------------------

Job::Job(Command const& running, Arguments given, Settings told, replica::World around, Surroundings& where)
    : command(running),
      arguments(std::move(given)),
      settings(std::move(told)),
      world(around),
      surroundings(where),
      m_bar(where.err, around.monotonic, settings.language, where.errorIsTerminal || settings.progress,
            where.errorIsTerminal, where.columns) {}

void Job::line(std::string_view text) {
    if (json()) return;
    m_bar.wipe();
    surroundings.out << safe(text) << '\n';
}

void Job::lines(std::string_view text) {
    if (json()) return;
    m_bar.wipe();
    surroundings.out << safe(text);
}

bool Job::colours() const { return surroundings.outputIsTerminal && !surroundings.variable("NO_COLOR"); }

std::string Job::bold(std::string_view text) const {
    return colours() ? std::string(kBold) + clean(text) + std::string(kPlain) : std::string(text);
}

std::string Job::safe(std::string_view text) const {
    if (!colours()) return cleanLines(text);
    std::string result;
    for (std::size_t begin = 0;;) {
        auto const mark = std::min(text.find(kBold, begin), text.find(kPlain, begin));
        result += cleanLines(text.substr(begin, mark - begin));
        if (mark == std::string_view::npos) return result;
        result += text.substr(mark, kBold.size());
        begin = mark + kBold.size();
    }
}

void Job::heading(std::string_view text) { line(bold(text)); }

void Job::aside(std::string_view text) {
    if (json()) return;
    m_bar.wipe();
    surroundings.out << std::flush;
    surroundings.err << cleanLines(text) << '\n';
}

void Job::answer(Json const& document) {
    if (json()) surroundings.out << document.text() << '\n';
}

void Job::raw(std::string_view bytes) {
    m_bar.wipe();
    std::string const shown = surroundings.outputIsTerminal ? cleanLines(bytes) : std::string(bytes);
    surroundings.out.write(shown.data(), static_cast<std::streamsize>(shown.size()));
}

// --- the world
// ---------------------------------------------------------------------------------------------------------

Day Job::today() {
    if (settings.today) return *settings.today;
    std::time_t const seconds = std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count();
    std::tm local{};
    localtime_r(&seconds, &local);
    return Day{std::chrono::year{local.tm_year + 1900}, std::chrono::month{static_cast<unsigned>(local.tm_mon + 1)},
               std::chrono::day{static_cast<unsigned>(local.tm_mday)}};
}

Path Job::path(std::string_view text) const {
    Path const given{std::string(text)};
    return (given.is_absolute() ? given : surroundings.workingFolder / given).lexically_normal();
}

Result<Path> Job::outputPath(std::string_view text) const {
    Path const file = path(text);
    if (file.has_parent_path() && !world.files.exists(file.parent_path())) {
        return makeError(ErrorCode::NotFound, "folder.missing", file.parent_path().string());
    }
    return file;
}

Result<Bytes> Job::read(std::string_view file, std::size_t bytesMax) { return world.files.read(path(file), bytesMax); }

Result<void> Job::write(std::string_view file, std::string_view bytes, FileMode mode) {
    SPIRAL_GIVE(place, outputPath(file));
    return world.files.replace(place, asBytes(bytes), mode);
}

// --- the replica
// -------------------------------------------------------------------------------------------------------

Result<Path> Job::replicaFolder() {
    auto given = settings.replica;
    if (!given) given = surroundings.variable("SPIRAL_REPLICA");
    if (given && !given->empty()) {
        if (!world.files.exists(path(*given) / "store.db"))
            return makeError(ErrorCode::NotFound, "replica.missing", *given);
        return path(*given);
    }
    for (Path folder = surroundings.workingFolder;; folder = folder.parent_path()) {
        if (world.files.exists(folder / "store.db")) return folder;
        if (!folder.has_relative_path()) break;
    }
    return makeError(ErrorCode::Usage, "replica.not-named",
                     "no --replica, no SPIRAL_REPLICA, no store.db in a folder above");
}

Result<office::Office*> Job::office(replica::Access access) {
    if (!m_office) {
        SPIRAL_GIVE(folder, replicaFolder());
        auto opened = office::Office::open(folder, world, access, unlock(), progress());
        // Another command is at work: they are short, so that waiting a moment is better than refusing.
        auto const began = world.monotonic.now();
        while (!opened && opened.error().reason == "store.in-use" && world.monotonic.now() - began < kWriterWait) {
            std::this_thread::sleep_for(kWriterPoll);
            opened = office::Office::open(folder, world, access, unlock(), progress());
        }
        if (!opened) return opened.error();
        m_office = std::move(*opened);
        showWith(m_office->definitions());
        if (access == replica::Access::Write && m_office->replica().guard() == replica::GuardFinding::Restored) {
            auto const* message = findMessage("advice.restored", language());
            aside(std::string(message->text) + "\n→ " + std::string(message->next));
        }
    }
    return m_office.get();
}

office::Progress Job::progress() {
    return [this](std::uint64_t done, std::uint64_t of, std::string_view what) { m_bar.tell(done, of, what); };
}

Result<bool> Job::agreed(std::string_view question) {
    if (settings.yes) return true;
    if (!surroundings.inputIsTerminal || json())
        return makeError(ErrorCode::Usage, "usage.not-agreed", std::string(question));
    auto const answered = surroundings.askLine(cleanLines(question) + std::string(say({" [是/否] ", " [yes/no] "})));
    return answered && (*answered == "y" || *answered == "Y" || *answered == "yes" || *answered == "是");
}

// --- the key
// -----------------------------------------------------------------------------------------------------------

Result<Secret> Job::passphraseFromFile(std::string const& file) {
    auto bytes = world.files.read(path(file), kPassphraseFileBytesMax);
    if (!bytes) return bytes.error();
    std::string text(asText(*bytes));
    explicit_bzero(bytes->data(), bytes->size());
    // The first line, without its end: editors add one, and the passphrase is what was meant.
    auto const end = std::min(text.find('\n'), text.size());
    explicit_bzero(text.data() + end, text.size() - end);
    text.resize(end > 0 && text[end - 1] == '\r' ? end - 1 : end);
    return Secret(std::move(text));
}

Result<Secret> Job::newPassphrase() {
    auto file = settings.passphraseFile;
    if (!file) file = surroundings.variable("SPIRAL_PASSPHRASE_FILE");
    Secret first;
    if (file) {
        auto secret = passphraseFromFile(*file);
        if (!secret) return secret.error();
        first = std::move(*secret);
    } else {
        auto typed = surroundings.askSecret(std::string(say(
            {"为本机密钥设置口令（至少 8 个字节）：", "New passphrase for this device's key (8 bytes or more): "})));
        if (!typed) return makeError(ErrorCode::Usage, "passphrase.no-terminal");
        if (typed->view().size() < kPassphraseBytesMin) return makeError(ErrorCode::Usage, "passphrase.short");
        auto again = surroundings.askSecret(std::string(say({"再输入一次：", "Once more: "})));
        if (!again) return makeError(ErrorCode::Usage, "passphrase.no-terminal");
        if (again->view() != typed->view()) return makeError(ErrorCode::Usage, "passphrase.differs");
        first = std::move(*typed);
    }
    if (first.view().size() < kPassphraseBytesMin) return makeError(ErrorCode::Usage, "passphrase.short");
    return first;
}

Path Job::agentSocket(Path const& folder, trust::PublicKey const& key) const {
    // One a device. Without a runtime folder of the session the socket lies inside the replica.
    auto const runtime = surroundings.variable("XDG_RUNTIME_DIR");
    std::string const name = trust::deviceIdOf(key).hex().substr(0, 16) + ".sock";
    if (runtime && !runtime->empty() && world.files.exists(*runtime)) return Path(*runtime) / "spiral" / name;
    return folder / "agent" / name;
}

office::Unlock Job::unlock() {
    return [this](Path const& folder, trust::PublicKey const& key) -> Result<std::unique_ptr<trust::Signer>> {
        bool const noAgent = surroundings.variable("SPIRAL_NO_AGENT").value_or("") == "1";
        Path const socket = agentSocket(folder, key);
        if (!noAgent) {
            if (auto signer = trust::AgentSigner::connect(socket, key)) return std::move(*signer);
        }
        auto file = world.files.read(folder / "keys" / "device.key", kKeyFileBytesMax);
        if (!file) return keyError(file.error());
        Secret passphrase;
        auto named = settings.passphraseFile;
        if (!named) named = surroundings.variable("SPIRAL_PASSPHRASE_FILE");
        if (named) {
            auto secret = passphraseFromFile(*named);
            if (!secret) return secret.error();
            passphrase = std::move(*secret);
        } else {
            m_bar.wipe();
            auto typed =
                surroundings.askSecret(std::string(say({"本机密钥的口令：", "Passphrase of this device's key: "})));
            if (!typed) return makeError(ErrorCode::Usage, "passphrase.no-terminal");
            passphrase = std::move(*typed);
        }
        auto secretKey = trust::SecretKey::unwrap(*file, passphrase.view());
        if (!secretKey) return keyError(secretKey.error());
        if (secretKey->publicKey() != key) return makeError(ErrorCode::Damaged, "key.other-public-key");
        passphrase = Secret();
        if (noAgent) return std::unique_ptr<trust::Signer>(std::make_unique<trust::SecretKey>(std::move(*secretKey)));
        // The agent is a copy of this process: what it need not have is wiped before.
        // Another command may have started one meanwhile.
        if (auto started = trust::startAgent(std::move(*secretKey), socket);
            !started && started.error().reason != "agent.running") {
            return started.error();
        }
        return trust::AgentSigner::connect(socket, key);
    };
}

}  // namespace spiral::cli
