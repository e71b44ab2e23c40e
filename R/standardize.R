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
# The rank of S must not depend on the units of a matrix's columns, so it is that of their correlations C.
# Where S itself seems to have another, units are too far apart for it, and A = diag(c)^(1/2) V' D from the
# eigenvalues c and eigenvectors V of C, with D the standard deviations. The functions of a basis have one
# unit: what hardly any data reach is hardly there, and S alone decides.
#
# Where a group has columns of several covariates, t is that of each covariate's part, so that their units
# don't matter: each part is divided by the root of its t, which makes it 1.
#
# Where single columns are penalised, too, by their absolute values or in groups inside a group, coordinates
# must be the columns, each on a scale of its own. There S is its diagonal alone, in all of the above.

# Eigenvalues below this share of the largest count as none.
rank_tolerance <- 1e-8

# second: S. Per column, or one for all: noise, the variance at or below which it is rounding and the column
# constant; own_units, whether the column has its own; part, which covariate it is of. apart: whether each
# column is a coordinate. Returns transform (T: p x rank) and weight (w).
penalty_coordinates <- function(second, how, noise = 0, own_units = TRUE, part = 1, apart = FALSE) {
  p <- ncol(second)
  if (how == "none") return(list(transform = diag(p), weight = sqrt(p)))
  noise <- rep_len(noise, p)
  varies <- diag(second) > noise
  unit <- part_units(diag(second), varies, rep_len(part, p))
  used <- which(if (how == "group") varies else unit > 0)
  if (length(used) == 0) return(list(transform = matrix(0, p, 0), weight = 0))
  unit <- unit[used]
  scaled <- second[used, used, drop = FALSE] / outer(unit, unit)
  own <- if (apart) {
    column_coordinates(diag(scaled), how)
  } else if (how == "group") {
    ranked_coordinates(scaled, noise[used] / unit^2, rep_len(own_units, p)[used])
  } else {
    ridged_coordinates(scaled)
  }
  transform <- matrix(0, p, ncol(own$transform))
  transform[used, ] <- own$transform / unit
  list(transform = transform, weight = own$weight)
}

# The same of one element of group_moments().
group_coordinates <- function(moments, how, apart = FALSE) {
  penalty_coordinates(moments$second, how, moments$noise, moments$own_units, moments$part, apart)
}

# For each column the root of the mean variance of its part; 0 where all of them are constant.
part_units <- function(variance, varies, part) {
  out <- numeric(length(variance))
  for (k in unique(part[varies])) out[part == k] <- sqrt(mean(not_negative(variance[part == k])))
  out
}

# T and w of S^(1/2) on its range, for columns that all vary.
ranked_coordinates <- function(second, noise, own_units) {
  transform <- eigen_coordinates(second, noise, rep(1, ncol(second)))
  if (any(own_units)) {
    scaled <- eigen_coordinates(second, noise, ifelse(own_units, sqrt(diag(second)), 1))
    if (ncol(scaled) != ncol(transform)) transform <- scaled
  }
  list(transform = transform, weight = sqrt(ncol(transform)))
}

# From the eigenvectors of S in these units.
eigen_coordinates <- function(second, noise, unit) {
  parts <- eigen(second / outer(unit, unit), symmetric = TRUE)
  # not what the entries are off by, either
  keep <- parts$values > max(rank_tolerance * parts$values[1], sum(noise / unit^2))
  parts$vectors[, keep, drop = FALSE] / outer(unit, sqrt(parts$values[keep]))
}

# T and w of (S + I)^(1/2).
ridged_coordinates <- function(second) {
  p <- ncol(second)
  inverse <- backsolve(chol(second + diag(p)), diag(p))
  # tr(S (S + I)^-1) = p - tr((S + I)^-1)
  list(transform = inverse, weight = sqrt(p - sum(inverse^2)))
}

# T and w of these two for columns one by one, from their variances.
column_coordinates <- function(variance, how) {
  s <- if (how == "group") variance else variance + 1
  list(transform = diag(1 / sqrt(s), length(s)), weight = sqrt(sum(variance / s)))
}

