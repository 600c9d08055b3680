#pragma once
#include <cstddef>
#include <map>
#include <string>

#include "server/spool/disk.h"
#include "tests/storm/ledger.h"

// The spool's folder in memory: it outlives the server, is full when told so, and then keeps some
// of what it refused. Whatever it is told to let go of is shown to the ledger.
namespace idast::storm {

class SpoolDisk final : public spool::Disk {
 public:
  explicit SpoolDisk(Ledger& ledger) : ledger_{ledger} {}

  spool::DiskResult<std::vector<File>> list() override;
  spool::DiskResult<void> append(const std::string& name, std::string_view bytes) override;
  spool::DiskResult<void> cut(const std::string& name, std::uint64_t bytes) override;
  spool::DiskResult<std::size_t> read(const std::string& name, std::uint64_t offset,
                                      std::span<char> out) override;
  spool::DiskResult<void> rename(const std::string& from, const std::string& to) override;
  void remove(const std::string& name) override;

  void fill(bool full) { full_ = full; }
  std::uint64_t writes() const { return writes_; }

 private:
  void let_go(const std::string& name);

  Ledger& ledger_;
  std::map<std::string, std::string> files_;
  bool full_ = false;
  std::uint64_t writes_ = 0;
};

}  // namespace idast::storm
