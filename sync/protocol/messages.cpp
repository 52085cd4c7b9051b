// Messages as bytes. One description of each message serves both directions, so that they cannot drift apart.
//
// cereal's own containers reserve what nine hostile bytes claim, so none of them is used: Reader checks every count
// against its limit and against the bytes that are left before it reserves.
#include "protocol/actions.h"
#include "short_form.h"

#include <cereal/archives/portable_binary.hpp>
#include <zstd.h>

#include <algorithm>
#include <istream>
#include <memory>
#include <new>
#include <ostream>
#include <streambuf>
#include <type_traits>

namespace spiral::protocol {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::uint8_t kLittleEndian = 1;  // what cereal writes first; we know only this
constexpr std::size_t kScopeBytesMax = 64;
constexpr std::size_t kReasonBytesMax = 64;
constexpr std::size_t kTypeBytesMax = 127;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kDayBytes = 10;
constexpr std::size_t kExtensionBytesMax = 1024;
constexpr std::size_t kProposalBytesMax = 64 * 1024;
constexpr std::size_t kUnknownBytesMax = 64 * 1024;
constexpr std::uint8_t kFirstUnknown = 64;  // messages that may be passed over
constexpr std::uint32_t kPiecesWantedMax = 1024;

// As it travels, packed where it pays. Of batches of single frames level 3 makes an eighth fewer bytes than level 1, for
// 2 to 4 µs a frame.
constexpr std::uint8_t kRaw = 0, kZstd = 1, kShortZstd = 2;
constexpr int kZstdLevel = 3;
constexpr std::size_t kWorthPacking = 256;
constexpr std::size_t kSizeBytes = 4;   // of the message, before the zstd frame of its short form

// The least that an element takes, for the check that as many can still follow.
constexpr std::size_t kScopeBytesMin = 6;  // of "unit/a"
constexpr std::size_t kTipBytesMin = 4 + kScopeBytesMin + 32 + 32 + 8;
constexpr std::size_t kFrameBytesMin = 4 + 1 + 64 + 1;
constexpr std::size_t kRunBytesMin = 1 + 4 + 4 + 4;

/// Leaves a half-read value. Thrown and caught in this file only: cereal offers no other way out.
struct MalformedMessage {
    Error error;
};
[[noreturn]] void refuse(std::string_view reason, std::string detail, ErrorCode code = ErrorCode::Malformed) {
    throw MalformedMessage{makeError(code, reason, std::move(detail))};
}

class Sink final : public std::streambuf {
public:
    explicit Sink(Bytes& out) : m_out(out) {}

private:
    std::streamsize xsputn(char const* data, std::streamsize count) override {
        auto const* bytes = reinterpret_cast<std::uint8_t const*>(data);
        m_out.insert(m_out.end(), bytes, bytes + count);
        return count;
    }
    int_type overflow(int_type character) override {
        m_out.push_back(static_cast<std::uint8_t>(character));
        return character;
    }
    Bytes& m_out;
};

class Source final : public std::streambuf {
public:
    explicit Source(ByteView bytes) {
        // The get area is never written to.
        char* const begin = const_cast<char*>(asText(bytes).data());
        setg(begin, begin, begin + bytes.size());
    }
    [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(egptr() - gptr()); }
};

class Writer {
public:
    explicit Writer(Bytes& out)
        : m_sink(out),
          m_stream(&m_sink),
          m_archive(m_stream, cereal::PortableBinaryOutputArchive::Options::LittleEndian()) {}

