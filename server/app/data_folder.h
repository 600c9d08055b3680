#pragma once
#include <expected>
#include <filesystem>
#include <string>

// The folder that keeps what must outlive a start: the database, and the client id by which the
// broker knows our session. One process at a time.
namespace idast::app {

class DataFolder {
 public:
  // Creates the folder when it is missing, locks it and reads or draws the client id. The error is
  // one sentence.
  static std::expected<DataFolder, std::string> open(const std::filesystem::path& path);
  ~DataFolder();
  DataFolder(DataFolder&& other) noexcept;
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;
  DataFolder& operator=(DataFolder&&) = delete;

  // "idast" and 16 hexadecimal digits: 21 characters, and MQTT 3.1.1 promises 23.
  const std::string& client_id() const { return client_id_; }

 private:
  explicit DataFolder(int lock) : lock_{lock} {}
  int lock_;
  std::string client_id_;
};

}  // namespace idast::app
