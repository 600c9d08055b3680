#include "server/app/serve.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <future>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/resource.h>

#include "mqtt/session.h"
#include "server/api/endpoints.h"
#include "server/api/server.h"
#include "server/app/backlog.h"
#include "server/app/backups.h"
#include "server/app/data_folder.h"
#include "server/app/keeper.h"
#include "server/app/pipeline.h"
#include "server/app/workers.h"
#include "server/app/writer.h"
#include "server/archive/archivist.h"
#include "server/devices/registry.h"
#include "server/live/board.h"
#include "server/live/hub.h"
#include "server/store/sqlite.h"
#include "server/store/tiers.h"

namespace idast::app {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kWorkers = 2;
// Sunrise and sunset to half a minute are enough for a word on a screen.
constexpr std::chrono::seconds kSunEvery{30};
// How soon the log says that the database does not answer.
constexpr std::chrono::seconds kWatchEvery{1};
// From the signal to the last word. A commit takes milliseconds; a store that refuses is given up.
constexpr std::chrono::seconds kStopWithin{5};
// How long /metrics waits for a thread that is busy.
constexpr std::chrono::seconds kMeasureWithin{2};
// Streams, requests and files, with room to spare.
constexpr rlim_t kFilesWanted = 4'096;
// The same failure is logged again after this long.
constexpr Millis kRepeatAfter = std::chrono::minutes{1};

constexpr std::array<std::string_view, 4> kSubscriptions{
    "solar-tracker/+/telemetry", "solar-tracker/+/status", "solar-tracker/+/lost",
    "solar-tracker/+/history"};

Instant now() {
  return Instant{
      std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch())};
}

UtcMillis utc_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return UtcMillis{std::chrono::duration_cast<Millis>(since).count()};
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kFilesWanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, kFilesWanted);
  setrlimit(RLIMIT_NOFILE, &limit);
}

mqtt::Options mqtt_options(const Config& config, const std::string& client_id) {
  mqtt::Options options;
  options.host = config.broker.host;
  options.port = config.broker.port;
  options.tls = config.broker.tls;
  options.ca_file = config.mqtt_ca_file;
  options.client_id = client_id;
  options.username = config.mqtt_username;
  options.password = config.mqtt_password;
  options.jitter_seed = std::random_device{}();
  return options;
}

live::Profile profile_of(const devices::Registry& registry, const devices::Device& device) {
  live::Profile profile{.name = device.name};
  if (const devices::Site* const site = registry.site_of(device.id)) {
    profile.site_json = devices::to_json(*site);
  }
  if (!device.mount.empty()) profile.mount_json = "\"" + device.mount + "\"";
  return profile;
}

// Every tracker the database knows is on the board from the start.
store::Result<void> restore(store::Reader& reader, live::Board& board) {
  const auto seen = reader.devices();
  if (!seen) return std::unexpected{seen.error()};
  for (const store::DeviceSeen& device : *seen) {
    auto latest = reader.latest(device.device);
    if (!latest) return std::unexpected{latest.error()};
    if (*latest) {
      const std::int64_t row_id = (*latest)->id;
      board.restore(std::move((*latest)->record), (*latest)->boot_started, row_id);
    }
  }
  return {};
}

}  // namespace

class Service::Parts {
 public:
  Parts(const Config& config, const Log& log, DataFolder folder, devices::Registry registry,
        std::unique_ptr<store::Store> store);
  ~Parts();

  std::expected<void, std::string> start();
  void run();
  void stop();
  std::uint16_t http_port() const { return http_port_; }

 private:
  // MQTT.
  mqtt::Callbacks callbacks();
  void on_disconnected(const mqtt::DisconnectReason& reason);
  void poll();
  void restart_session();
  void update_sun();
  void watch_store();
  // Commits, or, while the database takes nothing, the spool.
  void start_keeping();
  void keep(Batch batch);
  // The end.
  void watch_signals();
  void begin_stop();
  void finish_stop();
  // What HTTP asks.
  api::Routes make_routes(store::Reader& reader);
  std::vector<std::string> not_ready() const;
  std::optional<api::Storage> storage();
  void measure_store(api::Metrics& metrics);
  void measure_tiers(api::Metrics& metrics, const store::Store::Size& size);
  void measure_backups(api::Metrics& metrics);
  bool keep_old_days();
  bool archive_some();
  void measure(api::Metrics& metrics);
  void measure_session(api::Metrics& metrics);
  void measure_http(api::Metrics& metrics);

