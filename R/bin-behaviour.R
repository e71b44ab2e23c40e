#' Behaviour on another clock to bins
#'
#' A camera, a treadmill or a stimulus has its own clock. This brings their samples to the bins that the
#' spikes were counted in.
#'
#' @param times When each sample was taken, in the unit of `breaks`, in any order.
#' @param x The samples: a vector, or a matrix or data frame with a row per time. NA is no sample. A factor
#'   goes with `method = "nearest"`.
#' @param breaks The limits of the bins, increasing, or a list of them, one per session, as in [bin_spikes()].
#' @param method `"linear"`: interpolated at the middle of each bin; `"mean"`: the mean of the samples in the
#'   bin, NA where there is none; `"nearest"`: the sample nearest to the middle, of two the earlier.
#' @param period NULL, or the two ends of a period, such as `c(0, 2 * pi)` or `c(-180, 180)`, for angles: they
#'   are interpolated the short way round and averaged on the circle, and the result is within the period.
#' @param max_gap Bins whose middle is further than this from every sample are NA, so that lost tracking is
#'   not made up. NULL: five times the median time between samples. `"linear"` and `"nearest"` give NA before
#'   the first and after the last sample, too; `"mean"` needs no gap.
#' @return A vector with a value per bin; for a matrix or data frame one with a row per bin and the same
#'   columns.
#' @section Errors and warnings:
#' Of class `neurolasso_spikes_error` for times and breaks, as in [bin_spikes()]; of class
#' `neurolasso_input_error` else. A warning of class `neurolasso_units` where samples look like degrees and
#' the period like radians, or the other way round.
#' @examples
#' breaks <- seq(0, 1, by = 0.25)
#' camera <- seq(0, 1, by = 0.1)
#' bin_behaviour(camera, 100 * camera, breaks)
#' # heading in degrees, across the jump from 359 to 0
#' bin_behaviour(camera, (355 + 100 * camera) %% 360, breaks, "mean", period = c(0, 360))
#' @export
bin_behaviour <- function(times, x, breaks, method = c("linear", "mean", "nearest"), period = NULL,
                          max_gap = NULL) {
  runs <- check_runs(breaks)
  times <- check_times(times, "times")
  method <- check_choice(method, c("linear", "mean", "nearest"), "method")
  period <- check_circle(period)
  if (!is.null(max_gap)) max_gap <- check_gap(max_gap)
  check_samples(x, length(times), method, period)
  warn_of_units(x, period, "`period`")
  order <- if (is.unsorted(times)) order(times) else seq_along(times)
  times <- times[order]
  bring <- function(column) {
    column <- column[order]
    known <- !is.na(column)
    parts <- lapply(runs, function(run) {
      samples_to_bins(times[known], column[known], run, method, period, max_gap)
    })
    do.call(c, unname(parts))
  }
  if (is.data.frame(x)) return(data.frame(lapply(x, bring), check.names = FALSE))
  if (is.null(dim(x))) return(bring(x))
  n_bin <- sum(lengths(runs) - 1)
  out <- vapply(seq_len(ncol(x)), function(j) as.double(bring(x[, j])), double(n_bin))
  matrix(out, n_bin, dimnames = list(NULL, colnames(x)))
}

check_circle <- function(period) {
  if (is.null(period)) return(NULL)
  if (!(is.numeric(period) && length(period) == 2 && all(is.finite(period)) && period[1] < period[2])) {
    stop_input("`period` must be NULL or its two ends, such as c(0, 2 * pi), not ", describe(period), ".",
               arg = "period")
  }
  as.double(period)
}

check_gap <- function(max_gap) {
  if (identical(max_gap, Inf)) max_gap else check_number(max_gap, "max_gap", 0)
}

check_samples <- function(x, n_times, method, period) {
  refuse <- function(...) stop_input("`x` ", ..., arg = "x")
  if (NROW(x) != n_times) refuse("must have one sample per time, ", n_times, ", not ", NROW(x), ".")
  for (column in if (is.data.frame(x)) x else list(x)) {
    if (is.factor(column)) {
      if (method != "nearest" || !is.null(period)) {
        refuse("is a factor, which needs `method = \"nearest\"` and no `period`.")
      }
      next
    }
    if (!(is.numeric(column) || is.logical(column)) || is.object(column)) {
      refuse("must be numbers or a factor, not ", describe(column), ".")
    }
    infinite <- rows_where(column, is.infinite)
    if (any(infinite)) refuse("must be finite, but is infinite in ", count_rows(infinite), ".")
  }
}

# times: increasing; x: without NA. A value per bin.
samples_to_bins <- function(times, x, breaks, method, period, max_gap) {
  n_bin <- length(breaks) - 1
  middle <- (breaks[-1] + breaks[-length(breaks)]) / 2
  if (length(times) == 0) return(x[rep(NA_integer_, n_bin)])
  if (method == "mean") return(mean_in_bins(x, sample_bins(times, breaks), n_bin, period))
  before <- findInterval(middle, times)
  after <- pmin(before + 1L, length(times))
  exact <- before > 0 & times[pmax(before, 1L)] == middle
  after[exact] <- before[exact]
  before <- pmax(before, 1L)
  gap <- pmin(abs(middle - times[before]), abs(times[after] - middle))
  lost <- middle < times[1] | middle > times[length(times)] | gap > (max_gap %||% usual_gap(times))
  out <- if (method == "nearest") {
    x[ifelse(middle - times[before] <= times[after] - middle, before, after)]
  } else {
    share <- ifelse(after > before, (middle - times[before]) / (times[after] - times[before]), 0)
    x[before] + share * difference(x[before], x[after], period)
  }
  out[lost] <- NA
  if (is.null(period)) out else wrap(out, period)
}

usual_gap <- function(times) if (length(times) < 2) Inf else 5 * stats::median(diff(times))

# The bin of each sample, 0 or more than there are for those outside.
sample_bins <- function(times, breaks) findInterval(times, breaks, rightmost.closed = TRUE)

mean_in_bins <- function(x, bin, n_bin, period) {
  inside <- bin >= 1 & bin <= n_bin
  bin <- bin[inside]
  sizes <- tabulate(bin, n_bin)
  means <- function(z) {
    sums <- rep(NA_real_, n_bin) # bins without a sample
    sums[unique(bin)] <- rowsum(as.double(z[inside]), bin, reorder = FALSE)
    sums / sizes
  }
  if (is.null(period)) return(means(x))
  angle <- 2 * pi * (x - period[1]) / diff(period)
  along <- means(cos(angle))
  across <- means(sin(angle))
  out <- wrap(period[1] + atan2(across, along) / (2 * pi) * diff(period), period)
  # angles that cancel have no mean
  replace(out, is.na(along) | sqrt(along^2 + across^2) < 1e-12, NA)
}

# From a to b, the short way round where there is a period.
difference <- function(a, b, period) {
  if (is.null(period)) return(b - a)
  half <- diff(period) / 2
  (b - a + half) %% diff(period) - half
}

wrap <- function(x, period) period[1] + (x - period[1]) %% diff(period)
