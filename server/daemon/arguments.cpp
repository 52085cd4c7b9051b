#include "arguments.h"

#include <algorithm>

namespace spiral::server {

namespace {

Error usage(std::string_view what, std::string_view word) {
    return makeError(ErrorCode::Usage, "usage.spirald", std::string(what) + " " + std::string(word));
}

/// The options that bring a value. `--lang` was read before.
constexpr std::string_view kWithValue[] = {"--data", "--listen",          "--web", "--finish", "--output",
                                           "-o",     "--passphrase-file", "--lang"};

bool bringsValue(std::string_view option) {
    return std::find(std::begin(kWithValue), std::end(kWithValue), option) != std::end(kWithValue);
}

Result<void> take(Arguments& arguments, std::string_view option, std::string const& value) {
    if (option == "--data") arguments.data = value;
    if (option == "--passphrase-file") arguments.passphraseFile = value;
    if (option == "--output" || option == "-o") arguments.output = value;
    if (option == "--finish") {
        arguments.verb = Arguments::Verb::Finish;
        arguments.welcome = value;
    }
    if (option == "--lang" && value != "zh" && value != "en") return usage("zh|en:", value);
    if (option == "--web" && value == "none") {
        arguments.noWeb = true;
    } else if (option == "--listen" || option == "--web") {
        auto address = addressFrom(value);
        if (!address) return usage("HOST:PORT:", value);
        (option == "--web" ? arguments.web : arguments.listen) = std::move(*address);
    }
    return {};
}

/// What belongs together.
Result<void> check(Arguments const& arguments, std::vector<std::string> const& positionals) {
    using Verb = Arguments::Verb;
    if (arguments.verb == Verb::Help || arguments.verb == Verb::Version) return {};
    if (arguments.data.empty()) return usage("?", "--data DIR");
    bool const init = arguments.verb == Verb::Init;
    std::size_t const wanted = init ? 2 : 0;  // the word `init` itself, and the invitation
    if (positionals.size() > wanted) return usage("?", positionals[wanted]);
    if (init && positionals.size() < 2) return usage("?", "INVITATION");
    if (init && arguments.output.empty()) return usage("?", "-o REQUEST");
    if (!init && !arguments.output.empty()) return usage("?", "-o");
    bool const serves = arguments.verb == Verb::Serve;
    if (!serves && (arguments.listen || arguments.web || arguments.noWeb)) return usage("?", "--listen, --web");
    if (serves && arguments.json) return usage("?", "--json");
    return {};
}

}  // namespace

Result<Arguments> parse(std::vector<std::string> const& words) {
    Arguments arguments;
    std::vector<std::string> positionals;
    for (std::size_t at = 0; at < words.size(); ++at) {
        std::string const& word = words[at];
        if (!word.starts_with("-")) {
            positionals.push_back(word);
            continue;
        }
        auto const sign = word.starts_with("--") ? word.find('=') : std::string::npos;
        std::string const option = word.substr(0, sign);
        if (bringsValue(option)) {
            if (sign == std::string::npos && at + 1 == words.size()) return usage("?", option);
            auto const& value = sign == std::string::npos ? words[++at] : word.substr(sign + 1);
            if (value.empty()) return usage("?", option);
            if (auto taken = take(arguments, option, value); !taken) return taken.error();
        } else if (word == "--help" || word == "-h") {
            arguments.verb = Arguments::Verb::Help;
            return arguments;
        } else if (word == "--version" || word == "-V") {
            arguments.verb = Arguments::Verb::Version;
            return arguments;
        } else if (word == "--json") {
            arguments.json = true;
        } else {
            return usage("?", word);
        }
    }
    if (!positionals.empty() && positionals.front() == "init") {
        if (arguments.verb == Arguments::Verb::Finish) return usage("?", "--finish");
        arguments.verb = Arguments::Verb::Init;
        if (positionals.size() > 1) arguments.invitation = positionals[1];
    }
    if (auto good = check(arguments, positionals); !good) return good.error();
    return arguments;
}

cli::Language languageFrom(std::vector<std::string> const& words,
                           std::function<std::optional<std::string>(char const*)> const& variable) {
    std::string told;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--lang" && i + 1 < words.size()) told = words[i + 1];
        if (words[i].starts_with("--lang=")) told = words[i].substr(7);
    }
    for (char const* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        if (told.empty()) told = variable(name).value_or("");
    }
    return told.starts_with("en") ? cli::Language::English : cli::Language::Chinese;
}

}  // namespace spiral::server