  const Config config_;
  const Log& log_;
  DataFolder folder_;
  const devices::Registry registry_;
  insight::Ledger ledger_;
  std::unique_ptr<store::Store> store_;
  live::Board board_;
  const UtcMillis started_ = utc_now();

  asio::io_context io_;
  asio::signal_set signals_{io_};
  asio::steady_timer due_{io_};
  asio::steady_timer sun_{io_};
  asio::steady_timer watch_{io_};
  asio::steady_timer deadline_{io_};
  std::optional<mqtt::Session> session_;
  Pipeline pipeline_;
  std::string last_failure_;
  Instant last_failure_at_;
  bool stopping_ = false;
  bool restarting_ = false;
  bool finished_ = false;
  std::atomic<bool> subscribed_ = false;

  live::Hub hub_;
  asio::io_context http_io_;
  asio::executor_work_guard<asio::io_context::executor_type> http_work_{http_io_.get_executor()};
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<api::Routes> routes_;
  std::unique_ptr<store::Reader> routes_reader_;
  std::optional<api::Server> server_;
  LogLimit http_logged_;  // Of the HTTP thread.
  std::uint16_t http_port_ = 0;
  std::thread http_thread_;
  spool::PosixDisk spool_disk_;
  Backlog backlog_;
  // Of the writer's thread, but for what is counted.
  archive::Archivist archivist_;
  std::string archive_trouble_;
  std::int64_t archive_files_logged_ = 0;
  std::atomic<std::int64_t> archived_files_ = 0;
  std::atomic<std::int64_t> archived_samples_ = 0;
  std::atomic<std::int64_t> archive_failures_ = 0;
  std::atomic<std::int64_t> days_from_ms_ = 0;  // By now().
  std::optional<Writer> writer_;
  std::optional<Keeper> keeper_;
  std::optional<Backups> backups_;
};

// --- building and ending -------------------------------------------------------------------------

Service::Parts::Parts(const Config& config, const Log& log, DataFolder folder,
                      devices::Registry registry, std::unique_ptr<store::Store> store)
    : config_{config},
      log_{log},
      folder_{std::move(folder)},
      registry_{std::move(registry)},
      store_{std::move(store)},
      pipeline_{
          {.linger = config.linger, .interval = config.ingest_interval},
          board_,
          log_,
          {.acknowledge =
               [this](std::span<const mqtt::AckToken> tokens) { session_->acknowledge(tokens); },
           .publish =
               [this](const ingest::StoredMessage& word) {
                 return session_->publish(word.topic, word.payload, 1, false).has_value();
               },
           .commit = [this](Batch batch) { keep(std::move(batch)); },
           .clock_set =
               [this](Millis by, UtcMillis at) {
                 if (by < Millis{0}) writer_->settle_clock(at);
                 days_from_ms_ = (now() + Pipeline::kClockSettles).since_start().count();
               }}},
      // Ids of the live stream grow over restarts: a thousand for every millisecond that passed.
      hub_{board_, static_cast<live::EventId>(started_.unix_ms()) * 1'000,
           mqtt::to_url(config.broker)},
      spool_disk_{config.data / "spool"},
      backlog_{spool_disk_, config.spool_bytes_max, log_},
      archivist_{config.data / "archive", *store_} {}