    template <class Number>
    void number(Number value) {
        m_archive(value);
    }
    template <class Token>
    void raw(Token const& token) {
        m_archive(cereal::binary_data(token.raw.data(), token.raw.size()));
    }
    void bytes(Bytes const& bytes, std::size_t, std::size_t, char const*) { blob(bytes.data(), bytes.size()); }
    void text(std::string const& text, std::size_t, char const*) { blob(text.data(), text.size()); }
    template <class Enum>
    void enumeration(Enum value, Enum, char const*) {
        number(static_cast<std::uint8_t>(value));
    }
    template <class T, class Each>
    void optional(std::optional<T> const& value, Each each) {
        number(static_cast<std::uint8_t>(value.has_value()));
        if (value) each(*value);
    }
    template <class T, class Each>
    void list(std::vector<T> const& items, std::size_t, std::size_t, std::size_t, char const*, Each each) {
        number(static_cast<std::uint32_t>(items.size()));
        for (auto const& item : items) each(item);
    }
    void scope(Scope const& scope) { text(scope.text(), kScopeBytesMax, "scope"); }
    void day(std::optional<Day> const& day) { text(day ? toText(*day) : std::string(), kDayBytes, "day"); }

private:
    void blob(void const* data, std::size_t size) {
        number(static_cast<std::uint32_t>(size));
        m_archive(cereal::binary_data(data, size));
    }
    Sink m_sink;
    std::ostream m_stream;
    cereal::PortableBinaryOutputArchive m_archive;
};

class Reader {
public:
    explicit Reader(ByteView bytes) : m_source(bytes), m_stream(&m_source), m_archive(m_stream) {}

