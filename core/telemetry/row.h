#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/telemetry/record.h"

// A stored or received sample as text: the flat ROW of CONTRACT §5, and the original message.
// Server side, like Record. Pure, any thread; everything is appended to `out`.
namespace idast::telemetry {

// {"id":…,"ts":"…Z", every column of the table in order, "raw_json":{…}}: the original's 29 columns
// first, `raw_json` last of them, then ours. An absent column is null; numbers have their column's
// decimals; booleans are 0 or 1; `estimated` is an array of message keys; `device_id` is the
// topic's. Without an id (not committed yet) "id" is null.
void print_row(std::optional<std::int64_t> id, const Record& record, std::string& out);

// One column's value as ROW has it, for any position in kFieldInfo; `ts` is the sample's time in
// quotes.
void print_column(const Record& record, std::size_t field, std::string& out);

// The message as it was sent: same keys and values, explicit nulls among them. White space, order
// of keys and spelling of numbers (88.0 or 88) may differ.
void print_message(const Record& record, std::string& out);

// The same as a quoted value of a CSV (RFC 4180).
void print_message_in_quotes(const Record& record, std::string& out);

// A JSON string with its quotes; control characters, quotes and backslashes escaped.
void print_text(std::string_view text, std::string& out);

// Columns whose ROW value differs; `ts` is not compared.
KeySet changed_columns(const Record& before, const Record& after);

// Fields whose original stands in record.extra.
KeySet fields_in_extra(const Record& record);

// record.extra holds nothing but numbers finer than their columns, which have them rounded.
bool extra_is_only_finer(const Record& record);

// Position of the field with this message key.
std::optional<std::size_t> position_of_key(std::string_view json);

}  // namespace idast::telemetry
