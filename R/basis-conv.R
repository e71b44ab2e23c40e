#' Convolutions: spike history, coupling, delayed signals
#'
#' What a signal did around each bin, seen through a few filters: the neuron's own spike history, the spikes
#' of other neurons (coupling), a stimulus that acts with a delay. The covariate is the signal, one value per
#' bin: counts, or anything else. `basis_conv()` filters it with the functions of a basis, `basis_history()`
#' takes the lags as they are, a coefficient each.
#'
#' With W the window, \eqn{K_j(k)} function j of the basis at the k-th of W equally spaced points from 0 to 1
#' (k = 0 ... W - 1), column j of bin t is
#' \deqn{\sum_{k=0}^{W-1} K_j(k)\,x_{t - l - k}}{sum_{k = 0 .. W - 1} K_j(k) x[t - l - k]}
#' with the first lag l by `causality`:
#' \tabular{lll}{
#'   `"causal"` \tab l = 1 \tab bins t - W ... t - 1: the past, without bin t itself \cr
#'   `"anticausal"` \tab l = -W \tab bins t + 1 ... t + W: the future; the basis starts at its far end \cr
#'   `"acausal"` \tab l = -floor(W / 2) \tab bins around t, W of them; for an even W one more is ahead
#' }
#' as in NeMoS, whose convolved bases these are. `basis_history(W)` is the causal one with \eqn{K} the
#' identity: column k is the signal k bins ago.
#'
#' Bins without a whole window are NA, and so are those whose window holds an NA: `na.action` of
#' [group_lasso()] drops them, and the print says how many. Windows don't cross from one `session` into
#' another. The first function of `basis_raised_cosine_log()` peaks at the shortest lag, and the later ones
#' are ever wider, so it suits spike history.
#'
#' @section Many neurons:
#' A matrix with a column per neuron gives a covariate, and so a group, per neuron:
#' `list(coupling = counts)` with `basis = list(coupling = basis_conv(basis_raised_cosine(8), 50))` gives the
#' covariates `coupling.n1`, `coupling.n2`, ... after the columns' names (or their numbers).
#' [predict()][predict.group_lasso_path] takes the matrix again.
#'
#' @section What it costs:
#' Values of the signal that are zero cost nothing: time is in proportion to spikes x window x
#' functions, or to that of a fast Fourier transform where that is less. Where histories repeat, as those of
#' sparse spikes do, the columns are kept once for each different one. `basis_history()` has a column per lag:
#' 500 of them in 1e5 bins are 400 MB, and a path took 50 times as long as with 10 functions of
#' `basis_conv()`; above 2 GB there is a warning of class `neurolasso_many_lags`.
#'
#' @param basis The filters: a basis of one number (with `bounds`, they are on the window's own scale, 0 to
#'   1), or `basis_history()` of the same window.
#' @param window How many bins a filter covers, at least 2 (`basis_history()`: 1 to 5000).
#' @param causality Which bins, see below.
#' @inherit basis_bspline return
#' @references
#' Pillow et al. (2008), Nature 454:995, \doi{10.1038/nature07140}.
#' Truccolo et al. (2005), J Neurophysiol 93:1074, \doi{10.1152/jn.00697.2004}.
#' @seealso [bin_spikes()]; [tuning_curve()] gives the fitted filter.
#' @examples
#' basis_conv(basis_raised_cosine(4), window = 20)
#' spikes <- c(0, 0, 1, 0, 0, 0, 2, 0)
#' as.matrix(expand_covariates(list(spikes = spikes), basis_history(3)))
#' counts <- cbind(n1 = rpois(200, 0.2), n2 = rpois(200, 0.1))
#' past <- basis_conv(basis_bspline(4), 10)
#' expand_covariates(list(coupling = counts), past, session = rep(1:2, each = 100))
#' @export
basis_conv <- function(basis, window, causality = c("causal", "anticausal", "acausal")) {
  window <- check_count(window, "window", lower = 2)
  causality <- check_choice(causality, c("causal", "anticausal", "acausal"), "causality")
  kernel <- window_kernel(basis, window)
  new_basis("conv", list(kernel = kernel$values, labels = kernel$labels, causality = causality, of = basis))
}

#' @rdname basis_conv
#' @export
basis_history <- function(window) {
  window <- check_count(window, "window")
  if (window > most_lags) {
    stop_input("`window` must be at most ", most_lags, " for lags as they are, a coefficient each, not ",
               window, "; basis_conv() covers a longer one with few functions.", arg = "window")
  }
  new_basis(c("history", "conv"), list(kernel = diag(1, window), causality = "causal"))
}

most_lags <- 5000

