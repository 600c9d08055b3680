#include "core/node/boot_counter.h"

#include <array>
#include <charconv>
#include <optional>

#include "core/base/text.h"

namespace idast::node {
namespace {

constexpr std::size_t kTextBytesMax = 11;  // ten digits and the end of the line

std::optional<std::uint32_t> number_of(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::expected<std::uint32_t, ports::FileError> count_boot(ports::Files& files) {
  std::array<char, kTextBytesMax + 1> buffer;  // one more: a longer file is seen to be longer
  const auto size = files.read(kBootsFile, 0, buffer);
  if (!size && size.error() != ports::FileError::absent) return std::unexpected{size.error()};
  std::uint32_t boots = 0;
  if (size) {
    const auto kept = number_of({buffer.data(), *size});
    if (!kept || *kept == UINT32_MAX) return std::unexpected{ports::FileError::failed};
    boots = *kept;
  }
  TextWriter out{buffer.data(), buffer.size()};
  out.integer(std::int64_t{++boots}).character('\n');
  if (const auto kept = files.replace(kBootsFile, out.view()); !kept) {
    return std::unexpected{kept.error()};
  }
  return boots;
}

}  // namespace idast::node
