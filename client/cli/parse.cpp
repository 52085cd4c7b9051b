// Words → a command and its arguments. The command's name is found first, then one flat parser with the options of that
// command and the global ones reads the rest, so that global options may stand anywhere. CLI11 stays inside this file.
#include "cli/command.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace spiral::cli {

namespace {

constexpr std::size_t kNearDistanceMax = 3;

/// Number of letters to put in, take out, change or swap to make b from a.
std::size_t editDistance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] =
                std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

Error usage(std::string_view reason, std::string detail) {
    return makeError(ErrorCode::Usage, reason, std::move(detail));
}

std::string withNear(std::string_view word, std::vector<std::string> const& candidates) {
    std::string const near = nearest(word, candidates);
    return std::string(word) + (near.empty() ? "" : "\n" + near);
}

/// Words kept for parts that are still to come: not mistyped, only not there yet.
bool isLater(std::string_view word) {
    static constexpr std::string_view later[] = {"appeal",    "bundle", "chain",  "disclosure", "expert", "incident",
                                                 "indicator", "publish", "review", "rules",      "survey", "witness",
                                                 "withdraw"};
    return std::find(std::begin(later), std::end(later), word) != std::end(later);
}

Option const* optionNamed(std::vector<Option> const& options, std::string_view word) {
    for (auto const& option : options) {
        if (word == option.name || (!option.letter.empty() && word == option.letter)) return &option;
    }
    return nullptr;
}

/// Takes the command's name off the words. The words of a name stand together; only global options may stand before
/// them.
struct Named {
    Command const* command = nullptr;
    std::string groupWord;  ///< a first word that needs a second one, when that is missing
    std::vector<std::string> rest;
};

Result<Named> takeName(std::vector<std::string> const& words) {
    Named named;
    std::vector<std::string> name;
    std::size_t at = 0;
    for (; at < words.size(); ++at) {
        auto const& word = words[at];
        if (word.starts_with("-") && word != "-") {
            if (!name.empty()) break;
            named.rest.push_back(word);
            auto const* option = optionNamed(globalOptions(), word);
            if (option && !option->value.empty() && at + 1 < words.size()) named.rest.push_back(words[++at]);
            continue;
        }
        name.push_back(word);
        std::string const one = name[0], both = name.size() > 1 ? name[0] + " " + name[1] : one;
        if (name.size() == 1) {
            if (auto const* command = findCommand(one)) {
                named.command = command;
                ++at;
                break;
            }
            bool isGroup = false;
            std::vector<std::string> all;
            for (auto const& group : commandGroups()) {
                for (auto const& command : group.commands) {
                    all.emplace_back(command.name.substr(0, command.name.find(' ')));
                    isGroup = isGroup || command.name.starts_with(one + " ");
                }
            }
            if (isLater(one)) return usage("usage.later-command", one);
            if (!isGroup) return usage("usage.unknown-command", withNear(one, all));
        } else {
            named.command = findCommand(both);
            if (!named.command) {
                std::vector<std::string> all;
                for (auto const& group : commandGroups()) {
                    for (auto const& command : group.commands) {
                        if (command.name.starts_with(one + " ")) all.emplace_back(command.name.substr(one.size() + 1));
                    }
                }
                std::string const near = nearest(name[1], all);
                return usage("usage.unknown-command", both + (near.empty() ? "" : "\n" + one + " " + near));
            }
            ++at;
            break;
        }
    }
    if (!named.command && !name.empty()) named.groupWord = name[0];
    for (; at < words.size(); ++at) named.rest.push_back(words[at]);
    return named;
}

}  // namespace

std::string nearest(std::string_view word, std::vector<std::string> const& candidates) {
    std::string best;
    std::size_t least = std::min(kNearDistanceMax, word.size() / 2 + 1);
    for (auto const& candidate : candidates) {
        // A beginning counts as near, however much is missing.
        std::size_t const distance =
            word.size() >= 2 && candidate.starts_with(word) ? 1 : editDistance(word, candidate);
        if (distance < least || (distance == least && best.empty())) {
            least = distance;
            best = candidate;
        }
    }
    return best;
}

std::optional<std::string> Arguments::value(std::string_view option) const {
    auto const found = m_options.find(option);
    if (found == m_options.end() || found->second.empty()) return std::nullopt;
    return found->second.back();
}

std::vector<std::string> Arguments::values(std::string_view option) const {
    auto const found = m_options.find(option);
    return found == m_options.end() ? std::vector<std::string>() : found->second;
}

Result<Parsed> parse(std::vector<std::string> const& words) {
    auto named = takeName(words);
    if (!named) return named.error();
    std::vector<Option> options = globalOptions();
    if (named->command) options.insert(options.end(), named->command->options.begin(), named->command->options.end());

    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    std::vector<std::string> positionals;
    app.add_option("positionals", positionals);
    std::vector<std::pair<Option const*, CLI::Option*>> made;
    for (auto const& option : options) {
        std::string const names =
            (option.letter.empty() ? "" : std::string(option.letter) + ",") + std::string(option.name);
        if (option.value.empty()) {
            made.emplace_back(&option, app.add_flag(names));
        } else {
            // One value each time, so that a following positional is left alone.
            made.emplace_back(&option, app.add_option(names)->expected(1)->allow_extra_args(false)->take_all());
        }
    }
    try {
        app.parse(std::vector<std::string>(named->rest.rbegin(), named->rest.rend()));
    } catch (CLI::ArgumentMismatch const&) {
        return usage("usage.value", named->rest.back());
    } catch (CLI::ParseError const& error) {
        return usage("usage.form", error.what());
    }

    Parsed parsed;
    parsed.command = named->command;
    for (auto const& [option, result] : made) {
        for (auto const& value : result->results()) parsed.arguments.addOption(option->name, value);
    }
    for (auto& positional : positionals) parsed.arguments.addPositional(std::move(positional));
    parsed.help = parsed.arguments.has("--help");

    for (auto const& left : app.remaining()) {
        if (left == "--") continue;  // it only said that no option follows
        if (!left.starts_with("-")) return usage("usage.extra", left);
        std::vector<std::string> all;
        for (auto const& option : options) all.emplace_back(option.name);
        return usage("usage.unknown-option", withNear(left.substr(0, left.find('=')), all));
    }
    if (!named->groupWord.empty() && !parsed.help) return usage("usage.group", named->groupWord);
    if (!parsed.command || parsed.help) {
        if (!named->groupWord.empty()) parsed.arguments.addPositional(named->groupWord);
        return parsed;
    }

    auto const& command = *parsed.command;
    std::size_t least = 0;
    for (auto const& positional : command.positionals) least += positional.required;
    if (parsed.arguments.count() < least) {
        return usage("usage.missing",
                     std::string(command.positionals[parsed.arguments.count()].name) + "\n" + usageLine(command));
    }
    bool const many = !command.positionals.empty() && command.positionals.back().many;
    if (!many && parsed.arguments.count() > command.positionals.size()) {
        return usage("usage.extra", parsed.arguments[command.positionals.size()] + "\n" + usageLine(command));
    }
    for (auto const& option : command.options) {
        auto const given = parsed.arguments.values(option.name).size();
        if (option.required && given == 0) {
            return usage("usage.missing", std::string(option.name) + "\n" + usageLine(command));
        }
        if (!option.many && !option.value.empty() && given > 1)
            return usage("usage.repeated", std::string(option.name));
    }
    return parsed;
}

}  // namespace spiral::cli
