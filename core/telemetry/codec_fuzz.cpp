#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/require.h"
#include "core/telemetry/codec.h"
#include "core/telemetry/json.h"

// Any bytes are some sample; what it says by radio again is the same sample, whatever was cut off
// or appended, and it fits into a message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace idast;
  const Bytes input{reinterpret_cast<const std::byte*>(data), size};
  const telemetry::Sample sample = telemetry::decode(input);
  const telemetry::Payload once = telemetry::encode(sample);
  require(telemetry::encode(telemetry::decode(once)) == once, "a sample changed on its way");

  std::array<std::byte, telemetry::kPayloadBytes + 1> longer{};
  std::ranges::copy(once, longer.begin());
  require(telemetry::encode(telemetry::decode(longer)) == once, "a newer sender's tail was read");

  std::array<char, telemetry::kMessageBytesMax> buffer{};
  TextWriter out{buffer.data(), buffer.size()};
  telemetry::print_json(sample, out);
  require(!out.overflowed(), "a sample is too long for a message");
  return 0;
}
