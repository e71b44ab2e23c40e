middle_of <- function(breaks) (breaks[-1] + breaks[-length(breaks)]) / 2

test_that("linear is the interpolation at the middle of each bin", {
  set.seed(1)
  times <- cumsum(runif(200, 0.01, 0.03))
  x <- rnorm(200)
  breaks <- seq(times[1], times[200], length.out = 500)
  wanted <- approx(times, x, middle_of(breaks))$y
  expect_equal(bin_behaviour(times, x, breaks), wanted, tolerance = 1e-12)
  order <- sample(200)
  expect_identical(bin_behaviour(times[order], x[order], breaks), bin_behaviour(times, x, breaks))
})

test_that("mean is the mean of a bin's samples, NA without one", {
  set.seed(2)
  times <- runif(300, 0, 10)
  x <- rnorm(300)
  breaks <- c(0, sort(runif(80, 0, 10)), 10)
  came <- bin_behaviour(times, x, breaks, "mean")
  wanted <- vapply(seq_len(81), function(i) mean(x[times >= breaks[i] & times < breaks[i + 1]]), 0)
  expect_equal(came, ifelse(is.nan(wanted), NA, wanted), tolerance = 1e-12)
  expect_true(anyNA(came))
  expect_identical(bin_behaviour(c(0, 1, 2), c(1, 2, 4), c(0, 1, 2), "mean"), c(1, 3))
})

test_that("nearest is the nearest sample, of two the earlier; factors stay factors", {
  times <- c(0, 1, 2, 4)
  breaks <- c(0, 0.8, 1.2, 1.8, 3.8)
  expect_identical(bin_behaviour(times, c(10, 20, 30, 40), breaks, "nearest", max_gap = 1), c(10, 20, 20, 30))
  f <- factor(c("go", "stay", "go", "turn"))
  expect_identical(bin_behaviour(times, f, breaks, "nearest", max_gap = 1), f[c(1, 2, 2, 3)])
  expect_refused(bin_behaviour(times, f, breaks), "x", "nearest")
})

test_that("angles go the short way round and are averaged on the circle", {
  heading <- c(350, 10, 30)
  expect_equal(bin_behaviour(0:2, heading, c(0, 1, 2), period = c(0, 360)), c(0, 20))
  expect_equal(bin_behaviour(0:2, heading, c(0, 0.5, 1, 2), period = c(0, 360)), c(355, 5, 20))
  expect_equal(bin_behaviour(c(0.1, 0.2, 1.5), c(350, 20, 40), c(0, 1, 2), "mean", period = c(0, 360)), c(5, 40))
  expect_equal(bin_behaviour(0:1, c(-170, 170), c(0, 1), period = c(-180, 180)) %% 360, 180)
  expect_identical(bin_behaviour(c(0.1, 0.2), c(0, 180), c(0, 1), "mean", period = c(0, 360)), NA_real_)
  # a turning animal, in any units: the same as interpolating the unwrapped angle
  set.seed(3)
  times <- seq(0, 20, by = 0.04)
  turned <- cumsum(rnorm(501, sd = 0.4))
  breaks <- seq(0, 20, by = 0.013)
  wanted <- approx(times, turned, middle_of(breaks))$y
  for (period in list(c(0, 2 * pi), c(-pi, pi))) {
    came <- bin_behaviour(times, (turned - period[1]) %% (2 * pi) + period[1], breaks, period = period)
    expect_true(all(came >= period[1] & came < period[2]))
    expect_lt(max(abs(exp(1i * came) - exp(1i * wanted))), 1e-9)
  }
})

test_that("bins far from every sample are NA", {
  times <- c(seq(0, 1, 0.1), seq(3, 4, 0.1))
  x <- times
  breaks <- seq(-1, 5, by = 0.2)
  middle <- middle_of(breaks)
  distance <- vapply(middle, function(m) min(abs(m - times)), 0)
  inside <- middle >= 0 & middle <= 4
  for (method in c("linear", "nearest")) {
    expect_identical(is.na(bin_behaviour(times, x, breaks, method, max_gap = 0.35)),
                     !(inside & distance <= 0.35))
    expect_identical(is.na(bin_behaviour(times, x, breaks, method, max_gap = Inf)), !inside)
    # five usual distances
    expect_identical(is.na(bin_behaviour(times, x, breaks, method)), !(inside & distance <= 0.5 + 1e-9))
  }
  expect_equal(bin_behaviour(times, x, breaks, max_gap = Inf)[inside], middle[inside], tolerance = 1e-12)
})

