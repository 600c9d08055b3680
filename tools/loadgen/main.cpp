// loadgen: many trackers' samples at a steady rate to one broker on this machine, for load and kill
// tests. It writes down which samples the broker took over (PUBACK) and ends by itself. With
// --remember its trackers obey Identity as real ones do: they forget only what `stored` covers.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/base/json_reader.h"
#include "core/base/random.h"
#include "core/telemetry/factors.h"
#include "core/telemetry/json.h"
#include "mqtt/session.h"
#include "tools/command_line/command_line.h"
#include "tools/loadgen/memory.h"

namespace {

using namespace idast;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{5};          // Samples leave in bursts this far apart.
constexpr std::chrono::seconds kDrainMax{30};          // Wait for the last PUBACKs, then give up.
constexpr std::size_t kOutgoingMax = 20'000;           // Waiting or in flight.
constexpr std::size_t kOutgoingBytesMax = 64u << 20u;  // What they may weigh.
constexpr int kRateMax = 100'000;
constexpr int kDevicesMax = 10'000;
constexpr int kSpacedMax = 60'000;
constexpr std::size_t kResendOutgoingMax = 1'000;  // Nothing is sent again while more wait.
constexpr int kResendShare = 4;                    // Of the rate, at most, is sent again.
constexpr std::chrono::seconds kConfirmMax{120};   // Wait for the last `stored`, then give up.
constexpr std::int64_t kSamplesADay = 246'857;     // Every 350 ms.

struct Plan {
  std::string url = "mqtt://127.0.0.1:1883";
  int devices = 10;
  int rate = 1000;
  int seconds = 10;
  int spaced_ms = 0;
  std::string record;
  std::string remember;
  std::uint64_t seed = 0;
};

struct Device {
  FixedText<64> id;
  telemetry::BootId boot;
  std::int64_t seq = 0;
  double power_w = 6;
  loadgen::Memory memory{};
};

// What a tracker with every sensor but the anemometer says on a day of light cloud; every value
// that a real one would change with every sample changes here.
telemetry::Sample sample_of(const Device& device, std::int64_t seq, Random& random, UtcMillis at,
                            Millis uptime) {
  telemetry::Sample sample;
  const auto light = [&](int middle) {
    return middle + static_cast<std::int32_t>(random.between(-60, 60));
  };
  const auto power = static_cast<float>(device.power_w);
  const auto age = static_cast<float>(seq % kSamplesADay) / kSamplesADay;
  sample.timestamp = at.unix_ms();
  sample.device_id = device.id;
  sample.device_name.assign("iPhone_15");
  sample.mode.assign("sim");
  sample.boot = device.boot;
  sample.seq = seq;
  sample.uptime = uptime;
  sample.top = light(2500);
  sample.left = light(2300);
  sample.right = light(2350);
  sample.tilt_angle = degrees(std::floor(60.f + 40.f * age));
  sample.pan_angle = sample.pan_target = degrees(std::floor(40.f + 100.f * age));
  sample.manual = false;
  sample.steady = true;
  sample.power = sample.power_actual = watts(power);
  sample.panel_temperature = celsius(45.f + power / 2);
  sample.battery_charge = percent(60.f + 30.f * age);
  sample.battery_voltage = volts(3.85f + power / 100);
  sample.efficiency = percent(80.f + power);
  sample.energy = watt_hours(1250.5 + static_cast<double>(seq) * 0.0008);
  sample.state = State::track;
  sample.trim_azimuth = degrees(0.31f);
  sample.trim_elevation = degrees(-0.18f);
  sample.azimuth = degrees(110.f + 140.f * age);
  sample.elevation = degrees(40.f + 30.f * age);
  sample.sun_azimuth = degrees(110.13f + 140.f * age);
  sample.sun_elevation = degrees(40.21f + 30.f * age);
  sample.panel_voltage = volts(6.1f + power / 20);
  sample.panel_current = amperes(power / 6.5f);
  sample.battery_current = amperes(power / 4.2f);
  sample.servo_energy = watt_hours(1.2 + static_cast<double>(seq) * 0.00001);
  sample.device_energy = watt_hours(9.0 + static_cast<double>(seq) * 0.00005);
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
                 {.connected = [this](bool) { connected(); },
                  .disconnected =
                      [](const mqtt::DisconnectReason& reason) {
                        if (reason.kind == mqtt::DisconnectKind::stopped) return;
                        std::cerr << "loadgen: " << reason.words << '\n';
                      },
                  .message = [this](const mqtt::Message& message) { hear(message); }}} {
    if (!plan.record.empty()) record_.open(plan.record, std::ios::app);
    for (int i = 0; i < plan.devices; ++i) {
      char id[40];
      std::snprintf(id, sizeof id, "loadgen-%06llX-%04d",
                    static_cast<unsigned long long>(plan.seed & 0xffffffu), i);
      devices_.push_back({FixedText<64>{std::string_view{id}}, {random_.next()}, 0});
      places_.emplace(id, devices_.size() - 1);
    }
    if (remembers()) (void)session_.subscribe("solar-tracker/+/stored", 1);
  }

