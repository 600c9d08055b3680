#pragma once
#include <string>
#include <string_view>

#include "server/live/board.h"

// The JSON of the live stream and of /api/v1/devices: DEVICE, and the two events. Times are
// ISO-8601 UTC with milliseconds. Pure; everything is appended to `out`.
namespace idast::live {

// DEVICE := {"id","name","site","mount","status","last_seen","online","latest","backfill"}
// `latest` holds `ts` and the wanted columns, without raw_json; null for a device never heard.
void print_device(const View& view, telemetry::KeySet fields, std::string& out);
// The same with a `latest` that the caller printed: a ROW, or null.
void print_device(const View& view, std::string_view latest_json, std::string& out);

// One entry of a `changes` event: "id", what changed, and "samples" with the columns that differ
// from the device's previous sample; null means gone. A device that appeared is a whole DEVICE.
void print_change(const Change& change, telemetry::KeySet fields, std::string& out);

}  // namespace idast::live
