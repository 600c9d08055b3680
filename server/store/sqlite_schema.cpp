#include "server/store/sqlite_schema.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/calendar.h"
#include "core/telemetry/schema.h"
#include "server/store/packing.h"

namespace idast::store {
namespace {

using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;

// What a migration is told: how many fields the database knows, from the first on.
using Migration = std::string (*)(std::size_t fields);

std::string first_tables(std::size_t /*fields*/) {
  return R"sql(
CREATE TABLE field(
  position INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  -- How its values are to be read; see definition_of().
  definition TEXT NOT NULL
) STRICT;
CREATE TABLE device(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  -- The sample without identity that was received last.
  plain_sample INTEGER
) STRICT;
CREATE TABLE boot(
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES device,
  boot_id TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  upto INTEGER NOT NULL,
  UNIQUE(device, boot_id)
) STRICT;
CREATE TABLE island(
  boot INTEGER NOT NULL REFERENCES boot,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY(boot, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE loss(
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL REFERENCES boot,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  reason TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  UNIQUE(boot, first, last, reason)
) STRICT;
CREATE TABLE context(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  -- Fields, by position, that the message did not have or that stand in sample.extra.
  removed INTEGER NOT NULL,
  -- RFC 7396: makes an object of all columns the original message.
  patch TEXT NOT NULL
) STRICT;
CREATE TABLE sample(
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES device,
  boot INTEGER REFERENCES boot,
  context INTEGER NOT NULL REFERENCES context,
  ts_ms INTEGER NOT NULL,
  received_rest INTEGER NOT NULL,   -- after ts_ms
  timestamp_rest INTEGER,           -- what the device said, after ts_ms
  extra TEXT,
  ts TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%S', ts_ms / 1000, 'unixepoch') || printf('.%03d', ts_ms % 1000))
    VIRTUAL,
  seq INTEGER
) STRICT;
CREATE INDEX sample_ts ON sample(ts);
CREATE INDEX sample_device_ts ON sample(device, ts_ms);
CREATE UNIQUE INDEX sample_identity ON sample(boot, seq)
  WHERE boot IS NOT NULL AND seq IS NOT NULL;
)sql";
}

std::string quoted(std::string_view name) {
  std::string text{"\""};
  text.append(name).append("\"");
  return text;
}

// Fields of the table that `chosen` picks, each as `text` says it.
template <class Chosen, class Text>
std::string each_field(std::size_t fields, Chosen chosen, Text text) {
  std::string sql;
  for (std::size_t i = 0; i < fields; ++i) {
    if (chosen(i)) sql += text(i);
  }
  return sql;
}

bool is_packed(std::size_t field) { return packed_shift(field).has_value(); }
bool has_column(std::size_t field) { return has_base(field) && !is_packed(field); }

// Two bits of `rests` for a field of the first tables, against its base.
std::string packed_sql(std::size_t field) {
  const std::string rest = "old." + column_name(field);
  const std::string base = "base." + column_name(field);
  return " | ((CASE WHEN " + rest + " IS " + base + " THEN 0 WHEN " + rest + " = " + base +
         " + 1 THEN 1 WHEN " + rest + " = " + base + " - 1 THEN 2 ELSE 3 END) << " +
         std::to_string(*packed_shift(field)) + ")";
}

// From 107 bytes a row to 72: differences from a base, and the guesses in one column. Every row is
// written anew, at some 100 000 a second.
std::string bases(std::size_t fields) {
  const auto declared = [](std::size_t i) { return ",\n  " + column_name(i) + " INTEGER"; };
  const auto named = [](std::size_t i) { return ", " + column_name(i); };
  std::string sql = R"sql(
DROP VIEW IF EXISTS telemetry;
DROP INDEX sample_ts;
DROP INDEX sample_device_ts;
DROP INDEX sample_identity;
ALTER TABLE sample RENAME TO old;
CREATE TABLE base(
  id INTEGER PRIMARY KEY,
  context INTEGER NOT NULL REFERENCES context)sql" +
                    each_field(fields, has_base, declared) + R"sql(
) STRICT;
CREATE TABLE odd(
  sample INTEGER PRIMARY KEY)sql" +
                    each_field(fields, is_packed, declared) + R"sql(
) STRICT;
CREATE TABLE sample(
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES device,
  boot INTEGER REFERENCES boot,
  base INTEGER NOT NULL REFERENCES base,
  ts_ms INTEGER NOT NULL,
  received_rest INTEGER NOT NULL,   -- after ts_ms
  timestamp_rest INTEGER,           -- what the device said, after ts_ms
  extra TEXT,
  ts TEXT GENERATED ALWAYS AS
    (strftime('%Y-%m-%d %H:%M:%S', ts_ms / 1000, 'unixepoch') || printf('.%03d', ts_ms % 1000))
    VIRTUAL,
  rests INTEGER NOT NULL,           -- two bits a field, see packing.h
  seq INTEGER)sql" + each_field(fields, has_column, declared) +
                    "\n) STRICT;\n";
  sql += "INSERT INTO base(id, context" + each_field(fields, has_base, named) + ") SELECT id, id" +
         each_field(fields, has_base,
                    [](std::size_t i) {
                      if (!is_packed(i)) return std::string{", 0"};
                      return ", CASE WHEN removed >> " + std::to_string(i) +
                             " & 1 THEN NULL ELSE 0 END";
                    }) +
         " FROM context;\n";
  sql +=
      "INSERT INTO sample(id, device, boot, base, ts_ms, received_rest, timestamp_rest, extra, "
      "seq, rests" +
      each_field(fields, has_column, named) +
      ") SELECT old.id, device, boot, old.context, ts_ms, received_rest, timestamp_rest, extra, "
      "seq, 0" +
      each_field(fields, is_packed, packed_sql) +
      each_field(fields, has_column, [](std::size_t i) { return ", old." + column_name(i); }) +
      " FROM old JOIN base ON base.id = old.context ORDER BY old.id;\n";
  sql += "INSERT INTO odd(sample" + each_field(fields, is_packed, named) + ") SELECT old.id" +
         each_field(fields, is_packed, [](std::size_t i) { return ", old." + column_name(i); }) +
         // Both bits of some pair.
         " FROM old JOIN sample USING(id) WHERE rests & (rests >> 1) & 0x1555555555555555;\n";
  return sql + R"sql(
DROP TABLE old;
CREATE INDEX sample_ts ON sample(ts);
CREATE INDEX sample_device_ts ON sample(device, ts_ms);
CREATE UNIQUE INDEX sample_identity ON sample(boot, seq)
  WHERE boot IS NOT NULL AND seq IS NOT NULL;
)sql";
}

