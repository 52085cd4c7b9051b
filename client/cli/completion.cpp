// Completion for bash and zsh, made from the command table. Both shells share one set of functions of plain sh.
#include "cli/command.h"

#include <map>
#include <set>

namespace spiral::cli {

namespace {

/// A text that stands between single quotes in a shell.
std::string quoted(std::string_view text) {
    std::string result = "'";
    for (char const c : text) {
        if (c == '\'')
            result += "'\\''";
        else
            result.push_back(c);
    }
    return result + "'";
}

std::vector<Command const*> allCommands() {
    std::vector<Command const*> all;
    for (auto const& group : commandGroups()) {
        for (auto const& command : group.commands) all.push_back(&command);
    }
    return all;
}

/// The shell code that both shells share: what may follow the words typed so far. The table becomes one case a command.
std::string tableAsShell() {
    std::set<std::string> firsts;
    std::map<std::string, std::string> seconds;
    for (auto const* command : allCommands()) {
        auto const space = command->name.find(' ');
        std::string const first(command->name.substr(0, space));
        firsts.insert(first);
        if (space != std::string_view::npos)
            seconds[first] += (seconds[first].empty() ? "" : " ") + std::string(command->name.substr(space + 1));
    }
    std::string out = "_spiral_firsts=" + quoted([&] {
                          std::string all;
                          for (auto const& first : firsts) all += (all.empty() ? "" : " ") + first;
                          return all;
                      }()) +
                      "\n";
    out += "_spiral_seconds() {\n    case $1 in\n";
    for (auto const& [first, words] : seconds) out += "    " + first + ") echo " + quoted(words) + " ;;\n";
    out += "    esac\n}\n";
    auto const globals = [&] {
        std::string all;
        for (auto const& option : globalOptions()) all += " " + std::string(option.name);
        return all;
    }();
    out += "_spiral_options() {\n    case $1 in\n";
    for (auto const* command : allCommands()) {
        std::string words;
        for (auto const& option : command->options) words += (words.empty() ? "" : " ") + std::string(option.name);
        out += "    " + quoted(command->name) + ") echo " + quoted(words + globals) + " ;;\n";
    }
    out += "    *) echo " + quoted(globals.substr(1)) + " ;;\n    esac\n}\n";
    // What may stand behind an option, or at a place of the command: "file", "folder" or "words …".
    auto const kind = [](Completes completes, std::string_view words) -> std::string {
        switch (completes) {
            case Completes::File: return "file";
            case Completes::Folder: return "folder";
            case Completes::Words: return "words " + std::string(words);
            case Completes::Nothing: break;
        }
        return "nothing";
    };
    out += "_spiral_value() {\n    case \"$1 $2\" in\n";
    for (auto const* command : allCommands()) {
        for (auto const& option : command->options) {
            if (option.value.empty()) continue;
            std::string pattern = quoted(std::string(command->name) + " " + std::string(option.name));
            if (!option.letter.empty())
                pattern += "|" + quoted(std::string(command->name) + " " + std::string(option.letter));
            out += "    " + pattern + ") echo " + quoted(kind(option.completes, option.words)) + " ;;\n";
        }
        std::size_t place = 0;
        for (auto const& positional : command->positionals) {
            out += "    " + quoted(std::string(command->name) + " " + std::to_string(place++)) + ") echo " +
                   quoted(kind(positional.completes, positional.words)) + " ;;\n";
        }
    }
    for (auto const& option : globalOptions()) {
        if (!option.value.empty())
            out += "    *' " + std::string(option.name) + "') echo " + quoted(kind(option.completes, option.words)) +
                   " ;;\n";
    }
    out += "    esac\n}\n";
    // Walks over the words before the cursor; sets command, place, and the option that waits for its value.
    out += R"shell(_spiral_walk() {
    _spiral_command=''; _spiral_place=0; _spiral_waits=''
    local word
    for word in "$@"; do
        if [ -n "$_spiral_waits" ]; then _spiral_waits=''; continue; fi
        case $word in
        -*)
            if [ -n "$(_spiral_value "$_spiral_command" "${word%%=*}")" ]; then
                case $word in *=*) ;; *) _spiral_waits=$word ;; esac
            fi ;;
        *)
            case $_spiral_command in
            '') _spiral_command=$word ;;
            *)
                if [ "$_spiral_place" -eq 0 ] && [ -n "$(_spiral_seconds "$_spiral_command")" ]; then
                    _spiral_command="$_spiral_command $word"
                else
                    _spiral_place=$((_spiral_place + 1))
                fi ;;
            esac ;;
        esac
    done
}
_spiral_offer() {
    case $1 in -*) echo "words $(_spiral_options "$_spiral_command")"; return ;; esac
    if [ -n "$_spiral_waits" ]; then _spiral_value "$_spiral_command" "$_spiral_waits"; return; fi
    if [ -z "$_spiral_command" ]; then echo "words $_spiral_firsts"; return; fi
    local seconds
    seconds=$(_spiral_seconds "$_spiral_command")
    if [ -n "$seconds" ]; then echo "words $seconds"; return; fi
    _spiral_value "$_spiral_command" "$_spiral_place"
}
)shell";
    return out;
}

}  // namespace

std::string bashCompletion() {
    return "# bash completion for spiral. Use:  source <(spiral completion bash)\n" + tableAsShell() +
           R"shell(_spiral() {
    local current=${COMP_WORDS[COMP_CWORD]} offer
    COMPREPLY=()
    _spiral_walk "${COMP_WORDS[@]:1:COMP_CWORD-1}"
    offer=$(_spiral_offer "$current")
    case $offer in
    'words '*) mapfile -t COMPREPLY < <(compgen -W "${offer#words }" -- "$current") ;;
    folder) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    file) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    esac
}
complete -o filenames -F _spiral spiral
)shell";
}

std::string zshCompletion() {
    return "#compdef spiral\n# zsh completion for spiral. Use:  source <(spiral completion zsh)\n" + tableAsShell() +
           R"shell(_spiral() {
    local offer
    _spiral_walk "${(@)words[2,CURRENT-1]}"
    offer=$(_spiral_offer "${words[CURRENT]}")
    case $offer in
    'words '*) compadd -- ${=offer#words } ;;
    folder) _files -/ ;;
    file) _files ;;
    esac
}
if (( $+functions[compdef] )); then compdef _spiral spiral; fi
)shell";
}

}  // namespace spiral::cli
