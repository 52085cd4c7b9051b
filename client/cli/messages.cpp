#include "cli/messages.h"

#include "message_tables.h"

#include <algorithm>

namespace spiral::cli {

namespace {

constexpr std::size_t kShortDigits = 8;

/// When nobody wrote a row for a reason: what kind of failure it is.
Text generalText(ErrorCode code) {
    switch (code) {
        case ErrorCode::Malformed: return {"内容不合格式", "Not of the form"};
        case ErrorCode::TooLarge: return {"太大", "Too large"};
        case ErrorCode::Unsupported: return {"本版本不支持", "Not supported by this version"};
        case ErrorCode::BadSignature: return {"签名不对", "The signature is wrong"};
        case ErrorCode::BadHash: return {"内容与编号不符", "The bytes are not those of the id"};
        case ErrorCode::NotFound: return {"没有找到", "Not found"};
        case ErrorCode::Exists: return {"已经存在", "It is there already"};
        case ErrorCode::Refused: return {"不允许", "Refused"};
        case ErrorCode::Waiting: return {"还缺东西，暂不能定", "Cannot be decided yet: something is missing"};
        case ErrorCode::WrongState: return {"现在的状态不行", "Not possible in this state"};
        case ErrorCode::Usage: return {"用法不对", "Wrong usage"};
        case ErrorCode::Locked: return {"密钥锁着", "The key is locked"};
        case ErrorCode::Busy: return {"正被占用", "In use"};
        case ErrorCode::Environment: return {"环境出错", "The environment failed"};
        case ErrorCode::Damaged: return {"数据已损坏", "Stored data is damaged"};
    }
    return {"出错", "Failed"};
}

/// Authority's reasons are those of rows, with this in front.
constexpr std::string_view kAuthority = "authority.";

/// `3f2a1b2c` of a document's id, `unit/jwc:3f2a1b2c` of its whole name: what people type again.
std::string shortened(std::string const& name) {
    auto const colon = name.rfind(':');
    return name.substr(0, (colon == std::string::npos ? 0 : colon + 1) + kShortDigits);
}

bool isSlug(std::string_view text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos;
}

}  // namespace

std::span<Message const> messages(Language language) {
    if (language == Language::Chinese) return {kChineseMessages, kChineseMessagesCount};
    return {kEnglishMessages, kEnglishMessagesCount};
}

Message const* findMessage(std::string_view reason, Language language) {
    auto const all = messages(language);
    auto const named = [&](std::string_view name) -> Message const* {
        auto const found =
            std::lower_bound(all.begin(), all.end(), name,
                             [](Message const& row, std::string_view wanted) { return row.reason < wanted; });
        return found != all.end() && found->reason == name ? &*found : nullptr;
    };
    if (auto const* row = named(reason)) return row;
    auto const point = reason.find('.');
    return point == std::string_view::npos ? nullptr : named(reason.substr(0, point + 1));
}

Said say(Error const& error, Language language, std::string_view where) {
    auto const* row = findMessage(error.reason, language);
    // The detail of usage errors may name, behind a line feed, what is near.
    auto const line = error.detail.find('\n');
    std::string const detail = error.detail.substr(0, line);
    std::string near = line == std::string::npos ? "" : error.detail.substr(line + 1);
    if (near.empty())
        near = "spiral help";
    else if (error.reason == "usage.unknown-command")
        near = std::string(Text{"是不是 spiral ", "Did you mean spiral "}.in(language)) + near + "?";
    else if (error.reason == "usage.unknown-option")
        near = std::string(Text{"是不是 ", "Did you mean "}.in(language)) + near + "?";
    if (!row) {
        std::string text(generalText(error.code).in(language));
        text += " (" + error.reason + (detail.empty() ? "" : ": " + detail) + ")";
        return {std::move(text), "spiral help"};
    }
    // "open NAME: No such file or directory.": people need the name.
    std::string file = detail.substr(std::min(detail.size(), detail.find(' ') + 1));
    file.resize(std::min(file.size(), file.rfind(": ")));
    // "it is open; possible: submit, extend" and "there is submit, extend": the list is what helps.
    std::string tail = detail;
    for (std::string_view const before : {"possible: ", "there is "}) {
        if (auto const at = detail.find(before); at != std::string::npos) tail = detail.substr(at + before.size());
    }
    std::string words =
        sayReason(error.reason.starts_with(kAuthority) ? std::string_view(error.reason).substr(kAuthority.size())
                                                       : std::string_view(error.reason),
                  language);
    auto const fill = [&](std::string_view text) {
        return filled(
            text, {{"detail", isSlug(detail) && findMessage(detail, language) ? sayReason(detail, language) : detail},
                   {"reason", error.reason},
                   {"short", shortened(detail)},
                   {"near", near},
                   {"file", file},
                   {"where", std::string(where)},
                   {"tail", tail},
                   {"words", words}});
    };
    return {fill(row->text), fill(row->next)};
}

std::string sayReason(std::string_view reason, Language language) {
    auto const* row = findMessage(reason, language);
    if (!row) return std::string(reason);
    return filled(row->text, {{"detail", ""}, {"reason", std::string(reason)}, {"words", std::string(reason)}});
}

int exitStatus(Error const& error) {
    auto const about = [&](std::string_view prefix) { return error.reason.starts_with(prefix); };
    // A sound refusal of what a file holds is a verdict, whatever stands behind it; a failing store is not.
    if (about("exchange.") || about("backup.")) {
        if (error.code == ErrorCode::Waiting) return status::kUndecided;
        return error.code == ErrorCode::Environment ? status::kEnvironment : status::kRefused;
    }
    if (about("store.")) return status::kEnvironment;
    if (error.reason == "device.not-enrolled" || error.reason == "replica.not-enrolled") return status::kUndecided;
    switch (error.code) {
        case ErrorCode::Usage: return status::kUsage;
        case ErrorCode::NotFound:
        case ErrorCode::Waiting: return status::kUndecided;
        case ErrorCode::Busy:
        case ErrorCode::Environment:
        case ErrorCode::Damaged: return status::kEnvironment;
        case ErrorCode::Malformed:
        case ErrorCode::TooLarge:
        case ErrorCode::Unsupported:
        case ErrorCode::BadSignature:
        case ErrorCode::BadHash:
        case ErrorCode::Exists:
        case ErrorCode::Refused:
        case ErrorCode::WrongState:
        case ErrorCode::Locked: break;
    }
    return status::kRefused;
}

}  // namespace spiral::cli
