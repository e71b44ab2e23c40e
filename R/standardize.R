# standardize.R: the coordinates in which a group is penalised: the one place that knows what
# `standardize` means, there (A_g and w_g) and back (T_g with beta = T_g theta).
#
# With S the weighted covariance of a group's columns and p their number:
#   none        A = I                          w = sqrt(p)
#   group       A = S^(1/2) on its range       w = sqrt(rank S)
#   calibrated  A = (S + t I)^(1/2), t = tr(S) / p,  w = sqrt(tr(S (S + t I)^-1))
# Any A with the same A'A gives the same norm, so A is what is cheap and exact: for "calibrated" the Cholesky
# factor of S + t I, whose condition is at most p + 1; for "group" diag(d)^(1/2) U' from the eigenvalues d and
# eigenvectors U of S.
#
# The rank of S must not depend on the units of a matrix's columns, so it is that of their correlations C. Where S
# itself seems to have another, units are too far apart for it, and A = diag(c)^(1/2) V' D from the eigenvalues c and
# eigenvectors V of C, with D the standard deviations. The functions of a basis have one unit: what hardly any data
# reach is hardly there, and S alone decides.

# Eigenvalues below this share of the largest count as none.
rank_tolerance <- 1e-8

# second: S. noise: per column, or one for all, the variance at or below which it is rounding and the column
# constant. own_units: whether each column has its own. Returns transform (T: p x rank) and weight (w).
penalty_coordinates <- function(second, how, noise = 0, own_units = TRUE) {
  p <- ncol(second)
  if (how == "none") return(list(transform = diag(p), weight = sqrt(p)))
  noise <- rep_len(noise, p)
  varies <- which(diag(second) > noise)
  if (length(varies) == 0) return(list(transform = matrix(0, p, 0), weight = 0))
  if (how == "calibrated") return(ridged_coordinates(second))
  part <- ranked_coordinates(second[varies, varies, drop = FALSE], noise[varies], own_units)
  transform <- matrix(0, p, ncol(part))
  transform[varies, ] <- part
  list(transform = transform, weight = sqrt(ncol(part)))
}

# The same of one group's design_moments().
group_coordinates <- function(moments, how) {
  penalty_coordinates(moments$second, how, moments$noise, moments$own_units)
}

# T of S^(1/2) on its range, for columns that all vary.
ranked_coordinates <- function(second, noise, own_units) {
  plain <- eigen_coordinates(second, noise, rep(1, ncol(second)))
  if (!own_units) return(plain)
  scaled <- eigen_coordinates(second, noise, sqrt(diag(second)))
  if (ncol(scaled) == ncol(plain)) plain else scaled
}

# From the eigenvectors of S in these units.
eigen_coordinates <- function(second, noise, unit) {
  parts <- eigen(second / outer(unit, unit), symmetric = TRUE)
  # not what the entries are off by, either
  keep <- parts$values > max(rank_tolerance * parts$values[1], sum(noise / unit^2))
  parts$vectors[, keep, drop = FALSE] / outer(unit, sqrt(parts$values[keep]))
}

ridged_coordinates <- function(second) {
  p <- ncol(second)
  ridge <- sum(pmax(diag(second), 0)) / p
  inverse <- backsolve(chol(second + diag(ridge, p)), diag(p))
  # tr(S (S + t I)^-1) = p - t tr((S + t I)^-1)
  list(transform = inverse, weight = sqrt(p - ridge * sum(inverse^2)))
}

# Weighted mean and covariance of each covariate's columns, with noise and own_units for penalty_coordinates(); weights
# sum to one.
design_moments <- function(design, weights) {
  fields <- unclass(design)
  lapply(seq_along(fields$blocks), function(g) {
    moments <- .Call(C_moments, fields$blocks[g], as.double(fields$n_obs), weights)
    # what a mean may be off by, as a share of it: sums over bins round more the more bins there are
    rounding <- max(1e-13, fields$n_obs * .Machine$double.eps)
    # a dense block's covariance is that of centred columns, a sparse one's a difference of squares
    is_dense <- is_dense_block(fields$blocks[[g]])
    moments$own_units <- is_dense
    moments$noise <- (if (is_dense) rounding^2 else rounding) * moments$mean^2
    moments
  })
}

# All that the C core must know of the penalty. multiplier: group_weights, per group.
penalty_for <- function(moments, groups, how, multiplier) {
  coordinates <- lapply(seq_along(groups), function(g) {
    base <- group_coordinates(moments[[g]], how)
    if (multiplier[g] > 0) return(base)
    # not penalised: only what the data determine may move
    list(transform = group_coordinates(moments[[g]], "group")$transform, weight = base$weight)
  })
  scale <- vapply(coordinates, `[[`, 0, "weight")
  list(
    size = lengths(groups, use.names = FALSE),
    rank = vapply(coordinates, function(x) ncol(x$transform), 0L),
    column = as.integer(unlist(groups, use.names = FALSE)),
    transform = lapply(coordinates, `[[`, "transform"),
    weight = as.double(scale * multiplier),
    scale = as.double(scale)
  )
}

# A lambda_max below this is rounding: no covariate has anything to do with the counts. scale: of a bin's
# part in the gradient.
signal_floor <- function(moments, penalty, scale) {
  scores <- vapply(seq_along(moments), function(g) {
    if (penalty$weight[g] <= 0 || penalty$rank[g] == 0) return(0)
    transform <- penalty$transform[[g]]
    second <- sum(transform * (moments[[g]]$second %*% transform)) +
      sum(crossprod(transform, moments[[g]]$mean)^2)
    sqrt(max(second, 0)) / penalty$weight[g]
  }, 0)
  1e-13 * scale * max(scores, 0)
}

# A mean above this many standard deviations would cost more than two digits in X b.
large_mean <- 100

centred_copy <- function(block, mean) {
  if (is.null(block$x)) {
    block$table <- centred_copy(block$table, mean)
  } else {
    block$x <- block$x - rep(mean, each = nrow(block$x))
  }
  block
}

# The blocks as the core sees them: dense columns centred, in the passes over the data or, where means
# are large, in a copy. Returns blocks and, per column of the design, what was taken off in copies, and
# in all.
centred_blocks <- function(design, moments) {
  blocks <- unclass(design)$blocks
  off <- taken <- lapply(moments, function(m) numeric(length(m$mean)))
  for (g in seq_along(blocks)) {
    if (!is_dense_block(blocks[[g]])) next
    mean <- as.double(moments[[g]]$mean)
    off[[g]] <- mean
    spread <- sqrt(pmax(diag(moments[[g]]$second), 0))
    if (any(abs(mean) > large_mean * spread & spread > 0)) {
      blocks[[g]] <- centred_copy(blocks[[g]], mean)
      taken[[g]] <- mean
    } else {
      blocks[[g]]$centre <- mean
    }
  }
  list(blocks = unname(blocks), taken = as.double(unlist(taken)), off = as.double(unlist(off)))
}
