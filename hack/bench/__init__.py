"""The benchmark: our runtime beside controller-runtime and kopf, on one API server, in one run."""
