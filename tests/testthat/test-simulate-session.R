known <- c("position", "speed", "head_direction", "theta_phase")

test_that("a session has what its help says", {
  session <- simulate_session(30, bin_width = 0.05, seed = 1)
  expect_s3_class(session, "simulated_session")
  expect_named(session, c("covariates", "counts", "rate", "time", "bin_width", "encodes"))
  expect_named(session$covariates, known)
  for (x in c(session$covariates, session[c("counts", "rate", "time")])) expect_length(x, 600)
  expect_equal(session$time, (seq_len(600) - 0.5) * 0.05)
  expect_identical(session$bin_width, 0.05)
  expect_identical(session$encodes, "position")
  expect_type(session$counts, "integer")
})

test_that("covariates are in their ranges, for any seed and bin width", {
  for (seed in 1:6) {
    session <- simulate_session(120, bin_width = c(0.01, 0.025, 0.1, 0.5, 1, 5)[seed], encodes = known,
                                seed = seed)
    within <- function(x, low, high) expect_true(all(x >= low & x <= high))
    within(session$covariates$position, 0, 200)
    within(session$covariates$speed, 0, 200)
    within(session$covariates$head_direction, 0, 2 * pi)
    within(session$covariates$theta_phase, 0, 2 * pi)
    expect_true(all(is.finite(session$rate) & session$rate >= 0))
    expect_true(all(session$counts >= 0))
  }
})

test_that("the rat visits the whole maze, in both directions, and theta runs at about 8 Hz", {
  session <- simulate_session(300, seed = 2)
  position <- session$covariates$position
  expect_true(all(table(cut(position, seq(0, 200, 20), include.lowest = TRUE)) > 100))
  heading <- cos(session$covariates$head_direction)
  expect_gt(mean(heading > 0), 0.3)
  expect_lt(mean(heading > 0), 0.7)
  turns <- sum(diff(session$covariates$theta_phase) < -pi)
  expect_gt(turns / 300, 7)
  expect_lt(turns / 300, 9)
})

test_that("the true rate has the mean that was asked for, and the counts follow it", {
  for (seed in 1:4) {
    rate <- c(0.5, 5, 20, 60)[seed]
    session <- simulate_session(200, encodes = known[seed], rate = rate, strength = seed / 2, seed = seed)
    expect_equal(mean(session$rate), rate)
    total <- sum(session$counts)
    expect_lt(abs(total - rate * 200), 4.5 * sqrt(rate * 200))
    # chi-square of the counts against their rates, in slices of similar rates
    slice <- cut(rank(session$rate, ties.method = "first"), 20)
    expected <- tapply(session$rate * session$bin_width, slice, sum)
    chi <- sum((tapply(session$counts, slice, sum) - expected)^2 / expected)
    expect_gt(pchisq(chi, 20, lower.tail = FALSE), 1e-4)
  }
})

test_that("the rate depends on the covariates in `encodes`, and on no other", {
  for (name in known) {
    session <- simulate_session(60, encodes = name, seed = 3)
    x <- session$covariates[[name]]
    fit <- fitted(loess(log(session$rate) ~ x, span = 0.1, degree = 2, surface = "direct",
                        subset = seq(1, length(x), 6), control = loess.control(statistics = "approximate")))
    expect_gt(cor(fit, log(session$rate)[seq(1, length(x), 6)]), 0.99)
  }
  none <- simulate_session(60, encodes = character(), seed = 3)
  expect_equal(none$rate, rep(5, 2400))
  expect_identical(none$encodes, character())
  weak <- simulate_session(60, encodes = known, strength = 0, seed = 3)
  expect_equal(weak$rate, rep(5, 2400))
})

test_that("the log rate is that of the help page", {
  session <- simulate_session(60, encodes = known, strength = 0.7, seed = 4)
  half <- session$covariates
  place <- exp(-0.5 * ((half$position - 70) / 18)^2)
  model <- lm(log(session$rate) ~ place + I(half$speed / (half$speed + 15)) + cos(half$head_direction) +
                sin(half$head_direction) + cos(half$theta_phase) + sin(half$theta_phase))
  expect_lt(max(abs(residuals(model))), 1e-9)
  # strength 1: a place field of 12 times the rate outside
  single <- simulate_session(60, seed = 4)
  expect_equal(diff(range(log(single$rate))), log(12), tolerance = 0.02)
})

