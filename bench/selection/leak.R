# What adaptive weights that have seen held-out counts do to the scores of a cross-validation:
#   Rscript bench/selection/leak.R [--bins=24000] [--seed=1] [--neurons=14]
# For neurons of at most 1000 spikes, where it should be most: bits per spike of cv_group_lasso(), and of folds each of
# which learns its weights from its own training bins, at lambda_1se; and what is selected with either.
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])))
source(file.path(here, "cells.R"))
source(file.path(here, "methods.R"))
inside <- asNamespace("neurolasso")

# The cross-validation with weights for each fold.
honest <- function(cv, design, counts) {
  first <- neurolasso::group_lasso(design, counts, lambda = Inf, progress = FALSE)
  problem <- inside$path_problem(first)
  folds <- list(id = cv$folds, kind = "given", block = NA_integer_)
  parts <- inside$split_folds(folds, 0, first)
  fits <- lapply(inside$fold_weights(problem, parts), function(train) {
    part <- problem
    part$weights <- part$v <- train
    part <- inside$reweighted(problem, inside$learned_weights(part, first))
    inside$fit_weightings(part, list(train), inside$lambda_request(cv$lambda), FALSE)[[1]]
  })
  inside$new_cv(cv$path, cv$adaptive, folds, 0, inside$score_folds(problem, parts, fits), quote(honest()))
}

behaviour <- read_behaviour(option("bins", 24000))
design <- neurolasso::expand_covariates(behaviour, fitted_bases())
plan <- cell_plan(1, option("seed", 1))
plan <- utils::head(plan[plan$spikes <= 1000, ], option("neurons", 14))
rows <- lapply(seq_len(nrow(plan)), function(i) {
  cell <- plan[i, ]
  set.seed(cell$seed)
  truth <- strsplit(cell$encodes, "+", fixed = TRUE)[[1]]
  counts <- simulate_cell(behaviour, truth, cell$spikes, cell$strength, cell$drive)
  cv <- neurolasso::cv_group_lasso(design, counts, n_lambda = 25, progress = FALSE)
  own <- honest(cv, design, counts)
  at <- match(cv$lambda_1se, cv$lambda)
  chosen <- function(cv) paste(neurolasso::selected(cv), collapse = "+")
  data.frame(cell[c("encodes", "spikes", "strength", "drive")], bits = cv$cv_mean[at], honest = own$cv_mean[at],
             se = cv$cv_se[at], selected = chosen(cv), selected_honest = chosen(own))
})
rows <- do.call(rbind, rows)
print(rows, digits = 3, row.names = FALSE)
off <- rows$bits - rows$honest
cat(sprintf("Too good by %.4f bits per spike on average, by %.4f at most, %.2f of a standard error at most.\n",
            mean(off), max(off), max(off / rows$se)))
