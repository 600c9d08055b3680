// What a month's chart and a year of days cost the server, by the rows beneath.
//
// months FOLDER [--devices 100] [--days 30] [--every-ms 10000] [--rounds 20] [--keep-raw-days 0]
//
// With --keep-raw-days older days are then thinned into ten-second rows, as after the archive took
// them: what a piece of it takes, what it writes, and the same questions again.
//
// Fills a database in FOLDER through the store, as a server does, and prints one JSON object of
// milliseconds a query: the server's own work, from the question to the text of the answer. An
// existing database of the same name is only asked.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "server/query/history.h"
#include "server/query/samples.h"
#include "server/store/sqlite.h"

namespace {

using namespace idast;
using telemetry::position_of;
using telemetry::Record;

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kBegin = 1'703'116'800'000;  // 2023-12-21 00:00:00 UTC.
// Rows of one commit.
constexpr std::int64_t kCommitRows = 5'000;

struct Options {
  std::string folder;
  std::int64_t devices = 100;
  std::int64_t days = 30;
  std::int64_t every_ms = 10'000;
  std::int64_t rounds = 20;
  std::int64_t keep_raw_days = 0;
};

std::string device_name(std::int64_t device) {
  char text[40];
  std::snprintf(text, sizeof text, "esp32-receiver-%06llX",
                static_cast<unsigned long long>(device));
  return text;
}

void put(Record& record, std::size_t field, std::int64_t value) {
  record.value[field] = value;
  record.present.add(field);
}

Record sample(std::int64_t device, std::int64_t seq, std::int64_t ts_ms, std::int64_t energy,
              Random& random) {
  const auto noise = [&](std::uint64_t width) {
    return static_cast<std::int64_t>(random.below(width));
  };
  Record record;
  record.device = device_name(device);
  record.ts = UtcMillis{ts_ms};
  record.received = UtcMillis{ts_ms + 40 + noise(60)};
  record.text[position_of("boot_id")] = "0123456789abcdef";
  record.present.add(position_of("boot_id"));
  put(record, position_of("ts"), ts_ms);
  put(record, position_of("seq"), seq);
  put(record, position_of("uptime_ms"), seq * 350);
  const std::int64_t left = 2'300 + noise(120);
  const std::int64_t right = 2'350 + noise(120);
  put(record, position_of("left"), left);
  put(record, position_of("right"), right);
  put(record, position_of("avg"), (left + right) / 2);
  put(record, position_of("top"), 2'500 + noise(120));
  put(record, position_of("steady"), seq / 40 % 2);
  put(record, position_of("power_w"), 600 + noise(300));
  put(record, position_of("power_actual_w"), 600 + noise(300));
  put(record, position_of("temp_c"), 450 + noise(20));
  put(record, position_of("battery_pct"), 600 + seq / 300 % 400);
  put(record, position_of("battery_v"), 385 + noise(9));
  put(record, position_of("energy_wh"), energy);
  put(record, position_of("azimuth_deg"), 11'000 + seq / 20 % 9'000);
  put(record, position_of("elevation_deg"), 4'000 + seq / 30 % 3'000);
  put(record, position_of("panel_v"), 6'100 + noise(500));
  put(record, position_of("panel_a"), 900 + noise(450));
  put(record, position_of("battery_a"), 600 + noise(300));
  return record;
}

template <class T>
T value_of(store::Result<T>&& result) {
  if (!result) {
    std::fprintf(stderr, "months: %s\n", result.error().words.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::int64_t fill(store::Store& store, const Options& options) {
  Random random{1};
  std::vector<std::int64_t> seqs(static_cast<std::size_t>(options.devices));
  std::int64_t rows = 0;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Record> batch;
  const std::int64_t end = kBegin + options.days * kDay;
  const std::int64_t slice = (kCommitRows / options.devices + 1) * options.every_ms;
  int slices = 0;
  for (std::int64_t at = kBegin; at < end; at += slice) {
    batch.clear();
    for (std::int64_t ts_ms = at; ts_ms < std::min(end, at + slice); ts_ms += options.every_ms) {
      for (std::int64_t d = 0; d < options.devices; ++d) {
        std::int64_t& seq = seqs[static_cast<std::size_t>(d)];
        batch.push_back(sample(d, seq, ts_ms + d, seq * options.every_ms / 450, random));
        ++seq;
      }
    }
    rows += static_cast<std::int64_t>(value_of(store.commit(batch)).inserted);
    while (store.tidy()) {
    }
    if (++slices % 10 == 0) {
      std::fprintf(stderr, "\r%lld rows, %.0f/s ", static_cast<long long>(rows),
                   static_cast<double>(rows) / seconds_since(begin));
    }
  }
  std::fprintf(stderr, "\n");
  return rows;
}

// A round lasts at least so long: of what takes less than a millisecond a single time says little.
constexpr double kRoundMs = 10;

// In milliseconds: the middle of some rounds, each the mean of its questions, and the slowest
// question of all.
std::pair<double, double> measure(std::int64_t rounds,
                                  const std::function<void(std::int64_t)>& ask) {
  std::vector<double> means;
  double slowest = 0;
  std::int64_t asked = 0;
  for (std::int64_t round = 0; round < rounds; ++round) {
    double spent = 0;
    double questions = 0;
    for (; spent < kRoundMs; ++questions) {
      const auto begin = std::chrono::steady_clock::now();
      ask(asked++);
      const double took = seconds_since(begin) * 1'000;
      slowest = std::max(slowest, took);
      spent += took;
    }
    means.push_back(spent / questions);
  }
  std::ranges::sort(means);
  return {means[means.size() / 2], slowest};
}

// What this process had written to disk so far.
double written_bytes() {
  std::ifstream io{"/proc/self/io"};
  std::string name;
  double value = 0;
  while (io >> name >> value) {
    if (name == "write_bytes:") return value;
  }
  return 0;
}

void thin(const std::string& file, const Options& options) {
  const auto store = value_of(
      store::open_sqlite(file, {.keep_raw_days = static_cast<int>(options.keep_raw_days)}));
  Random random{2};
  Record later =
      sample(0, options.days * kDay / options.every_ms, kBegin + options.days * kDay, 0, random);
  later.received = later.ts + std::chrono::hours{2};
  value_of(store->commit({&later, 1}));
  while (store->tidy()) {
  }
  while (const auto day = value_of(store->unarchived())) value_of(store->archived(*day));
  const double written = written_bytes();
  std::vector<double> pieces;
  double seconds = 0;
  for (bool more = true; more;) {
    const auto begin = std::chrono::steady_clock::now();
    more = store->tidy() || store->thin();
    pieces.push_back(seconds_since(begin) * 1'000);
    seconds += pieces.back() / 1'000;
  }
  std::ranges::sort(pieces);
  const store::Store::Size size = value_of(store->size());
  std::printf(
      ",\"thin_s\":%.1f,\"pieces\":%zu,\"piece_ms\":%.2f,\"piece_ms_p99\":%.2f,"
      "\"piece_ms_max\":%.2f,\"thinned_samples\":%lld,\"thinned_rows\":%lld,"
      "\"thin_written_bytes\":%.0f,\"free_bytes\":%lld,\"file_bytes\":%lld",
      seconds, pieces.size(), pieces[pieces.size() / 2], pieces[pieces.size() * 99 / 100],
      pieces.back(), static_cast<long long>(size.thinned_samples),
      static_cast<long long>(size.thinned.rows), written_bytes() - written,
      static_cast<long long>(size.free_bytes), static_cast<long long>(size.bytes));
}

void ask_all(store::Store& store, const Options& options) {
  const auto reader = value_of(store.open_reader());
  const UtcMillis begin{kBegin};
  const UtcMillis end{kBegin + options.days * kDay};
  std::vector<query::DeviceZone> all;
  for (std::int64_t d = 0; d < options.devices; ++d) {
    all.push_back({device_name(d), "Asia/Manila"});
  }
  const std::vector<std::size_t> fields{position_of("power_w"), position_of("battery_pct"),
                                        position_of("temp_c")};
  std::size_t bytes = 0;
  const auto device = [&](std::int64_t round) {
    return device_name((round * 37 + 5) % options.devices);
  };
  const auto chart = [&](std::size_t points) {
    return measure(options.rounds, [&](std::int64_t round) {
      bytes += value_of(query::samples_json(*reader, {device(round), begin, end, points, fields}))
                   .size();
    });
  };
  const auto print = [&](const char* name, std::pair<double, double> times) {
    std::printf(",\"%s\":%.3f,\"%s_max\":%.3f", name, times.first, name, times.second);
  };
  print("chart_500_ms", chart(500));
  print("chart_5000_ms", chart(5'000));
  print("days_of_all_ms", measure(options.rounds, [&](std::int64_t) {
          bytes += value_of(query::history_csv(
                                *reader, all,
                                static_cast<int>(std::min<std::int64_t>(365, options.days)),
                                end - Millis{1}))
                       .size();
        }));
  print("days_of_one_ms", measure(options.rounds, [&](std::int64_t round) {
          const std::vector<query::DeviceZone> one{{device(round), "Asia/Manila"}};
          bytes += value_of(query::history_csv(
                                *reader, one,
                                static_cast<int>(std::min<std::int64_t>(365, options.days)),
                                end - Millis{1}))
                       .size();
        }));
  std::printf(",\"answer_bytes\":%zu", bytes);
}

bool read_options(int argc, char** argv, Options& options) {
  if (argc < 2 || argc % 2 != 0) return false;
  options.folder = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::int64_t value = std::atoll(argv[i + 1]);
    if (value <= 0) return false;
    if (name == "--devices")
      options.devices = value;
    else if (name == "--days")
      options.days = value;
    else if (name == "--every-ms")
      options.every_ms = value;
    else if (name == "--rounds")
      options.rounds = value;
    else if (name == "--keep-raw-days")
      options.keep_raw_days = value;
    else
      return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, options)) {
    std::fprintf(stderr,
                 "months FOLDER [--devices N] [--days N] [--every-ms N] [--rounds N] "
                 "[--keep-raw-days N]\n");
    return 2;
  }
  const std::string file = options.folder + "/months.db";
  const bool is_new = !std::filesystem::exists(file);
  auto store = value_of(store::open_sqlite(file));
  const auto begin = std::chrono::steady_clock::now();
  const std::int64_t rows =
      is_new ? fill(*store, options) : options.devices * options.days * kDay / options.every_ms;
  std::printf("{\"rows\":%lld,\"fill_s\":%.1f,\"bytes\":%lld", static_cast<long long>(rows),
              seconds_since(begin), static_cast<long long>(value_of(store->size()).bytes));
  ask_all(*store, options);
  if (options.keep_raw_days > 0) {
    store.reset();
    thin(file, options);
    std::printf(",\"after\":{\"thinned\":1");
    ask_all(*value_of(store::open_sqlite(file)), options);
    std::printf("}");
  }
  std::printf("}\n");
  return 0;
}
