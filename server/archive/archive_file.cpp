#include "server/archive/archive_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "core/base/require.h"

namespace idast::archive {
namespace {

// Measured on 60 000 messages of one tracker with every sensor (915 bytes each), bytes a sample and
// seconds of one core: level 3 59.4, 0.1 s; 6 49.3, 0.4 s; 9 43.7, 0.6 s; 12 43.4, 1.8 s; 15 42.2,
// 8 s; 19 34.9, 88 s. Long-distance matching on top of 12: 44.8.
constexpr int kLevel = 9;
// 8 MB reach back most of an hour of a tracker, and are what every zstd opens without being asked.
constexpr int kWindowLog = 23;

std::unexpected<Error> failure(ErrorKind kind, const std::filesystem::path& file, int code) {
  return std::unexpected{Error{kind, file.string() + ": " + std::strerror(code)}};
}

std::unexpected<Error> damaged(const std::filesystem::path& file, std::string_view words) {
  return std::unexpected{Error{ErrorKind::damaged, file.string() + ": " + std::string{words}}};
}

// A file descriptor with an owner.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A name is only there for good when its folder was synced.
bool sync_folder(const std::filesystem::path& file) {
  const Descriptor folder{open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return folder.number() >= 0 && fsync(folder.number()) == 0;
}

struct FreeCompression {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

// --- sums ----------------------------------------------------------------------------------------

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_{std::make_unique<State>()} {
  require(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1, "OpenSSL has no SHA-256");
}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Sha256::take() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text.push_back(kDigits[digest[i] >> 4]);
    text.push_back(kDigits[digest[i] & 15]);
  }
  return text;
}

// --- writing -------------------------------------------------------------------------------------

struct FileWriter::State {
  std::filesystem::path file;
  std::filesystem::path unfinished;
  int descriptor = -1;
  std::unique_ptr<ZSTD_CCtx, FreeCompression> context{ZSTD_createCCtx()};
  std::vector<char> room = std::vector<char>(ZSTD_CStreamOutSize());
  Sha256 sum;
  bool whole = false;

  ~State() {
    if (descriptor >= 0) close(descriptor);
    if (!whole) unlink(unfinished.c_str());
  }

  Result<void> compress(std::string_view text, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{room.data(), room.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context.get(), &out, &in, directive);
      if (ZSTD_isError(left) != 0) {
        return std::unexpected{Error{ErrorKind::unwritable, ZSTD_getErrorName(left)}};
      }
      const std::string_view bytes{room.data(), out.pos};
      sum.add(bytes);
      if (!write_all(descriptor, bytes)) return failure(ErrorKind::unwritable, unfinished, errno);
      const bool done = directive == ZSTD_e_end ? left == 0 : in.pos == in.size;
      if (done) return {};
    }
  }
};

FileWriter::FileWriter(std::unique_ptr<State> state) : state_{std::move(state)} {}
FileWriter::~FileWriter() = default;

Result<std::unique_ptr<FileWriter>> FileWriter::create(const std::filesystem::path& file) {
  auto state = std::make_unique<State>();
  state->file = file;
  state->unfinished = file.string() + ".unfinished";
  state->descriptor =
      open(state->unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (state->descriptor < 0) return failure(ErrorKind::unwritable, state->unfinished, errno);
  ZSTD_CCtx* const context = state->context.get();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, kWindowLog);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  return std::unique_ptr<FileWriter>{new FileWriter{std::move(state)}};
}

Result<void> FileWriter::line(std::string_view text) {
  if (auto done = state_->compress(text, ZSTD_e_continue); !done) return done;
  return state_->compress("\n", ZSTD_e_continue);
}

Result<std::string> FileWriter::finish() {
  State& state = *state_;
  if (auto done = state.compress("", ZSTD_e_end); !done) return std::unexpected{done.error()};
  if (fsync(state.descriptor) != 0) {
    return failure(ErrorKind::unwritable, state.unfinished, errno);
  }
  if (rename(state.unfinished.c_str(), state.file.c_str()) != 0 || !sync_folder(state.file)) {
    return failure(ErrorKind::unwritable, state.file, errno);
  }
  state.whole = true;
  return state.sum.take();
}

Result<void> append_line(const std::filesystem::path& file, std::string_view line) {
  const bool is_new = !std::filesystem::exists(file);
  const Descriptor out{open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640)};
  if (out.number() < 0) return failure(ErrorKind::unwritable, file, errno);
  off_t end = lseek(out.number(), 0, SEEK_END);
  // Back to behind the last newline.
  for (char last = 0; end > 0; --end) {
    if (pread(out.number(), &last, 1, end - 1) != 1) {
      return failure(ErrorKind::unwritable, file, errno);
    }
    if (last == '\n') break;
  }
  const std::string text = std::string{line} + '\n';
  const bool done = ftruncate(out.number(), end) == 0 && lseek(out.number(), end, SEEK_SET) >= 0 &&
                    write_all(out.number(), text) && fsync(out.number()) == 0 &&
                    (!is_new || sync_folder(file));
  if (!done) return failure(ErrorKind::unwritable, file, errno);
  return {};
}

