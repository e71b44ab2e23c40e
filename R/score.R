# score.R: the one owner of every score of a model on data. All of them compare its log-likelihood with that
# of a null model that knows only the training rate.

score_metrics <- c("bits_per_spike", "deviance_explained", "mcfadden", "cohen")

# sum v (y log mu - mu), for each column of linear predictors (bins x L): log-likelihoods less what depends on
# the counts alone.
loglik_kernel <- function(eta, counts, weights, link) {
  mu <- inverse_link(eta, link)
  spiking <- which(counts * weights > 0)
  log_mu <- eta[spiking, , drop = FALSE]
  if (link != "log") log_mu <- log(inverse_link(log_mu, link))
  used <- weights > 0
  as.numeric(crossprod(log_mu, (weights * counts)[spiking])) -
    as.numeric(crossprod(if (all(used)) mu else mu[used, , drop = FALSE], weights[used]))
}

# What all metrics are made of, on some bins: spikes; null: the kernel of the null model; best: that of a
# model that fits every count; constant: what the kernel leaves out.
score_base <- function(counts, offset, weights, null_intercept, link) {
  known <- ifelse(counts > 0, counts * log(counts) - counts, 0)
  list(
    spikes = sum(weights * counts),
    null = loglik_kernel(cbind(null_intercept + offset), counts, weights, link),
    best = sum(weights * known), constant = -sum(weights * lgamma(counts + 1))
  )
}

# The metric of models with these kernels; base: score_base(), or the sums of several of them.
metric_value <- function(kernel, base, metric) {
  switch(metric,
    bits_per_spike = if (base$spikes > 0) (kernel - base$null) / (log(2) * base$spikes) else NA * kernel,
    mcfadden = 1 - (kernel + base$constant) / (base$null + base$constant),
    # Cohen's pseudo-R2 is the share of the deviance explained
    deviance_explained = , cohen = 1 - (base$best - kernel) / (base$best - base$null)
  )
}

# The intercept of the model with intercept and offset alone, at its maximum of likelihood.
null_intercept <- function(counts, offset, weights, link) {
  spikes <- sum(weights * counts)
  if (spikes == 0) return(-Inf)
  if (link == "log") return(log(spikes) - log_sum_exp(offset, weights))
  used <- weights > 0
  mean_count <- spikes / sum(weights)
  middle <- mean_count + log(-expm1(-mean_count)) # softplus(middle) is the mean count
  if (diff(range(offset[used])) == 0) return(middle - offset[used][1])
  slope <- function(b) {
    eta <- b + offset[used]
    sum(weights[used] * (1 - counts[used] / softplus(eta)) * link_slope(eta, link))
  }
  stats::uniroot(slope, middle - range(offset[used])[2:1], extendInt = "upX", tol = 1e-12)$root
}

#' Score a model on new data
#'
#' How well a fitted model predicts counts, compared with a null model that knows only the rate in training:
#' one rate per unit of exposure where there is an offset.
#'
#' With \eqn{\ell}{LL} the Poisson log-likelihood of the scored bins, \eqn{\ell_0}{LL0} that of the null
#' model, and \eqn{\ell_s}{LLs} that of a model that fits every count,
#' \describe{
#'   \item{`"bits_per_spike"`}{\eqn{(\ell - \ell_0) / (n_{spikes} \log 2)}{(LL - LL0) / (spikes log 2)}; NA
#'     without spikes}
#'   \item{`"deviance_explained"`}{\eqn{1 - (\ell_s - \ell) / (\ell_s - \ell_0)}{1 - (LLs - LL) / (LLs - LL0)}}
#'   \item{`"mcfadden"`}{\eqn{1 - \ell / \ell_0}{1 - LL / LL0}, factorials included}
#'   \item{`"cohen"`}{Cohen's pseudo-R2, which for this null model is the deviance explained}
#' }
#' All are 0 for a model that is as good as the null model and negative for a worse one. The null model has the
#' *training* rate. NeMoS and others take the mean of the scored data, which the null model could not have
#' known; their scores are lower where the rate has changed.
#'
#' @param object A `group_lasso_path` or [group_lasso_population], or what [cv_group_lasso()] returns.
#' @param newdata NULL for the bins of the fit, or raw covariates, as in [predict.group_lasso_path()].
#' @param counts Spike counts of the new bins (for a population bins x neurons, in the order of the neurons or named
#'   as they are). Bins with NA, in covariates or counts, are left out.
#' @param metric See below.
#' @param lambda NULL for all fitted lambdas (for a cross-validation: `lambda_1se`), or values, as in
#'   [predict.group_lasso_path()].
#' @param offset,session As in [predict.group_lasso_path()].
#' @param weights NULL, or prior weights of the new bins.
#' @param ... Not used.
#' @return A numeric vector, one value per lambda; for a population one per neuron. For a cross-validation without
#'   `newdata` the score of the held-out bins of all folds together, each predicted by the model that had not seen
#'   them.
#' @references Cohen's and McFadden's pseudo-R2: Cohen et al. (2003), Applied multiple regression/correlation
#'   analysis, 3rd ed., p 502; McFadden (1974), Conditional logit analysis, in Frontiers in econometrics.
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' half <- seq_along(session$counts) <= length(session$counts) / 2
#' part <- function(rows) list(position = session$covariates$position[rows], speed = session$covariates$speed[rows])
#' path <- group_lasso(part(half), session$counts[half], basis = basis_bspline(5, bounds = c(0, 200)), n_lambda = 20)
#' round(score(path, part(!half), session$counts[!half]), 3)
#' @export
score <- function(object, newdata = NULL, counts = NULL, metric = c("bits_per_spike", "deviance_explained",
                                                                    "mcfadden", "cohen"), ...) {
  UseMethod("score")
}