std::expected<void, std::string> Service::Parts::start() {
  for (const devices::Device& device : registry_.devices()) {
    board_.describe(device.id, profile_of(registry_, device));
  }
  for (std::size_t i = 0; i <= kWorkers; ++i) {
    auto reader = store_->open_reader();
    if (!reader) return std::unexpected{reader.error().words};
    if (i == kWorkers) {
      if (auto restored = restore(**reader, board_); !restored) {
        return std::unexpected{restored.error().words};
      }
      routes_.emplace(make_routes(**reader));
      routes_reader_ = std::move(*reader);
      break;
    }
    workers_.push_back(std::make_unique<Worker>(
        std::move(*reader), [this](store::Reader& own) { return make_routes(own); }));
  }
  server_.emplace(
      http_io_,
      api::Options{
          .hosts = config_.hosts,
          .warn = [this](std::string_view event,
                         std::string_view detail) { log_.warn(event, {{"detail", detail}}); }},
      *routes_,
      api::Workers{.count = kWorkers,
                   .run = [this](std::size_t index,
                                 Worker::Job job) { workers_[index]->post(std::move(job)); }},
      hub_, api::Clock{.now = now, .utc = utc_now});
  const auto port = server_->listen(config_.http.host, config_.http.port);
  if (!port) return std::unexpected{port.error()};
  http_port_ = *port;

  // A spool that cannot be opened is an empty one: /ready says so when it is needed.
  if (const auto opened = backlog_.open(); !opened) {
    log_.error("spool.failed", {{"reason", spool::name(opened.error())}});
  }
  start_keeping();
  // An earlier run may have had a clock that ran ahead.
  board_.settle_clock(utc_now());
  writer_->settle_clock(utc_now());
  if (config_.backup_every.count() > 0) {
    backups_.emplace(Backups::Plan{.database = config_.database,
                                   .folder = config_.backup_folder,
                                   .every = config_.backup_every,
                                   .keep = config_.backup_keep},
                     log_);
  }
  session_.emplace(io_, mqtt_options(config_, folder_.client_id()), callbacks());
  for (const std::string_view filter : kSubscriptions) {
    require(session_->subscribe(filter, 1).has_value(), "serve: our own filters are sound");
  }
  return {};
}

// Whatever the two threads answer is heard on the io thread.
void Service::Parts::start_keeping() {
  writer_.emplace(*store_, backlog_, log_,
                  Writer::Outlets{.committed =
                                      [this](Batch batch, store::Committed result) {
                                        asio::post(io_, [this, batch = std::move(batch),
                                                         result = std::move(result)]() mutable {
                                          keeper_->relieved();
                                          pipeline_.committed(std::move(batch), result);
                                          poll();
                                        });
                                      },
                                  .failed =
                                      [this](Batch batch) {
                                        asio::post(io_, [this, batch = std::move(batch)]() mutable {
                                          keeper_->submit(std::move(batch));
                                        });
                                      },
                                  .replayed =
                                      [this](store::Committed result, bool drained) {
                                        asio::post(io_,
                                                   [this, result = std::move(result), drained] {
                                                     pipeline_.replayed(result, drained);
                                                     poll();
                                                   });
                                      },
                                  .idle = [this] { return keep_old_days(); }});
  keeper_.emplace(backlog_, log_, [this](Batch batch, bool kept) {
    asio::post(io_, [this, batch = std::move(batch), kept]() mutable {
      if (!kept) return keep(std::move(batch));
      pipeline_.spooled(std::move(batch));
      writer_->wake();
      poll();
    });
  });
}

// What comes while the spool owes something goes behind it, so that samples of devices that do not
// number them reach the database in the order in which they came.
void Service::Parts::keep(Batch batch) {
  if (backlog_.owes()) return keeper_->submit(std::move(batch));
  writer_->submit(std::move(batch));
}

void Service::Parts::run() {
  http_thread_ = std::thread{[this] { http_io_.run(); }};
  watch_signals();
  update_sun();
  watch_store();
  if (config_.ingest_enabled) session_->start();
  io_.run();
}

void Service::Parts::stop() {
  asio::post(io_, [this] { begin_stop(); });
}

Service::Parts::~Parts() {
  // Everything that calls into another part ends before that part does.
  session_.reset();
  backups_.reset();
  keeper_.reset();
  writer_.reset();
  if (server_) asio::post(http_io_, [this] { server_->stop(); });
  http_work_.reset();
  if (http_thread_.joinable()) http_thread_.join();
  workers_.clear();
  // What the workers still answered finds its connection closed.
  http_io_.restart();
  http_io_.run();
}

