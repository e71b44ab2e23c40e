# What signals in time cost: the constants of the choice between sums and Fourier transforms (R/basis-conv.R),
# histories as tables against matrices, spikes into bins, time against the number of spikes, and lags as they are
# against few filters.
#
#   Rscript bench/signals.R [transforms] [tables] [spikes] [linear] [lags]

suppressPackageStartupMessages(library(neurolasso))
ns <- asNamespace("neurolasso")
`%||%` <- function(x, y) if (is.null(x)) y else x

seconds <- function(expr, repeats = 3) {
  expr <- substitute(expr)
  frame <- parent.frame()
  min(vapply(seq_len(repeats), function(i) system.time(eval(expr, frame))[["elapsed"]], 0))
}

# One dense signal of 2e5 bins with 8 kernels: nanoseconds per product of the sum, and per number of a transform and
# log2 of its length; and what the package chooses.
transforms <- function(n = 200000L, n_col = 8) {
  x <- rnorm(n)
  starts <- c(0L, n)
  rows <- lapply(c(10, 50, 100, 200, 500, 1000, 3000), function(window) {
    kernel <- matrix(rnorm(window * n_col), window)
    sum <- seconds(.Call(ns$C_convolve, x, starts, kernel, 1L))
    fft <- seconds(ns$convolve_by_fft(x, starts, kernel, 1L))
    length <- ns$transform_length(window, n)
    n_block <- ceiling((n - window + 1) / (length - window + 1))
    numbers <- length * log2(length) * (ceiling(n_col / 2) * (n_block + 1) + n_block)
    data.frame(window, sum, fft, ns_per_product = 1e9 * sum / (n * window * n_col),
               ns_per_transform = 1e9 * fft / numbers, chosen = if (ns$transform_pays(x, kernel, starts)) "fft" else "sum")
  })
  print(do.call(rbind, rows), digits = 3, row.names = FALSE)
}

# The columns of every table written out.
as_matrices <- function(design) {
  fields <- unclass(design)
  fields$blocks <- lapply(fields$blocks, function(block) {
    if (is.null(block$index)) return(block)
    list(x = block$table$x[as.integer(block$index) + 1L, , drop = FALSE])
  })
  structure(fields, class = "covariate_design")
}

# Neurons of a rate per bin that couple to one: memory and a path of 50 lambdas, as tables and as matrices.
tables <- function() {
  sizes <- expand.grid(n = 1e5, neurons = 20, rate = c(0.002, 0.01, 0.02), window = 50, n_basis = c(8, 4))
  rows <- lapply(seq_len(nrow(sizes)), function(i) do.call(table_against_matrix, sizes[i, ]))
  print(cbind(sizes, do.call(rbind, rows)), digits = 3, row.names = FALSE)
}

table_against_matrix <- function(n, neurons, rate, window, n_basis) {
  set.seed(1)
  counts <- matrix(rpois(n * neurons, rate), n)
  y <- rpois(n, exp(log(0.05) + rowSums(rbind(0, counts[-n, 1:3]))))
  basis <- basis_conv(basis_raised_cosine(n_basis), window)
  expand <- seconds(design <- expand_covariates(list(c = counts), basis), 1)
  dense <- as_matrices(design)
  rows <- vapply(unclass(design)$blocks, function(block) block$n_table %||% NA_integer_, 0L)
  fit <- function(design) seconds(group_lasso(design, y, n_lambda = 50, progress = FALSE))
  mb <- function(design) ns$memory_of(unclass(design)$blocks) / 1e6
  data.frame(expand, table_rows = max(rows), fit_table = fit(design), fit_matrix = fit(dense),
             mb_table = mb(design), mb_matrix = mb(dense))
}

# 2e7 spikes in 1e6 bins: sorted, in any order, of 100 neurons, in unequal bins.
spikes <- function(n = 2e7, n_bin = 1e6) {
  times <- runif(n, 0, 1000)
  sorted <- sort(times)
  breaks <- seq(0, 1000, length.out = n_bin + 1)
  unequal <- unique(c(0, sort(runif(n_bin - 1, 0, 1000)), 1000))
  unit <- factor(sample.int(100, n / 10, TRUE))
  cat(sprintf("%g spikes in %g bins: sorted %.2f s, unsorted %.2f s\n", n, n_bin,
              seconds(bin_spikes(sorted, breaks), 1), seconds(bin_spikes(times, breaks), 1)))
  cat(sprintf("in unequal bins: sorted %.2f s, unsorted %.2f s\n", seconds(bin_spikes(sorted, unequal), 1),
              seconds(bin_spikes(times, unequal), 1)))
  cat(sprintf("%g spikes of 100 neurons in 1e4 bins: %.2f s\n", n / 10,
              seconds(bin_spikes(times[seq_len(n / 10)], seq(0, 1000, by = 0.1), units = unit), 1)))
}

# A convolution of ever more spikes in 1e6 bins: a part for the bins, and one in proportion to the spikes.
linear <- function(n = 1e6L, window = 100L, n_col = 8L) {
  kernel <- matrix(rnorm(window * n_col), window)
  starts <- c(0L, n)
  rows <- lapply(c(0, 1e3, 1e4, 3e4, 1e5, 3e5), function(n_spike) {
    x <- replace(numeric(n), sample(n, n_spike), 1)
    data.frame(spikes = n_spike, sum = seconds(.Call(ns$C_convolve, x, starts, kernel, 1L), 5))
  })
  rows <- do.call(rbind, rows)
  rows$ns_per_product <- 1e9 * (rows$sum - rows$sum[1]) / (rows$spikes * window * n_col)
  print(rows, digits = 3, row.names = FALSE)
}

# A path of 20 lambdas on a signal's past, as lags and through filters.
lags <- function(n = 1e5, n_basis = 10) {
  x <- rpois(n, 0.02)
  y <- rpois(n, exp(-3 + c(0, x[-n])))
  rows <- lapply(c(20, 50, 100, 200, 500), function(window) {
    fit <- function(basis) seconds(group_lasso(list(x = x), y, basis, n_lambda = 20, progress = FALSE), 1)
    lags <- fit(basis_history(window))
    filters <- fit(basis_conv(basis_raised_cosine_log(n_basis), window))
    data.frame(window, lags, filters, ratio = lags / filters)
  })
  print(do.call(rbind, rows), digits = 3, row.names = FALSE)
}

wanted <- commandArgs(TRUE)
for (what in if (length(wanted)) wanted else c("transforms", "tables", "spikes", "linear", "lags")) get(what)()
