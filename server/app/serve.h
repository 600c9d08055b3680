#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "server/app/config.h"
#include "server/app/log.h"

// `idast serve`: the wiring, and the only place that knows every room.
//
//   io thread (the caller's)   MQTT session, pipeline, live board, signals
//   writer thread              commits; reads the spool back
//   keeper thread              puts into the spool what the database does not take
//   backup thread              copies the database, when that is set
//   HTTP thread                every socket of every browser, the live streams
//   2 workers                  what an HTTP request reads from the database
namespace idast::app {

class Service {
 public:
  // Opens the data folder and the database, and listens. The error is one line for a person: a
  // taken port, a folder that cannot be made, a database of a newer version. A broker that does not
  // answer is not an error: the service keeps trying and says so.
  static std::expected<std::unique_ptr<Service>, std::string> start(const Config& config,
                                                                    const Log& log);
  ~Service();

  // Runs until stop(), SIGINT or SIGTERM: then finishes the batch, acknowledges, disconnects. A
  // second signal ends at once.
  void run();
  // Any thread.
  void stop();
  std::uint16_t http_port() const;

 private:
  class Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Starts and runs; gives the exit code: 0, or 1 with one line on standard error.
int serve(const Config& config);

// What `idast schema openapi` prints.
std::string openapi();

}  // namespace idast::app