void Service::Parts::watch_signals() {
  error_code ignored;
  signals_.add(SIGINT, ignored);
  signals_.add(SIGTERM, ignored);
  signals_.async_wait([this](const error_code& error, int) {
    if (error) return;
    // The second one finds the system's own way: it ends at once.
    signals_.clear();
    begin_stop();
  });
}

void Service::Parts::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  log_.info("serve.stopping");
  sun_.cancel();
  pipeline_.finish();
  deadline_.expires_after(kStopWithin);
  deadline_.async_wait([this](const error_code& cancelled) {
    if (cancelled) return;
    log_.warn("serve.stopped_late", {{"words", "the last batch was not committed"}});
    io_.stop();
  });
  poll();
}

void Service::Parts::finish_stop() {
  if (std::exchange(finished_, true)) return;
  due_.cancel();
  watch_.cancel();
  signals_.cancel();
  const auto done = [this] {
    deadline_.cancel();
    log_.info("serve.stopped");
    io_.stop();
  };
  if (!config_.ingest_enabled) return done();
  session_->stop(done);
}

// --- MQTT ----------------------------------------------------------------------------------------

mqtt::Callbacks Service::Parts::callbacks() {
  return {.connected =
              [this](bool session_present) {
                log_.info("mqtt.connected", {{"broker", mqtt::to_url(config_.broker)},
                                             {"session_present", session_present}});
                last_failure_.clear();
                pipeline_.connected();
              },
          .disconnected = [this](const mqtt::DisconnectReason& reason) { on_disconnected(reason); },
          .message =
              [this](const mqtt::Message& message) {
                pipeline_.receive(message, now(), utc_now());
                poll();
              },
          .subscribed =
              [this] {
                subscribed_ = true;
                log_.info("mqtt.subscribed");
              },
          .subscription_refused =
              [this](std::string_view filter) {
                log_.error("mqtt.subscription_refused", {{"filter", filter}});
              }};
}

// Attempts go on for as long as a broker is away; the log says it once a minute.
void Service::Parts::on_disconnected(const mqtt::DisconnectReason& reason) {
  subscribed_ = false;
  if (stopping_) return;
  const bool same = last_failure_ == reason.words && now() - last_failure_at_ < kRepeatAfter;
  if (same && !reason.was_connected) return;
  last_failure_ = reason.words;
  last_failure_at_ = now();
  log_.warn("mqtt.disconnected", {{"broker", mqtt::to_url(config_.broker)},
                                  {"kind", mqtt::name(reason.kind)},
                                  {"words", reason.words},
                                  {"retry_in_ms", std::int64_t{reason.retry_in.count()}}});
}

// Hands on what is due, and sets the alarm for what is due next.
void Service::Parts::poll() {
  const Instant at = now();
  pipeline_.note_held(session_->counters().held_max);
  pipeline_.poll(at);
  if (pipeline_.idle() && pipeline_.take_overflow()) restart_session();
  if (stopping_ && pipeline_.idle()) return finish_stop();
  const auto next = pipeline_.due_at(at);
  if (!next) {
    due_.cancel();
    return;
  }
  const asio::steady_timer::time_point expiry{next->since_start()};
  if (due_.expiry() == expiry) return;
  due_.expires_at(expiry);
  due_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) poll();
  });
}

// The broker sends again what it was never told to forget.
void Service::Parts::restart_session() {
  if (stopping_ || restarting_) return;
  restarting_ = true;
  log_.warn("mqtt.restarted", {{"words", "messages came faster than they could be kept"}});
  session_->stop([this] {
    restarting_ = false;
    if (!stopping_) session_->start();
  });
}

void Service::Parts::update_sun() {
  for (const devices::Device& device : registry_.devices()) {
    board_.set_sun(device.id, registry_.sun_is_up(device.id, utc_now()));
  }
  sun_.expires_after(kSunEvery);
  sun_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) update_sun();
  });
}

