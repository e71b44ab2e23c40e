# Installs the packages that the benchmarks compare with, from CRAN, into a library of their own:
#   Rscript bench/setup.R [peer ...]
# What R finds already, in any of its libraries, is left as it is. A peer that can't be built is
# reported and has a gap in the tables.

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
source(file.path(here, "common.R"))

set_mirror <- function() {
  if (identical(unname(getOption("repos")["CRAN"]), "@CRAN@")) chooseCRANmirror(ind = 1)
}

# adelie 1.0 uses std::atomic without including its header, which older compilers don't forgive, and its
# debug symbols would take long to build. The flags are added to the machine's own.
with_adelie_flags <- function(expr) {
  makevars <- tempfile("Makevars")
  flags <- paste0(c("CXXFLAGS", "CXX11FLAGS", "CXX14FLAGS", "CXX17FLAGS"), " += -g0 -include atomic")
  user <- path.expand(Sys.getenv("R_MAKEVARS_USER", file.path("~", ".R", "Makevars")))
  writeLines(c(if (file.exists(user)) readLines(user), flags), makevars)
  before <- Sys.getenv("R_MAKEVARS_USER", NA)
  Sys.setenv(R_MAKEVARS_USER = makevars)
  on.exit({
    if (is.na(before)) Sys.unsetenv("R_MAKEVARS_USER") else Sys.setenv(R_MAKEVARS_USER = before)
    unlink(makevars)
  })
  force(expr)
}

# Dependencies of a package that R has in no library, or in a version older than the package asks for.
unmet_dependencies <- function(package, available) {
  fields <- available[package, c("Depends", "Imports", "LinkingTo")]
  wanted <- trimws(unlist(strsplit(fields[!is.na(fields)], ",")))
  name <- sub("[ \n(].*", "", wanted)
  version <- ifelse(grepl(">=", wanted), gsub(".*>= *|\\).*", "", wanted), "0")
  base <- rownames(installed.packages(priority = "base"))
  met <- mapply(function(name, version) {
    is_installed(name) && packageVersion(name) >= version
  }, name, version)
  setdiff(name[!met], c("R", base))
}

# Dependencies first: their own are followed by hand, since install.packages() looks at names alone.
install <- function(package, library, available) {
  for (dependency in unmet_dependencies(package, available)) install(dependency, library, available)
  install.packages(package, lib = library, Ncpus = 1, dependencies = NA)
}

# TRUE where the peer can be loaded afterwards, in a process of its own.
loads <- function(package, library) {
  code <- sprintf(".libPaths(c('%s', .libPaths())); library(%s)", library, package)
  system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)), stdout = FALSE, stderr = FALSE) == 0
}

setup_peer <- function(peer, library, available) {
  if (is_installed(peer)) return("was there")
  if (!peer %in% rownames(available)) return("not on CRAN for this R")
  install_it <- function() try(suppressWarnings(install(peer, library, available)), silent = TRUE)
  if (peer == "adelie") with_adelie_flags(install_it()) else install_it()
  if (loads(peer, library)) "installed" else "could not be built: the tables will have a gap"
}

main <- function(wanted) {
  if (length(wanted) == 0) wanted <- all_peers
  library <- bench_library()
  dir.create(library, recursive = TRUE, showWarnings = FALSE)
  library <- normalizePath(library)
  .libPaths(c(library, .libPaths()))
  if (Sys.getenv("MAKEFLAGS") == "") Sys.setenv(MAKEFLAGS = "-j1")
  set_mirror()
  available <- available.packages()
  state <- vapply(wanted, setup_peer, "", library, available)
  version <- vapply(wanted, function(p) if (is_installed(p)) format(packageVersion(p)) else "-", "")
  cat(sprintf("%-10s %-8s %s\n", wanted, version, state), sep = "")
}

main(commandArgs(TRUE))
