#include "run/checkpoint.hpp"

#include <concepts>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "omg/error.hpp"
#include "omg/user_family.hpp"

#include "cache/fnv1a.hpp"
#include "statistics/recorder.hpp"
#include "user/embedded.hpp"

namespace omg {

namespace {

template <class T, class U>
concept Of = std::same_as<std::remove_const_t<T>, U>;

// ---- what there is of each type, for all that goes through the bytes of a value ----

void each(auto&& to, Of<Extreme> auto& e) { to(e.value, e.lane); }
void each(auto&& to, Of<Certificate> auto& c) { to(c.ratio, c.lane, c.iteration); }
void each(auto&& to, Of<Best> auto& b) { to(b.loss, b.setting); }
void each(auto&& to, Of<SettingTotal> auto& s) { to(s.failed, s.loss); }
void each(auto&& to, Of<InstanceFigures> auto& i) { to(i.gap, i.reached); }
void each(auto&& to, Of<Distribution> auto& d) { to(d.t, d.gaps, d.sum_log2); }
void each(auto&& to, Of<LaneStatistics> auto& l) {
  to(l.exponent, l.sup, l.loss, l.regret, l.ratio, l.evaluations, l.first);
}
void each(auto&& to, Of<CellStatistics> auto& s) {
  to(s.at, s.envelope, s.smallest, s.diverged, s.converged, s.distributions, s.per_lane, s.certificate, s.best,
     s.settings, s.instances, s.lanes, s.stopped_on_gap, s.stopped_on_gradient, s.gradient_evaluations,
     s.function_evaluations, s.lane_iterations);
}

void each(auto&& to, const Shape& s) { to(s.n, s.terms, s.classes, s.features, s.rotated, s.shared); }
void each(auto&& to, const Field& f) { to(f.name, f.size); }
void each(auto&& to, const InstanceNumbers& numbers) {
  for (const double value : numbers.distinct()) to(value);
}
void each(auto&& to, const DrawRule& r) {
  to(r.kind, r.number, r.low, r.high, r.octaves, r.octaves_beyond, r.count);
  for (const std::uint32_t word : {r.stream.key[0], r.stream.key[1], r.stream.name[0], r.stream.name[1]}) to(word);
}
void each(auto&& to, const Problem& p) {
  to(p.family, p.user_family ? std::string_view(p.user_family->text) : std::string_view(), p.shape, p.instances,
     p.fields, p.rules, p.shared_fields, p.shared, p.data_size, p.smoothness, p.strong_convexity, p.minimum, p.distance,
     p.scale);
  if (p.rules.empty()) to(p.records());
}
void each(auto&& to, const Options& o) {
  to(o.hint, o.target, o.domain, o.bootstrap_steps, o.averaged, o.null_step, o.horizon);
}
void each(auto&& to, const Constant& c) { to(c.values); }
void each(auto&& to, const Variant& v) { to(v.alpha, v.rho, v.tables, v.initial, v.lower, v.upper); }
void each(auto&& to, const Sample& s) { to(s.record, s.distribution, s.fit, s.log2_t); }
void each(auto&& to, const LaneFigures& f) { to(f.exponent, f.sup, f.first, f.loss, f.regret, f.ratio, f.evaluations); }
/// All that decides the statistics of a cell but its problem.
void each(auto&& to, const Cell& c) {
  to(c.method.rule, c.method.learner, c.method.classical, c.options, c.precision, c.iterations, c.settings, c.constants,
     c.choice, c.variant_of, c.variants, c.bound_constant, c.bound_table, c.record_at, c.samples, c.figures, c.targets,
     c.sup_table, c.stop_gap.value_or(-1), c.stop_gradient.value_or(-1), c.best_by, c.track_best, c.keep_instances);
}

template <class T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

/// Bytes of values, one after the other, for a sink that takes std::string_view.
template <class Sink>
class Bytes {
 public:
  explicit Bytes(Sink sink) : sink_(std::move(sink)) {}

  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }

 private:
  template <Plain T>
  void put(const T& value) {
    sink_(std::string_view(reinterpret_cast<const char*>(&value), sizeof(T)));
  }
  void put(std::string_view text) {
    put(text.size());
    sink_(text);
  }
  void put(const std::string& text) { put(std::string_view(text)); }
  template <class T>
  void put(const std::vector<T>& values) {
    put(values.size());
    if constexpr (Plain<T>)
      sink_(std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
    else
      for (const T& value : values) put(value);
  }
  void put(const Histogram& histogram) {
    std::vector<std::uint32_t> keys;
    std::vector<std::uint64_t> counts;
    histogram.for_each_key([&](std::uint32_t key, std::uint64_t count) {
      keys.push_back(key);
      counts.push_back(count);
    });
    (*this)(keys, counts);
  }
  void put(const ExactSum& sum) {
    put(sum.first());
    for (const std::int64_t word : sum.words()) put(word);
  }
  template <class T>
  void put(const T& value) {
    each(*this, value);
  }

  Sink sink_;
};

/// The values that Bytes wrote. Throws Error where they end early.
class Reader {
 public:
  Reader(std::string_view bytes, const Place& place) : left_(bytes), place_(place) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }

