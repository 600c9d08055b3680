#include "mqtt/packets.h"

#include <algorithm>
#include <cstring>

#include "core/base/require.h"

namespace idast::mqtt {
namespace {

constexpr std::size_t kTextBytesMax = 65'535;
constexpr std::string_view kProtocolName = "MQTT";
constexpr std::uint8_t kProtocolLevel = 4;  // 3.1.2.2: MQTT 3.1.1

// Flags of PUBLISH, in the low bits of the first byte (3.3.1).
constexpr std::uint8_t kRetainBit = 0x01;
constexpr std::uint8_t kDuplicateBit = 0x08;
// Flags of CONNECT (3.1.2.3).
constexpr std::uint8_t kCleanSessionBit = 0x02;
constexpr std::uint8_t kWillBit = 0x04;
constexpr std::uint8_t kWillRetainBit = 0x20;
constexpr std::uint8_t kPasswordBit = 0x40;
constexpr std::uint8_t kUsernameBit = 0x80;

// Room to read into: small at first, since a thousand sessions may live in one process; grown when
// a read fills it, so that a backlog comes in few system calls.
constexpr std::size_t kBufferBytesMin = 4uz * 1024;
constexpr std::size_t kBufferBytesMax = 64uz * 1024;

// Reads big-endian fields; past the end it yields zeros and says failed().
class Reader {
 public:
  explicit Reader(std::string_view body) : rest_{body} {}

