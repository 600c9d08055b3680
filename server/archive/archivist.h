#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/archive/archive.h"
#include "server/store/store.h"

// Writes the archive of a store, a few milliseconds at a time, oldest day first. A day is written
// once it has been over for a while; what comes later makes a supplement. Killed at any moment it
// begins that file again. A store is told that a day is archived when its file was read back from
// the disk and is what was written: sum, chain, every line, and as many as there were rows.
namespace idast::archive {

class FileWriter;

// On the thread that commits to the store.
class Archivist {
 public:
  // The folder is made when there is something to put into it.
  Archivist(std::filesystem::path folder, store::Store& store);
  ~Archivist();

  // True: there is more to do at once. After an error the file at hand is begun again.
  Result<bool> step();

  struct Figures {
    std::int64_t files = 0;  // Written since the start.
    std::int64_t samples = 0;
    std::string last_day;  // Of the file written last.
  };
  const Figures& figures() const { return figures_; }

 private:
  struct Work;
  Result<bool> begin();
  Result<bool> go_on();
  Result<bool> close();
  Result<bool> read_back();
  Result<bool> tell();
  Result<Header> header_for(const store::Unarchived& task) const;

  std::filesystem::path folder_;
  store::Store& store_;
  std::unique_ptr<Work> work_;
  Figures figures_;
};

}  // namespace idast::archive