# A basis over the window: values (window x functions) and labels.
window_kernel <- function(basis, window) {
  refuse <- function(...) stop_input("`basis` ", ..., arg = "basis")
  if (!inherits(basis, "basis")) {
    refuse("must be a basis such as basis_raised_cosine(8), not ", describe(basis), ".")
  }
  if (inherits(basis, "basis_history")) {
    if (nrow(basis$kernel) == window) return(list(values = basis$kernel))
    refuse(format(basis), " has another window than ", window, ".")
  }
  if (has_window(basis) || inherits(basis, "basis_factor") || n_inputs(basis) != 1) {
    refuse("must be a basis of one number, not ", format(basis), ".")
  }
  at <- list(seq(0, 1, length.out = window))
  trained <- train_basis(basis, at)
  outside <- !is.null(trained$bounds) && (trained$bounds[1] > 0 || trained$bounds[2] < 1)
  if (outside && !is_periodic(trained)) {
    refuse("covers a window whose lags run from 0 to 1, so its bounds must hold these, not ", format(basis),
           ".")
  }
  list(values = basis_values(trained, at), labels = basis_labels(trained))
}

# Whether a basis looks at other bins than that of its row.
has_window <- function(basis) inherits(basis, "basis_conv")

any_window <- function(bases) {
  for (basis in bases) if (has_window(basis)) return(TRUE)
  FALSE
}

# The lags of a convolution, in the order of its kernel: how many bins ago, negative ones ahead.
conv_lags <- function(basis) {
  window <- nrow(basis$kernel)
  first <- switch(basis$causality, causal = 1L, anticausal = -window, acausal = -(window %/% 2L))
  first + seq_len(window) - 1L
}

# How many bins a session must have for one row.
whole_window <- function(basis) {
  lags <- conv_lags(basis)
  max(lags, 0L) + max(-lags, 0L) + 1L
}

#' @export
train_basis.basis_conv <- function(basis, x) {
  numeric_input(x[[1]], format(basis))
  basis
}

# As functions of the lag, for pictures: the kernel. The columns of a signal are convolve_signal()'s.
#' @export
basis_block.basis_conv <- function(basis, x) {
  new_block(list(x = basis$kernel[match(x[[1]], conv_lags(basis)), , drop = FALSE]), 0)
}

#' @export
basis_rows.basis_conv <- function(basis, x) {
  stop_input(format(basis), " can't be a factor of a product.", class = "neurolasso_covariate_error")
}

#' @export
basis_size.basis_conv <- function(basis) ncol(basis$kernel)

#' @export
basis_labels.basis_conv <- function(basis) basis$labels

#' @export
basis_grid.basis_conv <- function(basis, n) list(conv_lags(basis))

#' @export
format.basis_conv <- function(x, ...) {
  format_basis("basis_conv", format(x$of), paste("window =", nrow(x$kernel)),
               if (x$causality != "causal") sprintf("causality = \"%s\"", x$causality) else "")
}

#' @export
format.basis_history <- function(x, ...) format_basis("basis_history", nrow(x$kernel))

# ---- one group per neuron ------------------------------------------------------------------------

# Matrices under a convolution, as a covariate per column, each with its basis. The basis remembers the
# matrix and the column, to find it in new data.
split_neurons <- function(leaves, bases) {
  if (!any_window(bases)) return(list(leaves = leaves, bases = bases))
  parts <- Map(function(x, basis, name) {
    one <- is.null(dim(x)) || (ncol(x) == 1 && is.null(colnames(x)))
    if (!has_window(basis) || one) return(list(leaves = list(x), bases = list(basis), names = name))
    columns <- neuron_names(x, name)
    list(
      leaves = lapply(seq_along(columns), function(j) unname(x[, j])),
      bases = lapply(columns, function(column) {
        basis$from <- c(name, column)
        basis
      }),
      names = paste(name, columns, sep = ".")
    )
  }, leaves, bases, names(leaves))
  names <- unlist(lapply(parts, `[[`, "names"), use.names = FALSE)
  twice <- repeated(names)
  if (length(twice) > 0) {
    stop_input("`covariates` must have different names; these come twice, one of them from a matrix's ",
               "column: ", quoted(twice), ".", arg = "covariates")
  }
  together <- function(what) stats::setNames(do.call(c, unname(lapply(parts, `[[`, what))), names)
  list(leaves = together("leaves"), bases = together("bases"))
}

neuron_names <- function(x, name) {
  names <- colnames(x)
  if (is.null(names)) return(as.character(seq_len(ncol(x))))
  if (anyNA(names) || any(!nzchar(names)) || anyDuplicated(names)) {
    stop_input("covariate `", name, "` is a matrix with a column per neuron: its columns need different ",
               "names, or none.", arg = name, class = "neurolasso_covariate_error")
  }
  names
}

# New data with the matrices that convolutions were trained on taken apart like those.
split_new_neurons <- function(leaves, bases) {
  sources <- lapply(bases, `[[`, "from")
  for (name in setdiff(unique(unlist(lapply(sources, `[`, 1))), names(bases))) {
    if (is.null(leaves[[name]])) next
    of_it <- sources[vapply(sources, function(source) identical(source[1], name), TRUE)]
    leaves <- c(leaves, neuron_columns(leaves[[name]], vapply(of_it, `[`, "", 2), name))
  }
  leaves
}

