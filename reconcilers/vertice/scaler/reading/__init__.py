"""Reading what a scaler listens to: pods and what they use, custom metrics, Prometheus."""
