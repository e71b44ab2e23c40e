# helper-signals.R: convolutions by their definition, one bin at a time.

# Row t of column j: the sum over k = 0 .. W - 1 of kernel[k + 1, j] x[t - first - k]; NA where a bin of the
# window is missing, or of another session.
oracle_convolve <- function(x, kernel, first, session = rep(1, length(x))) {
  out <- matrix(NA_real_, length(x), ncol(kernel))
  for (t in seq_along(x)) {
    at <- t - first - (seq_len(nrow(kernel)) - 1)
    if (any(at < 1 | at > length(x))) next
    if (any(session[at] != session[t])) next
    out[t, ] <- colSums(kernel * x[at])
  }
  out
}

first_lag <- function(causality, window) {
  switch(causality, causal = 1, anticausal = -window, acausal = -floor(window / 2))
}

# Spikes of a few neurons, some in bursts, as counts per bin.
spike_counts <- function(n, rates, seed) {
  with_local_seed(seed, {
    counts <- vapply(rates, function(rate) rpois(n, rate), integer(n))
    colnames(counts) <- paste0("n", seq_along(rates))
    counts
  })
}
