#include "daemon/daemon.h"

#include "arguments.h"
#include "base/sha256.h"
#include "cli/messages.h"
#include "cli/output_json.h"
#include "cli/table.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "key.h"
#include "trust/enrolment.h"
#include "web/web_server.h"

#include <unistd.h>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <new>
#include <ostream>

namespace spiral::server {

namespace {

using cli::Json;

/// What the process itself tells Prometheus, under the names that every exporter uses.
void addProcess(web::Metrics& into, double startedAt) {
    into.gauge("process_start_time_seconds", "Start of the process since the epoch.", startedAt);
    std::ifstream memory("/proc/self/statm");
    std::uint64_t pages = 0, resident = 0;
    if (memory >> pages >> resident) {
        into.gauge("process_resident_memory_bytes", "Memory in RAM.",
                   static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    }
    std::error_code ignored;
    std::size_t files = 0;
    for (auto const& each : std::filesystem::directory_iterator("/proc/self/fd", ignored))
        files += !each.path().empty();
    into.gauge("process_open_fds", "File descriptors open.", static_cast<double>(files));
}

class Daemon {
public:
    Daemon(Arguments arguments, cli::Language language, replica::World world, Surroundings const& surroundings)
        : m_arguments(std::move(arguments)),
          m_language(language),
          m_world(world),
          m_surroundings(surroundings),
          m_folder((surroundings.workingFolder / m_arguments.data).lexically_normal()),
          m_log(world.wall, [&](std::string_view line) { surroundings.err << line << std::flush; }) {}

    Result<void> init();
    Result<void> finish();
    Result<void> serve();
    /// In the log while serving, else as the client says it.
    void tell(Error const& error);

private:
    Path path(std::string const& text) const { return (m_surroundings.workingFolder / text).lexically_normal(); }
    void line(std::string_view text) {
        if (!m_arguments.json) m_surroundings.out << cli::cleanLines(text) << '\n';
    }
    std::string say(cli::Text text, std::initializer_list<cli::Filling> fillings = {}) const {
        return cli::filled(text.in(m_language), fillings);
    }
    void answer(Json const& told) {
        if (m_arguments.json) m_surroundings.out << told.text() << '\n';
    }

    /// That a server or hub of a college lives in the folder; whoever starts it on a person's replica is told so before
    /// anything is written.
    Result<void> checkFolder();
    Result<Settings> settings() const;
    /// Of a hub whose settings name none: the server that it was invited with, or that the registry knows.
    void findUpstream();
    void reload();
    void notifyManager(std::string_view state) { (void)notify(m_surroundings.variable("NOTIFY_SOCKET"), state); }
    std::string metrics(SyncServer const& sync, double startedAt) const;

    Arguments m_arguments;
    cli::Language m_language;
    replica::World m_world;
    Surroundings const& m_surroundings;
    Path m_folder;
    Log m_log;
    bool m_serving = false;
    Settings m_settings;
    std::atomic<std::uint64_t> m_reloads{0};
    std::unique_ptr<SyncServer> m_sync;
    std::unique_ptr<web::WebServer> m_web;  // asks m_sync: goes first
};

// --- joining ---------------------------------------------------------------------------------------------------------

Result<void> Daemon::init() {
    Path const request = path(m_arguments.output);
    if (request.has_parent_path() && !m_world.files.exists(request.parent_path())) {
        return makeError(ErrorCode::NotFound, "folder.missing", request.parent_path().string());
    }
    auto invitation = m_world.files.read(path(m_arguments.invitation), trust::kInvitationBytesMax);
    if (!invitation) return invitation.error();
    auto content = trust::decodeInvitation(*invitation);
    if (!content) return content.error();
    auto secret = passphrase(m_arguments.passphraseFile, m_world, m_surroundings);
    if (!secret) return secret.error();
    auto made =
        office::Office::joinRequest(m_folder, m_world, *invitation, secret->view(), office::Office::Joins::Server);
    if (!made) return made.error();
    if (auto written = m_world.files.replace(request, asBytes(*made), FileMode::Shared); !written) return written;
    std::string const digits = trust::digitsText(trust::digitsOf(content->school, asBytes(*made)));
    Json told = Json::object();
    told.set("data", m_folder.string()).set("request", request.string()).set("digits", digits);
    told.set("school", content->school.hex()).set("domain", content->domain);
    answer(told);
    line(say({"申请已写入 {file}，请交给管理员。管理员问起时，当面或电话里念出这六组数字：",
              "Request written to {file}; give it to the admin. When asked, read these six groups aloud:"},
             {{"file", m_arguments.output}}));
    line("\n    " + digits + "\n");
    line(say({"收到欢迎文件后：spirald --data {dir} --finish 文件",
              "When the welcome file has come: spirald --data {dir} --finish FILE"},
             {{"dir", m_arguments.data}}));
    return {};
}

Result<void> Daemon::finish() {
    if (!m_world.files.exists(m_folder / "store.db"))
        return makeError(ErrorCode::NotFound, "server.no-replica", m_arguments.data);
    if (auto finished = office::Office::joinFinish(m_folder, m_world, path(m_arguments.welcome)); !finished)
        return finished;
    auto opened = office::Office::open(m_folder, m_world, replica::Access::Write, {});
    if (!opened) return opened.error();
    auto const& registry = (*opened)->registry();
    auto const* device = registry.device((*opened)->replica().device());
    ensure(device != nullptr, "joinFinish: the device is enrolled");
    bool const hub = device->kind == trust::Device::Kind::Hub;
    Json scopes = Json::array();
    for (auto const& scope : device->scopes) scopes.add(scope.text());
    Json told = Json::object();
    told.set("data", m_folder.string()).set("school", registry.school().hex()).set("college", registry.college());
    told.set("device", device->id.hex()).set("role", hub ? "hub" : "server").set("name", device->name);
    told.set("url", device->url.empty() ? Json() : Json(device->url)).set("scopes", std::move(scopes));
    answer(told);
    line(say({"已登记为 {college} 的{kind} {name}。运行：spirald --data {dir}",
              "Enrolled as {kind} {name} of {college}. To run it: spirald --data {dir}"},
             {{"college", registry.college()},
              {"kind", say(hub ? cli::Text{"汇聚点", "hub"} : cli::Text{"服务器", "server"})},
              {"name", device->name},
              {"dir", m_arguments.data}}));
    return {};
}

// --- serving ---------------------------------------------------------------------------------------------------------

Result<void> Daemon::checkFolder() {
    if (!m_world.files.exists(m_folder / "store.db"))
        return makeError(ErrorCode::NotFound, "server.no-replica", m_arguments.data);
    auto opened = replica::Replica::open(m_folder, m_world, replica::Access::Read);
    if (!opened) return opened.error();
    auto const& registry = (*opened)->registry();
    auto const* device = registry.empty() ? nullptr : registry.device((*opened)->device());
    if (!device) return makeError(ErrorCode::Waiting, "server.not-enrolled", m_arguments.data);
    if (device->kind == trust::Device::Kind::Person)
        return makeError(ErrorCode::Refused, "server.of-a-person", m_arguments.data);
    return {};
}

Result<Settings> Daemon::settings() const {
    Settings settings;
    Path const file = m_folder / kSettingsFile;
    if (m_world.files.exists(file)) {
        auto bytes = m_world.files.read(file, kSettingsBytesMax);
        if (!bytes) return bytes.error();
        auto read = settingsFrom(asText(*bytes));
        if (!read) return read.error();
        settings = std::move(*read);
    }
    if (m_arguments.listen) {
        settings.sync.host = m_arguments.listen->host;
        settings.sync.port = m_arguments.listen->port;
    }
    if (m_arguments.web) settings.web = m_arguments.web;
    if (m_arguments.noWeb) settings.web.reset();
    return settings;
}

void Daemon::findUpstream() {
    if (m_settings.sync.upstream) return;
    auto opened = office::Office::open(m_folder, m_world, replica::Access::Read, {});
    if (!opened) return;
    auto const* device = (*opened)->registry().device((*opened)->replica().device());
    if (!device || device->kind != trust::Device::Kind::Hub) return;
    if (auto const server = (*opened)->server()) m_settings.sync.upstream = server->url;
}

std::string Daemon::metrics(SyncServer const& sync, double startedAt) const {
    web::Metrics all;
    all.gauge("spirald_build_info", "Version of this program; always 1.", 1, {{"version", SPIRAL_VERSION}});
    all.gauge("spirald_healthy", "1 if /healthz says so.", sync.health().good ? 1 : 0);
    all.counter("spirald_reloads_total", "Settings read again and taken.", static_cast<double>(m_reloads.load()));
    std::error_code failure;
    auto const space = std::filesystem::space(m_folder, failure);
    if (!failure) {
        all.gauge("spirald_disk_free_bytes", "Free on the disk of the replica, for this user.",
                  static_cast<double>(space.available));
    }
    addProcess(all, startedAt);
    sync.addMetrics(all);
    return all.text();
}

void Daemon::reload() {
    auto const micros = std::chrono::duration_cast<std::chrono::microseconds>(m_world.monotonic.now()).count();
    notifyManager("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros));
    if (auto fresh = settings()) {
        bool const moved = fresh->web != m_settings.web || fresh->sync.host != m_settings.sync.host ||
                           fresh->sync.port != m_settings.sync.port;
        if (moved) {
            m_log.tell(Log::Level::Warning, What::NeedsRestart, {{"why", "listen, web"}});
            fresh->web = m_settings.web;
            fresh->sync.host = m_settings.sync.host;
            fresh->sync.port = m_settings.sync.port;
        }
        if (!fresh->sync.upstream) fresh->sync.upstream = m_settings.sync.upstream;
        m_settings = std::move(*fresh);
        m_sync->reload(m_settings.sync);
        ++m_reloads;
        m_log.tell(Log::Level::Info, What::Reloaded);
    } else {
        // The old ones go on: a slip of the pen must not take the college's server down.
        m_log.tell(Log::Level::Error, What::ReloadRefused,
                   {{"code", fresh.error().reason}, {"detail", fresh.error().detail}});
    }
    notifyManager("READY=1");
}

Result<void> Daemon::serve() {
    m_serving = true;
    m_surroundings.holdSignals();
    m_log.tell(Log::Level::Info, What::Starting, {{"version", SPIRAL_VERSION}, {"pid", std::to_string(::getpid())}});
    if (auto good = checkFolder(); !good) return good;
    auto read = settings();
    if (!read) return read.error();
    m_settings = std::move(*read);
    findUpstream();

    auto sync = SyncServer::start(m_folder, m_world, unlockWith(m_arguments.passphraseFile, m_world, m_surroundings),
                                  m_settings.sync, [this](Event const& event) { m_log.tell(event); });
    if (!sync) return sync.error();
    m_sync = std::move(*sync);
    if (m_settings.web) {
        double const startedAt = std::chrono::duration<double>(m_world.wall.now().time_since_epoch()).count();
        auto web = web::WebServer::start(m_settings.web->host, m_settings.web->port,
                                         {[this] {
                                              auto const health = m_sync->health();
                                              return web::Health{health.good, health.what};
                                          },
                                          [this, startedAt] { return metrics(*m_sync, startedAt); }});
        if (!web) {
            m_sync->stop();
            return web.error();
        }
        m_web = std::move(*web);
    }
    std::vector<std::pair<std::string_view, std::string>> listening{
        {"listen", toText(Address{m_settings.sync.host, m_sync->port()})}};
    if (m_web) listening.emplace_back("web", toText(Address{m_settings.web->host, m_web->port()}));
    m_log.tell(Log::Level::Info, What::Listening, listening);
    notifyManager("READY=1");

    while (m_surroundings.nextSignal() == Signal::Reload) reload();

    notifyManager("STOPPING=1");
    m_log.tell(Log::Level::Info, What::Stopping);
    if (m_web) m_web->stop();
    m_sync->stop();
    m_log.tell(Log::Level::Info, What::Stopped);
    return {};
}

void Daemon::tell(Error const& error) {
    auto const said = cli::say(error, m_language, m_arguments.data);
    if (m_serving) {
        m_log.tell(Log::Level::Error, What::Failed,
                   {{"code", error.reason}, {"message", said.text}, {"next", said.next}});
    } else if (m_arguments.json) {
        Json told = Json::object();
        told.set("code", error.reason).set("kind", nameOf(error.code)).set("message", said.text).set("next", said.next);
        Json document = Json::object();
        document.set("error", std::move(told));
        m_surroundings.out << document.text() << '\n';
    } else {
        m_surroundings.err << cli::cleanLines(said.text) << "\n→ " << cli::cleanLines(said.next) << '\n';
    }
}

Error errorOf(std::exception const& exception) {
    if (auto const* sqlite = dynamic_cast<replica::SqliteError const*>(&exception)) return sqlite->toError();
    if (dynamic_cast<std::bad_alloc const*>(&exception)) return makeError(ErrorCode::Environment, "memory.full");
    return makeError(ErrorCode::Environment, "environment.failed", exception.what());
}

}  // namespace

int run(std::vector<std::string> const& words, replica::World world, Surroundings const& surroundings) {
    auto const language = languageFrom(words, surroundings.variable);
    auto arguments = parse(words);
    auto const verb = arguments ? arguments->verb : Arguments::Verb::Help;
    Daemon daemon(arguments ? *arguments : Arguments{}, language, world, surroundings);
    Result<void> done;
    try {
        if (!arguments) {
            done = arguments.error();
        } else if (verb == Arguments::Verb::Help) {
            surroundings.out << helpText(language);
        } else if (verb == Arguments::Verb::Version) {
            surroundings.out << "spirald " SPIRAL_VERSION "\n";
        } else {
            done = verb == Arguments::Verb::Init     ? daemon.init()
                   : verb == Arguments::Verb::Finish ? daemon.finish()
                                                     : daemon.serve();
        }
    } catch (std::exception const& exception) {
        done = errorOf(exception);
    }
    if (!done) daemon.tell(done.error());
    surroundings.out << std::flush;
    surroundings.err << std::flush;
    return done ? cli::status::kDone : cli::exitStatus(done.error());
}

}  // namespace spiral::server
