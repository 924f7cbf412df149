"""The vocabulary of the Kubernetes API: leaf modules without I/O, exact to Go's apimachinery."""
