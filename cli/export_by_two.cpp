#include "cli/export_by_two.h"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <thread>

#include "core/base/mutex.h"

namespace idast::cli {
namespace {

using transfer::ExportBlock;

// Two being worked on, and two that let neither thread wait for the other's slow moment.
constexpr std::size_t kBlocks = 4;

// Blocks go round: filled by one thread, emptied by the other, in order.
class Round {
 public:
  // The next block to fill; null: nobody wants it any more.
  ExportBlock* empty() {
    Lock lock{mutex_};
    while (filled_ - printed_ == kBlocks && !given_up_) changed_.wait(mutex_);
    return given_up_ ? nullptr : &blocks_[filled_ % kBlocks];
  }
  void filled() {
    Lock lock{mutex_};
    ++filled_;
    changed_.notify_one();
  }
  // No more will be filled.
  void end() {
    Lock lock{mutex_};
    ended_ = true;
    changed_.notify_one();
  }

  // The next block to print; null: there is none any more.
  const ExportBlock* full() {
    Lock lock{mutex_};
    while (filled_ == printed_ && !ended_) changed_.wait(mutex_);
    return filled_ == printed_ ? nullptr : &blocks_[printed_ % kBlocks];
  }
  void printed() {
    Lock lock{mutex_};
    ++printed_;
    changed_.notify_one();
  }
  void give_up() {
    Lock lock{mutex_};
    given_up_ = true;
    changed_.notify_one();
  }

 private:
  std::array<ExportBlock, kBlocks> blocks_;  // Each is one thread's at a time, by the counts.
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t filled_ GUARDED_BY(mutex_) = 0;
  std::uint64_t printed_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
  bool given_up_ GUARDED_BY(mutex_) = false;
};

std::expected<void, std::string> read_all(transfer::Export& work, Round& round) {
  while (ExportBlock* const block = round.empty()) {
    const auto more = work.read(*block);
    if (!more) return std::unexpected{more.error()};
    if (!*more) return {};
    round.filled();
  }
  return {};
}

std::expected<void, std::string> print_all(transfer::Export& work, Round& round) {
  while (const ExportBlock* const block = round.full()) {
    if (auto done = work.print(*block); !done) return done;
    round.printed();
  }
  return {};
}

}  // namespace

std::expected<transfer::Exported, std::string> export_by_two(transfer::Export& work) {
  if (auto begun = work.begin(); !begun) return std::unexpected{begun.error()};
  Round round;
  std::expected<void, std::string> read;
  std::expected<void, std::string> printed;
  {
    const std::jthread reader{[&] {
      read = read_all(work, round);
      round.end();
    }};
    printed = print_all(work, round);
    round.give_up();
  }
  if (!printed) return std::unexpected{printed.error()};
  if (!read) return std::unexpected{read.error()};
  return work.end();
}

}  // namespace idast::cli
