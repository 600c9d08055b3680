#include "server/live/hub.h"

#include <algorithm>

#include "core/base/calendar.h"
#include "core/telemetry/row.h"
#include "server/live/print.h"

namespace idast::live {
namespace {

Text event(EventId id, std::string_view kind, const std::string& data) {
  auto text = std::make_shared<std::string>();
  text->reserve(data.size() + 64);
  text->append("id: ").append(std::to_string(id));
  text->append("\nevent: ").append(kind);
  text->append("\ndata: ").append(data).append("\n\n");
  return text;
}

void append_server_time(UtcMillis utc, std::string& out) {
  out.append(R"({"server_time":")").append(to_iso(utc).view()).append("\"");
}

}  // namespace

Hub::Hub(Board& board, EventId first_id, std::string broker)
    : board_{board}, next_id_{first_id}, broker_{std::move(broker)} {}

std::expected<StreamId, OpenError> Hub::open(Filter filter, std::optional<EventId> last_event,
                                             std::function<void()> wake) {
  auto found = channels_.find(filter);
  if (channel_of_.size() >= kStreamsMax) {
    ++counters_.refused;
    return std::unexpected{OpenError::too_many_streams};
  }
  if (found == channels_.end()) {
    if (channels_.size() >= kChannelsMax) {
      ++counters_.refused;
      return std::unexpected{OpenError::too_many_filters};
    }
    found = channels_.try_emplace(std::move(filter)).first;
    found->second.last_id = next_id_++;
  }
  Channel& channel = found->second;
  const StreamId id = next_stream_++;
  Stream& stream = channel.streams[id];
  stream.wake = std::move(wake);
  stream.needs_state = !last_event || !remembers(channel, *last_event);
  ++counters_.opened;
  if (!stream.needs_state) {
    ++counters_.resumed;
    for (const Entry& entry : channel.history) {
      if (entry.id > *last_event) give(stream, entry.text);
    }
  }
  channel_of_[id] = found;
  return id;
}

void Hub::close(StreamId stream) {
  const auto found = channel_of_.find(stream);
  if (found == channel_of_.end()) return;
  found->second->second.streams.erase(stream);
  channel_of_.erase(found);
}

Text Hub::take(StreamId stream) {
  const auto found = channel_of_.find(stream);
  if (found == channel_of_.end()) return nullptr;
  Stream& reader = found->second->second.streams.at(stream);
  reader.waiting = reader.outbox.empty();
  if (reader.waiting) return nullptr;
  Text text = std::move(reader.outbox.front());
  reader.outbox.pop_front();
  reader.outbox_bytes -= text->size();
  return text;
}

// An id is remembered when nothing after it has left the history.
bool Hub::remembers(const Channel& channel, EventId id) const {
  if (id == channel.last_id) return true;
  return std::any_of(channel.history.begin(), channel.history.end(),
                     [id](const Entry& entry) { return entry.id == id; });
}

bool Hub::state_wanted() const {
  for (const auto& [filter, channel] : channels_) {
    for (const auto& [id, stream] : channel.streams) {
      if (stream.needs_state && stream.outbox.empty()) return true;
    }
  }
  return false;
}

void Hub::tick(Instant now, UtcMillis utc) {
  const Drained drained = board_.drain(utc, state_wanted());
  for (auto& [filter, channel] : channels_) {
    batch(filter, channel, drained.changes, now, utc);
    give_state(filter, channel, drained.views, now, utc);
    if (!channel.streams.empty()) channel.deserted_at = now;
    for (auto& [id, stream] : channel.streams) {
      if (!stream.waiting || stream.outbox.empty()) continue;
      stream.waiting = false;
      stream.wake();
    }
  }
  std::erase_if(channels_, [now](const auto& entry) {
    return entry.second.streams.empty() && now - entry.second.deserted_at > kChannelLinger;
  });
}

void Hub::batch(const Filter& filter, Channel& channel, const std::vector<Change>& changes,
                Instant now, UtcMillis utc) {
  std::string data;
  append_server_time(utc, data);
  data.append(R"(,"devices":[)");
  bool any = false;
  for (const Change& change : changes) {
    if (!filter.wants(change.device)) continue;
    if (any) data.push_back(',');
    print_change(change, filter.fields, data);
    any = true;
  }
  if (!any && now - channel.last_batch < kSilenceMax) return;
  data.append("]}");

  channel.last_batch = now;
  channel.last_id = next_id_++;
  const Text text = event(channel.last_id, "changes", data);
  channel.history.push_back({channel.last_id, text});
  channel.history_bytes += text->size();
  forget(channel, std::max(kHistoryBytesMin, kHistoryBytesMax / channels_.size()));
  for (auto& [id, stream] : channel.streams) {
    if (!stream.needs_state) give(stream, text);
  }
}

void Hub::forget(Channel& channel, std::size_t bytes_max) {
  while (channel.history_bytes > bytes_max) {
    channel.history_bytes -= channel.history.front().text->size();
    channel.history.pop_front();
  }
}

void Hub::give(Stream& stream, Text text) {
  const bool full =
      stream.outbox.size() >= kOutboxMax || stream.outbox_bytes + text->size() > kOutboxBytesMax;
  if (full && !stream.outbox.empty()) {
    counters_.batches_dropped += stream.outbox.size() + 1;  // and the one at hand
    stream.outbox.clear();
    stream.outbox_bytes = 0;
    stream.needs_state = true;
    return;
  }
  stream.outbox_bytes += text->size();
  stream.outbox.push_back(std::move(text));
  ++counters_.batches;
}

void Hub::give_state(const Filter& filter, Channel& channel, const std::vector<View>& views,
                     Instant now, UtcMillis utc) {
  for (auto& [id, stream] : channel.streams) {
    if (!stream.needs_state || !stream.outbox.empty()) continue;
    // A reader that did not come back for what it was given gets its state when it does: a state
    // that waits grows old.
    if (!stream.waiting) continue;
    const bool fresh = channel.state.text && now - channel.state_at < kStateShared &&
                       remembers(channel, channel.state.id);
    if (!fresh) {
      channel.state = {channel.last_id, print_state(filter, channel.last_id, views, utc)};
      channel.state_at = now;
    }
    stream.needs_state = false;
    stream.outbox_bytes += channel.state.text->size();
    stream.outbox.push_back(channel.state.text);
    ++counters_.states;
    for (const Entry& entry : channel.history) {
      if (entry.id > channel.state.id) give(stream, entry.text);
    }
  }
}

Text Hub::print_state(const Filter& filter, EventId id, const std::vector<View>& views,
                      UtcMillis utc) const {
  std::string data;
  append_server_time(utc, data);
  data.append(R"(,"broker":)");
  telemetry::print_text(broker_, data);
  data.append(R"(,"devices":[)");
  bool any = false;
  for (const View& view : views) {
    if (!filter.wants(view.device)) continue;
    if (any) data.push_back(',');
    print_device(view, filter.fields, data);
    any = true;
  }
  data.append("]}");
  return event(id, "state", data);
}

const Hub::Counters& Hub::counters() {
  counters_.streams = channel_of_.size();
  counters_.channels = channels_.size();
  counters_.history_bytes = 0;
  for (const auto& [filter, channel] : channels_) {
    counters_.history_bytes += channel.history_bytes;
  }
  return counters_;
}

}  // namespace idast::live
