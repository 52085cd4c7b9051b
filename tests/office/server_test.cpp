// Servers and hubs are enrolled like people, with digits; and the keeper takes what others propose.
#include "people.h"

#include "base/sha256.h"
#include "trust/enrolment.h"

using namespace spiral;
using namespace spiral::office;

namespace {

Office::ServerWanted const kServer{"数据中心", false, {}, "spiral://qa.example.edu.cn:7420"};

std::string reasonOf(Result<Office::Enrolled> const& done) { return done ? "done" : done.error().reason; }

json::Object adminsAre(std::vector<PersonId> persons, int threshold) {
    std::sort(persons.begin(), persons.end());
    json::Array list;
    for (auto const& person : persons) list.emplace_back(person.text());
    json::Object members;
    members.set("persons", std::move(list));
    members.set("threshold", threshold);
    return members;
}

json::Object revoking(DeviceId const& device) {
    json::Object members;
    members.set("device", device.hex());
    members.set("cuts", json::Array{});
    members.set("reason", "试");
    return members;
}

Result<Office::Appended> moves(Workplace& admin, DeviceId const& keeper) {
    json::Object members;
    members.set("device", keeper.hex());
    return admin->propose("move", std::move(members));
}

}  // namespace

TEST_CASE("a server is enrolled with digits, holds everything, and people are told where it is", "[office][server]") {
    auto zhao = Workplace::founds("赵");
    zhao->creates("task", "unit/yc-d03", {{"title", "甲"}});
    auto server = zhao->installs(kServer);
    auto const device = (*server)->replica().device();

    auto const* entry = (*zhao)->registry().device(device);
    REQUIRE(entry != nullptr);
    CHECK(entry->kind == trust::Device::Kind::Server);
    CHECK(entry->url == *kServer.url);
    CHECK(entry->name == kServer.name);
    CHECK(entry->person == PersonId::fromDevice(device));
    CHECK((*zhao)->names().device(device) == kServer.name);
    CHECK((*server)->replica().person() == PersonId::fromDevice(device));
    auto const held = (*server)->replica().scopesHeld();
    CHECK(std::find(held.begin(), held.end(), *Scope::parse("unit/yc-d03")) != held.end());
    // It is no person of the college.
    for (auto const& person : (*zhao)->registry().persons()) CHECK(person != entry->person);

    auto const invited = (*zhao)->invite("李", "yc-d03", {"clerk"}, std::nullopt);
    REQUIRE(invited);
    REQUIRE(invited->content.server);
    CHECK(invited->content.server->url == *kServer.url);
    CHECK(invited->content.server->key == (*server)->replica().deviceKey());
    auto const inside = (*zhao)->invite("李", "yc-d03", {"clerk"}, "spiral://10.0.0.5:7420");
    REQUIRE(inside);
    CHECK(inside->content.server->url == "spiral://10.0.0.5:7420");
    CHECK((*zhao)->invite("李", "yc-d03", {"clerk"}, "https://x").error().reason == "invite.url");

    auto near = Workplace::newMachine(), far = Workplace::newMachine();
    near->answers(inside, Office::Joins::Person);
    far->answers(invited, Office::Joins::Person);
    {
        auto waiting = Office::open(far->folder(), far->world(), replica::Access::Read, {});
        REQUIRE(waiting);
        CHECK((*waiting)->status().server == invited->content.server);  // before the registry is held
    }
    near->isEnrolledBy(*zhao);
    far->isEnrolledBy(*zhao);
    CHECK((*near)->status().server->url == "spiral://10.0.0.5:7420");
    CHECK((*far)->status().server->url == *kServer.url);
    CHECK((*zhao)->status().server->url == *kServer.url);
    CHECK_FALSE((*zhao)->status().serverKeeps);
}

TEST_CASE("without a server nobody is told of one, and none can be named", "[office][server]") {
    auto zhao = Workplace::founds("赵");
    CHECK_FALSE((*zhao)->invite("李", "yc-d03", {"clerk"}, std::nullopt)->content.server);
    CHECK((*zhao)->invite("李", "yc-d03", {"clerk"}, "spiral://a:1").error().reason == "server.missing");
    CHECK_FALSE((*zhao)->status().server);
    auto server = zhao->installs({"没有地址", false, {}, std::nullopt});
    CHECK_FALSE((*zhao)->invite("李", "yc-d03", {"clerk"}, std::nullopt)->content.server);
    auto const named = (*zhao)->invite("李", "yc-d03", {"clerk"}, "spiral://a:1");
    REQUIRE(named);
    CHECK(named->content.server->key == (*server)->replica().deviceKey());
}

