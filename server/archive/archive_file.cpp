#include "server/archive/archive_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "core/base/hex.h"
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
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text.push_back(kHexDigits[digest[i] >> 4]);
    text.push_back(kHexDigits[digest[i] & 15]);
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
  // What is read back from here on comes from the disk, as far as the system lets us ask for it.
  posix_fadvise(state.descriptor, 0, 0, POSIX_FADV_DONTNEED);
  return state.sum.take();
}

Result<void> FileWriter::publish() {
  State& state = *state_;
  if (rename(state.unfinished.c_str(), state.file.c_str()) != 0 || !sync_folder(state.file)) {
    return failure(ErrorKind::unwritable, state.file, errno);
  }
  state.whole = true;
  return {};
}

const std::filesystem::path& FileWriter::unfinished() const { return state_->unfinished; }

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
  enum class Next : std::uint8_t { more, stop, too_long };

  Next add(std::string_view text, const std::function<bool(std::string_view)>& take) {
    for (;;) {
      const std::size_t end = text.find('\n');
      if (rest_.size() + std::min(end, text.size()) > kLineBytesMax) return Next::too_long;
      rest_.append(text.substr(0, end));
      if (end == std::string_view::npos) return Next::more;
      const bool go_on = take(rest_);
      rest_.clear();
      if (!go_on) return Next::stop;
      text.remove_prefix(end + 1);
    }
  }
  bool ended() const { return rest_.empty(); }

 private:
  std::string rest_;
};

}  // namespace

struct LineReading::State {
  State(std::filesystem::path path, int descriptor) : file{std::move(path)}, in{descriptor} {}

  std::filesystem::path file;
  Descriptor in;
  std::unique_ptr<ZSTD_DCtx, FreeCompression> context{ZSTD_createDCtx()};
  std::vector<char> packed = std::vector<char>(ZSTD_DStreamInSize());
  std::vector<char> room = std::vector<char>(ZSTD_DStreamOutSize());
  Lines lines = {};
  std::size_t left = 1;  // 0: a compressed frame is whole.

  // What `from` and the decompressor still hold.
  Result<bool> unpack(ZSTD_inBuffer& from, const std::function<bool(std::string_view)>& line) {
    ZSTD_outBuffer to{room.data(), room.size(), 0};
    left = ZSTD_decompressStream(context.get(), &to, &from);
    if (ZSTD_isError(left) != 0) return damaged(file, ZSTD_getErrorName(left));
    if (from.size == 0 && to.pos == 0 && left != 0) return damaged(file, "it ends too early");
    switch (lines.add({room.data(), to.pos}, line)) {
      case Lines::Next::more:
        return true;
      case Lines::Next::stop:
        return false;
      case Lines::Next::too_long:
        break;
    }
    return damaged(file, "a line is too long");
  }
};

LineReading::LineReading(std::unique_ptr<State> state) : state_{std::move(state)} {}
LineReading::~LineReading() = default;

Result<std::unique_ptr<LineReading>> LineReading::open(const std::filesystem::path& file) {
  auto state = std::make_unique<State>(file, ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (state->in.number() < 0) return failure(ErrorKind::unreadable, file, errno);
  ZSTD_DCtx_setParameter(state->context.get(), ZSTD_d_windowLogMax, kWindowLog);
  return std::unique_ptr<LineReading>{new LineReading{std::move(state)}};
}

Result<bool> LineReading::step(const std::function<bool(std::string_view line)>& line,
                               const std::function<void(std::string_view bytes)>& bytes) {
  State& state = *state_;
  ssize_t size = 0;
  do {
    size = ::read(state.in.number(), state.packed.data(), state.packed.size());
  } while (size < 0 && errno == EINTR);
  if (size < 0) return failure(ErrorKind::unreadable, state.file, errno);
  const std::string_view piece{state.packed.data(), static_cast<std::size_t>(size)};
  if (size > 0) bytes(piece);
  ZSTD_inBuffer from{piece.data(), piece.size(), 0};
  // At the end, what the last piece still gives: its output may have been larger than the room.
  while (size > 0 ? from.pos < from.size : state.left != 0) {
    const auto more = state.unpack(from, line);
    if (!more || !*more) return more;
  }
  if (size > 0) return true;
  if (!state.lines.ended()) return damaged(state.file, "its last line has no end");
  return false;
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
