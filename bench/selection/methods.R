# methods.R: what each method selects for one neuron: names of covariates.

# A neuron to study; what several methods share is made when the first one asks for it. design: of all
# neurons; columns: NULL, or as grpreg wants them, see dense_columns().
new_study <- function(design, counts, n_lambda, columns = NULL, offset = NULL) {
  study <- new.env()
  study$columns <- columns
  study$counts <- counts
  fit <- function(how, ...) how(design, counts, n_lambda = n_lambda, offset = offset, progress = FALSE, ...)
  cv <- neurolasso::cv_group_lasso
  delayedAssign("path", fit(neurolasso::group_lasso), environment(), study)
  delayedAssign("default", fit(cv), environment(), study)
  delayedAssign("plain", cv(study$path, adaptive = FALSE), environment(), study)
  delayedAssign("random", cv(study$path, adaptive = FALSE, folds = "random"), environment(), study)
  delayedAssign("twice", fit(cv, folds = study$plain$folds, adaptive = FALSE,
                             group_weights = neurolasso::adaptive_weights(study$plain)), environment(), study)
  delayedAssign("forward", neurolasso::forward_selection(study$path), environment(), study)
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
  # bins at random, which is what most software does
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
  forward = function(s) neurolasso::selected(s$forward),
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

# What each method (a name) selects among the covariates, as one string each.
ask_methods <- function(wanted, study, covariates, seed) {
  vapply(wanted, function(name) {
    set.seed(seed)
    chosen <- suppressWarnings(methods[[name]](study))
    paste(intersect(covariates, chosen), collapse = "+")
  }, "")
}

# Adds rows to a file of results.
add_rows <- function(rows, file) {
  utils::write.table(rows, file, append = file.exists(file), col.names = !file.exists(file), row.names = FALSE,
                     sep = ",")
}

option <- function(name, default) {
  given <- grep(paste0("^--", name, "="), commandArgs(TRUE), value = TRUE)
  if (length(given) == 0) return(default)
  value <- sub("^[^=]*=", "", given[1])
  if (is.numeric(default)) as.numeric(value) else value
}

# The methods that were asked for and can be had here.
asked_methods <- function(default = names(methods)) {
  asked <- strsplit(option("methods", paste(default, collapse = ",")), ",", fixed = TRUE)[[1]]
  peer <- sub("_.*", "", asked)
  asked[!(peer %in% c("grpreg", "adelie")) | vapply(peer, requireNamespace, TRUE, quietly = TRUE)]
}
