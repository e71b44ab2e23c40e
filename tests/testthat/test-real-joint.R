# Recorded neurons that share groups: not shipped, so skipped where they aren't at hand.

test_that("49 neurons of CA1 encode place and speed together, certified", {
  d <- read.csv(gzfile(shared_file("ca1_nstat_animal1.csv.gz")))[1:6000, ]
  counts <- as.matrix(d[grep("^n[0-9]+$", names(d))])
  counts <- counts[, colSums(counts) > 0]
  speed <- c(0, sqrt(diff(d$x)^2 + diff(d$y)^2))
  covariates <- list(place = cbind(x = d$x, y = d$y), speed = speed, time = d$time)
  bases <- list(place = basis_bspline(6) * basis_bspline(6), speed = basis_bspline(5),
                time = basis_bspline(6))
  population <- group_lasso(covariates, counts, bases, neurons = "joint", n_lambda = 20)
  expect_true(all(population[[1]]$converged))
  expect_setequal(names(entry_order(population[[1]]))[1:2], c("place", "speed"))
  blocks <- list(oracle_product(oracle_bspline(d$x, 6), oracle_bspline(d$y, 6)), oracle_bspline(speed, 5),
                 oracle_bspline(d$time, 6))
  problem <- joint_problem(do.call(cbind, blocks), counts, shared_blocks(blocks, ncol(counts)), "calibrated")
  expect_lt(population_residuals(population, problem, at = c(1, 2, 10, 20)), 3e-6)
  active <- selected(population, fraction = 0.2)
  expect_true(all(active == active[, 1]))
  expect_true(all(is.finite(predict(population, covariates, fraction = 0.2))))
})
