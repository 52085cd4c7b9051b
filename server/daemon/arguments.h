// The words of spirald. Private to server/daemon.
#pragma once

#include "base/result.h"
#include "cli/language.h"
#include "daemon/settings.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::server {

struct Arguments {
    enum class Verb { Serve, Init, Finish, Help, Version } verb = Verb::Serve;
    bool json = false;
    std::string data, invitation, output, welcome;
    std::optional<Address> listen, web;
    bool noWeb = false;
    std::optional<std::string> passphraseFile;
};

/// Usage ("usage.spirald"), naming the word that is wrong or missing.
[[nodiscard]] Result<Arguments> parse(std::vector<std::string> const& words);

/// --lang anywhere, else what the locale says; Chinese where nobody says anything.
[[nodiscard]] cli::Language languageFrom(std::vector<std::string> const& words,
                                         std::function<std::optional<std::string>(char const*)> const& variable);

[[nodiscard]] std::string helpText(cli::Language language);

}  // namespace spiral::server
