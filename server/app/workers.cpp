#include "server/app/workers.h"

namespace idast::app {

Worker::Worker(std::unique_ptr<store::Reader> reader,
               const std::function<api::Routes(store::Reader&)>& make_routes)
    : reader_{std::move(reader)}, routes_{make_routes(*reader_)}, thread_{[this] { run(); }} {}

Worker::~Worker() {
  {
    Lock lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Worker::post(Job job) {
  {
    Lock lock{mutex_};
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Worker::run() {
  while (true) {
    Job job;
    {
      Lock lock{mutex_};
      while (jobs_.empty() && !stopping_) changed_.wait(mutex_);
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job(routes_);
  }
}

}  // namespace idast::app
