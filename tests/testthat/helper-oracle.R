# helper-oracle.R: what answers are compared with. Slow, in plain R, from the definitions, without
# any code of the package.

# ---- bases: formulas, values inside the bounds -----------------------------------------------------

oracle_rescale <- function(x, bounds) {
  if (diff(bounds) == 0) return(0 * x)
  (x - bounds[1]) / (bounds[2] - bounds[1])
}

# Knots of n B-splines of an order on [0, 1]; inner: NULL for equally spaced ones.
oracle_knots <- function(n, order, inner = NULL) {
  if (is.null(inner)) inner <- seq_len(n - order) / (n - order + 1)
  c(rep(0, order), inner, rep(1, order))
}

# B-splines through splines::splineDesign. knots: inner ones, in units of x.
oracle_bspline <- function(x, n, order = 4, bounds = range(x, na.rm = TRUE), knots = NULL) {
  u <- oracle_rescale(x, bounds)
  if (!is.null(knots)) knots <- oracle_rescale(knots, bounds)
  out <- matrix(NA_real_, length(x), n)
  known <- !is.na(u)
  out[known, ] <- splines::splineDesign(oracle_knots(n, order, knots), u[known], ord = order)
  out
}

# The same by the recursion of Cox and de Boor, each function from its definition.
oracle_bspline_recursive <- function(x, n, order = 4, bounds = range(x, na.rm = TRUE), knots = NULL) {
  u <- oracle_rescale(x, bounds)
  if (!is.null(knots)) knots <- oracle_rescale(knots, bounds)
  t <- oracle_knots(n, order, knots)
  over <- function(a, b) if (b > 0) a / b else 0 * a
  # the last interval that is not empty is closed at its right end
  last <- max(which(diff(t) > 0))
  b <- function(i, k) {
    if (k == 1) return((t[i] <= u & u < t[i + 1]) + (i == last & u == t[i + 1]))
    over(u - t[i], t[i + k - 1] - t[i]) * b(i, k - 1) +
      over(t[i + k] - u, t[i + k] - t[i + 1]) * b(i + 1, k - 1)
  }
  out <- vapply(seq_len(n), function(i) as.double(b(i, order)), double(length(x)))
  matrix(out, length(x), n)
}

# n periodic B-splines: function j is the sum over all periods of one uniform B-spline, whose support
# starts at (j - order) / n.
oracle_cyclic <- function(x, n, order = 4, bounds) {
  u <- oracle_rescale(x, bounds)
  u <- u - floor(u)
  bump <- function(s) { # the uniform B-spline on [0, order], by its truncated powers
    total <- 0 * s
    for (i in 0:order) total <- total + (-1)^i * choose(order, i) * pmax(s - i, 0)^(order - 1)
    ifelse(s > 0 & s < order, total / factorial(order - 1), 0)
  }
  out <- vapply(seq_len(n), function(j) {
    Reduce(`+`, lapply(-1:1, function(period) bump(n * (u + period) - (j - order))))
  }, double(length(x)))
  matrix(out, length(x), n)
}

oracle_raised_cosine <- function(x, n, width = 2, bounds = range(x, na.rm = TRUE)) {
  u <- oracle_rescale(x, bounds)
  spacing <- 1 / (n - 1)
  peaks <- (seq_len(n) - 1) / (n - 1)
  out <- vapply(peaks, function(peak) {
    angle <- pi * (u - peak) / (spacing * width)
    ifelse(abs(angle) < pi, 0.5 * (1 + cos(angle)), 0)
  }, double(length(x)))
  matrix(out, length(x), n)
}

# The same on the axis of the logarithm.
oracle_raised_cosine_log <- function(x, n, width = 2, scaling = 50, decay = TRUE,
                                     bounds = range(x, na.rm = TRUE)) {
  v <- log(scaling * oracle_rescale(x, bounds) + 1) / log(scaling + 1)
  peaks <- seq(0, if (decay) 1 - width / (n + width - 1) else 1, length.out = n)
  out <- vapply(peaks, function(peak) {
    angle <- pi * (v - peak) / ((peaks[2] - peaks[1]) * width)
    0.5 * (1 + cos(pmin(pmax(angle, -pi), pi)))
  }, double(length(x)))
  matrix(out, length(x), n)
}

# M-splines by their own recursion (Ramsay 1988), in the units of x.
oracle_mspline <- function(x, n, order = 4, bounds = range(x, na.rm = TRUE), knots = NULL) {
  if (is.null(knots)) knots <- bounds[1] + diff(bounds) * seq_len(n - order) / (n - order + 1)
  t <- c(rep(bounds[1], order), knots, rep(bounds[2], order))
  last <- max(which(diff(t) > 0))
  m <- function(i, k) {
    reach <- t[i + k] - t[i]
    if (reach == 0) return(0 * x)
    if (k == 1) return(((t[i] <= x & x < t[i + 1]) | (i == last & x == t[i + 1])) / reach)
    k * ((x - t[i]) * m(i, k - 1) + (t[i + k] - x) * m(i + 1, k - 1)) / ((k - 1) * reach)
  }
  out <- vapply(seq_len(n), function(i) as.double(m(i, order)), double(length(x)))
  matrix(out, length(x), n)
}

