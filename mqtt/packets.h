#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// The packets of MQTT 3.1.1 (OASIS, 29 October 2014), both directions, QoS 0 and 1. Pure: no
// socket, no clock, no state but the decoder's bytes. Section numbers below are those of the
// standard.
//
//   packet := type:4 flags:4 remaining_length:1…4 body            (2.2; integers are big-endian)
//   text   := length:u16 utf8[length]                             (1.5.3)
//
// Bytes travel as std::string and std::string_view, since topics and payloads are what they hold.
namespace idast::mqtt {

enum class PacketType : std::uint8_t {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  subscribe = 8,
  suback = 9,
  unsubscribe = 10,
  unsuback = 11,
  pingreq = 12,
  pingresp = 13,
  disconnect = 14,
};

enum class PacketError : std::uint8_t {
  bad_length,       // remaining length longer than four bytes
  bad_type,         // reserved, or one of QoS 2's four
  bad_flags,        // reserved bits set
  too_short,        // a field passes the end of the packet
  trailing_bytes,   // the packet goes on after its last field
  too_large,        // passes packet_bytes_max and is no PUBLISH; or what encode() cannot express
  bad_packet_id,    // 0
  bad_qos,          // 3; or 2, which this client never asks for
  bad_text,         // not UTF-8, or holding U+0000
  bad_topic,        // see valid_topic()
  bad_filter,       // see valid_filter()
  bad_protocol,     // CONNECT of another protocol or version
  bad_return_code,  // in SUBACK
  no_filters,       // SUBSCRIBE, UNSUBSCRIBE, SUBACK without any
};
std::string_view name(PacketError error);

// The views of a decoded packet live as long as the bytes it was decoded from.

struct ConnectWill {
  std::string_view topic = {};
  std::string_view payload = {};
  std::uint8_t qos = 0;  // 0 … 2: a broker may be told of 2 by foreign clients
  bool retain = false;
  friend bool operator==(const ConnectWill&, const ConnectWill&) = default;
};

struct Connect {
  std::string_view client_id = {};
  bool clean_session = true;
  std::uint16_t keep_alive_s = 0;
  std::optional<ConnectWill> will = {};
  std::optional<std::string_view> username = {};
  std::optional<std::string_view> password = {};  // only with a user name (3.1.2.9)
  friend bool operator==(const Connect&, const Connect&) = default;
};

struct Connack {
  bool session_present = false;
  std::uint8_t return_code = 0;  // 0 accepted; 1 … 5 refused, see connack_words()
  friend bool operator==(const Connack&, const Connack&) = default;
};
// What a return code means, for a person.
std::string_view connack_words(std::uint8_t return_code);

struct Publish {
  // As it came: decode() does not judge it, because a message with a foul topic must be refused
  // alone (and acknowledged), not with its connection. Ask valid_topic().
  std::string_view topic = {};
  std::string_view payload = {};
  std::uint8_t qos = 0;  // 0 or 1
  bool retain = false;
  bool duplicate = false;       // only at QoS 1
  std::uint16_t packet_id = 0;  // 1 … 65535 at QoS 1, 0 at QoS 0
  friend bool operator==(const Publish&, const Publish&) = default;
};

struct Puback {
  std::uint16_t packet_id = 0;
  friend bool operator==(const Puback&, const Puback&) = default;
};

struct Subscribe {
  struct Request {
    std::string_view filter = {};
    std::uint8_t qos = 0;  // 0 … 2
    friend bool operator==(const Request&, const Request&) = default;
  };
  std::uint16_t packet_id = 0;
  std::vector<Request> requests = {};
  friend bool operator==(const Subscribe&, const Subscribe&) = default;
};

constexpr std::uint8_t kSubackFailure = 0x80;
struct Suback {
  std::uint16_t packet_id = 0;
  std::string_view return_codes = {};  // one byte each: the granted QoS or kSubackFailure
  friend bool operator==(const Suback&, const Suback&) = default;
};

struct Unsubscribe {
  std::uint16_t packet_id = 0;
  std::vector<std::string_view> filters = {};
  friend bool operator==(const Unsubscribe&, const Unsubscribe&) = default;
};

struct Unsuback {
  std::uint16_t packet_id = 0;
  friend bool operator==(const Unsuback&, const Unsuback&) = default;
};

struct Pingreq {
  friend bool operator==(const Pingreq&, const Pingreq&) = default;
};
struct Pingresp {
  friend bool operator==(const Pingresp&, const Pingresp&) = default;
};
struct Disconnect {
  friend bool operator==(const Disconnect&, const Disconnect&) = default;
};

// Not a packet of the standard: what the Decoder reports in place of a PUBLISH above its limit,
// after having skipped it without storing it.
struct OversizePublish {
  std::size_t packet_bytes = 0;
  std::uint8_t qos = 0;
  std::uint16_t packet_id = 0;
  friend bool operator==(const OversizePublish&, const OversizePublish&) = default;
};

// PUBLISH and PUBACK come first: they are nearly all there is.
using Packet = std::variant<Publish, Puback, Connect, Connack, Subscribe, Suback, Unsubscribe,
                            Unsuback, Pingreq, Pingresp, Disconnect, OversizePublish>;

// The largest remaining length four bytes can say (2.2.3).
constexpr std::size_t kRemainingLengthMax = 268'435'455;

// Append one packet to `out`, or leave it as it was and say why not. Everything is checked as a
// receiver would: what was encoded, decodes to the same.
std::expected<void, PacketError> encode(const Connect& packet, std::string& out);
std::expected<void, PacketError> encode(const Connack& packet, std::string& out);
std::expected<void, PacketError> encode(const Publish& packet, std::string& out);
std::expected<void, PacketError> encode(const Puback& packet, std::string& out);
std::expected<void, PacketError> encode(const Subscribe& packet, std::string& out);
std::expected<void, PacketError> encode(const Suback& packet, std::string& out);
std::expected<void, PacketError> encode(const Unsubscribe& packet, std::string& out);
std::expected<void, PacketError> encode(const Unsuback& packet, std::string& out);
std::expected<void, PacketError> encode(const Pingreq& packet, std::string& out);
std::expected<void, PacketError> encode(const Pingresp& packet, std::string& out);
std::expected<void, PacketError> encode(const Disconnect& packet, std::string& out);

// The bytes encode() would append for a PUBLISH with these lengths.
std::size_t publish_bytes(std::size_t topic_bytes, std::size_t payload_bytes, std::uint8_t qos);

// Sets DUP in an encoded PUBLISH (3.3.1.1).
void mark_duplicate(std::string& encoded_publish);

// The first byte of a packet and its body, without the remaining length between them.
std::expected<Packet, PacketError> decode(std::uint8_t first_byte, std::string_view body);

// Cuts packets out of a stream of bytes that arrives in any pieces. After an error the stream has
// lost its meaning: close the connection, make a new decoder. Holds at most packet_bytes_max bytes,
// or 64 KiB if that is more.
class Decoder {
 public:
  explicit Decoder(std::size_t packet_bytes_max);

