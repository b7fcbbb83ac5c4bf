#!/bin/sh
# A Docker engine and AWS's Lambda base image for the container tests, on bare Debian, as root.
#
#   .ci/docker.sh start   installs and starts an engine unless one answers already, and sees that the
#                         image the Dockerfile is based on is there
#   .ci/docker.sh stop    ends the engine that start has started, and no other
#
# Where no image registry can be reached, a stand-in of the base image is built from Debian's own
# Python and tagged with the base's name. It is kept in $WINNOW_CACHE (default: ~/.cache/winnow).
set -eu
cd "$(dirname "$0")/.."

base=$(sed -n 's/^ARG BASE=//p' functions/Dockerfile)
here=.ci/lambda-base
cache=${WINNOW_CACHE:-$HOME/.cache/winnow}
state=build/ci
pidfile=$state/dockerd.pid

say() { echo "docker.sh: $*" >&2; }

answers() { docker version >/dev/null 2>&1; }

install_missing() {
    missing=
    command -v dockerd >/dev/null && command -v docker >/dev/null || missing="$missing docker.io"
    command -v iptables >/dev/null || missing="$missing iptables"
    command -v debootstrap >/dev/null || missing="$missing debootstrap"
    [ -n "$missing" ] || return 0
    say "installing$missing"
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
    # From Debian 13 on, the client is a package of its own.
    command -v docker >/dev/null ||
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker-cli \
            >/dev/null
}

start_engine() {
    mkdir -p "$state"
    say "starting an engine"
    setsid dockerd --storage-driver=overlay2 --pidfile "$PWD/$pidfile" \
        >"$state/dockerd.log" 2>&1 </dev/null &
    for _ in $(seq 60); do
        answers && return 0
        sleep 0.5
    done
    say "the engine did not start:"
    tail -n 20 "$state/dockerd.log" >&2
    return 1
}

mirror() {
    apt-get indextargets --format '$(SITE)' 'Component: main' | grep '/debian/*$' | head -n 1
}

# The file system of the stand-in, as a tar. Debian 13 has Python 3.13.
build_base() {
    .ci/venv.sh sam
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    say "building a stand-in for $base"
    debootstrap --variant=minbase --include=python3,python3-venv trixie "$root" "$(mirror)" \
        >"$state/debootstrap.log" 2>&1 || { tail -n 20 "$state/debootstrap.log" >&2; return 1; }
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    mkdir -p "$root/var/task" "$root/opt" "$root/usr/local/bin" "$root/var/runtime"
    chroot "$root" python3.13 -m venv --copies /var/lang
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp "$here/requirements.txt" "$root/tmp/"
    env -i PATH="$PATH" PIP_ROOT_USER_ACTION=ignore chroot "$root" \
        /var/lang/bin/python3.13 -m pip install -q --require-hashes --no-deps --only-binary :all: \
        --cert /etc/ssl/certs/ca-certificates.crt -r /tmp/requirements.txt
    install -m 755 "$here/lambda-entrypoint.sh" "$root/lambda-entrypoint.sh"
    install -m 755 "$here/bootstrap" "$root/var/runtime/bootstrap"
    install -m 644 "$here/bootstrap.py" "$root/var/runtime/bootstrap.py"
    case $(uname -m) in aarch64) arch=arm64 ;; *) arch=x86_64 ;; esac
    install -m 755 .venv-sam/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$arch \
        "$root/usr/local/bin/aws-lambda-rie"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* \
        "$root"/usr/share/locale/* "$root/tmp/requirements.txt" "$root/etc/resolv.conf"
    mkdir -p "$cache"
    tar -C "$root" --numeric-owner -cf "$1.part" .
    mv "$1.part" "$1"
}

provide_base() {
    docker image inspect "$base" >/dev/null 2>&1 && return 0
    if [ -f functions/base.lock ] && timeout 120 .ci/base.sh use >/dev/null 2>&1; then
        say "pulled $(cat functions/base.lock)"
        return 0
    fi
    if timeout 120 docker pull -q "$base" >/dev/null 2>&1; then
        say "pulled $base"
        return 0
    fi
    key=$(cat .ci/docker.sh "$here"/* requirements/sam.txt /etc/ssl/certs/ca-certificates.crt | sha256sum)
    tar="$cache/lambda-base-$(echo "$key" | cut -c 1-16).tar"
    [ -f "$tar" ] || build_base "$tar"
    docker import \
        -c 'ENV LANG=en_US.UTF-8 TZ=:/etc/localtime' \
        -c 'ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin' \
        -c 'ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib' \
        -c 'ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime' \
        -c 'WORKDIR /var/task' \
        -c 'ENTRYPOINT ["/lambda-entrypoint.sh"]' \
        "$tar" "$base" >/dev/null
    say "a stand-in is tagged $base"
}

case ${1:-} in
    start)
        install_missing
        answers || start_engine
        mkdir -p "$state"
        provide_base
        ;;
    stop)
        [ -f "$pidfile" ] || exit 0
        pid=$(cat "$pidfile")
        # A file left over from a machine that went down names nobody, or somebody else.
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || exit 0
        say "stopping the engine"
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 60); do
            kill -0 "$pid" 2>/dev/null || exit 0
            sleep 0.5
        done
        say "the engine did not stop"
        exit 1
        ;;
    *)
        say "usage: .ci/docker.sh start|stop"
        exit 2
        ;;
esac
