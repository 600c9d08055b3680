#pragma once
#include <span>
#include <string>
#include <vector>

#include "sim/lab/drawing.h"

// What the lab found, as one page for people: `idast lab --report`. The page holds its pictures and
// its style, asks the network for nothing and reads without script; a small one shows values under
// the pointer. It is XML as well as HTML. Pure; any thread.
namespace idast::sim {

// The kind of a day, from its measured light: by the diffuse share of its irradiation and by how
// much GHI changes from minute to minute.
enum class DayKind : std::uint8_t { clear, broken, hazy, overcast };
std::string_view to_text(DayKind kind);
DayKind kind_of(const std::vector<LabMinute>& minutes);

// "On this broken day hybrid caught 99.8 % of what any panel could; naive 94.9 %."
std::string headline(const ReportDay& day);
// "… Tracking is not paying here: …", or that it does, with the figures; empty without a law with
// motors.
std::string ledger_sentence(const ReportDay& day);

// `body`: how the real thing differs from what the laws believe, a line each, as plain text.
std::string report_page(std::span<const ReportDay> days, std::span<const std::string> body);

}  // namespace idast::sim