TEST_CASE("a hub reads its scopes and no other", "[office][server]") {
    auto zhao = Workplace::founds("赵");
    zhao->creates("task", "unit/yc-d03", {{"title", "甲"}});
    zhao->creates("task", "unit/yc-d04", {{"title", "乙"}});
    auto server = zhao->installs(kServer);
    Scope const mine = *Scope::parse("unit/yc-d03"), other = *Scope::parse("unit/yc-d04");
    auto hub = zhao->installs({"西校区", true, {mine}, "spiral://west:7420"});
    auto const device = (*hub)->replica().device();
    auto const& registry = (*zhao)->registry();
    Instant const now = zhao->clock.now();
    CHECK(registry.device(device)->kind == trust::Device::Kind::Hub);
    CHECK(registry.mayRead(device, mine, now));
    CHECK(registry.mayRead(device, Scope::registry(), now));
    CHECK_FALSE(registry.mayRead(device, other, now));
    CHECK_FALSE(registry.mayRead(device, Scope::college(), now));
    CHECK((*hub)->replica().scopesHeld() == std::vector<Scope>{Scope::registry(), mine});
    // It was told of the server, to which it passes on.
    CHECK((*hub)->status().server->url == *kServer.url);
    // People are sent to the server, not to the hub.
    CHECK((*zhao)->invite("李", "yc-d03", {"clerk"}, std::nullopt)->content.server->url == *kServer.url);
    CHECK(moves(*zhao, device).error().reason == "registry.keeper-is-hub");
}

TEST_CASE("what is wanted of a server or hub must make sense", "[office][server]") {
    auto zhao = Workplace::founds("赵");
    Scope const unit = *Scope::parse("unit/yc-d03");
    auto const why = [&](Office::ServerWanted const& wanted) { return (*zhao)->inviteServer(wanted).error().reason; };
    CHECK(why({"", false, {}, std::nullopt}) == "invite.server-name");
    CHECK(why({"a", true, {}, std::nullopt}) == "invite.hub-scope");
    CHECK(why({"a", false, {unit}, std::nullopt}) == "invite.hub-scope");
    CHECK(why({"a", true, {Scope::registry()}, std::nullopt}) == "invite.hub-scope");
    CHECK(why({"a", true, {*Scope::parse("unit/none")}, std::nullopt}) == "unit.missing");
    CHECK(why({"a", false, {}, "http://a"}) == "invite.url");
}

TEST_CASE("a person's invitation enrols no server, and a server's no person", "[office][server]") {
    auto zhao = Workplace::founds("赵");
    auto const forPerson = (*zhao)->invite("李", "yc-d03", {"clerk"}, std::nullopt);
    auto const forServer = (*zhao)->inviteServer(kServer);
    REQUIRE(forPerson);
    REQUIRE(forServer);
    auto machine = Workplace::newMachine();
    auto const asks = [&](Office::Invited const& invited, Office::Joins as) {
        auto made =
            Office::joinRequest(machine->folder(), machine->world(), asBytes(invited.invitation), kPassphrase, as);
        return made ? "made" : made.error().reason;
    };
    CHECK(asks(*forPerson, Office::Joins::Server) == "invitation.for-person");
    CHECK(asks(*forServer, Office::Joins::Person) == "invitation.for-server");

    // Whoever writes such a request by hand gets no further: it answers another invitation, or its proof is wrong.
    SeededRandom random(7);
    auto key = trust::SecretKey::generate(random);
    auto const tries = [&](std::string const& request) {
        auto digits = (*zhao)->digits(asBytes(request));
        REQUIRE(digits);
        return reasonOf((*zhao)->enrol(asBytes(request), trust::digitsText(*digits), machine->outside() / "w"));
    };
    auto turned = forPerson->content;
    turned.person = PersonId();
    CHECK(tries(*trust::makeJoinRequest(asBytes(trust::encode(turned)), key)) == "invitation.missing");
    turned = forServer->content;
    turned.person = *(*zhao)->replica().person();
    CHECK(tries(*trust::makeJoinRequest(asBytes(trust::encode(turned)), key)) == "invitation.missing");
    auto const sound = trust::decodeJoinRequest(asBytes(*trust::makeJoinRequest(asBytes(forServer->invitation), key)));
    REQUIRE(sound);
    json::Object forged{{"v", 1},
                        {"invitation", sound->invitation.hex()},
                        {"person", (*zhao)->replica().person()->text()},
                        {"key", sound->key.hex()},
                        {"proof", sound->proof.hex()}};
    auto const signature = key.sign("join@qa.example.edu.cn", asBytes(json::encode(forged)));
    forged.set("sig", signature->hex());
    CHECK(tries(json::encode(forged)) == "enrolment.other-person");
    CHECK((*zhao)->registry().devices().size() == 1);
}

