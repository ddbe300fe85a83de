# Two stages: the first installs the locked requirements, the second has only what runs.
FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Its programs are wanted, but not the Perl that it needs for others.
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17
RUN python -m venv /venv
# `--build-arg PACKAGES=slim` leaves out what draws charts: 160 MB less, and `/quota report` has its table alone.
ARG PACKAGES=run
# The lock first: a change of the code does not install everything again.
COPY requirements/${PACKAGES}.txt /requirements.txt
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r /requirements.txt
# The translations, compiled.
COPY bot/locales /locales
RUN /venv/bin/pybabel --quiet compile --directory /locales

FROM python:3.13-slim-trixie
# What `backup` and `restore` need on PostgreSQL, of the version of the server in compose.yaml.
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/lib/postgresql/17/bin/pg_dump /usr/lib/postgresql/17/bin/pg_restore \
  /usr/lib/postgresql/17/bin/psql /usr/local/bin/
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MPLCONFIGDIR=/data/matplotlib
RUN groupadd --system --gid 10001 inspire && useradd --system --uid 10001 --gid 10001 --home-dir /app inspire \
 && mkdir --mode=0700 /data && chown 10001:10001 /data
COPY --from=build /venv /venv
WORKDIR /app
# The image's own default for what is left empty, and the folder of the default DATABASE_URL.
RUN echo HTTP_PORT=8080 >.env && ln -s ../data data
COPY bot bot
COPY cogs cogs
COPY --from=build /locales bot/locales
# By number: Kubernetes can't tell from a name that it is not root.
USER 10001:10001
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-m", "bot.healthcheck"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
