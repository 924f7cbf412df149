"""Cron expressions against a walk through every minute."""
