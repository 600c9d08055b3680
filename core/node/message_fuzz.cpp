#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/require.h"
#include "core/node/message.h"

using namespace idast;
using namespace idast::node;

namespace {

// What was read prints to something that reads and prints the same again.
template <class Read>
void check(Bytes bytes, Read&& read) {
  const auto first = read(bytes);
  if (!first) return;
  const Payload printed = print(*first);
  const auto second = read(printed.view());
  require(second.has_value(), "a printed message does not read");
  require(std::ranges::equal(print(*second).view(), printed.view()), "a message changed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes{reinterpret_cast<const std::byte*>(data),
                    std::min(size, wire::kPayloadBytesMax)};
  check(bytes, read_time);
  check(bytes, read_site);
  check(bytes, read_order);
  check(bytes, read_answer);
  check(bytes, read_phone);
  return 0;
}
