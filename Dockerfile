# Two stages: the first installs the locked requirements, the second has only what runs.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
# The lock first: a change of the code does not install everything again.
COPY requirements/run.txt /requirements.txt
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r /requirements.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/inspire.db HTTP_PORT=8080 MPLCONFIGDIR=/data/matplotlib
RUN useradd --system --uid 10001 --home-dir /app inspire && mkdir /data && chown inspire /data
COPY --from=build /venv /venv
WORKDIR /app
COPY bot bot
COPY cogs cogs
USER inspire
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"HTTP_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
