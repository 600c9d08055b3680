#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>

#include "core/base/mutex.h"
#include "core/base/time.h"
#include "server/app/backup_folder.h"
#include "server/app/log.h"

namespace idast::app {

// The thread that copies the database every few hours, while the writer goes on: it reads through a
// connection of its own, rests as long as it works, and yields the processor to everybody.
class Backups {
 public:
  // After a failure, or sooner when copies are made more often.
  static constexpr Millis kRetryAfter = std::chrono::minutes{10};

  struct Plan {
    std::filesystem::path database;
    std::filesystem::path folder;
    Millis every;
    std::size_t keep = 7;  // Older ones are removed once a new one is verified.
  };
  // When the first is due, backup_due_in() says.
  Backups(Plan plan, const Log& log);
  // Gives up the copy at hand.
  ~Backups();
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  struct Figures {
    std::uint64_t made = 0;
    std::uint64_t failures = 0;
    std::optional<Backup> newest;
    Millis age{0};  // Of the newest.
  };
  // Any thread.
  Figures figures() const;

 private:
  void run();
  void make();
  // False: it is the end.
  bool rest(Millis span);

  const Plan plan_;
  const Log& log_;
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  Figures figures_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace idast::app
