# deviance.R: the one definition of the Poisson deviance and log-likelihood.

# Per bin: 2 (y log(y / mu) - (y - mu)), with 0 log 0 = 0. counts and rate of the same shape.
unit_deviance <- function(counts, rate) {
  ratio <- ifelse(counts > 0, counts * log(counts / rate), 0)
  2 * (ratio - (counts - rate))
}

# (1/V) sum v (mu - y log mu) of a model that fits every count, the lowest that loss can be.
saturated_loss <- function(counts, weights) {
  spiking <- counts > 0
  y <- counts[spiking]
  sum(weights[spiking] * y * (1 - log(y))) / sum(weights)
}

# From losses (1/V) sum v (mu - y log mu), as the solver returns them.
deviance_from_loss <- function(loss, counts, weights) {
  2 * sum(weights) * not_negative(loss - saturated_loss(counts, weights))
}

# Log-likelihood from the deviance: that of the saturated model minus half of it.
loglik_from_deviance <- function(deviance, counts, weights) {
  saturated <- ifelse(counts > 0, counts * log(counts) - counts - lgamma(counts + 1), 0)
  sum(weights * saturated) - deviance / 2
}
