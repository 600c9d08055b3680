#include "core/node/settings.h"

#include <array>
#include <cmath>

#include "core/base/json_reader.h"
#include "core/node/command.h"

namespace idast::node {
namespace {

// Prints `value` with at most `decimals` digits, without floating-point text.
void print_decimal(TextWriter& out, double value, int decimals) {
  out.decimal(std::llround(value * std::pow(10.0, decimals)), decimals);
}

void print_site(TextWriter& out, const Site& site) {
  out.text("{\"lat\":");
  print_decimal(out, static_cast<double>(site.place.latitude.in(degrees)), 7);
  out.text(",\"lon\":");
  print_decimal(out, static_cast<double>(site.place.longitude.in(degrees)), 7);
  out.text(",\"alt_m\":");
  print_decimal(out, static_cast<double>(site.place.altitude.in(metres)), 1);
  if (site.mount) out.text(",\"mount\":").json_string(control::to_text(*site.mount));
  if (site.panel) {
    out.text(",\"panel_w\":");
    print_decimal(out, static_cast<double>(site.panel->in(watts)), 3);
  }
  out.character('}');
}

}  // namespace

// The file has the form of a command, so that one reader judges both.
std::optional<KeptSettings> load_settings(ports::Files& files) {
  std::array<char, JsonDocument::kBytesMax> buffer;
  const auto size = files.read(kSettingsFile, 0, buffer);
  if (!size || *size == 0) return std::nullopt;
  const auto command = parse_command({buffer.data(), *size});
  if (!command) return std::nullopt;
  return KeptSettings{.grid_price = command->grid_price,
                      .device_name = command->device_name.value_or(FixedText<64>{}),
                      .site = command->site};
}

std::expected<void, ports::FileError> save_settings(ports::Files& files,
                                                    const KeptSettings& settings) {
  std::array<char, JsonDocument::kBytesMax> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  out.text("{\"deviceName\":").json_string(settings.device_name.view());
  if (settings.grid_price) {
    out.text(",\"gridPrice\":");
    print_decimal(out, *settings.grid_price, 6);
  }
  if (settings.site) {
    out.text(",\"site\":");
    print_site(out, *settings.site);
  }
  out.text("}\n");
  return files.replace(kSettingsFile, out.view());
}

}  // namespace idast::node
