# The action's image. The runner runs it as `docker run IMAGE`, its working folder the pull request's checkout. A release builds it once,
# reproducibly, for both platforms (.github/release/build); `uses: ./` builds it on the spot.
# Everything installed is locked with hashes and installed as locked (--no-deps), never resolved. Nothing here is a shell at run time: Python is PID 1 and gets the runner's signals.
# BASE is a tag, so that it can be built where only a stand-in of that name exists; releases give a digest (.github/release/Dockerfile).
ARG BASE=python:3.13-slim
# The base of the machine that builds, where that is not the machine that the image is for: wheels are fetched, none is built or run.
ARG BUILDER=${BASE}

FROM ${BUILDER} AS build
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore SITE=/venv/lib/python3.13/site-packages
# /tools builds our own wheel and stays behind. /venv is what ships: no pip, no build tools.
COPY requirements-build.txt ./
RUN python -m venv /tools \
 && /tools/bin/python -m pip install --no-deps --require-hashes -r requirements-build.txt
COPY requirements.txt ./
# amd64 or arm64, set by builders that know platforms; empty means this machine's own.
ARG TARGETARCH
RUN case "${TARGETARCH:-$(uname -m)}" in amd64|x86_64) machine=x86_64 ;; arm64|aarch64) machine=aarch64 ;; *) exit 1 ;; esac \
 && python -m venv --without-pip /venv \
 && python -m pip install --no-deps --require-hashes --no-compile --target "$SITE" --only-binary :all: \
      --platform "manylinux_2_28_$machine" --platform "manylinux_2_26_$machine" --platform "manylinux2014_$machine" -r requirements.txt \
 && { [ "$machine" != "$(uname -m)" ] || python -m pip --python /venv/bin/python check; }
COPY pyproject.toml setup.py README.md LICENSE action.yml ./
COPY entrypoint/ entrypoint/
# Every run pulls all of it: no tests that packages bring, and bytecode only of what a run imports; of dulwich that is what reads a commit.
# Bytecode is believed without a look at its source's time: a reproducible image has no times, and Python starts faster. The wheel is
# taken from a folder as from an index: given as a file, pip would note its hash, and a zip has times.
# hadolint ignore=DL3013
RUN /tools/bin/python -m pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /dist . \
 && python -m pip install --no-deps --no-index --find-links /dist --no-compile --target "$SITE" flightplan \
 && find "$SITE" '(' -name _tests -o -path "$SITE/dulwich/tests" -o -path "$SITE/bin" ')' -prune -exec rm -r {} + \
 && reads='__init__|_typing|config|errors|file|hooks|lru_cache|midx|object_(format|store)|objects|pack|protocol|reflog|refs|repo|trailers|worktree' \
 && PYTHONHASHSEED=0 python -m compileall -q -f --invalidation-mode unchecked-hash \
      -x "/(cffi|pycparser)/|/anyio/(pytest_plugin|_backends/_asyncio)|/dulwich/(?!($reads)\.py)" "$SITE"

FROM ${BASE}
COPY --from=build /venv /venv
# -I: neither the working folder, nor PYTHON* variables, nor a user's site-packages may choose what is imported. -u: -I ignores
# PYTHONUNBUFFERED too.
ENTRYPOINT ["/venv/bin/python", "-I", "-u", "-m", "entrypoint"]
