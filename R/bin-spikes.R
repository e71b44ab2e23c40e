#' Spike times to counts per bin
#'
#' @param times Spike times (s, or any unit that `breaks` has), in any order: a vector; or, for several
#'   neurons, a list with a vector each, or one vector with `units`.
#' @param breaks The limits of the bins, increasing: b + 1 values for b bins. A bin holds the spikes with
#'   `breaks[i] <= time < breaks[i + 1]`, the last one those at its end, too. Or a list of such vectors, one
#'   per session, in order of time: their bins follow each other in the result, and
#'   `rep(names(breaks), lengths(breaks) - 1)` is the `session` of each.
#' @param units NULL, or the neuron of each spike. The levels of a factor are all neurons, silent ones
#'   included; else the different values, sorted.
#' @return Integers: a vector with a count per bin; with a list or `units` a matrix, bins x neurons, with
#'   the neurons as column names (an unnamed list's are numbered). Spikes outside `breaks` are left out, with
#'   one warning of class `neurolasso_spikes_outside` that counts them (its field `outside`, one number
#'   per neuron).
#' @section Errors:
#' Of class `neurolasso_spikes_error`: times or breaks that are NA or infinite, breaks that don't increase,
#' `units` of another length.
#' @seealso [bin_behaviour()] for what was sampled on another clock.
#' @examples
#' breaks <- seq(0, 1, by = 0.25)
#' bin_spikes(c(0.1, 0.7, 0.26, 0.25, 1), breaks)
#' bin_spikes(list(a = c(0.1, 0.9), b = numeric()), breaks)
#' bin_spikes(c(0.1, 0.9, 0.2), breaks, units = c("b", "a", "b"))
#' # two sessions of one recording, with a pause
#' bin_spikes(c(0.1, 1.7, 5.2), list(morning = 0:2, evening = 5:6))
#' @export
bin_spikes <- function(times, breaks, units = NULL) {
  runs <- check_runs(breaks)
  breaks <- unique(unlist(runs, use.names = FALSE))
  trains <- if (is.list(times)) spikes_of_list(times, units) else spikes_of_units(times, units)
  n_unit <- max(length(trains$names), 1L)
  binned <- .Call(C_count_spikes, trains$times, trains$unit, n_unit, breaks)
  counts <- binned$counts
  if (length(runs) > 1) {
    # not the pauses between them
    bins_of <- function(run) match(run[1], breaks) + seq_along(run[-1]) - 1L
    inside <- unlist(lapply(runs, bins_of), use.names = FALSE)
    counts <- counts[inside, , drop = FALSE]
    binned$outside <- binned$outside + colSums(binned$counts) - colSums(counts)
  }
  warn_outside(stats::setNames(binned$outside, trains$names), trains$times, breaks)
  if (is.null(trains$names)) return(as.vector(counts))
  # without a neuron there is no column
  counts <- counts[, seq_along(trains$names), drop = FALSE]
  dimnames(counts) <- list(NULL, trains$names)
  counts
}

stop_spikes <- function(arg, ...) {
  stop_input("`", arg, "` ", ..., arg = arg, class = "neurolasso_spikes_error")
}

check_breaks <- function(breaks) {
  if (!is.numeric(breaks) || is.factor(breaks) || length(breaks) < 2) {
    stop_spikes("breaks", "must be at least two numbers, the limits of the bins, such as ",
                "seq(0, 600, by = 0.02), not ", describe(breaks), ".")
  }
  check_times(breaks, "breaks")
  still <- which(diff(breaks) <= 0)
  if (length(still) > 0) {
    stop_spikes("breaks", "must increase, but value ", still[1] + 1, " (", format(breaks[still[1] + 1]),
                ") is not above the one before.")
  }
  as.double(breaks)
}

# The breaks of each session, which follow each other in time.
check_runs <- function(breaks) {
  if (!is.list(breaks)) return(list(check_breaks(breaks)))
  if (length(breaks) == 0) {
    stop_spikes("breaks", "must have the limits of at least one session's bins, and is empty.")
  }
  runs <- lapply(breaks, check_breaks)
  begin <- vapply(runs, `[`, 0, 1)
  end <- vapply(runs, function(run) run[length(run)], 0)
  early <- which(begin[-1] < end[-length(end)])
  if (length(early) > 0) {
    stop_spikes("breaks", "must be a vector per session in order of time, but number ", early[1] + 1,
                " begins at ", format(begin[early[1] + 1]), ", before the one before ends (",
                format(end[early[1]]), ").")
  }
  runs
}

# Finite numbers, as doubles. what: how messages call them.
check_times <- function(times, arg, what = "") {
  if (is.null(times)) return(double())
  if (!is.numeric(times) || is.object(times) || NCOL(times) != 1) {
    stop_spikes(arg, what, "must be a vector of numbers, not ", describe(times), ".")
  }
  times <- as.double(times)
  # the sum of finite numbers may be infinite, so it says only that all is well
  if (!is.finite(sum(times)) && !all(is.finite(times))) {
    stop_spikes(arg, what, "must be finite, but is NA or infinite in ", count_rows(!is.finite(times)), ".")
  }
  times
}

# Both return list(times, unit: NULL or from 0, names: of the units, NULL for a single train).
spikes_of_units <- function(times, units) {
  times <- check_times(times, "times")
  if (is.null(units)) return(list(times = times, unit = NULL, names = NULL))
  if (!is.atomic(units) || length(units) != length(times)) {
    stop_spikes("units", "must have one neuron per spike, ", length(times), ", not ", length(units), ".")
  }
  if (anyNA(units)) stop_spikes("units", "must not be NA, but is in ", count_rows(is.na(units)), ".")
  units <- as.factor(units)
  list(times = times, unit = as.integer(units) - 1L, names = levels(units))
}

spikes_of_list <- function(times, units) {
  if (!is.null(units)) stop_spikes("units", "must be NULL where `times` is a list with a vector per neuron.")
  if (is.data.frame(times)) {
    stop_spikes("times", "must be a vector, or a list with a vector per neuron, not ", describe(times),
                "; of one with a row per spike, give the columns: bin_spikes(d$time, breaks, units = ",
                "d$unit).")
  }
  names <- names(times) %||% as.character(seq_along(times))
  if (anyNA(names) || any(!nzchar(names)) || anyDuplicated(names)) {
    stop_spikes("times", "must have different names for all neurons, or none.")
  }
  trains <- Map(function(x, name) check_times(x, "times", sprintf("of neuron `%s` ", name)), times, names)
  list(times = as.double(unlist(trains, use.names = FALSE)),
       unit = rep(seq_along(trains) - 1L, lengths(trains)), names = names)
}

# outside: spikes of each neuron in no bin
warn_outside <- function(outside, times, breaks) {
  if (sum(outside) == 0) return()
  count <- function(x) format(x, big.mark = ",")
  n_spike <- length(times)
  span <- function(x) paste(vapply(range(x), format, "", digits = 4), collapse = " to ")
  # most of them: another unit, or another clock
  where <- if (sum(outside) > n_spike / 2) {
    paste0(" Times run from ", span(times), ", breaks from ", span(breaks), ".")
  }
  warn_user(count(sum(outside)), " of ", count(n_spike), if (n_spike == 1) " spike is" else " spikes are",
            " outside `breaks` and left out.", where, class = "neurolasso_spikes_outside",
            fields = list(outside = outside))
}
