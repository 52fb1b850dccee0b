# One image for web, live, worker, beat and sandbox: compose.yaml says which command each runs.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    JOBLY_VAR=/var/lib/jobly

WORKDIR /srv/jobly
COPY requirements-bootstrap.lock requirements.lock ./
RUN pip install --require-hashes -r requirements-bootstrap.lock \
    && uv pip install --system --no-cache --require-hashes --compile-bytecode -r requirements.lock

COPY . .
# The build's generated secrets stay in a folder that does not reach the image's last state.
RUN JOBLY_VAR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build \
    && python -m compileall -q -j 0 jobly ingestion distribution matching analytics notifications \
    && useradd --system --create-home --home-dir /var/lib/jobly --uid 10001 jobly \
    && chmod 700 /var/lib/jobly

USER jobly
VOLUME /var/lib/jobly
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["python", "-m", "granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--blocking-threads", "8", "--no-ws", "jobly.wsgi:application"]
