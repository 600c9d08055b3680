#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "server/store/sqlite_connection.h"

namespace idast::store {

// Statements of one connection, prepared once for each text.
class Statements {
 public:
  explicit Statements(Connection& connection) : connection_{connection} {}

  Result<Statement*> prepared(const std::string& sql) {
    if (const auto found = kept_.find(sql); found != kept_.end()) return &found->second;
    auto statement = connection_.prepare(sql);
    if (!statement) return std::unexpected{statement.error()};
    if (kept_.size() >= kKept) kept_.clear();
    return &kept_.emplace(sql, std::move(*statement)).first->second;
  }

 private:
  // As many texts as there are queries, and one for each set of fields a chart asks for.
  static constexpr std::size_t kKept = 48;
  Connection& connection_;
  std::map<std::string, Statement> kept_;
};

}  // namespace idast::store
