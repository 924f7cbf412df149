"""Images without a Docker engine or a registry: Debian trees by mmdebstrap, the rest by buildah."""
