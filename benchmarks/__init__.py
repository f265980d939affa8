"""Figures beside their physical limits and their peers: ``python -m benchmarks``."""
