# One image, several programs: `python -m controller PROGRAM`. docs/guide/image.md says how to build
# and run it, with Docker or without.
#
# Any base does that has Python 3.11 or newer as `python`, and pip for the first stage.

ARG BASE=python:3.11-slim-bookworm
FROM ${BASE} AS build
COPY requirements/runtime.txt /
# Wheels with the hashes of the lock, and nothing else: no compiler, no setup.py, no other version.
# Of kubernetes-asyncio only `config` is entered; its generated client is nearly half of all packages.
RUN python -m pip install --no-cache-dir --no-compile --require-hashes --only-binary=:all: \
        --target=/image/packages -r /runtime.txt \
    && python -c 'import shutil, sys; [shutil.rmtree(each) for each in sys.argv[1:]]' \
             /image/packages/kubernetes_asyncio/client/api \
             /image/packages/kubernetes_asyncio/client/models
COPY informers /image/app/informers
COPY controller /image/app/controller
COPY reconcilers /image/app/reconcilers
# Compiled here, since the user below may not write and a start should not wait for it. Unchecked, as
# builders that set all times of files would make what is compiled look outdated.
RUN python -m compileall -q --invalidation-mode=unchecked-hash /image

FROM ${BASE} AS pentad
COPY --from=build /image /image
ENV PYTHONPATH=/image/app:/image/packages PYTHONUNBUFFERED=1
WORKDIR /image/app
USER 65532:65532
ENTRYPOINT ["python", "-m", "controller"]
CMD ["manager"]
