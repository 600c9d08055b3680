#pragma once
#include <expected>
#include <string>
#include <string_view>

#include "core/telemetry/record.h"
#include "server/ingest/parser.h"

// A kept message as the sample that it was.
namespace idast::transfer {

// One owner, one thread.
class MessageReader {
 public:
  // `ts` was decided when it was received, and stands. The error is the name of an
  // ingest::Refusal.
  std::expected<telemetry::Record, std::string_view> read(std::string_view device,
                                                          UtcMillis received, UtcMillis ts,
                                                          std::string_view message);

 private:
  ingest::Parser parser_;
  std::string topic_;
};

}  // namespace idast::transfer
