// Messages of every sort for the tests, made from a seed.
#pragma once

#include "base/random.h"
#include "protocol/session.h"

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

inline Answers someAnswers(SeededRandom& random) {
    Answers answers;
    answers.answers.push_back({random.token<FrameId>(), trust::Answer::What::Stored, {}, {}});
    answers.answers.push_back(
        {random.token<FrameId>(), trust::Answer::What::WaitingForFrame, "frame.predecessor", "abcdef"});
    answers.answers.push_back({random.token<FrameId>(), trust::Answer::What::Refused, "frame.signature", "某设备"});
    return answers;
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
    return {someHello(random, 3),
            bare,
            batch,
            someList(random, 3 * trust::kAttachmentPieceBytes + 1),
            someList(random, 0),
            piece,
            someAnswers(random),
            Done{12}};
}

}  // namespace spiral::protocol
