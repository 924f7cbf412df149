"""Programs: arguments and environment become a frozen config, then something runs."""
