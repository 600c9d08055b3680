#include "core/node/receiver.h"

#include <algorithm>

#include "core/base/json_reader.h"
#include "core/telemetry/codec.h"

namespace idast::node {
namespace {

// Neither a busy radio (radio_link.h) nor a busy broker keeps the other waiting.
constexpr int kMessagesPerStep = 4;

constexpr std::string_view kTopicRoot = "solar-tracker/";

// What a site does not say stays as it was.
Site completed(Site site, const Site& before) {
  if (!site.mount) site.mount = before.mount;
  if (!site.panel) site.panel = before.panel;
  return site;
}

}  // namespace

Receiver::Receiver(const ReceiverSettings& settings, const ReceiverPorts& ports)
    : settings_{settings},
      ports_{ports},
      link_{ports.radio, settings.self, settings.transmitter, settings.radio_boot},
      upload_{ports.files} {
  if (const auto kept = load_settings(ports_.files)) {
    kept_ = *kept;
  } else if (ports_.files.size_bytes(kSettingsFile)) {
    ports_.log.write(ports::Level::warn, "node.settings_damaged", "working without them");
  }
  if (settings.site) kept_.site = completed(kept_.site.value_or(*settings.site), *settings.site);
  ports_.broker.subscribe(topic("control").view());
  ports_.broker.subscribe(topic("stored").view());
}

void Receiver::step(Instant now) {
  now_ = std::max(now_, now);
  const bool connected = ports_.broker.connected();
  if (connected && !was_connected_) {
    status_due_ = now_;
    if (fallback_) fallback_->at = now_;  // while it could not be heard, it was not silent
    start_resending(now_);
    upload_.connected(now_);
  }
  if (!connected && was_connected_) {
    resending_ = false;
    upload_.disconnected();
  }
  was_connected_ = connected;
  hear(now_);
  listen(now_);
  if (now_ >= time_due_) {
    if (times_told_ < kTimesAtFirst) ++times_told_;
    tell_time(now_);
    tell_site();
  }
  push_order(now_);

  if (connected) resend(now_);
  upload_.step(now_);
  if (connected && !resending_ && now_ >= upload_due_) upload_history(now_);
  const bool progress = status_wanted_ && now_ - status_at_ >= kStatusMin;
  if (connected && (now_ >= status_due_ || progress)) report_status(now_);
  if (history_due_ && now_ >= *history_due_) report_history(now_);
}

// --- from the radio ------------------------------------------------------------------------------

void Receiver::hear(Instant now) {
  link_.begin_step();
  while (const auto heard = link_.next()) {
    // A transmitter that has just started knows neither time nor place.
    if (heard->boot_is_new) {
      time_due_ = now;
      times_told_ = 0;
    }
    take(heard->frame, now);
  }
}

void Receiver::take(const wire::Frame& frame, Instant now) {
  switch (frame.type) {
    case wire::FrameType::sample:
      return take_sample(frame.payload, now);
    case wire::FrameType::phone:
      if (const auto phone = read_phone(frame.payload)) return take_phone(*phone, now);
      break;
    case wire::FrameType::answer:
      if (const auto answer = read_answer(frame.payload)) return take_answer(*answer);
      break;
    case wire::FrameType::time:
    case wire::FrameType::site:
    case wire::FrameType::command:
      break;  // ours to send, not to hear
  }
  link_.refuse();
}

void Receiver::take_sample(Bytes payload, Instant now) {
  telemetry::Sample sample = telemetry::decode(payload);
  sample.timestamp = stamp(now);
  sample.uptime = now.since_start();
  sample.device_name = FixedText<64>{device_name()};
  sample.grid_price = kept_.grid_price.value_or(settings_.factors.grid_price);
  fill_in(sample);

  energy_ = sample.energy;
  battery_ = sample.battery_charge;
  sample_since_row_ = true;
  if (!history_due_) history_due_ = now + kHistoryEvery;
  remember(sample);
}

// What is the same for all samples of this boot, and what follows from others: not remembered.
void Receiver::fill_in(telemetry::Sample& sample) const {
  sample.device_id = settings_.device_id;
  sample.mode = settings_.mode;
  sample.boot = settings_.boot;
  telemetry::Factors factors = settings_.factors;
  factors.grid_price = sample.grid_price.value_or(factors.grid_price);
  telemetry::derive(sample, factors);
}

bool Receiver::print_message(const telemetry::Sample& sample) {
  TextWriter out{text_.data(), text_.size()};
  telemetry::print_json(sample, out);
  text_size_ = out.view().size();
  return !out.overflowed();
}

// The one place where a sample gets its number: with it, it is in the memory. What no message can
// say gets none and is counted.
void Receiver::remember(telemetry::Sample& sample) {
  sample.seq = next_seq_;
  if (!print_message(sample)) {
    ++lost_.unprintable;
    return;
  }
  ++next_seq_;
  if (memory_.empty()) progress_at_ = now_;
  lost_.ring_full += static_cast<std::uint32_t>(memory_.push(sample));
  const auto ticket =
      ports_.broker.publish(topic("telemetry").view(), {text_.data(), text_size_}, 1, false);
  if (ticket) {
    ++counts_.samples_published;
  } else if (ticket.error() == ports::PublishError::too_large) {
    ++lost_.too_large;
    give_up(*sample.seq, *sample.seq, "too_large");
  } else if (resending_) {
    resend_until_ = next_seq_;
  } else if (was_connected_) {
    start_resending(now_);  // it waits behind what is fresh, not for a timeout
  }
}

// --- what is not confirmed -----------------------------------------------------------------------

void Receiver::take_stored(std::string_view text, Instant now) {
  const auto document = JsonDocument::parse(text);
  if (!document) return void(++counts_.stored_refused);
  const auto boot = document->root()["boot"].text<16>();
  const auto upto = document->root()["upto"].integer();
  if (!boot || !upto || *upto < -1) return void(++counts_.stored_refused);
  if (boot->view() != telemetry::to_text(settings_.boot).view()) return;  // an earlier start's
  if (*upto >= next_seq_) return void(++counts_.stored_refused);
  server_speaks_ = true;
  if (*upto >= confirmed_) {
    fallback_.reset();
    if (*upto > confirmed_) confirm(*upto, now);
  } else if (!fallback_) {
    // An old word that came late, or a server that has lost what it had: time will tell.
    fallback_ = Fallback{*upto, now};
  }
}

void Receiver::confirm(std::int64_t upto, Instant now) {
  confirmed_ = upto;
  memory_.forget(upto);
  const Millis pause = std::min(now - confirmed_at_, kUsualPauseMax);
  usual_pause_ = usual_pause_ * 7 / 8;
  // One resend may come before a slow server's word; a server that was away has no pace.
  if (resends_in_vain_ <= 1) usual_pause_ = std::max(pause, usual_pause_);
  resends_in_vain_ = 0;
  progress_at_ = confirmed_at_ = now;
  patience_ = std::max(kResendAfter, 2 * usual_pause_);
}

void Receiver::entrust() {
  entrusted_ = next_seq_ - 1;
  memory_.forget(entrusted_);
  upload_.entrust();
}

void Receiver::start_resending(Instant now) {
  progress_at_ = now;
  resend_until_ = next_seq_;
  again_.reset();
  memory_.rewind();
  resending_ = !memory_.empty();
  // What is neither confirmed nor here any more will never come.
  const std::int64_t kept_from = memory_.first_seq().value_or(next_seq_);
  const std::int64_t first = std::max(confirmed_, entrusted_) + 1;
  if (first >= kept_from) return;
  const bool dropped = memory_.given_up() && *memory_.given_up() >= first;
  give_up(first, kept_from - 1, dropped ? "ring_full" : "forgotten");
}

void Receiver::resend(Instant now) {
  if (fallback_ && now - fallback_->at >= kResendAfter) {
    ports_.log.write(ports::Level::warn, "node.server_fell_back",
                     "it knows less than it confirmed");
    confirmed_ = fallback_->upto;
    fallback_.reset();
    start_resending(now);
  }
  // A server that never confirms (the original's) would find everything many times; what a broker
  // may have lost comes again with the next connection all the same.
  const bool waiting = server_speaks_ && !memory_.empty() && !resending_ &&
                       now.since_start() - memory_.oldest_uptime() >= kResendAfter;
  if (waiting && now - progress_at_ >= patience_) {
    patience_ = std::min(2 * patience_, kResendAfterMax);
    ++resends_in_vain_;
    start_resending(now);
  }
  if (!resending_) return;
  resend_due_ = std::max(resend_due_, now - kMessagesPerStep * kResendEvery);
  for (; resend_due_ <= now && resending_; resend_due_ = resend_due_ + kResendEvery) {
    if (!again_) again_ = memory_.next();
    if (!again_ || again_->seq.value_or(0) >= resend_until_) {
      resending_ = false;
      progress_at_ = now;
    } else if (!send_again(*again_)) {
      return;  // the broker takes nothing more now
    } else {
      again_.reset();
    }
  }
}

bool Receiver::send_again(const telemetry::Sample& remembered) {
  if (remembered.seq.value_or(0) <= confirmed_) return true;
  telemetry::Sample sample = remembered;
  fill_in(sample);
  if (!print_message(sample))
    return true;  // printed once before; a summary is no longer than its samples
  const auto ticket =
      ports_.broker.publish(topic("telemetry").view(), {text_.data(), text_size_}, 1, false);
  if (ticket) ++counts_.samples_resent;
  if (ticket || ticket.error() != ports::PublishError::too_large) return ticket.has_value();
  give_up(*sample.seq, *sample.seq, "too_large");
  return true;
}

// Said again with every resend until the server's word passes it.
void Receiver::give_up(std::int64_t first, std::int64_t last, std::string_view reason) {
  TextWriter out{text_.data(), text_.size()};
  out.text("{\"boot\":").json_string(telemetry::to_text(settings_.boot).view());
  out.text(",\"from\":").integer(first).text(",\"to\":").integer(last);
  out.text(",\"reason\":").json_string(reason).character('}');
  if (ports_.broker.publish(topic("lost").view(), out.view(), 1, false)) ++counts_.losses_published;
}

void Receiver::take_phone(const Phone& phone, Instant now) {
  if (phone == phone_ || !is_label(phone.view())) return;
  phone_ = phone;
  session_since_.reset();
  if (!phone.empty()) session_since_ = now;
}

void Receiver::take_answer(const Answer& answer) {
  if (orders_.empty() || orders_[0].order.number != answer.number) return;  // answered before
  const Pending done = orders_.pop();
  order_due_ = now_;
  Result result{.id = done.command.id, .state = ResultState::applied, .why = answer.why};
  if (answer.outcome == Outcome::rejected) result.state = ResultState::rejected;
  if (answer.outcome == Outcome::expired) result.state = ResultState::expired;
  if (answer.outcome == Outcome::applied) {
    apply_here(done.command, now_);
    if (done.order.site) {
      kept_.site = completed(*done.order.site, kept_.site.value_or(*done.order.site));
      keep_settings();
    }
    restart_wanted_ = restart_wanted_ || done.order.restart;
  }
  finish(result);
}

// --- to the radio --------------------------------------------------------------------------------

void Receiver::tell_time(Instant now) {
  time_due_ = now + (times_told_ < kTimesAtFirst ? kTimeEveryAtFirst : kTimeEvery);
  if (const auto utc = ports_.clock.utc()) link_.send(wire::FrameType::time, print(*utc).view());
}

void Receiver::tell_site() {
  if (kept_.site) link_.send(wire::FrameType::site, print(*kept_.site).view());
}

// The oldest order is repeated until it is answered, expires, or nobody seems to be there.
void Receiver::push_order(Instant now) {
  while (!orders_.empty()) {
    const Pending& first = orders_[0];
    const auto utc = ports_.clock.utc();
    const bool expired = first.order.expires && (!utc || *utc >= *first.order.expires);
    if (!expired && now < first.give_up_at) break;
    const Pending given_up = orders_.pop();
    order_due_ = now;
    // Not carried out as far as is known here; an answer may have been lost.
    finish({.id = given_up.command.id, .state = ResultState::expired, .why = Why::no_answer});
  }
  if (orders_.empty() || now < order_due_) return;
  order_due_ = now + kOrderRepeat;
  if (orders_[0].order.expires) {
    // The transmitter judges the expiry again, by a clock that is now as good as ours.
    tell_time(now);
  }
  link_.send(wire::FrameType::command, print(orders_[0].order).view());
}

// --- from the broker -----------------------------------------------------------------------------

void Receiver::listen(Instant now) {
  for (int i = 0; i < kMessagesPerStep; ++i) {
    const auto message = ports_.broker.receive();
    if (!message) return;
    if (message->topic == topic("control")) take_command(message->payload.view(), now);
    if (message->topic == topic("stored")) take_stored(message->payload.view(), now);
  }
}

void Receiver::take_command(std::string_view text, Instant now) {
  const auto command = parse_command(text);
  if (!command) {
    return finish(
        {.id = command.error().id, .state = ResultState::rejected, .why = command.error().why});
  }
  for (std::size_t i = 0; i < results_.size() && !command->id.empty(); ++i) {
    // Redelivered by the broker: the answer is repeated, the deed is not.
    if (results_[i].id == command->id) return void(publish_result(results_[i]));
  }
  for (std::size_t i = 0; i < orders_.size() && !command->id.empty(); ++i) {
    if (orders_[i].command.id == command->id)
      return;  // its result comes when the transmitter answers
  }
  carry_out(*command, now);
}

void Receiver::carry_out(const Command& command, Instant now) {
  const auto refuse = [&](ResultState state, Why why) {
    finish({.id = command.id, .state = state, .why = why});
  };
  if (command.expires_at) {
    const auto utc = ports_.clock.utc();
    if (!utc) return refuse(ResultState::rejected, Why::no_clock);
    if (*utc >= *command.expires_at) return refuse(ResultState::expired, Why::past_expiry);
  }
  if (command.restart && !settings_.can_restart) {
    return refuse(ResultState::rejected, Why::unsupported);
  }
  if (command.for_transmitter() && orders_.full()) {
    return refuse(ResultState::rejected, Why::busy);
  }
  if (!command.for_transmitter()) {
    apply_here(command, now);
    return finish({command.id, ResultState::applied, Why::none});
  }
  Pending pending;
  pending.command = command;
  pending.give_up_at = now + kOrderFor;
  pending.order = {.number = ++order_number_,
                   .expires = command.expires_at,
                   .motion = command.motion,
                   .site = command.site,
                   .restart = command.restart};
  if (orders_.empty()) order_due_ = now;
  orders_.push(pending);
  publish_result({command.id, ResultState::delivered, Why::none});
}

void Receiver::apply_here(const Command& command, Instant now) {
  if (command.start_charging) {
    session_since_.reset();
    if (*command.start_charging) session_since_ = now;
  }
  if (!command.grid_price && !command.device_name) return;
  if (command.grid_price) kept_.grid_price = command.grid_price;
  if (command.device_name) kept_.device_name = *command.device_name;
  keep_settings();
}

void Receiver::finish(const Result& result) {
  ++(result.state == ResultState::applied ? counts_.commands_done : counts_.commands_refused);
  publish_result(result);
  if (result.id.empty()) return;
  if (results_.full()) results_.pop();
  results_.push(result);
}

// --- to the broker -------------------------------------------------------------------------------

bool Receiver::publish_result(const Result& result) {
  // A fielded server sends commands without an id and waits for nothing.
  if (result.id.empty()) return true;
  constexpr std::array<std::string_view, 4> kStates{"delivered", "applied", "rejected", "expired"};
  TextWriter out{text_.data(), text_.size()};
  out.text("{\"id\":").json_string(result.id.view()).text(",\"state\":");
  out.json_string(kStates[static_cast<std::size_t>(result.state)]);
  if (result.why != Why::none) out.text(",\"reason\":").json_string(to_text(result.why));
  out.text(",\"timestamp\":").integer(stamp(now_)).character('}');
  if (ports_.broker.publish(topic("result").view(), out.view(), 1, false)) return true;
  ++counts_.results_not_published;
  return false;
}

void Receiver::report_status(Instant now) {
  status_due_ = now + kHeartbeat;
  status_at_ = now;
  status_wanted_ = false;
  Status status;
  status.timestamp = stamp(now);
  status.device_id = settings_.device_id.view();
  status.board = settings_.board;
  status.mqtt_connected = true;
  status.uptime = now.since_start();
  status.boot = settings_.boot;
  status.radio_lost = link_.counts().frames_missed;
  status.lost = lost_;
  status.ring_used = memory_.bytes();
  status.ring_size = memory_.capacity();
  status.backfill = backfill_;
  TextWriter out{text_.data(), text_.size()};
  print_json(status, out);
  const auto published = ports_.broker.publish(topic("status").view(), out.view(), 1, true);
  if (!published) status_wanted_ = true;  // again in a second
}

void Receiver::report_history(Instant now) {
  history_due_ = now + kHistoryEvery;
  if (!sample_since_row_) return;  // nothing was heard: no row, and the gap stays a gap
  sample_since_row_ = false;
  HistoryRow row{.timestamp_ms = stamp(now),
                 .energy = energy_,
                 .battery = battery_,
                 .device_name = FixedText<64>{device_name()},
                 .session_minutes = 0};
  if (session_since_) {
    row.session_minutes = std::chrono::floor<std::chrono::minutes>(now - *session_since_).count();
  }
  upload_.before_append();
  const auto kept = append(ports_.files, row);
  if (!kept) {
    ++counts_.history_failed;
    ports_.log.write(ports::Level::warn, "node.history_failed", kHistoryFile);
  }
  const bool published = was_connected_ && publish_history(row, 0);
  if (!published) ++counts_.history_not_published;
  if (kept) upload_.appended(published);
}

bool Receiver::publish_history(const HistoryRow& row, int qos) {
  TextWriter out{text_.data(), text_.size()};
  print_json(row, settings_.device_id.view(), out);
  return ports_.broker.publish(topic("history").view(), out.view(), qos, false).has_value();
}

void Receiver::upload_history(Instant now) {
  upload_due_ = now + kHistoryUploadEvery;
  const auto row = upload_.next();
  if (!row || !publish_history(*row, 1)) return;
  upload_.taken();
  ++counts_.history_uploaded;
}

void Receiver::keep_settings() {
  const auto saved = save_settings(ports_.files, kept_);
  if (saved) return;
  ++counts_.settings_failed;
  ports_.log.write(ports::Level::error, "node.settings_failed", kSettingsFile);
}

void Receiver::describe(const BoardFacts& board) {
  settings_.board = board;
  status_wanted_ = true;
}

void Receiver::show_backfill(std::optional<Backfill> backfill) {
  if (backfill == backfill_) return;
  backfill_ = backfill;
  status_wanted_ = true;
}

FixedText<128> Receiver::status_topic() const { return topic("status"); }

FixedText<kStatusBytesMax> Receiver::offline_status() const {
  Status status;
  status.online = false;
  status.device_id = settings_.device_id.view();
  status.board = settings_.board;
  status.boot = settings_.boot;
  std::array<char, kStatusBytesMax> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  print_json(status, out);
  return FixedText<kStatusBytesMax>{out.view()};
}

FixedText<128> Receiver::topic(std::string_view leaf) const {
  std::array<char, 128> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  out.text(kTopicRoot).text(settings_.device_id.view()).character('/').text(leaf);
  return FixedText<128>{out.view()};
}

std::int64_t Receiver::stamp(Instant now) const {
  const auto utc = ports_.clock.utc();
  return utc ? utc->unix_ms() : now.since_start().count();
}

std::string_view Receiver::device_name() const {
  return phone_.empty() ? kept_.device_name.view() : phone_.view();
}

}  // namespace idast::node
