# helper-groups.R: the certificate of groups of columns, from the definition of the penalty, in plain R:
# groups may be parts of a covariate, go across covariates, overlap (latent), and leave columns free.

# T and w of one group: its columns X, the covariate that each is of, prior weights. free: not penalised.
oracle_group_coords <- function(X, part, v, how, free = FALSE) {
  p <- ncol(X)
  share <- v / sum(v)
  centred <- X - rep(colSums(share * X), each = nrow(X))
  S <- crossprod(sqrt(share) * centred)
  variance <- ave(diag(S), part)
  varies <- variance > 1e-28 * ave(colSums(share * X^2), part)
  if (how == "none" && !free) return(list(back = diag(p), weight = sqrt(p)))
  back <- matrix(0, p, sum(varies))
  if (!any(varies)) return(list(back = back, weight = 0))
  scale <- 1 / sqrt(variance[varies])
  parts <- eigen(S[varies, varies, drop = FALSE] * outer(scale, scale), symmetric = TRUE)
  d <- pmax(parts$values, 0)
  full <- d > 1e-8 * d[1]
  weight <- switch(how, none = sqrt(p), group = sqrt(sum(full)), calibrated = sqrt(sum(d / (d + 1))))
  on_range <- free || how == "group"
  back[varies, ] <- scale * parts$vectors %*% diag(1 / sqrt(if (on_range) pmax(d, 1e-300) else d + 1), length(d))
  list(back = back[, full | !on_range, drop = FALSE], weight = weight)
}

# The KKT residual of one solution. X: all columns; owner: the covariate of each; sets: columns of each group;
# free: columns of each free part; norms: of the groups' parts. For an optimum each group's gradient, in its
# coordinates, is no longer than lambda w; it is as long where the group is in, and the coefficients are the
# sum of parts of these norms along minus these gradients. Returns the largest violation, relative to lambda
# w, to the coefficients' norm and to the spikes.
latent_residual <- function(X, owner, sets, y, intercept, beta, norms, lambda, how, offset = 0,
                            v = rep(1, length(y)), mult = rep(1, length(sets)), free = list(), link = "log") {
  eta <- as.numeric(intercept + offset + X %*% beta)
  r <- v * oracle_slope(eta, y, link)
  gradient <- as.numeric(crossprod(X, r)) / sum(v)
  worst <- abs(sum(r)) / sum(v * y)
  rest <- beta
  for (g in seq_along(sets)) {
    at <- sets[[g]]
    coords <- oracle_group_coords(X[, at, drop = FALSE], owner[at], v, how, mult[g] == 0)
    if (coords$weight == 0) next
    slope <- as.numeric(crossprod(coords$back, gradient[at]))
    size <- sqrt(sum(slope^2))
    tau <- lambda * coords$weight * mult[g]
    if (mult[g] == 0) {
      worst <- max(worst, size / (lambda * coords$weight))
      free <- c(free, sets[g])
    } else if (norms[g] == 0) {
      worst <- max(worst, (size - tau) / tau)
    } else {
      worst <- max(worst, abs(size - tau) / tau)
      rest[at] <- rest[at] + coords$back %*% (norms[g] * slope / size)
    }
  }
  for (at in free) {
    coords <- oracle_group_coords(X[, at, drop = FALSE], owner[at], v, how, TRUE)
    if (coords$weight == 0) next
    worst <- max(worst, sqrt(sum(crossprod(coords$back, gradient[at])^2)) / (lambda * coords$weight))
  }
  left <- setdiff(seq_along(beta), unlist(free))
  max(worst, sqrt(sum(rest[left]^2)) / max(sqrt(sum(beta^2)), .Machine$double.xmin))
}

# The same at all points of a path.
latent_residuals <- function(path, free = unname(path$free), mult = rep(1, length(path$groups))) {
  X <- as.matrix(path$design)
  owner <- rep(seq_along(path$design),
               vapply(names(path$design), function(name) ncol(path$design[[name]]), 1L))
  n <- length(path$counts)
  vapply(seq_along(path$lambda), function(l) {
    latent_residual(X, owner, unname(path$groups), path$counts, path$intercept[l], path$coefficients[, l],
                    path$group_norms[, l], path$lambda[l], path$standardize, path$offset %||% numeric(n),
                    path$weights %||% rep(1, n), mult, free, path$link)
  }, 0)
}

# The optimum by proximal gradients with acceleration and restarts, in the latent parts: slow, and nothing of
# the solver's. Returns list(beta, intercept, objective).
brute_latent <- function(X, owner, sets, y, lambda, how, free = list(), steps = 2e5) {
  n <- length(y)
  v <- rep(1, n)
  coords <- lapply(sets, function(at) oracle_group_coords(X[, at, drop = FALSE], owner[at], v, how))
  Z <- do.call(cbind, c(list(rep(1, n), X[, unlist(free), drop = FALSE]),
                        Map(function(at, c) X[, at, drop = FALSE] %*% c$back, sets, coords)))
  group <- c(rep(0, 1 + length(unlist(free))),
             rep(seq_along(sets), vapply(coords, function(c) ncol(c$back), 1L)))
  tau <- lambda * vapply(coords, `[[`, 0, "weight")
  loss <- function(x) mean(exp(Z %*% x) - y * (Z %*% x))
  penalty <- function(x) sum(vapply(seq_along(sets), function(g) tau[g] * sqrt(sum(x[group == g]^2)), 0))
  shrink <- function(x, step) {
    for (g in seq_along(sets)) {
      size <- sqrt(sum(x[group == g]^2))
      x[group == g] <- if (size <= step * tau[g]) 0 else x[group == g] * (1 - step * tau[g] / size)
    }
    x
  }
  x <- z <- c(log(mean(y)), numeric(ncol(Z) - 1))
  step <- momentum <- 1
  for (i in seq_len(steps)) {
    slope <- as.numeric(crossprod(Z, exp(Z %*% z) - y)) / n
    repeat {
      new <- shrink(z - step * slope, step)
      d <- new - z
      if (loss(new) <= loss(z) + sum(slope * d) + sum(d^2) / (2 * step) + 1e-15) break
      step <- step / 2
    }
    if (sqrt(sum((new - z)^2)) < 1e-11 * step) break
    if (sum((z - new) * (new - x)) > 0) momentum <- 1
    following <- (1 + sqrt(1 + 4 * momentum^2)) / 2
    z <- new + (momentum - 1) / following * (new - x)
    x <- new
    momentum <- following
    step <- step * 1.02
  }
  beta <- numeric(ncol(X))
  beta[unlist(free)] <- x[seq_along(unlist(free)) + 1]
  for (g in seq_along(sets)) beta[sets[[g]]] <- beta[sets[[g]]] + coords[[g]]$back %*% x[group == g]
  list(beta = beta, intercept = x[1], objective = loss(x) + penalty(x), fitted = as.numeric(exp(Z %*% x)))
}
