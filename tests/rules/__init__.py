"""Tests of the rule model."""
