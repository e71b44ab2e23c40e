# standardize.R: the coordinates in which a group is penalised: the one place that knows what
# `standardize` means, there (A_g and w_g) and back (T_g with beta = T_g theta).
#
# With S the weighted covariance of a group's columns and p their number:
#   none        A = I                          w = sqrt(p)
#   group       A = S^(1/2) on its range       w = sqrt(rank S)
#   calibrated  A = (S + t I)^(1/2), t = tr(S) / p,  w = sqrt(tr(S (S + t I)^-1))
# Any A with the same A'A gives the same norm; here A is diag(s)^(1/2) U' from the eigenvectors U.
#
# Where single columns are penalised, too, by their absolute values, coordinates must be the columns, each on a
# scale of its own. There S is its diagonal alone, in all of the above.

# Eigenvalues of a group's covariance below this share of the largest count as none.
rank_tolerance <- 1e-8

# What is asked of the penalty: `standardize`, and the shares of its other terms.
penalty_shape <- function(standardize, lasso_share = 0, ridge_share = 0) {
  list(standardize = standardize, lasso_share = lasso_share, ridge_share = ridge_share)
}

# That of a path or a population.
path_shape <- function(path) {
  x <- unclass(path)
  penalty_shape(x$standardize, x$lasso_share, x$ridge_share)
}

check_shape <- function(standardize, lasso_share, ridge_share) {
  how <- check_choice(standardize, c("calibrated", "group", "none"), "standardize")
  lasso_share <- check_number(lasso_share, "lasso_share", 0, 1)
  ridge_share <- check_number(ridge_share, "ridge_share", 0, 1)
  if (ridge_share == 1) {
    stop_input("`ridge_share` must be below 1, where no group would ever be out.", arg = "ridge_share")
  }
  penalty_shape(how, lasso_share, ridge_share)
}

# "", or "; lasso share 0.3, ridge share 0.1" for print().
describe_shares <- function(x) {
  shares <- c("lasso share" = x$lasso_share, "ridge share" = x$ridge_share)
  shares <- shares[shares > 0]
  if (length(shares) == 0) return("")
  paste0("; ", toString(paste(names(shares), vapply(shares, format, "", digits = 3))))
}

# second: S. noise: a trace at or below it is rounding: the columns are constant. apart: whether each column is a
# coordinate. Returns transform (T: p x rank) and weight (w).
penalty_coordinates <- function(second, how, noise = 0, apart = FALSE) {
  p <- ncol(second)
  if (how == "none") return(list(transform = diag(p), weight = sqrt(p)))
  parts <- if (apart) list(values = diag(second), vectors = diag(p)) else eigen(second, symmetric = TRUE)
  values <- pmax(parts$values, 0)
  if (!(sum(values) > noise)) return(list(transform = matrix(0, p, 0), weight = 0))
  if (how == "group") {
    keep <- values > (if (apart) noise else rank_tolerance * values[1])
    root <- sqrt(values[keep])
    return(list(transform = parts$vectors[, keep, drop = FALSE] %*% diag(1 / root, length(root)),
                weight = sqrt(sum(keep))))
  }
  ridge <- sum(values) / p
  list(transform = parts$vectors %*% diag(1 / sqrt(values + ridge), p),
       weight = sqrt(sum(values / (values + ridge))))
}

# Weighted mean and covariance of each covariate's columns; weights sum to one.
design_moments <- function(design, weights) {
  fields <- unclass(design)
  lapply(seq_along(fields$blocks), function(g) {
    moments <- .Call(C_moments, fields$blocks[g], as.double(fields$n_obs), weights)
    # what the mean may be off by, as a share of it: sums over bins round more the more bins there are
    rounding <- max(1e-13, fields$n_obs * .Machine$double.eps)
    # a dense block's covariance is that of centred columns, a sparse one's a difference of squares
    is_dense <- is_dense_block(fields$blocks[[g]])
    moments$noise <- (if (is_dense) rounding^2 else rounding) * sum(moments$mean^2)
    moments
  })
}

# All that the C core must know of the penalty. how: a penalty_shape(), or `standardize` alone. multiplier:
# group_weights, per group.
penalty_for <- function(moments, groups, how, multiplier) {
  shape <- if (is.list(how)) how else penalty_shape(how)
  apart <- shape$lasso_share > 0
  coordinates <- lapply(seq_along(groups), function(g) {
    base <- penalty_coordinates(moments[[g]]$second, shape$standardize, moments[[g]]$noise, apart)
    if (multiplier[g] > 0) return(base)
    # not penalised: only what the data determine may move
    free <- penalty_coordinates(moments[[g]]$second, "group", moments[[g]]$noise)
    list(transform = free$transform, weight = base$weight)
  })
  scale <- vapply(coordinates, `[[`, 0, "weight")
  list(
    size = lengths(groups, use.names = FALSE),
    rank = vapply(coordinates, function(x) ncol(x$transform), 0L),
    column = as.integer(unlist(groups, use.names = FALSE)),
    transform = lapply(coordinates, `[[`, "transform"),
    weight = as.double(scale * multiplier),
    scale = as.double(scale), lasso = as.double(shape$lasso_share), ridge = as.double(shape$ridge_share)
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
    sqrt(max(second, 0)) / penalty$weight[g] / norm_share(penalty, penalty$rank[g])
  }, 0)
  1e-13 * scale * max(scores, 0)
}

# The penalty of a group of `rank` coordinates is at least this share of lambda w ||theta||.
norm_share <- function(penalty, rank) {
  (1 - penalty$ridge) * (1 - penalty$lasso + penalty$lasso / sqrt(rank))
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
