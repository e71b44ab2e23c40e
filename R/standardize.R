# standardize.R: the coordinates in which a group is penalised: the one place that knows what
# `standardize` means, there (A_g and w_g) and back (T_g with beta = T_g theta).
#
# With S the weighted covariance of a group's columns and p their number:
#   none        A = I                          w = sqrt(p)
#   group       A = S^(1/2) on its range       w = sqrt(rank S)
#   calibrated  A = (S + t I)^(1/2), t = tr(S) / p,  w = sqrt(tr(S (S + t I)^-1))
# Any A with the same A'A gives the same norm; here A is diag(s)^(1/2) U' from the eigenvectors U. Where a group has
# columns of several covariates, t is that of each covariate's part, so that their units don't matter: each part is
# divided by the root of its t, which makes it 1.

# Eigenvalues of a group's covariance below this share of the largest count as none.
rank_tolerance <- 1e-8

# moments: list(second: S; noise: per column, a variance at or below it is rounding: the column is constant; part:
# which covariate, from 1, each column is of). Returns transform (T: p x rank) and weight (w).
penalty_coordinates <- function(moments, how) {
  second <- moments$second
  p <- ncol(second)
  if (how == "none") return(list(transform = diag(p), weight = sqrt(p)))
  unit <- part_units(moments)
  varies <- unit > 0
  if (!any(varies)) return(list(transform = matrix(0, p, 0), weight = 0))
  parts <- eigen(second[varies, varies, drop = FALSE] / outer(unit[varies], unit[varies]), symmetric = TRUE)
  values <- pmax(parts$values, 0)
  curvature <- if (how == "group") values else values + 1
  keep <- if (how == "group") values > rank_tolerance * values[1] else rep(TRUE, length(values))
  transform <- matrix(0, p, sum(keep))
  transform[varies, ] <- parts$vectors[, keep, drop = FALSE] / unit[varies] *
    rep(1 / sqrt(curvature[keep]), each = sum(varies))
  list(transform = transform, weight = sqrt(sum((values / curvature)[keep])))
}

# For each column the root of the mean variance of its covariate's columns in the group; 0 where all are constant.
part_units <- function(moments) {
  variance <- diag(moments$second)
  out <- numeric(length(variance))
  for (k in unique(moments$part)) {
    at <- moments$part == k
    if (sum(variance[at]) > sum(moments$noise[at])) out[at] <- sqrt(mean(variance[at]))
  }
  out
}

# Weighted mean (p), covariance (p x p), noise and part (p, see above) of some covariates' columns; weights sum to
# one.
block_moments <- function(fields, covariates, weights) {
  moments <- .Call(C_moments, unname(fields$blocks[covariates]), as.double(fields$n_obs), weights)
  # what the mean may be off by, as a share of it: sums over bins round more the more bins there are
  rounding <- max(1e-13, fields$n_obs * .Machine$double.eps)
  # a dense block's covariance is that of centred columns, a sparse one's a difference of squares
  is_dense <- vapply(fields$blocks[covariates], is_dense_block, TRUE)
  moments$part <- rep(seq_along(covariates), fields$size[covariates])
  moments$noise <- ifelse(is_dense, rounding^2, rounding)[moments$part] * moments$mean^2
  moments
}

# The moments of each covariate.
design_moments <- function(design, weights) {
  fields <- unclass(design)
  lapply(seq_along(fields$blocks), function(g) block_moments(fields, g, weights))
}

# The moments of each group (all_groups()), from those of the covariates where a group is part of one.
group_moments <- function(design, moments, groups, weights) {
  fields <- unclass(design)
  owner <- column_owner(fields)
  columns <- unname(all_groups(groups))
  covariates <- lapply(columns, function(x) unique(owner[x]))
  sets <- unique(lapply(covariates, sort))
  whole <- lapply(sets, function(set) {
    if (length(set) == 1) moments[[set]] else block_moments(fields, set, weights)
  })
  lapply(seq_along(columns), function(g) {
    set <- sort(covariates[[g]])
    from <- whole[[match(list(set), sets)]]
    at <- match(columns[[g]], which(owner %in% set))
    list(mean = from$mean[at], second = from$second[at, at, drop = FALSE], noise = from$noise[at],
         part = from$part[at])
  })
}

# All that the C core must know of the penalty. moments: of group_moments(); groups: of read_groups(); multiplier:
# group_weights, per group in groups$columns. The last n_free groups are the free ones.
penalty_for <- function(moments, groups, how, multiplier) {
  multiplier <- c(multiplier, numeric(length(groups$free)))
  coordinates <- lapply(seq_along(moments), function(g) {
    base <- penalty_coordinates(moments[[g]], how)
    if (multiplier[g] > 0) return(base)
    # not penalised: only what the data determine may move
    list(transform = penalty_coordinates(moments[[g]], "group")$transform, weight = base$weight)
  })
  transform <- lapply(coordinates, `[[`, "transform")
  scale <- vapply(coordinates, `[[`, 0, "weight")
  list(
    size = lengths(all_groups(groups), use.names = FALSE),
    rank = vapply(transform, ncol, 0L),
    column = as.integer(unlist(all_groups(groups), use.names = FALSE)),
    transform = transform,
    weight = as.double(scale * multiplier),
    scale = as.double(scale),
    spread = vapply(seq_along(moments), function(g) {
      sum(transform[[g]] * (moments[[g]]$second %*% transform[[g]])) +
        sum(crossprod(transform[[g]], moments[[g]]$mean)^2)
    }, 0),
    n_free = length(groups$free)
  )
}

# A lambda_max below this is rounding: no covariate has anything to do with the counts. scale: of a bin's
# part in the gradient.
signal_floor <- function(penalty, scale) {
  counts <- penalty$weight > 0 & penalty$rank > 0
  1e-13 * scale * max(sqrt(pmax(penalty$spread[counts], 0)) / penalty$weight[counts], 0)
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
