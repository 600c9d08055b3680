// loadgen: many trackers' samples at a steady rate to one broker on this machine, for load and kill
// tests. It remembers which samples the broker took over (PUBACK) and ends by itself.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/base/random.h"
#include "core/telemetry/factors.h"
#include "core/telemetry/json.h"
#include "mqtt/session.h"

namespace {

using namespace idast;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{5};          // Samples leave in bursts this far apart.
constexpr std::chrono::seconds kDrainMax{30};          // Wait for the last PUBACKs, then give up.
constexpr std::size_t kOutgoingMax = 20'000;           // Waiting or in flight.
constexpr std::size_t kOutgoingBytesMax = 64u << 20u;  // What they may weigh.
constexpr int kRateMax = 100'000;
constexpr int kDevicesMax = 10'000;

struct Plan {
  std::string url = "mqtt://127.0.0.1:1883";
  int devices = 10;
  int rate = 1000;
  int seconds = 10;
  std::string record;
  std::uint64_t seed = 0;
};

struct Device {
  FixedText<64> id;
  telemetry::BootId boot;
  std::int64_t seq = 0;
};

// A plausible sample that differs from the one before it, as a real one would.
telemetry::Sample sample_of(const Device& device, Random& random, UtcMillis now, Millis uptime) {
  telemetry::Sample sample;
  sample.timestamp = now.unix_ms();
  sample.device_id = device.id;
  sample.mode.assign("sim");
  sample.boot = device.boot;
  sample.seq = device.seq;
  sample.uptime = uptime;
  sample.top = static_cast<std::int32_t>(random.between(2000, 2600));
  sample.left = static_cast<std::int32_t>(random.between(2000, 2600));
  sample.right = static_cast<std::int32_t>(random.between(2000, 2600));
  sample.tilt_angle = sample.pan_angle = sample.pan_target = degrees(90.f);
  sample.manual = false;
  sample.steady = true;
  sample.power = sample.power_actual = watts(static_cast<float>(random.between(7.5, 8.5)));
  sample.panel_temperature = celsius(static_cast<float>(random.between(40, 42)));
  sample.battery_charge = percent(80.f);
  sample.battery_voltage = volts(6.4f);
  sample.energy = watt_hours(static_cast<double>(device.seq) * 0.0008);
  sample.state = State::track;
  telemetry::derive(sample, {});
  return sample;
}

class Generator {
 public:
  Generator(boost::asio::io_context& io, const Plan& plan, mqtt::Endpoint endpoint)
      : io_{io},
        plan_{plan},
        timer_{io},
        random_{plan.seed},
        session_{io,
                 options(plan, std::move(endpoint)),
                 {.connected = [this](bool) { begin(); },
                  .disconnected =
                      [](const mqtt::DisconnectReason& reason) {
                        if (reason.kind == mqtt::DisconnectKind::stopped) return;
                        std::cerr << "loadgen: " << reason.words << '\n';
                      }}} {
    if (!plan.record.empty()) record_.open(plan.record, std::ios::app);
    for (int i = 0; i < plan.devices; ++i) {
      char id[40];
      std::snprintf(id, sizeof id, "loadgen-%06llX-%04d",
                    static_cast<unsigned long long>(plan.seed & 0xffffffu), i);
      devices_.push_back({FixedText<64>{std::string_view{id}}, {random_.next()}, 0});
    }
  }

  void start() { session_.start(); }
  void finish() { ending_ = true; }
  bool complete() const { return acknowledged_ == published_; }

 private:
  static mqtt::Options options(const Plan& plan, mqtt::Endpoint endpoint) {
    mqtt::Options options;
    options.host = std::move(endpoint.host);
    options.port = endpoint.port;
    options.tls = endpoint.tls;
    options.client_id = "loadgen-" + std::to_string(plan.seed);
    options.outgoing_max = kOutgoingMax;
    options.outgoing_bytes_max = kOutgoingBytesMax;
    if (const char* username = std::getenv("IDAST_MQTT_USERNAME")) options.username = username;
    if (const char* password = std::getenv("IDAST_MQTT_PASSWORD")) options.password = password;
    return options;
  }

  void begin() {
    if (begun_) return;
    begun_ = true;
    started_ = Clock::now();
    tick();
  }

