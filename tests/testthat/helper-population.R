# helper-population.R: neurons over one design, and workers that die.

# Neurons that encode different things, on the bins of one session.
many_neurons <- function(n_neuron = 7, duration = 60) {
  session <- small_session(3, duration = duration)
  speed <- as.numeric(scale(session$covariates$speed))
  with_local_seed(8, {
    counts <- vapply(seq_len(n_neuron), function(k) {
      if (k %% 3 == 1) return(as.double(rev(session$counts) * (k > 1) + session$counts * (k == 1)))
      as.double(stats::rpois(length(speed), exp(-1 + (k %% 3 == 2) * 0.6 * speed)))
    }, double(length(speed)))
    colnames(counts) <- paste0("cell ", seq_len(n_neuron))
    list(covariates = session$covariates, counts = counts)
  })
}

fit_many <- function(d, ..., n_lambda = 8) {
  group_lasso(d$covariates, d$counts, session_bases(), ..., n_lambda = n_lambda, progress = FALSE)
}

cv_many <- function(d, ..., n_lambda = 6, n_folds = 3) {
  cv_group_lasso(d$covariates, d$counts, session_bases(), ..., n_lambda = n_lambda, n_folds = n_folds,
                 progress = FALSE)
}

# Runs expr with two workers in other processes.
with_workers <- function(expr) {
  testthat::skip_on_cran()
  testthat::skip_if_not_installed("future.apply")
  old <- future::plan("multisession", workers = 2)
  on.exit(future::plan(old))
  expr
}

# What neurolasso:::run_population() takes: neurons a, b, ... whose record is the sum of their counts.
toy_work <- function(n_neuron = 6) {
  counts <- matrix(seq_len(5 * n_neuron), 5, dimnames = list(NULL, letters[seq_len(n_neuron)]))
  list(counts = counts, each = NULL, main = Sys.getpid())
}

toy_units <- function(work) split(colnames(work$counts), (seq_len(ncol(work$counts)) - 1) %/% 2)

toy_records <- function(work, unit) {
  lapply(stats::setNames(unit, unit), function(neuron) list(fit = sum(work$counts[, neuron])))
}
