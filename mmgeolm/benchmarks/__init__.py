"""The benchmarks by name: a new one is one file and one line here."""

from configs.load import one_of
from mmgeolm.benchmarks import geoqa, mathvista, synthetic, wemath
from mmgeolm.benchmarks.base import Benchmark

BENCHMARKS: dict[str, Benchmark] = {
    "geoqa": geoqa.BENCHMARK,
    "mathvista": mathvista.BENCHMARK,
    "synthetic": synthetic.BENCHMARK,
    "wemath": wemath.BENCHMARK,
}


def find_benchmark(name: str) -> Benchmark:
    """Return a benchmark by name; an unknown name is a ``ValueError`` that suggests the nearest."""
    one_of("benchmark", name, tuple(BENCHMARKS))
    return BENCHMARKS[name]
