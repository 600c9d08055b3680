#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "server/api/endpoints.h"
#include "server/store/store.h"

namespace idast::app {

// A thread that may wait for the database, with a Reader and endpoints of its own. The queue is
// bounded by the HTTP server (api::kJobsMax).
class Worker {
 public:
  using Job = std::function<void(const api::Routes&)>;

  Worker(std::unique_ptr<store::Reader> reader,
         const std::function<api::Routes(store::Reader&)>& make_routes);
  // Jobs that have not begun are dropped.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void post(Job job);

 private:
  void run();

  std::unique_ptr<store::Reader> reader_;
  api::Routes routes_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace idast::app
