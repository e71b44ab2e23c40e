# helper-joint.R: neurons that share groups, from the definition. A shared group is a list with an element per
# neuron: the columns of X (numbers) that the neuron has in it, or none.

# The shared groups of neurons that have all the columns of a block together in each.
shared_blocks <- function(blocks, neurons) {
  sizes <- vapply(blocks, function(X) ncol(as.matrix(X)), 1L)
  columns <- split(seq_len(sum(sizes)), rep(seq_along(sizes), sizes))
  lapply(unname(columns), function(own) rep(list(own), neurons))
}

# A problem of neurons: list(X, y (n x N, NA: not known), v (n x N, 0 where y is NA),
# offset, groups, mult, how, link).
joint_problem <- function(X, counts, groups, how = "none", offset = 0, weights = rep(1, nrow(counts)),
                          mult = rep(1, length(groups)), link = "log") {
  v <- weights * !is.na(counts)
  y <- ifelse(is.na(counts), 0, counts)
  list(X = as.matrix(X), y = y, v = v, offset = rep_len(offset, nrow(y)), groups = groups, mult = mult,
       how = how, link = link, spiking = which(colSums(y * v) > 0))
}

# Each neuron's coordinates of each group, and the groups' weights: the root of the sum of the neurons' squares.
joint_coords <- function(d) {
  lapply(seq_along(d$groups), function(g) {
    own <- lapply(seq_len(ncol(d$y)), function(i) {
      columns <- d$groups[[g]][[i]]
      if (length(columns) == 0) return(list(weight = 0, rank = 0))
      at <- penalty_coords(d$X[, columns, drop = FALSE], d$v[, i], d$how)
      weight <- at$weight
      if (d$mult[g] == 0) at <- penalty_coords(d$X[, columns, drop = FALSE], d$v[, i], "group")
      list(weight = weight, rank = ncol(at$back), to = at$to, back = at$back, columns = columns)
    })
    list(own = own, weight = sqrt(sum(vapply(own[d$spiking], `[[`, 0, "weight")^2)))
  })
}

# The gradient of each neuron's mean loss by column (p x N), and the derivative in
# its intercept over its mean count.
joint_gradients <- function(d, intercept, beta) {
  eta <- d$X %*% beta + rep(intercept, each = nrow(d$X)) + d$offset
  r <- vapply(seq_len(ncol(d$y)), function(i) d$v[, i] * oracle_slope(eta[, i], d$y[, i], d$link),
              double(nrow(eta)))
  r <- r / rep(colSums(d$v), each = nrow(r))
  means <- colSums(d$v * d$y) / colSums(d$v)
  list(columns = crossprod(d$X, r), intercept = abs(colSums(r)) / means)
}

# The largest relative KKT residual over shared groups and the intercepts of the neurons with spikes.
# unit: of lambda, where that is 0.
joint_residual <- function(d, intercept, beta, lambda, unit = lambda) {
  slopes <- joint_gradients(d, intercept, beta)
  worst <- max(slopes$intercept[d$spiking])
  coords <- joint_coords(d)
  for (g in seq_along(coords)) {
    theta <- gradient <- NULL
    for (i in d$spiking) {
      own <- coords[[g]]$own[[i]]
      if (own$rank == 0) next
      theta <- c(theta, own$to %*% beta[own$columns, i])
      gradient <- c(gradient, crossprod(own$back, slopes$columns[own$columns, i]))
    }
    scale <- coords[[g]]$weight * if (d$mult[g] > 0) d$mult[g] else 1
    if (scale == 0) next
    tau <- lambda * coords[[g]]$weight * d$mult[g]
    norm <- sqrt(sum(theta^2))
    residual <- if (norm > 0) sqrt(sum((gradient + tau * theta / norm)^2)) else max(0, sqrt(sum(gradient^2)) - tau)
    worst <- max(worst, residual / (unit * scale))
  }
  worst
}

