"""The figures of tests/comparison_test.cpp from SciPy and statsmodels:

    pip install scipy==1.17.1 statsmodels==0.15.0 && python3 tests/comparison_figures.py
"""

import numpy
from scipy import stats
from statsmodels.stats.multitest import multipletests

for wins, losses in [(8, 2), (60, 40), (523, 477), (0, 12), (7, 7), (100000, 101000)]:
    print(f"    {{{wins}, {losses}, {float(stats.binomtest(wins, wins + losses).pvalue)!r}}},")

p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.04]
print("holm", [float(value) for value in multipletests(p, method="holm")[1]])

# The sample of the test: log-normal quantiles, skewed and without chance.
n = 40
sample = numpy.exp(stats.norm.ppf((numpy.arange(n) + 0.5) / n))
for confidence in (0.9, 0.95, 0.99):
    result = stats.bootstrap((sample,), numpy.mean, confidence_level=confidence, n_resamples=2000000, batch=10000,
                             method="percentile", random_state=1)
    print(f"    {{{confidence}, {float(result.confidence_interval.low)!r}, {float(result.confidence_interval.high)!r}}},")
print("mean", float(sample.mean()))
