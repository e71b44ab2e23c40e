test_that("a plan of future changes nothing but where fits are made", {
  skip_if_not_installed("future.apply")
  session <- small_session(2, duration = 60)
  path <- group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 8)
  run <- function() {
    list(selection_stability(path, n_pairs = 6, seed = 3), shift_control(path, n_shifts = 30, min_shift = 30),
         forward_selection(path, n_folds = 5))
  }
  alone <- run()
  old <- future::plan("multisession", workers = 2)
  on.exit(future::plan(old))
  expect_true(neurolasso:::has_plan())
  expect_equal(run(), alone, tolerance = 1e-12)
})

test_that("progress goes to progressr where it is loaded", {
  skip_if_not_installed("progressr")
  loadNamespace("progressr")
  session <- small_session(2, duration = 30)
  path <- group_lasso(session$covariates, session$counts, session_bases(), n_lambda = 5)
  old <- options(progressr.enable = TRUE)
  on.exit(options(old))
  steps <- 0
  withCallingHandlers(
    shift_control(path, n_shifts = 20, min_shift = 10),
    progression = function(p) if (identical(p$type, "update")) steps <<- steps + 1
  )
  expect_gte(steps, 4)
})

test_that("without a plan, loops are lapply()", {
  expect_identical(neurolasso:::map_fits(1:3, function(i) i^2), list(1, 4, 9))
})
