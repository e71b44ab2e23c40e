# helper-terms.R: the certificate where the penalty has several terms (norms of groups, of groups inside them,
# of single columns, a ridge), from its definition.

# Scale a_j of each column, theta_j = a_j beta_j (0: a constant column, which has no coordinate), and the root
# of the sum of its squared scores, w; owner: the covariate of each column.
column_scales <- function(X, v, how, owner) {
  share <- v / sum(v)
  d <- colSums(share * (X - rep(colSums(share * X), each = nrow(X)))^2)
  varies <- d > 1e-25 * colSums(share * X^2)
  switch(how,
    none = list(scale = rep(1, ncol(X)), score = rep(1, ncol(X))),
    group = list(scale = ifelse(varies, sqrt(d), 0), score = as.numeric(varies)),
    calibrated = {
      t <- ave(d, owner)
      there <- ave(varies, owner, FUN = any) > 0
      list(scale = ifelse(there, sqrt(d + t), 0), score = ifelse(there, d / (d + t), 0))
    }
  )
}

# The terms of one outermost group (`inside`: the groups in it, itself the last; each list(at = places among
# its columns, mult)): list(to, back, weight, norms = list(list(at, weight)), ridge), at: coordinates.
group_terms <- function(X, v, how, owner, inside, lasso, ridge) {
  apart <- lasso > 0 || length(inside) > 1
  top <- inside[[length(inside)]]
  if (!apart) {
    coords <- penalty_coords(X, v, how)
    norms <- list(list(at = seq_len(nrow(coords$to)), weight = coords$weight * top$mult))
  } else {
    columns <- column_scales(X, v, how, owner)
    kept <- which(columns$scale > 0)
    E <- diag(ncol(X))[, kept, drop = FALSE]
    scale <- columns$scale[kept]
    coords <- list(to = t(E) * scale, back = E %*% diag(1 / scale, length(kept)))
    norms <- lapply(inside, function(s) {
      list(at = match(intersect(s$at, kept), kept), weight = sqrt(sum(columns$score[s$at])) * s$mult)
    })
  }
  coords$weight <- norms[[length(norms)]]$weight
  p <- nrow(coords$to)
  singles <- lapply(seq_len(p),
                    function(i) list(at = i, weight = (1 - ridge) * lasso * coords$weight / sqrt(p)))
  norms <- lapply(norms, function(s) list(at = s$at, weight = (1 - ridge) * (1 - lasso) * s$weight))
  coords$norms <- Filter(function(s) s$weight > 0 && length(s$at) > 0, c(singles, norms))
  coords$ridge <- ridge * coords$weight
  coords
}

# Distance of -slope from lambda times the subdifferential of the norms at theta: a norm that is not zero has
# its gradient, the others all vectors up to their weight, and of their sum the nearest is found by turns.
subdifferential_distance <- function(theta, slope, norms, lambda) {
  is_out <- vapply(norms, function(s) all(theta[s$at] == 0), TRUE)
  for (s in norms[!is_out]) {
    slope[s$at] <- slope[s$at] + lambda * s$weight * theta[s$at] / sqrt(sum(theta[s$at]^2))
  }
  out <- norms[is_out]
  z <- lapply(out, function(s) 0 * s$at)
  left <- slope
  for (turn in 1:200) {
    before <- left
    for (k in seq_along(out)) {
      at <- out[[k]]$at
      own <- left[at] + z[[k]]
      size <- sqrt(sum(own^2))
      z[[k]] <- own * min(1, lambda * out[[k]]$weight / max(size, 1e-300))
      left[at] <- own - z[[k]]
    }
    if (max(abs(left - before), 0) <= 1e-13 * max(abs(slope), 0)) break
  }
  sqrt(sum(left^2))
}

is_inside <- function(a, b) all(a %in% b)

# Outermost groups with the groups inside them: a list of list(columns, inside = as
# group_terms() takes it), smaller groups first.
nest_groups <- function(groups, mult) {
  top <- Filter(function(g) !any(vapply(seq_along(groups)[-g],
                                        function(h) is_inside(groups[[g]], groups[[h]]), TRUE)),
                seq_along(groups))
  lapply(top, function(g) {
    within <- Filter(function(h) is_inside(groups[[h]], groups[[g]]), seq_along(groups))
    within <- within[order(lengths(groups[within]))]
    list(columns = groups[[g]],
         inside = lapply(within, function(h) list(at = match(groups[[h]], groups[[g]]), mult = mult[h])))
  })
}

# What terms_residual(), terms_objective() go over. blocks: the covariates; groups: columns of all of them.
terms_of <- function(blocks, v, how, lasso, ridge, mult = rep(1, length(groups)), groups = NULL) {
  owner <- rep(seq_along(blocks), vapply(blocks, function(X) ncol(as.matrix(X)), 1L))
  groups <- groups %||% unname(split(seq_along(owner), owner))
  X <- do.call(cbind, blocks)
  mult <- mult %||% rep(1, length(groups))
  lapply(nest_groups(groups, mult), function(g) {
    out <- group_terms(X[, g$columns, drop = FALSE], v, how, owner[g$columns], g$inside, lasso, ridge)
    out$unit <- out$weight
    if (out$weight == 0) { # not penalised: what the data determine
      free <- penalty_coords(X[, g$columns, drop = FALSE], v, "group")
      unit <- penalty_coords(X[, g$columns, drop = FALSE], v, how)$weight
      out <- list(to = free$to, back = free$back, norms = list(), ridge = 0, unit = unit)
    }
    out$columns <- g$columns
    out
  })
}

# The largest relative residual over groups and intercept, at lambda > 0.
terms_residual <- function(terms, blocks, y, intercept, beta, lambda, offset = 0, v = rep(1, length(y)),
                           link = "log") {
  eta <- oracle_link(blocks, intercept, beta, offset)
  gradient <- unlist(oracle_gradients(blocks, y, eta, v, link))
  worst <- abs(sum(v * oracle_slope(eta, y, link))) / sum(v * y)
  for (g in terms) {
    if (nrow(g$to) == 0) next
    theta <- as.numeric(g$to %*% beta[g$columns])
    slope <- as.numeric(crossprod(g$back, gradient[g$columns])) + lambda * g$ridge * theta
    worst <- max(worst, subdifferential_distance(theta, slope, g$norms, lambda) / (lambda * g$unit))
  }
  worst
}

terms_objective <- function(terms, blocks, y, intercept, beta, lambda, offset = 0, v = rep(1, length(y)),
                            link = "log") {
  mu <- oracle_rate(oracle_link(blocks, intercept, beta, offset), link)
  penalty <- vapply(terms, function(g) {
    theta <- as.numeric(g$to %*% beta[g$columns])
    sum(vapply(g$norms, function(s) s$weight * sqrt(sum(theta[s$at]^2)), 0), g$ridge / 2 * sum(theta^2))
  }, 0)
  sum(v * (mu - y * log(mu))) / sum(v) + lambda * sum(penalty)
}

# The certificate of a path of a problem at its points `at`.
path_terms_residuals <- function(path, problem, groups = NULL, at = seq_along(path$lambda)) {
  n <- length(problem$counts)
  v <- problem$weights %||% rep(1, n)
  terms <- terms_of(problem$blocks, v, path$standardize, path$lasso_share, path$ridge_share, problem$mult, groups)
  vapply(at, function(l) {
    terms_residual(terms, problem$blocks, problem$counts, path$intercept[l], path$coefficients[, l],
                   path$lambda[l], problem$offset %||% rep(0, n), v, path$link)
  }, 0)
}