// --- reading -------------------------------------------------------------------------------------

namespace {

// Cuts what comes in pieces into lines.
class Lines {
 public:
  explicit Lines(const std::function<bool(std::string_view)>& take) : take_{take} {}

  // False: stop, or a line is longer than kLineBytesMax.
  bool add(std::string_view text) {
    for (;;) {
      const std::size_t end = text.find('\n');
      if (rest_.size() + std::min(end, text.size()) > kLineBytesMax) {
        too_long_ = true;
        return false;
      }
      rest_.append(text.substr(0, end));
      if (end == std::string_view::npos) return true;
      const bool go_on = take_(rest_);
      rest_.clear();
      if (!go_on) return false;
      text.remove_prefix(end + 1);
    }
  }
  bool too_long() const { return too_long_; }
  bool ended() const { return rest_.empty(); }

 private:
  const std::function<bool(std::string_view)>& take_;
  std::string rest_;
  bool too_long_ = false;
};

}  // namespace

Result<void> read_lines(const std::filesystem::path& file,
                        const std::function<bool(std::string_view line)>& line,
                        const std::function<void(std::string_view bytes)>& bytes) {
  const Descriptor in{open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (in.number() < 0) return failure(ErrorKind::unreadable, file, errno);
  const std::unique_ptr<ZSTD_DCtx, FreeCompression> context{ZSTD_createDCtx()};
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLog);
  std::vector<char> packed(ZSTD_DStreamInSize());
  std::vector<char> room(ZSTD_DStreamOutSize());
  Lines lines{line};
  std::size_t left = 1;
  for (;;) {
    const ssize_t size = ::read(in.number(), packed.data(), packed.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failure(ErrorKind::unreadable, file, errno);
    if (size == 0) break;
    const std::string_view piece{packed.data(), static_cast<std::size_t>(size)};
    if (bytes) bytes(piece);
    ZSTD_inBuffer from{piece.data(), piece.size(), 0};
    while (from.pos < from.size) {
      ZSTD_outBuffer to{room.data(), room.size(), 0};
      left = ZSTD_decompressStream(context.get(), &to, &from);
      if (ZSTD_isError(left) != 0) return damaged(file, ZSTD_getErrorName(left));
      if (lines.add({room.data(), to.pos})) continue;
      return lines.too_long() ? Result<void>{damaged(file, "a line is too long")} : Result<void>{};
    }
  }
  // What the last piece still gives: its output may have been larger than the room.
  while (left != 0) {
    ZSTD_inBuffer from{nullptr, 0, 0};
    ZSTD_outBuffer to{room.data(), room.size(), 0};
    left = ZSTD_decompressStream(context.get(), &to, &from);
    if (ZSTD_isError(left) != 0) return damaged(file, ZSTD_getErrorName(left));
    if (to.pos == 0) return damaged(file, "it ends too early");
    if (lines.add({room.data(), to.pos})) continue;
    return lines.too_long() ? Result<void>{damaged(file, "a line is too long")} : Result<void>{};
  }
  if (!lines.ended()) return damaged(file, "its last line has no end");
  return {};
}

std::string header_line(const Header& header) {
  return R"({"archive":1,"day":")" + header.day + R"(","part":)" + std::to_string(header.part) +
         R"(,"previous":")" + header.previous + R"(","upto":)" + std::to_string(header.upto) + '}';
}

std::string entry_line(const Entry& entry) {
  // Device ids are [A-Za-z0-9_.-]: nothing to escape.
  return R"({"device":")" + entry.device + R"(","received":)" +
         std::to_string(entry.received.unix_ms()) + R"(,"ts":)" +
         std::to_string(entry.ts.unix_ms()) + R"(,"message":)" + entry.message + '}';
}

std::string end_line(std::int64_t samples) {
  return R"({"samples":)" + std::to_string(samples) + '}';
}

}  // namespace idast::archive
