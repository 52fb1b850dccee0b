"""Tests of the sandbox boards, over HTTP against the real program."""
