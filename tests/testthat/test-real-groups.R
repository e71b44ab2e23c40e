# Groups on a recorded grid cell (Gerlei et al. 2020), which is skipped where it isn't at hand.

recorded_cell <- function() {
  d <- read.csv(gzfile(shared_file("mec_gerlei2020_M12_2018-04-10.csv.gz")))
  d <- d[d$speed < 50, ]
  list(x = d$x, y = d$y, direction = d$hd_deg, counts = d$n_c2, offset = log(d$dt))
}

# The independent certificate at a few of a path's points.
some_residuals <- function(path, at) {
  path[c("lambda", "intercept")] <- lapply(path[c("lambda", "intercept")], `[`, at)
  path[c("coefficients", "group_norms")] <- lapply(path[c("coefficients", "group_norms")],
                                                   function(x) x[, at])
  latent_residuals(path)
}

test_that("a grid cell fires in regions of the arena", {
  cell <- recorded_cell()
  # nine functions along x and y each, in regions of three by three
  cells <- expand.grid(y = 1:9, x = 1:9)
  region <- paste0("x", (cells$x - 1) %/% 3 + 1, "y", (cells$y - 1) %/% 3 + 1)
  path <- group_lasso(list(place = cbind(cell$x, cell$y), direction = cell$direction), cell$counts,
                      list(place = basis_bspline(9) * basis_bspline(9),
                           direction = basis_cyclic(12, bounds = c(-180, 180))),
                      groups = c(region, rep("", 12)), offset = cell$offset, n_lambda = 40)
  expect_identical(path$free, list(direction = 82:93))
  expect_length(path$groups, 9)
  expect_true(all(path$converged))
  expect_lt(max(some_residuals(path, c(1, 12, 25, 40))), 3e-6)
  # some regions are in long before others
  entries <- entry_order(path)
  expect_gt(entries[1], 2 * entries[9])
})

test_that("the fields of a grid cell are an interaction of x and y", {
  cell <- recorded_cell()
  b <- basis_bspline(9)
  fit <- function(how) {
    group_lasso(list(x = cell$x, y = cell$y, direction = cell$direction, place = cbind(cell$x, cell$y)),
                cell$counts,
                list(x = b, y = b, direction = basis_cyclic(12, bounds = c(-180, 180)), place = b * b),
                groups = hierarchical_groups(place = c("x", "y")), offset = cell$offset, n_lambda = 40,
                standardize = how)
  }
  for (how in c("group", "calibrated")) {
    path <- fit(how)
    # the marginal effects of fields are in first, then what they can't tell
    expect_identical(names(entry_order(path)), c("x", "y", "place", "direction"))
    expect_identical(names(which.max(path$group_norms[, 40])), "place")
    expect_true(all(path$converged))
    expect_lt(max(some_residuals(path, c(1, 12, 25, 40))), 3e-6, label = how)
    at <- path$group_norms["place", ] > 0
    expect_true(all(path$coefficients[1:18, at] != 0))
  }
})
