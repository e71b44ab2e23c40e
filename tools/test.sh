#!/usr/bin/env bash
# Runs every test of the package: the C unit tests under the sanitizers, the
# build and a compilation with all warnings, the testthat tests, R CMD check.
# A failing stage does not stop the others. The last line printed is
# "N passed, N failed, N skipped"; the exit status is 1 if anything failed.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
root=$PWD

# NOTEs of R CMD check that say something about the machine and not about the
# package: one extended regular expression per line of such a NOTE.
allowed_notes='
# no network
unable to verify current time
# a package that has not been released
^New submission$
^Maintainer: 
# suggested packages that are not installed here
^Packages? suggested but not available for checking:
^Packages? unavailable to check Rd xrefs:
^  (.[A-Za-z0-9.]+.,? ?)+$
'

check_options=(--no-manual --no-tests)
warnings='-Wall -Wextra -pedantic -Wshadow -Wstrict-prototypes'

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

passed=0 failed=0 skipped=0

# count <passed> <failed> [<skipped>]
count() {
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + ${3:-0}))
}

# The tools' messages are read below, so they must be in English, and in UTF-8.
export LANGUAGE=en
case $(locale charmap 2>/dev/null) in
  UTF-8) ;;
  *) export LC_ALL=C.UTF-8 ;;
esac

# The options of a make that runs this script are not meant for those it runs.
unset MAKEFLAGS MFLAGS MAKELEVEL

mkdir "$tmp/lib"
export R_LIBS="$tmp/lib${R_LIBS:+:$R_LIBS}"
export _R_CHECK_FORCE_SUGGESTS_=false

c_unit_tests() {
  local status counts p f
  if ! make -s -j 2 -C tests/core >"$tmp/make.log" 2>&1; then
    cat "$tmp/make.log"
    echo "The C unit tests do not compile."
    count 0 1
    return
  fi
  tests/core/build/run 2>&1 | tee "$tmp/core.log"
  status=${PIPESTATUS[0]}
  counts=$(grep -E '^core: [0-9]+ passed, [0-9]+ failed$' "$tmp/core.log" | tail -n 1)
  read -r p f <<<"$(echo "${counts:-0 0}" | tr -cs '0-9\n' ' ')"
  if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
    echo "The C unit tests crashed or a sanitizer stopped them (exit status $status)."
    f=1
  fi
  if [ "$status" -eq 0 ] && [ -z "$counts" ]; then
    echo "The C unit tests reported no counts."
    f=1
  fi
  count "$p" "$f"
}

build() {
  if (cd "$tmp" && R CMD build "$root") >"$tmp/build.log" 2>&1; then
    count 1 0
  else
    cat "$tmp/build.log"
    count 0 1
    # The stages that follow can do without the vignettes.
    check_options+=(--ignore-vignettes)
    (cd "$tmp" && R CMD build --no-build-vignettes "$root") >/dev/null 2>&1
  fi
  tarball=$(find "$tmp" -maxdepth 1 -name '*.tar.gz')
  if [ -n "$tarball" ]; then echo "$(basename "$tarball"): $(wc -c <"$tarball") bytes"; fi
}

# Warnings in R's own headers have absolute paths; ours are relative to src/.
strict_compilation() {
  if [ -z "$tarball" ]; then
    echo "There is nothing to install."
    count 0 1
    return
  fi
  echo "CFLAGS = -g -O2 $warnings" >"$tmp/Makevars"
  if ! R_MAKEVARS_USER="$tmp/Makevars" \
    R CMD INSTALL --library="$tmp/lib" "$tarball" >"$tmp/install.log" 2>&1; then
    cat "$tmp/install.log"
    count 0 1
  elif grep 'warning:' "$tmp/install.log" | grep -qv '^/'; then
    grep -A 4 'warning:' "$tmp/install.log"
    count 0 1
  else
    echo "Compiled without warnings ($warnings)."
    count 1 0
  fi
}

testthat_tests() {
  local p f s
  if [ ! -d "$tmp/lib/neurolasso" ]; then
    echo "The package is not installed."
    count 0 1
    return
  fi
  NOT_CRAN=true Rscript tools/run-testthat.R "$tmp/testthat.counts"
  if [ -s "$tmp/testthat.counts" ]; then
    read -r p f s <"$tmp/testthat.counts"
    echo "testthat: $p passed, $f failed, $s skipped"
    count "$p" "$f" "$s"
  else
    echo "The testthat tests did not run to their end."
    count 0 1
  fi
}

r_cmd_check() {
  local log="$tmp/neurolasso.Rcheck/00check.log" status n
  if [ -z "$tarball" ]; then
    echo "There is nothing to check."
    count 0 1
    return
  fi
  (cd "$tmp" && R CMD check "${check_options[@]}" "$tarball") >"$tmp/check.out" 2>&1
  status=$?
  echo "$allowed_notes" >"$tmp/allowed-notes"
  Rscript tools/read-check-log.R "$log" "$tmp/allowed-notes" >"$tmp/findings" 2>&1
  n=$(tail -n 1 "$tmp/findings")
  if ! [[ $n =~ ^[0-9]+$ ]] || { [ "$status" -ne 0 ] && [ "$n" -eq 0 ]; }; then
    cat "$tmp/check.out"
    count 0 1
    return
  fi
  sed '$d' "$tmp/findings"
  grep '^Status: ' "$log"
  if [ "$n" -eq 0 ]; then count 1 0; else count 0 "$n"; fi
}

# stage <title> <function>
stage() {
  local start=$SECONDS
  printf '\n== %s ==\n' "$1"
  "$2"
  echo "-- $((SECONDS - start)) s"
}

tarball=''
stage "C unit tests (AddressSanitizer, UndefinedBehaviorSanitizer)" c_unit_tests
stage "R CMD build" build
stage "Compilation with all warnings" strict_compilation
stage "testthat" testthat_tests
stage "R CMD check" r_cmd_check

printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