  void start() { session_.start(); }
  void finish() { ending_ = true; }
  bool complete() const {
    if (!remembers()) return acknowledged_ == published_;
    return std::ranges::all_of(
        devices_, [](const Device& device) { return device.memory.everything_stored(); });
  }

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

  bool remembers() const { return !plan_.remember.empty(); }
  static Instant now() {
    return Instant{std::chrono::duration_cast<Millis>(Clock::now().time_since_epoch())};
  }

  void connected() {
    if (begun_) {
      for (Device& device : devices_) device.memory.reconnected();
      return;
    }
    begun_ = true;
    started_ = Clock::now();
    tick();
  }

  // `stored` of one of our trackers.
  void hear(const mqtt::Message& message) {
    session_.acknowledge(message.token);
    constexpr std::string_view kRoot = "solar-tracker/";
    std::string_view id = message.topic;
    id.remove_prefix(std::min(kRoot.size(), id.size()));
    const auto place = places_.find(std::string{id.substr(0, id.find('/'))});
    const auto word = JsonDocument::parse(message.payload);
    if (place == places_.end() || !word) return;
    Device& device = devices_[place->second];
    const auto boot = word->root()["boot"].text<16>();
    const auto upto = word->root()["upto"].integer();
    if (!boot || !upto || boot->view() != telemetry::to_text(device.boot).view()) return;
    device.memory.stored(*upto, now());
  }

  void tick() {
    const auto elapsed = Clock::now() - started_;
    ending_ = ending_ || elapsed >= std::chrono::seconds{plan_.seconds};
    if (ending_) return drain(Clock::now() + (remembers() ? kConfirmMax : kDrainMax));
    const auto due =
        static_cast<std::uint64_t>(std::chrono::duration<double>(elapsed).count() * plan_.rate);
    while (published_ + refused_ < due) publish_one();
    if (remembers()) resend();
    timer_.expires_after(kTick);
    timer_.async_wait([this](const auto& error) {
      if (!error) tick();
    });
  }

  // Now; or, spaced, the last of them now, as a backlog would be.
  std::pair<UtcMillis, Millis> time_of(const Device& device) {
    const UtcMillis now{std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count()};
    const auto since = std::chrono::duration_cast<Millis>(Clock::now() - started_);
    if (plan_.spaced_ms == 0) return {now, since};
    const std::int64_t each = std::int64_t{plan_.rate} * plan_.seconds / plan_.devices;
    const auto late = static_cast<std::int64_t>(random_.between(0, 20));
    const Millis uptime{device.seq * plan_.spaced_ms + late};
    return {now - since - Millis{each * plan_.spaced_ms} + uptime, uptime};
  }

  void publish_one() {
    Device& device = devices_[(published_ + refused_) % devices_.size()];
    const auto [at, uptime] = time_of(device);
    device.power_w = std::clamp(device.power_w + random_.between(-0.2, 0.2), 0.8, 9.5);
    // Taken into its memory, a sample's number is used up whether it can be sent now or not.
    if (remembers()) device.memory.take({at, uptime}, now());
    if (publish(device, device.seq, at, uptime)) {
      ++published_;
    } else if (remembers()) {
      ++published_;
      device.memory.put_off(device.seq);
    } else {
      ++refused_;
      return;
    }
    ++device.seq;
  }

  bool publish(Device& device, std::int64_t seq, UtcMillis at, Millis uptime) {
    char buffer[telemetry::kMessageBytesMax];
    TextWriter message{buffer, sizeof buffer};
    // The same sample says the same when it is sent again.
    Random random = Random{plan_.seed}.fork(device.boot.bits + static_cast<std::uint64_t>(seq));
    telemetry::print_json(sample_of(device, seq, random, at, uptime), message);
    const std::string topic = "solar-tracker/" + std::string{device.id.view()} + "/telemetry";
    return session_
        .publish(topic, message.view(), 1, false,
                 [this, &device, seq] { acknowledged(device, seq); })
        .has_value();
  }

