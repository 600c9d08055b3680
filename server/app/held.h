#pragma once
#include "mqtt/session.h"
#include "server/ingest/batcher.h"
#include "server/live/board.h"

namespace idast::app {

// What a message leaves behind until it is safe: whom to acknowledge, and what live then knows to
// be stored.
struct Held {
  mqtt::AckToken token;
  live::Receipt receipt = 0;
};
using Batch = ingest::Batch<Held>;

}  // namespace idast::app