# Weighted mean, variance (p each) and covariance (second, p x p) of the columns of some covariates' blocks,
# with what penalty_coordinates() asks of each column. size: columns of each block; weights sum to one.
block_moments <- function(blocks, size, weights) {
  moments <- .Call(C_moments, unname(blocks), as.double(length(weights)), weights, row_threads())
  part <- rep(seq_along(blocks), size)
  is_dense <- vapply(blocks, is_dense_block, TRUE, USE.NAMES = FALSE)[part]
  list(mean = moments$mean, second = moments$second, variance = diag(moments$second), part = part,
       own_units = is_dense, noise = rounding_noise(moments$mean, is_dense, length(weights)))
}

# Variances at or below these are rounding.
rounding_noise <- function(mean, is_dense, n_obs) {
  # what a mean may be off by, as a share of it: sums over bins round more the more bins there are
  rounding <- max(1e-13, n_obs * .Machine$double.eps)
  # a dense block's covariance is that of centred columns, a sparse one's a difference of squares
  rounding^(1 + is_dense) * mean^2
}

# The same of one wide matrix, in an environment: its covariance is made when it is asked for, since where
# groups are small parts of the matrix it never is.
wide_moments <- function(block, weights) {
  out <- list2env(list(mean = as.numeric(crossprod(block$x, weights))))
  out$variance <- vapply(seq_along(out$mean), function(j) sum(weights * (block$x[, j] - out$mean[j])^2), 0)
  out$part <- rep(1L, length(out$mean))
  out$own_units <- rep(TRUE, length(out$mean))
  out$noise <- rounding_noise(out$mean, TRUE, length(weights))
  delayedAssign("second", block_moments(list(block), ncol(block$x), weights)$second, assign.env = out)
  out
}

is_wide <- function(block) !is.null(block$x) && ncol(block$x) >= wide_matrix

# The moments of each covariate.
design_moments <- function(design, weights) {
  fields <- unclass(design)
  lapply(seq_along(fields$blocks), function(g) {
    block <- fields$blocks[[g]]
    if (is_wide(block)) wide_moments(block, weights) else block_moments(list(block), fields$size[g], weights)
  })
}

# The moments of each group (all_groups()), from those of the covariates where they have them.
group_moments <- function(design, moments, groups, weights) {
  if (are_covariates(all_groups(groups), design)) return(moments)
  fields <- unclass(design)
  columns <- unname(all_groups(groups))
  owner <- column_owner(fields)
  apart <- fields$size > 0 & vapply(fields$blocks, is_wide, TRUE, USE.NAMES = FALSE) & small_parts(columns, owner)
  covariates <- lapply(columns, function(x) sort(unique(owner[x])))
  # of covariates together, once for each set of them that groups have
  sets <- unique(covariates[lengths(covariates) > 1 & !vapply(covariates, function(x) any(apart[x]), TRUE)])
  together <- lapply(sets, function(set) block_moments(fields$blocks[set], fields$size[set], weights))
  lapply(seq_along(columns), function(g) {
    set <- covariates[[g]]
    if (any(apart[set])) return(part_moments(fields, columns[[g]], weights))
    from <- if (length(set) == 1) moments[[set]] else together[[match(list(set), sets)]]
    at <- match(columns[[g]], which(owner %in% set))
    moments_at(from, at)
  })
}

moments_at <- function(moments, at) {
  list(mean = moments$mean[at], second = moments$second[at, at, drop = FALSE], noise = moments$noise[at],
       own_units = moments$own_units[at], part = moments$part[at])
}

# For each covariate whether products of its columns within groups are fewer than those of all with all.
small_parts <- function(columns, owner) {
  inside <- vapply(columns, function(x) tabulate(owner[x], max(owner))^2, double(max(owner)))
  rowSums(matrix(inside, max(owner))) < tabulate(owner)^2
}

