# paths.R: many fits over one design, in the same passes of the data: the folds of a cross-validation and
# the subsamples of a stability selection as other weights, neurons as other counts.

# Fits one path for each element of the lists among `counts`, `weights` and `offset`; what is not a list is
# shared by all of them.
#   design           a covariate_design of n bins, evaluated (evaluated()), without missing values
#   moments, penalty of design_moments() and penalty_for(), shared by all paths
#   counts           numeric(n), or a list of such
#   weights          NULL, numeric(n), or a list of these: 0 leaves a bin out
#   offset           NULL, numeric(n), or a list of these
#   wanted           of lambda_request(); its grid, where it has no values, is that of each path, or, where
#                    the counts are shared, that of the first path for all
#   link, control, progress  as fit_path() takes them
# Where the counts are shared, the paths differ little: the first one, best that of all bins, goes ahead; the
# others start from its solutions and have no degrees of freedom (df: NaN). Weights that are 0 where others
# are not, and equal the first path's elsewhere, cost no further memory.
# Returns a list of what fit_path() returns, named as the lists are; n_gram and n_round are of all paths that
# shared them. A path without a spike where its weights are above 0 is a silent_path(), and the others don't
# notice.
fit_paths <- function(design, moments, penalty, counts, weights, offset, wanted, link, control, progress) {
  follow <- !is.list(counts)
  counts <- as_lanes(counts)
  weights <- as_lanes(weights)
  offset <- as_lanes(offset)
  n_path <- max(length(counts), length(weights), length(offset))
  names <- names(counts) %||% names(weights) %||% names(offset)
  counts <- rep_len(counts, n_path)
  weights <- lapply(rep_len(weights, n_path), largest_one)
  offset <- rep_len(offset, n_path)
  has_spike <- vapply(seq_len(n_path), function(k) any(counts[[k]] > 0 & (weights[[k]] %||% 1) > 0), TRUE)
  fits <- if (any(has_spike)) {
    run_paths(design, moments, penalty, counts[has_spike], weights[has_spike], offset[has_spike], wanted,
              link, control, progress, follow)
  }
  if (all(has_spike)) return(with_names(fits, names))
  if (follow && length(fits) > 0) wanted$values <- fits[[1]]$lambda
  paths <- rep(list(silent_path(wanted, penalty, length(unclass(design)$columns))), n_path)
  paths[has_spike] <- fits
  with_names(paths, names)
}

# Groups that have a name: all but the free ones, which are always in and which no result lists.
n_named <- function(penalty) length(penalty$rows)

# Groups and parts of groups that the core knows.
n_rows <- function(penalty) length(penalty$weight) + length(penalty$part_weight)

as_lanes <- function(x) if (is.list(x)) x else list(x)

# Weights of which the largest is 1; NULL where all are.
largest_one <- function(x) if (is.null(x) || max(x) == 1) x else x / max(x)

# The call of the core. counts, weights, offset: lists, one element per path; follow: whether all paths are
# like the first, and get its lambdas.
run_paths <- function(design, moments, penalty, counts, weights, offset, wanted, link, control, progress,
                      follow) {
  mean_count <- vapply(seq_along(counts), function(k) weighted_mean(counts[[k]], weights[[k]]), 0)
  lambda <- list(values = wanted$values, n = wanted$n, ratio = as.double(wanted$ratio),
                 floor = as.double(signal_floor(penalty, gradient_scale(mean_count, link))))
  options <- c(core_options(control, link, progress), follow = as.integer(follow))
  centred <- centred_blocks(design, moments)
  parts <- matrix_parts(centred$blocks, unclass(design)$size, penalty)
  penalty$off <- centred$off[parts$order]
  penalty$column <- match(penalty$column, parts$order)
  fits <- .Call(C_paths, parts$blocks, counts, offset, weights, penalty, lambda, options)
  as_given(in_order(fits, parts$order), centred, penalty)
}

# v: weights, or NULL
weighted_mean <- function(y, v) if (is.null(v)) sum(y) / length(y) else sum(v * y) / sum(v)

core_options <- function(control, link, progress) {
  list(tol = control$tol, max_passes = control$max_passes, n_threads = usable_threads(control$n_threads),
       progress = as.integer(progress), link = link_code(link))
}

# Fits of the core for the columns as they were given, and for the groups that have a name. centred: of
# centred_blocks().
as_given <- function(fits, centred, penalty) {
  moved <- any(centred$taken != 0)
  all_rows <- is_whole_range(penalty$rows, n_rows(penalty))
  if (!moved && all_rows) return(fits)
  lapply(fits, function(fit) {
    if (moved) fit$intercept <- fit$intercept - colSums(fit$coefficients * centred$taken)
    if (all_rows) return(fit)
    for (part in c("group_norms", "group_scores")) fit[[part]] <- fit[[part]][penalty$rows, , drop = FALSE]
    fit
  })
}

# ---- parts of matrices ---------------------------------------------------------------------------

# A wide matrix, of which groups have parts, goes to the core in parts: what is not wanted of it need not be
# multiplied. Columns of the same groups are a part, where they are at least a few; else they are put together
# until they are many, since columns are multiplied eight at a time.
wide_matrix <- 16L
few_columns <- 4L
many_columns <- 8L

# Blocks for the core, wide matrices with the widths of their `parts`, and `order`: the design's columns
# (size: of each block) in the order of the blocks'. A matrix is copied where columns of the same groups
# aren't neighbours.
matrix_parts <- function(blocks, size, penalty) {
  order <- seq_len(sum(size))
  wide <- which(vapply(blocks, is_wide, TRUE))
  if (length(wide) > 0) kind <- column_kinds(penalty, length(order))
  for (b in wide) {
    columns <- sum(size[seq_len(b - 1)]) + seq_len(size[b])
    own <- match(kind[columns], unique(kind[columns]))
    if (max(own) == 1) next
    if (is.unsorted(own)) {
      by <- order(own)
      order[columns] <- columns[by]
      blocks[[b]]$x <- blocks[[b]]$x[, by, drop = FALSE]
      blocks[[b]]$centre <- blocks[[b]]$centre[by]
    }
    blocks[[b]]$parts <- part_widths(tabulate(own))
  }
  list(blocks = blocks, order = order)
}

# Fits whose coefficients are of columns in that order.
in_order <- function(fits, order) {
  if (!is.unsorted(order)) return(fits)
  lapply(fits, function(fit) {
    fit$coefficients[order, ] <- fit$coefficients
    fit
  })
}

# The groups of each of the columns, as a string.
column_kinds <- function(penalty, n_col) {
  group <- rep(seq_along(penalty$size), penalty$size)
  vapply(split(group, factor(penalty$column, seq_len(n_col))), paste, "", collapse = " ", USE.NAMES = FALSE)
}

# Runs of columns (their lengths), as many as are part of a wide matrix, put together.
part_widths <- function(runs) {
  widths <- integer()
  open <- 0L
  for (n in runs) {
    open <- open + n
    if (n < few_columns && open < many_columns) next
    widths <- c(widths, open)
    open <- 0L
  }
  widths[length(widths)] <- widths[length(widths)] + open
  widths
}
