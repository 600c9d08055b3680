#include "core/wire/frame.h"

#include <algorithm>
#include <array>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/random.h"

using namespace idast;
using namespace idast::wire;

namespace {

std::vector<std::byte> some_payload(std::size_t size) {
  std::vector<std::byte> payload(size);
  for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::byte>(i * 7 + 1);
  return payload;
}

std::vector<std::byte> printed(const Frame& frame) {
  std::array<std::byte, kFrameBytesMax> buffer{};
  const Bytes bytes = print(frame, buffer);
  return {bytes.begin(), bytes.end()};
}

Frame frame_of(std::uint32_t boot, std::uint32_t counter, SenderId sender = {0xa1b2c3d4}) {
  return {FrameType::sample, sender, boot, counter, {}};
}

}  // namespace

TEST_CASE("a frame comes back as it was sent, with every payload length") {
  for (std::size_t size = 0; size <= kPayloadBytesMax; ++size) {
    const auto payload = some_payload(size);
    const auto bytes = printed({FrameType::command, {0xa1b2c3d4}, 7, 4'000'000'000u, payload});
    CHECK(bytes.size() + kTagBytesMax <= kFrameBytesMax);
    const auto frame = parse(bytes);
    REQUIRE(frame);
    CHECK(frame->type == FrameType::command);
    CHECK(frame->sender == SenderId{0xa1b2c3d4});
    CHECK(frame->boot == 7);
    CHECK(frame->counter == 4'000'000'000u);
    CHECK(std::ranges::equal(frame->payload, payload));
  }
}

TEST_CASE("version 1 has these bytes for ever") {
  const std::array<std::byte, 2> payload{std::byte{0xab}, std::byte{0xcd}};
  const auto bytes = printed({FrameType::time, {0x01020304}, 5, 6, payload});
  const std::array<int, 23> golden{0xa5, 0x1d, 1, 4, 4, 3,    2,    1,    5,    0,    0,   0,
                                   6,    0,    0, 0, 2, 0xab, 0xcd, 0x36, 0x77, 0xf3, 0xbd};
  REQUIRE(bytes.size() == golden.size());
  for (std::size_t i = 0; i < golden.size(); ++i) {
    CHECK_MESSAGE(std::to_integer<int>(bytes[i]) == golden[i], "byte ", i);
  }
}

TEST_CASE("a frame cut or lengthened anywhere is refused") {
  const auto payload = some_payload(100);
  auto bytes = printed({FrameType::sample, {1}, 1, 1, payload});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(parse(Bytes{bytes}.first(size)));
  }
  while (bytes.size() < kFrameBytesMax + 2) {
    bytes.push_back(std::byte{0});
    CHECK_FALSE(parse(bytes));
  }
}

TEST_CASE("a frame with one flipped bit is refused") {
  const auto payload = some_payload(kPayloadBytesMax);
  auto bytes = printed({FrameType::sample, {0xffffffff}, 1, 1, payload});
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    CHECK_FALSE(parse(bytes));
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
  }
  CHECK(parse(bytes));
}

TEST_CASE("a frame with two to five flipped bits is refused as well") {
  const auto payload = some_payload(60);
  const auto sound = printed({FrameType::sample, {9}, 3, 8, payload});
  Random random{42};
  for (int trial = 0; trial < 20'000; ++trial) {
    auto bytes = sound;
    const int flips = 2 + trial % 4;
    for (int i = 0; i < flips; ++i) {
      const auto bit = static_cast<std::size_t>(random.next() % (bytes.size() * 8));
      bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
    if (bytes != sound) CHECK_FALSE(parse(bytes));
  }
}

TEST_CASE("each fault has its own name") {
  const auto payload = some_payload(3);
  const auto sound = printed({FrameType::sample, {1}, 1, 1, payload});
  struct Row {
    std::size_t index;
    int value;
    FrameError error;
  };
  for (const Row& row :
       {Row{0, 0, FrameError::bad_magic}, Row{2, 9, FrameError::unknown_version},
        Row{16, 4, FrameError::length_mismatch}, Row{16, 255, FrameError::length_mismatch},
        Row{4, 2, FrameError::bad_crc}, Row{3, 1, FrameError::bad_crc}}) {
    auto bytes = sound;
    bytes[row.index] = static_cast<std::byte>(row.value);
    const auto frame = parse(bytes);
    REQUIRE_FALSE(frame);
    CHECK(to_text(frame.error()) == to_text(row.error));
  }
  CHECK(parse({}).error() == FrameError::too_short);
  CHECK(parse(std::vector<std::byte>(251)).error() == FrameError::too_long);
  const auto unknown = printed({static_cast<FrameType>(kFrameTypeCount), {1}, 1, 1, payload});
  CHECK(parse(unknown).error() == FrameError::unknown_type);
}

TEST_CASE("a frame is taken once, and never after a later one") {
  Acceptor acceptor{{0xa1b2c3d4}};
  CHECK(acceptor.accept(frame_of(3, 10)));
  CHECK(acceptor.accept(frame_of(3, 10)).error() == Acceptor::Error::replayed);
  CHECK(acceptor.accept(frame_of(3, 9)).error() == Acceptor::Error::replayed);
  CHECK(acceptor.accept(frame_of(3, 11)));
  CHECK(acceptor.accept(frame_of(2, 4'000'000'000u)).error() == Acceptor::Error::old_boot);
  CHECK(acceptor.accept(frame_of(4, 0)));
  CHECK(acceptor.accept(frame_of(3, 12)).error() == Acceptor::Error::old_boot);
}

TEST_CASE("another board's frames are refused and change nothing") {
  Acceptor acceptor{{0xa1b2c3d4}};
  CHECK(acceptor.accept(frame_of(9, 9, SenderId{1})).error() == Acceptor::Error::foreign_sender);
  CHECK(acceptor.accept(frame_of(1, 0)));
}

TEST_CASE("missing frames are counted from the second frame on, also over a restart") {
  Acceptor acceptor{{0xa1b2c3d4}};
  CHECK(acceptor.accept(frame_of(1, 500))->missed == 0);
  CHECK(acceptor.accept(frame_of(1, 501))->missed == 0);
  CHECK(acceptor.accept(frame_of(1, 505))->missed == 3);
  const auto next_boot = acceptor.accept(frame_of(2, 2));
  CHECK(next_boot->boot_is_new);
  CHECK(next_boot->missed == 2);
}