  // Where to put the next bytes; never empty. Ends the life of the views of earlier packets.
  std::span<char> room();
  // That many bytes were put there.
  void received(std::size_t count);

  // The next packet; nothing when its bytes have not all arrived.
  std::expected<std::optional<Packet>, PacketError> next();

 private:
  struct Head {
    std::uint8_t first_byte;
    std::size_t header_bytes;
    std::size_t body_bytes;
    std::size_t packet_bytes() const { return header_bytes + body_bytes; }
  };
  std::expected<std::optional<Head>, PacketError> head() const;
  std::expected<std::optional<Packet>, PacketError> oversize(const Head& head);
  std::optional<Packet> skip();
  void resize(std::size_t size);

  std::size_t packet_bytes_max_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;   // first byte not yet decoded
  std::size_t end_ = 0;     // one past the last byte received
  std::size_t wanted_ = 0;  // bytes of the packet that begins at begin_, once known
  bool filled_ = false;     // the last bytes filled the room: more are waiting
  std::size_t skip_left_ = 0;
  OversizePublish skipped_{};
};

// UTF-8 without surrogates, overlong forms and U+0000 (1.5.3).
bool valid_text(std::string_view text);
// A name to publish to: 1 … 65535 bytes of valid text without wildcards (4.7).
bool valid_topic(std::string_view topic);
// A name to subscribe to: `+` fills a level, `#` fills the last one (4.7.1).
bool valid_filter(std::string_view filter);

}  // namespace idast::mqtt
