#include "server/app/writer.h"

#include <future>

#include <doctest/doctest.h>

namespace idast::app {
namespace {

// A store that refuses as often as it is told to.
class StubbornStore final : public store::Store {
 public:
  explicit StubbornStore(int refusals) : refusals_{refusals} {}
  store::Result<store::Committed> commit(std::span<const telemetry::Record> batch,
                                         std::span<const telemetry::Loss>) override {
    refused.set_value_once();
    if (refusals_-- > 0) {
      return std::unexpected{
          store::StoreError{store::StoreErrorKind::disk_full, "the disk is full"}};
    }
    return store::Committed{.inserted = batch.size(), .absorbed = 0, .progress = {}};
  }
  store::Result<std::unique_ptr<store::Reader>> open_reader() override {
    return std::unexpected{store::StoreError{store::StoreErrorKind::unavailable, ""}};
  }
  store::Result<Size> size() override { return Size{}; }

  struct Once {
    std::promise<void> promise;
    bool done = false;
    void set_value_once() {
      if (!std::exchange(done, true)) promise.set_value();
    }
  } refused;

 private:
  int refusals_;
};

Batch batch_of_one() {
  Batch batch;
  batch.records.emplace_back();
  batch.tokens.push_back({.token = {1, 9}, .receipt = 1});
  return batch;
}

}  // namespace

TEST_CASE("a commit that fails is tried again with the same batch until it succeeds") {
  const Log log{LogFormat::text};
  StubbornStore store{2};
  std::promise<Batch> done;
  Writer writer{store, log, [&](Batch batch, store::Committed committed) {
                  CHECK(committed.inserted == 1);
                  done.set_value(std::move(batch));
                }};
  writer.submit(batch_of_one());
  const Batch batch = done.get_future().get();
  CHECK(batch.tokens[0].token.packet_id == 9);
  CHECK(writer.failures() == 2);
  CHECK_FALSE(writer.trouble().has_value());
}

TEST_CASE("a store that never takes the batch does not keep the program from ending") {
  const Log log{LogFormat::text};
  StubbornStore store{1'000'000};
  bool committed = false;
  {
    Writer writer{store, log, [&](Batch, const store::Committed&) { committed = true; }};
    writer.submit(batch_of_one());
    store.refused.promise.get_future().wait();
  }
  CHECK_FALSE(committed);
}

}  // namespace idast::app