    template <class Number>
    void number(Number& value) {
        m_archive(value);
    }
    template <class Token>
    void raw(Token& token) {
        m_archive(cereal::binary_data(token.raw.data(), token.raw.size()));
    }
    void bytes(Bytes& bytes, std::size_t min, std::size_t max, char const* what) {
        bytes.resize(count(min, max, 1, what));
        m_archive(cereal::binary_data(bytes.data(), bytes.size()));
    }
    void text(std::string& text, std::size_t max, char const* what) {
        text.resize(count(0, max, 1, what));
        m_archive(cereal::binary_data(text.data(), text.size()));
    }
    template <class Enum>
    void enumeration(Enum& value, Enum last, char const* what) {
        std::uint8_t read = 0;
        number(read);
        if (read > static_cast<std::uint8_t>(last)) {
            refuse("message.enum", std::string(what) + " " + std::to_string(read), ErrorCode::Unsupported);
        }
        value = static_cast<Enum>(read);
    }
    template <class T, class Each>
    void optional(std::optional<T>& value, Each each) {
        std::uint8_t there = 0;
        number(there);
        if (there > 1) refuse("message.flag", "a flag that is neither 0 nor 1");
        if (there == 1) each(value.emplace());
    }
    template <class T, class Each>
    void list(std::vector<T>& items, std::size_t min, std::size_t max, std::size_t bytesEach, char const* what,
              Each each) {
        std::size_t const size = count(min, max, bytesEach, what);
        items.reserve(size);
        for (std::size_t i = 0; i < size; ++i) each(items.emplace_back());
    }
    void scope(Scope& scope) {
        std::string read;
        text(read, kScopeBytesMax, "scope");
        auto parsed = Scope::parse(read);
        if (!parsed) refuse("message.scope", "a scope that is not of its form");
        scope = std::move(*parsed);
    }
    void day(std::optional<Day>& day) {
        std::string read;
        text(read, kDayBytes, "day");
        day = parseDay(read);
        if (!day && !read.empty()) refuse("message.day", "a day that is not of its form");
    }
    [[nodiscard]] std::size_t remaining() const { return m_source.remaining(); }

private:
    /// A count from outside, held against its limits and against the bytes that are left.
    std::size_t count(std::size_t min, std::size_t max, std::size_t bytesEach, char const* what) {
        std::uint32_t read = 0;
        number(read);
        if (read < min) refuse("message.empty", std::string(what) + ": none");
        if (read > max) {
            refuse("message.too-large",
                   std::string(what) + ": " + std::to_string(read) + ", at most " + std::to_string(max),
                   ErrorCode::TooLarge);
        }
        if (read > remaining() / bytesEach) refuse("message.truncated", std::string(what) + " goes beyond the message");
        return read;
    }
    Source m_source;
    std::istream m_stream;
    cereal::PortableBinaryInputArchive m_archive;
};

// --- one description for both directions; M is const for the Writer
// ----------------------------------------------------

template <class Channel, class M>
void describeFile(Channel& channel, M& file) {
    channel.raw(file.sha256);
    channel.number(file.size);
    channel.text(file.type, kTypeBytesMax, "type");
    channel.text(file.name, kNameBytesMax, "name");
    channel.day(file.date);
    channel.raw(file.chunks);
}

template <class Channel, class M>
void describeTips(Channel& channel, M& tips, Limits const& limits) {
    channel.list(tips, 0, limits.tipsMax, kTipBytesMin, "tips", [&](auto& tip) {
        channel.scope(tip.scope);
        channel.raw(tip.device);
        channel.raw(tip.frame);
        channel.number(tip.seq);
    });
}

template <class Channel, class M>
void describePoint(Channel& channel, M& point) {
    channel.optional(point, [&](auto& head) {
        channel.number(head.seq);
        channel.raw(head.hash);
    });
}

template <class Channel, class M>
void describeHello(Channel& channel, M& hello, Limits const& limits) {
    channel.number(hello.version);
    if constexpr (std::is_same_v<Channel, Reader>) {
        // What follows in another version is not known.
        if (hello.version > kVersion) {
            refuse("message.newer", "version " + std::to_string(hello.version), ErrorCode::Unsupported);
        }
        if (hello.version < 1) refuse("message.version", "version 0");
    }
    channel.raw(hello.school);
    channel.raw(hello.device);
    describePoint(channel, hello.registryHead);
    describeTips(channel, hello.tips, limits);
}

template <class Channel, class M>
void describeBatch(Channel& channel, M& batch, Limits const& limits) {
    channel.list(batch.frames, 1, limits.batchFramesMax, kFrameBytesMin, "frames", [&](auto& frame) {
        channel.bytes(frame.header, 1, trust::FrameHeader::kBytesMax, "header");
        channel.raw(frame.signature);
        channel.optional(frame.payload, [&](auto& payload) {
            channel.enumeration(payload.codec, trust::Codec::ZstdOnParent, "codec");
            channel.bytes(payload.bytes, 0, limits.payloadBytesMax, "payload");
        });
    });
}

template <class Channel, class M>
void describePieceList(Channel& channel, M& list, Limits const& limits) {
    describeFile(channel, list.file);
    channel.list(list.pieces, 0, limits.piecesMax, Sha256::size, "pieces", [&](auto& piece) { channel.raw(piece); });
}

template <class Channel, class M>
void describePiece(Channel& channel, M& piece, Limits const&) {
    channel.raw(piece.file);
    channel.number(piece.index);
    channel.bytes(piece.bytes, 1, trust::kAttachmentPieceBytes, "piece");
}

template <class Channel, class M>
void describeAnswers(Channel& channel, M& answers, Limits const& limits) {
    channel.list(answers.runs, 1, limits.answersMax, kRunBytesMin, "answers", [&](auto& run) {
        channel.enumeration(run.what, trust::Answer::What::NeedsNewer, "answer");
        channel.number(run.count);
        channel.text(run.reason, kReasonBytesMax, "reason");
        channel.text(run.about, limits.answerTextMax, "about");
    });
}

template <class Channel, class M>
void describeGreeting(Channel& channel, M& greeting) {
    channel.number(greeting.version);
    channel.number(greeting.oldest);
    channel.raw(greeting.school);
    channel.raw(greeting.device);
    channel.optional(greeting.proof, [&](auto& proof) { channel.raw(proof); });
    describePoint(channel, greeting.registryHead);
    channel.bytes(greeting.extension, 0, kExtensionBytesMax, "extension");
}

template <class Channel, class M>
void describeHolding(Channel& channel, M& holding) {
    channel.enumeration(holding.kind, Holding::Kind::Tell, "holding");
    channel.raw(holding.epoch);
    channel.number(holding.position);
    channel.raw(holding.seenEpoch);
    channel.number(holding.seenPosition);
    channel.raw(holding.digest);
}

template <class Channel, class M>
void describeWantPieces(Channel& channel, M& want) {
    channel.scope(want.scope);
    describeFile(channel, want.file);
    channel.list(want.pieces, 0, kPiecesWantedMax, 4, "pieces", [&](auto& piece) { channel.number(piece); });
}

template <class Channel, class M>
void describe(Channel& channel, M& message, Limits const& limits) {
    using Plain = std::remove_const_t<M>;
    if constexpr (std::is_same_v<Plain, Hello>)
        describeHello(channel, message, limits);
    else if constexpr (std::is_same_v<Plain, Batch>)
        describeBatch(channel, message, limits);
    else if constexpr (std::is_same_v<Plain, PieceList>)
        describePieceList(channel, message, limits);
    else if constexpr (std::is_same_v<Plain, Piece>)
        describePiece(channel, message, limits);
    else if constexpr (std::is_same_v<Plain, Answers>)
        describeAnswers(channel, message, limits);
    else if constexpr (std::is_same_v<Plain, Done>)
        channel.number(message.frames);
    else if constexpr (std::is_same_v<Plain, Greeting>)
        describeGreeting(channel, message);
    else if constexpr (std::is_same_v<Plain, Refusal>) {
        channel.text(message.reason, kReasonBytesMax, "reason");
        channel.text(message.about, limits.answerTextMax, "about");
    } else if constexpr (std::is_same_v<Plain, Tips>)
        describeTips(channel, message.tips, limits);
    else if constexpr (std::is_same_v<Plain, Holding>)
        describeHolding(channel, message);
    else if constexpr (std::is_same_v<Plain, WantPieces>)
        describeWantPieces(channel, message);
    else if constexpr (std::is_same_v<Plain, NoPieces>) {
        channel.scope(message.scope);
        channel.raw(message.file);
    } else if constexpr (std::is_same_v<Plain, Propose>)
        channel.bytes(message.proposal, 1, kProposalBytesMax, "proposal");
    else if constexpr (std::is_same_v<Plain, Proposed>) {
        channel.optional(message.entry, [&](auto& entry) { channel.raw(entry); });
        channel.text(message.reason, kReasonBytesMax, "reason");
        channel.text(message.about, limits.answerTextMax, "about");
    }
}

// --- what the form alone does not say
// ------------------------------------------------------------------------------------

void checkTips(std::vector<trust::FeedTip> const& tips) {
    auto const unordered =
        std::adjacent_find(tips.begin(), tips.end(), [](auto const& left, auto const& right) { return !(left < right); });
    if (unordered != tips.end()) refuse("message.order", "tips are not sorted, or not unique");
    for (auto const& tip : tips) {
        if (tip.seq == 0) refuse("message.seq", "a tip of number 0");
    }
}

void checkFile(trust::Attachment const& file) {
    // The rules for names and types stand in one place.
    constexpr std::uint64_t kIntegerMax = (std::uint64_t{1} << 53) - 1;
    bool const wellFormed = file.size <= kIntegerMax && isUtf8(asBytes(file.name)) && isUtf8(asBytes(file.type)) &&
                            trust::attachmentFrom(trust::toJson(file)) == file;
    if (!wellFormed) refuse("message.attachment", "an attachment's description that is not of its form");
}

void checkReason(std::string_view reason, std::string_view about) {
    bool const slug = std::all_of(reason.begin(), reason.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
    if (!slug) refuse("message.reason", "a reason that is not of its form");
    bool const printable = isUtf8(asBytes(about)) && std::none_of(about.begin(), about.end(), [](char c) {
                               return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
                           });
    if (!printable) refuse("message.about", "an answer with control characters");
}

void check(Hello const& hello, Limits const&) { checkTips(hello.tips); }

void check(Batch const& batch, Limits const& limits) {
    if (batch.frames.size() < 2) return;  // one alone may be as large as a frame can be
    std::size_t bytes = 0;
    for (auto const& frame : batch.frames) bytes += bytesOf(frame);
    if (bytes > limits.batchBytesMax) {
        refuse("message.too-large", "a batch of " + std::to_string(bytes) + " bytes", ErrorCode::TooLarge);
    }
}

void check(PieceList const& list, Limits const&) {
    std::uint64_t const pieces =
        list.file.size / trust::kAttachmentPieceBytes + (list.file.size % trust::kAttachmentPieceBytes != 0 ? 1 : 0);
    if (pieces != list.pieces.size()) refuse("message.pieces", "not as many pieces as the size asks for");
    checkFile(list.file);
}

void check(Piece const&, Limits const&) {}

void check(Answers const& answers, Limits const&) {
    for (auto const& run : answers.runs) {
        if (run.count == 0) refuse("message.empty", "an answer to no frame");
        checkReason(run.reason, run.about);
    }
}

void check(Done const&, Limits const&) {}

void check(Greeting const& greeting, Limits const&) {
    if (greeting.oldest < 1 || greeting.oldest > greeting.version) refuse("message.version", "no version between");
}

void check(Refusal const& refusal, Limits const&) { checkReason(refusal.reason, refusal.about); }
void check(Tips const& tips, Limits const&) { checkTips(tips.tips); }
void check(Holding const&, Limits const&) {}

void check(WantPieces const& want, Limits const&) {
    checkFile(want.file);
    auto const unordered =
        std::adjacent_find(want.pieces.begin(), want.pieces.end(), [](auto left, auto right) { return left >= right; });
    if (unordered != want.pieces.end()) refuse("message.order", "pieces are not sorted, or not unique");
}

void check(NoPieces const&, Limits const&) {}
void check(Enough const&, Limits const&) {}
void check(Propose const&, Limits const&) {}
void check(Proposed const& proposed, Limits const&) { checkReason(proposed.reason, proposed.about); }

/// All but the last are known by name, numbered in their order from 1.
constexpr std::size_t kKnownMessages = std::variant_size_v<Message> - 1;

template <std::size_t Index = 0>
Message readBody(std::uint8_t kind, Reader& reader, Limits const& limits) {
    if constexpr (Index < kKnownMessages) {
        if (kind != Index + 1) return readBody<Index + 1>(kind, reader, limits);
        std::variant_alternative_t<Index, Message> message{};
        describe(reader, message, limits);
        check(message, limits);
        return message;
    } else {
        refuse("message.kind", "kind " + std::to_string(kind), ErrorCode::Unsupported);
    }
}

std::size_t roomFor(Message const& message) {
    std::size_t room = 256;
    if (auto const* hello = std::get_if<Hello>(&message)) room += hello->tips.size() * 112;
    if (auto const* tips = std::get_if<Tips>(&message)) room += tips->tips.size() * 112;
    if (auto const* batch = std::get_if<Batch>(&message)) {
        for (auto const& frame : batch->frames) room += bytesOf(frame) + 16;
    }
    if (auto const* list = std::get_if<PieceList>(&message)) room += 512 + list->pieces.size() * Sha256::size;
    if (auto const* piece = std::get_if<Piece>(&message)) room += piece->bytes.size();
    return room;
}

struct FreeContext {
    void operator()(ZSTD_CCtx* made) const noexcept { ZSTD_freeCCtx(made); }
    void operator()(ZSTD_DCtx* made) const noexcept { ZSTD_freeDCtx(made); }
};
/// One a thread: to make a context costs more than to pack a short message with it.
ZSTD_CCtx* packer() {
    thread_local std::unique_ptr<ZSTD_CCtx, FreeContext> const context{ZSTD_createCCtx()};
    if (!context) throw std::bad_alloc();
    return context.get();
}
ZSTD_DCtx* unpacker() {
    thread_local std::unique_ptr<ZSTD_DCtx, FreeContext> const context{ZSTD_createDCtx()};
    if (!context) throw std::bad_alloc();
    return context.get();
}

}  // namespace

std::size_t bytesOf(trust::TravellingFrame const& frame) noexcept {
    return frame.header.size() + trust::Signature::size + (frame.payload ? frame.payload->bytes.size() : 0);
}

std::vector<trust::FeedTip> tipsThatFit(std::vector<trust::FeedTip> tips, Limits const& limits) {
    constexpr std::size_t kAllButTips = 256;
    std::size_t bytes = kAllButTips;
    std::size_t fit = 0;
    for (; fit < tips.size() && fit < limits.tipsMax; ++fit) {
        bytes += 4 + tips[fit].scope.text().size() + 32 + 32 + 8;
        if (bytes > limits.messageBytesMax) break;
    }
    tips.resize(fit);
    return tips;
}

Bytes encode(Message const& message) {
    Bytes out;
    out.reserve(roomFor(message));
    Writer writer(out);
    if (auto const* unknown = std::get_if<Unknown>(&message)) {
        writer.number(unknown->kind);
        return out;
    }
    writer.number(static_cast<std::uint8_t>(message.index() + 1));
    std::visit([&](auto const& body) { describe(writer, body, Limits{}); }, message);
    return out;
}

Result<Message> decode(ByteView bytes, Limits const& limits) {
    if (bytes.size() > limits.messageBytesMax) {
        return makeError(ErrorCode::TooLarge, "message.too-large",
                         "a message of " + std::to_string(bytes.size()) + " bytes");
    }
    if (bytes.empty()) return makeError(ErrorCode::Malformed, "message.truncated", "no bytes");
    if (bytes.front() != kLittleEndian)
        return makeError(ErrorCode::Malformed, "message.endianness", "not little-endian");
    try {
        Reader reader(bytes);
        std::uint8_t kind = 0;
        reader.number(kind);
        if (kind >= kFirstUnknown && bytes.size() <= kUnknownBytesMax) return Message(Unknown{kind});
        Message message = readBody(kind, reader, limits);
        if (reader.remaining() != 0)
            return makeError(ErrorCode::Malformed, "message.trailing", "bytes after the message");
        return message;
    } catch (MalformedMessage& refusal) {
        return std::move(refusal.error);
    } catch (cereal::Exception const&) {
        return makeError(ErrorCode::Malformed, "message.truncated", "the message ends too early");
    }
}

Bytes pack(Message const& message, Form form) {
    Bytes const raw = encode(message);
    if (raw.size() >= kWorthPacking && !std::holds_alternative<Piece>(message)) {
        bool const isShort = form == Form::Short;
        Bytes shortened;
        if (isShort) shortened = shorten(raw);
        ByteView const plain = isShort ? ByteView(shortened) : ByteView(raw);
        std::size_t const head = isShort ? 1 + kSizeBytes : 1;
        Bytes packed(head + ZSTD_compressBound(plain.size()));
        packed.front() = isShort ? kShortZstd : kZstd;
        for (std::size_t i = 1; i < head; ++i) packed[i] = static_cast<std::uint8_t>(raw.size() >> (8 * (i - 1)));
        std::size_t const size = ZSTD_compressCCtx(packer(), packed.data() + head, packed.size() - head, plain.data(),
                                                   plain.size(), kZstdLevel);
        if (!ZSTD_isError(size) && head + size < 1 + raw.size()) {
            packed.resize(head + size);
            packed.shrink_to_fit();   // it may wait long for a slow reader
            return packed;
        }
    }
    Bytes packed(1, kRaw);
    packed.insert(packed.end(), raw.begin(), raw.end());
    return packed;
}

namespace {

/// What a packed message says of itself: the bytes of its zstd frame unpacked, and of the message.
struct Sizes {
    ByteView frame;
    std::size_t unpacked = 0, message = 0;
};
Result<Sizes> sizesOf(ByteView packed, Limits const& limits) {
    bool const isShort = packed.front() == kShortZstd;
    Sizes sizes;
    sizes.frame = packed.subspan(1);
    if (isShort) {
        if (sizes.frame.size() < kSizeBytes) return makeError(ErrorCode::Malformed, "message.truncated", "no size");
        for (std::size_t i = kSizeBytes; i-- > 0;) sizes.message = sizes.message << 8 | sizes.frame[i];
        sizes.frame = sizes.frame.subspan(kSizeBytes);
    }
    auto const unpacked = ZSTD_getFrameContentSize(sizes.frame.data(), sizes.frame.size());
    if (unpacked == ZSTD_CONTENTSIZE_ERROR || unpacked == ZSTD_CONTENTSIZE_UNKNOWN) {
        return makeError(ErrorCode::Malformed, "message.unpack", "no size");
    }
    // A short form is longer than its message where nothing in that is hexadecimal and every byte is marked.
    std::uint64_t const unpackedMax = isShort ? 2 * limits.messageBytesMax : limits.messageBytesMax;
    if (sizes.message > limits.messageBytesMax || unpacked > unpackedMax) {
        return makeError(ErrorCode::TooLarge, "message.too-large",
                         "a message of " + std::to_string(std::max<std::uint64_t>(sizes.message, unpacked)) + " bytes");
    }
    sizes.unpacked = static_cast<std::size_t>(unpacked);
    if (!isShort) sizes.message = sizes.unpacked;
    return sizes;
}

}  // namespace

Result<Message> unpack(ByteView bytes, Limits const& limits) {
    if (bytes.empty()) return makeError(ErrorCode::Malformed, "message.truncated", "no bytes");
    std::uint8_t const codec = bytes.front();
    if (codec == kRaw) return decode(bytes.subspan(1), limits);
    if (codec != kZstd && codec != kShortZstd) {
        return makeError(ErrorCode::Unsupported, "message.codec", std::to_string(codec));
    }
    auto const sizes = sizesOf(bytes, limits);
    if (!sizes) return sizes.error();
    Bytes raw(sizes->unpacked);
    std::size_t const got =
        ZSTD_decompressDCtx(unpacker(), raw.data(), raw.size(), sizes->frame.data(), sizes->frame.size());
    if (ZSTD_isError(got) || got != raw.size()) {
        return makeError(ErrorCode::Malformed, "message.unpack", "not what it says");
    }
    if (codec == kZstd) return decode(raw, limits);
    auto const message = lengthen(raw, sizes->message);
    if (!message) return makeError(ErrorCode::Malformed, "message.unpack", "not of the short form");
    return decode(*message, limits);
}

std::size_t unpackedBytes(ByteView bytes, Limits const& limits) {
    if (bytes.empty() || (bytes.front() != kZstd && bytes.front() != kShortZstd)) return bytes.size();
    auto const sizes = sizesOf(bytes, limits);
    return bytes.size() + (sizes ? sizes->message : 0);   // unpack() refuses the others
}

AnswerRun runOf(trust::Answer answer, Limits const& limits) {
    AnswerRun run{answer.what, 1, {}, {}};
    if (isPlain(answer)) return run;
    if (answer.about.size() > limits.answerTextMax) {
        std::size_t end = limits.answerTextMax;
        while (end > 0 && (static_cast<unsigned char>(answer.about[end]) & 0xC0U) == 0x80U) --end;
        answer.about.resize(end);
    }
    for (char& character : answer.about) {
        if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F) character = ' ';
    }
    if (!isUtf8(asBytes(answer.about))) answer.about.clear();
    run.reason = std::move(answer.reason);
    run.about = std::move(answer.about);
    return run;
}

std::vector<Batch> inBatches(std::vector<trust::TravellingFrame> frames, Limits const& limits) {
    std::vector<Batch> batches;
    std::size_t batchBytes = 0;
    for (auto& frame : frames) {
        if (frame.payload && frame.payload->bytes.size() > limits.payloadBytesMax) frame.payload.reset();
        std::size_t const bytes = bytesOf(frame);
        bool const full = batches.empty() || batches.back().frames.size() >= limits.batchFramesMax ||
                          batchBytes + bytes > limits.batchBytesMax;
        if (full) {
            batches.emplace_back();
            batchBytes = 0;
        }
        batchBytes += bytes;
        batches.back().frames.push_back(std::move(frame));
    }
    return batches;
}

Bytes proofText(ByteView connectionSecret, SchoolId const& school, DeviceId const& caller, DeviceId const& answerer) {
    Bytes text = toBytes("spiral-session-v1");
    for (ByteView const part : {connectionSecret, school.view(), caller.view(), answerer.view()}) {
        text.insert(text.end(), part.begin(), part.end());
    }
    return text;
}

}  // namespace spiral::protocol
