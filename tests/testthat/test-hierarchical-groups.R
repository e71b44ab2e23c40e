# Interactions that enter only with their main effects.

# Position and direction, with an effect of their product where `interacts`.
hierarchy_data <- function(n = 1500, seed = 1, interacts = TRUE) {
  with_local_seed(seed, {
    position <- runif(n)
    direction <- runif(n, 0, 2 * pi)
    speed <- rexp(n)
    link <- -0.5 + if (interacts) sign(position - 0.5) * cos(direction) else sin(6 * position)
    list(covariates = list(position = position, direction = direction, speed = speed,
                           both = cbind(position, direction)), counts = rpois(n, exp(link)))
  })
}
hierarchy_bases <- function() {
  b1 <- basis_bspline(5)
  b2 <- basis_cyclic(4, bounds = c(0, 2 * pi))
  list(position = b1, direction = b2, speed = basis_raised_cosine(3), both = b1 * b2)
}

test_that("groups are covariates, and interactions with all that comes before them", {
  columns <- list(a = 1:2, b = 3L, `a:b` = 4:6, c = 7L, d = 8:9, `a:b:c` = 10:12, `b:c` = 13L)
  expect_identical(hierarchy_sets(hierarchical_groups("a:b"), columns), replace(columns, "a:b", list(1:6)))
  all <- hierarchy_sets(hierarchical_groups("a:b", "b:c", "a:b:c"), columns)
  expect_identical(all[c("a:b", "b:c", "a:b:c")],
                   list(`a:b` = 1:6, `b:c` = c(3L, 7L, 13L), `a:b:c` = c(1:7, 10:13)))
  expect_identical(all[c("a", "b", "c", "d")], columns[c("a", "b", "c", "d")])
  # without the products of two it has but the main effects
  single <- hierarchy_sets(hierarchical_groups("a:b:c"), columns[c("a", "b", "c", "a:b:c")])
  expect_identical(single[["a:b:c"]], c(1:3, 7L, 10:12))
  # parents' parents come along, in any order
  chain <- hierarchy_sets(hierarchical_groups(d = "c", `b:c` = "d", c = c("a", "b")), columns)
  expect_identical(chain[c("c", "d", "b:c")], list(c = c(1:3, 7L), d = c(1:3, 7:9), `b:c` = c(1:3, 7:9, 13L)))
})

test_that("what is no hierarchy is refused", {
  d <- hierarchy_data(100)
  refuse <- function(groups, ...) {
    expect_refused(group_lasso(d$covariates, d$counts, hierarchy_bases(), groups = groups), "groups", ...)
  }
  refuse(hierarchical_groups(both = c("position", "dir")), "`dir`")
  refuse(hierarchical_groups(place = c("position", "direction")), "`place`")
  refuse(hierarchical_groups("both"), "no parts between colons")
  refuse(hierarchical_groups("position:direction"), "`position:direction`")
  refuse(hierarchical_groups(both = "both"), "among its own")
  refuse(hierarchical_groups(both = "position", position = "direction", direction = "both"), "among its own")
  expect_refused(hierarchical_groups(), "...", "each interaction")
  expect_refused(hierarchical_groups(both = 1:2), "...", "names")
  expect_refused(hierarchical_groups(c("a", "b")), "...", "each interaction")
  expect_refused(hierarchical_groups(a = "b", a = "c"), "...", "`a`")
  data <- list(a = 1:9, b = 9:1, `b:c` = c(1, 5, 2, 4, 8, 6, 3, 9, 7))
  expect_refused(group_lasso(data, 1:9, groups = hierarchical_groups("b:c")), "groups", "no covariate `c`")
})

test_that("hierarchical paths are certified, and an interaction never comes alone", {
  for (interacts in c(TRUE, FALSE)) {
    d <- hierarchy_data(interacts = interacts)
    for (how in scalings) {
      path <- group_lasso(d$covariates, d$counts, hierarchy_bases(), standardize = how, n_lambda = 20,
                          groups = hierarchical_groups(both = c("position", "direction")))
      expect_true(all(path$converged))
      expect_lt(max(latent_residuals(path)), 3e-6, label = how)
      is_in <- path$group_norms > 0
      at <- which(is_in["both", ])
      expect_gt(length(at), 0)
      expect_true(all(path$coefficients[c(path$groups$position, path$groups$direction), at] != 0))
      by <- selected(path, by = "covariate")
      expect_true(all(by["position", at] & by["direction", at] & by["both", at]))
      expect_identical(unname(by["both", ]), is_in["both", ])
      expect_identical(unname(by["position", ]), is_in["position", ] | is_in["both", ])
    }
  }
})

test_that("main effects are in alone where there is no interaction, and a product where there is", {
  plain <- hierarchy_data(3000, interacts = FALSE)
  groups <- hierarchical_groups(both = c("position", "direction"))
  first <- function(d) names(entry_order(group_lasso(d$covariates, d$counts, hierarchy_bases(),
                                                     groups = groups, n_lambda = 60)))[1]
  expect_identical(first(plain), "position")
  expect_identical(first(hierarchy_data(3000)), "both")
})

test_that("a formula's products are named for it", {
  d <- hierarchy_data()
  data <- data.frame(d$covariates[c("position", "direction", "speed")], counts = d$counts)
  path <- group_lasso(counts ~ basis_bspline(position, 5) +
                      basis_cyclic(direction, 4, bounds = c(0, 2 * pi)) +
                        basis_bspline(position, 5) * basis_cyclic(direction, 4, bounds = c(0, 2 * pi)) + speed,
                      data, groups = hierarchical_groups("position:direction"), n_lambda = 12)
  expect_identical(names(path$groups), c("position", "direction", "position:direction", "speed"))
  expect_identical(path$groups[["position:direction"]], 1:29)
  expect_lt(max(latent_residuals(path)), 3e-6)
  cv <- cv_group_lasso(d$covariates, d$counts, hierarchy_bases(), n_lambda = 12, n_folds = 3,
                       groups = hierarchical_groups(both = c("position", "direction")))
  expect_true("both" %in% selected(cv))
  expect_true(all(c("position", "direction") %in% selected(cv, by = "covariate")))
  again <- refit(cv)
  expect_true(all(is.finite(again$coefficients)))
})

test_that("hierarchies print", {
  expect_output(print(hierarchical_groups(both = c("x", "y"), "a:b")),
                "both enters with x, y\n  a:b enters with a, b")
})
