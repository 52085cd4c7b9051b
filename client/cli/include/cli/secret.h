// A passphrase on its way from a person to the key: wiped when it goes out of scope, never copied, never printed.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace spiral::cli {

class Secret {
public:
    Secret() = default;
    /// Takes the text over and wipes where it came from.
    explicit Secret(std::string&& text) : m_text(std::move(text)) { wipe(text); }
    Secret(Secret&& other) noexcept : m_text(std::move(other.m_text)) { wipe(other.m_text); }
    Secret& operator=(Secret&& other) noexcept {
        wipe(m_text);
        m_text = std::move(other.m_text);
        wipe(other.m_text);
        return *this;
    }
    ~Secret() { wipe(m_text); }
    [[nodiscard]] std::string_view view() const noexcept { return m_text; }

    static void wipe(std::string& text) noexcept {
        // Short texts live inside the object and are not gone when it was moved from.
        explicit_bzero(text.data(), text.capacity());
        text.clear();
    }

private:
    std::string m_text;
};

}  // namespace spiral::cli