test_that("a seed makes it repeatable and leaves the generator as it was", {
  set.seed(9)
  state <- .Random.seed
  first <- simulate_session(20, seed = 1)
  expect_identical(.Random.seed, state)
  expect_identical(simulate_session(20, seed = 1), first)
  expect_false(identical(simulate_session(20, seed = 2)$counts, first$counts))
  # what the neuron does leaves the rat alone
  expect_identical(simulate_session(20, encodes = known, rate = 50, seed = 1)$covariates, first$covariates)
  a <- simulate_session(20)
  expect_false(identical(.Random.seed, state))
  expect_false(identical(simulate_session(20)$counts, a$counts))
  set.seed(9)
  expect_identical(simulate_session(20), a)
})

test_that("a session that has never drawn a number has drawn none afterwards", {
  old <- globalenv()$.Random.seed
  on.exit(assign(".Random.seed", old, envir = globalenv()))
  rm(".Random.seed", envir = globalenv())
  simulate_session(5, seed = 1)
  expect_false(exists(".Random.seed", envir = globalenv(), inherits = FALSE))
})

test_that("the seed means the same whatever generator the user has", {
  wanted <- simulate_session(5, seed = 1)
  old <- RNGkind("Wichmann-Hill", "Box-Muller", "Rejection")
  on.exit(do.call(RNGkind, as.list(old)))
  expect_identical(simulate_session(5, seed = 1), wanted)
  expect_identical(RNGkind(), c("Wichmann-Hill", "Box-Muller", "Rejection"))
})

test_that("the number of bins is that of whole bins in the duration", {
  for (case in list(c(1, 0.1, 10), c(0.3, 0.1, 3), c(1, 0.3, 3), c(0.7, 0.1, 7), c(0.025, 0.025, 1))) {
    expect_length(simulate_session(case[1], case[2], seed = 1)$counts, case[3])
  }
})

test_that("a rate of 0 is a silent neuron", {
  expect_identical(sum(simulate_session(10, rate = 0, seed = 1)$counts), 0L)
})

test_that("what can't be simulated is refused", {
  expect_refused(simulate_session(0), "duration", "above 0", "not 0")
  expect_refused(simulate_session(-1), "duration")
  expect_refused(simulate_session(NA), "duration")
  expect_refused(simulate_session(Inf), "duration")
  expect_refused(simulate_session("a"), "duration", "\"a\"")
  expect_refused(simulate_session(10, bin_width = 0), "bin_width")
  expect_refused(simulate_session(0.01), "duration", "at least one `bin_width`")
  expect_refused(simulate_session(10, encodes = "pos"), "encodes", "`position`", "pos")
  expect_refused(simulate_session(10, encodes = NA), "encodes")
  expect_refused(simulate_session(10, encodes = 1), "encodes")
  expect_refused(simulate_session(10, rate = -1), "rate", "-1")
  expect_refused(simulate_session(10, strength = -1), "strength")
  expect_refused(simulate_session(10, seed = "a"), "seed", "\"a\"")
  expect_refused(simulate_session(10, seed = 1:2), "seed", "length 2")
  expect_refused(simulate_session(10, seed = NA_real_), "seed")
})

test_that("numbers beyond what can be simulated are refused, too", {
  suppressWarnings({
    expect_refused(simulate_session(10, rate = Inf), "rate")
    expect_refused(simulate_session(10, seed = Inf), "seed")
    expect_refused(simulate_session(10, seed = 1e10), "seed")
  })
})

test_that("a session prints its size and what the neuron encodes", {
  expect_snapshot(simulate_session(60, encodes = c("position", "theta_phase"), seed = 1))
  expect_output(print(simulate_session(60, encodes = character(), seed = 1)), "encodes nothing")
})
