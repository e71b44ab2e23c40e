# folds.R: which bins are held out together: folds of blocks in time, and the gaps around them.

# Blocks are this many correlation times long, so that most of what is held out is far from what is trained
# on, but every fold has this many blocks.
block_times <- 5
blocks_per_fold <- 5

fold_kinds <- c("interleaved", "contiguous", "session", "random")

# list(id = the fold of each of the bins given, from 1; kind; block = length in bins or NA). folds, block: as
# the user gave them.
make_folds <- function(folds, n_folds, block, path, problem) {
  n <- n_given(path)
  session <- session_of_bins(path)
  if (is.null(folds)) folds <- "interleaved"
  if (!is.character(folds) || length(folds) != 1 || n == 1) return(given_folds(folds, block, n))
  kind <- check_choice(folds, fold_kinds, "folds")
  if (!is.null(block) && kind != "interleaved") {
    stop_input("`block` goes with interleaved folds, not with folds = \"", kind, "\".", arg = "block")
  }
  if (n_folds > n) {
    stop_input("`n_folds` must be at most the number of bins, ", n, ", not ", n_folds, ".", arg = "n_folds")
  }
  if (kind == "interleaved") {
    block <- if (is.null(block)) {
      chosen_block(longest_correlation(problem, session[used_bins(path)]), n, n_folds)
    } else {
      check_block(block, n, n_folds)
    }
    return(list(id = interleaved_folds(session, block, n_folds), kind = kind, block = block))
  }
  id <- switch(kind,
    contiguous = spread_evenly(n, n_folds),
    session = session_folds(session, n_folds),
    random = sample(rep_len(seq_len(n_folds), n))
  )
  list(id = id, kind = kind, block = NA_integer_)
}

# Fold ids of the user, as numbers in order of their values.
given_folds <- function(folds, block, n) {
  if (!is.atomic(folds) || is.null(folds) || !is.null(dim(folds))) {
    stop_input("`folds` must be one of ", quoted(fold_kinds), " or a vector of fold ids, one per bin, not ",
               describe(folds), ".", arg = "folds")
  }
  if (!is.null(block)) stop_input("`block` must be NULL where `folds` has the fold of each bin.", arg = "block")
  check_length(folds, n, "folds")
  if (anyNA(folds)) {
    stop_input("`folds` must not be NA, but is in ", count_rows(is.na(folds)), ".", arg = "folds")
  }
  ids <- sort(unique(folds))
  if (length(ids) < 2) {
    stop_input("`folds` must have at least two different ids, and has ", length(ids), ".", arg = "folds")
  }
  list(id = match(folds, ids), kind = "given", block = NA_integer_)
}

check_block <- function(block, n, n_folds) {
  block <- check_count(block, "block")
  if (ceiling(n / block) < n_folds) {
    stop_input("`block` must be at most ", n %/% n_folds, " bins, so that each of ", n_folds,
               " folds has a block, not ", block, ".", arg = "block")
  }
  block
}

chosen_block <- function(time, n, n_folds) {
  as.integer(max(min(ceiling(block_times * time), n %/% (blocks_per_fold * n_folds)), 1))
}

# Blocks of about `block` bins, equal within a session, in turn to folds 1, 2, ... n_folds, 1, ... With one
# session the folds have equally many blocks.
interleaved_folds <- function(session, block, n_folds) {
  number <- number_blocks(session, block, n_folds)
  id <- as.integer((number - 1) %% n_folds) + 1L
  if (max(id) < n_folds) {
    stop_input("`n_folds` must be at most the number of blocks, ", max(number), ", not ", n_folds,
               "; give a shorter `block`.", arg = "n_folds")
  }
  id
}

# The block of each bin: equal ones in a session, which, if it is the only one, has a multiple of `multiple`.
number_blocks <- function(session, block, multiple = 1) {
  sizes <- tabulate(session)
  n_blocks <- pmax(round(sizes / block), 1)
  if (length(sizes) == 1) n_blocks <- min(max(round(n_blocks / multiple), 1) * multiple, sizes)
  unlist(Map(spread_evenly, sizes, n_blocks)) + rep(cumsum(c(0, n_blocks))[seq_along(sizes)], sizes)
}

# 1 .. k for n bins in k runs of nearly equal length.
spread_evenly <- function(n, k) as.integer(floor((seq_len(n) - 1) * k / n)) + 1L

# Whole sessions, in turn to the folds.
session_folds <- function(session, n_folds) {
  if (max(session) < 2) {
    stop_input("folds = \"session\" needs `session` with at least two sessions.", arg = "folds")
  }
  (session - 1L) %% min(n_folds, max(session)) + 1L
}

# The bins within `gap` bins of a held-out one of the same session, and these themselves.
widened <- function(held_out, gap, session) {
  if (gap == 0) return(held_out)
  n <- length(held_out)
  at <- seq_len(n)
  first <- match(session, session)
  last <- n + 1L - match(session, rev(session))
  before <- c(0, cumsum(held_out))
  before[pmin(at + gap, last) + 1] > before[pmax(at - gap, first)]
}

# For each fold the bins (of those used) to train on and those held out: list of list(train, held) of logical
# vectors.
split_folds <- function(folds, gap, path) {
  session <- session_of_bins(path)
  used <- used_bins(path)
  v <- prior_weights(path)
  lapply(seq_len(max(folds$id)), function(k) {
    held_out <- folds$id == k
    parts <- list(train = !widened(held_out, gap, session)[used], held = held_out[used])
    if (!any(v[parts$train] > 0)) {
      stop_input("nothing is left to train on when fold ", k, " is held out with a `gap` of ", gap,
                 " bins on each side.", arg = "gap")
    }
    parts
  })
}
