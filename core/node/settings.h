#pragma once
#include <optional>
#include <string_view>

#include "core/base/text.h"
#include "core/node/message.h"
#include "core/ports/ports.h"

// What a person has set and a restart must not forget: kept as one small JSON file through Files.
namespace idast::node {

inline constexpr std::string_view kSettingsFile = "settings.json";

struct KeptSettings {
  std::optional<double> grid_price;
  FixedText<64> device_name;
  std::optional<Site> site;
};

// Nothing when the file is absent, damaged or not readable: the device then works with what it was
// built with.
std::optional<KeptSettings> load_settings(ports::Files& files);
std::expected<void, ports::FileError> save_settings(ports::Files& files,
                                                    const KeptSettings& settings);

}  // namespace idast::node
