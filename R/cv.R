#' Cross-validation over a path
#'
#' Chooses the penalty by how well models predict bins they have not seen, with folds that are blocks of time.
#'
#' @section Folds:
#' Bins that are close in time are alike: the animal is where it was, and the neuron in the state it was in.
#' Where bins are held out at random, their neighbours are in training, noise is predicted along with the
#' signal, and covariates that carry nothing look useful. So by default the session is cut into blocks, which
#' go in turn to folds 1, 2, ..., `n_folds`, 1, 2, ... Blocks are 5 correlation times long (the longest lag
#' at which the autocorrelation of the counts or of a covariate falls below 1/e), but short enough that each
#' fold has 5 of them; they are whole inside a `session`. `gap` leaves out the bins on both sides of a
#' held-out block, too. Where covariates are spike histories, a gap of their window keeps held-out counts out
#' of the training covariates.
#'
#' `folds` may also be `"contiguous"` (`n_folds` pieces of the recording), `"session"` (whole sessions or
#' trials, as in `session`, in turn to the folds; one fold for each if there are at most `n_folds`),
#' `"random"` (bins at random, for comparison: it is what most software does), or one id per bin.
#'
#' @section Score:
#' Of fold k, \eqn{(\ell_k - \ell_{0k}) / (n_k \log 2)}{(LL - LL0) / (spikes log 2)}: the gain in
#' log-likelihood of the held-out bins, in bits, for each spike there. The null model has the rate of the
#' fold's *training* bins (per unit of exposure, where there is an offset), not that of the held-out ones.
#' `cv_mean` is the gain of all held-out bins over all their spikes, which is the mean of `score` weighted by
#' spikes; `cv_se` is its standard error over folds, \eqn{\sqrt{K/(K-1) \sum_k (n_k (s_k - \bar s))^2} /
#' \sum_k n_k}{sqrt(K / (K - 1) sum (n_k (s_k - mean))^2) / sum n_k}. `lambda_min` has the highest `cv_mean`;
#' `lambda_1se` is the largest penalty within one standard error of it. Where no model beats the null model
#' both have all covariates out.
#'
#' A fold without spikes has no bits per spike: its `score` is NA, but what it says counts in `cv_mean`. A
#' fold whose training bins have no spike is left out. Both give one warning of class
#' `neurolasso_silent_fold`.
#'
#' @section Adaptive weights:
#' One penalty for all covariates has to do two things: predict well, for which it must be weak, so that
#' strong covariates are hardly shrunk, and keep out what carries nothing, for which it must be strong. So the
#' penalty of each covariate is first multiplied by a weight (see [adaptive_weights()]): the inverse of its
#' norm, for the size of its group, in a fit of all bins at the level of noise, the penalty at which a
#' covariate that carries nothing is expected to enter, \eqn{\sqrt{\bar y / n}}{sqrt(mean count / n)}. The
#' strongest has weight 1, what is out there 1000. `path` is then the fit with these weights, and they are in
#' its `group_weights`. `adaptive = FALSE` leaves them all 1.
#'
#' Where the truth is known (vignette `choosing-lambda`) that answers rightly about as often as `lambda_1se`
#' without weights (98 against 102 of 112 neurons), with a third of the false inclusions; weak covariates of a
#' neuron with a slow drive that was not recorded are missed more often. Of 49 recorded cells none has a
#' covariate in that can't matter, without weights 7 have.
#'
#' The weights have seen the counts of all bins, held-out ones included, though only through one number for
#' each covariate: scores are a little too good where weak covariates are in. Where it is the score that
#' counts, score other data ([score()]), or take `adaptive = FALSE`, whose folds know nothing of what they
#' hold out.
#'
#' @section What the folds share:
#' The lambdas, the bases (bounds, knots, levels) and the scaling of the penalty, all learned from the
#' covariates of all bins, and adaptive weights. But for these, the counts of held-out bins are nowhere in a
#' fold's fit. All folds ride in the same passes over one design, as weights of 0 and 1, behind the path of
#' all bins.
#'
#' @param covariates,counts As in [group_lasso()], a formula included; or `covariates` is a
#'   `group_lasso_path` or [group_lasso_population] to cross-validate at its lambdas, without `counts`.
#' @param ... Further arguments of [group_lasso()].
#' @param n_folds How many folds; not used where `folds` has ids.
#' @param block NULL, or the length of a block in bins.
#' @param folds NULL for interleaved blocks; or `"contiguous"`, `"session"`, `"random"`; or a vector of fold
#'   ids, one per bin, bins with NA included.
#' @param gap How many bins on each side of a held-out block are in neither part.
#' @param adaptive Whether each covariate's penalty has a weight that is learned first; see below. `FALSE`
#'   cross-validates a path as it is.
#' @param lambda,n_lambda,lambda_min_ratio As in [group_lasso()]; of the fit with adaptive weights.
#' @param checkpoint With counts of several neurons, each by itself: NULL, or a folder, as in [group_lasso()].
#' @return A [group_lasso_population_cv] where `counts` are several neurons' (for neurons that share groups see
#' [group_lasso_joint], too); else a list of class
#'   `group_lasso_cv` (K folds, L lambdas, G covariates):
#' \describe{
#'   \item{`lambda`}{length L, decreasing: that of the path}
#'   \item{`cv_mean`, `cv_se`}{length L: bits per spike, and their standard error over folds}
#'   \item{`score`}{K x L: bits per spike of each fold}
#'   \item{`lambda_min`, `lambda_1se`}{the chosen penalties}
#'   \item{`folds`}{integer, the fold of each bin that was given}
#'   \item{`fold_kind`, `block`, `gap`}{how folds were made; `block` in bins, NA where there are none}
#'   \item{`adaptive`}{NULL, or the weights that were learned, named by covariate}
#'   \item{`path`}{the [group_lasso()] path on all bins, with these weights}
#'   \item{`held_out`}{a data frame, one row per fold: `bins`, `spikes` held out, `training_spikes` (both
#'     weighted), and the log-likelihoods that [score()] needs}
#'   \item{`loglik`}{K x L: \eqn{\sum v (y \log \mu - \mu)}{sum v (y log mu - mu)} of the held-out bins}
#'   \item{`n_selected_in`}{G x L: in how many folds the covariate is in}
#'   \item{`kkt`, `converged`}{K x L: the certificate of each fold's fits}
#' }
#' `coef()`, `predict()`, `fitted()`, `residuals()`, `simulate()`, `selected()`, `tuning_curve()`, `refit()`,
#' `score()` and so on answer at `lambda_1se` unless told otherwise: `lambda = "lambda_min"`, or a number.
#' @section Errors and warnings:
#' Those of [group_lasso()]; `neurolasso_silent_fold`; `neurolasso_not_converged` where a fold's fits did not
#' reach the tolerance, with the folds' numbers in its field `folds`.
#' @references
#' Blocks: Roberts et al. (2017), Ecography 40:913, \doi{10.1111/ecog.02881}. Interleaved sections and bits
#' per spike: Hardcastle et al. (2017), Neuron 94:375, \doi{10.1016/j.neuron.2017.03.025}. One standard error:
#' Breiman et al. (1984), Classification and regression trees. Adaptive weights: Zou (2006), J Am Stat Assoc
#' 101:1418, \doi{10.1198/016214506000000735}; Wang and Leng (2008), Comput Stat Data Anal 52:5277,
#' \doi{10.1016/j.csda.2008.05.006}.
#' @seealso [plot.group_lasso_cv()], [score()], [refit()].
#' @examples
#' session <- simulate_session(300, encodes = "position", seed = 1)
#' cv <- cv_group_lasso(session$covariates, session$counts, basis = basis_bspline(5), n_lambda = 30)
#' cv
#' selected(cv)
#' plot(cv)
#' @export
cv_group_lasso <- function(covariates, counts, ..., n_folds = 10, block = NULL, folds = NULL, gap = 0,
                           adaptive = TRUE, lambda = NULL, n_lambda = 100, lambda_min_ratio = 0.01,
                           checkpoint = NULL) {
  call <- match.call()
  n_folds <- check_count(n_folds, "n_folds", lower = 2)
  gap <- check_count(gap, "gap", lower = 0)
  adaptive <- check_flag(adaptive, "adaptive")
  checkpoint <- check_checkpoint(checkpoint)
  is_path <- inherits(covariates, c("group_lasso_path", "group_lasso_population"))
  if (is_path) {
    check_no_more(...)
    given <- c(counts = !missing(counts), lambda = !missing(lambda), n_lambda = !missing(n_lambda),
               lambda_min_ratio = !missing(lambda_min_ratio))
    if (any(given)) {
      name <- names(which(given))[1]
      stop_input("`", name, "` must not be given with a path, which has its own.", arg = name)
    }
    first <- covariates
    wanted <- if (inherits(first, "group_lasso_path")) lambda_request(first$lambda)
  } else {
    wanted <- lambda_request(lambda, n_lambda, lambda_min_ratio)
    first <- without_fit_warnings(group_lasso(covariates, counts, ..., lambda = Inf)) # what is to be fitted
  }
  progress <- check_flag(list(...)$progress %||% interactive(), "progress")
  if (inherits(first, "group_lasso_population")) {
    return(cv_population(first, wanted, adaptive, list(folds, n_folds, block), gap, checkpoint, progress, call))
  }
  refuse_checkpoint(checkpoint)
  problem <- path_problem(first)
  folds <- make_folds(folds, n_folds, block, first, problem)
  came <- cross_validate(problem, first, split_folds(folds, gap, first), wanted, adaptive, progress)
  path <- first
  if (!is_path || adaptive) {
    path <- new_path(came$fit, first, problem$groups, came$penalty, path_shape(first), first$link,
                     first$control, call)
    warn_of_path(path, any(path$group_weights > 0))
  }
  cv <- new_cv(path, came$weights, folds, gap, came$held_out, call)
  warn_of_folds(cv)
  cv
}