  std::uint8_t u8() {
    const std::string_view byte = take(1);
    return byte.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(byte[0]);
  }
  std::uint16_t u16() {
    const int high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::string_view text() { return take(u16()); }
  std::string_view all() { return take(rest_.size()); }
  bool empty() const { return rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string_view rest_;
  bool failed_ = false;
};

// What every body must satisfy once its fields were read.
std::optional<PacketError> fault_after(const Reader& reader) {
  if (reader.failed()) return PacketError::too_short;
  if (!reader.empty()) return PacketError::trailing_bytes;
  return std::nullopt;
}

std::expected<Packet, PacketError> decode_publish(std::uint8_t flags, std::string_view body) {
  Publish packet;
  packet.qos = static_cast<std::uint8_t>((flags >> 1) & 3);
  packet.retain = (flags & kRetainBit) != 0;
  packet.duplicate = (flags & kDuplicateBit) != 0;
  if (packet.qos > 1) return std::unexpected{PacketError::bad_qos};
  if (packet.qos == 0 && packet.duplicate) return std::unexpected{PacketError::bad_flags};

  Reader reader{body};
  packet.topic = reader.text();
  if (packet.qos == 1) packet.packet_id = reader.u16();
  packet.payload = reader.all();
  if (reader.failed()) return std::unexpected{PacketError::too_short};
  if (packet.qos == 1 && packet.packet_id == 0) return std::unexpected{PacketError::bad_packet_id};
  return packet;
}

std::expected<Packet, PacketError> decode_connack(std::string_view body) {
  Reader reader{body};
  const std::uint8_t flags = reader.u8();
  const std::uint8_t return_code = reader.u8();
  if (const auto fault = fault_after(reader)) return std::unexpected{*fault};
  if (flags > 1) return std::unexpected{PacketError::bad_flags};
  return Connack{.session_present = flags == 1, .return_code = return_code};
}

// PUBACK and UNSUBACK: a packet id and nothing else.
template <class Answer>
std::expected<Packet, PacketError> decode_answer(std::string_view body) {
  Reader reader{body};
  const std::uint16_t packet_id = reader.u16();
  if (const auto fault = fault_after(reader)) return std::unexpected{*fault};
  if (packet_id == 0) return std::unexpected{PacketError::bad_packet_id};
  return Answer{.packet_id = packet_id};
}

template <class Empty>
std::expected<Packet, PacketError> decode_empty(std::string_view body) {
  if (!body.empty()) return std::unexpected{PacketError::trailing_bytes};
  return Empty{};
}

bool valid_return_codes(std::string_view codes) {
  return std::ranges::all_of(codes, [](char c) {
    const auto code = static_cast<std::uint8_t>(c);
    return code <= 2 || code == kSubackFailure;
  });
}

std::expected<Packet, PacketError> decode_suback(std::string_view body) {
  Reader reader{body};
  Suback packet;
  packet.packet_id = reader.u16();
  packet.return_codes = reader.all();
  if (reader.failed()) return std::unexpected{PacketError::too_short};
  if (packet.packet_id == 0) return std::unexpected{PacketError::bad_packet_id};
  if (packet.return_codes.empty()) return std::unexpected{PacketError::no_filters};
  if (!valid_return_codes(packet.return_codes)) {
    return std::unexpected{PacketError::bad_return_code};
  }
  return packet;
}

std::expected<Packet, PacketError> decode_subscribe(std::string_view body) {
  Reader reader{body};
  Subscribe packet;
  packet.packet_id = reader.u16();
  while (!reader.empty()) {
    const std::string_view filter = reader.text();
    const std::uint8_t qos = reader.u8();
    if (reader.failed()) break;
    if (!valid_filter(filter)) return std::unexpected{PacketError::bad_filter};
    if (qos > 2) return std::unexpected{PacketError::bad_qos};
    packet.requests.push_back({.filter = filter, .qos = qos});
  }
  if (reader.failed()) return std::unexpected{PacketError::too_short};
  if (packet.packet_id == 0) return std::unexpected{PacketError::bad_packet_id};
  if (packet.requests.empty()) return std::unexpected{PacketError::no_filters};
  return packet;
}

std::expected<Packet, PacketError> decode_unsubscribe(std::string_view body) {
  Reader reader{body};
  Unsubscribe packet;
  packet.packet_id = reader.u16();
  while (!reader.empty()) {
    const std::string_view filter = reader.text();
    if (reader.failed()) break;
    if (!valid_filter(filter)) return std::unexpected{PacketError::bad_filter};
    packet.filters.push_back(filter);
  }
  if (reader.failed()) return std::unexpected{PacketError::too_short};
  if (packet.packet_id == 0) return std::unexpected{PacketError::bad_packet_id};
  if (packet.filters.empty()) return std::unexpected{PacketError::no_filters};
  return packet;
}

// Says what is wrong with the meaning of a CONNECT, whoever made it.
std::optional<PacketError> fault_of(const Connect& packet) {
  if (!valid_text(packet.client_id)) return PacketError::bad_text;
  if (packet.will && !valid_topic(packet.will->topic)) return PacketError::bad_topic;
  if (packet.will && packet.will->qos > 2) return PacketError::bad_qos;
  if (packet.username && !valid_text(*packet.username)) return PacketError::bad_text;
  if (packet.password && !packet.username) return PacketError::bad_flags;
  return std::nullopt;
}

std::expected<Packet, PacketError> decode_connect(std::string_view body) {
  Reader reader{body};
  const std::string_view protocol = reader.text();
  const std::uint8_t level = reader.u8();
  if (reader.failed()) return std::unexpected{PacketError::too_short};
  if (protocol != kProtocolName || level != kProtocolLevel) {
    return std::unexpected{PacketError::bad_protocol};
  }
  const std::uint8_t flags = reader.u8();
  const std::uint8_t will_qos = (flags >> 3) & 3;
  const bool will_retain = (flags & kWillRetainBit) != 0;
  if ((flags & 1) != 0) return std::unexpected{PacketError::bad_flags};
  if ((flags & kWillBit) == 0 && (will_qos != 0 || will_retain)) {
    return std::unexpected{PacketError::bad_flags};
  }
  Connect packet{.clean_session = (flags & kCleanSessionBit) != 0};
  packet.keep_alive_s = reader.u16();
  packet.client_id = reader.text();
  if ((flags & kWillBit) != 0) {
    packet.will.emplace();
    packet.will->topic = reader.text();
    packet.will->payload = reader.text();
    packet.will->qos = will_qos;
    packet.will->retain = will_retain;
  }
  if ((flags & kUsernameBit) != 0) packet.username = reader.text();
  if ((flags & kPasswordBit) != 0) packet.password = reader.text();
  if (const auto fault = fault_after(reader)) return std::unexpected{*fault};
  if (const auto fault = fault_of(packet)) return std::unexpected{*fault};
  return packet;
}

// What the low four bits of the first byte must be for every packet but PUBLISH (2.2.2).
bool valid_flags(PacketType type, std::uint8_t flags) {
  const bool request = type == PacketType::subscribe || type == PacketType::unsubscribe;
  return flags == (request ? 2 : 0);
}

void put_u8(std::string& out, unsigned value) { out.push_back(static_cast<char>(value & 0xff)); }
void put_u16(std::string& out, unsigned value) {
  put_u8(out, value >> 8);
  put_u8(out, value);
}
void put_text(std::string& out, std::string_view text) {
  put_u16(out, static_cast<unsigned>(text.size()));
  out.append(text);
}

std::size_t header_bytes_for(std::size_t body_bytes) {
  if (body_bytes < 128) return 2;
  if (body_bytes < 16'384) return 3;
  return body_bytes < 2'097'152 ? 4 : 5;
}

void put_head(std::string& out, PacketType type, unsigned flags, std::size_t body_bytes) {
  put_u8(out, static_cast<unsigned>(type) << 4 | flags);
  do {
    const auto low = static_cast<unsigned>(body_bytes & 0x7f);
    body_bytes >>= 7;
    put_u8(out, body_bytes > 0 ? low | 0x80u : low);
  } while (body_bytes > 0);
}

std::expected<void, PacketError> put_answer(PacketType type, std::uint16_t id, std::string& out) {
  if (id == 0) return std::unexpected{PacketError::bad_packet_id};
  put_head(out, type, 0, 2);
  put_u16(out, id);
  return {};
}

unsigned connect_flags(const Connect& packet) {
  unsigned flags = 0;
  if (packet.clean_session) flags |= kCleanSessionBit;
  if (packet.will) {
    flags |= kWillBit | static_cast<unsigned>(packet.will->qos) << 3;
    if (packet.will->retain) flags |= kWillRetainBit;
  }
  if (packet.username) flags |= kUsernameBit;
  if (packet.password) flags |= kPasswordBit;
  return flags;
}

}  // namespace

std::string_view name(PacketError error) {
  switch (error) {
    case PacketError::bad_length:
      return "bad_length";
    case PacketError::bad_type:
      return "bad_type";
    case PacketError::bad_flags:
      return "bad_flags";
    case PacketError::too_short:
      return "too_short";
    case PacketError::trailing_bytes:
      return "trailing_bytes";
    case PacketError::too_large:
      return "too_large";
    case PacketError::bad_packet_id:
      return "bad_packet_id";
    case PacketError::bad_qos:
      return "bad_qos";
    case PacketError::bad_text:
      return "bad_text";
    case PacketError::bad_topic:
      return "bad_topic";
    case PacketError::bad_filter:
      return "bad_filter";
    case PacketError::bad_protocol:
      return "bad_protocol";
    case PacketError::bad_return_code:
      return "bad_return_code";
    case PacketError::no_filters:
      return "no_filters";
  }
  return "unknown";
}

std::string_view connack_words(std::uint8_t return_code) {
  switch (return_code) {
    case 0:
      return "accepted";
    case 1:
      return "the broker does not speak MQTT 3.1.1";
    case 2:
      return "the broker does not accept this client id";
    case 3:
      return "the broker is not available";
    case 4:
      return "wrong user name or password";
    case 5:
      return "not authorized";
    default:
      return "a code that MQTT 3.1.1 does not define";
  }
}

std::expected<void, PacketError> encode(const Connect& packet, std::string& out) {
  if (const auto fault = fault_of(packet)) return std::unexpected{*fault};
  std::size_t body_bytes = 10;  // protocol name, level, flags, keep-alive
  bool fits = true;
  const auto count = [&](std::string_view text) {
    fits = fits && text.size() <= kTextBytesMax;
    body_bytes += 2 + text.size();
  };
  count(packet.client_id);
  if (packet.will) count(packet.will->topic);
  if (packet.will) count(packet.will->payload);
  if (packet.username) count(*packet.username);
  if (packet.password) count(*packet.password);
  if (!fits) return std::unexpected{PacketError::too_large};

  put_head(out, PacketType::connect, 0, body_bytes);
  put_text(out, kProtocolName);
  put_u8(out, kProtocolLevel);
  put_u8(out, connect_flags(packet));
  put_u16(out, packet.keep_alive_s);
  put_text(out, packet.client_id);
  if (packet.will) put_text(out, packet.will->topic);
  if (packet.will) put_text(out, packet.will->payload);
  if (packet.username) put_text(out, *packet.username);
  if (packet.password) put_text(out, *packet.password);
  return {};
}

std::expected<void, PacketError> encode(const Connack& packet, std::string& out) {
  put_head(out, PacketType::connack, 0, 2);
  put_u8(out, packet.session_present ? 1 : 0);
  put_u8(out, packet.return_code);
  return {};
}

std::size_t publish_bytes(std::size_t topic_bytes, std::size_t payload_bytes, std::uint8_t qos) {
  const std::size_t body_bytes = 2 + topic_bytes + (qos > 0 ? 2 : 0) + payload_bytes;
  return header_bytes_for(body_bytes) + body_bytes;
}

std::expected<void, PacketError> encode(const Publish& packet, std::string& out) {
  if (packet.qos > 1) return std::unexpected{PacketError::bad_qos};
  if (packet.qos == 0 && packet.duplicate) return std::unexpected{PacketError::bad_flags};
  if ((packet.qos == 1) != (packet.packet_id != 0)) {
    return std::unexpected{PacketError::bad_packet_id};
  }
  if (packet.topic.size() > kTextBytesMax) return std::unexpected{PacketError::too_large};
  const std::size_t id_bytes = packet.qos > 0 ? 2 : 0;
  const std::size_t rest_bytes = 2 + packet.topic.size() + id_bytes;
  if (packet.payload.size() > kRemainingLengthMax - rest_bytes) {
    return std::unexpected{PacketError::too_large};
  }
  unsigned flags = static_cast<unsigned>(packet.qos) << 1;
  if (packet.retain) flags |= kRetainBit;
  if (packet.duplicate) flags |= kDuplicateBit;

  put_head(out, PacketType::publish, flags, rest_bytes + packet.payload.size());
  put_text(out, packet.topic);
  if (packet.qos > 0) put_u16(out, packet.packet_id);
  out.append(packet.payload);
  return {};
}

void mark_duplicate(std::string& encoded_publish) {
  require(!encoded_publish.empty(), "mark_duplicate: no packet");
  encoded_publish[0] = static_cast<char>(encoded_publish[0] | kDuplicateBit);
}

std::expected<void, PacketError> encode(const Puback& packet, std::string& out) {
  return put_answer(PacketType::puback, packet.packet_id, out);
}

std::expected<void, PacketError> encode(const Subscribe& packet, std::string& out) {
  if (packet.packet_id == 0) return std::unexpected{PacketError::bad_packet_id};
  if (packet.requests.empty()) return std::unexpected{PacketError::no_filters};
  std::size_t body_bytes = 2;
  for (const Subscribe::Request& request : packet.requests) {
    if (!valid_filter(request.filter)) return std::unexpected{PacketError::bad_filter};
    if (request.qos > 2) return std::unexpected{PacketError::bad_qos};
    body_bytes += 3 + request.filter.size();
  }
  if (body_bytes > kRemainingLengthMax) return std::unexpected{PacketError::too_large};
  put_head(out, PacketType::subscribe, 2, body_bytes);
  put_u16(out, packet.packet_id);
  for (const Subscribe::Request& request : packet.requests) {
    put_text(out, request.filter);
    put_u8(out, request.qos);
  }
  return {};
}

std::expected<void, PacketError> encode(const Suback& packet, std::string& out) {
  if (packet.packet_id == 0) return std::unexpected{PacketError::bad_packet_id};
  if (packet.return_codes.empty()) return std::unexpected{PacketError::no_filters};
  if (!valid_return_codes(packet.return_codes)) {
    return std::unexpected{PacketError::bad_return_code};
  }
  if (packet.return_codes.size() > kRemainingLengthMax - 2) {
    return std::unexpected{PacketError::too_large};
  }
  put_head(out, PacketType::suback, 0, 2 + packet.return_codes.size());
  put_u16(out, packet.packet_id);
  out.append(packet.return_codes);
  return {};
}

std::expected<void, PacketError> encode(const Unsubscribe& packet, std::string& out) {
  if (packet.packet_id == 0) return std::unexpected{PacketError::bad_packet_id};
  if (packet.filters.empty()) return std::unexpected{PacketError::no_filters};
  std::size_t body_bytes = 2;
  for (const std::string_view filter : packet.filters) {
    if (!valid_filter(filter)) return std::unexpected{PacketError::bad_filter};
    body_bytes += 2 + filter.size();
  }
  if (body_bytes > kRemainingLengthMax) return std::unexpected{PacketError::too_large};
  put_head(out, PacketType::unsubscribe, 2, body_bytes);
  put_u16(out, packet.packet_id);
  for (const std::string_view filter : packet.filters) put_text(out, filter);
  return {};
}

std::expected<void, PacketError> encode(const Unsuback& packet, std::string& out) {
  return put_answer(PacketType::unsuback, packet.packet_id, out);
}

std::expected<void, PacketError> encode(const Pingreq&, std::string& out) {
  put_head(out, PacketType::pingreq, 0, 0);
  return {};
}

std::expected<void, PacketError> encode(const Pingresp&, std::string& out) {
  put_head(out, PacketType::pingresp, 0, 0);
  return {};
}

std::expected<void, PacketError> encode(const Disconnect&, std::string& out) {
  put_head(out, PacketType::disconnect, 0, 0);
  return {};
}

std::expected<Packet, PacketError> decode(std::uint8_t first_byte, std::string_view body) {
  const auto type = static_cast<PacketType>(first_byte >> 4);
  const auto flags = static_cast<std::uint8_t>(first_byte & 0x0f);
  if (type == PacketType::publish) return decode_publish(flags, body);
  if (!valid_flags(type, flags)) {
    // PUBREL has flags of its own; say what it is rather than what its bits are.
    const bool known = type != PacketType{0} && type != PacketType{6} && type != PacketType{15};
    return std::unexpected{known ? PacketError::bad_flags : PacketError::bad_type};
  }
  switch (type) {
    case PacketType::connect:
      return decode_connect(body);
    case PacketType::connack:
      return decode_connack(body);
    case PacketType::puback:
      return decode_answer<Puback>(body);
    case PacketType::subscribe:
      return decode_subscribe(body);
    case PacketType::suback:
      return decode_suback(body);
    case PacketType::unsubscribe:
      return decode_unsubscribe(body);
    case PacketType::unsuback:
      return decode_answer<Unsuback>(body);
    case PacketType::pingreq:
      return decode_empty<Pingreq>(body);
    case PacketType::pingresp:
      return decode_empty<Pingresp>(body);
    case PacketType::disconnect:
      return decode_empty<Disconnect>(body);
    case PacketType::publish:
      break;
  }
  return std::unexpected{PacketError::bad_type};
}

Decoder::Decoder(std::size_t packet_bytes_max) : packet_bytes_max_{packet_bytes_max} {
  require(packet_bytes_max >= 16, "Decoder: packet_bytes_max is smaller than a packet");
}

void Decoder::resize(std::size_t size) {
  std::vector<char> larger(size);
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), larger.begin());
  buffer_.swap(larger);
  end_ -= begin_;
  begin_ = 0;
}

std::span<char> Decoder::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  std::size_t size = std::max(buffer_.size(), kBufferBytesMin);
  if (end_ == 0 && size > kBufferBytesMax) size = kBufferBytesMax;
  if (filled_ && size < kBufferBytesMax) size *= 2;
  if (wanted_ > size) size = wanted_;
  filled_ = false;
  if (size != buffer_.size()) resize(size);

