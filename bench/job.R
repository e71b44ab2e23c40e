# One task in a process of its own: Rscript job.R in.rds out.rds. Called by run_job().

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
for (file in c("common.R", "problems.R", "packages.R", "kkt.R")) source(file.path(here, file))

# ---- measuring -----------------------------------------------------------------------------------

seconds_of <- function(expr) {
  start <- as.numeric(Sys.time())
  force(expr)
  as.numeric(Sys.time()) - start
}

# The largest resident memory of this process so far, MB; NA where the system doesn't say.
peak_memory <- function() {
  line <- grep("^VmHWM", proc_lines("/proc/self/status"), value = TRUE)
  if (length(line) == 1) as.numeric(gsub("[^0-9]", "", line)) / 1024 else NA_real_
}

# Lets the peak start again from what is resident now, where the system can do that.
reset_peak <- function() {
  invisible(gc())
  try(suppressWarnings(cat("5", file = "/proc/self/clear_refs")), silent = TRUE)
}

# Times further repeats of a fit until there are enough or they took budget seconds.
repeat_fit <- function(fit, first, repeats, budget = 30) {
  times <- first
  while (length(times) < repeats && sum(times) + min(times) < budget) times <- c(times, seconds_of(fit()))
  times
}

# ---- tasks ---------------------------------------------------------------------------------------

# Writes a problem, and its dense columns where a peer needs them. peers NULL: the problem's own.
task_prepare <- function(job) {
  problem <- do.call(make_problem, c(list(job$name, job$scale), job$sizes))
  saveRDS(problem, job$file, compress = FALSE)
  peers <- if (is.null(job$peers)) problem$peers else job$peers
  if (length(peers) || job$tight) saveRDS(problem_columns(problem), job$dense_file, compress = FALSE)
  n_col <- ncol(problem_columns(problem, 1:2))
  list(n = length(problem$counts), p = n_col, groups = length(problem$starts),
       mean_count = mean(problem$counts), lambda = problem$lambda, peers = peers,
       repeats = problem$repeats)
}

fit_input <- function(job) {
  problem <- readRDS(job$file)
  is_ours <- grepl("^neurolasso", job$package)
  input <- list(lambda = job$lambda, grid = problem$lambda, starts = problem$starts, settings = job$settings,
                threads = job$threads, y = as.numeric(problem$counts))
  c(input, if (is_ours) list(problem = problem) else list(X = readRDS(job$dense_file)))
}

task_fit <- function(job) {
  package <- packages[[job$package]]
  if (!grepl("^neurolasso", job$package)) use_bench_library()
  name <- sub("_.*", "", job$package)
  suppressMessages(library(name, character.only = TRUE))
  input <- package$arrange(fit_input(job))
  reset_peak()
  before <- peak_memory()
  first <- seconds_of(fit <- package$fit(input))
  memory <- peak_memory() - before
  times <- repeat_fit(function() package$fit(input), first, job$repeats)
  result <- list(seconds = stats::median(times), repeats = length(times), memory = memory,
                 version = format(utils::packageVersion(name)), answer = package$answer(fit, input))
  if (name == "neurolasso") result$limit <- limit_ours(fit)
  result
}

task_certify <- function(job) path_kkt(readRDS(job$file), job$answer, job$scale)

# The cost of looking at the answer: eta, exp and gradient at every lambda, as two dense products through R's
# BLAS. The chunks of columns are made off the clock.
task_limit <- function(job) {
  options(matprod = "blas")
  problem <- readRDS(job$file)
  beta <- as.matrix(job$answer$coefficients)
  gradient <- 0
  seconds <- 0
  for (rows in row_chunks(length(problem$counts))) {
    X <- problem_columns(problem, rows)
    y <- problem$counts[rows]
    intercept <- rep(job$answer$intercept, each = length(rows))
    seconds <- seconds + seconds_of({
      eta <- X %*% beta
      gradient <- gradient + crossprod(X, exp(eta + intercept) - y)
    })
  }
  seconds
}

# The same through our own storage: one pass of the data per lambda, where the package offers it.
limit_ours <- function(path) {
  core <- asNamespace("neurolasso")
  if (!exists("C_limit", envir = core, inherits = FALSE)) return(NA_real_)
  seconds_of(.Call(get("C_limit", envir = core), path))
}

main <- function(files) {
  job <- readRDS(files[1])
  task <- switch(job$task, prepare = task_prepare, fit = task_fit, certify = task_certify, limit = task_limit)
  result <- tryCatch(suppressWarnings(task(job)), error = function(e) list(error = conditionMessage(e)))
  saveRDS(result, files[2], compress = FALSE)
}

main(commandArgs(TRUE))
