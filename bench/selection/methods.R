# methods.R: what each method selects for one neuron: names of covariates.

# A neuron to study; what several methods share is made when the first one asks for it. design: of all
# neurons; columns: NULL, or as grpreg wants them, see dense_columns().
new_study <- function(design, counts, n_lambda, columns = NULL) {
  study <- new.env()
  study$columns <- columns
  study$counts <- counts
  cv <- function(...) neurolasso::cv_group_lasso(..., progress = FALSE)
  delayedAssign("path", neurolasso::group_lasso(design, counts, n_lambda = n_lambda, progress = FALSE),
                environment(), study)
  delayedAssign("default", cv(design, counts, n_lambda = n_lambda), environment(), study)
  delayedAssign("plain", neurolasso::cv_group_lasso(study$path, adaptive = FALSE), environment(), study)
  delayedAssign("random", neurolasso::cv_group_lasso(study$path, adaptive = FALSE, folds = "random"),
                environment(), study)
  delayedAssign("twice", cv(design, counts, n_lambda = n_lambda, folds = study$plain$folds, adaptive = FALSE,
                            group_weights = neurolasso::adaptive_weights(study$plain)), environment(), study)
  study
}

at_lambda <- function(x, lambda) neurolasso::selected(x, lambda = lambda)
at_lowest <- function(path, criterion) at_lambda(path, path$lambda[which.min(criterion)])

methods <- list(
  default = function(s) neurolasso::selected(s$default),
  default_min = function(s) at_lambda(s$default, "lambda_min"),
  lambda_1se = function(s) at_lambda(s$plain, "lambda_1se"),
  lambda_min = function(s) at_lambda(s$plain, "lambda_min"),
  paired_1se = function(s) at_lambda(s$plain, paired_lambda(s$plain)),
  random_1se = function(s) at_lambda(s$random, "lambda_1se"),
  random_min = function(s) at_lambda(s$random, "lambda_min"),
  # weights from the first cross-validation, at its lambda_min
  adaptive_1se = function(s) at_lambda(s$twice, "lambda_1se"),
  adaptive_min = function(s) at_lambda(s$twice, "lambda_min"),
  adaptive_ebic = function(s) at_lowest(s$default$path, neurolasso::EBIC(s$default$path, 1)),
  bic = function(s) at_lowest(s$path, stats::BIC(s$path)),
  ebic = function(s) at_lowest(s$path, neurolasso::EBIC(s$path, 1)),
  shift = function(s) neurolasso::selected(neurolasso::shift_control(s$path)),
  stability_1se = function(s) neurolasso::selected(neurolasso::selection_stability(s$plain, n_pairs = 10), 0.75),
  forward = function(s) neurolasso::selected(neurolasso::forward_selection(s$path)),
  grpreg_bic = function(s) grpreg_bic(s$columns, s$counts),
  adelie_1se = function(s) adelie_cv(s$columns, s$counts)
)

# The largest lambda whose scores are within one standard error *of their difference* to those at lambda_min.
paired_lambda <- function(cv) {
  best <- match(cv$lambda_min, cv$lambda)
  off <- (cv$loglik[, best] - cv$loglik) / log(2)
  ok <- colSums(off) <= sqrt(nrow(off) * apply(off, 2, stats::var))
  cv$lambda[which(ok | seq_along(ok) == best)[1]]
}

# Dense columns for grpreg, which standardises groups itself: one column less for bases that sum to one.
dense_columns <- function(design) {
  blocks <- lapply(as.list(design), function(X) X[, -1, drop = FALSE])
  list(x = do.call(cbind, unname(blocks)), group = factor(rep(names(blocks), vapply(blocks, ncol, 0L)), names(blocks)))
}

grpreg_bic <- function(columns, counts) {
  fit <- grpreg::grpreg(columns$x, counts, columns$group, family = "poisson", nlambda = 50)
  beta <- stats::coef(fit, which = which.min(stats::BIC(fit)))[-1]
  unique(as.character(columns$group[beta != 0]))
}

# adelie's own cross-validation, random folds, at the penalty within one standard error, if it says one.
adelie_cv <- function(columns, counts) {
  starts <- match(levels(columns$group), columns$group)
  fit <- adelie::cv.grpnet(columns$x, adelie::glm.poisson(as.numeric(counts)), groups = starts, n_folds = 10,
                           progress_bar = FALSE)
  beta <- as.matrix(stats::coef(fit, lambda = "lambda.1se")$betas)
  unique(as.character(columns$group[colSums(beta != 0) > 0]))
}
