# Two stages: the first installs the locked requirements, the second has only what runs.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
# The lock first: a change of the code does not install everything again.
COPY requirements/run.txt /requirements.txt
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r /requirements.txt
# The translations, compiled.
COPY bot/locales /locales
RUN /venv/bin/pybabel --quiet compile --directory /locales

FROM python:3.13-slim
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
