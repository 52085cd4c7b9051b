// Random colleges: nothing depends on the order in which things arrive.
#include "college_fixture.h"

using namespace spiral;
using namespace spiral::trust;

TEST_CASE("judgements are the same in every order of entries and rows", "[authority][property]") {
    std::set<Verdict> reachedInAll;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        College college(seed);
        SeededRandom& random = college.random();
        auto const chance = [&](std::uint64_t oneIn) { return random.below(oneIn) == 0; };
        std::vector<Someone> people;
        std::vector<ObjectId> grants;
        std::vector<Row> rows;
        Someone const machine = college.server();
        for (char const* name : {"a", "b", "c", "d"}) {
            people.push_back(college.person(name));
            grants.push_back(college.grant(people.back(), "head@unit/jwc", day(0), day(60), true));
        }
        grants.push_back(college.grant(people[3], "quality@college"));
        std::vector<std::string> const kinds{"submit", "approve", "accept",  "recheck-pass",
                                             "affirm", "admit",   "comment", "odd"};
        bool isForked = false;
        for (int step = 0; step < 30; ++step) {
            Someone const& someone = people[random.below(people.size())];
            Made made;
            made.time = day(static_cast<int>(random.below(80)));
            if (chance(2)) made.receipt = made.time;
            if (rows.empty() || chance(3)) {
                std::vector<ObjectId> parents;
                for (Row const& row : rows) {
                    if (row.revision() != nullptr && chance(3)) parents.push_back(row.id);
                }
                if (chance(8)) parents.push_back(random.token<ObjectId>());
                rows.push_back(college.write(someone, "unit/jwc", parents, made));
            } else {
                Row const target = rows[random.below(rows.size())];
                bool const asQuality = someone.name == "d" && chance(2);
                rows.push_back(college.act(someone, kinds[random.below(kinds.size())],
                                           asQuality ? "quality@college" : "head@unit/jwc", target, made));
            }
            if (chance(6) && !isForked) {
                std::vector<Cut> cuts;
                Someone const& victim = people[random.below(people.size())];
                for (Row const& row : rows) {
                    if (row.places[0].device == victim.key().id() && !chance(3)) cuts = {college.cutAt(row)};
                }
                json::Object members = chance(2) ? College::revokeMembers(victim.key().id(), cuts)
                                                 : College::revokeMembers(grants[random.below(grants.size())], cuts);
                RegistryPoint const before = college.registry.head();
                college.append("revoke", std::move(members), {college.founder});
                if (chance(3)) {
                    isForked = true;
                    Proposal const proposal = college.propose("grant", College::grantMembers(victim, "clerk@unit/jwc"),
                                                              {college.founder}, before);
                    CHECK(college.add(college.signEntry("grant.v1", proposal, before)).added ==
                          Registry::Added::Branched);
                }
            }
        }
        auto const expected = college.judge(rows);
        std::string const signers = college.registry.allowedSigners();
        std::set<Verdict> reached;
        for (auto const& [id, judgement] : expected) reached.insert(judgement.verdict);
        CHECK(reached.contains(Verdict::Quarantined));
        reachedInAll.insert(reached.begin(), reached.end());
        std::vector<SignedEntry> entries = college.entries;
        for (int round = 0; round < 200; ++round) {
            for (std::size_t i = entries.size(); i > 1; --i) std::swap(entries[i - 1], entries[random.below(i)]);
            for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random.below(i)]);
            // Signatures are checked in some rounds only; they cost most of the time.
            auto const signatures = round < 5 ? Registry::Signatures::Check : Registry::Signatures::CheckedBefore;
            Registry registry;
            for (SignedEntry const& entry : entries) registry.add(asBytes(entry.bytes), entry.signature, signatures);
            REQUIRE(registry.head() == college.registry.head());
            REQUIRE(registry.allowedSigners() == signers);
            auto const judgements = judgeDocument(rows, registry, college.below());
            REQUIRE(judgements.size() == expected.size());
            for (auto const& [id, judgement] : expected) REQUIRE(judgements.at(id) == judgement);
        }
    }
    CHECK(reachedInAll.size() >= 4);  // all but Invalid, which no honest device makes
}
