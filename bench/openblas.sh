#!/bin/sh
# Runs a script of this folder with OpenBLAS, on Debian or Ubuntu, without a change to the machine's own BLAS:
#   bench/openblas.sh bench/run.R splines --tight
# The library is downloaded and unpacked, not installed, into bench/openblas (or $NEUROLASSO_BENCH_OPENBLAS).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=${NEUROLASSO_BENCH_OPENBLAS:-$here/openblas}

find_library() { find "$folder" -path '*openblas*' -name libblas.so.3 2>/dev/null | head -n 1; }

unpack_openblas() {
  mkdir -p "$folder"
  (
    cd "$folder"
    apt-get -o APT::Sandbox::User=root download libopenblas0-pthread >/dev/null
    for package in libopenblas0-pthread_*.deb; do dpkg -x "$package" .; done
    rm -f libopenblas0-pthread_*.deb
  )
}

if [ $# = 0 ]; then
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
fi
[ -n "$(find_library)" ] || unpack_openblas
library=$(find_library)
if [ -z "$library" ]; then
  echo "openblas.sh: no OpenBLAS in $folder" >&2
  exit 1
fi

LD_LIBRARY_PATH=$(dirname "$library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
LD_PRELOAD=$library${LD_PRELOAD:+:$LD_PRELOAD}
OPENBLAS_NUM_THREADS=1
export LD_LIBRARY_PATH LD_PRELOAD OPENBLAS_NUM_THREADS

# The proof: the library that R's dgemm comes from, and the LAPACK beside it.
used=$(Rscript --vanilla -e 'cat(extSoftVersion()[["BLAS"]], La_library())')
case $used in
  *openblas*) echo "BLAS in use: OpenBLAS" ;;
  *)
    echo "openblas.sh: R does not use OpenBLAS but $used" >&2
    exit 1
    ;;
esac
exec Rscript "$@"
