#pragma once
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/require.h"
#include "core/base/temporary_folder_test.h"

namespace idast::mqtt {

// The real broker for tests: a child process on a free loopback port with a folder of its own,
// which goes with it. It dies with the test, even one that crashes. Other rooms' tests may include
// this.
//
//   MosquittoProcess broker;
//   broker.start();                                // anonymous, persistent, generous queues
//   broker.start("password_file " + file + "\nallow_anonymous false\n");
class MosquittoProcess {
 public:
  MosquittoProcess() = default;
  ~MosquittoProcess() { stop(); }
  MosquittoProcess(const MosquittoProcess&) = delete;
  MosquittoProcess& operator=(const MosquittoProcess&) = delete;

  static bool installed() { return ::access(kProgram, X_OK) == 0; }

  // Returns when the broker listens. A second start keeps the port and what was persisted.
  void start(std::string_view settings = "allow_anonymous true\n") {
    require(installed(), "MosquittoProcess: /usr/sbin/mosquitto is not installed");
    stop();
    // Another process may take a free port before the broker does; then another one is tried.
    constexpr int kAttemptsMax = 20;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      if (port_ == 0) port_ = free_port();
      write_configuration(settings);
      if (launch()) return;
      stop();
      port_ = 0;
    }
    require(false, "MosquittoProcess: the broker does not start; see its output above");
  }
  // The orderly end: sessions and queues are written to the folder.
  void stop() { end(SIGTERM); }
  // The end that power loss and the kernel prefer.
  void kill_now() { end(SIGKILL); }
  // Frozen: connections stay open and nothing is answered.
  void freeze() { ::kill(process_, SIGSTOP); }
  void thaw() { ::kill(process_, SIGCONT); }

  std::uint16_t port() const { return port_; }
  const std::filesystem::path& folder() const { return folder_.path; }

 private:
  static constexpr const char* kProgram = "/usr/sbin/mosquitto";

  static std::uint16_t free_port() {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    const bool bound =
        ::bind(descriptor, generic, size) == 0 && ::getsockname(descriptor, generic, &size) == 0;
    ::close(descriptor);
    require(bound, "MosquittoProcess: no free port");
    return ntohs(address.sin_port);
  }

  void write_configuration(std::string_view settings) const {
    std::ofstream file{folder_.path / "mosquitto.conf"};
    // As root the broker would become another user, who cannot write to the folder.
    if (const passwd* const user = ::getpwuid(::getuid())) file << "user " << user->pw_name << '\n';
    file << "listener " << port_ << " 127.0.0.1\n"
         << "persistence true\npersistence_location " << folder_.path.string() << "/\n"
         << "autosave_interval 1\nmax_inflight_messages 2000\nmax_queued_messages 0\n"
         << "log_dest stderr\nlog_type error\nlog_type information\nconnection_messages false\n"
         << settings;
  }

  // True once the broker says that it runs; its words before that are read, never waited out.
  bool launch() {
    int ends[2];
    require(::pipe2(ends, O_CLOEXEC) == 0, "MosquittoProcess: no pipe");
    const std::string configuration = (folder_.path / "mosquitto.conf").string();
    process_ = ::fork();
    require(process_ >= 0, "MosquittoProcess: no fork");
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(ends[1], STDERR_FILENO);
      ::execl(kProgram, kProgram, "-c", configuration.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
    std::string words;
    char piece[256];
    while (words.find(" running") == std::string::npos) {
      const ssize_t count = ::read(output_, piece, sizeof piece);
      if (count <= 0) {
        std::fprintf(stderr, "%s", words.c_str());
        return false;
      }
      words.append(piece, static_cast<std::size_t>(count));
    }
    return true;
  }

  void end(int signal) {
    if (process_ > 0) {
      ::kill(process_, SIGCONT);
      ::kill(process_, signal);
      ::waitpid(process_, nullptr, 0);
    }
    process_ = -1;
    if (output_ >= 0) ::close(output_);
    output_ = -1;
  }

  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
  int output_ = -1;
};

}  // namespace idast::mqtt
