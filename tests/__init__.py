"""Tests of Jobly, on real servers."""
