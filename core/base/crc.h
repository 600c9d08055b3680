#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"

namespace idast {

namespace crc_detail {

// Four bits at a time: 64 bytes of table on a board.
constexpr std::array<std::uint32_t, 16> crc32c_table() {
  std::array<std::uint32_t, 16> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 4; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = value;
  }
  return table;
}
inline constexpr std::array<std::uint32_t, 16> kTable = crc32c_table();

}  // namespace crc_detail

// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78): Hamming distance 6 up to 655 bytes
// (Koopman 2002), so up to five flipped bits are always found in a radio frame or a small file.
constexpr std::uint32_t crc32c(Bytes bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const std::byte b : bytes) {
    crc ^= std::to_integer<std::uint32_t>(b);
    crc = (crc >> 4) ^ crc_detail::kTable[crc & 15];
    crc = (crc >> 4) ^ crc_detail::kTable[crc & 15];
  }
  return ~crc;
}

consteval bool crc32c_is_castagnoli() {
  std::array<std::byte, 9> digits{};
  for (std::size_t i = 0; i < digits.size(); ++i) digits[i] = static_cast<std::byte>('1' + i);
  return crc32c(digits) == 0xe3069283u;  // the check value of the CRC catalogue
}
static_assert(crc32c_is_castagnoli());

}  // namespace idast