# The fits of a cross-validation of a problem: list(fit: of all bins; weights: adaptive ones, or NULL;
# penalty: with these; held_out: of score_folds()). first: the problem's path, or what it says of its penalty;
# parts: of split_folds().
cross_validate <- function(problem, first, parts, wanted, adaptive, progress) {
  weights <- if (adaptive) learned_weights(problem, first)
  problem <- reweighted(problem, weights)
  # the path of all bins goes ahead, the folds follow it
  fits <- fit_weightings(problem, c(list(problem$weights), fold_weights(problem, parts)), wanted, progress)
  list(fit = fits[[1]], weights = weights, penalty = problem$penalty,
       held_out = score_folds(problem, parts, fits[-1]))
}

fold_weights <- function(problem, parts) lapply(parts, function(part) problem$v * part$train)

# What the folds' models (fits of fold_weights()) say of what was held out: list(loglik, kkt, converged: K x
# L; active: how many folds each covariate is in, G x L; base: a data frame, a row per fold).
score_folds <- function(problem, parts, fits) {
  offset <- known_offset(problem)
  scored <- Map(function(fit, part, train) {
    intercept <- null_intercept(problem$counts, offset, train, problem$link)
    rows <- which(part$held)
    v <- problem$v[rows]
    base <- score_base(problem$counts[rows], offset[rows], v, intercept, problem$link)
    base <- c(list(bins = length(rows)), base, training_spikes = sum(train * problem$counts))
    kernel <- kernels_at(design_rows(problem$design, rows), fit, problem$counts[rows], offset[rows], v,
                         problem$link)
    list(base = as.data.frame(base), kernel = kernel)
  }, fits, parts, fold_weights(problem, parts))
  by_fold <- function(of) matrix(unlist(of), length(fits), byrow = TRUE)
  list(
    loglik = by_fold(lapply(scored, `[[`, "kernel")), kkt = by_fold(lapply(fits, `[[`, "kkt")),
    converged = by_fold(lapply(fits, `[[`, "status")) == 0,
    active = Reduce(`+`, lapply(fits, function(fit) fit$group_norms > 0)),
    base = do.call(rbind, lapply(scored, `[[`, "base"))
  )
}

