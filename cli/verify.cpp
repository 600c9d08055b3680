#include "cli/verify.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <string>

#include "cli/lab_progress.h"
#include "core/base/calendar.h"
#include "core/telemetry/row.h"
#include "server/archive/archive.h"
#include "server/store/sqlite_thinned.h"
#include "server/store/sqlite_verify.h"

namespace idast::cli {
namespace {

using store::Check;

bool is_good(const std::vector<Check>& checks) {
  return std::ranges::all_of(checks, [](const Check& check) { return check.faults == 0; });
}

void print_json(const std::vector<Check>& checks, std::ostream& out) {
  std::string text = R"({"schema":1,"ok":)";
  text.append(is_good(checks) ? "true" : "false").append(R"(,"checks":[)");
  for (const Check& check : checks) {
    if (text.back() != '[') text.push_back(',');
    text.append(R"({"name":)");
    telemetry::print_text(check.name, text);
    text.append(R"(,"about":)");
    telemetry::print_text(check.about, text);
    text.append(R"(,"looked_at":)").append(std::to_string(check.looked_at));
    text.append(R"(,"faults":)").append(std::to_string(check.faults));
    text.append(R"(,"examples":[)");
    for (const std::string& example : check.examples) {
      if (text.back() != '[') text.push_back(',');
      telemetry::print_text(example, text);
    }
    text.append("]}");
  }
  out << text << "]}\n";
}

void add(Check& check, std::string words) {
  constexpr std::size_t kExamplesMax = 5;
  ++check.faults;
  if (check.examples.size() < kExamplesMax) check.examples.push_back(std::move(words));
}

// The archive as one more check. Its chain says which file, and what of it.
Check check_archive(const archive::Result<archive::Verified>& verified) {
  Check check{"archive", "every archived day is as it was written", 0, 0, {}};
  if (!verified) {
    add(check, verified.error().words);
    return check;
  }
  check.looked_at = verified->files;
  for (const archive::Fault& fault : verified->faults) add(check, fault.file + ": " + fault.words);
  return check;
}

// Days whose single samples are in the archive alone.
Check check_thinned(const std::vector<store::ThinnedDay>& days,
                    const std::map<std::string, std::int64_t>& archived) {
  constexpr std::int64_t kDayMillis = 86'400'000;
  Check check{"thinned", "days kept as ten-second rows: in the archive whole", 0, 0, {}};
  for (const store::ThinnedDay& thinned : days) {
    ++check.looked_at;
    const std::string day{to_iso(UtcMillis{thinned.day * kDayMillis}).view().substr(0, 10)};
    const auto found = archived.find(day);
    const std::int64_t samples = found == archived.end() ? 0 : found->second;
    if (samples >= thinned.samples) continue;
    add(check, day + ": of " + std::to_string(thinned.samples) + " samples the archive has " +
                   std::to_string(samples));
  }
  return check;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

void print_table(const std::vector<Check>& checks, std::ostream& out) {
  constexpr std::size_t kName = 12;
  constexpr std::size_t kAbout = 50;
  constexpr std::size_t kCount = 12;
  out << padded("check", kName) << padded("what", kAbout) << right("looked at", kCount)
      << right("wrong", kCount) << "\n";
  for (const Check& check : checks) {
    out << padded(check.name, kName) << padded(check.about, kAbout)
        << right(std::to_string(check.looked_at), kCount)
        << right(check.faults == 0 ? "-" : std::to_string(check.faults), kCount) << "\n";
    for (const std::string& example : check.examples) out << "    " << example << "\n";
    const auto shown = static_cast<std::int64_t>(check.examples.size());
    if (check.faults > shown) out << "    and " << check.faults - shown << " more\n";
  }
  out << (is_good(checks) ? "nothing is wrong\n"
                          : "something is wrong: keep this database, restore the last good backup "
                            "(idast restore FILE), and import what is newer from an export\n");
}

}  // namespace

int run_verify(const VerifyOptions& options, std::ostream& out, std::ostream& err) {
  store::Result<std::vector<Check>> checks;
  {
    LabProgress bar{{1.0}, err, options.terminal};
    checks = store::verify_database(options.database.string(), {.thinned = options.thinned},
                                    [&](double share) { bar.report(0, share); });
  }
  if (!checks) {
    err << "idast verify: " << checks.error().words << "\n";
    return 1;
  }
  const auto thinned = store::thinned_days(options.database.string());
  std::error_code ignored;
  const bool there = std::filesystem::is_directory(options.archive, ignored);
  if (there || (thinned && !thinned->empty())) {
    const auto archived = archive::verify(options.archive);
    if (there) checks->push_back(check_archive(archived));
    if (thinned && !thinned->empty()) {
      checks->push_back(check_thinned(
          *thinned, archived ? archived->samples_of_day : std::map<std::string, std::int64_t>{}));
    }
  }
  options.json ? print_json(*checks, out) : print_table(*checks, out);
  return is_good(*checks) ? 0 : 1;
}

}  // namespace idast::cli
