# The product and what it runs on, nothing else. Keys, the embedded database and mail files live in /data:
#   docker build -t petition . && docker run -p 127.0.0.1:8000:8000 -v petition-data:/data petition
# With PostgreSQL and a worker of its own: docker-compose.yml.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/petition
COPY constraints.txt constraints-passkeys.txt ./
RUN /opt/petition/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r constraints.txt
# docker build --build-arg PASSKEYS=yes: organizers may use passkeys beside codes.
ARG PASSKEYS=no
RUN [ "$PASSKEYS" = no ] || \
  /opt/petition/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r constraints-passkeys.txt
COPY pyproject.toml LICENSE ./
COPY petition petition
COPY templates templates
COPY alembic alembic
RUN /opt/petition/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/petition/bin/pip uninstall -y hatchling trove-classifiers setuptools pip

FROM python:3.11-slim-bookworm
# The numbers are fixed, so that a volume made by one image is readable to the next.
RUN groupadd --system --gid 10001 petition \
 && useradd --system --uid 10001 --gid petition --home-dir /data --no-create-home --shell /usr/sbin/nologin petition \
 && install -d -o petition -g petition -m 0700 /data
COPY --from=build /opt/petition /opt/petition
ENV PATH=/opt/petition/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PETITION_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# http.client and no shell tools: the image has no curl, and a proxy set for outgoing mail must not be asked.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["petition"]
CMD ["serve", "--host", "0.0.0.0"]
