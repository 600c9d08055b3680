#include "sim/sky/weather_file.h"

#include <array>
#include <fstream>
#include <utility>

#include "core/base/csv_line.h"
#include "sim/sky/weather_draft.h"

namespace idast::sim {

std::expected<WeatherFile, WeatherError> parse_weather(std::string_view text, std::string_view name,
                                                       const GivenSite& given) {
  if (text.size() > kWeatherBytesMax) {
    return std::unexpected{
        weather::failure(WeatherErrorKind::too_large, 0, "the file is larger than 128 MiB")};
  }
  weather::Lines lines{text};
  const auto first = lines.next();
  if (!first || trimmed(text).empty()) {
    return std::unexpected{weather::failure(WeatherErrorKind::empty, 0, "the file is empty")};
  }
  // A CSV begins with a comment or with its header, which has commas; a SURFRAD file with a name.
  const bool is_csv =
      trimmed(*first).starts_with('#') || first->find(',') != std::string_view::npos;
  if (is_csv) {
    auto draft = weather::parse_csv(lines, *first, given);
    if (!draft) return std::unexpected{draft.error()};
    return weather::mended(std::move(*draft), name);
  }
  const auto second = lines.next();
  if (!second || second->size() > kWeatherLineBytesMax) {
    return std::unexpected{weather::failure(WeatherErrorKind::not_weather, 1,
                                            "neither a SURFRAD file nor a CSV of weather")};
  }
  auto draft = weather::parse_surfrad(lines, *second, given);
  if (!draft) return std::unexpected{draft.error()};
  return weather::mended(std::move(*draft), name);
}

std::expected<WeatherFile, WeatherError> read_weather(const std::string& path,
                                                      const GivenSite& given) {
  std::ifstream file{path, std::ios::binary};
  const auto unreadable = [&] {
    return std::unexpected{
        WeatherError{WeatherErrorKind::unreadable, 0, path + ": cannot be read"}};
  };
  if (!file) return unreadable();
  std::string text;
  std::array<char, 65536> chunk;
  while (file.read(chunk.data(), chunk.size()) || file.gcount() > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > kWeatherBytesMax) break;  // parse_weather says so
  }
  if (file.bad()) return unreadable();
  auto found = parse_weather(text, path, given);
  if (!found) found.error().message = path + ": " + found.error().message;
  return found;
}

}  // namespace idast::sim