# Natural splines: B-splines of order 4, their ends combined by the second derivatives that splineDesign gives.
oracle_natural <- function(x, n, bounds = range(x, na.rm = TRUE), knots = NULL) {
  if (is.null(knots)) knots <- bounds[1] + diff(bounds) * seq_len(n - 2) / (n - 1)
  t <- oracle_knots(n + 2, 4, oracle_rescale(knots, bounds))
  bend <- splines::splineDesign(t, c(0, 1), derivs = c(2, 2))
  share <- function(at, other) at / (at + other)
  B <- oracle_bspline(x, n + 2, 4, bounds, knots)
  a <- share(bend[1, 1], bend[1, 3])
  b <- share(bend[2, n + 2], bend[2, n])
  N <- B[, 2:(n + 1), drop = FALSE]
  N[, 1] <- B[, 1] + a * B[, 2]
  N[, 2] <- B[, 3] + (1 - a) * B[, 2]
  N[, n - 1] <- N[, n - 1] + (1 - b) * B[, n + 1]
  N[, n] <- B[, n + 2] + b * B[, n + 1]
  N
}

oracle_fourier <- function(x, frequencies, bounds) {
  angle <- 2 * pi * outer(oracle_rescale(x, bounds), frequencies)
  cbind(cos(angle), sin(angle[, frequencies > 0, drop = FALSE]))
}

# Left singular vectors of exponentials over x, positive at the lower bound.
oracle_orth_exponential <- function(x, rates, bounds = range(x, na.rm = TRUE)) {
  E <- exp(-outer(oracle_rescale(x, bounds), rates))
  parts <- svd(E)
  at_lower <- colSums(parts$v %*% diag(1 / parts$d, length(rates)))
  parts$u %*% diag(sign(at_lower), length(rates))
}

# Row-wise Kronecker product: the last factor's column runs fastest.
oracle_product <- function(...) {
  factors <- list(...)
  out <- t(vapply(seq_len(nrow(factors[[1]])), function(t) {
    Reduce(function(a, b) as.vector(outer(b, a)), lapply(factors, function(f) f[t, ]))
  }, double(prod(vapply(factors, ncol, 1L)))))
  matrix(out, nrow(factors[[1]]))
}

# ---- the problem -----------------------------------------------------------------------------------

# Coordinates of one group's penalty w ||theta||: theta = to %*% beta, beta = back %*% theta.
penalty_coords <- function(X, v, how) {
  X <- as.matrix(X)
  p <- ncol(X)
  if (how == "none") return(list(to = diag(p), back = diag(p), weight = sqrt(p)))
  share <- v / sum(v)
  centred <- X - rep(colSums(share * X), each = nrow(X))
  S <- crossprod(sqrt(share) * centred)
  empty <- list(to = matrix(0, 0, p), back = matrix(0, p, 0), weight = 0)
  if (sum(diag(S)) <= 1e-28 * sum(share * X^2)) return(empty)
  if (how == "calibrated") {
    parts <- eigen(S, symmetric = TRUE)
    d <- pmax(parts$values, 0)
    s <- d + sum(d) / p
    u <- parts$vectors
    return(list(to = sqrt(s) * t(u), back = u %*% diag(1 / sqrt(s), p), weight = sqrt(sum(d / s))))
  }
  if (how != "group") stop("unknown standardize: ", how)
  # S on its range, whose dimension is that of the correlations; in units in which S shows it
  varies <- diag(S) > 1e-28 * colSums(share * X^2)
  sd <- ifelse(varies, sqrt(diag(S)), Inf)
  rank_in <- function(unit) {
    d <- eigen(S / outer(unit, unit), symmetric = TRUE, only.values = TRUE)$values
    sum(d > 1e-8 * d[1])
  }
  rank <- rank_in(sd)
  unit <- if (rank_in(rep(1, p)) == rank) ifelse(varies, 1, Inf) else sd
  parts <- eigen(S / outer(unit, unit), symmetric = TRUE)
  u <- parts$vectors[, seq_len(rank), drop = FALSE]
  root <- sqrt(parts$values[seq_len(rank)])
  list(to = root * t(u * ifelse(varies, unit, 0)), back = u / outer(unit, root), weight = sqrt(rank))
}