# Sum of the neurons' mean losses and the penalty.
joint_objective <- function(d, intercept, beta, lambda) {
  eta <- d$X %*% beta + rep(intercept, each = nrow(d$X)) + d$offset
  mu <- oracle_rate(eta, d$link)
  loss <- colSums(d$v * (mu - ifelse(d$y > 0, d$y * log(mu), 0))) / colSums(d$v)
  norms <- vapply(joint_coords(d), function(group) {
    parts <- lapply(d$spiking, function(i) {
      own <- group$own[[i]]
      if (own$rank > 0) own$to %*% beta[own$columns, i]
    })
    group$weight * sqrt(sum(unlist(parts)^2))
  }, 0)
  sum(loss[d$spiking]) + lambda * sum(d$mult * norms)
}

# The certificate of a joint population at its lambdas `at`; sets: numbers of the neurons
# that share, each a problem by itself.
population_residuals <- function(population, d, at = seq_along(unclass(population)$fits[[1]]$lambda),
                                 sets = list(seq_len(ncol(d$y)))) {
  fits <- unclass(population)$fits
  max(vapply(at, function(l) {
    max(vapply(sets, function(set) {
      part <- d
      part[c("y", "v")] <- lapply(d[c("y", "v")], function(x) x[, set, drop = FALSE])
      part$groups <- lapply(d$groups, `[`, set)
      part$spiking <- which(colSums(part$y * part$v) > 0)
      if (length(part$spiking) == 0) return(0)
      beta <- vapply(fits[set], function(fit) fit$coefficients[, l], double(ncol(d$X)))
      intercept <- vapply(fits[set], function(fit) fit$intercept[l], 0)
      intercept[!is.finite(intercept)] <- 0
      lambda <- fits[[set[1]]]$lambda[l]
      joint_residual(part, intercept, matrix(beta, ncol(d$X)), lambda, if (lambda > 0) lambda else
        fits[[set[1]]]$lambda_max)
    }, 0))
  }, 0))
}

# A problem without some rows.
problem_rows <- function(d, rows) {
  d$blocks <- lapply(d$blocks, function(X) X[rows, , drop = FALSE])
  d$counts <- d$counts[rows, , drop = FALSE]
  for (part in c("offset", "weights")) d[[part]] <- d[[part]][rows]
  d
}

# Each neuron's part of the trace of H (H + P)^-1 over all coordinates of groups that are in, its intercept
# included: P has the curvature of every group's norm over all neurons.
joint_freedom <- function(d, population, l) {
  fits <- unclass(population)$fits
  lambda <- fits[[1]]$lambda[l]
  coords <- joint_coords(d)
  columns <- list()
  theta <- owner <- group <- NULL
  for (i in seq_along(fits)) {
    beta <- fits[[i]]$coefficients[, l]
    columns[[i]] <- matrix(1, nrow(d$X))
    theta <- c(theta, 0)
    owner <- c(owner, i)
    group <- c(group, 0)
    for (g in seq_along(coords)) {
      own <- coords[[g]]$own[[i]]
      if (all(beta[own$columns] == 0)) next
      columns[[i]] <- cbind(columns[[i]], d$X[, own$columns, drop = FALSE] %*% own$back)
      theta <- c(theta, own$to %*% beta[own$columns])
      owner <- c(owner, rep(i, own$rank))
      group <- c(group, rep(g, own$rank))
    }
  }
  H <- P <- matrix(0, length(theta), length(theta))
  for (i in seq_along(fits)) {
    eta <- d$X %*% fits[[i]]$coefficients[, l] + fits[[i]]$intercept[l] + d$offset
    h <- d$v[, i] * oracle_curvature(eta, d$y[, i], d$link) / sum(d$v[, i])
    H[owner == i, owner == i] <- crossprod(columns[[i]] * sqrt(as.numeric(h)))
  }
  for (g in setdiff(unique(group), 0)) {
    at <- group == g
    norm <- sqrt(sum(theta[at]^2))
    P[at, at] <- lambda * coords[[g]]$weight / norm * (diag(sum(at)) - tcrossprod(theta[at] / norm))
  }
  as.numeric(tapply(diag(solve(H + P, H)), owner, sum))
}
