# packages.sh - sourced: installs the Debian packages that are missing, also
# those of more_packages, which the caller may set.
packages=(ca-certificates cmake g++ ninja-build python3 mold zlib1g-dev
  libgtest-dev libbenchmark-dev libxxhash-dev llvm-22-dev llvm-22-tools
  libmlir-22-dev mlir-22-tools "${more_packages[@]}")

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
      grep -q 'ok installed' || echo "$package"
  done
}

install_packages() {
  local missing sudo= log
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || sudo=sudo
  if [ -n "$sudo" ] && ! command -v sudo >/dev/null; then
    echo "needle: missing packages; as root, run: apt-get install $(echo $missing)" >&2
    return 1
  fi
  echo "installing:" $missing
  log=$(mktemp)
  # The variable goes inside sudo, which drops the caller's environment.
  if ! { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
         $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
           --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 3 "$log" >&2
    echo "needle: can't install: $(echo $missing); LLVM 22 lies in Debian's" \
      "bookworm-security: add that suite to /etc/apt/sources.list and run" \
      "apt-get update" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

install_packages || exit 1
