# Counts by looking at every bin.
oracle_counts <- function(times, breaks) {
  last <- length(breaks) - 1
  vapply(seq_len(last), function(i) {
    sum(times >= breaks[i] & (times < breaks[i + 1] | (i == last & times == breaks[i + 1])))
  }, 0L)
}

test_that("counts are those of every bin looked at, sorted or not, equal bins or not", {
  for (seed in 1:40) {
    set.seed(seed)
    breaks <- if (seed %% 2) seq(-2, 3, length.out = sample(2:60, 1)) else sort(runif(sample(2:60, 1), -2, 3))
    times <- c(runif(300, -2.5, 3.5), sample(breaks, 20, TRUE))
    if (seed %% 3 == 0) times <- sort(times)
    outside <- sum(times < min(breaks) | times > max(breaks))
    seen <- watch(bin_spikes(times, breaks))
    expect_identical(seen$value, oracle_counts(times, breaks), label = paste("seed", seed))
    expect_identical(sum(seen$value) + outside, 320L)
    if (outside > 0) expect_identical(seen$warnings[[1]]$outside, as.double(outside))
  }
})

test_that("they are those of hist() and findInterval()", {
  times <- with_local_seed(1, runif(5000, 0, 10))
  breaks <- seq(0, 10, by = 0.1)
  expect_identical(bin_spikes(times, breaks), hist(times, breaks, plot = FALSE, right = FALSE)$counts)
  expect_identical(bin_spikes(times, breaks), tabulate(findInterval(times, breaks), 100))
})

test_that("a bin holds its start, not its end; the last one both", {
  expect_identical(bin_spikes(c(0, 1, 1, 2, 3), 0:3), c(1L, 2L, 2L))
  expect_identical(bin_spikes(numeric(), 0:3), integer(3))
  expect_identical(bin_spikes(NULL, 0:3), integer(3))
  expect_identical(bin_spikes(1:3, c(0.5, 2.5, 4)), c(2L, 1L))
})

test_that("neurons come as a list or with unit ids, silent ones included", {
  set.seed(2)
  times <- runif(900, 0, 5)
  id <- sample(c("b", "a", "d"), 900, TRUE)
  breaks <- seq(0, 5, 0.5)
  wanted <- vapply(c("a", "b", "d"), function(u) oracle_counts(times[id == u], breaks), integer(10))
  expect_identical(bin_spikes(times, breaks, units = id), wanted)
  expect_identical(bin_spikes(split(times, id), breaks), wanted)
  with_silent <- bin_spikes(times, breaks, units = factor(id, levels = c("d", "c", "b", "a")))
  expect_identical(with_silent, cbind(d = wanted[, "d"], c = 0L, b = wanted[, "b"], a = wanted[, "a"]))
  expect_identical(bin_spikes(split(times, id)[c("d", "b")], breaks), wanted[, c("d", "b")])
  expect_identical(colnames(bin_spikes(unname(split(times, id)), breaks)), c("1", "2", "3"))
  expect_identical(colnames(bin_spikes(times, breaks, units = match(id, letters))), c("1", "2", "4"))
  expect_identical(bin_spikes(list(a = NULL, b = 1), 0:2), cbind(a = c(0L, 0L), b = c(0L, 1L)))
  expect_identical(dim(bin_spikes(list(), 0:2)), c(2L, 0L))
  expect_identical(dim(bin_spikes(list(a = 1), 0:2)), c(2L, 1L))
})

test_that("spikes outside are left out, with one warning that counts them by neuron", {
  seen <- watch(bin_spikes(list(a = c(-1, 0.5), b = c(0.1, 7, 8, -3), c = 0.2), c(0, 1)))
  expect_identical(unname(seen$value[1, ]), c(1L, 1L, 1L))
  expect_length(seen$warnings, 1)
  expect_s3_class(seen$warnings[[1]], "neurolasso_spikes_outside")
  expect_match(conditionMessage(seen$warnings[[1]]), "4 of 7 spikes are outside", fixed = TRUE)
  expect_identical(seen$warnings[[1]]$outside, c(a = 1, b = 3, c = 0))
})

test_that("the result is a coupling covariate as it is", {
  set.seed(3)
  counts <- bin_spikes(list(n1 = runif(200, 0, 10), n2 = runif(100, 0, 10)), seq(0, 10, by = 0.05))
  path <- group_lasso(list(coupling = counts), counts[, "n1"], basis_conv(basis_raised_cosine(3), 5),
                      n_lambda = 5)
  expect_named(path$groups, c("coupling.n1", "coupling.n2"))
})