  // Behind the fresh samples, and slowly enough not to be in their way.
  void resend() {
    const double seconds = std::chrono::duration<double>(kTick).count();
    auto left =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(plan_.rate * kResendShare * seconds));
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      Device& device = devices_[(resend_from_ + i) % devices_.size()];
      device.memory.look_at(now());
      while (left > 0 && session_.counters().outgoing < kResendOutgoingMax) {
        const auto seq = device.memory.next_to_resend();
        if (!seq) break;
        const auto [at, uptime] = device.memory.taken(*seq);
        if (!publish(device, *seq, at, uptime)) return;
        device.memory.resent();
        ++resent_;
        --left;
      }
    }
    ++resend_from_;
  }

  void acknowledged(Device& device, std::int64_t seq) {
    ++acknowledged_;
    if (remembers()) device.memory.acknowledged(seq);
    if (record_.is_open()) {
      record_ << device.id.view() << ' ' << telemetry::to_text(device.boot).view() << ' ' << seq
              << '\n';
    }
  }

  void drain(Clock::time_point until) {
    if (remembers()) resend();
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
    if (remembers()) write_memories();
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    std::printf("published %llu, acknowledged %llu, not taken over %llu, %.1f s, %.0f msg/s\n",
                static_cast<unsigned long long>(published_),
                static_cast<unsigned long long>(acknowledged_),
                static_cast<unsigned long long>(refused_), seconds,
                static_cast<double>(acknowledged_) / seconds);
    io_.stop();
  }

  // What a checker compares with the database: device boot newest upto acknowledged-ranges.
  void write_memories() {
    std::ofstream out{plan_.remember};
    std::uint64_t fell_back = 0;
    for (const Device& device : devices_) {
      const loadgen::Memory& memory = device.memory;
      out << device.id.view() << ' ' << telemetry::to_text(device.boot).view() << ' '
          << memory.newest() << ' ' << memory.upto() << ' ' << memory.acknowledged_ranges() << '\n';
      fell_back += memory.fell_back();
    }
    std::printf("sent again %llu, words that fell back %llu\n",
                static_cast<unsigned long long>(resent_),
                static_cast<unsigned long long>(fell_back));
  }

  boost::asio::io_context& io_;
  Plan plan_;
  boost::asio::steady_timer timer_;
  Random random_;
  std::vector<Device> devices_;
  std::unordered_map<std::string, std::size_t> places_;  // By id.
  std::ofstream record_;
  mqtt::Session session_;
  Clock::time_point started_;
  bool begun_ = false;
  bool ending_ = false;
  std::uint64_t published_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t resent_ = 0;
  std::size_t resend_from_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  plan.seed = std::random_device{}();
  command_line::Program program{
      "loadgen",
      "Many trackers' samples at a steady rate; sends to a broker of this machine only."};
  program.add_option("--mqtt", plan.url, "mqtt://host:port").capture_default_str();
  program.add_option("--devices", plan.devices, "How many trackers")
      .range(1, kDevicesMax)
      .capture_default_str();
  program.add_option("--rate", plan.rate, "Messages a second, of all together")
      .range(1, kRateMax)
      .capture_default_str();
  program.add_option("--seconds", plan.seconds, "How long").range(1, 86'400);
  program
      .add_option(
          "--spaced-ms", plan.spaced_ms,
          "Stamp a tracker's samples this far apart, the last of them now; 0: when they leave")
      .range(0, kSpacedMax);
  program.add_option("--record", plan.record,
                     "File to which every acknowledged sample is appended: device boot seq");
  program.add_option("--remember", plan.remember,
                     "Obey Identity: send again what `stored` does not cover; at the end every "
                     "tracker's memory goes into this file: device boot newest upto ranges");
  program.add_option("--seed", plan.seed, "Names and values; random by default");
  if (const auto code = program.parse(argc, argv)) return *code;

  const auto endpoint = mqtt::parse_url(plan.url);
  if (!endpoint) {
    std::cerr << "loadgen: --mqtt: " << endpoint.error() << '\n';
    return command_line::kUsage;
  }
  if (endpoint->host != "127.0.0.1" && endpoint->host != "localhost" && endpoint->host != "::1") {
    std::cerr << "loadgen: load goes to this machine only, not to " << endpoint->host << '\n';
    return command_line::kUsage;
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
