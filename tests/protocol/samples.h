// Messages of every sort for the tests, made from a seed.
#pragma once

#include "base/random.h"
#include "protocol/file_session.h"

#include <algorithm>

namespace spiral::protocol {

inline trust::TravellingFrame someFrame(SeededRandom& random, std::size_t headerBytes,
                                        std::optional<std::size_t> payloadBytes,
                                        trust::Codec codec = trust::Codec::Raw) {
    trust::TravellingFrame frame;
    frame.header.resize(headerBytes);
    random.fill(frame.header);
    frame.signature = random.token<trust::Signature>();
    if (payloadBytes) {
        Bytes bytes(*payloadBytes);
        random.fill(bytes);
        frame.payload = trust::Payload{codec, std::move(bytes)};
    }
    return frame;
}

inline Hello someHello(SeededRandom& random, std::size_t tips) {
    Hello hello;
    hello.school = random.token<SchoolId>();
    hello.device = random.token<DeviceId>();
    hello.registryHead = trust::RegistryPoint{7, random.token<ObjectId>()};
    for (std::size_t i = 0; i < tips; ++i) {
        hello.tips.push_back({i % 2 == 0 ? Scope::unit("jwc") : Scope::college(), random.token<DeviceId>(),
                              random.token<FrameId>(), i + 1});
    }
    std::sort(hello.tips.begin(), hello.tips.end());
    return hello;
}

inline PieceList someList(SeededRandom& random, std::uint64_t size) {
    PieceList list;
    list.file.sha256 = random.token<AttachmentId>();
    list.file.size = size;
    list.file.type = "application/pdf";
    list.file.name = "诊改报告.pdf";
    list.file.date = Day{std::chrono::year{2026} / 3 / 2};
    for (std::uint64_t at = 0; at < size; at += trust::kAttachmentPieceBytes)
        list.pieces.push_back(random.token<Sha256>());
    list.file.chunks = trust::chunksHash(list.pieces);
    return list;
}

inline Answers someAnswers(SeededRandom&) {
    Answers answers;
    answers.runs.push_back({trust::Answer::What::Stored, 3, {}, {}});
    answers.runs.push_back({trust::Answer::What::WaitingForFrame, 1, "frame.predecessor", "abcdef"});
    answers.runs.push_back({trust::Answer::What::Refused, 2, "frame.signature", "某设备"});
    return answers;
}

inline Greeting someGreeting(SeededRandom& random, bool withProof) {
    Greeting greeting;
    greeting.school = random.token<SchoolId>();
    greeting.device = random.token<DeviceId>();
    if (withProof) greeting.proof = random.token<trust::Signature>();
    greeting.registryHead = trust::RegistryPoint{9, random.token<ObjectId>()};
    greeting.extension = Bytes(5, 1);
    return greeting;
}

/// One of each, small.
inline std::vector<Message> eachMessage(std::uint64_t seed = 1) {
    SeededRandom random(seed);
    Batch batch;
    batch.frames.push_back(someFrame(random, 40, 20));
    batch.frames.push_back(someFrame(random, 30, std::nullopt));
    batch.frames.push_back(someFrame(random, 1, 0, trust::Codec::ZstdOnParent));
    Piece piece{random.token<AttachmentId>(), 3, Bytes(50, 7)};
    Hello bare;
    auto const list = someList(random, 1);
    Holding const holding{Holding::Kind::Answer, random.token<Epoch>(), 7, random.token<Epoch>(), 3,
                          random.token<StateDigest>()};
    return {someHello(random, 3),
            bare,
            batch,
            someList(random, 3 * trust::kAttachmentPieceBytes + 1),
            someList(random, 0),
            piece,
            someAnswers(random),
            Done{12},
            someGreeting(random, true),
            someGreeting(random, false),
            Refusal{"session.revoked", "某设备"},
            Tips{someHello(random, 3).tips},
            holding,
            WantPieces{Scope::unit("jwc"), list.file, {1, 5}},
            NoPieces{Scope::unit("jwc"), list.file.sha256},
            Enough{},
            Propose{Bytes(30, 2)},
            Proposed{random.token<ObjectId>(), {}, {}},
            Proposed{{}, "registry.threshold", "2"}};
}

}  // namespace spiral::protocol
