# Two stages: the first installs the hashed libraries and collects the static files, the second runs them as a user without rights.

FROM python:3.11.17-slim@sha256:45037981b62b34b44602584fccbc4d884d5f7dc92c7ee86bb38a698a79fe1e51 AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-deps --require-hashes --only-binary :all: -r /tmp/requirements.txt
WORKDIR /app
COPY manage.py manage.py
COPY portal portal
COPY tokens tokens
COPY settings_app settings_app
COPY templates templates
COPY static static
# Without DATABASE_URL this needs no secret: the key that it makes stays in this stage's throw-away folder.
RUN PORTAL_DATA_DIR=/tmp/build STATIC_ROOT=/app/staticfiles python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q portal tokens settings_app

FROM python:3.11.17-slim@sha256:45037981b62b34b44602584fccbc4d884d5f7dc92c7ee86bb38a698a79fe1e51
RUN useradd --system --uid 10001 --home-dir /data --create-home portal
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PORTAL_DATA_DIR=/data \
    STATIC_ROOT=/app/staticfiles
WORKDIR /app
USER 10001
VOLUME /data
EXPOSE 8000
# /livez, not /readyz: Swarm and others start an unhealthy container again, which mends no database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8000/livez', timeout=4)"]
# The options are those of portal/processes.py.
# GRANIAN_WORKERS says how many processes: as many as there are cores.
CMD ["granian", "--interface", "asginl", "--loop", "uvloop", "--http", "1", "--no-ws", "--backlog", "4096", "--backpressure", "4096", \
     "--host", "0.0.0.0", "--port", "8000", "--log-config", "portal/granian.json", \
     "--respawn-failed-workers", "--workers-kill-timeout", "8", "portal.asgi:application"]
