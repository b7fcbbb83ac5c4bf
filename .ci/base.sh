#!/bin/sh
# The base of the images, held to one digest.
#
#   .ci/base.sh lock   asks the registry which digest the base's tag has now and writes it into
#                      functions/base.lock
#   .ci/base.sh use    brings the image of that digest and gives it the tag that functions/Dockerfile
#                      names; without a lock it says that the tag decides, and does nothing
#
# A builder takes the image that lies here under the name in FROM, so that sam build, docker build and
# winnow up --docker need to be told nothing.
set -eu
cd "$(dirname "$0")/.."

lock=functions/base.lock
base=$(sed -n 's/^ARG BASE=//p' functions/Dockerfile)
name=${base%:*}

say() { echo "base.sh: $*" >&2; }

# The digest of the registry that an image here came with; a stand-in has none.
digest_here() {
    docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" 2>/dev/null |
        sed -n "s|^$name@\(sha256:[0-9a-f]\{64\}\)\$|\1|p" | head -n 1
}

case ${1:-} in
    lock)
        if ! docker pull -q "$base" >/dev/null; then
            say "the registry of $base does not answer; $lock is left as it is"
            exit 1
        fi
        digest=$(digest_here "$base")
        if [ -z "$digest" ]; then
            say "$base came without a digest; $lock is left as it is"
            exit 1
        fi
        echo "$base@$digest" >"$lock"
        say "$lock: $digest"
        ;;
    use)
        if [ ! -f "$lock" ]; then
            say "there is no $lock: $base is whatever its tag names (make base-digest holds it)"
            exit 0
        fi
        read -r locked <"$lock"
        digest=${locked##*@}
        if [ "$locked" != "$base@$digest" ]; then
            say "$lock is not of the base that functions/Dockerfile names: make base-digest"
            exit 1
        fi
        [ "$(digest_here "$base")" != "$digest" ] || exit 0
        if ! docker pull -q "$name@$digest" >/dev/null; then
            say "$name@$digest could not be brought; $base is not the image that is locked"
            exit 1
        fi
        docker tag "$name@$digest" "$base"
        say "$base is $digest"
        ;;
    *)
        say "usage: .ci/base.sh lock|use"
        exit 2
        ;;
esac
