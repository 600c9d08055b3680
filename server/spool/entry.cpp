#include "server/spool/entry.h"

#include <array>
#include <span>

#include "core/base/bytes.h"
#include "core/base/crc.h"

namespace idast::spool {
namespace {

constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kFixedBytes = 8 + 8 + 2;  // What `length` counts besides topic and payload.
constexpr std::size_t kHeadBytes = kCrcBytes + kLengthBytes + kFixedBytes;
constexpr std::size_t kTopicBytesMax = 65'535;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool encode(const Entry& entry, std::string& out) {
  const std::size_t length = kFixedBytes + entry.topic.size() + entry.payload.size();
  if (entry.topic.size() > kTopicBytesMax || length > kEntryBytesMax) return false;
  const std::size_t start = out.size();
  std::array<std::byte, kHeadBytes> head{};
  ByteWriter writer{head};
  writer.write(std::uint32_t{0}).write(static_cast<std::uint32_t>(length));
  writer.write(entry.received.unix_ms()).write(entry.taken.unix_ms());
  writer.write(static_cast<std::uint16_t>(entry.topic.size()));
  out.append(text_of(writer.view())).append(entry.topic).append(entry.payload);
  const std::uint32_t crc = crc32c(bytes_of(std::string_view{out}.substr(start + kCrcBytes)));
  std::array<std::byte, kCrcBytes> sum{};
  ByteWriter{sum}.write(crc);
  out.replace(start, kCrcBytes, text_of(sum));
  return true;
}

std::expected<Decoded, EntryError> decode(std::string_view text) {
  if (text.size() < kHeadBytes) return std::unexpected{EntryError::cut};
  ByteReader head{bytes_of(text)};
  const auto crc = head.read<std::uint32_t>();
  const std::size_t length = head.read<std::uint32_t>();
  if (length < kFixedBytes || length > kEntryBytesMax) return std::unexpected{EntryError::bad};
  const std::size_t bytes = kCrcBytes + kLengthBytes + length;
  if (text.size() < bytes) return std::unexpected{EntryError::cut};
  const std::string_view covered = text.substr(kCrcBytes, kLengthBytes + length);
  if (crc32c(bytes_of(covered)) != crc) return std::unexpected{EntryError::bad};
  const UtcMillis received{head.read<std::int64_t>()};
  const UtcMillis taken{head.read<std::int64_t>()};
  const std::size_t topic_bytes = head.read<std::uint16_t>();
  if (kFixedBytes + topic_bytes > length) return std::unexpected{EntryError::bad};
  const std::string_view rest = text.substr(kHeadBytes, length - kFixedBytes);
  return Decoded{.entry = {.received = received,
                           .taken = taken,
                           .topic = std::string{rest.substr(0, topic_bytes)},
                           .payload = std::string{rest.substr(topic_bytes)}},
                 .bytes = bytes};
}

}  // namespace idast::spool