// What minutes, hours and days add up to (sqlite_rollups.h). Of samples that are there already,
// each day is found by one look into the index and listed as a whole; the rollups follow while the
// server runs.
std::string rollups(std::size_t /*fields*/) {
  return R"sql(
CREATE TABLE rollup(
  level INTEGER NOT NULL,             -- rollup.h
  device INTEGER NOT NULL REFERENCES device,
  start INTEGER NOT NULL,             -- in lengths of the level since 1970
  samples INTEGER NOT NULL,
  minutes INTEGER NOT NULL,           -- with at least one sample
  first_rest INTEGER NOT NULL,        -- ms after the start
  last_rest INTEGER NOT NULL,
  energy_first INTEGER,               -- as sent, in thousandths of a Wh
  energy_last INTEGER,
  energy_rise INTEGER NOT NULL,       -- between the two
  battery_sum INTEGER NOT NULL,       -- in tenths of a percent
  battery_samples INTEGER NOT NULL,
  device_name TEXT NOT NULL,          -- the last non-empty one
  PRIMARY KEY(level, device, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_fields(
  level INTEGER NOT NULL,
  device INTEGER NOT NULL REFERENCES device,
  start INTEGER NOT NULL,
  fields BLOB NOT NULL,               -- rollup.h
  PRIMARY KEY(level, device, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_due(
  level INTEGER NOT NULL,
  device INTEGER NOT NULL REFERENCES device,
  start INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  PRIMARY KEY(level, device, start)
) STRICT, WITHOUT ROWID;
WITH RECURSIVE day(device, ts_ms) AS (
  SELECT device.id, (SELECT min(ts_ms) FROM sample WHERE sample.device = device.id) FROM device
  UNION ALL
  SELECT device, (SELECT min(sample.ts_ms) FROM sample WHERE sample.device = day.device
                  AND sample.ts_ms >= (day.ts_ms / 86400000 + 1) * 86400000)
  FROM day WHERE ts_ms IS NOT NULL)
INSERT INTO rollup_due SELECT 4, device, ts_ms / 86400000, 1 FROM day WHERE ts_ms IS NOT NULL;
-- Days, UTC, with samples that are not in the archive.
CREATE TABLE archive_due(day INTEGER PRIMARY KEY) STRICT;
INSERT INTO archive_due SELECT DISTINCT start FROM rollup_due;
)sql";
}

// Which days may be thinned, how far that is, and what came of it (sqlite_thinning.h). Days that
// are archived already may be.
std::string thinning(std::size_t /*fields*/) {
  return R"sql(
CREATE TABLE thin_due(
  day INTEGER PRIMARY KEY,            -- UTC, since 1970
  ts_ms INTEGER NOT NULL,             -- before this slot all is thinned,
  device INTEGER NOT NULL             -- and in it, up to this device
) STRICT;
CREATE TABLE thinned(
  day INTEGER PRIMARY KEY,
  samples INTEGER NOT NULL,           -- that were taken away
  rows INTEGER NOT NULL               -- that stand for them
) STRICT;
INSERT INTO thin_due SELECT DISTINCT start, start * 86400000, 0 FROM rollup
WHERE level = 4 AND start NOT IN (SELECT day FROM archive_due);
)sql";
}

// What receivers noted of themselves (core/telemetry/history.h), for ever: a row in ten minutes.
std::string history(std::size_t /*fields*/) {
  return R"sql(
CREATE TABLE history(
  device INTEGER NOT NULL REFERENCES device,
  timestamp_s INTEGER NOT NULL,
  energy INTEGER,                     -- the counter, in thousandths of a Wh
  battery INTEGER,                    -- in tenths of a percent
  device_name TEXT NOT NULL,          -- empty: absent
  session_min INTEGER,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY(device, timestamp_s)
) STRICT, WITHOUT ROWID;
)sql";
}

// Append only: a number, once released, keeps its meaning.
constexpr std::array<Migration, 5> kMigrations{first_tables, bases, rollups, thinning, history};

// 10^decimals as a REAL, or nothing to divide by.
std::string divisor_sql(int decimals) {
  if (decimals == 0) return "";
  std::string text = " / 1";
  text.append(static_cast<std::size_t>(decimals), '0');
  return text + ".0";
}

// The value that the message has. What stands in the context comes with its patch.
std::string sent_sql(std::size_t field) {
  switch (place_of(field)) {
    case Place::time:
      return "sample.ts_ms + sample.timestamp_rest";
    case Place::context:
      return "NULL";
    case Place::device:
    case Place::boot:
    case Place::sample:
      return column_sql(field);
  }
  return "NULL";
}

// SQLITE_MAX_FUNCTION_ARG is 127 in Debian's build; an object takes two for each field.
static_assert(kFieldCount <= 63, "json_object takes at most 127 arguments");

std::string raw_json_sql() {
  std::string all = "json_object(";
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (i != 0) all += ", ";
    all.append("'").append(kFieldInfo[i].json).append("', ").append(sent_sql(i));
  }
  const std::string columns = "json_patch(" + all + "), context.patch)";
  // The keys of extra are none of the columns' keys, so the two objects are joined as text; a patch
  // would drop its nulls.
  return "CASE WHEN sample.extra IS NULL THEN " + columns + " WHEN " + columns +
         " = '{}' THEN sample.extra ELSE substr(" + columns + ", 1, length(" + columns +
         ") - 1) || ',' || substr(sample.extra, 2) END";
}