  void tick() {
    const auto elapsed = Clock::now() - started_;
    ending_ = ending_ || elapsed >= std::chrono::seconds{plan_.seconds};
    if (ending_) return drain(Clock::now() + kDrainMax);
    const auto due =
        static_cast<std::uint64_t>(std::chrono::duration<double>(elapsed).count() * plan_.rate);
    while (published_ + refused_ < due) publish_one();
    timer_.expires_after(kTick);
    timer_.async_wait([this](const auto& error) {
      if (!error) tick();
    });
  }

  void publish_one() {
    Device& device = devices_[(published_ + refused_) % devices_.size()];
    const auto since = std::chrono::duration_cast<Millis>(Clock::now() - started_);
    const UtcMillis now{std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count()};
    char buffer[telemetry::kMessageBytesMax];
    TextWriter message{buffer, sizeof buffer};
    telemetry::print_json(sample_of(device, random_, now, since), message);
    const std::string topic = "solar-tracker/" + std::string{device.id.view()} + "/telemetry";
    const auto handed_over =
        session_.publish(topic, message.view(), 1, false,
                         [this, &device, seq = device.seq] { acknowledged(device, seq); });
    if (!handed_over) {
      ++refused_;  // The seq is not used up: a number once taken is always sent.
      return;
    }
    ++device.seq;
    ++published_;
  }

  void acknowledged(const Device& device, std::int64_t seq) {
    ++acknowledged_;
    if (record_.is_open()) {
      record_ << device.id.view() << ' ' << telemetry::to_text(device.boot).view() << ' ' << seq
              << '\n';
    }
  }

  void drain(Clock::time_point until) {
    if (complete() || Clock::now() >= until) {
      session_.stop([this] { report(); });
      return;
    }
    timer_.expires_after(kTick);
    timer_.async_wait([this, until](const auto& error) {
      if (!error) drain(until);
    });
  }

  void report() {
    record_.flush();
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    std::printf("published %llu, acknowledged %llu, not taken over %llu, %.1f s, %.0f msg/s\n",
                static_cast<unsigned long long>(published_),
                static_cast<unsigned long long>(acknowledged_),
                static_cast<unsigned long long>(refused_), seconds,
                static_cast<double>(acknowledged_) / seconds);
    io_.stop();
  }

  boost::asio::io_context& io_;
  Plan plan_;
  boost::asio::steady_timer timer_;
  Random random_;
  std::vector<Device> devices_;
  std::ofstream record_;
  mqtt::Session session_;
  Clock::time_point started_;
  bool begun_ = false;
  bool ending_ = false;
  std::uint64_t published_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  plan.seed = std::random_device{}();
  CLI::App app{"Many trackers' samples at a steady rate; sends to a broker of this machine only."};
  app.add_option("--mqtt", plan.url, "mqtt://host:port")->capture_default_str();
  app.add_option("--devices", plan.devices, "How many trackers")
      ->check(CLI::Range(1, kDevicesMax))
      ->capture_default_str();
  app.add_option("--rate", plan.rate, "Messages a second, of all together")
      ->check(CLI::Range(1, kRateMax))
      ->capture_default_str();
  app.add_option("--seconds", plan.seconds, "How long")->check(CLI::Range(1, 86'400));
  app.add_option("--record", plan.record,
                 "File to which every acknowledged sample is appended: device boot seq");
  app.add_option("--seed", plan.seed, "Names and values; random by default");
  CLI11_PARSE(app, argc, argv);

  const auto endpoint = mqtt::parse_url(plan.url);
  if (!endpoint) {
    std::cerr << "loadgen: --mqtt: " << endpoint.error() << '\n';
    return 2;
  }
  if (endpoint->host != "127.0.0.1" && endpoint->host != "localhost" && endpoint->host != "::1") {
    std::cerr << "loadgen: load goes to this machine only, not to " << endpoint->host << '\n';
    return 2;
  }
  boost::asio::io_context io{1};
  Generator generator{io, plan, *endpoint};
  boost::asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](const auto& error, int) {
    if (!error) generator.finish();
  });
  generator.start();
  io.run();
  return generator.complete() ? 0 : 1;
}
