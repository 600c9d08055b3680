#pragma once
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/node/message.h"

// A command as CONTRACT §1 has it on the control topic, read by the bounded reader.
namespace idast::node {

// Price of a kWh in the site's currency: 0 < price < 1000.
inline constexpr double kGridPriceBelow = 1000.0;
constexpr bool is_grid_price(double price) { return price > 0.0 && price < kGridPriceBelow; }

using CommandId = FixedText<64>;

struct Command {
  CommandId id;  // empty: nobody waits for the result (fielded servers send none)
  std::optional<UtcMillis> expires_at;
  std::optional<control::Command> motion;
  std::optional<Site> site;
  bool restart = false;
  std::optional<double> grid_price;
  std::optional<FixedText<64>> device_name;
  std::optional<bool> start_charging;

  bool for_transmitter() const { return motion || site || restart; }
};

struct CommandRefused {
  CommandId id;  // as far as it could be read
  Why why;
};

// All or nothing: one bad value refuses the whole command. Keys that are not known are skipped,
// null is as absent. Any bytes. An angle or direction without `mode` means manual.
std::expected<Command, CommandRefused> parse_command(std::string_view text);

}  // namespace idast::node