TEST_CASE("a server's invitation is good once, for seven days, and for the digits that were read", "[office][server]") {
    auto zhao = Workplace::founds("赵");
    auto const invited = (*zhao)->inviteServer(kServer);
    auto first = Workplace::newMachine(), second = Workplace::newMachine(), late = Workplace::newMachine();
    first->answers(invited, Office::Joins::Server);
    second->answers(invited, Office::Joins::Server);
    CHECK(reasonOf((*zhao)->enrol(asBytes(first->request), "00000 00000 00000 00000 00000 00000", first->welcome())) ==
          "enrol.digits");
    CHECK((*zhao)->registry().devices().size() == 1);
    first->isEnrolledBy(*zhao);
    CHECK(reasonOf(zhao->enrols(*second)) == "invitation.used");
    CHECK(reasonOf(zhao->enrols(*first)) == "done");  // its welcome was lost on the way
    CHECK((*zhao)->registry().devices().size() == 2);

    auto const another = (*zhao)->inviteServer({"二号", false, {}, std::nullopt});
    late->answers(another, Office::Joins::Server);
    zhao->clock.time += trust::kInvitationValid;
    CHECK(reasonOf(zhao->enrols(*late)) == "enrolment.expired");
    late->clock.time = zhao->clock.time;
    CHECK(Office::joinRequest(late->folder(), late->world(), asBytes(another->invitation), kPassphrase,
                              Office::Joins::Server)
              .error()
              .reason == "invitation.expired");
    CHECK((*zhao)->registry().devices().size() == 2);
}

TEST_CASE("where two must agree to a server, its enrolment goes round first", "[office][server]") {
    auto zhao = Workplace::founds("赵");
    auto qian = zhao->hires("钱", "yc-d05", {"quality"});
    auto const root = adminsAre({*(*zhao)->replica().person(), *(*qian)->replica().person()}, 2);
    auto const proposed = (*zhao)->propose("root", root);
    REQUIRE(proposed);
    REQUIRE_FALSE(proposed->entry);
    zhao->carriesTo(*qian);
    auto const agreed = (*qian)->cosign(asBytes(proposed->proposal));
    REQUIRE(agreed);
    CHECK(agreed->why == "registry.not-keeper");
    REQUIRE((*zhao)->appendProposal(asBytes(agreed->proposal)));

    auto server = Workplace::newMachine();
    server->answers((*zhao)->inviteServer(kServer), Office::Joins::Server);
    auto const asked = zhao->enrols(*server);
    REQUIRE(asked);
    CHECK_FALSE(asked->welcomed);
    CHECK(asked->why == "registry.threshold");
    REQUIRE(asked->proposals.size() == 1);
    CHECK_FALSE(std::filesystem::exists(server->welcome()));
    CHECK((*zhao)->appendProposal(asBytes(asked->proposals[0])).error().reason == "registry.threshold");
    zhao->carriesTo(*qian);
    auto const cosigned = (*qian)->cosign(asBytes(asked->proposals[0]));
    REQUIRE(cosigned);
    REQUIRE((*zhao)->appendProposal(asBytes(cosigned->proposal)));
    CHECK((*zhao)->appendProposal(asBytes(cosigned->proposal)).error().reason == "registry.act-repeated");
    server->isEnrolledBy(*zhao);
    CHECK((*server)->registry().server()->id == (*server)->replica().device());
}

TEST_CASE("of an enrolment the keeper appends what it may, and the rest goes round", "[office][server]") {
    auto zhao = Workplace::founds("赵");
    auto qian = zhao->hires("钱", "yc-d05", {"quality"});
    REQUIRE(
        (*zhao)->propose("admin", adminsAre({*(*zhao)->replica().person(), *(*qian)->replica().person()}, 2))->entry);
    auto sun = Workplace::newMachine();
    sun->answers((*zhao)->invite("孙", "yc-d03", {"clerk", "leader"}, std::nullopt), Office::Joins::Person);
    auto const asked = zhao->enrols(*sun);
    REQUIRE(asked);
    CHECK(asked->welcomed);
    CHECK(asked->why == "registry.threshold");
    CHECK(asked->proposals.size() == 2);  // leader of the college and of the unit: a high role
    sun->finishes();
    CHECK((*sun)->status().grants.size() == 1);
    zhao->carriesTo(*qian);
    for (auto const& proposal : asked->proposals) {
        auto const agreed = (*qian)->cosign(asBytes(proposal));
        REQUIRE(agreed);
        REQUIRE((*zhao)->appendProposal(asBytes(agreed->proposal)));
    }
    zhao->carriesTo(*sun);
    CHECK((*sun)->status().grants.size() == 3);
}

