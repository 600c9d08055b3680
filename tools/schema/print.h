#pragma once
#include <string>

// What follows from core/telemetry/schema.h and is kept in files: `./dev check` prints these again
// and fails on a difference. (OpenAPI also needs the endpoints and is printed by server/api.)
namespace idast::schema {

std::string typescript();  // dashboard/src/api/generated.ts
std::string markdown();    // the tables of fields in docs/CONTRACT.md
std::string sql();  // docs/formats/telemetry.sql: the original table's types, ours after them

}  // namespace idast::schema
