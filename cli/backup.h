#pragma once
#include <filesystem>
#include <iosfwd>
#include <string>

// idast backup FILE, idast restore FILE: the whole database as one file, and back.
namespace idast::cli {

struct BackupOptions {
  std::filesystem::path database{};
  std::string file{};
  bool force = false;
  bool terminal = false;
};
// A copy of the database as it is at this moment, also while a server writes. 0 done; 1 with one
// sentence on `err`.
int run_backup(const BackupOptions& options, std::ostream& out, std::ostream& err);

struct RestoreOptions {
  std::filesystem::path data{};
  std::filesystem::path database{};
  std::string file{};  // Or the folder of a server's copies: the newest of them.
  // Between the seconds of the two names that a restore makes, for whoever looks in the folder:
  // "20261122-235959".
  std::string stamp{};
  bool terminal = false;
};
// Checks the copy, keeps the database that it replaces as DATABASE.replaced-STAMP, and puts the
// copy in its place, brought up to this version. Refused while a server holds the data folder.
int run_restore(const RestoreOptions& options, std::ostream& out, std::ostream& err);

}  // namespace idast::cli
