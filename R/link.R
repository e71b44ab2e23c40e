# link.R: the one owner of the link in R: how the expected count mu follows from the linear predictor eta
# (offset, intercept and covariates). In C: src/link.c.
#   log:       mu = exp(eta)
#   softplus:  mu = log(1 + exp(eta))

link_names <- c("log", "softplus")

# The number by which C knows a link.
link_code <- function(link) match(link, link_names) - 1L

# mu at eta; keeps dim and dimnames.
inverse_link <- function(eta, link) if (link == "log") exp(eta) else softplus(eta)

# d mu / d eta
link_slope <- function(eta, link) if (link == "log") exp(eta) else stats::plogis(eta)

# log(1 + exp(x)): exp() of what is not positive, so nothing overflows and a small value keeps its digits.
softplus <- function(x) {
  out <- log1p(exp(-abs(x)))
  positive <- which(x > 0)
  out[positive] <- out[positive] + x[positive]
  out
}

# The size of a bin's part in the gradient where nothing but the intercept is in: that of y p / mu, p the
# slope of the link.
gradient_scale <- function(mean_count, link) if (link == "log") mean_count else -expm1(-mean_count)

# ---- rates over the bins -------------------------------------------------------------------------

# The mean rate over bins with linear predictors eta + shift, for each shift: with the log link per unit
# of exposure exp(offset), else per bin.
mean_rate <- function(eta, shift, offset, weights, link) {
  if (link == "log") return(exp(shift + log_sum_exp(eta, weights) - log_sum_exp(offset, weights)))
  mean_softplus(eta, shift, weights)
}

# log of sum weights exp(x), where the weights are above 0
log_sum_exp <- function(x, weights) {
  x <- x[weights > 0]
  top <- max(x)
  log(sum(weights[weights > 0] * exp(x - top))) + top
}

# Weighted mean over bins of softplus(eta + s), for each s.
mean_softplus <- function(eta, s, weights) {
  used <- weights > 0
  share <- weights[used] / max(weights)
  share <- share / sum(share)
  eta <- eta[used]
  mean_at <- function(s) vapply(s, function(one) sum(share * softplus(eta + one)), 0)
  distinct <- unique(s)
  out <- interpolate_softplus(mean_at, distinct) %||% mean_at(distinct)
  out[match(s, distinct)]
}

# A mean of softplus is analytic within pi of the real axis, so that a polynomial through few Chebyshev
# points has it to the last digits: for grids of many values. NULL where it takes more points than s has.
interpolate_softplus <- function(mean_at, s) {
  known <- s[!is.na(s)]
  if (length(known) < 2 || !all(is.finite(known))) return(NULL)
  half <- diff(range(known)) / 2
  n <- ceiling(36 / asinh(pi / half))
  if (n + 1 >= length(known)) return(NULL)
  at <- mean(range(known)) + half * cos(pi * (0:n) / n)
  value <- mean_at(at)
  weight <- rep_len(c(1, -1), n + 1) * c(0.5, rep(1, n - 1), 0.5)
  out <- vapply(s, function(one) {
    part <- weight / (one - at)
    sum(part * value) / sum(part)
  }, 0)
  on_point <- match(s, at)
  out[!is.na(on_point)] <- value[on_point[!is.na(on_point)]]
  out
}

# The lowest rate over bins as a share of the mean one, both without the offset.
lowest_share <- function(eta, offset, weights, link) {
  lowest <- min((eta - offset)[weights > 0])
  if (link == "log") return(exp(lowest - (log_sum_exp(eta, weights) - log_sum_exp(offset, weights))))
  softplus(lowest) / mean_softplus(eta - offset, 0, weights)
}
