#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/telemetry/schema.h"

// A sample on the radio: the table's by_radio fields in order, little-endian fixed point, the wire
// type's extreme value for "absent". A field out of range is sent as absent, never as a lie.
// An older sender's payload is a prefix of ours: the tail stays absent. A newer sender's tail is
// ignored.
namespace idast::telemetry {

using Payload = std::array<std::byte, kPayloadBytes>;

Payload encode(const Sample& sample);

// Total: any bytes give some sample; what cannot be (a state code from the future) is absent.
Sample decode(Bytes payload);

// The by_radio fields as the integers that travel, in order; another's wire type's extreme value is
// "absent" here too. radio_values(decode(x)) is what x holds.
using RadioValues = std::array<std::int64_t, kRadioFieldCount>;
RadioValues radio_values(const Sample& sample);
// Sets the by_radio fields of the sample and leaves the others.
void set_radio_values(Sample& sample, const RadioValues& values);

}  // namespace idast::telemetry
