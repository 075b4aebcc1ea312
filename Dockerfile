# The demo of `make run` in one image: gateway, mock bank and auction portal, each its own process, on SQLite.
FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home vpm
WORKDIR /home/vpm/gateway
COPY --chown=vpm . .
USER vpm
RUN make setup
CMD [".venv/bin/vpm", "demo"]