new_cv <- function(path, weights, folds, gap, held_out, call) {
  base <- held_out$base
  gain <- (held_out$loglik - base$null) / log(2)
  # nothing is compared with a null model of rate 0
  gain[base$training_spikes == 0, ] <- NA
  score <- gain / base$spikes
  score[base$spikes == 0, ] <- NA
  usable <- base$training_spikes > 0
  mean <- colSums(gain[usable, , drop = FALSE]) / sum(base$spikes[usable])
  if (!any(base$spikes[usable] > 0)) mean[] <- NA
  se <- ratio_error(gain[usable, , drop = FALSE], base$spikes[usable], mean)
  chosen <- choose_lambda(mean, se)
  structure(
    list(
      lambda = path$lambda, cv_mean = mean, cv_se = se, score = score,
      lambda_min = path$lambda[chosen$min], lambda_1se = path$lambda[chosen$one_se], folds = folds$id,
      fold_kind = folds$kind, block = folds$block, gap = gap, adaptive = weights, path = path,
      held_out = base,
      loglik = held_out$loglik,
      n_selected_in = structure(held_out$active, dimnames = dimnames(path$group_norms)),
      kkt = held_out$kkt, converged = held_out$converged, call = call
    ),
    class = "group_lasso_cv"
  )
}

# Standard error of a ratio of sums over folds, gain (K x L) over spikes (K); ratio: L.
ratio_error <- function(gain, spikes, ratio) {
  k <- length(spikes)
  if (k < 2) return(rep(NA_real_, length(ratio)))
  off <- gain - outer(spikes, ratio)
  sqrt(k / (k - 1) * colSums(off^2)) / sum(spikes)
}

