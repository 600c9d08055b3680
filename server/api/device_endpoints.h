#pragma once
#include "server/api/request.h"
#include "server/devices/registry.h"
#include "server/insight/gain.h"
#include "server/live/board.h"
#include "server/query/history.h"

// /api/v1/devices and what belongs to one of them. Each belongs to one thread, as its Reader does.
namespace idast::api {

struct ListDevices {  // GET /api/v1/devices
  Outcome operator()(const Request& request) const;
  store::Reader& reader;
  const live::Board& board;
};

struct GetDevice {  // GET /api/v1/devices/{id}
  Outcome operator()(const Request& request) const;
  store::Reader& reader;
  const live::Board& board;
};

struct GetSamples {  // GET /api/v1/devices/{id}/samples
  Outcome operator()(const Request& request) const;
  store::Reader& reader;
  const live::Board& board;
};

struct GetEnergy {  // GET /api/v1/devices/{id}/energy
  Outcome operator()(const Request& request) const;
  store::Reader& reader;
  const live::Board& board;
  const devices::Registry& registry;
};

struct GetGain {  // GET /api/v1/devices/{id}/gain
  Outcome operator()(const Request& request) const;
  store::Reader& reader;
  const live::Board& board;
  const devices::Registry& registry;
  insight::Ledger& ledger;
};

struct GetSky {  // GET /api/v1/devices/{id}/sky
  Outcome operator()(const Request& request) const;
  const live::Board& board;
  const devices::Registry& registry;
};

}  // namespace idast::api
