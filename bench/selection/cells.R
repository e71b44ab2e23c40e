# cells.R: simulated neurons with a known answer on real behaviour: position, heading, speed and theta phase
# of one rat (behaviour_theta of the shared recordings), every subset of them as the truth.

covariate_names <- c("position", "heading", "speed", "theta")

# n bins of 20 ms of behaviour, from where the animal is not too fast to be tracked.
read_behaviour <- function(n) {
  folder <- Sys.getenv("NEUROLASSO_SHARED", file.path("..", "shared"))
  file <- file.path(folder, "data", "behaviour_theta_ephysiopy_M851.csv.gz")
  if (!file.exists(file)) stop("set NEUROLASSO_SHARED to the folder that has data/", basename(file))
  d <- utils::read.csv(gzfile(file))
  d <- d[d$speed < 50, ]
  d <- d[seq_len(min(n, nrow(d))), ]
  list(position = cbind(x = d$x, y = d$y), heading = d$heading_deg, speed = d$speed, theta = d$theta %% (2 * pi))
}

fitted_bases <- function() {
  list(
    position = neurolasso::basis_bspline(8) * neurolasso::basis_bspline(8),
    heading = neurolasso::basis_cyclic(10, bounds = c(0, 360)), speed = neurolasso::basis_bspline(6),
    theta = neurolasso::basis_cyclic(10, bounds = c(0, 2 * pi))
  )
}

# What a covariate adds to the log rate, of mean 0 and variance 1 over the session: not made of the fitted
# bases.
tuning <- function(name, x) {
  bump <- function(turn) exp(stats::runif(1, 0.5, 3) * cos(turn - stats::runif(1, 0, 2 * pi)))
  f <- switch(name,
    position = {
      fields <- sample(1:3, 1)
      span <- apply(x, 2, function(z) diff(range(z)))
      Reduce(`+`, lapply(seq_len(fields), function(i) {
        centre <- x[sample(nrow(x), 1), ]
        exp(-0.5 * colSums(((t(x) - centre) / (span * stats::runif(1, 0.08, 0.2)))^2))
      }))
    },
    heading = bump(x / 180 * pi), theta = bump(x),
    speed = if (stats::runif(1) < 0.5) pmin(x, 30) else 1 / (1 + exp(-(x - stats::runif(1, 5, 20)) / 3))
  )
  (f - mean(f)) / stats::sd(f)
}

# Counts of a neuron; strength: standard deviation of each covariate's part in the log rate; drive: that of an
# unobserved process with a correlation time of tau bins.
simulate_cell <- function(behaviour, truth, spikes, strength, drive, tau = 250) {
  n <- length(behaviour$speed)
  eta <- numeric(n)
  for (name in truth) eta <- eta + strength * tuning(name, behaviour[[name]])
  if (drive > 0) {
    a <- exp(-1 / tau)
    slow <- stats::filter(stats::rnorm(n, sd = sqrt(1 - a^2)), a, method = "recursive", init = stats::rnorm(1))
    eta <- eta + drive * as.numeric(slow)
  }
  rate <- exp(eta - max(eta))
  stats::rpois(n, rate * spikes / sum(rate))
}

# All cells of the study, in an order that keeps any beginning of it balanced: truths vary fastest.
cell_plan <- function(repeats, seed) {
  subsets <- lapply(0:15, function(i) covariate_names[bitwAnd(i, 2^(0:3)) > 0])
  plan <- expand.grid(truth = seq_along(subsets), spikes = c(300, 1000, 3000, 10000), strength = c(0.2, 0.4, 0.8),
                      drive = c(0, 0.5), repeat_of = seq_len(repeats))
  plan$seed <- seed + seq_len(nrow(plan))
  set.seed(seed)
  plan <- plan[order(plan$repeat_of, stats::runif(nrow(plan))), ]
  plan$encodes <- vapply(subsets[plan$truth], paste, "", collapse = "+")
  plan
}