test_that("samples that are NA are as if they were not there", {
  set.seed(4)
  times <- seq(0, 5, by = 0.1)
  x <- rnorm(51)
  x[c(4, 5, 30)] <- NA
  breaks <- seq(0, 5, by = 0.07)
  for (method in c("linear", "mean", "nearest")) {
    expect_identical(bin_behaviour(times, x, breaks, method, max_gap = 1),
                     bin_behaviour(times[!is.na(x)], x[!is.na(x)], breaks, method, max_gap = 1))
    expect_true(all(is.na(bin_behaviour(times, NA * x, breaks, method))))
    expect_true(all(is.na(bin_behaviour(numeric(), numeric(), breaks, method))))
  }
  expect_identical(bin_behaviour(0.5, 7, c(0, 1)), 7)
})

test_that("matrices and data frames keep their columns", {
  times <- seq(0, 1, 0.1)
  xy <- cbind(x = times, y = -times)
  breaks <- seq(0, 1, 0.25)
  came <- bin_behaviour(times, xy, breaks)
  expect_identical(came,
                   cbind(x = bin_behaviour(times, times, breaks), y = bin_behaviour(times, -times, breaks)))
  frame <- bin_behaviour(times, data.frame(x = times, lap = factor(rep(1:2, c(5, 6)))), breaks, "nearest")
  expect_identical(dim(frame), c(4L, 2L))
  expect_identical(levels(frame$lap), c("1", "2"))
  expect_identical(dim(bin_behaviour(times, xy[, 1, drop = FALSE], c(0, 1))), c(1L, 1L))
})

test_that("samples that can't be are refused", {
  expect_refused(bin_behaviour(1:3, 1:2, 0:3), "x", "3", "2")
  expect_refused(bin_behaviour(c(1, NA), 1:2, 0:3), "times", "NA")
  expect_refused(bin_behaviour(1:2, 1:2, 3:0), "breaks", "increase")
  expect_refused(bin_behaviour(1:2, c(1, Inf), 0:3), "x", "infinite")
  expect_refused(bin_behaviour(1:2, c("a", "b"), 0:3), "x", "numbers or a factor")
  expect_refused(bin_behaviour(1:2, as.Date(1:2, "2000-01-01"), 0:3), "x", "Date")
  expect_refused(bin_behaviour(1:2, 1:2, 0:3, "spline"), "method", "\"spline\"")
  expect_refused(bin_behaviour(1:2, 1:2, 0:3, period = 360), "period", "c(0, 2 * pi)", "360")
  expect_refused(bin_behaviour(1:2, 1:2, 0:3, period = c(1, 0)), "period")
  expect_refused(bin_behaviour(1:2, 1:2, 0:3, max_gap = -1), "max_gap")
  expect_refused(bin_behaviour(1:2, 1:2, 0:3, max_gap = NA), "max_gap")
})

test_that("a list of breaks is one session after the other", {
  set.seed(11)
  times <- sort(runif(400, 0, 30))
  x <- data.frame(place = rnorm(400), turn = factor(sample(c("l", "r"), 400, TRUE)))
  runs <- list(seq(0, 10, 0.3), seq(15, 29, 0.5))
  for (method in c("linear", "mean", "nearest")) {
    came <- bin_behaviour(times, x$place, runs, method)
    expect_identical(came, unlist(lapply(runs, function(run) bin_behaviour(times, x$place, run, method))))
  }
  frame <- bin_behaviour(times, x, runs, "nearest")
  expect_identical(frame, do.call(rbind, lapply(runs, function(run) bin_behaviour(times, x, run, "nearest"))))
  both <- bin_behaviour(times, cbind(a = x$place, b = -x$place), runs)
  expect_identical(both[, "b"], -bin_behaviour(times, x$place, runs))
})

test_that("degrees in a period of radians, or radians in one of degrees, are noticed", {
  times <- seq(0, 10, 0.1)
  degrees <- seq(-179, 179, length.out = 101)
  expect_warning(bin_behaviour(times, degrees, 0:10, period = c(-pi, pi)), "degrees",
                 class = "neurolasso_units")
  expect_warning(bin_behaviour(times, degrees * pi / 180, 0:10, period = c(0, 360)), "radians",
                 class = "neurolasso_units")
  for (period in list(c(-180, 180), c(0, 360))) expect_silent(bin_behaviour(times, degrees, 0:10, period = period))
  for (turns in c(1, 200)) expect_silent(bin_behaviour(times, degrees / 180 * pi * turns, 0:10, period = c(-pi, pi)))
})
