#include "engine.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <numeric>
#include <span>
#include <string_view>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "omg/user_family.hpp"

#include "problem/drawn.hpp"
#include "statistics/lane_batch.hpp"
#include "statistics/recorder.hpp"
#include "tables.hpp"
#include "threads/team.hpp"
#include "user/family_module.hpp"

namespace omg::cpu {

namespace {

bool processor_has(std::string_view set) {
#if defined(__x86_64__)
  if (set == "avx512")
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  if (set == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return set == sets_of_double[std::size(sets_of_double) - 1].name;
}

template <class T>
constexpr auto& sets() {
  if constexpr (std::is_same_v<T, double>)
    return sets_of_double;
  else
    return sets_of_float;
}

/// The tables of the chosen instruction set, filled once.
template <class T>
const Tables<T>& tables() {
  static std::mutex mutex;
  static std::map<std::string, Tables<T>> filled;
  const std::string name = chosen_instruction_set();
  const std::scoped_lock lock(mutex);
  const auto [entry, is_new] = filled.try_emplace(name);
  if (is_new)
    for (const auto& set : sets<T>())
      if (set.name == name) set.fill(entry->second);
  return entry->second;
}

template <class... Entries>
int position(TypeList<Entries...>, std::string_view name) {
  int at = -1, i = 0;
  ((std::string_view(Entries::entry.name) == name ? at = i : at, ++i), ...);
  return at;
}

template <class... Entries, class Entry>
constexpr int index_of(TypeList<Entries...>, Entry*) {
  int at = -1, i = 0;
  ((std::is_same_v<Entries, Entry> ? at = i : at, ++i), ...);
  return at;
}

/// Where the tables have a method.
template <class Rule, class Learner>
constexpr int position_of(MetaGradient<Rule, Learner>*) {
  return index_of(Rules{}, static_cast<Rule*>(nullptr)) * Learners::size +
         index_of(Learners{}, static_cast<Learner*>(nullptr));
}
template <class Method>
constexpr int position_of(Classical<Method>*) {
  return meta_gradients + index_of(ClassicalMethods{}, static_cast<Method*>(nullptr));
}

int method_position(const MethodSpec& method) {
  if (!method.classical.empty()) return meta_gradients + position(ClassicalMethods{}, method.classical);
  return position(Rules{}, method.rule) * Learners::size + position(Learners{}, method.learner);
}

/// Whether neither a scheduled parameter of the cell nor its weights change with t.
bool is_steady(const Cell& cell) {
  const auto constant = [](const std::vector<double>& table) {
    return std::all_of(table.begin() + 1, table.end(), [&](double value) { return value == table[1]; });
  };
  return std::all_of(cell.variants.begin(), cell.variants.end(), [&](const Variant& v) {
    return constant(v.alpha) && std::all_of(v.tables.begin(), v.tables.end(), constant);
  });
}

struct Range {
  double least = std::numeric_limits<double>::infinity(), largest = -least;

  void take(double value) {
    least = std::min(least, value);
    largest = std::max(largest, value);
  }
  /// Of products of positive numbers.
  friend Range operator*(const Range& a, const Range& b) { return {a.least * b.least, a.largest * b.largest}; }
};
Range range_of(std::span<const double> numbers) {
  Range out;
  for (const double number : numbers) out.take(number);
  return out;
}
/// Of a parameter of the lanes of a steady cell.
template <class Method>
Range range_of(const Cell& cell, int parameter) {
  std::size_t table = 0;
  for (int p = 0; p < parameter; ++p) table += Method::parameter(p).scheduled ? 1 : 0;
  Range out;
  for (const Variant& variant : cell.variants) {
    const double factor = Method::parameter(parameter).scheduled ? variant.tables[table][1] : 1.0;
    for (const Constant& constant : cell.constants[static_cast<std::size_t>(parameter)])
      for (const double value : constant.values) out.take(value * factor);
  }
  return out;
}

/// Whether the instances of a cell can be prepared for a kernel, if it asks for that. Here matrices are squared, far
/// from the ends of what the cell's numbers can be.
template <class Method>
bool can_prepare(Recurrent<Method>*, const Cell& cell) {
  const double most = cell.precision == Precision::float32 ? 0x1p40 : 0x1p400;
  const Range smoothness = range_of(cell.problem->smoothness.distinct());
  return smoothness.least > 1 / most && smoothness.largest < most;
}
/// `unit` is what normalised gaps are multiplied by; one of 1e30 is still a number, and what vanishes of them is below
/// any that counts.
bool holds_gaps_times(const Range& unit, Precision precision) {
  const bool narrow = precision == Precision::float32;
  return unit.least > (narrow ? 0x1p-40 : 0x1p-400) && unit.largest < (narrow ? 0x1p24 : 0x1p400);
}
/// Of the diagonal of Q: from μ to L.
Range range_of_diagonal(const Problem& problem) {
  return {range_of(problem.strong_convexity.distinct()).least, range_of(problem.smoothness.distinct()).largest};
}
/// 2 η² β q² scale.
bool can_prepare(ScaledElementwiseStep*, const Cell& cell) {
  using Method = ScaledElementwiseStep;
  const Range rate = range_of<Method>(cell, Method::rate),
              meta_step = range_of<Method>(cell, MetaParameters::meta_step), q = range_of_diagonal(*cell.problem);
  Range alpha;
  for (const Variant& variant : cell.variants) alpha.take(variant.alpha[1]);
  const bool positive = std::min({rate.least, meta_step.least, alpha.least, q.least}) > 0;
  return positive &&
         holds_gaps_times(rate * rate * meta_step * alpha * q * q * range_of(cell.problem->scale.distinct()),
                          cell.precision);
}
/// 2 scale ÷ (s² q).
bool can_prepare(ScaledAdagrad*, const Cell& cell) {
  const Range rate = range_of<ScaledAdagrad>(cell, ScaledAdagrad::rate), q = range_of_diagonal(*cell.problem);
  if (!(std::min(rate.least, q.least) > 0)) return false;
  const Range unit = rate * rate * q, inverse{1 / unit.largest, 1 / unit.least};
  return holds_gaps_times(inverse * range_of(cell.problem->scale.distinct()), cell.precision);
}
bool can_prepare(void*, const Cell&) { return true; }

/// Where the list of fused kernels has the cell, or −1. They may know no gradient of f.
int fused_position(const Cell& cell) {
  if (cell.observer().stop_gradient) return -1;
  Options options = cell.options;
  options.horizon = 0;
  const int method = method_position(cell.method);
  int found = -1, i = 0;
  const auto look = [&]<class Kernel>(Kernel*) {
    const bool fits = method == position_of(static_cast<typename Kernel::Method*>(nullptr)) &&
                      cell.problem->family == Kernel::Family::entry.name && cell.problem->shape == Kernel::shape &&
                      options == Kernel::options && (!Kernel::steady || is_steady(cell)) &&
                      can_prepare(static_cast<typename Kernel::Method*>(nullptr), cell);
    if (fits && found < 0) found = i;
    ++i;
  };
  [&]<class... K>(TypeList<K...>) { (look(static_cast<K*>(nullptr)), ...); }(FusedKernels{});
  return found;
}

/// Where a list of methods has that of a cell, or −1.
template <class... Methods>
int method_in(TypeList<Methods...>, const Cell& cell) {
  const int method = method_position(cell.method);
  int found = -1, i = 0;
  ((position_of(static_cast<Methods*>(nullptr)) == method ? found = i : found, ++i), ...);
  return found;
}

/// Where a list of kernels has the method and the family of a cell, or −1.
template <class... Kernel>
int position_in(TypeList<Kernel...>, const Cell& cell) {
  const int method = method_position(cell.method);
  int found = -1, i = 0;
  const auto look = [&]<class K>(K*) {
    if (method == position_of(static_cast<typename K::Method*>(nullptr)) &&
        cell.problem->family == K::Family::entry.name)
      found = i;
    ++i;
  };
  (look(static_cast<Kernel*>(nullptr)), ...);
  return found;
}

/// Where the list of kernels along coordinates has the cell, or −1: only where across lanes the instances of a cache
/// line of lanes would not stay in the first-level cache.
int along_position(const Cell& cell) {
  constexpr std::size_t first_level = 32 * 1024, line = 64;
  const bool vectors = std::any_of(cell.variants.begin(), cell.variants.end(), [](const Variant& v) {
    return !v.initial.empty() || !v.lower.empty() || !v.upper.empty();
  });
  // Lanes are centred at x*, a box for points is not.
  const bool bounded = cell.options.domain == Domain::simplex ||
                       (cell.options.domain == Domain::box && cell.method.rule == Iterate::entry.name);
  const bool simple = cell.problem->shape.rotated && !bounded && !vectors;
  return simple && cell.problem->record_size() * line > first_level ? position_in(AlongKernels{}, cell) : -1;
}

/// Whether the lanes of a cell share their data and are so many that groups of `width` still keep all threads busy.
bool can_block(const Cell& cell, int width) {
  return width > 0 && !cell.problem->shared.empty() && cell.lanes() >= 8 * static_cast<std::uint64_t>(width);
}

/// Where the list of wavefronts has the cell, or −1. They know no gradient between iterations.
int wavefront_position(const Cell& cell) {
  return cell.observer().stop_gradient ? -1 : position_in(WavefrontKernels{}, cell);
}

/// While it lives its thread takes numbers below the smallest normal one for zero: far below any gap that counts, and
/// up to a hundred times faster on processors that leave them to microcode.
class FlushDenormals {
 public:
#if defined(__x86_64__)
  FlushDenormals() { _mm_setcsr(before_ | 0x8040); }  // results and operands
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_ = _mm_getcsr();
#elif defined(__aarch64__)
  FlushDenormals() { set(before_ | (std::uint64_t{1} << 24)); }
  ~FlushDenormals() { set(before_); }

 private:
  static std::uint64_t get() {
    std::uint64_t value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void set(std::uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
  std::uint64_t before_ = get();
#endif
};

/// Whether a run is asked to end, by a function that may be empty.
bool asked(const std::function<bool()>& ends) { return ends && ends(); }

/// Memory aligned for any register, zeroed.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size)
      : p_(static_cast<T*>(::operator new(std::max<std::size_t>(size, 1) * sizeof(T), alignment))) {
    std::memset(static_cast<void*>(p_), 0, size * sizeof(T));
  }
  Buffer(Buffer&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(p_, other.p_);
    return *this;
  }
  ~Buffer() { ::operator delete(p_, alignment); }
  [[nodiscard]] T* data() const { return p_; }
  T& operator[](std::size_t i) const { return p_[i]; }

 private:
  static constexpr std::align_val_t alignment{64};
  T* p_ = nullptr;
};

template <class T>
std::vector<T> converted(std::span<const double> from) {
  return std::vector<T>(from.begin(), from.end());
}

/// Tables over t of one variant, in the kernels' number type.
template <class T>
struct VariantTables {
  std::vector<T> alpha, rho, initial, lower, upper;
  std::vector<std::vector<T>> tables;
  std::vector<const T*> by_parameter;  ///< null without schedule
};

/// 1 ÷ a number of each instance, or of all.
template <class T>
struct Inverses {
  std::span<const double> numbers;

  [[nodiscard]] T first() const { return static_cast<T>(1.0 / numbers[0]); }
  /// Those of some instances; nothing where all have the same, which stands there already.
  void read(std::size_t begin, std::size_t count, T* to) const {
    if (numbers.size() == 1) return;
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<T>(1.0 / numbers[begin + i]);
  }
};

/// A group of lanes that share a variant.
struct Group {
  std::uint64_t first = 0;
  int lanes = 0;
  std::uint32_t variant = 0;
};

/// Lanes [begin, end) whose settings share a variant, and the number of their first group.
struct Segment {
  std::uint64_t begin, end;
  std::uint64_t first_group;
  std::uint32_t variant;
};

template <class T>
class CellRun {
 public:
  CellRun(const Cell& cell, LaneRange lanes, const RunControl& control, Trajectories* trace, Kernels kernels)
      : cell_(cell),
        problem_(*cell.problem),
        records_(problem_.holds_records() ? problem_.records().data() : nullptr),
        control_(control),
        trace_(trace),
        lanes_(lanes),
        kernels_(kernels) {
    convert_tables();
    choose_kernels();
    if (prepare_ != nullptr && records_ != nullptr && lanes_.size() >= 2 * problem_.instances) prepare_instances();
    cut_groups();
    if (trace_ != nullptr) {
      const auto n = static_cast<std::size_t>(problem_.shape.n), T_ = static_cast<std::size_t>(cell.iterations);
      *trace_ = {lanes.size(), T_, n, {}, {}};
      trace_->gaps.resize(lanes.size() * T_);
      trace_->points.resize(lanes.size() * T_ * n);
    }
  }

  /// Runs the lanes. Where `of_instances` is not null, figures of instances go there and not to what it returns: then
  /// no two lanes may be on one instance.
  CellStatistics run(CellStatistics* of_instances) {
    of_instances_ = of_instances;
    const auto threads =
        static_cast<unsigned>(std::min<std::uint64_t>(this->threads(), std::max<std::uint64_t>(groups_, 1)));
    workers_ = threads;
    std::vector<CellStatistics> parts(threads);
    in_team(threads, [&](unsigned w) {
      try {
        parts[w] = work(w == 0);
      } catch (...) {
        stop_ = true;
        throw;
      }
    });
    report();
    for (unsigned w = 1; w < threads; ++w) parts[0].merge(parts[w]);
    if (fused_ != nullptr) complete(parts[0].certificate);
    return std::move(parts[0]);
  }

  [[nodiscard]] std::uint64_t group_iterations() const { return group_iterations_; }

 private:
  void choose_kernels() {
    const auto& all = tables<T>();
    const int family = position(Families{}, problem_.family);
    if (family < 0 && !problem_.user_family)
      throw Error("the CPU engine does not know the family '" + problem_.family + "'");
    figures_ = all.figures;
    placing_ = all.placing;
    FamilyArguments<T> arguments;
    arguments.shape = problem_.shape;
    arguments.n = problem_.shape.n;
    const auto take = [&](const auto& table, const MethodKernel<T>& method, const FamilyKernels<T>& of_family) {
      width_ = table.width;
      register_width_ = table.register_width;
      general_ = method.run;
      family_ = of_family;
      arena_ =
          static_cast<std::size_t>(method.arena(arguments.n)) + static_cast<std::size_t>(of_family.scratch(arguments));
    };
    take(all.methods, all.methods.methods[method_position(cell_.method)],
         problem_.user_family ? problem_.user_family->module->kernels<T>(all.methods.width)
                              : all.families.families[family]);
    if (problem_.user_family) return;
    if (const int along = along_position(cell_); along >= 0 && kernels_ == Kernels::fastest) {
      general_ = all.along.kernels[along].run;
      register_width_ = 1;
      along_ = true;
      // Whole lines and one more: registers may reach behind the last entry.
      record_stride_ = (problem_.record_size() + cache_line - 1) / cache_line * cache_line + cache_line;
      width_ = static_cast<int>(cache_line * lines_together());
      arena_ = static_cast<std::size_t>(all.along.kernels[along].arena(arguments.n));
      return;
    }
    if (kernels_ == Kernels::general || trace_ != nullptr) return;  // the others keep no trajectories
    if (const int m = method_in(BlockedMethods{}, cell_), f = position(BlockedFamilies{}, problem_.family);
        m >= 0 && f >= 0 && can_block(cell_, all.blocked.width))
      return take(all.blocked, all.blocked.methods[m], all.blocked.families[f]);
    if (const int wavefront = wavefront_position(cell_); wavefront >= 0) {
      general_ = all.wavefront.kernels[wavefront].run;
      width_ = register_width_ = all.wavefront.width;
      arena_ = static_cast<std::size_t>(all.wavefront.kernels[wavefront].arena(arguments.n));
      return;
    }
    if (const int fused = fused_position(cell_); fused >= 0) {
      const ObserverOptions& o = observer_;
      const bool more = o.sup || o.regret || o.stop_gap || o.targets > 0;
      const FusedKernel<T>& kernel = all.fused.kernels[fused];
      if (!more) fused_ = kernel.run;
      general_ = kernel.watch;
      width_ = all.fused.width;
      prepare_ = kernel.prepare;
      prepared_lines_ = kernel.prepared;
    }
  }

  /// How many lines of the caches with lanes side by side a group along coordinates takes of each entry of the records.
  /// Lines of one entry lie together, those of the next in other pages: where lanes do not run long, several at a time
  /// are read faster, as long as there are groups for all threads and the records of one find place in the caches.
  [[nodiscard]] std::size_t lines_together() const {
    constexpr std::uint64_t most = 4, room = 4 << 20, long_run = 8000;
    const std::uint64_t all = lanes_.size() / cache_line, bytes = record_stride_ * cache_line * sizeof(T);
    return std::clamp<std::uint64_t>(
        std::min({all / (4 * threads()), room / bytes, long_run / static_cast<std::uint64_t>(cell_.iterations)}), 1,
        most);
  }
  [[nodiscard]] std::uint64_t threads() const { return team_threads(control_.threads); }

  /// Once for all settings that run on them.
  void prepare_instances() {
    const auto width = static_cast<std::size_t>(width_), instances = problem_.instances;
    const Buffer<T> record(problem_.record_size() * width), scale(width), block(prepared_lines_ * width);
    place_shared(record, scale);
    prepared_stride_ = instances + width;
    prepared_ = Buffer<T>(prepared_lines_ * prepared_stride_);
    for (std::size_t k = 0; k < prepared_lines_; ++k) prepared_line_.push_back(k);
    for (std::size_t first = 0; first < instances; first += width) {
      const std::size_t count = std::min(width, instances - first);
      read(first, count, record.data());
      inverse_scale_.read(first, count, scale.data());
      prepare_(record.data(), scale.data(), block.data());
      for (std::size_t k = 0; k < prepared_lines_; ++k)
        std::copy_n(block.data() + k * width, count, prepared_.data() + k * prepared_stride_ + first);
    }
    // Lanes of the next setting follow with the first instances again.
    for (std::size_t k = 0; k < prepared_lines_; ++k) {
      T* const line = prepared_.data() + k * prepared_stride_;
      for (std::size_t i = instances; i < prepared_stride_; ++i) line[i] = line[i - instances];
    }
  }

  void convert_tables() {
    const auto parameters = cell_.parameter_names.size();
    for (const auto& variant : cell_.variants) {
      VariantTables<T>& out = variants_.emplace_back();
      out.alpha = converted<T>(variant.alpha);
      out.rho = converted<T>(variant.rho);
      out.initial = converted<T>(variant.initial);
      out.lower = converted<T>(variant.lower);
      out.upper = converted<T>(variant.upper);
      for (const auto& table : variant.tables) out.tables.push_back(converted<T>(table));
      std::size_t next = 0;
      for (std::size_t p = 0; p < parameters; ++p)
        out.by_parameter.push_back(scheduled(p) ? out.tables.at(next++).data() : nullptr);
    }
    shared_ = converted<T>(problem_.shared);
    static constexpr double no_bound = 1;
    inverse_scale_ = {problem_.scale.distinct()};
    inverse_bound_ = {cell_.bound_constant.empty() ? std::span(&no_bound, 1)
                                                   : std::span(cell_.bound_constant[0].values)};
    for (std::size_t p = 0; p < parameters; ++p)
      if (cell_.constants[p].size() > 1 || cell_.constants[p][0].values.size() > 1) varying_parameters_.push_back(p);
    for (double bound : cell_.bound_table) inverse_bound_table_.push_back(static_cast<T>(1.0 / bound));
    sup_table_ = converted<T>(cell_.sup_table);
    targets_ = converted<T>(cell_.targets);
    for (const Sample& sample : cell_.samples) sample_records_.push_back(sample.record);
    sample_records_.push_back(-1);
    observer_ = cell_.observer();
    if (trace_ != nullptr) observer_.stop_gap = observer_.stop_gradient = false;  // trajectories are whole
    observed_ = {inverse_bound_table_.data(),
                 sup_table_.data(),
                 targets_.data(),
                 static_cast<T>(cell_.stop_gap.value_or(0)),
                 static_cast<T>(cell_.stop_gradient.value_or(0)),
                 static_cast<T>(problem_.safe_distance)};
  }

  [[nodiscard]] bool scheduled(std::size_t parameter) const {
    bool found = false;
    const auto look = [&]<class M>(M*) {
      if constexpr (M::parameters > 0) found = M::parameter(static_cast<int>(parameter)).scheduled;
    };
    const int at = method_position(cell_.method);
    int i = 0;
    const auto rule = [&]<class R, class... L>(R*, TypeList<L...>) {
      ((i++ == at ? look(static_cast<MetaGradient<R, L>*>(nullptr)) : void()), ...);
    };
    [&]<class... R>(TypeList<R...>) { (rule(static_cast<R*>(nullptr), Learners{}), ...); }(Rules{});
    [&]<class... M>(TypeList<M...>) {
      ((i++ == at ? look(static_cast<Classical<M>*>(nullptr)) : void()), ...);
    }(ClassicalMethods{});
    return found;
  }

  /// Lanes are cut into groups in their order; a group never mixes variants.
  void cut_groups() {
    const std::uint64_t instances = problem_.instances;
    std::uint64_t lane = lanes_.begin;
    while (lane < lanes_.end) {
      const std::uint64_t setting = lane / instances;
      const std::uint32_t variant = cell_.variant_of[setting];
      std::uint64_t last = setting + 1;
      while (last * instances < lanes_.end && cell_.variant_of[last] == variant) ++last;
      const std::uint64_t end = std::min(last * instances, lanes_.end);
      segments_.push_back({lane, end, groups_, variant});
      groups_ += (end - lane + static_cast<std::uint64_t>(width_) - 1) / static_cast<std::uint64_t>(width_);
      lane = end;
    }
  }

  [[nodiscard]] Group group(std::uint64_t index) const {
    auto segment = std::upper_bound(segments_.begin(), segments_.end(), index,
                                    [](std::uint64_t i, const Segment& s) { return i < s.first_group; });
    --segment;
    const std::uint64_t first = segment->begin + (index - segment->first_group) * static_cast<std::uint64_t>(width_);
    const auto lanes = std::min<std::uint64_t>(static_cast<std::uint64_t>(width_), segment->end - first);
    return {first, static_cast<int>(lanes), segment->variant};
  }

  /// What one thread needs for a group, taken once.
  struct Room {
    Buffer<T> record, prepared, constants, scale, bound, last, ratio, ratio_at, loss, sup, regret, reached, samples,
        arena, candidates;
    Buffer<T> largest, largest_row, smallest, smallest_row, high, low, range;
    Buffer<T> bounds;  ///< [instance] loss of its best setting so far
    std::vector<std::uint32_t> keys;
    std::vector<std::int64_t> candidate_records;
    std::vector<Ending> endings;
    std::vector<std::uint64_t> diverged, converged;  ///< [record + 1], lanes that ended after the record before
    Buffer<T> trace_gap, trace_point;
    Accumulator<T> out;
    GroupArguments<T> arguments;
    std::vector<std::uint64_t> left;  ///< lanes whose groups were left before they had ended: see `Patience`
    std::uint64_t setting = none;     ///< whose parameters all of `constants` holds
    Group held;                       ///< lanes that ran in a fused kernel and are taken together
    bool stands = false;              ///< the prepared instances of the group are read where they stand
    bool diverges = false;            ///< a lane of the last group ended: no use in a kernel that cannot watch it
    static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  };

  Room make_room() const {
    const auto width = static_cast<std::size_t>(width_), most = static_cast<std::size_t>(most_held());
    const auto records = cell_.record_at.size(), lines = records * static_cast<std::size_t>(register_width_);
    Room room;
    room.record = Buffer<T>(std::max(problem_.record_size(), record_stride_) * width);
    room.prepared = Buffer<T>(prepared_lines_ * width);
    room.constants = Buffer<T>(cell_.parameter_names.size() * width);
    for (auto* buffer : {&room.scale, &room.bound, &room.sup, &room.regret}) *buffer = Buffer<T>(width);
    for (auto* buffer : {&room.last, &room.ratio, &room.ratio_at, &room.loss}) *buffer = Buffer<T>(most + cache_line);
    if (cell_.track_best && of_instances_ == nullptr) {
      room.bounds = Buffer<T>(problem_.instances + cache_line);
      std::fill_n(room.bounds.data(), problem_.instances, std::numeric_limits<T>::infinity());
    }
    room.keys.resize(most + cache_line);
    room.reached = Buffer<T>(targets_.size() * width);
    room.samples = Buffer<T>(cell_.samples.size() * most + cache_line);
    if (fused_ != nullptr) {
      room.candidates = Buffer<T>(records * width);
      room.candidate_records.resize(records);
    }
    room.arena = Buffer<T>(along_ ? arena_ : arena_ * width);
    for (auto* buffer : {&room.largest, &room.largest_row, &room.smallest, &room.smallest_row})
      *buffer = Buffer<T>(lines);
    for (auto* buffer : {&room.high, &room.low, &room.range}) *buffer = Buffer<T>(records);
    forget_records(room);
    room.endings.resize(width);
    if (trace_ != nullptr) {
      const auto T_ = static_cast<std::size_t>(cell_.iterations);
      room.trace_gap = Buffer<T>(T_ * width);
      room.trace_point = Buffer<T>(T_ * width * static_cast<std::size_t>(problem_.shape.n));
    }
    place_shared(room.record, room.scale);
    for (std::size_t p = 0; p < cell_.parameter_names.size(); ++p)
      std::fill_n(room.constants.data() + p * width, width, static_cast<T>(cell_.constants[p][0].values[0]));
    std::fill_n(room.bound.data(), width, inverse_bound_.first());
    room.out.largest = room.largest.data();
    room.out.largest_row = room.largest_row.data();
    room.out.smallest = room.smallest.data();
    room.out.smallest_row = room.smallest_row.data();
    room.out.high = room.high.data();
    room.out.low = room.low.data();
    room.out.range = room.range.data();
    set_arguments(room);
    return room;
  }

  /// What all instances share stands in every group.
  void place_shared(const Buffer<T>& record, const Buffer<T>& scale) const {
    const auto width = static_cast<std::size_t>(width_);
    std::fill_n(scale.data(), width, inverse_scale_.first());
    for (std::size_t k = 0, size = along_ ? 0 : problem_.record_size(); k < size; ++k)
      std::fill_n(record.data() + k * width, width, static_cast<T>(problem_.entry(k, 0)));
  }

  /// No lane has been recorded.
  void forget_records(Room& room) const {
    const auto records = cell_.record_at.size(), lines = records * static_cast<std::size_t>(register_width_);
    std::fill_n(room.largest.data(), lines, T(-1));
    std::fill_n(room.high.data(), records, T(-1));
    std::fill_n(room.smallest.data(), lines, std::numeric_limits<T>::infinity());
    std::fill_n(room.low.data(), records, std::numeric_limits<T>::infinity());
    std::fill_n(room.range.data(), records, -std::numeric_limits<T>::infinity());
    room.diverged.assign(records + 1, 0);
    room.converged.assign(records + 1, 0);
  }

  /// The next groups for a thread: a share of those that are left, so that claims are few and the threads end together.
  std::pair<std::uint64_t, std::uint64_t> claim() {
    std::uint64_t begin = next_, size = 0;
    do size = std::min(std::clamp<std::uint64_t>((groups_ - begin) / (4 * workers_), 1, 64), groups_ - begin);
    while (!next_.compare_exchange_weak(begin, begin + size));
    return {begin, begin + size};
  }

  CellStatistics work(bool reports) {
    const FlushDenormals flush;
    Room room = make_room();
    CellStatistics statistics = empty_statistics(cell_, of_instances_ == nullptr);
    while (!paused_) {  // what has been claimed is run, so that all lanes before the next claim are
      const auto [begin, end] = claim();
      if (begin == end || stop_) break;
      const std::uint64_t before = statistics.lanes;
      for (std::uint64_t g = begin; g < end && !stop_; ++g) run_group(g, room, statistics);
      take_held(room, statistics);
      done_ += (statistics.lanes - before) * static_cast<std::uint64_t>(cell_.iterations);
      if (reports) {
        report();
        if (asked(control_.cancelled) || asked(control_.pause)) paused_ = true;
      }
    }
    const auto per_group = static_cast<std::uint64_t>(width_ / register_width_);
    finish(room, statistics, [&](std::uint64_t row, std::size_t element) {
      return group(row / per_group).first + row % per_group * static_cast<std::uint64_t>(register_width_) + element;
    });
    while (!room.left.empty() && !stop_) run_left(room, statistics);
    group_iterations_ += static_cast<std::uint64_t>(room.out.iterations);
    return statistics;
  }

  /// Runs lanes that were left from their start, side by side with others of their variant: in ascending order, so that
  /// of equal extremes the one of the lowest lane is kept.
  void run_left(Room& room, CellStatistics& statistics) {
    const auto variant_of = [&](std::uint64_t lane) { return cell_.variant_of[lane / problem_.instances]; };
    const std::uint32_t variant = variant_of(room.left.front());
    std::vector<std::uint64_t> lanes = std::exchange(room.left, {});
    const auto others = std::stable_partition(lanes.begin(), lanes.end(),
                                              [&](std::uint64_t lane) { return variant_of(lane) == variant; });
    room.left.assign(others, lanes.end());
    lanes.erase(others, lanes.end());
    std::sort(lanes.begin(), lanes.end());

    forget_records(room);
    const std::uint64_t before = statistics.lanes;
    const auto width = static_cast<std::size_t>(width_);
    for (std::size_t at = 0; at < lanes.size() && !stop_; at += width) {
      const std::span<const std::uint64_t> some(lanes.data() + at, std::min(width, lanes.size() - at));
      read_prepared(room, nullptr);
      for (std::size_t l = 0; l < some.size(); ++l) place({some[l], 1, variant}, l, room);
      complete_group(some.size(), room);
      const Group group{some[0], static_cast<int>(some.size()), variant};
      general_(arguments(group, at / static_cast<std::size_t>(register_width_), lanes.size() > width, room));
      take_ended(some, room, statistics);
    }
    finish(room, statistics, [&](std::uint64_t row, std::size_t element) {
      return lanes[row * static_cast<std::uint64_t>(register_width_) + element];
    });
    done_ += (statistics.lanes - before) * static_cast<std::uint64_t>(cell_.iterations);
  }

  /// Calls f(first element, lanes, setting, first instance) for each stretch of a group within one setting.
  template <class F>
  void for_each_stretch(const Group& group, F&& f) const {
    const std::uint64_t instances = problem_.instances;
    std::uint64_t setting = group.first / instances;
    std::size_t instance = group.first % instances;
    const auto lanes = static_cast<std::size_t>(group.lanes);
    for (std::size_t l = 0; l < lanes; ++setting, instance = 0) {
      const std::size_t count = std::min<std::size_t>(lanes - l, instances - instance);
      f(l, count, setting, instance);
      l += count;
    }
  }

  /// Brings instances and parameters of a group's lanes side by side; elements that are not in use repeat the last
  /// lane.
  void fill(const Group& group, Room& room) const {
    const bool whole = group.lanes == width_;
    read_prepared(room,
                  whole && prepared_.data() != nullptr ? prepared_.data() + group.first % problem_.instances : nullptr);
    place(group, 0, room);
    complete_group(static_cast<std::size_t>(group.lanes), room);
  }
  /// Has a group read prepared instances where they stand, or else from the room.
  void read_prepared(Room& room, const T* standing) const {
    room.stands = standing != nullptr;
    room.arguments.prepared = room.stands ? standing : room.prepared.data();
    room.arguments.prepared_stride =
        static_cast<std::int64_t>(room.stands ? prepared_stride_ : static_cast<std::size_t>(width_));
  }
  void place(const Group& group, std::size_t offset, Room& room) const {
    const auto width = static_cast<std::size_t>(width_);
    for_each_stretch(group, [&](std::size_t first, std::size_t count, std::uint64_t setting, std::size_t instance) {
      const std::size_t l = offset + first;
      const bool known = setting == room.setting;
      if (along_)
        transpose(instance, count, room.record.data() + l * record_stride_);
      else if (prepared_.data() == nullptr)
        read(instance, count, room.record.data() + l);
      else if (!room.stands)
        placing_.copy_own(prepared_.data() + instance, prepared_line_.data(), prepared_lines_, prepared_stride_, count,
                          room.prepared.data() + l, width);
      for (const std::size_t p : varying_parameters_) {
        const auto& values = cell_.constants[p][cell_.choice[setting][p]].values;
        T* to = room.constants.data() + p * width + l;
        constexpr std::size_t line = 0;
        if (values.size() > 1)
          placing_.copy(values.data() + instance, &line, 1, 0, count, to, 0);
        else if (!known)
          placing_.fill(static_cast<T>(values[0]), count, to);
      }
      inverse_scale_.read(instance, count, room.scale.data() + l);
      inverse_bound_.read(instance, count, room.bound.data() + l);
      room.setting = count == width ? setting : Room::none;
    });
  }
  void complete_group(std::size_t lanes, Room& room) const {
    repeat_last(lanes, room);
    if (prepare_ != nullptr && prepared_.data() == nullptr)
      prepare_(room.record.data(), room.scale.data(), room.prepared.data());
  }
  void repeat_last(std::size_t lanes, Room& room) const {
    const auto width = static_cast<std::size_t>(width_);
    if (lanes == width) return;
    const auto repeat = [&](T* line) { std::fill_n(line + lanes, width - lanes, line[lanes - 1]); };
    if (!along_)
      for (const std::size_t k : varying_) repeat(room.record.data() + k * width);
    for (const std::size_t k : prepared_line_) repeat(room.prepared.data() + k * width);
    for (const std::size_t p : varying_parameters_) repeat(room.constants.data() + p * width);
    repeat(room.scale.data());
    repeat(room.bound.data());
  }

  /// The records of some instances side by side, what varies in them.
  void read(std::size_t instance, std::size_t count, T* to) const {
    const auto width = static_cast<std::size_t>(width_);
    if (records_ != nullptr)
      placing_.copy(records_ + instance, varying_.data(), varying_.size(), problem_.instances, count, to, width);
    else
      for (const std::size_t k : varying_) draw(k, instance, count, to + k * width);
  }
  /// Entry k of the records of some instances, drawn.
  void draw(std::size_t k, std::size_t instance, std::size_t count, T* to) const {
    const DrawRule& rule = problem_.rules[k];
    const bool random = rule.kind == DrawRule::Kind::uniform || rule.kind == DrawRule::Kind::log_uniform;
    constexpr std::size_t block = 64;
    double u[block] = {};
    for (std::size_t begin = 0; begin < count; begin += block) {
      const std::size_t some = std::min(block, count - begin);
      for (std::size_t i = 0; random && i < some; ++i) u[i] = uniform_of(rule, instance + begin + i);
      placing_.draw(rule, u, instance + begin, some, to + begin);
    }
  }

  /// Records of some instances, one behind the other.
  void transpose(std::size_t instance, std::size_t count, T* to) const {
    const std::size_t records = problem_.record_size();
    if (records_ != nullptr)
      return placing_.transpose(records_ + instance, records, problem_.instances, count, to, record_stride_);
    std::vector<T> row(count);
    for (std::size_t k = 0; k < records; ++k) {
      problem_.entries(k, instance, count, row.data());
      for (std::size_t i = 0; i < count; ++i) to[i * record_stride_ + k] = row[i];
    }
  }

  void run_group(std::uint64_t index, Room& room, CellStatistics& statistics) const {
    const Group group = this->group(index);
    const auto row = index * static_cast<std::uint64_t>(width_ / register_width_);
    fill(group, room);
    // Where a lane diverges those of the next group, of the same or the next setting, are likely to.
    if (fused_ != nullptr && !room.diverges) {
      Group& held = room.held;
      const bool follows = group.first == held.first + static_cast<std::uint64_t>(held.lanes);
      if (!follows || held.lanes % width_ != 0 || held.lanes == most_held()) take_held(room, statistics);
      if (fused_(arguments(group, row, groups_ > 1, room))) {
        if (held.lanes == 0) held.first = group.first;
        held.lanes += group.lanes;
        return;
      }
    }
    take_held(room, statistics);
    general_(arguments(group, row, groups_ > 1 && trace_ == nullptr, room));
    room.diverges = room.out.ended > 0;
    if (room.out.left) {
      std::vector<std::uint64_t> lanes(static_cast<std::size_t>(group.lanes));
      std::iota(lanes.begin(), lanes.end(), group.first);
      take_ended(lanes, room, statistics);
    } else {
      take_lanes(group, 0, room, statistics);
    }
    if (trace_ != nullptr) take_trace(group, room);
  }
  /// Lanes of which a thread keeps what it takes of them at a time: some groups, so that it is worth its while.
  [[nodiscard]] int most_held() const { return fused_ != nullptr ? 8 * width_ : width_; }
  void take_held(Room& room, CellStatistics& statistics) const {
    if (const Group held = std::exchange(room.held, {}); held.lanes > 0) take_lanes(held, 0, room, statistics);
  }

  /// What groups do not change.
  void set_arguments(Room& room) const {
    GroupArguments<T>& a = room.arguments;
    a.family.shape = problem_.shape;
    a.family.n = problem_.shape.n;
    a.family.record = room.record.data();
    a.family.shared = problem_.shape.shared ? shared_.data() : nullptr;
    a.family.data_size = problem_.data_size;
    a.kernels = family_;
    a.options = cell_.options;
    a.observer = observer_;
    a.observed = observed_;
    a.iterations = cell_.iterations;
    a.width = width_;
    a.record_stride = static_cast<std::int64_t>(record_stride_);
    a.constants = room.constants.data();
    a.inverse_scale = room.scale.data();
    a.inverse_bound = room.bound.data();
    a.record_at = cell_.record_at.data();
    a.records = static_cast<std::int64_t>(cell_.record_at.size());
    a.arena = room.arena.data();
    a.candidates = room.candidates.data();
    a.candidate_records = room.candidate_records.data();
    a.sample_records = sample_records_.data();
    a.endings = room.endings.data();
    a.sample_stride = most_held();
    a.sup = room.sup.data();
    a.regret = room.regret.data();
    a.reached = room.reached.data();
    if (trace_ != nullptr) {
      a.trace_gap = room.trace_gap.data();
      a.trace_point = room.trace_point.data();
    }
  }

  [[nodiscard]] const GroupArguments<T>& arguments(const Group& group, std::uint64_t row, bool may_leave,
                                                   Room& room) const {
    const VariantTables<T>& variant = variants_[group.variant];
    GroupArguments<T>& a = room.arguments;
    a.lanes = group.lanes;
    a.may_leave = may_leave;
    a.tables = variant.by_parameter.data();
    a.alpha = variant.alpha.data();
    a.rho = variant.rho.data();
    a.initial = variant.initial.empty() ? nullptr : variant.initial.data();
    a.lower = variant.lower.empty() ? nullptr : variant.lower.data();
    a.upper = variant.upper.empty() ? nullptr : variant.upper.data();
    a.row = static_cast<T>(row);
    a.out = &room.out;
    a.last = room.last.data() + room.held.lanes;
    a.ratio = room.ratio.data() + room.held.lanes;
    a.ratio_at = room.ratio_at.data() + room.held.lanes;
    a.loss = room.loss.data() + room.held.lanes;
    a.samples = room.samples.data() + room.held.lanes;
    return a;
  }

  /// Takes what a group's lanes have left behind, but for those that were left before they had ended.
  void take_ended(std::span<const std::uint64_t> lanes, Room& room, CellStatistics& statistics) const {
    const auto is_left = [&](std::size_t l) { return room.out.left && room.endings[l].why == End::ran; };
    for (std::size_t l = 0; l < lanes.size();) {
      if (is_left(l)) {
        room.left.push_back(lanes[l++]);
        continue;
      }
      std::size_t end = l + 1;
      while (end < lanes.size() && !is_left(end) && lanes[end] == lanes[end - 1] + 1) ++end;
      take_lanes({lanes[l], static_cast<int>(end - l), 0}, l, room, statistics);
      l = end;
    }
  }

  /// Takes what lanes have left behind whose first one stands at element `at`.
  void take_lanes(const Group& group, std::size_t at, Room& room, CellStatistics& statistics) const {
    const Accumulator<T>& out = room.out;
    LaneBatch<T> batch;
    batch.first = group.first;
    batch.lanes = group.lanes;
    batch.stride = most_held();
    batch.endings = out.ended > 0 ? room.endings.data() + at : nullptr;
    batch.gradients = out.gradients;
    batch.functions = out.functions;
    batch.last = room.last.data() + at;
    batch.ratio = room.ratio.data() + at;
    batch.ratio_at = room.ratio_at.data() + at;
    batch.loss = room.loss.data() + at;
    batch.sup = room.sup.data() + at;
    batch.regret = room.regret.data() + at;
    batch.reached = room.reached.data() + at;
    batch.samples = room.samples.data() + at;
    batch.arithmetic = at == 0 && figures_.take_gaps != nullptr ? &figures_ : nullptr;  // it reads whole registers
    batch.bounds = of_instances_ == nullptr ? room.bounds.data() : nullptr;
    batch.keys = room.keys.data();
    take_figures(cell_, batch, statistics, of_instances_ == nullptr ? statistics : *of_instances_);

    auto survivors = static_cast<std::uint64_t>(group.lanes);
    if (out.ended > 0)
      for (int l = 0; l < group.lanes; ++l) survivors -= batch.endings[l].why != End::ran ? 1 : 0;
    statistics.lanes += static_cast<std::uint64_t>(group.lanes);
    statistics.gradient_evaluations += survivors * static_cast<std::uint64_t>(out.gradients);
    statistics.function_evaluations += survivors * static_cast<std::uint64_t>(out.functions);
    statistics.lane_iterations += survivors * static_cast<std::uint64_t>(cell_.iterations);
    if (out.ended == 0) return;
    for (int l = 0; l < group.lanes; ++l) {
      Ending& ending = room.endings[at + static_cast<std::size_t>(l)];
      if (ending.why == End::ran) continue;
      statistics.gradient_evaluations += static_cast<std::uint64_t>(ending.gradients);
      statistics.function_evaluations += static_cast<std::uint64_t>(ending.functions);
      statistics.lane_iterations += static_cast<std::uint64_t>(ending.iteration);
      ++(ending.why == End::diverged ? room.diverged : room.converged)[static_cast<std::size_t>(ending.record)];
      if (ending.why == End::gap) ++statistics.stopped_on_gap;
      if (ending.why == End::gradient_norm) ++statistics.stopped_on_gradient;
      ending = {};
    }
  }

  /// Fused kernels do not say at which iteration a certificate is attained: the worst lane runs again.
  void complete(Certificate& worst) const {
    if (worst.lane == no_lane || worst.iteration > 0) return;
    const FlushDenormals flush;
    Room room = make_room();
    const Group group{worst.lane, 1, cell_.variant_of[worst.lane / problem_.instances]};
    fill(group, room);
    general_(arguments(group, 0, false, room));
    worst.iteration = static_cast<std::int64_t>(room.ratio_at[0]);
  }

  void take_trace(const Group& group, const Room& room) const {
    const auto width = static_cast<std::size_t>(width_), n = trace_->dimension;
    for (std::size_t l = 0; l < static_cast<std::size_t>(group.lanes); ++l) {
      const std::size_t lane = group.first - lanes_.begin + l;
      for (std::size_t t = 0; t < trace_->iterations; ++t) {
        trace_->gaps[lane * trace_->iterations + t] = static_cast<double>(room.trace_gap[t * width + l]);
        for (std::size_t i = 0; i < n; ++i)
          trace_->points[(lane * trace_->iterations + t) * n + i] =
              static_cast<double>(room.trace_point[(t * n + i) * width + l]);
      }
    }
  }

  /// Takes the extremes and endings of recorded iterations; lane_of(row, element) is the lane that has run there.
  template <class LaneOf>
  void finish(const Room& room, CellStatistics& statistics, LaneOf lane_of) const {
    const auto width = static_cast<std::size_t>(register_width_);
    std::uint64_t diverged = 0, converged = 0;
    for (std::size_t k = 0; k < cell_.record_at.size(); ++k) {
      Extreme &largest = statistics.envelope[k], &smallest = statistics.smallest[k];
      for (std::size_t e = 0; e < width; ++e) {
        const T high = room.largest[k * width + e], low = room.smallest[k * width + e];
        if (high >= T(0)) {
          const std::uint64_t lane = lane_of(static_cast<std::uint64_t>(room.largest_row[k * width + e]), e);
          if (high > largest.value || (high == largest.value && lane < largest.lane))
            largest = {static_cast<double>(high), lane};
        }
        if (low < std::numeric_limits<T>::infinity()) {
          const std::uint64_t lane = lane_of(static_cast<std::uint64_t>(room.smallest_row[k * width + e]), e);
          if (low < smallest.value || (low == smallest.value && lane < smallest.lane))
            smallest = {static_cast<double>(low), lane};
        }
      }
      diverged += room.diverged[k];
      converged += room.converged[k];
      statistics.diverged[k] += diverged;
      statistics.converged[k] += converged;
    }
  }

  void report() {
    const std::uint64_t done = done_;
    if (control_.progress && done > reported_) control_.progress(done - reported_);
    reported_ = done;
  }

  static constexpr std::size_t cache_line = 64 / sizeof(T);  ///< numbers in a line of the caches

  const Cell& cell_;
  const Problem& problem_;
  const double* records_;  ///< of the problem; null: its instances are drawn where they are needed
  const RunControl& control_;
  Trajectories* trace_;
  CellStatistics* of_instances_ = nullptr;
  LaneRange lanes_;
  Kernels kernels_;
  int width_ = 0;
  int register_width_ = 0;
  std::size_t arena_ = 0;
  RunGroup<T> general_ = nullptr;
  bool (*fused_)(const GroupArguments<T>&) = nullptr;  ///< run before it, where it suffices
  bool along_ = false;                                 ///< the general kernel runs along coordinates
  std::size_t record_stride_ = 0;
  FamilyKernels<T> family_;
  BatchArithmetic<T> figures_;
  Placing<T> placing_;
  void (*prepare_)(const T* records, const T* inverse_scale, T* to) = nullptr;  ///< of a fused kernel that has one
  std::size_t prepared_lines_ = 0;
  /// [line][prepared_stride_], instance after instance and those of a group once more, where settings share instances;
  /// else a group prepares its own.
  Buffer<T> prepared_;
  std::size_t prepared_stride_ = 0;
  std::vector<std::size_t> prepared_line_;  ///< 0, 1, …, its lines
  std::vector<VariantTables<T>> variants_;
  std::vector<T> shared_, inverse_bound_table_, sup_table_, targets_;
  Inverses<T> inverse_scale_, inverse_bound_;
  const std::vector<std::size_t>& varying_ = problem_.varying();  ///< entries of the record
  std::vector<std::size_t> varying_parameters_;                   ///< in which settings or instances differ
  std::vector<std::int64_t> sample_records_;
  ObserverOptions observer_;
  ObserverTables<T> observed_;
  std::vector<Segment> segments_;
  std::uint64_t groups_ = 0;
  std::uint64_t workers_ = 1;
  std::atomic<std::uint64_t> next_ = 0;
  std::atomic<std::uint64_t> done_ = 0, group_iterations_ = 0;
  std::atomic<bool> stop_ = false, paused_ = false;
  std::uint64_t reported_ = 0;
};

}  // namespace

std::vector<std::string> usable_instruction_sets() {
  std::vector<std::string> out;
  for (const auto& set : sets_of_double)
    if (processor_has(set.name)) out.emplace_back(set.name);
  return out;
}

std::string chosen_instruction_set() {
  const auto usable = usable_instruction_sets();
  const char* forced = std::getenv("OMG_CPU_INSTRUCTION_SET");
  if (forced == nullptr || *forced == 0) return usable.front();
  if (std::find(usable.begin(), usable.end(), forced) != usable.end()) return forced;
  std::string list;
  for (const auto& set : usable) list += (list.empty() ? "" : ", ") + set;
  throw Error("OMG_CPU_INSTRUCTION_SET = " + std::string(forced) + " cannot run here; allowed: " + list);
}

template <class T>
Probes<T> probes() {
  return tables<T>().probes;
}
template Probes<double> probes();
template Probes<float> probes();

template <class T>
BatchArithmetic<T> batch_arithmetic() {
  return tables<T>().figures;
}
template BatchArithmetic<double> batch_arithmetic();
template BatchArithmetic<float> batch_arithmetic();

bool has_fused_kernel(const Cell& cell) { return fused_position(cell) >= 0; }

CellStatistics run(const Cell& cell, LaneRange lanes, const RunControl& control, Trajectories* trace, Kernels kernels,
                   std::uint64_t* group_iterations) {
  const auto run_in = [&]<class T>(T, LaneRange range, CellStatistics* of_instances) {
    CellRun<T> cell_run(cell, range, control, trace, kernels);
    CellStatistics out = cell_run.run(of_instances);
    if (group_iterations != nullptr) *group_iterations += cell_run.group_iterations();
    return out;
  };
  const auto run_round = [&](LaneRange range, CellStatistics* of_instances) {
    return cell.precision == Precision::float32 ? run_in(float{}, range, of_instances)
                                                : run_in(double{}, range, of_instances);
  };
  // In rounds: the numbers of rows are exact in float32, and where there are many instances no two lanes of a round are
  // on one of them, so that all threads can write to the same arrays.
  constexpr std::uint64_t most_lanes = std::uint64_t{1} << 22;
  const std::uint64_t instances = cell.problem->instances;
  const bool kept_once = (cell.track_best || cell.keep_instances) && instances >= instances_kept_once;
  const std::uint64_t most = kept_once ? std::min<std::uint64_t>(most_lanes, instances) : most_lanes;
  if (trace != nullptr || (!kept_once && lanes.size() <= most)) return run_round(lanes, nullptr);

  CellStatistics out = empty_statistics(cell);
  try {
    for (std::uint64_t begin = lanes.begin; begin < lanes.end;) {
      const LaneRange range{begin, std::min(lanes.end, begin + most)};
      const CellStatistics part = run_round(range, kept_once ? &out : nullptr);
      out.merge(part);
      begin += part.lanes;
      if (part.lanes < range.size() || asked(control.cancelled) || asked(control.pause)) break;
    }
  } catch (const std::exception&) {
    // Finished rounds are given back where that is expected; the next call meets the fault again. What lanes of the
    // unfinished one have left of instances they leave once more.
    if (!control.pause || out.lanes == 0) throw;
  }
  return out;
}

}  // namespace omg::cpu
