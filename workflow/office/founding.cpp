// Founding a college and joining one.
#include "office_impl.h"

#include "base/sha256.h"
#include "embedded/catalogue.h"
#include "model/data.h"

namespace spiral::office {

namespace {

/// "begun" from before entry 1 is sealed until the founder's document is cited, then "done".
constexpr std::string_view kFoundingNote = "founding";
constexpr std::string_view kBegun = "begun";

Error existsAlready() {
    return makeError(ErrorCode::Exists, "replica.exists", "there is a replica in this folder already");
}

enum class Beginning { Founding, Joining };

/// Whether this beginning may be made in the folder, because nothing is there or because an attempt was cut off before
/// it was finished; the same is then gone on with. Tells if there is a store already.
Result<bool> storeToGoOnWith(Path const& folder, World world, Beginning beginning) {
    if (!world.files.exists(folder / "store.db")) return false;
    if (!world.files.exists(keyFile(folder))) return existsAlready();
    auto replica = replica::Replica::open(folder, world, replica::Access::Read);
    if (!replica) return replica.error();
    try {
        bool const founding = (*replica)->note(kFoundingNote) == kBegun;
        bool const empty = (*replica)->registry().empty();
        bool const joining = (*replica)->note(kJoiningNote).has_value() || (*replica)->note("school").has_value();
        if (beginning == Beginning::Founding ? founding || (empty && !joining) : empty && !founding) return true;
    } catch (replica::SqliteError const& error) {
        return error.toError();
    }
    return existsAlready();
}

/// The device key in the folder, made and wrapped if there is none; it stays unlocked in what is returned.
Result<trust::SecretKey> deviceKey(Path const& folder, World world, std::string_view passphrase) {
    if (passphrase.size() < 8) return makeError(ErrorCode::Usage, "passphrase.short", "8 bytes or more");
    Path const file = keyFile(folder);
    if (world.files.exists(file)) {
        // A first attempt that was cut off: its key was never told to anybody, but it may be in a request.
        auto bytes = world.files.read(file, kKeyFileBytesMax);
        if (!bytes) return bytes.error();
        return trust::SecretKey::unwrap(*bytes, passphrase);
    }
    for (auto const& part : {folder, folder / "keys", folder / "attachments"}) {
        if (auto made = world.files.makeFolder(part, FileMode::Private); !made) return made.error();
    }
    auto key = trust::SecretKey::generate(world.random);
    if (auto kept = world.files.replace(file, key.wrap(passphrase, world.random), FileMode::Private); !kept) return kept.error();
    return key;
}

bool isDomain(std::string_view text) {
    if (text.size() < 3 || text.size() > 253 || text.front() == '.' || text.back() == '.') return false;
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos &&
           text.find('.') != std::string_view::npos && text.find("..") == std::string_view::npos;
}

/// Entry 1: everything follows from its hash, which is the college's id.
Result<SchoolId> sealEntryOne(replica::Replica& replica, Office::Founding const& founding, PersonId const& founder,
                              trust::SecretKey& key) {
    World const& world = replica.world();
    trust::Proposal proposal;
    proposal.act = trust::foundingAct(founding.college, founding.domain, founder, key.publicKey(),
                                      trust::firstPolicy(), world.random.token<Nonce>());
    auto agreement = trust::agree(proposal.act, founder, key, founding.domain);
    if (!agreement) return agreement.error();
    proposal.agreed.push_back(*agreement);
    trust::Record record;
    record.scope = Scope::registry();
    record.kind = "root.v1";
    record.by = {founder, replica.device()};
    record.role = {"keeper", Scope::registry()};
    record.body = trust::bodyOf(proposal);
    record.time = world.wall.now();
    record.nonce = world.random.token<Nonce>();
    std::string bytes = trust::encode(record);
    auto signature = key.sign(trust::nameSpaceFor(record.kind, founding.domain), asBytes(bytes));
    if (!signature) return signature.error();
    ObjectId const school = hashAs<ObjectId>(asBytes(bytes));
    auto sealed = replica.seal(Scope::registry(), {{{trust::Item::Kind::Record, school}, std::move(bytes), *signature}}, key);
    if (!sealed) return sealed.error();
    return school;
}

}  // namespace

Result<void> Office::mayFound(Path const& folder, World world) {
    auto const there = storeToGoOnWith(folder, world, Beginning::Founding);
    return there ? Result<void>{} : there.error();
}

Result<void> Office::found(Path const& folder, World world, Founding const& founding) {
    if (founding.college.empty()) return makeError(ErrorCode::Usage, "found.college", "");
    if (founding.person.empty()) return makeError(ErrorCode::Usage, "found.person", "");
    if (!isDomain(founding.domain)) return makeError(ErrorCode::Usage, "found.domain", founding.domain);
    auto const there = storeToGoOnWith(folder, world, Beginning::Founding);
    if (!there) return there.error();
    auto made = deviceKey(folder, world, founding.passphrase);
    if (!made) return made.error();
    auto key = std::make_shared<trust::SecretKey>(std::move(*made));
    if (!*there) {
        if (auto created = replica::Replica::create(folder, world, key->publicKey()); !created) return created;
    }

    // Each step asks first whether an attempt that was cut off has done it.
    try {
        PersonId founder = *PersonId::parse(world.random.token<Nonce>().hex());
        {
            auto replica = replica::Replica::open(folder, world, replica::Access::Write);
            if (!replica) return replica.error();
            (*replica)->setNote(kFoundingNote, kBegun);
            auto const& begun = (*replica)->registry();
            if (begun.empty()) {
                if (auto sealed = sealEntryOne(**replica, founding, founder, *key); !sealed) return sealed.error();
            }
            if (begun.college() != founding.college || begun.domain() != founding.domain) return existsAlready();
            founder = (*replica)->person().value_or(founder);
            (*replica)->setNote("school", begun.school().hex());
        }
        // The rest is ordinary office work by the founder.
        struct Borrowed final : trust::Signer {
            std::shared_ptr<trust::SecretKey> key;
            explicit Borrowed(std::shared_ptr<trust::SecretKey> owner) : key(std::move(owner)) {}
            trust::PublicKey const& publicKey() const noexcept override { return key->publicKey(); }
            Result<trust::Signature> sign(std::string_view nameSpace, ByteView message) override {
                return key->sign(nameSpace, message);
            }
        };
        auto opened = Office::open(folder, world, replica::Access::Write, [key](Path const&, trust::PublicKey const&) {
            return Result<std::unique_ptr<trust::Signer>>(std::make_unique<Borrowed>(key));
        });
        if (!opened) return opened.error();
        auto& office = static_cast<TheOffice&>(**opened);
        std::vector<trust::Proposal> acts;
        auto const add = [&](std::string_view act, json::Object members) -> Result<void> {
            auto proposal = office.agreedAct(act, std::move(members));
            if (!proposal) return proposal.error();
            acts.push_back(std::move(*proposal));
            return {};
        };
        json::Object grant;
        grant.set("person", founder.text());
        grant.set("role", "admin");
        grant.set("scope", "college");
        grant.set("from", toText(world.wall.now() - std::chrono::days{1}));
        if (auto added = add("grant", std::move(grant)); !added) return added;
        bool const begins = office.registry().grantsOf(founder).empty();
        if (begins && founding.sample) {
            auto const text = catalogueFile("catalogues/yancheng-organisation.json");
            ensure(text.has_value(), "the sample organisation is built in");
            auto const organisation = model::readData(*text);
            ensure(organisation && organisation->asObject(), "the sample organisation is well formed");
            auto const* departments = json::arrayAt(*organisation->asObject(), "departments");
            ensure(departments != nullptr, "the sample organisation has departments");
            std::size_t number = 0;
            for (auto const& department : *departments) {
                std::string id = *json::stringAt(*department.asObject(), "id");
                for (char& c : id) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
                json::Object unit;
                unit.set("unit", id);
                unit.set("name", *json::stringAt(*department.asObject(), "zh"));
                // The plan names no campuses: these two are invented, and say so.
                unit.set("campus", number++ < departments->size() / 2 ? "东校区（样例）" : "西校区（样例）");
                if (auto added = add("unit", std::move(unit)); !added) return added;
            }
        }
        if (begins) {
            if (auto appended = office.append(std::move(acts)); !appended) return appended.error();
        }
        // Now the founder may write: her name as a document, cited by the registry.
        if (!office.registry().personDocument(founder)) {
            auto person = office.personWithDocument(founder, founding.person, std::nullopt);
            if (!person) return person.error();
            auto cited = office.agreedAct("person", std::move(*person));
            if (!cited) return cited.error();
            if (auto appended = office.append({*cited}); !appended) return appended.error();
        }
        office.replica().setNote(kFoundingNote, "done");
    } catch (replica::SqliteError const& error) {
        return error.toError();
    }
    return {};
}

Result<std::string> Office::joinRequest(Path const& folder, World world, ByteView invitationBytes, std::string_view passphrase,
                                        Joins as) {
    auto invitation = trust::decodeInvitation(invitationBytes);
    if (!invitation) return invitation.error();
    if (invitation->expires < world.wall.now()) {
        return makeError(ErrorCode::Refused, "invitation.expired", toText(invitation->expires));
    }
    // The registry would tell them apart as well, but only after somebody has read out digits.
    if (invitation->person.empty() && as == Joins::Person) return makeError(ErrorCode::Refused, "invitation.for-server");
    if (!invitation->person.empty() && as == Joins::Server) return makeError(ErrorCode::Refused, "invitation.for-person");
    auto const there = storeToGoOnWith(folder, world, Beginning::Joining);
    if (!there) return there.error();
    auto key = deviceKey(folder, world, passphrase);
    if (!key) return key.error();
    auto request = trust::makeJoinRequest(invitationBytes, *key);
    if (!request) return request.error();
    if (!*there) {
        if (auto created = replica::Replica::create(folder, world, key->publicKey()); !created) return created.error();
    }
    try {
        auto replica = replica::Replica::open(folder, world, replica::Access::Write);
        if (!replica) return replica.error();
        (*replica)->setNote("school", invitation->school.hex());
        (*replica)->setNote(kJoiningNote, asText(invitationBytes));
    } catch (replica::SqliteError const& error) {
        return error.toError();
    }
    return *request;
}

Result<void> Office::joinFinish(Path const& folder, World world, Path const& welcome) {
    auto opened = replica::Replica::open(folder, world, replica::Access::Write);
    if (!opened) return opened.error();
    auto& replica = **opened;
    try {
        auto const expected = replica.note("school");
        if (!expected) return makeError(ErrorCode::WrongState, "join.not-begun", "make a request first");
        replica::Attachments attachments(folder / "attachments", world.files);
        auto taken = transport::importFile(replica, attachments, welcome);
        if (!taken) return taken.error();
        if (replica.registry().empty() || replica.registry().school().hex() != *expected) {
            return makeError(ErrorCode::Refused, "join.other-college", "the welcome is of another college");
        }
        if (!replica.person()) {
            return makeError(ErrorCode::Refused, "join.not-enrolled", "the welcome does not enrol this device");
        }
        // An address that was written for this device on purpose, such as the one inside a campus, is kept.
        auto const answered = replica.note(kJoiningNote);
        auto const invitation = answered ? trust::decodeInvitation(asBytes(*answered)) : Result<trust::Invitation>(Error{});
        auto const* server = replica.registry().server();
        if (invitation && invitation->server && (!server || server->url != invitation->server->url)) {
            replica.setNote(kServerUrlNote, invitation->server->url);
        }
    } catch (replica::SqliteError const& error) {
        return error.toError();
    }
    return {};
}

}  // namespace spiral::office
