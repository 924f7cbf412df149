"""Reading what a scaler listens to: pods and what they use, and answers of Prometheus."""