oracle_split <- function(blocks, beta) {
  sizes <- vapply(blocks, function(X) ncol(as.matrix(X)), 1L)
  stopifnot(length(beta) == sum(sizes))
  unname(split(unname(as.numeric(beta)), factor(rep(seq_along(blocks), sizes), seq_along(blocks))))
}

# The linear predictor.
oracle_link <- function(blocks, intercept, beta, offset = 0) {
  eta <- as.numeric(intercept) + offset
  parts <- oracle_split(blocks, beta)
  for (g in seq_along(blocks)) eta <- eta + as.numeric(as.matrix(blocks[[g]]) %*% parts[[g]])
  as.numeric(eta)
}

# The expected count: exp(eta), or log(1 + exp(eta)) written so that it doesn't overflow.
oracle_rate <- function(eta, link = "log") {
  if (link == "log") return(exp(eta))
  pmax(eta, 0) + log1p(exp(-abs(eta)))
}

# Derivatives of a bin's loss mu - y log mu in eta: the first, and the second.
oracle_slope <- function(eta, y, link = "log") {
  if (link == "log") return(exp(eta) - y)
  (1 - y / oracle_rate(eta, link)) / (1 + exp(-eta))
}

oracle_curvature <- function(eta, y, link = "log") {
  if (link == "log") return(exp(eta))
  mu <- oracle_rate(eta, link)
  p <- 1 / (1 + exp(-eta))
  y * p^2 / mu^2 + (1 - y / mu) * p * (1 - p)
}

# Gradient of the loss by column, one vector per group.
oracle_gradients <- function(blocks, y, eta, v, link = "log") {
  r <- v * oracle_slope(eta, y, link) / sum(v)
  lapply(blocks, function(X) as.numeric(crossprod(as.matrix(X), r)))
}

# The linear predictor of the maximum-likelihood fit with the softplus link on the columns of X: optim(), and
# Newton steps from there. Redundant columns are left out.
oracle_softplus_fit <- function(X, y, offset = 0, v = rep(1, length(y))) {
  X <- cbind(rep(1, length(y)), X)
  parts <- qr(X, tol = 1e-9)
  X <- X[, parts$pivot[seq_len(parts$rank)], drop = FALSE]
  v <- v / sum(v)
  eta <- function(b) as.numeric(X %*% b) + offset
  loss <- function(b) {
    mu <- oracle_rate(eta(b), "softplus")
    sum((v * (mu - ifelse(y > 0, y * log(mu), 0)))[v > 0])
  }
  slope <- function(b) as.numeric(crossprod(X, v * oracle_slope(eta(b), y, "softplus")))
  start <- c(log(expm1(sum(v * y))) - sum(v * offset), numeric(ncol(X) - 1))
  b <- stats::optim(start, loss, slope, method = "BFGS", control = list(reltol = 1e-15, maxit = 5000))$par
  for (i in 1:10) {
    H <- crossprod(X * (v * oracle_curvature(eta(b), y, "softplus")), X)
    b <- b - solve(H, slope(b), tol = 1e-20)
  }
  stopifnot(max(abs(slope(b))) < 1e-12)
  eta(b)
}

# The smallest lambda at which every penalised group is out: scores of the model without them.
oracle_lambda_max <- function(blocks, y, how = "none", offset = 0, v = rep(1, length(y)),
                              mult = rep(1, length(blocks)), link = "log") {
  free <- blocks[mult == 0]
  eta <- oracle_free_fit(lapply(free, as.matrix), y, rep_len(offset, length(y)), v, link)
  gradients <- oracle_gradients(blocks, y, eta, v, link)
  scores <- vapply(which(mult > 0), function(g) {
    coords <- penalty_coords(blocks[[g]], v, how)
    if (coords$weight == 0) return(0)
    sqrt(sum(crossprod(coords$back, gradients[[g]])^2)) / (coords$weight * mult[g])
  }, 0)
  max(scores, 0)
}

# The linear predictor of the model with the free groups alone.
oracle_free_fit <- function(free, y, offset, v, link) {
  if (link == "softplus") return(oracle_softplus_fit(do.call(cbind, free), y, offset, v))
  X <- do.call(cbind, c(list(rep(1, length(y))), free))
  if (ncol(X) == 1) {
    return(log(sum(v * y) / sum(v * exp(offset))) + offset)
  }
  independent <- qr(X, tol = 1e-9) # glm.fit() itself sees no rank at so small an epsilon
  X <- X[, independent$pivot[seq_len(independent$rank)], drop = FALSE]
  fit <- suppressWarnings(stats::glm.fit(
    X, y, weights = v, offset = offset, family = stats::poisson(),
    control = stats::glm.control(epsilon = 1e-14, maxit = 200)
  ))
  fit$linear.predictors
}