# Places of the best mean, and of the first that is within one standard error of it; the first of all where
# there is nothing to choose by.
choose_lambda <- function(mean, se) {
  if (!any(is.finite(mean))) return(list(min = 1L, one_se = 1L))
  best <- which.max(mean)
  margin <- if (is.finite(se[best])) se[best] else 0
  list(min = best, one_se = match(TRUE, mean >= mean[best] - margin))
}

warn_of_folds <- function(cv) {
  base <- cv$held_out
  if (sum(base$spikes) == 0) return() # group_lasso() has said so
  silent <- which(base$spikes == 0)
  untrained <- which(base$training_spikes == 0)
  if (length(silent) + length(untrained) > 0) {
    said <- c(if (length(silent) > 0) paste("held-out bins have no spike in fold", toString(silent)),
              if (length(untrained) > 0) paste("training bins have none in fold", toString(untrained)))
    warn_user(paste(said, collapse = "; "), ": the score is NA there.", class = "neurolasso_silent_fold",
              fields = list(folds = sort(unique(c(silent, untrained)))))
  }
  failed <- which(rowSums(!cv$converged) > 0)
  if (length(failed) > 0) {
    warn_user("fits of fold ", toString(failed), " did not reach the tolerance ",
              format(cv$path$control$tol), " at ", sum(!cv$converged), " of ", length(cv$converged),
              " lambdas and folds; the largest KKT residual is ", format(max(cv$kkt), digits = 2), ".",
              class = "neurolasso_not_converged", fields = list(folds = failed))
  }
}
