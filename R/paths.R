# paths.R: many fits over one design, in the same passes of the data: the folds of a cross-validation and
# the subsamples of a stability selection as other weights, neurons as other counts.

# Fits one path for each element of the lists among `counts`, `weights` and `offset`; what is not a list is
# shared by all of them.
#   design           a covariate_design of n bins, evaluated (evaluated()), without missing values
#   moments, penalty of design_moments() and penalty_for(), shared by all paths
#   counts           numeric(n), or a list of such
#   weights          NULL, numeric(n), or a list of these: 0 leaves a bin out
#   offset           NULL, numeric(n), or a list of these
#   wanted           of lambda_request(): with `values` the same lambdas for all, else each path's own grid
#   link, control, progress  as fit_path() takes them
# Returns a list of what fit_path() returns, named as the lists are; a path without a spike where its
# weights are above 0 is a silent_path().
fit_paths <- function(design, moments, penalty, counts, weights, offset, wanted, link, control, progress) {
  counts <- as_lanes(counts)
  weights <- as_lanes(weights)
  offset <- as_lanes(offset)
  n_path <- max(length(counts), length(weights), length(offset))
  paths <- lapply(seq_len(n_path), function(k) {
    data <- list(design = design, counts = lane(counts, k), weights = lane(weights, k),
                 offset = lane(offset, k))
    v <- prior_weights(data)
    if (sum(v * data$counts) > 0) {
      fit_path(data, v / max(v), moments, penalty, wanted, link, control, progress)
    } else {
      silent_path(wanted, penalty, length(unclass(design)$columns))
    }
  })
  names(paths) <- names(counts) %||% names(weights) %||% names(offset)
  paths
}

as_lanes <- function(x) if (is.list(x)) x else list(x)
lane <- function(x, k) if (length(x) == 1) x[[1]] else x[[k]]