std::string view_sql() {
  std::string sql = "CREATE VIEW telemetry AS SELECT\n  sample.id AS id";
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (i == telemetry::kOriginalFieldCount) sql += ",\n  " + raw_json_sql() + " AS raw_json";
    sql += ",\n  " + column_sql(i) + " AS " + quoted(kFieldInfo[i].column);
  }
  return sql + "\nFROM " + kTables;
}

std::unexpected<StoreError> newer(const std::string& path) {
  return std::unexpected{StoreError{
      StoreErrorKind::newer_schema,
      "the database " + path +
          " was made by a newer IDAST and is left as it is; install that version, or choose "
          "another database"}};
}

struct Version {
  std::int64_t migrations = 0;
  std::int64_t fields = 0;
};

// What the database says of itself; it is only read.
Result<Version> version_of(Connection& connection, const std::string& path) {
  const auto tables = connection.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected{tables.error()};
  if (*tables == 0) return Version{};
  const auto ours =
      connection.integer("SELECT count(*) FROM sqlite_schema WHERE name IN ('migration', 'field')");
  if (!ours) return std::unexpected{ours.error()};
  if (*ours != 2) {
    return std::unexpected{StoreError{StoreErrorKind::corrupt,
                                      "the file " + path + " is a database of another program"}};
  }
  const auto migrations = connection.integer("SELECT max(number) FROM migration");
  if (!migrations) return std::unexpected{migrations.error()};
  const auto fields = connection.integer("SELECT count(*) FROM field");
  if (!fields) return std::unexpected{fields.error()};
  return Version{migrations->value_or(0), fields->value_or(0)};
}

