#pragma once
#include <mutex>

// A mutex that clang's thread-safety analysis understands; on a bare std::mutex it checks nothing.
#if defined(__clang__)
#define IDAST_ATTRIBUTE(x) __attribute__((x))
#else
#define IDAST_ATTRIBUTE(x)
#endif
#define GUARDED_BY(x) IDAST_ATTRIBUTE(guarded_by(x))
#define REQUIRES(...) IDAST_ATTRIBUTE(requires_capability(__VA_ARGS__))

namespace idast {

class IDAST_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() IDAST_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() IDAST_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  bool try_lock() IDAST_ATTRIBUTE(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class IDAST_ATTRIBUTE(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) IDAST_ATTRIBUTE(acquire_capability(mutex)) : mutex_{mutex} {
    mutex_.lock();
  }
  ~Lock() IDAST_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace idast
