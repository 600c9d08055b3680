#include "sim/live/twin.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iomanip>
#include <memory>
#include <ostream>
#include <random>
#include <sstream>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/mutex.h"
#include "mqtt/url.h"
#include "sim/live/live_tracker.h"
#include "sim/sky/measured_sky.h"
#include "sim/sky/modelled_sky.h"
#include "sim/sky/weather_file.h"

namespace idast::sim {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{20};
// Of a tick, what the backlog may take: live samples come first.
constexpr std::chrono::milliseconds kBacklogSlice{10};
constexpr int kBacklogSteps = 60;  // of the past, between two looks at the clock: about 0.3 ms
// One tracker writes down how far it got in each of these: a disk of SD-card speed keeps up.
constexpr std::chrono::milliseconds kRememberEvery{100};
constexpr std::chrono::milliseconds kProgressEveryTerminal{500};
constexpr std::chrono::seconds kProgressEveryLog{5};
constexpr std::chrono::seconds kStopMax{4};
// Ctrl-C may come twice at once, from the terminal and from the parent; later it means impatience.
constexpr std::chrono::milliseconds kSecondSignalAfter{500};

UtcMillis utc_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return UtcMillis{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

telemetry::BootId draw_boot() {
  std::random_device chance;
  return {static_cast<std::uint64_t>(chance()) << 32 | chance()};
}

// Two twins in one folder would take each other's connections over, for ever.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder)
      : number_{::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)} {
    held_ = number_ >= 0 && ::flock(number_, LOCK_EX | LOCK_NB) == 0;
  }
  ~FolderLock() {
    if (number_ >= 0) ::close(number_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool held() const { return held_; }

 private:
  int number_;
  bool held_;
};

class StreamLog final : public ports::Log {
 public:
  explicit StreamLog(std::ostream& out) : out_{out} {}
  void write(ports::Level level, std::string_view event, std::string_view detail) override {
    if (level < ports::Level::warn) return;
    const Lock lock{mutex_};
    out_ << event << ": " << detail << "\n";
  }

 private:
  Mutex mutex_;  // pasts are simulated on threads of their own
  std::ostream& out_ GUARDED_BY(mutex_);
};

// Says how the backlogs come along, and how fast.
class Progress {
 public:
  Progress(std::ostream& out, bool terminal) : out_{out}, terminal_{terminal} {}

  void show(std::int64_t done, std::int64_t total, Steady::time_point now) {
    if (done == total) return finish(now);
    if (!began_) {
      began_ = now;
      before_ = {now, done};
      start_done_ = done;
    }
    total_ = total;
    const auto every = terminal_ ? std::chrono::milliseconds{kProgressEveryTerminal}
                                 : std::chrono::milliseconds{kProgressEveryLog};
    if (now - before_.at < every) return;
    const double rate = per_second(done - before_.done, now - before_.at);
    rate_ = rate_ == 0 ? rate : 0.7 * rate_ + 0.3 * rate;
    before_ = {now, done};
    std::ostringstream line;
    line << "filling in the past: " << done << " of " << total << " samples, "
         << std::llround(rate_) << "/s, ";
    if (rate_ > 0) {
      line << time_left(static_cast<double>(total - done) / rate_) << " left";
    } else {
      line << "waiting";
    }
    print(line.str());
  }

 private:
  void finish(Steady::time_point now) {
    if (!began_) return;
    std::ostringstream line;
    const double seconds = std::chrono::duration<double>(now - *began_).count();
    line << "the past is filled in: " << total_ - start_done_ << " samples in " << std::fixed
         << std::setprecision(1) << seconds << " s";
    print(line.str());
    if (terminal_) out_ << "\n" << std::flush;
    began_.reset();
    rate_ = 0;
  }
  void print(const std::string& line) {
    if (!terminal_) {
      out_ << line << "\n" << std::flush;
      return;
    }
    out_ << "\r\x1b[2K" << line << std::flush;
  }
  static double per_second(std::int64_t count, Steady::duration lasted) {
    return static_cast<double>(count) / std::chrono::duration<double>(lasted).count();
  }
  static std::string time_left(double seconds) {
    const long whole = std::lround(seconds);
    if (whole < 60) return std::to_string(whole) + " s";
    return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  }

  std::ostream& out_;
  bool terminal_;
  std::optional<Steady::time_point> began_;
  struct {
    Steady::time_point at;
    std::int64_t done = 0;
  } before_;
  std::int64_t start_done_ = 0;
  std::int64_t total_ = 0;
  double rate_ = 0;
};

class Twin {
 public:
  Twin(const TwinOptions& options, std::vector<Identity> trackers,
       std::optional<WeatherFile> weather, std::ostream& out, std::ostream& err, bool terminal)
      : options_{options},
        identities_{std::move(trackers)},
        weather_{std::move(weather)},
        out_{out},
        log_{err},
        progress_{out, terminal} {}

  int run() {
    signals_.async_wait([this](boost::system::error_code error, int) {
      if (!error) stop();
    });
    for (std::size_t i = 0; i < identities_.size(); ++i) add(i);
    announce();
    simulate_pasts();
    tick();
    io_.run();
    for (std::thread& worker : workers_) worker.join();
    return 0;
  }

 private:
  struct Member {
    std::unique_ptr<LiveTracker> tracker;
    bool live = false;
    Steady::time_point began;
  };

  bool is_weather(std::size_t index) const { return weather_ && index + 1 == identities_.size(); }

  LiveTrackerSettings settings_of(std::size_t index) const {
    const auto endpoint = mqtt::parse_url(options_.mqtt);
    LiveTrackerSettings settings;
    settings.identity = identities_[index];
    settings.law = options_.law;
    settings.errors = options_.errors;
    settings.speed = options_.speed;
    settings.stamps = options_.speed == 1.0 && !is_weather(index) ? Stamps::utc : Stamps::uptime;
    settings.sky_start = utc_now();
    settings.fill = Millis{std::llround(options_.fill_days * 86'400'000.0)};
    settings.phase =
        kLiveSampleEvery * static_cast<int>(index) / static_cast<int>(identities_.size());
    settings.folder = std::filesystem::path{options_.data} / identities_[index].device_id;
    settings.broker.host = endpoint->host;
    settings.broker.port = endpoint->port;
    settings.broker.tls = endpoint->tls;
    settings.broker.username = options_.username;
    settings.broker.password = options_.password;
    return settings;
  }

  void add(std::size_t index) {
    LiveTrackerSettings settings = settings_of(index);
    std::unique_ptr<Sky> sky;
    if (weather_ && is_weather(index)) {
      auto measured = std::make_unique<MeasuredSky>(*weather_);
      settings.sky_start = measured->replay_start();
      settings.sky_end = measured->last();
      sky = std::move(measured);
    } else {
      const Identity& who = identities_[index];
      sky = std::make_unique<ModelledSky>(who.site.place, who.sky_seed, who.weather);
    }
    LiveTrackerEvents events;
    events.connected = [this] {
      ++connected_;
      if (connected_ == identities_.size()) {
        out_ << "all trackers are connected\n" << std::flush;
      }
    };
    events.disconnected = [this](const mqtt::DisconnectReason& reason) {
      if (reason.was_connected) --connected_;
      complain(reason);
    };
    auto tracker = std::make_unique<LiveTracker>(io_, settings, std::move(sky), draw_boot(),
                                                 utc_now(), std::move(events), log_);
    members_.push_back({.tracker = std::move(tracker), .live = false, .began = {}});
  }

  // Once for each kind of trouble, not once for each tracker and attempt.
  void complain(const mqtt::DisconnectReason& reason) {
    if (stopping_ || reason.kind == mqtt::DisconnectKind::stopped) return;
    if (reason.words == complained_) return;
    complained_ = reason.words;
    log_.write(ports::Level::warn, options_.mqtt, reason.words + "; trying again");
  }

  void announce() {
    out_ << identities_.size() << (identities_.size() == 1 ? " tracker on " : " trackers on ")
         << options_.mqtt << "; Ctrl-C ends\n";
    constexpr std::size_t kNamedMax = 8;
    for (std::size_t i = 0; i < std::min(identities_.size(), kNamedMax); ++i) {
      out_ << "  " << identities_[i].device_id << "  " << identities_[i].name << "\n";
    }
    if (identities_.size() > kNamedMax) {
      out_ << "  and " << identities_.size() - kNamedMax << " more\n";
    }
    if (weather_) {
      for (const std::string& note : weather_->notes) out_ << "  " << note << "\n";
    }
    out_ << std::flush;
  }

  // The pasts are simulated on every core; each tracker goes live as soon as its own is over.
  void simulate_pasts() {
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].tracker->past() == nullptr) {
        go_live(i);
      } else {
        ++waiting;
      }
    }
    const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < std::min(cores, waiting); ++i) {
      workers_.emplace_back([this, guard = boost::asio::make_work_guard(io_)] { work(); });
    }
  }

  void work() {
    for (std::size_t i = next_past_++; i < members_.size(); i = next_past_++) {
      Past* past = members_[i].tracker->past();
      if (past == nullptr) continue;
      while (!stopping_ && past->step()) {
      }
      if (stopping_) return;
      boost::asio::post(io_, [this, i] { go_live(i); });
    }
  }

  void go_live(std::size_t index) {
    if (stopping_) return;
    Member& member = members_[index];
    member.tracker->begin();
    member.live = true;
    member.began = Steady::now();
  }

  void tick() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error || stopping_) return;
      live();
      backlog();
      tick();
    });
  }

  void live() {
    const UtcMillis utc = utc_now();
    const auto now = Steady::now();
    for (Member& member : members_) {
      if (!member.live) continue;
      const auto running = std::chrono::duration_cast<Millis>(now - member.began);
      member.tracker->advance(utc, running);
    }
  }

  void backlog() {
    const auto now = Steady::now();
    const Instant at{std::chrono::duration_cast<Millis>(now.time_since_epoch())};
    bool moved = true;
    while (moved && Steady::now() - now < kBacklogSlice) {
      moved = false;
      // Every tracker gets its turn, beginning with another one each time.
      for (std::size_t i = 0; i < members_.size() && Steady::now() - now < kBacklogSlice; ++i) {
        next_pumped_ = (next_pumped_ + 1) % members_.size();
        moved |= members_[next_pumped_].tracker->pump(kBacklogSteps, at);
      }
    }
    std::int64_t done = 0;
    std::int64_t total = 0;
    for (const Member& member : members_) {
      const node::Backfill backfill = member.tracker->backfill();
      done += backfill.done;
      total += backfill.total;
    }
    progress_.show(done, total, now);
    if (now - remembered_ < kRememberEvery) return;
    remembered_ = now;
    next_remembered_ = (next_remembered_ + 1) % members_.size();
    members_[next_remembered_].tracker->remember();
  }

  void watch_for_impatience(Steady::time_point since) {
    signals_.async_wait([this, since](boost::system::error_code error, int) {
      if (error) return;
      if (Steady::now() - since > kSecondSignalAfter) ::_exit(1);
      watch_for_impatience(since);
    });
  }

  void stop() {
    stopping_ = true;
    timer_.cancel();
    watch_for_impatience(Steady::now());
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
    leaving_ = members_.size();
    deadline_.expires_after(kStopMax);
    deadline_.async_wait([this](boost::system::error_code error) {
      if (!error) io_.stop();
    });
    for (const Member& member : members_) {
      member.tracker->stop([this] {
        if (--leaving_ > 0) return;
        deadline_.cancel();
        signals_.cancel();
      });
    }
  }

  TwinOptions options_;
  std::vector<Identity> identities_;
  std::optional<WeatherFile> weather_;
  std::ostream& out_;
  StreamLog log_;
  Progress progress_;

  boost::asio::io_context io_;
  boost::asio::signal_set signals_{io_, SIGINT, SIGTERM};
  boost::asio::steady_timer timer_{io_}, deadline_{io_};
  std::vector<Member> members_;
  std::vector<std::thread> workers_;
  std::atomic<std::size_t> next_past_ = 0;
  std::atomic<bool> stopping_ = false;
  std::size_t connected_ = 0, leaving_ = 0, next_pumped_ = 0, next_remembered_ = 0;
  std::string complained_;
  Steady::time_point remembered_ = Steady::now();
};

