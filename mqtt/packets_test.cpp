#include "mqtt/packets.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using namespace idast::mqtt;
using namespace std::string_view_literals;

namespace {

template <class P>
std::string bytes_of(const P& packet) {
  std::string out;
  const auto encoded = encode(packet, out);
  REQUIRE(encoded.has_value());
  return out;
}

void feed(Decoder& decoder, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = decoder.room();
    const std::size_t count = std::min(room.size(), bytes.size());
    std::copy_n(bytes.begin(), count, room.begin());
    decoder.received(count);
    bytes.remove_prefix(count);
  }
}

// The packet in these bytes, or the error; there must be one or the other.
std::expected<Packet, PacketError> decoded(std::string_view bytes) {
  static Decoder decoder{1024};
  decoder = Decoder{1024};
  feed(decoder, bytes);
  auto packet = decoder.next();
  if (!packet) return std::unexpected{packet.error()};
  REQUIRE(packet->has_value());
  return **packet;
}

template <class P>
void check_round_trip(const P& packet) {
  const auto again = decoded(bytes_of(packet));
  REQUIRE(again.has_value());
  CHECK(std::get<P>(*again) == packet);
}

}  // namespace

TEST_CASE("every packet that is encoded decodes to itself") {
  check_round_trip(Connect{.client_id = "idast-1", .clean_session = false, .keep_alive_s = 30});
  check_round_trip(Connect{.client_id = "",
                           .clean_session = true,
                           .keep_alive_s = 65'535,
                           .will = ConnectWill{.topic = "a/status", .payload = "x", .qos = 1},
                           .username = "user",
                           .password = "pass\0word"sv});
  check_round_trip(Connack{.session_present = true, .return_code = 0});
  check_round_trip(Connack{.session_present = false, .return_code = 5});
  check_round_trip(Publish{.topic = "a/b", .payload = "live"});
  check_round_trip(Publish{.topic = "a/b", .payload = ""});
  check_round_trip(Publish{
      .topic = "t", .payload = "p", .qos = 1, .retain = true, .duplicate = true, .packet_id = 7});
  check_round_trip(Puback{.packet_id = 65'535});
  check_round_trip(Subscribe{.packet_id = 1, .requests = {{"a/+/b", 1}, {"#", 0}}});
  check_round_trip(Suback{.packet_id = 1, .return_codes = "\x00\x01\x80"sv});
  check_round_trip(Unsubscribe{.packet_id = 3, .filters = {"a", "b/#"}});
  check_round_trip(Unsuback{.packet_id = 3});
  check_round_trip(Pingreq{});
  check_round_trip(Pingresp{});
  check_round_trip(Disconnect{});
}

TEST_CASE("CONNECT with everything is the standard's bytes") {
  const Connect packet{
      .client_id = "id",
      .clean_session = false,
      .keep_alive_s = 10,
      .will = ConnectWill{.topic = "w", .payload = "gone", .qos = 1, .retain = true},
      .username = "u",
      .password = "pw"};
  // Flags 0xec: user, password, will retained at QoS 1, session kept.
  CHECK(bytes_of(packet) ==
        "\x10\x1e\x00\x04MQTT\x04\xec\x00\x0a\x00\x02id\x00\x01w\x00\x04gone\x00\x01u\x00\x02pw"sv);
}

TEST_CASE("PUBLISH, PUBACK, SUBSCRIBE, PINGREQ and DISCONNECT are the standard's bytes") {
  CHECK(bytes_of(Publish{.topic = "a/b", .payload = "hi", .qos = 1, .packet_id = 0x0102}) ==
        "\x32\x09\x00\x03"
        "a/b\x01\x02hi"sv);
  CHECK(bytes_of(Publish{.topic = "a", .payload = "", .retain = true}) ==
        "\x31\x03\x00\x01"
        "a"sv);
  CHECK(bytes_of(Puback{.packet_id = 258}) == "\x40\x02\x01\x02"sv);
  CHECK(bytes_of(Subscribe{.packet_id = 10, .requests = {{"a/b", 1}}}) ==
        "\x82\x08\x00\x0a\x00\x03"
        "a/b\x01"sv);
  CHECK(bytes_of(Pingreq{}) == "\xc0\x00"sv);
  CHECK(bytes_of(Disconnect{}) == "\xe0\x00"sv);
}

TEST_CASE("the predicted size of a PUBLISH is its size at every length of the length") {
  for (const std::size_t payload_bytes : {0ul, 1ul, 120ul, 121ul, 122ul, 123ul, 16'376ul, 16'377ul,
                                          16'378ul, 16'379ul, 2'097'144ul, 2'097'147ul}) {
    for (const std::uint8_t qos : {std::uint8_t{0}, std::uint8_t{1}}) {
      const std::string payload(payload_bytes, 'x');
      const Publish packet{.topic = "abc", .payload = payload, .qos = qos, .packet_id = qos};
      CHECK(bytes_of(packet).size() == publish_bytes(3, payload_bytes, qos));
    }
  }
}

TEST_CASE("marking a PUBLISH as duplicate changes that bit alone") {
  std::string bytes = bytes_of(Publish{.topic = "t", .payload = "p", .qos = 1, .packet_id = 9});
  mark_duplicate(bytes);
  const auto packet = decoded(bytes);
  REQUIRE(packet.has_value());
  CHECK(std::get<Publish>(*packet) ==
        Publish{.topic = "t", .payload = "p", .qos = 1, .duplicate = true, .packet_id = 9});
}

TEST_CASE("what the standard forbids is refused by name") {
  struct Case {
    std::string_view claim;
    std::string_view bytes;
    PacketError error;
  };
  const Case cases[] = {
      {"type 0", "\x00\x00"sv, PacketError::bad_type},
      {"type 15", "\xf0\x00"sv, PacketError::bad_type},
      {"PUBREC belongs to QoS 2", "\x50\x02\x00\x01"sv, PacketError::bad_type},
      {"PUBREL belongs to QoS 2", "\x62\x02\x00\x01"sv, PacketError::bad_type},
      {"PUBCOMP belongs to QoS 2", "\x70\x02\x00\x01"sv, PacketError::bad_type},
      {"a length of five bytes", "\x30\xff\xff\xff\xff\x01"sv, PacketError::bad_length},
      {"PUBLISH at QoS 2", "\x34\x05\x00\x01t\x00\x01"sv, PacketError::bad_qos},
      {"PUBLISH at QoS 3", "\x36\x05\x00\x01t\x00\x01"sv, PacketError::bad_qos},
      {"DUP at QoS 0", "\x38\x03\x00\x01t"sv, PacketError::bad_flags},
      {"PUBLISH without a topic length", "\x30\x01\x00"sv, PacketError::too_short},
      {"a topic past the packet", "\x30\x03\x00\x09t"sv, PacketError::too_short},
      {"QoS 1 without an id", "\x32\x03\x00\x01t"sv, PacketError::too_short},
      {"packet id 0", "\x32\x05\x00\x01t\x00\x00"sv, PacketError::bad_packet_id},
      {"an empty PUBACK", "\x40\x00"sv, PacketError::too_short},
      {"PUBACK of id 0", "\x40\x02\x00\x00"sv, PacketError::bad_packet_id},
      {"PUBACK with more", "\x40\x03\x00\x01\x00"sv, PacketError::trailing_bytes},
      {"PUBACK with flags", "\x42\x02\x00\x01"sv, PacketError::bad_flags},
      {"CONNACK of one byte", "\x20\x01\x00"sv, PacketError::too_short},
      {"CONNACK with reserved flags", "\x20\x02\x02\x00"sv, PacketError::bad_flags},
      {"SUBACK without answers", "\x90\x02\x00\x01"sv, PacketError::no_filters},
      {"SUBACK with an undefined code", "\x90\x03\x00\x01\x03"sv, PacketError::bad_return_code},
      {"PINGRESP with a body", "\xd0\x01\x00"sv, PacketError::trailing_bytes},
      {"SUBSCRIBE without flags", "\x80\x06\x00\x01\x00\x01t\x00"sv, PacketError::bad_flags},
      {"SUBSCRIBE without filters", "\x82\x02\x00\x01"sv, PacketError::no_filters},
      {"SUBSCRIBE to QoS 3", "\x82\x06\x00\x01\x00\x01t\x03"sv, PacketError::bad_qos},
      {"SUBSCRIBE to a##",
       "\x82\x08\x00\x01\x00\x03"
       "a##\x00"sv,
       PacketError::bad_filter},
      {"UNSUBSCRIBE without filters", "\xa2\x02\x00\x01"sv, PacketError::no_filters},
      {"CONNECT of MQTT 3.1", "\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x00\x00\x00"sv,
       PacketError::bad_protocol},
      {"CONNECT of MQTT 5", "\x10\x0c\x00\x04MQTT\x05\x02\x00\x00\x00\x00"sv,
       PacketError::bad_protocol},
      {"CONNECT with the reserved flag", "\x10\x0c\x00\x04MQTT\x04\x03\x00\x00\x00\x00"sv,
       PacketError::bad_flags},
      {"CONNECT retaining no will", "\x10\x0c\x00\x04MQTT\x04\x22\x00\x00\x00\x00"sv,
       PacketError::bad_flags},
      {"CONNECT with a password but no user",
       "\x10\x0e\x00\x04MQTT\x04\x42\x00\x00\x00\x00\x00\x00"sv, PacketError::bad_flags},
      {"CONNECT with a client id of broken UTF-8",
       "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01\xff"sv, PacketError::bad_text},
  };
  for (const Case& one : cases) {
    CAPTURE(one.claim);
    const auto packet = decoded(one.bytes);
    REQUIRE_FALSE(packet.has_value());
    CHECK(name(packet.error()) == name(one.error));
  }
}

TEST_CASE("what a receiver would refuse is not encoded, and nothing is appended") {
  const std::string long_text(65'536, 'a');
  std::string out = "kept";
  CHECK(encode(Publish{.topic = "t", .qos = 2, .packet_id = 1}, out).error() ==
        PacketError::bad_qos);
  CHECK(encode(Publish{.topic = "t", .qos = 1}, out).error() == PacketError::bad_packet_id);
  CHECK(encode(Publish{.topic = "t", .packet_id = 1}, out).error() == PacketError::bad_packet_id);
  CHECK(encode(Publish{.topic = long_text}, out).error() == PacketError::too_large);
  CHECK(encode(Puback{}, out).error() == PacketError::bad_packet_id);
  CHECK(encode(Subscribe{.packet_id = 1}, out).error() == PacketError::no_filters);
  CHECK(encode(Subscribe{.packet_id = 1, .requests = {{"a#", 0}}}, out).error() ==
        PacketError::bad_filter);
  CHECK(encode(Connect{.client_id = long_text}, out).error() == PacketError::too_large);
  CHECK(encode(Connect{.client_id = "\xff"}, out).error() == PacketError::bad_text);
  CHECK(encode(Connect{.client_id = "a", .password = "p"}, out).error() == PacketError::bad_flags);
  CHECK(encode(Connect{.client_id = "a", .will = ConnectWill{.topic = "a/+"}}, out).error() ==
        PacketError::bad_topic);
  CHECK(out == "kept");
}

TEST_CASE("packets arriving byte by byte, or all at once, are the same packets") {
  const std::string payload(5'000, 'x');
  const std::string stream = bytes_of(Connack{.session_present = true}) +
                             bytes_of(Publish{.topic = "t", .payload = payload}) +
                             bytes_of(Puback{.packet_id = 5}) + bytes_of(Pingresp{});
  for (const std::size_t piece : {1ul, 2ul, 3ul, 4'096ul, stream.size()}) {
    Decoder decoder{16 * 1024};
    std::vector<std::string> found;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      feed(decoder, std::string_view{stream}.substr(at, piece));
      while (true) {
        const auto packet = decoder.next();
        REQUIRE(packet.has_value());
        if (!*packet) break;
        found.push_back(std::to_string((*packet)->index()));
        if (const auto* publish = std::get_if<Publish>(&**packet))
          CHECK(publish->payload == payload);
      }
    }
    CHECK(found == std::vector<std::string>{"3", "0", "1", "9"});
  }
}

TEST_CASE("a PUBLISH above the limit is skipped unseen, and the next packet is read") {
  const std::string payload(100'000, 'x');
  const std::string stream =
      bytes_of(Publish{.topic = "big", .payload = payload, .qos = 1, .packet_id = 77}) +
      bytes_of(Puback{.packet_id = 5});
  for (const std::size_t piece : {1ul, 7ul, 5'000ul}) {
    Decoder decoder{1'024};
    std::vector<Packet> found;
    std::size_t room_max = 0;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      room_max = std::max(room_max, decoder.room().size());
      feed(decoder, std::string_view{stream}.substr(at, piece));
      while (true) {
        const auto packet = decoder.next();
        REQUIRE(packet.has_value());
        if (!*packet) break;
        found.push_back(**packet);
      }
    }
    REQUIRE(found.size() == 2);
    CHECK(std::get<OversizePublish>(found[0]) ==
          OversizePublish{
              .packet_bytes = publish_bytes(3, payload.size(), 1), .qos = 1, .packet_id = 77});
    CHECK(std::get<Puback>(found[1]).packet_id == 5);
    CHECK(room_max <= 64 * 1024);
  }
}

TEST_CASE("any other packet above the limit is an error as soon as its length is known") {
  Decoder decoder{1'024};
  feed(decoder, "\x90\xff\x7f"sv);
  CHECK(decoder.next().error() == PacketError::too_large);
}

TEST_CASE("a PUBLISH above the limit with a fault in its first bytes is still an error") {
  Decoder decoder{1'024};
  feed(decoder, "\x34\xff\x7f\x00\x01t\x00\x01"sv);  // QoS 2
  CHECK(decoder.next().error() == PacketError::bad_qos);

  decoder = Decoder{1'024};
  feed(decoder, "\x30\xff\x7f\x7f\xff"sv);  // a topic that alone passes the limit
  CHECK(decoder.next().error() == PacketError::too_short);
}

TEST_CASE("text is UTF-8 without overlong forms, surrogates and U+0000") {
  for (const auto good : {""sv, "a"sv, "ñ"sv, "日"sv, "\xf0\x9f\x8c\x9e"sv, "\xed\x9f\xbf"sv,
                          "\xee\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv}) {
    CAPTURE(good);
    CHECK(valid_text(good));
  }
  for (const auto bad : {"\0"sv, "\x80"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc3"sv, "\xe0\x9f\xbf"sv,
                         "\xed\xa0\x80"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
                         "\xf5\x80\x80\x80"sv, "\xe6\x97"sv, "\xc3\x28"sv, "\xff"sv}) {
    CHECK_FALSE(valid_text(bad));
  }
}

TEST_CASE("topics have no wildcards; filters have them only where they fill a level") {
  const std::string longest(65'535, 'a');
  for (const std::string_view good : {"a"sv, "/"sv, "a b/ñ"sv, std::string_view{longest}}) {
    CHECK(valid_topic(good));
    CHECK(valid_filter(good));
  }
  for (const auto bad : {""sv, "a/+"sv, "#"sv, "a\0"sv, "\xff"sv}) CHECK_FALSE(valid_topic(bad));
  CHECK_FALSE(valid_topic(longest + "a"));
  for (const auto good : {"#"sv, "+"sv, "+/+"sv, "a/+/b/#"sv, "/+"sv, "+/"sv}) {
    CHECK(valid_filter(good));
  }
  for (const auto bad :
       {""sv, "a+"sv, "+a"sv, "a#"sv, "#/a"sv, "a/#/"sv, "##"sv, "a/+b/c"sv, "a\0"sv}) {
    CAPTURE(bad);
    CHECK_FALSE(valid_filter(bad));
  }
}