# The moments of some columns, of which those of matrices are copied.
part_moments <- function(fields, columns, weights) {
  owner <- column_owner(fields)
  set <- sort(unique(owner[columns]))
  blocks <- fields$blocks[set]
  size <- fields$size[set]
  kept <- which(owner %in% set)
  for (i in which(vapply(blocks, is_wide, TRUE))) {
    own <- which(owner == set[i])
    used <- own %in% columns
    blocks[[i]] <- list(x = blocks[[i]]$x[, used, drop = FALSE])
    size[i] <- sum(used)
    kept <- setdiff(kept, own[!used])
  }
  moments_at(block_moments(blocks, size, weights), match(columns, kept))
}

# Of each named group w, with the user's factor and without it, and the penalty with other weights: `rows`
# says where among the core's groups and their parts a named one is.
named_weights <- function(penalty) {
  weights <- c(penalty$weight, penalty$part_weight)
  if (is.null(penalty$rows)) weights else weights[penalty$rows]
}

named_scales <- function(penalty) c(penalty$scale, penalty$part_scale)[penalty$rows]

with_weights <- function(penalty, weights) {
  all <- c(penalty$weight, penalty$part_weight)
  all[penalty$rows] <- as.double(weights)
  penalty$weight <- all[seq_along(penalty$weight)]
  if (!is.null(penalty$part_weight)) penalty$part_weight <- all[-seq_along(penalty$weight)]
  penalty
}

# All that the C core must know of the penalty. moments: of group_moments(); groups: of read_groups(); how: a
# penalty_shape(), or `standardize` alone; multiplier: group_weights, per group in groups$columns. The last
# n_free groups are the free ones. rows: of the core's results, those of the named groups.
penalty_for <- function(moments, groups, how, multiplier) {
  shape <- if (is.list(how)) how else penalty_shape(how)
  if (has_nested(groups)) return(nested_penalty(moments, groups, shape, multiplier))
  penalty <- block_penalty(moments, groups, shape, multiplier, rep(shape$lasso_share > 0, length(moments)))
  penalty$rows <- seq_along(groups$columns)
  penalty
}

# The same of groups without groups inside; apart: for each, whether its columns are its coordinates.
block_penalty <- function(moments, groups, shape, multiplier, apart) {
  multiplier <- c(multiplier, numeric(length(groups$free)))
  transform <- vector("list", length(moments))
  scale <- spread <- numeric(length(moments))
  for (g in seq_along(moments)) {
    own <- moments[[g]]
    coordinates <- group_coordinates(own, shape$standardize, apart[g])
    scale[g] <- coordinates$weight
    # not penalised: only what the data determine may move
    if (multiplier[g] == 0) coordinates <- group_coordinates(own, "group")
    t <- transform[[g]] <- coordinates$transform
    spread[g] <- sum(t * (own$second %*% t)) + sum(crossprod(t, own$mean)^2)
  }
  columns <- all_groups(groups)
  list(
    size = lengths(columns, use.names = FALSE), rank = vapply(transform, ncol, 0L),
    column = as.integer(unlist(columns, use.names = FALSE)), transform = transform,
    weight = as.double(scale * multiplier), scale = scale,
    lasso = as.double(shape$lasso_share), ridge = as.double(shape$ridge_share), spread = spread,
    n_free = length(groups$free)
  )
}

# A lambda_max below this is rounding: no covariate has anything to do with the counts. scale: of a bin's
# part in the gradient.
signal_floor <- function(penalty, scale) {
  counts <- penalty$weight > 0 & penalty$rank > 0
  share <- norm_share(penalty, penalty$rank[counts])
  1e-13 * scale * max(sqrt(not_negative(penalty$spread[counts])) / penalty$weight[counts] / share, 0)
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
  off <- taken <- lapply(unclass(design)$size, numeric)
  for (g in seq_along(blocks)) {
    if (!is_dense_block(blocks[[g]])) next
    mean <- as.double(moments[[g]]$mean)
    off[[g]] <- mean
    spread <- sqrt(not_negative(moments[[g]]$variance))
    if (any(abs(mean) > large_mean * spread & spread > 0)) {
      blocks[[g]] <- centred_copy(blocks[[g]], mean)
      taken[[g]] <- mean
    } else {
      blocks[[g]]$centre <- mean
    }
  }
  list(blocks = unname(blocks), taken = as.double(unlist(taken)), off = as.double(unlist(off)))
}