void Service::Parts::watch_store() {
  writer_->watch();
  watch_.expires_after(kWatchEvery);
  watch_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) watch_store();
  });
}

// --- what HTTP asks ------------------------------------------------------------------------------

api::Routes Service::Parts::make_routes(store::Reader& reader) {
  return api::make_routes({.reader = reader,
                           .board = board_,
                           .registry = registry_,
                           .ledger = ledger_,
                           .store_trouble = [this] { return writer_->trouble(); },
                           .not_ready = [this] { return not_ready(); },
                           .spool_waiting_bytes = [this] { return backlog_.owed_bytes(); },
                           .measure = [this](api::Metrics& metrics) { measure(metrics); },
                           .storage = [this] { return storage(); }});
}

std::optional<api::Storage> Service::Parts::storage() {
  const auto size = store_->size();
  std::error_code failed;
  const auto disk = std::filesystem::space(config_.data, failed);
  if (!size || failed) return std::nullopt;
  const auto free_bytes = static_cast<std::int64_t>(disk.available);
  const store::Forecast forecast = store::forecast(*size, config_.keep_raw_days, free_bytes);
  return api::Storage{.database_bytes = size->bytes,
                      .disk_free_bytes = free_bytes,
                      .keep_raw_days = config_.keep_raw_days,
                      .raw_window_bytes = forecast.raw_window_bytes,
                      .bytes_a_day = forecast.bytes_a_day,
                      .days_left = forecast.days_left};
}

