# autocorrelation.R: over how many bins signals are correlated with themselves. It sets the length of blocks
# and the lag of robust standard errors.

# Autocorrelations are taken of means over bins, so many at most, which cost little and lose only what is
# shorter than blocks should ever be.
most_means <- 16384

# The lag, in bins, at which the autocorrelation of x has fallen below 1/e; 0 for what has none. session: the
# session (number) of each bin; noise: variance of a bin that is known to be independent of its neighbours'
# (counts: their mean), which is taken off.
correlation_time <- function(x, session, noise = 0) {
  width <- max(ceiling(length(x) / most_means), 1)
  x <- x - mean(x)
  runs <- lapply(if (session[1] == session[length(session)]) list(x) else split(x, session), bin_means, width)
  covariance <- run_autocovariance(runs)
  n <- sum(lengths(runs))
  variance <- covariance[1] - noise / width
  # what is left must be more than the error of a variance
  if (!(variance > 3 * sqrt(2 / n) * noise / width) || !(variance > 1e-12 * mean(x)^2)) return(0)
  below <- match(TRUE, covariance[-1] < variance * exp(-1), nomatch = length(covariance) - 1)
  if (below == 1 && width == 1) 1 else below * width
}

bin_means <- function(x, width) {
  n <- length(x) %/% width
  if (width == 1 || n == 0) return(x)
  colMeans(matrix(x[seq_len(n * width)], width))
}

# Autocovariance at lags 0, 1, ... up to half of the longest run, over runs that are not connected.
run_autocovariance <- function(runs) {
  n_lag <- max(lengths(runs)) %/% 2 + 1
  sums <- Reduce(`+`, lapply(runs, function(x) {
    size <- stats::nextn(2 * length(x))
    power <- Mod(stats::fft(c(x, numeric(size - length(x)))))^2
    lagged <- Re(stats::fft(power, inverse = TRUE))[seq_len(min(n_lag, length(x)))] / size
    c(lagged, numeric(n_lag - length(lagged)))
  }))
  sums / sum(lengths(runs))
}

# One signal of a covariate, bins x 1: its columns along their direction of largest variance.
leading_signal <- function(problem, g) {
  moments <- problem$moments[[g]]
  times <- function(x) as.numeric(moments$second %*% x)
  # a matrix that is wider than it takes steps is multiplied itself
  if (is_wide(unclass(problem$design)$blocks[[g]])) times <- wide_product(problem, g)
  direction <- leading_direction(moments$variance, times)
  design_predictor(problem$design, cbind(direction), g)
}

# The leading eigenvector of a covariance with this diagonal, by what it is times a vector,
# nearly: a few steps of the power method.
leading_direction <- function(variance, times) {
  direction <- variance + max(variance) * 1e-3 * cos(seq_along(variance))
  for (i in 1:20) {
    size <- sqrt(sum(direction^2))
    if (!(size > 0)) return(rep(1, length(variance)))
    direction <- times(direction / size)
  }
  direction
}

# x -> S x for the covariance S of a wide matrix.
wide_product <- function(problem, g) {
  columns <- unclass(problem$design)$blocks[[g]]$x
  mean <- problem$moments[[g]]$mean
  v <- problem$v / sum(problem$v)
  function(x) as.numeric(crossprod(columns, v * (columns %*% x - sum(mean * x))))
}

# The longest correlation time among the counts (of one neuron, or bins x neurons, NA: not known) and the
# covariates of a problem, in bins.
longest_correlation <- function(problem, session) {
  times <- vapply(seq_along(problem$moments), function(g) {
    correlation_time(leading_signal(problem, g)[, 1], session)
  }, 0)
  of_counts <- apply(as.matrix(problem$counts), 2, function(y) {
    y[is.na(y)] <- mean(y, na.rm = TRUE)
    correlation_time(y, session, noise = mean(y))
  })
  max(times, of_counts)
}
