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
  runs <- lapply(split(x - mean(x), session), bin_means, width)
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

# One signal for each covariate, bins x G: its columns along their direction of largest variance.
leading_signals <- function(problem) {
  sizes <- lengths(problem$groups)
  directions <- matrix(0, sum(sizes), length(sizes))
  for (g in seq_along(sizes)) {
    directions[problem$groups[[g]], g] <- leading_direction(problem$moments[[g]]$second)
  }
  design_predictor(problem$design, directions)
}

# The leading eigenvector of a covariance, nearly: a few steps of the power method.
leading_direction <- function(second) {
  direction <- diag(second) + max(diag(second)) * 1e-3 * cos(seq_len(nrow(second)))
  for (i in 1:20) {
    size <- sqrt(sum(direction^2))
    if (!(size > 0)) return(rep(1, nrow(second)))
    direction <- as.numeric(second %*% (direction / size))
  }
  direction
}

# The longest correlation time among the counts and the covariates of a problem, in bins.
longest_correlation <- function(problem, session) {
  signals <- leading_signals(problem)
  times <- apply(signals, 2, correlation_time, session)
  max(times, correlation_time(problem$counts, session, noise = mean(problem$counts)))
}
