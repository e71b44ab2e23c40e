# What every script of this folder shares: where things are, the command line, jobs in processes of their
# own, the table of results.

all_peers <- c("adelie", "grpreg", "grpnet", "grplasso", "sparsegl", "glmnet")

# ---- places --------------------------------------------------------------------------------------

# The folder of the running script.
bench_dir <- function() {
  file <- grep("^--file=", commandArgs(FALSE), value = TRUE)
  if (length(file) == 1) normalizePath(dirname(sub("^--file=", "", file))) else getwd()
}

# The library the peers are installed into.
bench_library <- function() {
  Sys.getenv("NEUROLASSO_BENCH_LIB", file.path(bench_dir(), "library"))
}

# It comes first: where a peer needs a dependency newer than the machine's, that one is in it.
use_bench_library <- function() {
  if (dir.exists(bench_library())) .libPaths(c(bench_library(), .libPaths()))
}

is_installed <- function(package) nzchar(system.file(package = package))

# ---- the command line ----------------------------------------------------------------------------

# "--name=value" and "--name" (TRUE) as a list; the rest in its element `rest`.
parse_arguments <- function(args, known) {
  is_option <- grepl("^--", args)
  text <- sub("^--", "", args[is_option])
  name <- sub("=.*", "", text)
  if (!all(name %in% known)) stop("unknown option --", setdiff(name, known)[1], call. = FALSE)
  value <- ifelse(grepl("=", text), sub("^[^=]*=", "", text), "TRUE")
  c(as.list(stats::setNames(value, name)), list(rest = args[!is_option]))
}

option <- function(options, name, default) {
  value <- options[[name]]
  if (is.null(value)) return(default)
  if (is.numeric(default)) as.numeric(value) else if (is.logical(default)) as.logical(value) else value
}

split_names <- function(text) strsplit(text, ",", fixed = TRUE)[[1]]

# ---- jobs ----------------------------------------------------------------------------------------

# Runs a task of job.R in a fresh R process, BLAS and OpenMP held to `threads`, and returns its result; where
# there is none, a list with an `error`.
run_job <- function(task, ..., threads = 1, cap = 0) {
  files <- tempfile(c("in", "out"), fileext = ".rds")
  on.exit(unlink(files))
  saveRDS(list(task = task, threads = threads, ...), files[1])
  env <- paste0(c("OMP_NUM_THREADS=", "OPENBLAS_NUM_THREADS=", "MKL_NUM_THREADS="), c(threads, 1, 1))
  libraries <- paste(.libPaths(), collapse = .Platform$path.sep)
  status <- suppressWarnings(system2(
    file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(c(file.path(bench_dir(), "job.R"), files))),
    env = c(env, paste0("R_LIBS=", shQuote(libraries))), stdout = FALSE, stderr = FALSE, timeout = cap
  ))
  if (file.exists(files[2])) return(readRDS(files[2]))
  list(error = if (status == 124) sprintf("over %.0f s", cap) else paste("died with status", status))
}

# ---- results -------------------------------------------------------------------------------------

# "reference", "openblas", ...: the BLAS that this R uses, by the name of its file.
blas_name <- function() {
  path <- tolower(paste(sessionInfo()$BLAS, extSoftVersion()[["BLAS"]]))
  for (name in c("openblas", "mkl", "blis", "atlas", "accelerate", "veclib")) {
    if (grepl(name, path)) return(name)
  }
  "reference"
}

# A file of /proc; nothing where the system has none.
proc_lines <- function(file) if (file.exists(file)) readLines(file) else character()

cpu_model <- function() {
  model <- grep("^model name", proc_lines("/proc/cpuinfo"), value = TRUE)
  if (length(model)) sub(".*: *", "", model[1]) else Sys.info()[["machine"]]
}

# The commit of the sources beside this folder, "-dirty" where they differ from it.
commit <- function() {
  at <- c("-C", shQuote(dirname(bench_dir())))
  git <- function(...) suppressWarnings(system2("git", c(at, ...), stdout = TRUE, stderr = FALSE))
  if (Sys.which("git") == "") return(NA_character_)
  id <- git("rev-parse", "--short", "HEAD")
  if (length(id) != 1) return(NA_character_)
  changed <- git("status", "--porcelain", "-uno", "--", "R", "src", "DESCRIPTION", "NAMESPACE")
  if (length(changed)) paste0(id, "-dirty") else id
}

now <- function() format(Sys.time(), "%Y-%m-%d %H:%M:%S")

# What all rows of a run have in common.
run_facts <- function() {
  data.frame(commit = commit(), date = now(), r = as.character(getRversion()), blas = blas_name(),
             cpu = cpu_model())
}

# Adds rows to a csv, with its header where it is new.
append_csv <- function(rows, file) {
  dir.create(dirname(file), recursive = TRUE, showWarnings = FALSE)
  new <- !file.exists(file)
  utils::write.table(rows, file, sep = ",", row.names = FALSE, col.names = new, append = !new,
                     qmethod = "double")
}

# Full-size results and those of a smaller try never meet in one file.
results_dir <- function(options) {
  scaled <- option(options, "scale", 1) != 1
  option(options, "results", file.path(bench_dir(), "results", if (scaled) "scaled" else ""))
}

# ---- the cost of an expression in this process -----------------------------------------------------

# MB from the status of this process; NA where the system has none.
resident <- function(field) {
  line <- grep(paste0("^", field, ":"), proc_lines("/proc/self/status"), value = TRUE)
  if (length(line)) as.numeric(gsub("[^0-9]", "", line)) / 1000 else NA_real_
}

# Value, seconds on the clock and of this process's processor time, and peak memory (MB, over what was there
# before) of an expression. The peak is that of the process so far, so it is right for the largest step.
cost_of <- function(expr) {
  gc(FALSE)
  before <- resident("VmRSS")
  time <- system.time(value <- expr)
  list(value = value, seconds = time[["elapsed"]], cpu = time[[1]] + time[[2]], peak = resident("VmHWM") - before)
}

report <- function(what, cost) {
  cat(sprintf("%s: %.2f s (processor %.2f s), peak %.0f MB\n", what, cost$seconds, cost$cpu, cost$peak))
}