TEST_CASE("once the server keeps the registry, others propose and it appends", "[office][server]") {
    auto zhao = Workplace::founds("赵");
    auto server = zhao->installs(kServer);
    REQUIRE(moves(*zhao, (*server)->replica().device())->entry);
    CHECK((*zhao)->status().serverKeeps);
    zhao->carriesTo(*server);

    json::Object unit;
    unit.set("unit", "new");
    unit.set("name", "新部门");
    auto const proposed = (*zhao)->propose("unit", unit);
    REQUIRE(proposed);
    CHECK_FALSE(proposed->entry);
    CHECK(proposed->why == "registry.not-keeper");
    CHECK((*zhao)->appendProposal(asBytes(proposed->proposal)).error().reason == "registry.not-keeper");
    auto const before = (*server)->registry().head();
    auto const entry = (*server)->appendProposal(asBytes(proposed->proposal));
    REQUIRE(entry);
    CHECK((*server)->registry().head() == trust::RegistryPoint{before.seq + 1, *entry});

    // Somebody new: what the admin would have appended goes to the server, one after the other.
    auto li = Workplace::newMachine();
    li->answers((*zhao)->invite("李", "yc-d03", {"clerk"}, std::nullopt), Office::Joins::Person);
    auto const asked = zhao->enrols(*li);
    REQUIRE(asked);
    CHECK_FALSE(asked->welcomed);
    CHECK(asked->proposals.size() == 3);                      // person, device, grant
    CHECK(zhao->enrols(*li)->proposals == asked->proposals);  // asked again, no second set goes round
    REQUIRE((*server)->appendProposal(asBytes(asked->proposals[0])));
    REQUIRE((*server)->appendProposal(asBytes(asked->proposals[1])));
    server->carriesTo(*zhao);
    auto const half = zhao->enrols(*li);  // the device is in, its grant on the way
    REQUIRE(half);
    CHECK(half->welcomed);
    CHECK(half->proposals == std::vector{asked->proposals[2]});
    REQUIRE((*server)->appendProposal(asBytes(half->proposals[0])));
    server->carriesTo(*zhao);
    CHECK(zhao->enrols(*li)->proposals.empty());
    li->isEnrolledBy(*zhao);
    CHECK((*li)->status().personName == "李");
    CHECK((*li)->status().grants.size() == 1);
    auto const made = li->creates("task", "unit/yc-d03", {{"title", "甲"}});
    li->carriesTo(*server);
    CHECK(server->field(made, "title") == "甲");
    for (auto const* bad : {"", "{}", "[]", "{\"act\":\"x\",\"agreed\":[]}"})
        CHECK_FALSE((*server)->appendProposal(asBytes(std::string_view(bad))));
}

TEST_CASE("of two admins who revoke each other at the same time, the first appended wins", "[office][server]") {
    bool const zhaoFirst = GENERATE(true, false);
    auto zhao = Workplace::founds("赵");
    auto qian = zhao->hires("钱", "yc-d05", {"quality"});
    auto server = zhao->installs(kServer);
    REQUIRE(
        (*zhao)->propose("admin", adminsAre({*(*zhao)->replica().person(), *(*qian)->replica().person()}, 1))->entry);
    REQUIRE(moves(*zhao, (*server)->replica().device())->entry);
    zhao->carriesTo(*qian);
    zhao->carriesTo(*server);

    auto const byZhao = (*zhao)->propose("revoke", revoking((*qian)->replica().device()));
    auto const byQian = (*qian)->propose("revoke", revoking((*zhao)->replica().device()));
    REQUIRE(byZhao);
    REQUIRE(byQian);
    REQUIRE((*server)->registry().judge(*trust::proposalFrom(*json::parse(byZhao->proposal)->asObject())));
    REQUIRE((*server)->registry().judge(*trust::proposalFrom(*json::parse(byQian->proposal)->asObject())));
    auto const& first = zhaoFirst ? *byZhao : *byQian;
    auto const& second = zhaoFirst ? *byQian : *byZhao;
    REQUIRE((*server)->appendProposal(asBytes(first.proposal)));
    auto const head = (*server)->registry().head();
    auto const frames = (*server)->replica().held().frames;
    auto const lost = (*server)->appendProposal(asBytes(second.proposal));
    REQUIRE_FALSE(lost);
    CHECK(lost.error().reason == "registry.overtaken");
    CHECK(lost.error().detail == "registry.threshold");
    CHECK((*server)->registry().head() == head);
    CHECK((*server)->replica().held().frames == frames);
    auto const loser = zhaoFirst ? (*qian)->replica().device() : (*zhao)->replica().device();
    auto const winner = zhaoFirst ? (*zhao)->replica().device() : (*qian)->replica().device();
    CHECK((*server)->registry().revocationsOf(loser).size() == 1);
    CHECK((*server)->registry().revocationsOf(winner).empty());
}
