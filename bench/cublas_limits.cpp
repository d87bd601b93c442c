// What cuBLAS makes at most of the matrix products of W4: scores A X and gradients Aᵀ S of all lanes at once,
// iterations captured in a CUDA graph so that no launch waits for the host. The benchmark of W4 is measured against
// this.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

namespace {

void check(cudaError_t result) {
  if (result != cudaSuccess) throw std::runtime_error(cudaGetErrorString(result));
}
void check(cublasStatus_t result) {
  if (result != CUBLAS_STATUS_SUCCESS) throw std::runtime_error(cublasGetStatusString(result));
}

template <class T>
constexpr auto multiply = nullptr;
template <>
constexpr auto multiply<double> = cublasDgemm;
template <>
constexpr auto multiply<float> = cublasSgemm;

/// Columns of `rows` numbers each on the device.
template <class T>
struct Matrix {
  int rows, columns;
  T* data = nullptr;

  Matrix(int rows_, int columns_) : rows(rows_), columns(columns_) {
    std::vector<T> values(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    std::minstd_rand random;
    for (T& value : values) value = static_cast<T>(random()) / static_cast<T>(std::minstd_rand::max()) - T(0.5);
    check(cudaMalloc(reinterpret_cast<void**>(&data), values.size() * sizeof(T)));
    check(cudaMemcpy(data, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  }
  ~Matrix() { cudaFree(data); }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
};

// breast_cancer, and the lanes of W4
constexpr int rows = 569, features = 30, lanes = 1024;
constexpr int iterations = 100;  ///< in a graph

/// Operations per second of both products, the most of six graphs.
template <class T>
double rate(cublasHandle_t blas, cudaStream_t stream) {
  const Matrix<T> data(rows, features), points(features, lanes), scores(rows, lanes), gradients(features, lanes);
  const T one = 1, zero = 0;
  const auto product = [&](cublasOperation_t of_left, const Matrix<T>& left, const Matrix<T>& right,
                           const Matrix<T>& out) {
    check(multiply<T>(blas, of_left, CUBLAS_OP_N, out.rows, out.columns, right.rows, &one, left.data, left.rows,
                      right.data, right.rows, &zero, out.data, out.rows));
  };
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  for (int t = 0; t < iterations; ++t) {
    product(CUBLAS_OP_N, data, points, scores);
    product(CUBLAS_OP_T, data, scores, gradients);
  }
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream, &graph));
  cudaGraphExec_t ready = nullptr;
  check(cudaGraphInstantiate(&ready, graph, 0));
  double shortest = 1e300;
  for (int k = 0; k < 7; ++k) {
    const auto begin = std::chrono::steady_clock::now();
    check(cudaGraphLaunch(ready, stream));
    check(cudaStreamSynchronize(stream));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    if (k > 0) shortest = std::min(shortest, taken.count());  // the first one wakes the clock
  }
  check(cudaGraphExecDestroy(ready));
  check(cudaGraphDestroy(graph));
  return 4.0 * rows * features * lanes * iterations / shortest;
}

void print_rates() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  cublasHandle_t blas = nullptr;
  check(cublasCreate(&blas));
  check(cublasSetStream(blas, stream));
  // Of its own, so that products can be captured.
  constexpr std::size_t bytes = std::size_t{32} << 20;
  void* workspace = nullptr;
  check(cudaMalloc(&workspace, bytes));
  check(cublasSetWorkspace(blas, workspace, bytes));
  std::printf("{\"cublas_float64\": %.6g", rate<double>(blas, stream));
  std::printf(", \"cublas_float32\": %.6g}\n", rate<float>(blas, stream));
  check(cublasDestroy(blas));
  check(cudaFree(workspace));
  check(cudaStreamDestroy(stream));
}

}  // namespace

/// Prints one JSON object: FLOP/s of the two products.
int main() {
  try {
    print_rates();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "omg_cublas_limits: %s\n", error.what());
    return 2;
  }
  return 0;
}