 private:
  std::string_view take(std::size_t size) {
    if (size > left_.size()) throw Error(place_, "the checkpoint ends early");
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  std::size_t get_size() {
    std::size_t size = 0;
    get(size);
    if (size > left_.size()) throw Error(place_, "the checkpoint ends early");
    return size;
  }
  template <Plain T>
  void get(T& value) {
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
  }
  void get(std::string& text) { text = take(get_size()); }
  template <class T>
  void get(std::vector<T>& values) {
    values.assign(get_size(), T{});
    for (T& value : values) get(value);
  }
  void get(Histogram& histogram) {
    std::vector<std::uint32_t> keys;
    std::vector<std::uint64_t> counts;
    (*this)(keys, counts);
    for (std::size_t k = 0; k < keys.size(); ++k) histogram.add_key(keys[k], counts.at(k));
  }
  void get(ExactSum& sum) {
    std::int64_t first = 0;
    ExactSum::Words words{};
    get(first);
    for (std::int64_t& word : words) get(word);
    sum = ExactSum(first, words);
  }
  template <class T>
  void get(T& value) {
    each(*this, value);
  }

  std::string_view left_;
  const Place& place_;
};

template <class... T>
std::uint64_t hash_of(std::uint64_t start, const T&... values) {
  std::uint64_t hash = start;
  Bytes bytes([&](std::string_view more) { hash = fnv1a(more, hash); });
  bytes(values...);
  return hash;
}

/// One hash for each cell; problems, which may be large, are gone through once.
std::vector<std::uint64_t> hashes_of(const Plan& plan) {
  const std::uint64_t start = fnv1a("");
  std::map<const Problem*, std::uint64_t> problems;
  std::vector<std::uint64_t> out;
  for (const Cell& cell : plan.cells) {
    const auto [at, is_new] = problems.try_emplace(cell.problem.get(), start);
    if (is_new) at->second = hash_of(start, *cell.problem);
    out.push_back(hash_of(at->second, cell));
  }
  return out;
}

std::string title_line(std::string_view payload) { return fmt::format("omg checkpoint 2 {:016x}\n", fnv1a(payload)); }

std::string program() { return fmt::format("{} {}", version(), embedded_digest()); }

constexpr const char* afresh = "run without --resume to start afresh";

}  // namespace

std::string write_checkpoint(const Plan& plan, const StudyResult& finished) {
  std::string payload;
  Bytes bytes([&](std::string_view more) { payload += more; });
  const std::vector<std::uint64_t> hashes = hashes_of(plan);
  bytes(program(), finished.backend, hashes);
  for (std::size_t k = 0; k < hashes.size(); ++k) {
    const bool begun = k < finished.cells.size();
    bytes(begun);
    if (begun) bytes(finished.cells[k].seconds, finished.cells[k].statistics);
  }
  return title_line(payload) + payload;
}

StudyResult read_checkpoint(const Plan& plan, const std::filesystem::path& file) {
  const Place place{file.string(), 0, ""};
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(place, "the checkpoint cannot be read");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::size_t line_end = std::min(text.find('\n'), text.size() - 1) + 1;
  const std::string_view payload = std::string_view(text).substr(line_end);
  if (text.substr(0, line_end) != title_line(payload))
    throw Error(place, fmt::format("this is no checkpoint, or it is damaged; {}", afresh));

  Reader reader(payload, place);
  StudyResult out;
  std::string by;
  std::vector<std::uint64_t> found;
  reader(by, out.backend, found);
  if (by != program())
    throw Error(place, fmt::format("the checkpoint was written by another build of the program; {}", afresh));
  const std::vector<std::uint64_t> hashes = hashes_of(plan);
  if (found.size() != hashes.size())
    throw Error(place,
                fmt::format("the checkpoint has {} cells, the study {}; {}", found.size(), hashes.size(), afresh));
  for (std::size_t k = 0; k < hashes.size(); ++k) {
    const Cell& cell = plan.cells[k];
    if (found[k] != hashes[k])
      throw Error(place, fmt::format("the cell {} of {} is no longer what it was when the checkpoint was written; {}",
                                     cell.method.name, cell.problem->name, afresh));
    bool begun = false;
    reader(begun);
    if (!begun) continue;
    CellResult& result = out.cells.emplace_back();
    reader(result.seconds, result.statistics);
  }
  return out;
}

}  // namespace omg