constexpr std::int64_t kBasesMigration = 2;

// Everything that gives a stored whole number its meaning. A program whose own definition differs
// would silently read other values out of the same rows.
std::string definition_of(std::size_t field, std::int64_t migrations) {
  const auto& sql = kFieldInfo[field].sql;
  std::string text = std::to_string(static_cast<int>(sql.kind)) + ' ' +
                     std::to_string(sql.decimals) + ' ' +
                     std::to_string(static_cast<int>(place_of(field)));
  if (const Guess* guess = guess_for(field); guess != nullptr) {
    text += ' ' + std::string{kFieldInfo[guess->a].column} + '*' + std::to_string(guess->a_times) +
            ' ' + std::string{kFieldInfo[guess->b].column} + '*' + std::to_string(guess->b_times) +
            '/' + std::to_string(guess->divisor);
  }
  if (const auto shift = packed_shift(field); shift && migrations >= kBasesMigration) {
    text += " <<" + std::to_string(*shift);
  }
  return text;
}

Result<void> check_fields(Connection& connection, const std::string& path,
                          std::int64_t migrations) {
  auto rows = connection.prepare("SELECT position, name, definition FROM field ORDER BY position");
  if (!rows) return std::unexpected{rows.error()};
  while (true) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return {};
    const auto field = static_cast<std::size_t>(rows->integer(0));
    const std::string name{rows->text(1)};
    if (field < kFieldCount && name == kFieldInfo[field].column &&
        rows->text(2) == definition_of(field, migrations)) {
      continue;
    }
    return std::unexpected{StoreError{StoreErrorKind::corrupt,
                                      "the database " + path + " stores the field " + name +
                                          " in another way than this program reads it and is left "
                                          "as it is; use the program that made it"}};
  }
}

Result<void> add_field(Connection& connection, std::size_t field) {
  const auto& info = kFieldInfo[field];
  const std::string name{info.column};
  std::string sql = "INSERT INTO field VALUES(" + std::to_string(field) + ", '" + name + "', '" +
                    definition_of(field, kMigrations.size()) + "');\n";
  // Messages of earlier programs did not have it.
  sql += "UPDATE context SET removed = removed | (1 << " + std::to_string(field) +
         "), patch = json_set(patch, '$.\"" + std::string{info.json} + "\"', NULL);\n";
  const Place place = place_of(field);
  const auto add_column = [&](const char* table) {
    sql +=
        std::string{"ALTER TABLE "} + table + " ADD COLUMN " + column_name(field) + " INTEGER;\n";
  };
  if (has_base(field)) {
    add_column("base");
    add_column(is_packed(field) ? "odd" : "sample");
  }
  if (place == Place::context) {
    const bool is_text = info.sql.kind == Kind::text;
    sql += "ALTER TABLE context ADD COLUMN " + quoted(stored_name(field)) +
           (is_text ? " TEXT;\n" : " INTEGER;\n");
    if (info.sql.kind == Kind::keys) {
      sql += "ALTER TABLE context ADD COLUMN " + quoted(name + "_text") + " TEXT;\n";
    }
  }
  return connection.execute(sql);
}

// The view follows the table of fields; it is only touched when it differs.
Result<void> renew_view(Connection& connection) {
  auto same = connection.prepare(
      "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = 'telemetry' AND sql = ?1");
  if (!same) return std::unexpected{same.error()};
  const std::string sql = view_sql();
  const auto row = same->bind(1, std::string_view{sql}).step();
  if (!row) return std::unexpected{row.error()};
  if (*row) return {};
  return connection.execute("DROP VIEW IF EXISTS telemetry;\n" + sql);
}

// After a migration that stores the known fields in another way.
Result<void> renew_definitions(Connection& connection, const Version& version) {
  constexpr auto kNow = static_cast<std::int64_t>(kMigrations.size());
  if (version.migrations == kNow) return {};
  std::string sql;
  for (std::size_t field = 0; field < static_cast<std::size_t>(version.fields); ++field) {
    sql += "UPDATE field SET definition = '" + definition_of(field, kNow) +
           "' WHERE position = " + std::to_string(field) + ";\n";
  }
  return connection.execute(sql);
}

