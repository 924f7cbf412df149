"""Champion and challenger: a change is tried on some of a service's pods, and judged."""
