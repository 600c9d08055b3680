#include "core/node/boot_count.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.h"

namespace idast::node {
namespace {

constexpr std::size_t kLineBytes = 11;  // ten digits and the line's end

// The highest number of a whole line; 0: there is none.
std::uint32_t highest(std::string_view text) {
  std::uint32_t number = 0;
  while (true) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return number;
    std::uint32_t line = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + end, line);
    const bool whole = end == kLineBytes - 1 && error == std::errc{} && rest == text.data() + end;
    if (whole) number = std::max(number, line);
    text.remove_prefix(end + 1);
  }
}

}  // namespace

BootCount count_boot(ports::Files& files) {
  std::array<char, kBootsBytesMax + 2 * kLineBytes> buffer;
  const std::size_t size = files.read(kBootsFile, 0, buffer).value_or(0);
  const std::string_view text{buffer.data(), size};
  const std::uint32_t number = highest(text) + 1;

  std::array<char, kLineBytes + 1> line;
  TextWriter out{line.data(), line.size()};
  if (!text.empty() && !text.ends_with('\n')) out.character('\n');  // ends what is torn
  std::array<char, kLineBytes> digits;
  digits.fill('0');
  digits.back() = '\n';
  std::uint32_t left = number;
  for (std::size_t i = kLineBytes - 1; i-- > 0; left /= 10) {
    digits[i] = static_cast<char>('0' + left % 10);
  }
  out.text({digits.data(), digits.size()});
  const std::string_view whole{digits.data(), digits.size()};
  const bool full = size + kLineBytes > kBootsBytesMax;
  return {.number = number,
          .kept = full ? files.replace(kBootsFile, whole) : files.append(kBootsFile, out.view())};
}

}  // namespace idast::node
