"""Tools of the developers: the local cluster, generators, benchmarks. Never shipped."""
