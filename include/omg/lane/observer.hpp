#pragma once

#include "omg/lane/context.hpp"

namespace omg {

/// What is kept of a lane beside its gaps at the recorded iterations, and what ends it before T; the same for all
/// lanes of a cell. A kernel specialised at run time gets a type with the same names as static constants instead.
/// What is not asked for costs nothing.
struct ObserverOptions {
  bool certificate = false;    ///< largest gap ÷ bound
  bool loss = false;           ///< Σ gap
  bool sup = false;            ///< largest t^p · gap over a window
  bool regret = false;         ///< Σ α_t ⟨g_t, w_t − w*⟩
  bool stop_gap = false;       ///< a lane ends when its normalised gap is at most a tolerance
  bool stop_gradient = false;  ///< or when ‖∇f(y_t)‖ is
  int targets = 0;             ///< number of ε for which the first t with normalised gap ≤ ε is kept

  friend bool operator==(const ObserverOptions&, const ObserverOptions&) = default;
};

/// Most ε of a cell.
inline constexpr int most_targets = 8;

/// How a lane ended. What converged is frozen: its last gap goes on to count in every figure over lanes. What
/// diverged counts no more.
enum class End : int {
  ran,            ///< to T
  gap,            ///< converged: normalised gap at or below the tolerance
  gradient_norm,  ///< converged: ‖∇f(y_t)‖ at or below the tolerance
  diverged,       ///< normalised gap not finite or beyond ±1e30 (spec, section 7)
};

/// Where a lane ended.
struct Ending {
  End why = End::ran;
  int record = 0;           ///< position of the first recorded iteration that it did not reach running
  long long iteration = 0;  ///< t
  long long gradients = 0;  ///< evaluations made
  long long functions = 0;
};

/// The numbers that all lanes of a cell share.
template <class T>
struct ObserverTables {
  const T* inverse_bound = nullptr;  ///< 1 / bound, the factor in t, 0 where none applies; t = 0 … T
  const T* power = nullptr;          ///< t^p within the window of the supremum, else 0; t = 0 … T
  const T* targets = nullptr;        ///< the ε
  T stop_gap = 0;
  T stop_gradient = 0;
  T safe_distance = 0;  ///< no lane is diverged while ‖y_t − x*‖² is at most this
};

/// Whether a lane is looked at in every iteration, not only in those that are recorded.
template <class O>
OMG_HD constexpr bool sees_every_iteration(const O& o) {
  return o.certificate || o.loss || o.sup || o.regret || o.stop_gap || o.stop_gradient || o.targets > 0;
}

/// The state of a lane (or a pack of lanes) as statistics see it, and the rule by which an iteration changes it: the
/// same text for SIMD packs and CUDA threads. Aggregation over lanes belongs to the backend.
///
/// Loss is the number in which sums over iterations are kept.
template <class R, class Loss = R>
struct Observer {
  using T = Scalar<R>;
  using Mask = decltype(R(0) < R(0));

  R scale;          ///< 1 / what gaps are divided by
  R inverse_bound;  ///< 1 / bound, the factor of the lane
  Mask running;     ///< neither converged nor diverged
  Mask counted;     ///< not diverged: running or frozen
  R threshold;      ///< a normalised gap at or below this is an event

  R last = R(0);      ///< f(y_t) − f* at the last iteration made, not normalised
  R ratio = R(-1);    ///< largest gap ÷ bound
  R ratio_at = R(0);  ///< its iteration, the earliest one
  R sup = R(0);       ///< largest t^p · normalised gap
  Loss loss = Loss(0);
  Loss regret = Loss(0);
  R first[most_targets];  ///< first t with normalised gap ≤ ε_j; 0: not yet

  // The lanes that ended at the iteration for which `observe` was true.
  Mask lost, met_gap, met_gradient;

  /// `alive` leaves out elements of a pack that stand for no lane.
  template <class O>
  OMG_HD Observer(const O& o, const ObserverTables<T>& tables, const R& lane_scale, const R& lane_bound,
                  const Mask& alive)
      : scale(lane_scale), inverse_bound(lane_bound), running(alive), counted(alive) {
    each_target(o, [&](int j) { first[j] = R(0); });
    set_threshold(o, tables);
  }

