# One image, several programs: `python -m controller PROGRAM`. docs/guide/image.md says how to build
# and run it, and what of it was tried where there is no Docker.

FROM python:3.11-slim-bookworm AS build
COPY requirements/runtime.txt /
# Wheels with the hashes of the lock, and nothing else: no compiler, no setup.py, no other version.
# Of kubernetes-asyncio only `config` is entered; its generated client is nearly half of all packages.
RUN pip install --no-cache-dir --require-hashes --only-binary=:all: \
        --target=/image/packages -r /runtime.txt \
    && rm -r /image/packages/kubernetes_asyncio/client/api \
             /image/packages/kubernetes_asyncio/client/models
COPY informers /image/app/informers
COPY controller /image/app/controller
COPY reconcilers /image/app/reconcilers
# Compiled here, since the user below may not write and a start should not wait for it.
RUN python -m compileall -q /image

FROM python:3.11-slim-bookworm
COPY --from=build /image /image
ENV PYTHONPATH=/image/app:/image/packages PYTHONUNBUFFERED=1
WORKDIR /image/app
USER 65532:65532
ENTRYPOINT ["python", "-m", "controller"]
CMD ["manager"]
