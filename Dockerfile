# The image for those who build with Docker: docker build -t bcs-apiserver-proxy .
# --build-arg SOURCE_COMMIT=$(git rev-parse --short=12 HEAD) for `version`, as .git is not sent along.
# scripts/image makes the same one without Docker; a test compares what the two say.
FROM node:24-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends mmdebstrap && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN npm ci --no-audit --no-fund
ARG SOURCE_COMMIT
RUN node_modules/.bin/node scripts/build.ts && node_modules/.bin/node scripts/image.ts --root /image

FROM scratch
COPY --from=build /image /
LABEL org.opencontainers.image.title="bcs-apiserver-proxy"
LABEL org.opencontainers.image.description="A local IPVS virtual server on every Kubernetes node, so that the kube-apiservers have one address that never dies"
LABEL org.opencontainers.image.version="0.1.0"
LABEL org.opencontainers.image.licenses="MIT"
USER 0:0
WORKDIR /
ENTRYPOINT ["/usr/local/bin/bcs-apiserver-proxy"]
CMD ["daemon"]
