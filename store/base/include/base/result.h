// Result<T>: the return type of operations whose failure is an ordinary outcome.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace spiral {

/// What kind of failure it is; callers branch on this, people never see it. The `reason` beside it is finer.
enum class ErrorCode {
    Malformed,     ///< bytes that are not of the form
    TooLarge,      ///< a named limit was passed
    Unsupported,   ///< well formed, but of a kind, version or algorithm that is not accepted here
    BadSignature,  ///< a signature does not verify
    BadHash,       ///< bytes do not hash to the name they came under
    NotFound,
    Exists,
    Refused,       ///< authority or workflow says no
    Waiting,       ///< cannot be decided before something named arrives
    WrongState,    ///< the operation does not fit the state of the object
    Usage,         ///< the caller's words are wrong
    Locked,        ///< a key is locked, or the passphrase is wrong
    Busy,          ///< another process holds the resource
    Environment,   ///< disk, memory, network
    Damaged,       ///< stored data is not what was stored
};

/// The lower-case, hyphenated name of a code, stable for scripts ("bad-signature").
[[nodiscard]] std::string_view nameOf(ErrorCode code) noexcept;

/// A failure. `reason` is a stable slug ("json.trailing-bytes", "authority.no-grant") that scripts and translations
/// rely on; `detail` is one English sentence for the log, with ids and sizes but never contents or keys.
struct Error {
    ErrorCode code = ErrorCode::Malformed;
    std::string reason;
    std::string detail;

    friend bool operator==(Error const&, Error const&) = default;
};

/// Either a value or an Error. Spelled like std::expected, so that it can become an alias of it.
template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return m_state.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// REQUIRES: has_value(). Stops the program otherwise, in release builds too.
    [[nodiscard]] T& value() & { return checked(); }
    [[nodiscard]] T const& value() const& { return const_cast<Result*>(this)->checked(); }
    [[nodiscard]] T&& value() && { return std::move(checked()); }
    T& operator*() & { return checked(); }
    T const& operator*() const& { return value(); }
    T&& operator*() && { return std::move(checked()); }
    T* operator->() { return &checked(); }
    T const* operator->() const { return &value(); }

    /// REQUIRES: !has_value().
    [[nodiscard]] Error const& error() const& {
        if (has_value()) std::abort();
        return std::get<1>(m_state);
    }
    [[nodiscard]] Error&& error() && {
        if (has_value()) std::abort();
        return std::move(std::get<1>(m_state));
    }

private:
    T& checked() {
        if (!has_value()) std::abort();
        return std::get<0>(m_state);
    }
    std::variant<T, Error> m_state;
};

template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    Result(Error error) : m_error(std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return !m_error; }
    explicit operator bool() const noexcept { return has_value(); }
    [[nodiscard]] Error const& error() const& {
        if (!m_error) std::abort();
        return *m_error;
    }
    [[nodiscard]] Error&& error() && {
        if (!m_error) std::abort();
        return std::move(*m_error);
    }

private:
    std::optional<Error> m_error;
};

[[nodiscard]] inline Error makeError(ErrorCode code, std::string_view reason, std::string detail = {}) {
    return Error{code, std::string(reason), std::move(detail)};
}

/// Our own bug, never input: stops the program in every build when `condition` does not hold, naming it on stderr.
void ensure(bool condition, char const* what) noexcept;

}  // namespace spiral