Result<void> apply(Connection& connection, const Version& version) {
  if (version.migrations == 0) {
    auto made = connection.execute("CREATE TABLE migration(number INTEGER PRIMARY KEY) STRICT");
    if (!made) return made;
  }
  for (std::size_t number = static_cast<std::size_t>(version.migrations) + 1;
       number <= kMigrations.size(); ++number) {
    const auto fields = static_cast<std::size_t>(version.fields);
    auto done = connection.execute(kMigrations[number - 1](fields));
    if (done) {
      done = connection.execute("INSERT INTO migration VALUES(" + std::to_string(number) + ")");
    }
    if (!done) return done;
  }
  if (auto renewed = renew_definitions(connection, version); !renewed) return renewed;
  for (auto field = static_cast<std::size_t>(version.fields); field < kFieldCount; ++field) {
    if (auto added = add_field(connection, field); !added) return added;
  }
  return renew_view(connection);
}

}  // namespace

const std::string kTables =
    "sample JOIN device ON device.id = sample.device JOIN base ON base.id = sample.base "
    "JOIN context ON context.id = base.context LEFT JOIN boot ON boot.id = sample.boot "
    "LEFT JOIN odd ON odd.sample = sample.id";

std::string stored_name(std::size_t field) {
  const std::string name{kFieldInfo[field].column};
  if (kFieldInfo[field].sql.kind == Kind::keys) return name + "_bits";
  return guess_for(field) != nullptr ? name + "_rest" : name;
}

std::string column_name(std::size_t field) { return quoted(stored_name(field)); }

std::string rest_sql(std::size_t field) {
  const std::string base = "base." + column_name(field);
  const std::optional<int> shift = packed_shift(field);
  if (!shift) return "(" + base + " + sample." + column_name(field) + ")";
  return "(CASE sample.rests >> " + std::to_string(*shift) + " & 3 WHEN 0 THEN " + base +
         " WHEN 1 THEN " + base + " + 1 WHEN 2 THEN " + base + " - 1 ELSE odd." +
         column_name(field) + " END)";
}

std::string scaled_sql(std::size_t field) {
  switch (place_of(field)) {
    case Place::time:
      return "sample.ts_ms";
    case Place::device:
      return "device.name";
    case Place::boot:
      return "boot.boot_id";
    case Place::context:
      return "context." + column_name(field);
    case Place::sample:
      break;
  }
  if (!has_base(field)) return "sample." + column_name(field);
  const Guess* guess = guess_for(field);
  if (guess == nullptr) return rest_sql(field);
  std::string sum = "coalesce(" + scaled_sql(guess->a) + ", 0) * " + std::to_string(guess->a_times);
  if (guess->b_times != 0) {
    sum += " + coalesce(" + scaled_sql(guess->b) + ", 0) * " + std::to_string(guess->b_times);
  }
  return "(" + rest_sql(field) + " + (" + sum + ") / " + std::to_string(guess->divisor) + ")";
}

std::string column_sql(std::size_t field) {
  const auto& info = kFieldInfo[field];
  if (info.sql.kind == Kind::time) return "sample.ts";
  if (info.sql.kind == Kind::keys) return "context." + quoted(std::string{info.column} + "_text");
  return scaled_sql(field) + divisor_sql(info.sql.decimals);
}

std::string sql_time(UtcMillis at) {
  char buffer[32];
  TextWriter out{buffer, sizeof buffer};
  write_iso(out, at);
  std::string text{out.view()};
  text[10] = ' ';
  text.pop_back();
  return text;
}

Result<void> migrate(Connection& connection, const std::string& path) {
  auto version = version_of(connection, path);
  if (!version) return std::unexpected{version.error()};
  const auto is_newer = [&] {
    return version->migrations > static_cast<std::int64_t>(kMigrations.size()) ||
           version->fields > static_cast<std::int64_t>(kFieldCount);
  };
  if (is_newer()) return newer(path);
  if (auto log = connection.execute("PRAGMA journal_mode = WAL"); !log) return log;
  auto transaction = Transaction::begin(connection);
  if (!transaction) return std::unexpected{transaction.error()};
  // Another process may have migrated it between the look and the lock.
  version = version_of(connection, path);
  if (!version) return std::unexpected{version.error()};
  if (is_newer()) return newer(path);
  if (version->migrations > 0) {
    if (auto same = check_fields(connection, path, version->migrations); !same) return same;
  }
  if (auto done = apply(connection, *version); !done) return done;
  return transaction->commit();
}

}  // namespace idast::store