test_that("times, breaks and units that can't be are refused", {
  bad <- function(expr, arg, ...) expect_refused(expr, arg, ..., class = "neurolasso_spikes_error")
  bad(bin_spikes(c(1, NA), 0:3), "times", "NA or infinite", "first: 2")
  bad(bin_spikes(c(Inf, 1), 0:3), "times", "first: 1")
  bad(bin_spikes(list(a = 1, b = c(1, NaN)), 0:3), "times", "neuron `b`", "first: 2")
  bad(bin_spikes("1", 0:3), "times", "numbers")
  bad(bin_spikes(factor(1:2), 0:3), "times", "numbers")
  bad(bin_spikes(matrix(1, 2, 2), 0:3), "times", "vector")
  bad(bin_spikes(list(a = 1, a = 2), 0:3), "times", "different names")
  bad(bin_spikes(1, 3:0), "breaks", "increase", "value 2")
  bad(bin_spikes(1, c(0, 1, 1)), "breaks", "value 3")
  bad(bin_spikes(1, 5), "breaks", "at least two")
  bad(bin_spikes(1, NULL), "breaks")
  bad(bin_spikes(1, c(0, NA)), "breaks", "NA")
  bad(bin_spikes(1, c(0, Inf)), "breaks")
  bad(bin_spikes(1:3, 0:3, units = 1:2), "units", "3", "2")
  bad(bin_spikes(1:3, 0:3, units = c(1, NA, 2)), "units", "NA")
  bad(bin_spikes(list(1), 0:3, units = 1), "units", "NULL")
})

test_that("spike times are not changed, and large numbers of them take no time", {
  times <- with_local_seed(4, runif(2e6, 0, 1e4))
  copy <- times + 0
  breaks <- seq(0, 1e4, by = 0.01)
  seconds <- system.time(counts <- bin_spikes(times, breaks))[["elapsed"]]
  expect_identical(times, copy)
  expect_identical(sum(counts), 2000000L)
  expect_lt(seconds, 10)
})

test_that("a list of breaks is one session after the other", {
  for (seed in 1:20) {
    set.seed(seed)
    edges <- sort(runif(40, 0, 10))
    runs <- list(a = edges[1:9], b = edges[if (seed %% 2) 9:20 else 12:20], c = edges[25:40])
    trains <- list(n1 = c(runif(200, -1, 11), edges), n2 = runif(30, 0, 10))
    seen <- watch(bin_spikes(trains, runs))
    alone <- lapply(runs, function(run) suppressWarnings(bin_spikes(trains, run)))
    # a session's end is in its last bin where it is the end of all, else nowhere, or where the next one begins
    for (name in c("a", "b")) {
      last <- nrow(alone[[name]])
      alone[[name]][last, "n1"] <- alone[[name]][last, "n1"] - sum(trains$n1 == max(runs[[name]]))
    }
    expect_identical(seen$value, do.call(rbind, unname(alone)))
    outside <- lengths(trains) - colSums(seen$value)
    expect_length(seen$warnings, 1)
    expect_equal(seen$warnings[[1]]$outside, outside)
    expect_identical(suppressWarnings(bin_spikes(trains$n1, runs)), unname(seen$value[, "n1"]))
  }
  # nothing to say where every spike is in a session
  expect_identical(bin_spikes(c(0.5, 7.5), list(c(0, 1, 2), c(7, 8))), c(1L, 0L, 1L))
  expect_identical(bin_spikes(1.5, list(0:2)), bin_spikes(1.5, 0:2))
  expect_refused(bin_spikes(1, list(0:2, 1:3)), "breaks", "number 2 begins at 1",
                 class = "neurolasso_spikes_error")
  expect_refused(bin_spikes(1, list(5:6, 1:3)), "breaks", "order of time", class = "neurolasso_spikes_error")
  expect_refused(bin_spikes(1, list(0:2, 4)), "breaks", "at least two", class = "neurolasso_spikes_error")
  expect_refused(bin_spikes(1, list()), "breaks", "empty", class = "neurolasso_spikes_error")
})

test_that("what is likely a slip is said", {
  spikes <- data.frame(time = c(0.1, 0.2), unit = c("a", "b"))
  expect_refused(bin_spikes(spikes, 0:1), "times", "data frame", "units = d$unit",
                 class = "neurolasso_spikes_error")
  expect_refused(bin_spikes(1, 0.02), "breaks", "seq(0, 600, by = 0.02)", class = "neurolasso_spikes_error")
  expect_warning(bin_spikes(c(150, 2500, 9999), seq(0, 10, 1)),
                 "Times run from 150 to 9999, breaks from 0 to 10.", fixed = TRUE)
  expect_no_match(conditionMessage(watch(bin_spikes(c(1, 2, 3, 11), 0:10))$warnings[[1]]), "Times run")
})
