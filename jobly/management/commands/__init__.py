"""Commands of the project: `manage.py NAME`."""
