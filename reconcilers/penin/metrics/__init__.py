"""What the services measure of themselves: read from their pods, summed up in the status."""
