// Files for other replicas, and the state of this one.
#include "office_impl.h"
#include "office/units.h"

#include "transport/outbox.h"

#include <algorithm>
#include <set>

namespace spiral::office {

Result<transport::FileTotals> TheOffice::exportTo(Path const& file, std::optional<Path> const& forTips) {
    if (registry().empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled", "");
    std::vector<trust::FeedTip> known;
    std::optional<DeviceId> reader;
    if (forTips) {
        auto hello = transport::readTips(*forTips, m_replica->world().files);
        if (!hello) return hello.error();
        if (hello->school != registry().school()) {
            return makeError(ErrorCode::Refused, "exchange.other-college", hello->school.hex());
        }
        if (!registry().device(hello->device)) {
            // We cannot say what she may read, and a file with nothing in it would look like success.
            return makeError(ErrorCode::Waiting, "exchange.reader-unknown", hello->device.hex());
        }
        known = hello->tips;
        reader = hello->device;
    }
    Instant const now = m_replica->world().wall.now();
    // For somebody named, only what she may read. Without a name the file is for whoever carries it: it holds what this
    // replica reads, and each reader takes what is hers.
    auto const mayRead = [&](Scope const& scope) { return !reader || registry().mayRead(*reader, scope, now); };
    return transport::exportFile(*m_replica, m_attachments, file, transport::FileKind::Exchange, known, mayRead,
                                 [this](std::uint64_t done, std::uint64_t of) { tell(done, of, "export"); });
}

Result<Office::Imported> TheOffice::importFrom(Path const& file) {
    if (registry().empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled", "");
    std::set<FrameId> waited;
    for (auto const& line : m_replica->inbox()) waited.insert(line.frame);
    m_viewIsBehind = true;   // also when it ends half way: what came till then is here
    auto totals = transport::importFile(*m_replica, m_attachments, file,
                                        [this](std::uint64_t done, std::uint64_t of) { tell(done, of, "import"); });
    if (!totals) return totals.error();
    Imported imported{std::move(*totals), 0};
    for (auto const& line : m_replica->inbox()) waited.erase(line.frame);
    for (auto const& frame : waited) imported.takenUp += m_replica->frameBytes(frame) ? 1U : 0U;
    bool const fromOthers = imported.writer && imported.writer->device != m_replica->device();
    if (fromOthers && m_replica->note(kRestoredNote)) m_replica->setNote(kRestoredNote, "");
    catchUp();
    return imported;
}

Result<trust::Invitation::Server> TheOffice::serverToCall(std::optional<std::string> const& url) {
    if (registry().empty()) return makeError(ErrorCode::WrongState, "replica.not-enrolled", "");
    auto known = server();
    if (url) {
        if (auto address = tls::parseAddress(*url); !address) return address.error();
        for (auto const& device : registry().devices()) {
            bool const serves = device.kind != trust::Device::Kind::Person && registry().revocationsOf(device.id).empty();
            if (serves && device.url == *url) return trust::Invitation::Server{*url, device.key};
        }
        if (known) known->url = *url;
    }
    if (!known) return makeError(ErrorCode::NotFound, "server.none", "");
    return *known;
}

Result<Office::Synchronised> TheOffice::syncOver(std::optional<std::string> const& url) {
    auto const called = serverToCall(url);
    if (!called) return called.error();
    auto const address = tls::parseAddress(called->url);
    if (!address) return address.error();
    auto unlocked = signer();
    if (!unlocked) return unlocked.error();
    m_viewIsBehind = true;   // also when it ends half way: what came till then is here
    auto waiting = transport::outbox(*m_replica);
    std::vector<Bytes> proposals;
    for (auto const& each : waiting) proposals.push_back(toBytes(each));
    auto totals = transport::syncOnce(*m_replica, **unlocked, *address, called->key, proposals, {},
                                      [this](std::uint64_t sent, std::uint64_t received) { tell(sent + received, 0, "sync"); });
    if (!totals) return totals.error();
    if (m_replica->note(kRestoredNote)) m_replica->setNote(kRestoredNote, "");
    // What the keeper has decided goes round no longer; what it could not decide stays.
    auto proposed = totals->proposed;
    std::vector<std::string> undecided;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (i >= proposed.size() || !transport::isDecided(proposed[i])) undecided.push_back(std::move(waiting[i]));
    }
    if (!proposals.empty()) transport::setOutbox(*m_replica, undecided);
    // Also when both do not hold the same: everything was offered all the same, and a server that says whatever digest it
    // likes would never be looked at.
    transport::ReceiptWatch receipts(*m_replica);
    std::set<FrameId> excused;
    for (auto const& answer : totals->session.answers) excused.insert(answer.frame);
    receipts.look(*m_replica, excused);
    for (auto const& [note, value] : receipts.notes()) m_replica->setNote(note, value);
    auto& clock = m_replica->world().monotonic;
    auto const stored = clock.now();
    catchUp();
    double const viewSeconds = std::chrono::duration<double>(clock.now() - stored).count();
    return Synchronised{std::move(*totals), called->url, std::move(proposed), receipts.withheld(*m_replica),
                        transport::viewsThatDiffer(*m_replica), viewSeconds};
}

Result<void> TheOffice::writeTips(Path const& file) { return transport::writeTips(*m_replica, file); }

StatusShown TheOffice::status() {
    StatusShown status;
    status.device = m_replica->device();
    status.person = m_replica->person();
    status.counts = view().status();
    status.forks = view().forks();
    status.guard = m_replica->guard();
    status.held = m_replica->held();
    status.server = server();
    auto const& registry = m_replica->registry();
    if (registry.empty()) {
        status.advice.push_back("not-enrolled");
        return status;
    }
    Instant const now = m_replica->world().wall.now();
    status.college = registry.college();
    status.domain = registry.domain();
    status.school = registry.school();
    status.registryHead = registry.head();
    status.registryForked = registry.forked();
    auto const* server = registry.server();
    status.serverKeeps = server && server->id == registry.keeper();
    if (status.person) {
        status.personName = names().person(*status.person);
        for (auto const& grant : registry.grantsOf(*status.person)) {
            bool const inForce = grant.from <= now && (!grant.until || now < *grant.until) &&
                                 registry.revocationsOf(grant.id).empty();
            if (inForce) status.grants.push_back(grant);
        }
    } else {
        status.advice.push_back("not-enrolled");
    }
    for (auto const& scope : m_replica->scopesHeld()) status.scopes.push_back(scope);
    status.ages = ages(Day{std::chrono::floor<std::chrono::days>(now)});
    replica::ListFilter different;
    different.withDifferences = true;
    status.withDifferences = static_cast<std::int64_t>(view().list(different).size());

    status.withheld = transport::ReceiptWatch(*m_replica).withheld(*m_replica);
    status.twoViews = transport::viewsThatDiffer(*m_replica);
    if (!status.withheld.empty()) status.advice.push_back("server-withholds");
    if (!status.twoViews.empty()) status.advice.push_back("server-two-views");

    auto const at = registry.head().seq;
    if (registry.root(at).threshold < 2 || registry.admins(at).threshold < 2) status.advice.push_back("threshold-one");
    if (registry.forked()) status.advice.push_back("registry-forked");
    if (status.guard == replica::GuardFinding::Restored || !m_replica->note(kRestoredNote).value_or("").empty()) status.advice.push_back("restored");
    if (!status.forks.empty()) status.advice.push_back("forked");
    if (!registry.revocationsOf(m_replica->device()).empty()) status.advice.push_back("revoked");
    for (auto const& [scope, newest] : m_replica->newestByScope()) {
        if (newest > now + HybridClock::kAdvanceMax) {
            status.advice.push_back("clock-suspect");
            break;
        }
    }
    if (status.withDifferences > 0) status.advice.push_back("differences");
    if (!strandedDrafts(*this).empty()) status.advice.push_back("drafts-stranded");
    if (status.counts.inbox > 0) status.advice.push_back("inbox");
    if (auto const found = status.counts.items.find(replica::Count::Quarantined);
        found != status.counts.items.end() && found->second > 0) {
        status.advice.push_back("quarantined");
    }
    return status;
}

}  // namespace spiral::office