std::expected<std::optional<WeatherFile>, std::string> weather_of(const TwinOptions& options) {
  if (options.weather.empty()) return std::nullopt;
  auto file = read_weather(options.weather);
  if (!file) {
    std::string words = options.weather;
    if (file.error().line > 0) {
      words += ':';
      words += std::to_string(file.error().line);
    }
    words += ": ";
    words += file.error().message;
    return std::unexpected{words};
  }
  return std::move(*file);
}

std::vector<Identity> identities(const TwinOptions& options,
                                 const std::optional<WeatherFile>& weather) {
  std::vector<Identity> made;
  made.reserve(options.devices + 1);
  for (std::size_t i = 0; i < options.devices; ++i) made.push_back(identity(options.seed, i));
  if (weather) {
    const std::string name = std::filesystem::path{weather->name}.stem().string();
    made.push_back(weather_identity(options.seed, weather->place, name));
  }
  return made;
}

}  // namespace

std::optional<std::string> fault_of(const TwinOptions& options) {
  if (const auto url = mqtt::parse_url(options.mqtt); !url) return url.error();
  if (options.devices > kTrackersMax) {
    return "at most " + std::to_string(kTrackersMax) + " trackers";
  }
  if (options.devices == 0 && options.weather.empty()) return "no tracker to run";
  if (!(options.speed >= kSpeedMin && options.speed <= kSpeedMax)) {
    return "the speed is between 0.01 and 3600";
  }
  if (!(options.fill_days >= 0.0 && options.fill_days <= kFillDaysMax)) {
    return "the days to fill in are between 0 and 366";
  }
  // Written so that what is no number is refused too.
  const BodyErrors& errors = options.errors;
  if (!(std::abs(errors.yaw.in(degrees)) <= kYawErrorMaxDeg)) {
    return "the yaw error is between -45 and 45 degrees";
  }
  if (!(std::abs(errors.tilt.in(degrees)) <= kTiltErrorMaxDeg)) {
    return "the tilt error is between -20 and 20 degrees";
  }
  if (!(errors.ldr_mismatch >= 0.f && errors.ldr_mismatch <= kLdrMismatchMax)) {
    return "the mismatch of the light sensors is between 0 and 50 %";
  }
  return std::nullopt;
}

std::expected<std::vector<Identity>, std::string> trackers_of(const TwinOptions& options) {
  const auto weather = weather_of(options);
  if (!weather) return std::unexpected{weather.error()};
  return identities(options, *weather);
}

int run_twin(const TwinOptions& options, std::ostream& out, std::ostream& err, bool terminal) {
  if (const auto fault = fault_of(options)) {
    err << "twin: " << *fault << "\n";
    return 1;
  }
  auto weather = weather_of(options);
  if (!weather) {
    err << "twin: " << weather.error() << "\n";
    return 1;
  }
  try {
    std::filesystem::create_directories(options.data);
    const FolderLock lock{options.data};
    if (!lock.held()) {
      err << "twin: " << options.data << " is used by another twin\n";
      return 1;
    }
    auto trackers = identities(options, *weather);
    Twin twin{options, std::move(trackers), std::move(*weather), out, err, terminal};
    return twin.run();
  } catch (const std::filesystem::filesystem_error& error) {
    err << "twin: " << error.what() << "\n";
    return 1;
  }
}

}  // namespace idast::sim
