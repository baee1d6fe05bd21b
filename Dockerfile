# One image with the three programs: worker, starter and gateway.
#
#   docker build -t cancuoc .
#   docker build -t cancuoc --build-arg TAGS=pkcs11,pcsc .   # for an HSM and for card readers
#   docker build -t cancuoc --build-arg VERSION=$(git describe --always --dirty) .   # as --version and the image's label say

FROM golang:1.26.8-bookworm AS build
ARG TAGS=""
ARG VERSION=""
WORKDIR /src
RUN if [ -n "$TAGS" ]; then apt-get update && apt-get install -y --no-install-recommends libpcsclite-dev pkg-config && rm -rf /var/lib/apt/lists/*; fi
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# Without tags the programs are static. The libraries of HSMs and pcsclite need cgo.
RUN CGO_ENABLED=$([ -n "$TAGS" ] && echo 1 || echo 0) \
    go build -trimpath -tags "$TAGS" -ldflags "-s -w -X example.org/cancuoc/config.release=$VERSION" -o /out/ ./worker ./starter ./gateway

FROM debian:12.12-slim
ARG VERSION=""
LABEL org.opencontainers.image.title=cancuoc org.opencontainers.image.version=$VERSION
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libpcsclite1 tzdata wget \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin cancuoc \
 && install -d -o cancuoc -g cancuoc -m 0700 /var/lib/cancuoc
COPY --from=build /out/ /usr/local/bin/
USER 10001:10001
WORKDIR /var/lib/cancuoc
ENV CANCUOC_DATA_DIR=/var/lib/cancuoc CANCUOC_LOG_FORMAT=json
# Not an ENTRYPOINT: the command names the program, for example `starter list`.
CMD ["worker"]
