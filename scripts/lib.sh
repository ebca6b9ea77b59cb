# lib.sh - what scripts/demo and scripts/test share: packages, build. Sourced with $top set to the checkout.

say() { printf '%s\n' "$*" >&2; }
die() { say "$0: $*"; exit 1; }

build_packages="gcc make autoconf automake pkg-config libfcgi-dev libmicrohttpd-dev libwebsockets-dev
  libuv1-dev libjson-c-dev libsqlite3-dev libcurl4-openssl-dev libxml2-dev zlib1g-dev libsodium-dev librhonabwy-dev libyaml-dev libjq-dev libonig-dev libhiredis-dev libmsgpack-dev check"
run_packages="lighttpd lighttpd-mod-deflate git curl ca-certificates tzdata"
test_packages="python3 python3-pytest python3-websockets python3-requests python3-jsonschema python3-yaml python3-jwt python3-cryptography python3-msgpack netcat-openbsd mandoc chromium apache2-bin
  libapache2-mod-fcgid nginx-light lighttpd-mod-openssl openssl systemd redis-server"

# need_packages NAME... - install the Debian packages that are missing. node and npm may come from elsewhere.
need_packages() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
    done
    command -v node >/dev/null && command -v npm >/dev/null || missing="$missing nodejs npm"
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then as=; elif command -v sudo >/dev/null; then as=sudo; else
        die "these Debian packages are missing, install them as root: apt-get install --no-install-recommends$missing"
    fi
    say "Installing (a few minutes):$missing"
    log=$(mktemp)
    # shellcheck disable=SC2086
    { $as apt-get update && $as env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "apt-get could not install:$missing"
    }
    rm -f "$log"
}

# build DIR [CONFIGURE OPTION...] - configure (once) and make in DIR; the whole output is shown only when it fails.
build() {
    dir=$1
    shift
    log=$dir/build.log
    { mkdir -p "$dir" && : >"$log"; } 2>/dev/null || die "cannot write $log: whose checkout is this?"
    say "Building (the first time takes a minute or two) ..."
    {
        [ -x "$top/configure" ] || (cd "$top" && autoreconf -fi) &&
            { [ -f "$dir/Makefile" ] || (cd "$dir" && "$top/configure" "$@"); } &&
            make -C "$dir" -j"$(nproc)"
    } >>"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        die "the build failed, the whole of it is in $log"
    }
}