#' @rdname score
#' @export
score.group_lasso_path <- function(object, newdata = NULL, counts = NULL,
                                   metric = c("bits_per_spike", "deviance_explained", "mcfadden", "cohen"),
                                   lambda = NULL, offset = NULL, weights = NULL, session = NULL, ...) {
  check_no_more(...)
  metric <- check_choice(metric, score_metrics, "metric")
  at <- path_at(object, lambda)
  data <- if (is.null(newdata)) {
    scored_training(object, counts, offset, weights, session)
  } else {
    scored_newdata(object, newdata, counts, offset, weights, session)
  }
  intercept <- null_intercept(object$counts, known_offset(object), prior_weights(object), object$link)
  base <- score_base(data$counts, data$offset, data$weights, intercept, object$link)
  kernel <- kernels_at(data$design, at, data$counts, data$offset, data$weights, object$link)
  stats::setNames(metric_value(kernel, base, metric), at$labels)
}

scored_training <- function(path, counts, offset, weights, session) {
  refuse_without_newdata(counts, offset, weights, session)
  list(design = path$design, counts = path$counts, offset = known_offset(path), weights = prior_weights(path))
}

refuse_without_newdata <- function(counts, offset, weights, session) {
  given <- c("counts", "offset", "weights", "session")[
    !vapply(list(counts, offset, weights, session), is.null, TRUE)]
  if (length(given) > 0) {
    stop_input("`", given[1], "` goes with `newdata`; the bins of the fit have theirs.", arg = given[1])
  }
}

# The bins of new data without NA.
scored_newdata <- function(path, newdata, counts, offset, weights, session) {
  data <- new_bins(path, newdata, counts, offset, weights, session)
  data$counts <- check_counts(counts, nrow(data$design))
  missing <- data$missing | is.na(data$counts)
  if (all(missing)) stop_input("`newdata` must have at least one bin without missing values.", arg = "newdata")
  parts <- data[c("counts", "offset", "weights")]
  if (!any(missing)) return(c(data["design"], parts))
  c(list(design = design_rows(data$design, which(!missing))), lapply(parts, function(x) x[!missing]))
}

# New bins to score, for a path or a population: design, offset, weights, and which of them are missing.
new_bins <- function(object, newdata, counts, offset, weights, session) {
  if (is.null(counts)) stop_input("`counts` must be given with `newdata`: spike counts per bin.", arg = "counts")
  design <- predict(object$design, newdata, session)
  n_obs <- nrow(design)
  offset <- new_offset(object, offset %||% new_source_offset(object$design, newdata),
                       n_obs) %||% numeric(n_obs)
  weights <- check_row_values(weights, n_obs, "weights", lower = 0) %||% rep(1, n_obs)
  list(design = design, offset = offset, weights = weights,
       missing = design_missing(design) | is.na(offset) | is.na(weights))
}

# Numbers that a table of linear predictors holds at most.
most_predicted <- 2e6

# The kernels of a path at some of its points (path_at()) on a design, a few lambdas at a time.
kernels_at <- function(design, at, counts, offset, weights, link) {
  if (link == "log" && length(unclass(design)$missing) == 0) {
    return(.Call(C_likelihood, unclass(design)$blocks, at$coefficients, at$intercept, as.double(offset),
                 as.double(weights), as.double(weights * counts)))
  }
  n_lambda <- length(at$intercept)
  several <- max(most_predicted %/% length(counts), 1)
  parts <- split(seq_len(n_lambda), (seq_len(n_lambda) - 1) %/% several)
  unlist(lapply(parts, function(l) {
    eta <- design_predictor(design, at$coefficients[, l, drop = FALSE])
    eta <- eta + rep(at$intercept[l], each = nrow(eta)) + offset
    loglik_kernel(eta, counts, weights, link)
  }), use.names = FALSE)
}

#' Extended BIC of a path
#'
#' BIC with a price for the choice among many covariates:
#' \eqn{-2\ell + df \log n + 2\gamma\log{G \choose k}}{-2 LL + df log(n) + 2 gamma log(choose(G, k))} with
#' \eqn{k} of \eqn{G} covariates in. `AIC()` and `BIC()` work on paths as they are. All three take bins for
#' independent given the covariates: where the neuron is driven by something slow that was not recorded they
#' select too much, which blocked cross-validation does not.
#'
#' @param object A `group_lasso_path`.
#' @param gamma From 0, which is BIC, to 1.
#' @return One value per lambda; NA where `df` is.
#' @references Chen and Chen (2008), Biometrika 95:759, \doi{10.1093/biomet/asn034}.
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' path <- group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 20)
#' selected(path, lambda = path$lambda[which.min(EBIC(path))])
#' @export
EBIC <- function(object, gamma = 0.5) {
  path <- as_path(object, "EBIC()")
  gamma <- check_number(gamma, "gamma", 0, 1)
  stats::BIC(path) + 2 * gamma * lchoose(length(path$groups), colSums(path$group_norms > 0))
}
