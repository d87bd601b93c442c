#include "problem/haar.hpp"

#include <Eigen/QR>

namespace omg {

// Q of the QR decomposition of a Gaussian matrix, with the signs chosen such that R has a positive
// diagonal: only then is Q a function of the matrix alone and Haar-distributed (Mezzadri, Notices of the
// AMS 54, 2007).
std::vector<double> haar_matrix(Random random, int order) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::MatrixXd gaussian(order, order);
  for (Eigen::Index i = 0; i < order; ++i)
    for (Eigen::Index j = 0; j < order; ++j) gaussian(i, j) = random.normal();
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(gaussian);
  Eigen::MatrixXd q = qr.householderQ();
  for (Eigen::Index j = 0; j < order; ++j)
    if (qr.matrixQR()(j, j) < 0) q.col(j) = -q.col(j);
  std::vector<double> out(static_cast<std::size_t>(q.size()));
  Eigen::Map<RowMajor>(out.data(), order, order) = q;
  return out;
}

}  // namespace omg