# The largest relative KKT residual over groups and intercept (see group_lasso()). At lambda = 0, and
# for a group that is not penalised, relative to what the penalty is at lambda_max or would be at
# lambda.
kkt_residual <- function(blocks, y, intercept, beta, lambda, how = "none", offset = 0,
                         v = rep(1, length(y)), mult = rep(1, length(blocks)), link = "log") {
  eta <- oracle_link(blocks, intercept, beta, offset)
  parts <- oracle_split(blocks, beta)
  gradients <- oracle_gradients(blocks, y, eta, v, link)
  unit <- if (lambda > 0) lambda else oracle_lambda_max(blocks, y, how, offset, v, mult, link)
  worst <- abs(sum(v * oracle_slope(eta, y, link))) / sum(v * y)
  for (g in seq_along(blocks)) {
    coords <- penalty_coords(blocks[[g]], v, how)
    if (coords$weight == 0) next
    weight <- coords$weight * mult[g]
    scale <- if (mult[g] > 0) weight else coords$weight
    # what the data determine of a group that is not penalised
    if (mult[g] == 0) coords <- penalty_coords(blocks[[g]], v, "group")
    theta <- as.numeric(coords$to %*% parts[[g]])
    slope <- as.numeric(crossprod(coords$back, gradients[[g]]))
    norm <- sqrt(sum(theta^2))
    residual <- if (norm > 0) {
      sqrt(sum((slope + lambda * weight * theta / norm)^2))
    } else {
      max(0, sqrt(sum(slope^2)) - lambda * weight)
    }
    worst <- max(worst, residual / (unit * scale))
  }
  worst
}

# (1/V) sum v (mu - y log mu) + lambda sum w ||A beta||
objective <- function(blocks, y, intercept, beta, lambda, how = "none", offset = 0,
                      v = rep(1, length(y)), mult = rep(1, length(blocks)), link = "log") {
  mu <- oracle_rate(oracle_link(blocks, intercept, beta, offset), link)
  parts <- oracle_split(blocks, beta)
  penalty <- vapply(seq_along(blocks), function(g) {
    coords <- penalty_coords(blocks[[g]], v, how)
    coords$weight * mult[g] * sqrt(sum((coords$to %*% parts[[g]])^2))
  }, 0)
  sum(v * (mu - y * log(mu))) / sum(v) + lambda * sum(penalty)
}

# ---- a fitted path ---------------------------------------------------------------------------------

# Linear interpolation in lambda between the columns of x, by hand, one lambda at a time. Outside the
# fitted lambdas the nearest end.
oracle_interpolate <- function(fitted, x, lambda) {
  out <- vapply(lambda, function(l) {
    if (l >= max(fitted)) return(x[, which.max(fitted)])
    if (l <= min(fitted)) return(x[, which.min(fitted)])
    above <- which(fitted >= l & fitted == min(fitted[fitted >= l]))[1]
    below <- which(fitted <= l & fitted == max(fitted[fitted <= l]))[1]
    if (above == below || fitted[above] == fitted[below]) return(x[, above])
    part <- (l - fitted[below]) / (fitted[above] - fitted[below])
    x[, below] + part * (x[, above] - x[, below])
  }, double(nrow(x)))
  matrix(out, nrow(x))
}

# Degrees of freedom of a solution, the intercept included (Vaiter et al. 2017): the trace of
# (H + P)^-1 H over the coordinates of the active groups, H the Hessian of the loss, P that of the
# penalty. In coordinates whose first is the direction of theta, P is diagonal; directions in which
# neither has curvature don't count.
oracle_df <- function(blocks, y, intercept, beta, lambda, how = "none", offset = 0,
                      v = rep(1, length(y)), mult = rep(1, length(blocks)), link = "log") {
  h <- oracle_curvature(oracle_link(blocks, intercept, beta, offset), y, link)
  parts <- oracle_split(blocks, beta)
  X <- matrix(1, length(y))
  P <- 0
  for (g in which(vapply(parts, function(b) any(b != 0), TRUE))) {
    coords <- penalty_coords(blocks[[g]], v, how)
    theta <- as.numeric(coords$to %*% parts[[g]])
    along <- qr.Q(qr(cbind(theta, diag(length(theta)))))
    X <- cbind(X, as.matrix(blocks[[g]]) %*% coords$back %*% along)
    P <- c(P, 0, rep(lambda * coords$weight * mult[g] / sqrt(sum(theta^2)), length(theta) - 1))
  }
  H <- crossprod(X * sqrt(v * h / sum(v)))
  scale <- sqrt(diag(H) + P)
  scale[scale == 0] <- 1
  H <- H / outer(scale, scale)
  parts <- eigen(H + diag(P / scale^2, length(P)), symmetric = TRUE)
  keep <- parts$values > 1e-9 * parts$values[1]
  u <- parts$vectors[, keep, drop = FALSE]
  sum(colSums(u * (H %*% u)) / parts$values[keep])
}
