"""A person at a browser, before a Jobly that `manage.py up` started."""