# The columns called `wanted` (named by covariate) of a new matrix; by place where it has no names.
neuron_columns <- function(x, wanted, name) {
  refuse <- function(...) stop_input("covariate `", name, "` ", ..., arg = "newdata")
  if (is.factor(x)) refuse("was a matrix of neurons when the model was fitted, and is a factor in `newdata`.")
  at <- match(wanted, colnames(x))
  numbered <- identical(unname(wanted), as.character(seq_along(wanted)))
  if (is.null(colnames(x)) || (numbered && anyNA(at))) {
    if (NCOL(x) != length(wanted)) {
      refuse("had ", count_of(length(wanted), "column"), " when the model was fitted, and has ",
             count_of(NCOL(x), "column"), " in `newdata`.")
    }
    at <- seq_along(wanted)
  }
  if (anyNA(at)) refuse("must have the columns of training; ", quoted(wanted[is.na(at)]), " missing.")
  x <- as.matrix(x)
  stats::setNames(lapply(at, function(j) unname(x[, j])), names(wanted))
}

# ---- convolving ----------------------------------------------------------------------------------

# The columns of a convolution: bins x functions, NA where a window is not whole. starts: of the sessions, as
# run_starts() gives them.
convolve_signal <- function(basis, x, starts) {
  x <- as_doubles(as.vector(x))
  out <- if (transform_pays(x, basis$kernel, starts)) {
    convolve_by_fft(x, starts, basis$kernel, conv_lags(basis)[1])
  } else {
    .Call(C_convolve, x, starts, basis$kernel, conv_lags(basis)[1])
  }
  out[convolve_missing(basis, x, starts), ] <- NA_real_
  out
}

# The rows without a whole window, or with an NA in it.
convolve_missing <- function(basis, x, starts) {
  .Call(C_convolve_missing, as_doubles(as.vector(x)), starts, basis$kernel, conv_lags(basis)[1])
}

# Nanoseconds for one multiplication of the sum, and for a number of a Fourier transform of length L, per
# log2(L). Measured by bench/signals.R.
ns_per_product <- 0.6
ns_per_transform <- 7

# Signals whose largest value is above this many times the mean are left to the sum.
most_crest <- 1e4

# Whether blocks of a Fourier transform cost less than adding a kernel for each value that is not zero.
transform_pays <- function(x, kernel, starts) {
  sizes <- diff(starts)
  size <- abs(x[!is.na(x) & x != 0])
  # the rounding of a large value would show in all of its block
  if (length(size) == 0 || max(size) > most_crest * mean(size)) return(FALSE)
  sum_cost <- ns_per_product * sum(kernel != 0) * length(size)
  length <- transform_length(nrow(kernel), max(sizes))
  n_block <- sum(ceiling(pmax(sizes - nrow(kernel) + 1, 0) / (length - nrow(kernel) + 1)))
  n_transform <- ceiling(ncol(kernel) / 2) * (n_block + 1) + n_block
  ns_per_transform * length * log2(length) * n_transform < sum_cost
}

# Long enough that few rows of a block are lost to the kernel, short enough for the cache.
transform_length <- function(window, longest) {
  stats::nextn(min(max(8 * window, 4096), max(longest, window)))
}

# The same sums by Fourier transforms of blocks that overlap by a window; two kernels are the real and
# imaginary parts of one. Rows without a whole window are left 0.
convolve_by_fft <- function(x, starts, kernel, first_lag) {
  window <- nrow(kernel)
  length <- transform_length(window, max(diff(starts)))
  pairs <- split(seq_len(ncol(kernel)), (seq_len(ncol(kernel)) - 1) %/% 2)
  padded <- function(z) stats::fft(c(z, rep(0, length - length(z))))
  transformed <- lapply(pairs, function(j) {
    padded(complex(real = kernel[, j[1]], imaginary = kernel[, j[length(j)]]))
  })
  x[is.na(x)] <- 0
  out <- matrix(0, length(x), ncol(kernel))
  for (run in seq_along(starts[-1])) {
    at <- starts[run]
    while (starts[run + 1] - at >= window) {
      block <- seq(at + 1, min(at + length, starts[run + 1]))
      signal <- padded(x[block])
      whole <- window:length(block)
      rows <- block[whole] + first_lag
      # of a window that is whole, the row may lie outside the session
      inside <- rows > starts[run] & rows <= starts[run + 1]
      for (p in seq_along(pairs)) {
        both <- stats::fft(signal * transformed[[p]], inverse = TRUE)[whole[inside]] / length
        j <- pairs[[p]]
        out[rows[inside], j[1]] <- Re(both)
        if (length(j) == 2) out[rows[inside], j[2]] <- Im(both)
      }
      at <- at + length - window + 1
    }
  }
  out
}
