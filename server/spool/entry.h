#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/base/time.h"

// One message of the spool, and its bytes:
//
//   entry := crc:u32 length:u32 received_ms:i64 taken_ms:i64 topic_bytes:u16 topic payload
//
// Little-endian. `length` counts what follows it; the CRC-32C covers everything behind itself, so a
// flipped length is found too, and a file of zeros is no entry.
namespace idast::spool {

// The largest message is 64 KiB; printed anew, escapes may make it three times that.
inline constexpr std::size_t kEntryBytesMax = 524'288;

struct Entry {
  UtcMillis received;  // When the server read it.
  UtcMillis taken;     // Its own time, as it was decided then.
  std::string topic;
  std::string payload;
  friend bool operator==(const Entry&, const Entry&) = default;
};

// Appends. False, with nothing appended: longer than kEntryBytesMax.
bool encode(const Entry& entry, std::string& out);

enum class EntryError : std::uint8_t {
  cut,  // The text ends before the entry does.
  bad,  // These bytes are no entry.
};
struct Decoded {
  Entry entry;
  std::size_t bytes = 0;  // What it took of the text.
};
// The entry with which the text begins.
std::expected<Decoded, EntryError> decode(std::string_view text);

}  // namespace idast::spool
