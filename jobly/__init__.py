"""Jobly: the project package and the ground floor."""
