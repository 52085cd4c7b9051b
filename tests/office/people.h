// People with machines of their own, working through the office as programs do. Real keys, real files, real SQLite.
//
//     Workplace zhao = Workplace::founds("质控办主任");
//     Workplace li = zhao.hires("李", "yc-d03", {"clerk"});
//     auto task = li.creates("task", "unit/yc-d03", {{"title", "甲"}});
#pragma once

#include "office/office.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace spiral::office {

class SteppingClock final : public WallClock {
public:
    Instant time = *parseInstant("2026-03-02T08:00:00.000Z");
    Instant now() override { return time += std::chrono::milliseconds{7}; }
};
class CountingClock final : public MonotonicClock {
public:
    std::chrono::nanoseconds now() override { return std::chrono::nanoseconds{++m_ticks}; }

private:
    std::int64_t m_ticks = 0;
};

inline constexpr std::string_view kPassphrase = "correct horse";

class Workplace {
public:
    /// Another seed founds another college: with the same one the same keys and ids would come out.
    static std::unique_ptr<Workplace> founds(std::string_view person, bool sample = true, std::uint64_t seed = 1) {
        auto place = std::unique_ptr<Workplace>(new Workplace(seed));
        auto founded = Office::found(place->folder(), place->world(),
                                     {"盐城样例学院", "qa.example.edu.cn", std::string(person), std::string(kPassphrase), sample});
        INFO((founded ? "" : founded.error().reason + " " + founded.error().detail));
        REQUIRE(founded);
        place->open();
        return place;
    }
    /// Invites, makes the device's key on the new machine, compares digits, enrols, finishes.
    std::unique_ptr<Workplace> hires(std::string_view person, std::string_view unit, std::vector<std::string> const& roles) {
        auto place = newMachine();
        place->answers(m_office->invite(person, unit, roles, std::nullopt), Office::Joins::Person);
        place->isEnrolledBy(*this);
        return place;
    }
    /// The same for a server or a hub.
    std::unique_ptr<Workplace> installs(Office::ServerWanted const& wanted) {
        auto place = newMachine();
        place->answers(m_office->inviteServer(wanted), Office::Joins::Server);
        place->isEnrolledBy(*this);
        return place;
    }

    // --- the ceremony, step by step ---------------------------------------------------------------------------------
    static std::unique_ptr<Workplace> newMachine() {
        static std::uint64_t seed = 100;
        return std::unique_ptr<Workplace>(new Workplace(++seed));
    }
    void answers(Result<Office::Invited> const& invited, Office::Joins as) {
        INFO((invited ? "" : invited.error().reason + " " + invited.error().detail));
        REQUIRE(invited);
        auto made = Office::joinRequest(folder(), world(), asBytes(invited->invitation), kPassphrase, as);
        INFO((made ? "" : made.error().reason + " " + made.error().detail));
        REQUIRE(made);
        request = *made;
    }
    /// As the admin does it who has heard the digits of `machine`.
    Result<Office::Enrolled> enrols(Workplace& machine) {
        auto digits = m_office->digits(asBytes(machine.request));
        REQUIRE(digits);
        return m_office->enrol(asBytes(machine.request), trust::digitsText(*digits), machine.welcome());
    }
    void finishes() {
        auto finished = Office::joinFinish(folder(), world(), welcome());
        INFO((finished ? "" : finished.error().reason + " " + finished.error().detail));
        REQUIRE(finished);
        open();
    }
    void isEnrolledBy(Workplace& admin) {
        auto enrolled = admin.enrols(*this);
        INFO((enrolled ? "" : enrolled.error().reason + " " + enrolled.error().detail));
        REQUIRE(enrolled);
        REQUIRE(enrolled->welcomed);
        finishes();
    }
    [[nodiscard]] Path welcome() const { return outside() / "welcome"; }
    std::string request;

