#!/bin/sh
# Installs what neurolasso needs and this machine lacks, and nothing else.
# Usage: tools/setup.sh [demo|test|dev]      (default: test)
#   demo: R, a C compiler, make, BLAS and LAPACK
#   test: also pandoc, qpdf and the R packages of the tests and the vignette
#   dev:  also roxygen2
# Uses apt-get (Debian, Ubuntu); elsewhere it names what is missing and exits 1.
set -eu

level=${1:-test}
case $level in
  demo) r_packages='' ;;
  test) r_packages='testthat knitr rmarkdown glmnet generics future.apply progressr' ;;
  dev) r_packages='testthat knitr rmarkdown glmnet generics future.apply progressr roxygen2' ;;
  *) echo "usage: tools/setup.sh [demo|test|dev]" >&2; exit 2 ;;
esac

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Is there a compiler that finds the numerical libraries R links packages with?
can_build() {
  have gcc && have make || return 1
  echo 'int main(void) { return 0; }' >"$tmp/probe.c"
  gcc -o "$tmp/probe" "$tmp/probe.c" -llapack -lblas -lgfortran -lm >"$tmp/log" 2>&1
}

# One word per missing piece of the system.
missing_tools() {
  if ! have R || ! have Rscript; then echo R; fi
  can_build || echo compiler
  if [ "$level" != demo ]; then
    have pandoc || echo pandoc
    if have apt-get; then have qpdf || echo qpdf; fi
  fi
}

# The R packages that are wanted and not installed.
missing_r() {
  [ -n "$r_packages" ] || return 0
  # shellcheck disable=SC2086
  Rscript -e 'p <- commandArgs(TRUE)
    cat(p[!nzchar(vapply(p, function(x) system.file(package = x), ""))])' $r_packages
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

can_be_root() { [ "$(id -u)" -eq 0 ] || have sudo; }

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >"$tmp/log" 2>&1
}

updated=no
apt_update() {
  [ "$updated" = no ] || return 0
  updated=yes
  say "apt-get update"
  apt update || { cat "$tmp/log" >&2; say "apt-get update failed; trying without it"; }
}

# 1. The toolchain.
tools=$(missing_tools)
if [ -n "$tools" ]; then
  debs=''
  for tool in $tools; do
    case $tool in
      R) debs="$debs r-base-core" ;;
      compiler) debs="$debs build-essential gfortran libblas-dev liblapack-dev" ;;
      *) debs="$debs $tool" ;;
    esac
  done
  if ! have apt-get || ! can_be_root; then
    echo "setup: these are missing and cannot be installed from here:" >&2
    for tool in $tools; do
      case $tool in
        R) echo "  - R (R and Rscript on the PATH)" >&2 ;;
        compiler) echo "  - gcc and make, with BLAS, LAPACK and libgfortran to link to" >&2 ;;
        *) echo "  - $tool" >&2 ;;
      esac
    done
    if have apt-get; then echo "As root: apt-get install$debs" >&2; fi
    exit 1
  fi
  apt_update
  say "apt-get install$debs"
  # shellcheck disable=SC2086
  apt install --no-install-recommends $debs || { cat "$tmp/log" >&2; fail "apt-get failed"; }
  tools=$(missing_tools)
  [ -z "$tools" ] || fail "still missing after the installation:" $tools
fi

# 2. R packages, from Debian where R itself is Debian's.
missing=$(missing_r)
if [ -n "$missing" ] && have apt-get && can_be_root &&
  dpkg -S "$(readlink -f "$(command -v R)")" >/dev/null 2>&1; then
  apt_update
  debs=''
  for package in $missing; do
    deb=r-cran-$(echo "$package" | tr '[:upper:]' '[:lower:]')
    if [ -n "$(apt-cache show "$deb" 2>/dev/null)" ]; then debs="$debs $deb"; fi
  done
  if [ -n "$debs" ]; then
    say "apt-get install$debs"
    # shellcheck disable=SC2086
    apt install --no-install-recommends $debs ||
      { tail -n 20 "$tmp/log" >&2; say "apt-get failed; trying CRAN"; }
  fi
  missing=$(missing_r)
fi

# 3. R packages that are still missing, from CRAN.
if [ -n "$missing" ]; then
  library=$(Rscript "$here/library.R")
  say "install.packages into $library: $missing"
  # shellcheck disable=SC2086
  Rscript -e 'if ("@CRAN@" %in% getOption("repos")) chooseCRANmirror(graphics = FALSE, ind = 1L)
    args <- commandArgs(TRUE)
    install.packages(args[-1L], lib = args[1L], quiet = TRUE)' "$library" $missing \
    >"$tmp/log" 2>&1 || true
  missing=$(missing_r)
  [ -z "$missing" ] || { cat "$tmp/log" >&2; fail "could not install: $missing"; }
fi
