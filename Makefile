# The eight words of daily work, and `check`, which is all that a change has to pass.
BIN := .venv/bin
MANAGE := python3 manage.py

.PHONY: setup run worker fmt lint types arch test check

setup:
	$(MANAGE) test --version

run:
	$(MANAGE) up

worker:
	$(BIN)/python -m celery -A jobly worker --queues default,etl,boards,interactive

fmt:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy .

arch:
	$(BIN)/lint-imports

test:
	$(MANAGE) test

check: lint types arch test
	$(MANAGE) check --deploy --fail-level WARNING
	$(MANAGE) makemigrations --check --dry-run
