#include "cuda/rows.hpp"

namespace omg::cuda {

template <class T>
RowLayout<T>::RowLayout(const Cell& cell, std::size_t stride) : stride_(stride), bytes_(stride * sizeof(Ending)) {
  const ObserverOptions wanted = cell.observer();
  last_ = take(true);
  ratio_ = take(wanted.certificate);
  ratio_at_ = take(wanted.certificate);
  loss_ = take(wanted.loss);
  sup_ = take(wanted.sup);
  regret_ = take(wanted.regret);
  reached_ = take(wanted.targets > 0, static_cast<std::size_t>(wanted.targets));
  samples_ = take(!cell.samples.empty(), cell.samples.size());
}

template <class T>
std::size_t RowLayout<T>::take(bool wanted, std::size_t rows) {
  if (!wanted) return absent;
  const std::size_t at = bytes_;
  bytes_ += rows * stride_ * sizeof(T);
  return at;
}

template <class T>
LaneRows<T> RowLayout<T>::rows(std::byte* base) const {
  return {static_cast<long long>(stride_),
          reinterpret_cast<Ending*>(base),
          row(base, last_),
          row(base, ratio_),
          row(base, ratio_at_),
          row(base, loss_),
          row(base, sup_),
          row(base, regret_),
          row(base, reached_),
          row(base, samples_)};
}

template <class T>
LaneBatch<T> RowLayout<T>::batch(std::byte* base, std::uint64_t first, std::size_t lanes) const {
  const LaneRows<T> from = rows(base);
  LaneBatch<T> out;
  out.first = first;
  out.lanes = static_cast<int>(lanes);
  out.stride = static_cast<int>(stride_);
  out.endings = from.endings;
  out.last = from.last;
  out.ratio = from.ratio;
  out.ratio_at = from.ratio_at;
  out.loss = from.loss;
  out.sup = from.sup;
  out.regret = from.regret;
  out.reached = from.reached;
  out.samples = from.samples;
  return out;
}

template class RowLayout<double>;
template class RowLayout<float>;

std::size_t row_bytes(const Cell& cell) {
  return cell.precision == Precision::float64 ? RowLayout<double>(cell, 1).bytes() : RowLayout<float>(cell, 1).bytes();
}

}  // namespace omg::cuda