std::vector<std::string> Service::Parts::not_ready() const {
  std::vector<std::string> reasons;
  if (const auto trouble = writer_->trouble()) {
    reasons.push_back("database: " + *trouble);
    if (backlog_.owes()) {
      reasons.push_back("spool: " + std::to_string(backlog_.owed_bytes() / 1'000) +
                        " kB wait for the database");
    }
  }
  if (const auto trouble = keeper_->trouble()) reasons.push_back("spool: " + *trouble);
  if (config_.ingest_enabled && !subscribed_) {
    reasons.push_back("broker: not subscribed at " + mqtt::to_url(config_.broker));
  }
  return reasons;
}

// On a worker: each thread's figures are read on that thread.
void Service::Parts::measure(api::Metrics& metrics) {
  struct Asked {
    std::promise<api::Metrics> io, http;
  };
  // Shared: a thread that answers too late must still find its promise.
  const auto asked = std::make_shared<Asked>();
  auto from_io = asked->io.get_future();
  auto from_http = asked->http.get_future();
  asio::post(io_, [this, asked] {
    api::Metrics own;
    pipeline_.measure(own);
    measure_session(own);
    asked->io.set_value(std::move(own));
  });
  asio::post(http_io_, [this, asked] {
    api::Metrics own;
    measure_http(own);
    asked->http.set_value(std::move(own));
  });
  if (from_io.wait_for(kMeasureWithin) == std::future_status::ready) metrics.add(from_io.get());
  if (from_http.wait_for(kMeasureWithin) == std::future_status::ready) {
    metrics.add(from_http.get());
  }
  measure_store(metrics);
  measure_backups(metrics);
  metrics.gauge("idast_start_time_seconds", "When this process started, Unix time.",
                static_cast<double>(started_.unix_ms()) / 1'000);
}

// On the writer's thread.
bool Service::Parts::keep_old_days() {
  // A clock that leapt a year ahead would make every day an old one.
  if (now().since_start() < Millis{days_from_ms_}) return false;
  return archive_some() || store_->thin();
}

bool Service::Parts::archive_some() {
  const auto more = archivist_.step();
  archived_files_ = archivist_.figures().files;
  archived_samples_ = archivist_.figures().samples;
  if (more) {
    if (archivist_.figures().files != archive_files_logged_) {
      log_.info("archive.day_written", {{"day", archivist_.figures().last_day}});
      archive_files_logged_ = archivist_.figures().files;
    }
    return *more;
  }
  ++archive_failures_;
  if (archive_trouble_ != more.error().words) {
    log_.error("archive.failed", {{"words", more.error().words}});
  }
  archive_trouble_ = more.error().words;
  return false;
}

void Service::Parts::measure_store(api::Metrics& metrics) {
  metrics.gauge("idast_store_upkeep_stuck",
                "1 while sums and old days stand still for what cannot be read; see the log.",
                writer_->upkeep_trouble() ? 1 : 0);
  metrics.counter("idast_store_failures_total", "Commits that failed and were tried again.",
                  static_cast<double>(writer_->failures()));
  metrics.gauge("idast_store_step_seconds",
                "How long the writer has been waiting for the database; over 5: it is stalled.",
                std::chrono::duration<double>{writer_->step_lasts()}.count());
  if (const auto size = store_->size()) {
    metrics.gauge("idast_store_bytes", "What the database takes on disk.",
                  static_cast<double>(size->bytes));
    metrics.gauge("idast_store_unsummed_days",
                  "Days of trackers from before the rollups that are not summed up yet.",
                  static_cast<double>(size->unsummed_days));
    measure_tiers(metrics, *size);
  }
  metrics.counter("idast_archive_files_total", "Days and supplements written to the archive.",
                  static_cast<double>(archived_files_));
  metrics.counter("idast_archive_samples_total", "Samples in them.",
                  static_cast<double>(archived_samples_));
  metrics.counter("idast_archive_failures_total", "Times the archive could not be written.",
                  static_cast<double>(archive_failures_));
  const auto counter = [&](std::string_view name, std::string_view about, std::uint64_t value) {
    metrics.counter(name, about, static_cast<double>(value));
  };
  counter("idast_spool_messages_total", "Messages put into the spool.", backlog_.spooled());
  counter("idast_spool_replayed_total", "Messages read back from it and committed.",
          backlog_.replayed());
  counter("idast_spool_failures_total", "Batches that the spool did not take; tried again.",
          keeper_->failures());
  counter("idast_spool_unreadable_total", "Messages in it that could not be read back.",
          backlog_.unreadable());
  counter("idast_spool_bad_bytes_total", "Bytes in it that are no messages.", backlog_.bad_bytes());
  metrics.gauge("idast_spool_owed_bytes", "What waits there for the database.",
                static_cast<double>(backlog_.owed_bytes()));
  metrics.gauge("idast_spool_bytes", "What it takes on disk.",
                static_cast<double>(backlog_.bytes()));
  metrics.gauge("idast_spool_limit_bytes", "From here on nothing is acknowledged.",
                static_cast<double>(backlog_.limit_bytes()));
}

// Old days in fewer rows, and how long the disk lasts.
void Service::Parts::measure_tiers(api::Metrics& metrics, const store::Store::Size& size) {
  const auto gauge = [&](std::string_view name, std::string_view about, double value) {
    metrics.gauge(name, about, value);
  };
  const auto tier = [&](std::string_view name, const store::Store::Size::Tier& found) {
    const api::Metrics::Labels labels{{"tier", std::string{name}}};
    metrics.gauge("idast_store_tier_rows", "Rows, by kind.", static_cast<double>(found.rows),
                  labels);
    metrics.gauge("idast_store_tier_bytes",
                  "An estimate of what they take: the pages in use, divided by rows.",
                  static_cast<double>(found.bytes), labels);
  };
  tier("raw", size.raw);
  tier("ten_seconds", size.thinned);
  tier("rollups", size.rollups);
  gauge("idast_store_free_bytes", "In the database, free, and used again before it grows.",
        static_cast<double>(size.free_bytes));
  metrics.counter("idast_store_late_thinned_total",
                  "Samples that came for a minute of which only ten-second rows are left.",
                  static_cast<double>(size.late_thinned));
  metrics.counter("idast_store_overlapped_total",
                  "Samples lost with a summary whose last sample was stored already.",
                  static_cast<double>(size.overlapped));
  gauge("idast_store_keep_raw_days", "Days that samples stay as they came; 0: for ever.",
        config_.keep_raw_days);
  std::error_code failed;
  const auto disk = std::filesystem::space(config_.data, failed);
  if (failed) return;
  const auto free_bytes = static_cast<std::int64_t>(disk.available);
  gauge("idast_disk_free_bytes", "Free on the disk of --data.", static_cast<double>(free_bytes));
  const store::Forecast forecast = store::forecast(size, config_.keep_raw_days, free_bytes);
  gauge("idast_store_raw_window_bytes",
        "What keep_raw_days of samples take at the rate of the newest whole day.",
        forecast.raw_window_bytes);
  if (forecast.bytes_a_day) {
    gauge("idast_disk_bytes_a_day", "What a day adds for good, the archive included.",
          *forecast.bytes_a_day);
  }
  if (forecast.days_left) {
    gauge("idast_disk_days_left", "Until the disk is full, with what keep_raw_days gives back.",
          *forecast.days_left);
  }
}

void Service::Parts::measure_backups(api::Metrics& metrics) {
  if (!backups_) return;
  const Backups::Figures figures = backups_->figures();
  metrics.counter("idast_backups_total", "Copies of the database made and verified.",
                  static_cast<double>(figures.made));
  metrics.counter("idast_backup_failures_total", "Copies that failed; tried again.",
                  static_cast<double>(figures.failures));
  if (!figures.newest) return;
  metrics.gauge("idast_backup_age_seconds", "How old the newest copy is.",
                static_cast<double>(figures.age.count()) / 1'000);
  metrics.gauge("idast_backup_bytes", "What it takes on disk.",
                static_cast<double>(figures.newest->bytes));
}

void Service::Parts::measure_session(api::Metrics& metrics) {
  const mqtt::Counters& c = session_->counters();
  const auto counter = [&](std::string_view name, std::string_view about, std::uint64_t value) {
    metrics.counter(name, about, static_cast<double>(value));
  };
  counter("idast_mqtt_connects_total", "Connections the broker accepted.", c.connects);
  counter("idast_mqtt_connect_failures_total", "Attempts that ended before that.",
          c.connect_failures);
  counter("idast_mqtt_disconnects_total", "Connections that ended.", c.disconnects);
  counter("idast_mqtt_protocol_errors_total", "Times the broker broke MQTT.", c.protocol_errors);
  counter("idast_mqtt_bytes_received_total", "Bytes from the broker.", c.bytes_received);
  counter("idast_mqtt_bytes_sent_total", "Bytes to the broker.", c.bytes_sent);
  counter("idast_mqtt_duplicates_total", "Messages the broker marked as redelivered.",
          c.duplicates_received);
  counter("idast_mqtt_oversize_total", "Messages skipped because of their size.",
          c.messages_oversize);
  counter("idast_mqtt_bad_topic_total", "Messages with a topic that MQTT forbids.",
          c.messages_bad_topic);
  counter("idast_mqtt_acknowledgements_total", "PUBACKs sent.", c.acknowledgements_sent);
  counter("idast_mqtt_acknowledgements_stale_total",
          "PUBACKs not sent because their connection had ended.", c.acknowledgements_stale);
  counter("idast_mqtt_acknowledgements_void_total",
          "PUBACKs not sent because the message had come again since.", c.acknowledgements_void);
  counter("idast_mqtt_publishes_total", "Messages published.", c.publishes_sent);
  counter("idast_mqtt_publishes_dropped_total", "Messages not taken for publishing.",
          c.publishes_queue_full + c.publishes_offline + c.publishes_abandoned);
  metrics.gauge("idast_mqtt_held", "Messages received and not yet acknowledged.",
                static_cast<double>(c.held));
  metrics.gauge("idast_mqtt_held_max", "The most at once: the broker's window is no smaller.",
                static_cast<double>(c.held_max));
  metrics.gauge("idast_mqtt_connected", "1 while connected and subscribed.",
                session_->subscribed() ? 1 : 0);
}

void Service::Parts::measure_http(api::Metrics& metrics) {
  const api::Server::Counters& c = server_->counters();
  for (const auto& [key, count] : c.requests) {
    metrics.counter("idast_http_requests_total", "Requests answered, by route and status.",
                    static_cast<double>(count),
                    {{"route", key.first}, {"status", std::to_string(key.second)}});
  }
  const auto counter = [&](std::string_view name, std::string_view about, std::uint64_t value) {
    metrics.counter(name, about, static_cast<double>(value));
  };
  counter("idast_http_connections_total", "Connections accepted.", c.connections_accepted);
  counter("idast_http_connections_refused_total", "Connections past the limit.",
          c.connections_refused);
  counter("idast_http_malformed_total", "Requests that could not be read.", c.requests_malformed);
  counter("idast_http_busy_total", "Requests refused because too many waited.", c.requests_busy);
  const live::Hub::Counters& h = hub_.counters();
  counter("idast_live_streams_total", "Live streams opened.", h.opened);
  counter("idast_live_streams_resumed_total", "Of these, with nothing missed.", h.resumed);
  counter("idast_live_streams_refused_total", "Live streams past the limit.", h.refused);
  counter("idast_live_states_total", "Whole states given to readers.", h.states);
  counter("idast_live_batches_total", "Batches given to readers.", h.batches);
  counter("idast_live_batches_dropped_total", "Batches lost by slow readers.", h.batches_dropped);
  metrics.gauge("idast_http_connections", "Open connections.", static_cast<double>(c.connections));
  metrics.gauge("idast_http_jobs", "Requests that wait for a worker or run there.",
                static_cast<double>(c.jobs));
  metrics.gauge("idast_live_streams", "Open live streams.", static_cast<double>(h.streams));
  metrics.gauge("idast_live_history_bytes", "Kept for readers that come back.",
                static_cast<double>(h.history_bytes));
  const live::Board::Counters b = board_.counters();
  counter("idast_live_late_total", "Samples older than what is shown.", b.late);
  counter("idast_live_devices_refused_total", "Samples of trackers past the limit.",
          b.devices_refused);
  counter("idast_live_merged_total", "Samples merged because the board was not read.", b.merged);
  metrics.gauge("idast_devices", "Trackers on the board.", static_cast<double>(b.devices));
}

// --- the outside ---------------------------------------------------------------------------------

Service::Service(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Service::~Service() = default;
void Service::run() { parts_->run(); }
void Service::stop() { parts_->stop(); }
std::uint16_t Service::http_port() const { return parts_->http_port(); }

std::expected<std::unique_ptr<Service>, std::string> Service::start(const Config& config,
                                                                    const Log& log) {
  raise_file_limit();
  // A file at its limit is an error, as a full disk is: the spool takes over, or nobody is
  // acknowledged. By default it would be the end.
  std::signal(SIGXFSZ, SIG_IGN);
  auto registry = devices::Registry::make(config.sites, config.devices);
  if (!registry) return std::unexpected{registry.error()};
  auto folder = DataFolder::open(config.data);
  if (!folder) return std::unexpected{folder.error()};
  auto store =
      store::open_sqlite(config.database.string(), {.keep_raw_days = config.keep_raw_days});
  if (!store) return std::unexpected{config.database.string() + ": " + store.error().words};
  auto parts = std::make_unique<Parts>(config, log, std::move(*folder), std::move(*registry),
                                       std::move(*store));
  if (auto fault = mqtt::fault_of(mqtt_options(config, "idast"))) return std::unexpected{*fault};
  if (auto started = parts->start(); !started) return std::unexpected{started.error()};
  log.info("serve.started",
           {{"http", "http://" + to_text({config.http.host, parts->http_port()}) + "/"},
            {"database", config.database.string()},
            {"broker", mqtt::to_url(config.broker)}});
  return std::unique_ptr<Service>{new Service{std::move(parts)}};
}

int serve(const Config& config) {
  const Log log{config.log};
  auto service = Service::start(config, log);
  if (!service) {
    std::fprintf(stderr, "idast serve: %s\n", service.error().c_str());
    return 1;
  }
  (*service)->run();
  return 0;
}

std::string openapi() { return api::openapi_json(); }

}  // namespace idast::app
