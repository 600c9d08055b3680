#include "cli/verify.h"

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>
#include <string>

#include "cli/lab_progress.h"
#include "core/base/calendar.h"
#include "core/telemetry/row.h"
#include "server/archive/archive.h"
#include "server/store/sqlite_thinned.h"
#include "server/store/sqlite_verify.h"
#include "server/store/sqlite_verify_thinned.h"
#include "server/transfer/message.h"

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

std::string text_of(const store::ThinnedDay& thinned) {
  constexpr std::int64_t kDayMillis = 86'400'000;
  return std::string{to_iso(UtcMillis{thinned.day * kDayMillis}).view().substr(0, 10)};
}

// Days whose single samples are in the archive alone. Those that it has go to `whole`.
Check check_thinned(const std::vector<store::ThinnedDay>& days,
                    const std::map<std::string, std::int64_t>& archived,
                    std::vector<store::ThinnedDay>& whole) {
  Check check{"thinned", "days kept as ten-second rows: in the archive whole", 0, 0, {}};
  for (const store::ThinnedDay& thinned : days) {
    ++check.looked_at;
    const std::string day = text_of(thinned);
    const auto found = archived.find(day);
    const std::int64_t samples = found == archived.end() ? 0 : found->second;
    if (samples >= thinned.samples) {
      whole.push_back(thinned);
    } else if (samples == 0) {
      add(check, day + ".ndjson.zst is not in the archive whole, which alone has the day's " +
                     std::to_string(thinned.samples) + " samples");
    } else {
      add(check, day + ": of " + std::to_string(thinned.samples) + " samples the archive has " +
                     std::to_string(samples));
    }
  }
  return check;
}

// One such day: its archived samples in order through the sums.
store::Result<void> add_day(const std::filesystem::path& archive, const std::string& day,
                            transfer::MessageReader& messages, store::ThinnedMinutes& minutes,
                            Check& unread, const std::function<void()>& one_more) {
  store::Result<void> added;
  const auto read = archive::read_day(archive, day, [&](const archive::Entry& entry, int part) {
    one_more();
    const auto sample = messages.read(entry.device, entry.received, entry.ts, entry.message);
    if (!sample) {
      add(unread, day + ".ndjson.zst: a sample of " + entry.device + " is refused, " +
                      std::string{sample.error()});
      return true;
    }
    added = minutes.add(*sample, part > 1);
    return added.has_value();
  });
  if (!added) return added;
  if (!read) add(unread, read.error().words);
  return minutes.end();
}

// Their minutes added up again from the archive.
store::Result<Check> check_thinned_sums(const VerifyOptions& options,
                                        const std::vector<store::ThinnedDay>& days,
                                        const std::map<std::string, std::int64_t>& archived,
                                        const std::function<void(double share)>& progress) {
  auto minutes = store::ThinnedMinutes::open(options.database.string());
  if (!minutes) return std::unexpected{minutes.error()};
  constexpr std::int64_t kProgressEvery = 16'384;  // Samples.
  std::int64_t all = 0;
  std::int64_t done = 0;
  for (const store::ThinnedDay& day : days) all += archived.at(text_of(day));
  const auto one_more = [&] {
    if (++done % kProgressEvery == 0)
      progress(static_cast<double>(done) / static_cast<double>(all));
  };
  transfer::MessageReader messages;
  Check unread;
  for (const store::ThinnedDay& day : days) {
    const auto begun = (*minutes)->begin(day.day);
    if (!begun) return std::unexpected{begun.error()};
    if (!*begun) continue;
    const auto added =
        add_day(options.archive, text_of(day), messages, **minutes, unread, one_more);
    if (!added) return std::unexpected{added.error()};
  }
  Check check = (*minutes)->check();
  check.faults += unread.faults;
  check.examples.insert(check.examples.begin(), unread.examples.begin(), unread.examples.end());
  return check;
}

// What the archive says of itself and of the days that it alone has. In a database of which
// something is wrong already some of it may not be readable; that is then no more than was said.
store::Result<void> check_with_archive(const VerifyOptions& options, std::vector<Check>& checks,
                                       LabProgress& bar) {
  const bool good = is_good(checks);
  const auto thinned = store::thinned_days(options.database.string());
  if (!thinned && good) return std::unexpected{thinned.error()};
  std::error_code ignored;
  const bool there = std::filesystem::is_directory(options.archive, ignored);
  const bool alone = thinned && !thinned->empty();
  if (!there && !alone) return {};
  const auto archived =
      archive::verify(options.archive, [&](std::int64_t done, std::int64_t total) {
        if (total > 0) bar.report(1, static_cast<double>(done) / static_cast<double>(total));
      });
  if (there) checks.push_back(check_archive(archived));
  if (!alone) return {};
  const auto samples = archived ? archived->samples_of_day : std::map<std::string, std::int64_t>{};
  std::vector<store::ThinnedDay> whole;
  checks.push_back(check_thinned(*thinned, samples, whole));
  auto sums =
      check_thinned_sums(options, whole, samples, [&](double share) { bar.report(2, share); });
  if (!sums && good) return std::unexpected{sums.error()};
  if (sums) checks.push_back(std::move(*sums));
  return {};
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
    // The database, the archive's files, and the thinned days out of them once more.
    LabProgress bar{{1.0, 0.5, 1.0}, err, options.terminal};
    checks = store::verify_database(options.database.string(), {.thinned = options.thinned},
                                    [&](double share) { bar.report(0, share); });
    if (checks) {
      const auto done = check_with_archive(options, *checks, bar);
      if (!done) checks = std::unexpected{done.error()};
    }
  }
  if (!checks) {
    err << "idast verify: " << checks.error().words << "\n";
    return 1;
  }
  options.json ? print_json(*checks, out) : print_table(*checks, out);
  return is_good(*checks) ? 0 : 1;
}

}  // namespace idast::cli