  /// Takes f(y_t) − f*. `squared_norm()` gives ‖∇f(y_t)‖² and `regret_at()` α_t⟨g_t, w_t − w*⟩; each is called only
  /// where it is asked for. True if a lane ended: then `lost`, `met_gap` and `met_gradient` say which and why.
  template <class O, class Norm, class Regret>
  OMG_HD bool observe(const O& o, const ObserverTables<T>& tables, int t, const R& gap, Norm&& squared_norm,
                      Regret&& regret_at) {
    const R normalised = gap * scale;
    // One comparison on either side finds all that is rare; a NaN fails both.
    const Mask plain = (normalised > threshold) & (normalised <= R(divergence));
    const bool event = any(running & !plain);
    if (event) {
      lost = running & !(abs(normalised) <= R(divergence));
      met_gap = met_gradient = lost & !lost;
      running = running & !lost;
      counted = counted & !lost;
    }
    bool ended = event && any(lost);

    const bool stops = o.stop_gap || o.stop_gradient;
    last = stops ? select(running, gap, last) : gap;
    if (o.loss) loss = stops ? loss + Loss(select(running, gap, R(0))) : loss + Loss(gap);
    if (o.regret) regret = regret + Loss(select(running, regret_at(), R(0)));
    // The factor is 0 where no bound applies.
    if (o.certificate && tables.inverse_bound[t] > T(0)) {
      const R now = gap * inverse_bound * R(tables.inverse_bound[t]);
      const Mask grows = (now > ratio) & running;
      ratio = select(grows, now, ratio);
      ratio_at = select(grows, R(static_cast<T>(t)), ratio_at);
    }
    if (o.sup) {
      const R now = normalised * R(tables.power[t]);
      sup = select((now > sup) & running, now, sup);
    }

    if (event && o.targets > 0) {
      each_target(o, [&](int j) {
        const Mask reaches = running & (normalised <= R(tables.targets[j])) & (first[j] < R(1));
        first[j] = select(reaches, R(static_cast<T>(t)), first[j]);
      });
      set_threshold(o, tables);
    }
    if (o.stop_gap && event) {
      met_gap = running & (normalised <= R(tables.stop_gap));
      running = running & !met_gap;
      ended = ended || any(met_gap);
    }
    if (o.stop_gradient) {
      met_gradient = running & (squared_norm() <= R(tables.stop_gradient * tables.stop_gradient));
      if (!event) lost = met_gap = met_gradient & !met_gradient;
      running = running & !met_gradient;
      ended = ended || any(met_gradient);
    }
    return ended;
  }

  /// Normalised gap at the last iteration made: what a recorded iteration shows of the lanes that are `counted`.
  OMG_HD R shown() const { return last * scale; }

 private:
  static constexpr double divergence = 1e30;

  /// The largest value that a running lane still waits for.
  template <class O>
  OMG_HD void set_threshold(const O& o, const ObserverTables<T>& tables) {
    threshold = R(-divergence);
    if (o.stop_gap) threshold = R(tables.stop_gap);
    each_target(o,
                [&](int j) { threshold = select(first[j] < R(1), max(threshold, R(tables.targets[j])), threshold); });
  }

  /// f(j) for every ε, unrolled so that `first` can live in registers.
  template <class O, class F>
  OMG_HD static void each_target(const O& o, F&& f) {
    OMG_UNROLL for (int j = 0; j < most_targets; ++j) if (j < o.targets) f(j);
  }
};

/// ‖∇f(y_t)‖² at the output of a lane. Where the method does not hold that gradient it is evaluated into `room`;
/// this is observed and not counted.
template <class C, class L, class F, class V>
OMG_HD typename C::Real squared_gradient_norm(const C& c, const L& lane, F& f, V& room) {
  if constexpr (requires { lane.output_gradient(); }) {
    return dot<PointDim>(c, lane.output_gradient(), lane.output_gradient());
  } else {
    f.observe_gradient(lane.output(), room);
    return dot<PointDim>(c, room, room);
  }
}

/// Iteration t of lanes that nobody looks at, of a family whose gaps are costly. True if none of those that run can
/// have diverged, as f(y_t) − f* ≤ L/2 ‖y_t − x*‖²; otherwise `gap` is f(y_t) − f*, for the observer to see.
template <class C, class L, class F, class Mask>
OMG_HD bool advance_unseen(const C& c, L& lane, F& f, const ObserverTables<Scalar<typename C::Real>>& tables, int t,
                           const Mask& running, typename C::Real& gap) {
  using R = typename C::Real;
  f.gap_unseen = true;
  lane.advance(t);
  f.gap_unseen = false;
  const R squared = c.template sum<PointDim>([&](int i) {
    const R d = lane.output()[i] - f.minimiser(i);
    return d * d;
  });
  if (!any(running & !(squared <= R(tables.safe_distance)))) return true;
  gap = f.gap(lane.output());
  return false;
}

/// α_t ⟨g_t, w_t − w*⟩ where w* is known, else nothing.
template <class L>
OMG_HD typename L::Real regret_at(const L& lane, int t) {
  if constexpr (requires { lane.regret(t); })
    return lane.regret(t);
  else
    return typename L::Real(0);
}

}  // namespace omg
