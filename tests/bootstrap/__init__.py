"""Tests of the first command: bootstrap, embedded servers, up, doctor."""
