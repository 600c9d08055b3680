#include "server/store/sqlite_thinned.h"

#include "server/store/sqlite_connection.h"

namespace idast::store {

Result<std::vector<ThinnedDay>> thinned_days(const std::string& path) {
  auto connection = Connection::open(path, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  auto rows = connection->prepare("SELECT day, samples FROM thinned ORDER BY day");
  if (!rows) return std::unexpected{rows.error()};
  std::vector<ThinnedDay> days;
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return days;
    days.push_back({rows->integer(0), rows->integer(1)});
  }
}

}  // namespace idast::store
