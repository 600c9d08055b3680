#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/require.h"
#include "core/node/command.h"

using namespace idast;
using namespace idast::node;

// Whatever is taken can be ordered by radio and keeps what the contract promises.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto command = parse_command({reinterpret_cast<const char*>(data), size});
  if (!command) return 0;
  if (command->grid_price) require(is_grid_price(*command->grid_price), "price out of range");
  if (command->device_name) require(is_label(command->device_name->view()), "label with control");
  const Order order{.number = 1,
                    .expires = command->expires_at,
                    .motion = command->motion,
                    .site = command->site,
                    .restart = command->restart};
  const auto heard = read_order(print(order).view());
  require(heard.has_value(), "a command cannot be ordered");
  require(heard->motion.has_value() == order.motion.has_value(), "a motion got lost");
  return 0;
}
