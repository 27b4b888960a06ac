# The action's image. The runner builds it and runs it as `docker run IMAGE`, its working folder the pull request's checkout.
# Everything installed is locked with hashes and installed as locked (--no-deps), never resolved. Nothing here is a shell at run time: Python is PID 1 and gets the runner's signals.
# BASE is a tag, so that it can be built where only a stand-in of that name exists; releases give a digest.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.txt requirements-build.txt ./
# /venv is what ships: no pip, no build tools. /tools builds our own wheel and stays behind.
RUN python -m venv --without-pip /venv \
 && python -m pip --python /venv/bin/python install --no-deps --require-hashes -r requirements.txt \
 && python -m pip --python /venv/bin/python check \
 && python -m venv /tools \
 && /tools/bin/python -m pip install --no-deps --require-hashes -r requirements-build.txt
COPY pyproject.toml setup.py README.md LICENSE action.yml ./
COPY entrypoint/ entrypoint/
RUN /tools/bin/python -m pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /dist . \
 && python -m pip --python /venv/bin/python install --no-deps --no-index /dist/*.whl

FROM ${BASE}
COPY --from=build /venv /venv
# -I: neither the working folder, nor PYTHON* variables, nor a user's site-packages may choose what is imported. -u: -I ignores
# PYTHONUNBUFFERED too.
ENTRYPOINT ["/venv/bin/python", "-I", "-u", "-m", "entrypoint"]
