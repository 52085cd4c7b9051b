#include "base/ids.h"

#include "base/result.h"

#include <algorithm>

namespace spiral {
namespace {

constexpr std::size_t kPersonDigits = 32;
constexpr std::size_t kDeviceDigits = 2 * DeviceId::size;
constexpr std::size_t kNameTokenMax = 32;
constexpr std::size_t kVersionedNameMax = 64;

// Own tests, because those of <cctype> depend on the locale.
constexpr bool isDigit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool isLower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool isHexDigit(char c) noexcept { return isDigit(c) || (c >= 'a' && c <= 'f'); }
constexpr bool isNameCharacter(char c) noexcept { return isLower(c) || isDigit(c) || c == '-'; }

}  // namespace

std::optional<PersonId> PersonId::parse(std::string_view text) {
    if (text.size() != kPersonDigits && text.size() != kDeviceDigits) return std::nullopt;
    if (!std::all_of(text.begin(), text.end(), isHexDigit)) return std::nullopt;
    return PersonId(std::string(text));
}

PersonId PersonId::fromDevice(DeviceId const& device) { return PersonId(device.hex()); }

std::optional<Scope> Scope::parse(std::string_view text) {
    if (text == "college" || text == "registry") return Scope(std::string(text));
    std::size_t const slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    std::string_view const family = text.substr(0, slash);
    if (family != "unit" && family != "review") return std::nullopt;
    if (!isNameToken(text.substr(slash + 1))) return std::nullopt;
    return Scope(std::string(text));
}

Scope Scope::college() { return Scope("college"); }
Scope Scope::registry() { return Scope("registry"); }

Scope Scope::unit(std::string_view id) {
    ensure(isNameToken(id), "Scope::unit: the id is not [a-z0-9-]{1,32}");
    return Scope("unit/" + std::string(id));
}

std::string_view Scope::name() const noexcept {
    std::size_t const slash = m_text.find('/');
    if (slash == std::string::npos) return {};
    return std::string_view(m_text).substr(slash + 1);
}

bool Scope::covers(Scope const& other) const noexcept {
    // A scope that was never set names nothing, so a grant on it reaches nothing, not even another unset one.
    if (m_text.empty()) return false;
    return *this == other || (isCollege() && other.isUnit());
}

bool isNameToken(std::string_view text) noexcept {
    return !text.empty() && text.size() <= kNameTokenMax && std::all_of(text.begin(), text.end(), isNameCharacter);
}

bool isVersionedName(std::string_view text) noexcept {
    if (text.size() > kVersionedNameMax) return false;
    std::size_t const dot = text.find('.');
    if (dot == std::string_view::npos || dot == 0) return false;
    std::string_view const name = text.substr(0, dot);
    std::string_view const version = text.substr(dot + 1);
    if (!isLower(name[0]) || !std::all_of(name.begin(), name.end(), isNameCharacter)) return false;
    if (version.size() < 2 || version[0] != 'v' || version[1] == '0') return false;
    return std::all_of(version.begin() + 1, version.end(), isDigit);
}

std::string_view nameWithoutVersion(std::string_view text) noexcept {
    ensure(isVersionedName(text), "nameWithoutVersion: not a versioned name");
    return text.substr(0, text.find('.'));
}

}  // namespace spiral