    Office& operator*() { return *m_office; }
    Office* operator->() { return m_office.get(); }
    [[nodiscard]] Path folder() const { return m_place.path() / "replica"; }
    [[nodiscard]] Path outside() const { return m_place.path(); }
    [[nodiscard]] World world() { return {clock, m_monotonic, m_random, systemFiles()}; }

    void close() { m_office.reset(); }
    void open() {
        m_office.reset();
        // Each workplace is a computer of its own: its guard lies in its own home.
        ::setenv("XDG_STATE_HOME", (m_place.path() / "state").c_str(), 1);
        auto opened = Office::open(folder(), world(), replica::Access::Write,
                                   [](Path const& at, trust::PublicKey const&) -> Result<std::unique_ptr<trust::Signer>> {
                                       auto bytes = systemFiles().read(at / "keys" / "device.key", 1 << 16);
                                       if (!bytes) return bytes.error();
                                       auto key = trust::SecretKey::unwrap(*bytes, kPassphrase);
                                       if (!key) return key.error();
                                       return std::unique_ptr<trust::Signer>(std::make_unique<trust::SecretKey>(std::move(*key)));
                                   });
        INFO((opened ? "" : opened.error().reason + " " + opened.error().detail));
        REQUIRE(opened);
        m_office = std::move(*opened);
    }

    using Set = std::vector<std::pair<std::string, std::string>>;
    DocumentKey creates(std::string_view type, std::string_view scope, Set const& set) {
        auto made = m_office->create(type, *Scope::parse(scope), set);
        INFO((made ? "" : made.error().reason + " " + made.error().detail));
        REQUIRE(made);
        return made->document;
    }
    void edits(DocumentKey const& doc, Set const& set) {
        auto made = m_office->edit(doc, set, false);
        INFO((made ? "" : made.error().reason + " " + made.error().detail));
        REQUIRE(made);
    }
    StepDone steps(DocumentKey const& doc, std::string_view action, std::string_view comment = {}, std::optional<Day> until = {}) {
        auto done = m_office->step(doc, action, comment, until);
        INFO((done ? "" : done.error().reason + " " + done.error().detail));
        REQUIRE(done);
        return *done;
    }
    std::string refused(DocumentKey const& doc, std::string_view action, std::string_view comment = {}) {
        auto done = m_office->step(doc, action, comment, std::nullopt);
        return done ? "done" : done.error().reason;
    }
    DocumentShown shows(DocumentKey const& doc) {
        auto shown = m_office->show(doc);
        INFO((shown ? "" : shown.error().reason));
        REQUIRE(shown);
        return std::move(*shown);
    }
    std::string field(DocumentKey const& doc, std::string_view name) {
        auto const shown = shows(doc);
        auto const* text = json::stringAt(shown.merged.fields, name);
        return text ? *text : "(open or absent)";
    }
    /// What the other lacks, as a file on a stick; and the way back.
    void carriesTo(Workplace& other) {
        Path const tips = outside() / "tips", stick = outside() / "stick";
        REQUIRE(other->writeTips(tips));
        auto given = m_office->exportTo(stick, tips);
        INFO((given ? "" : given.error().reason));
        REQUIRE(given);
        auto taken = other->importFrom(stick);
        INFO((taken ? "" : taken.error().reason + " " + taken.error().detail));
        REQUIRE(taken);
    }
    std::string dump() {
        std::string all;
        m_office->view().dump([&](std::string_view line) { all.append(line).push_back('\n'); });
        return all;
    }

    SteppingClock clock;

private:
    explicit Workplace(std::uint64_t seed) : m_place("spiral-office"), m_random(seed) {}
    TemporaryFolder m_place;
    CountingClock m_monotonic;
    SeededRandom m_random;
    std::unique_ptr<Office> m_office;
};

inline std::string catalogueText(std::string_view name) {
    std::ifstream in("schemas/catalogues/" + std::string(name), std::ios::binary);
    REQUIRE(in);
    return std::string((std::istreambuf_iterator<char>(in)), {});
}

}  // namespace spiral::office