  if (begin_ > 0) {  // the beginning of one packet at most
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  require(end_ < buffer_.size(), "Decoder: room() before next() said that it needs more");
  return std::span{buffer_}.subspan(end_);
}

void Decoder::received(std::size_t count) {
  require(count <= buffer_.size() - end_, "Decoder: more bytes than there was room");
  end_ += count;
  filled_ = end_ == buffer_.size();
}

std::expected<std::optional<Decoder::Head>, PacketError> Decoder::head() const {
  const std::size_t available = end_ - begin_;
  const char* const bytes = buffer_.data() + begin_;
  std::size_t length = 0;
  for (std::size_t i = 1; i <= 4; ++i) {
    if (i >= available) return std::nullopt;
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    length |= static_cast<std::size_t>(byte & 0x7f) << (7 * (i - 1));
    if ((byte & 0x80) != 0) continue;
    return Head{.first_byte = static_cast<std::uint8_t>(bytes[0]),
                .header_bytes = i + 1,
                .body_bytes = length};
  }
  return std::unexpected{PacketError::bad_length};
}

// A PUBLISH above the limit: waits for its topic and packet id only, then skips the rest.
std::expected<std::optional<Packet>, PacketError> Decoder::oversize(const Head& head) {
  const auto type = static_cast<PacketType>(head.first_byte >> 4);
  if (type != PacketType::publish) return std::unexpected{PacketError::too_large};
  const std::string_view bytes{buffer_.data() + begin_, end_ - begin_};
  const std::string_view body = bytes.substr(std::min(head.header_bytes, bytes.size()));
  std::size_t needed = 2;
  if (body.size() >= needed) needed += Reader{body}.u16() + std::size_t{2};
  if (needed > head.body_bytes) return std::unexpected{PacketError::too_short};
  if (head.header_bytes + needed > packet_bytes_max_) {
    return std::unexpected{PacketError::too_large};
  }
  if (body.size() < needed) {
    wanted_ = head.header_bytes + needed;
    return std::nullopt;
  }
  // The first bytes, read as a whole packet, give the QoS and the id or say what is wrong.
  const auto packet = decode(head.first_byte, body.substr(0, needed));
  if (!packet) return std::unexpected{packet.error()};
  const Publish& publish = std::get<Publish>(*packet);
  skipped_ = {
      .packet_bytes = head.packet_bytes(), .qos = publish.qos, .packet_id = publish.packet_id};
  skip_left_ = head.packet_bytes();
  wanted_ = 0;
  return skip();
}

std::optional<Packet> Decoder::skip() {
  const std::size_t count = std::min(skip_left_, end_ - begin_);
  begin_ += count;
  skip_left_ -= count;
  if (skip_left_ > 0) return std::nullopt;
  return skipped_;
}

std::expected<std::optional<Packet>, PacketError> Decoder::next() {
  if (skip_left_ > 0) return skip();
  wanted_ = 0;
  const auto found = head();
  if (!found) return std::unexpected{found.error()};
  const std::optional<Head>& complete = *found;
  if (!complete) return std::nullopt;
  const Head& packet_head = *complete;
  const std::size_t packet_bytes = packet_head.packet_bytes();
  if (packet_bytes > packet_bytes_max_) return oversize(packet_head);
  if (packet_bytes > end_ - begin_) {
    wanted_ = packet_bytes;
    return std::nullopt;
  }
  const std::string_view body{buffer_.data() + begin_ + packet_head.header_bytes,
                              packet_head.body_bytes};
  begin_ += packet_bytes;
  auto packet = decode(packet_head.first_byte, body);
  if (!packet) return std::unexpected{packet.error()};
  return std::optional<Packet>{std::move(*packet)};
}

bool valid_text(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  std::size_t i = 0;
  while (i < text.size()) {
    const std::uint8_t first = byte(i);
    if (first == 0) return false;
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() - i < length) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    }
    // Overlong forms, surrogates and code points past U+10FFFF show in the second byte.
    const std::uint8_t second = byte(i + 1);
    if (first == 0xe0 && second < 0xa0) return false;
    if (first == 0xed && second > 0x9f) return false;
    if (first == 0xf0 && second < 0x90) return false;
    if (first == 0xf4 && second > 0x8f) return false;
    i += length;
  }
  return true;
}

bool valid_topic(std::string_view topic) {
  if (topic.empty() || topic.size() > kTextBytesMax) return false;
  return topic.find_first_of("+#") == std::string_view::npos && valid_text(topic);
}

bool valid_filter(std::string_view filter) {
  if (filter.empty() || filter.size() > kTextBytesMax) return false;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] != '+' && filter[i] != '#') continue;
    if (i > 0 && filter[i - 1] != '/') return false;
    const bool last = i + 1 == filter.size();
    if (!last && (filter[i] == '#' || filter[i + 1] != '/')) return false;
  }
  return valid_text(filter);
}

}  // namespace idast::mqtt
