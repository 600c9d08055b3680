#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/require.h"
#include "core/telemetry/row.h"
#include "server/transfer/input.h"
#include "server/transfer/original.h"

// Tables from outside: whatever the bytes are, reading ends, no value is longer than the limit, and
// what became a sample can be printed and fits its columns.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace idast;
  if (size < 2) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 2, size - 2};
  const std::size_t piece = data[1] % 16 + 1u;
  std::size_t at = 0;
  transfer::Input input{[&](std::span<char> into) -> std::expected<std::size_t, std::string> {
    const std::size_t bytes = std::min({piece, into.size(), text.size() - at});
    text.copy(into.data(), bytes, at);
    at += bytes;
    return bytes;
  }};
  transfer::OriginalRows rows{"device"};
  const transfer::TableSink sink{
      .columns = [&](const std::vector<std::string>& names) { return rows.columns(names); },
      .row = [&](const transfer::Row& row) -> std::expected<void, std::string> {
        for (const transfer::Cell& cell : row) {
          require(cell.text.size() <= transfer::kLineBytesMax + 1, "a value past the limit");
        }
        const auto record = rows.record(row);
        if (!record) return {};
        for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
          const telemetry::Sql& sql = telemetry::kFieldInfo[i].sql;
          if (sql.kind != telemetry::Kind::number || !record->has(i)) continue;
          require(record->value[i] >= sql.low && record->value[i] <= sql.high, "beyond its column");
        }
        std::string out;
        telemetry::print_row(1, *record, out);
        require(!out.empty(), "a sample that prints as nothing");
        return {};
      }};
  [[maybe_unused]] const auto done =
      data[0] % 2 == 0 ? transfer::read_dump(input, true, sink) : transfer::read_csv(input, sink);
  return 0;
}
