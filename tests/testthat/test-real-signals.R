# Spike history and coupling on recordings that are not shipped; skipped where they aren't at hand.

test_that("a place cell in bins of 1 ms is explained by place x direction and its own past", {
  d <- read.csv(gzfile(shared_file("ca1_kramereden_ch9.csv.gz")))
  past <- basis_conv(basis_raised_cosine_log(8), 150)
  covariates <- list(place = cbind(x = d$x, dir = d$dir), history = d$n1, other = d$n2)
  bases <- list(place = basis_bspline(10) * basis_factor(), history = past, other = past)
  path <- group_lasso(covariates, d$n1, bases, offset = log(0.001), n_lambda = 30)
  expect_identical(path$n_obs, nrow(d) - 150L)
  expect_true(all(path$converged))
  expect_setequal(names(entry_order(path))[1:2], c("history", "place"))
  # few different histories
  expect_match(neurolasso:::storage_of(unclass(path$design)$blocks$history), "^table of")
  at <- c(3, 15, 30)
  gone <- 1:150
  history <- function(counts) {
    kept <- lapply(seq_len(150), function(k) c(rep(NA, k), counts[seq_len(nrow(d) - k)]))
    (do.call(cbind, kept) %*% past$kernel)[-gone, ]
  }
  place <- oracle_product(oracle_bspline(d$x, 10)[-gone, ], outer(d$dir[-gone], 0:1, `==`) + 0)
  problem <- list(blocks = list(place, history(d$n1), history(d$n2)), counts = d$n1[-gone],
                  offset = rep(log(0.001), nrow(d) - 150))
  expect_lt(max(path_residuals(path, problem, at = at)), 2e-6)
  # one place field, in one direction, and fewer spikes just after one
  lambda <- path$lambda[28]
  place <- tuning_curve(path, "place", lambda = lambda)
  best <- place[which.max(place$rate), ]
  expect_true(best$x > 55 && best$x < 75 && best$dir == 1)
  filter <- tuning_curve(path, "history", lambda = lambda)
  expect_lt(min(filter$effect[filter$lag < 10]), -0.1)
  expect_gt(max(filter$effect[filter$lag > 20 & filter$lag < 60]), 0.1)
})

test_that("171 neurons couple to one of them in one call, with the velocity of the hand", {
  d <- read.csv(gzfile(shared_file("m1_stevenson2011.csv.gz")))
  counts <- as.matrix(d[grep("^n[0-9]+$", names(d))])
  covariates <- list(coupling = counts, velocity = cbind(x = d$vel_x, y = d$vel_y))
  bases <- list(coupling = basis_conv(basis_raised_cosine_log(8), 20),
                velocity = basis_bspline(5) * basis_bspline(5))
  path <- group_lasso(covariates, counts[, "n134"], bases, n_lambda = 20, lambda_min_ratio = 0.2)
  expect_identical(dim(path$coefficients), c(171L * 8L + 25L, 20L))
  expect_identical(names(path$groups), c(paste0("coupling.", colnames(counts)), "velocity"))
  expect_true(all(path$converged))
  expect_identical(names(entry_order(path))[1:2], c("coupling.n134", "velocity"))
  kernel <- bases$coupling$kernel
  velocity <- oracle_product(oracle_bspline(d$vel_x, 5), oracle_bspline(d$vel_y, 5))
  gone <- 1:20
  history <- function(x) {
    kept <- lapply(seq_len(20), function(k) c(rep(NA, k), x[seq_len(length(x) - k)]))
    (do.call(cbind, kept) %*% kernel)[-gone, ]
  }
  blocks <- c(lapply(seq_len(171), function(j) history(counts[, j])), list(velocity[-gone, ]))
  expect_lt(path_residuals(path, list(blocks = blocks, counts = counts[-gone, "n134"]), at = 20), 2e-6)
})
