# Shared by the scripts: where things are, which packages are needed, and the steps that each
# script takes before its own. Sourced, never run. Everything that is made lands in the checkout:
# .venv and build, caches of the tools included.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
python=$venv/bin/python
export XDG_CACHE_HOME=${CUDAPY_TOOL_CACHE:-$root/build/cache}
export MPLCONFIGDIR=$root/build/cache/matplotlib
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# One setup or build at a time in a checkout; the lock goes with the process.
hold_checkout() {
  mkdir -p "$root/build"
  exec 9>"$root/build/.lock"
  flock 9
}
release_checkout() { exec 9>&-; }

# set_up WHAT...: system packages and Python requirements of the named purposes, each a name in
# script/setup's list.
set_up() { "$root/script/setup" "$@"; }

# configure_and_build PRESET [TARGET...]: all targets if none is named.
configure_and_build() {
  local preset=$1 dir=$root/build/$1
  shift
  hold_checkout
  export PATH=$venv/bin:$PATH
  if [ ! -f "$dir/build.ninja" ] ||
    ! grep -qx "Python_EXECUTABLE:[A-Z]*=$python" "$dir/CMakeCache.txt" ||
    ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$dir/CMakeCache.txt"; then
    say "configuring build/$preset"
    (cd "$root" && cmake --preset "$preset" --fresh -DPython_EXECUTABLE="$python" \
      ${CUDAPY_CMAKE_ARGS:-} >"$dir.configure.log" 2>&1) ||
      { cat "$dir.configure.log" >&2; fail "CMake could not configure build/$preset"; }
  fi
  # On a terminal ninja shows its progress in one line; elsewhere only what goes wrong matters.
  local quiet=--quiet
  [ ! -t 2 ] || quiet=
  ninja -C "$dir" $quiet "$@" >&2 9>&- || fail "the build of build/$preset failed"
  release_checkout
}
