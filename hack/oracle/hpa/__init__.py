"""The HorizontalPodAutoscaler of Kubernetes, asked about the same cases as ours."""
