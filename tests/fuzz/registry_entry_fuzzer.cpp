// The next entry of a small registry, hostile: taken, left to wait, or refused with a reason and without a trace. The
// bytes are tried as an entry, and as an act inside an entry whose frame of keeper, role and predecessor is right;
// signatures are left out of it, since no fuzzer finds one.
#include "base/random.h"
#include "base/sha256.h"
#include "trust/registry.h"

#include <cstdlib>
#include <utility>

namespace {

using namespace spiral;
using namespace spiral::trust;

/// A founder who also holds a grant that she may pass on, and knows a unit.
struct SmallCollege {
    SeededRandom random{1};
    std::string const domain = "qa.example.edu.cn";
    SecretKey key = makeKey();
    PersonId const founder = PersonId::parse(random.token<Nonce>().hex()).value();
    PersonId const other = PersonId::parse(random.token<Nonce>().hex()).value();
    Registry registry;

    SmallCollege() {
        add("root",
            foundingAct("示例职业学院", domain, founder, key.publicKey(), firstPolicy(), random.token<Nonce>()));
        add("grant", act("grant", {{"person", founder.text()},
                                   {"role", "head"},
                                   {"scope", "college"},
                                   {"from", "2026-03-01T00:00:00.000Z"},
                                   {"delegable", true}}));
        add("unit", act("unit", {{"unit", "jwc"}, {"name", "教务处"}, {"campus", "main"}}));
    }
    SecretKey makeKey() {
        std::array<std::uint8_t, SecretKey::kSeedBytes> seed{};
        random.fill(seed);
        return SecretKey::fromSeed(seed);
    }
    std::string act(std::string_view name, json::Object members) {
        return makeAct(name, registry.school(), registry.head(), std::move(members), random.token<Nonce>());
    }
    /// The record around an act. Its agreements bear no good signature, see above.
    [[nodiscard]] std::string entry(std::string_view name, std::string const& act) const {
        Record record;
        if (!registry.empty()) {
            record.school = registry.school();
            record.reg = registry.head();
        }
        record.scope = Scope::registry();
        record.kind = std::string(name) + ".v1";
        record.by = {founder, deviceIdOf(key.publicKey())};
        record.role = Role{"keeper", Scope::registry()};
        record.body = bodyOf({act, {{founder, record.by.device, Signature{}}}});
        return encode(record);
    }
    void add(std::string_view name, std::string const& act) {
        std::string const bytes = entry(name, act);
        auto const outcome = registry.add(asBytes(bytes), Signature{}, Registry::Signatures::CheckedBefore);
        if (outcome.added != Registry::Added::Appended) std::abort();
    }
};

void offer(Registry const& before, ByteView bytes, Registry::Signatures signatures) {
    Registry registry = before;
    auto const outcome = registry.add(bytes, Signature{}, signatures);
    bool const isTaken = outcome.added == Registry::Added::Appended || outcome.added == Registry::Added::Branched;
    if (signatures == Registry::Signatures::Check && isTaken) std::abort();
    if (isTaken) {
        // It is found again, and the same bytes are not taken twice.
        if (registry.add(bytes, Signature{}, signatures).added != Registry::Added::Known) std::abort();
        if (outcome.added == Registry::Added::Appended && registry.head().seq != before.head().seq + 1) std::abort();
        static_cast<void>(registry.devices());
        return;
    }
    bool const needsReason = outcome.added == Registry::Added::Invalid || outcome.added == Registry::Added::Waiting;
    if (needsReason && outcome.reason.empty()) std::abort();
    static std::string const signers = before.allowedSigners();
    if (registry.head() != before.head() || registry.forked() || registry.units().size() != before.units().size() ||
        registry.persons() != before.persons() || registry.allowedSigners() != signers)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static SmallCollege const college;
    ByteView const bytes(data, size);
    offer(college.registry, bytes, Registry::Signatures::Check);
    offer(college.registry, bytes, Registry::Signatures::CheckedBefore);

    // As an act: under the kind that it names, when it names one.
    if (!isUtf8(bytes) || size > 60'000) return 0;
    std::string name = "grant";
    if (auto const act = json::parse(bytes); act && act->asObject() != nullptr) {
        std::string const* const named = json::stringAt(*act->asObject(), "act");
        if (named != nullptr && isVersionedName(*named + ".v1")) name = *named;
    }
    std::string const entry = college.entry(name, toText(bytes));
    offer(college.registry, asBytes(entry), Registry::Signatures::CheckedBefore);
    return 0;
}
