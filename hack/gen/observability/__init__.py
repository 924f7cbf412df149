"""Dashboards and alerts, from tables and the declarations of figures."""
