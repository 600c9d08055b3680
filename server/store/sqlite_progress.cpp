#include "server/store/sqlite_progress.h"

#include <algorithm>

namespace idast::store {
namespace {

// Sorted, and as few as can be: in a batch most samples follow each other.
std::vector<Span> merged(std::vector<Span> spans) {
  std::ranges::sort(spans, {}, &Span::first);
  std::vector<Span> few;
  for (const Span& span : spans) {
    if (few.empty() || span.first > few.back().last + 1) {
      few.push_back(span);
    } else {
      few.back().last = std::max(few.back().last, span.last);
    }
  }
  return few;
}

}  // namespace

Result<ProgressKeeper> ProgressKeeper::prepare(Connection& connection) {
  auto any = connection.prepare("SELECT 1 FROM island WHERE boot = ?1 LIMIT 1");
  if (!any) return std::unexpected{any.error()};
  auto before = connection.prepare(
      "SELECT first, last FROM island WHERE boot = ?1 AND first < ?2 ORDER BY first DESC LIMIT 1");
  if (!before) return std::unexpected{before.error()};
  auto after = connection.prepare(
      "SELECT first, last FROM island WHERE boot = ?1 AND first BETWEEN ?2 AND ?3 LIMIT 1");
  if (!after) return std::unexpected{after.error()};
  auto remove = connection.prepare("DELETE FROM island WHERE boot = ?1 AND first = ?2");
  if (!remove) return std::unexpected{remove.error()};
  auto insert = connection.prepare("INSERT INTO island VALUES(?1, ?2, ?3)");
  if (!insert) return std::unexpected{insert.error()};
  return ProgressKeeper{std::move(*any), std::move(*before), std::move(*after), std::move(*remove),
                        std::move(*insert)};
}

Result<bool> ProgressKeeper::has_islands(std::int64_t boot) {
  const auto found = any_.bind(1, boot).step();
  if (found && *found) any_.reset();
  return found;
}

Result<Span> ProgressKeeper::absorb(std::int64_t boot, Span span) {
  auto found = before_.bind(1, boot).bind(2, span.first).step();
  if (!found) return std::unexpected{found.error()};
  if (*found) {
    const Span island{before_.integer(0), before_.integer(1)};
    before_.reset();
    if (island.last + 1 >= span.first) {
      span = {island.first, std::max(island.last, span.last)};
    }
  }
  for (;;) {
    found = after_.bind(1, boot).bind(2, span.first).bind(3, span.last + 1).step();
    if (!found) return std::unexpected{found.error()};
    if (!*found) return span;
    const Span island{after_.integer(0), after_.integer(1)};
    after_.reset();
    span.last = std::max(span.last, island.last);
    if (auto gone = remove_.bind(1, boot).bind(2, island.first).run(); !gone) {
      return std::unexpected{gone.error()};
    }
  }
}

Result<std::vector<Span>> ProgressKeeper::missing(std::int64_t boot, std::int64_t upto, Span span,
                                                  const std::vector<Span>& others) {
  std::vector<Span> there{others};
  there.push_back({-1, upto});
  auto found = before_.bind(1, boot).bind(2, span.first).step();
  if (!found) return std::unexpected{found.error()};
  if (*found) there.push_back({before_.integer(0), before_.integer(1)});
  before_.reset();
  for (std::int64_t from = span.first; from <= span.last; from = there.back().last + 1) {
    found = after_.bind(1, boot).bind(2, from).bind(3, span.last).step();
    if (!found) return std::unexpected{found.error()};
    if (!*found) break;
    there.push_back({after_.integer(0), after_.integer(1)});
    after_.reset();
  }
  std::vector<Span> gaps;
  std::int64_t next = span.first;
  for (const Span& part : merged(std::move(there))) {
    if (part.last < next) continue;
    if (part.first > span.last) break;
    if (part.first > next) gaps.push_back({next, part.first - 1});
    next = part.last + 1;
  }
  if (next <= span.last) gaps.push_back({next, span.last});
  return gaps;
}

Result<std::int64_t> ProgressKeeper::add(std::int64_t boot, std::int64_t upto,
                                         std::vector<Span> spans) {
  for (Span span : merged(std::move(spans))) {
    if (span.last <= upto) continue;
    span.first = std::max(span.first, upto + 1);
    const auto whole = absorb(boot, span);
    if (!whole) return std::unexpected{whole.error()};
    if (whole->first == upto + 1) {
      upto = whole->last;
      continue;
    }
    auto kept = insert_.bind(1, boot).bind(2, whole->first).bind(3, whole->last).run();
    if (!kept) return std::unexpected{kept.error()};
  }
  return upto;
}

}  // namespace idast::store
