# A folder that keeps what was computed: runs that were stopped go on, and end as if they had not been.

new_folder <- function(envir = parent.frame()) {
  folder <- tempfile("checkpoint-")
  withr_defer(unlink(folder, recursive = TRUE), envir)
  folder
}
# on.exit() for another function
withr_defer <- function(expr, envir) do.call("on.exit", list(substitute(expr), TRUE), envir = envir)

neuron_names <- function(folder) sort(list.files(folder, "^neuron-"))

test_that("a run that has everything reads it, one that has a part computes the rest, and nothing differs", {
  d <- many_neurons()
  d$counts[5:60, 3] <- NA
  alone <- fit_many(d)
  folder <- new_folder()
  kept <- fit_many(d, checkpoint = folder)
  expect_identical(unclass(kept)$fits, unclass(alone)$fits)
  expect_length(neuron_names(folder), 7)
  for (gone in list(character(), 2, 1:7, c(3, 7))) {
    unlink(file.path(folder, neuron_names(folder)[as.integer(gone)]))
    again <- fit_many(d, checkpoint = folder)
    expect_identical(unclass(again)$fits, unclass(alone)$fits)
    expect_identical(unclass(again)$weight, unclass(alone)$weight)
    expect_length(neuron_names(folder), 7)
  }
  # with workers, too
  unlink(file.path(folder, neuron_names(folder)[c(1, 4, 6)]))
  again <- with_workers(fit_many(d, checkpoint = folder))
  expect_identical(unclass(again)$fits, unclass(alone)$fits)
  expect_length(neuron_names(folder), 7)
  expect_length(list.files(folder, "writing", all.files = TRUE), 0)
})

test_that("what is there is not computed again", {
  work <- toy_work()
  folder <- new_folder()
  checkpoint <- neurolasso:::open_checkpoint(folder, colnames(work$counts), list(toy = work$counts))
  run <- function(f) neurolasso:::run_population(work, toy_units(work), f, checkpoint, FALSE)
  worked <- character()
  counting <- function(work, unit) {
    if ("e" %in% unit && length(worked) < 5) stop("no more")
    worked <<- c(worked, unit)
    toy_records(work, unit)
  }
  first <- suppressWarnings(run(counting))
  expect_identical(first$e$error, "no more")
  worked <- character(10)
  second <- run(counting)
  expect_identical(worked[-(1:10)], c("e", "f")) # f was made without its company
  expect_identical(vapply(second, `[[`, 0, "fit"), colSums(work$counts))
})

test_that("a file that was cut, or is another's, is computed again", {
  d <- many_neurons(4)
  folder <- new_folder()
  first <- fit_many(d, checkpoint = folder)
  files <- file.path(folder, neuron_names(folder))
  size <- file.size(files[1])
  bytes <- readBin(files[1], "raw", size)
  damages <- list(
    function() writeBin(bytes[seq_len(size %/% 2)], files[1]),
    function() writeBin(raw(), files[1]),
    function() writeLines("not a record", files[1]),
    function() saveRDS(list(1, 2), files[1]),
    function() file.copy(files[2], files[1], overwrite = TRUE),
    function() writeBin(bytes[1:100], file.path(folder, "problem.rds"))
  )
  for (damage in damages) {
    damage()
    again <- fit_many(d, checkpoint = folder)
    expect_identical(unclass(again)$fits, unclass(first)$fits)
    expect_identical(readRDS(files[1])$neuron, "cell 1")
  }
})

test_that("the folder of another problem is refused, and says what differs", {
  d <- many_neurons(4)
  folder <- new_folder()
  fit_many(d, checkpoint = folder)
  other <- function(..., covariates = d$covariates, counts = d$counts) {
    fit_many(list(covariates = covariates, counts = counts), ..., checkpoint = folder)
  }
  refused <- function(expr, ...) expect_refused(expr, "checkpoint", ..., class = "neurolasso_checkpoint")
  changed <- d$counts
  changed[1, 2] <- changed[1, 2] + 1
  refused(other(counts = changed), "(other: counts)", folder)
  refused(other(counts = d$counts[, 1:3]), "the neurons")
  refused(other(counts = d$counts[, c(2, 1, 3, 4)]), "the neurons")
  refused(other(covariates = replace(d$covariates, "speed", list(d$covariates$speed + 1e-3))), "covariates")
  refused(other(n_lambda = 9), "(other: arguments)")
  refused(other(standardize = "none"), "arguments")
  refused(other(offset = 1), "arguments")
  refused(other(group_weights = c(1, 1, 2, 1)), "arguments")
  refused(other(control = group_lasso_control(tol = 1e-7)), "arguments")
  # the same problem, however it is held; threads and progress are no part of it
  expect_s3_class(other(counts = as.data.frame(d$counts, check.names = FALSE)), "group_lasso_population")
  whole <- d$counts
  storage.mode(whole) <- "integer"
  expect_s3_class(other(counts = whole), "group_lasso_population")
  expect_s3_class(other(control = group_lasso_control(n_threads = 2)), "group_lasso_population")
})

test_that("folders that can't be used are refused", {
  d <- many_neurons(4)
  file <- tempfile()
  writeLines("a file", file)
  folder <- new_folder()
  dir.create(folder)
  writeLines("thesis", file.path(folder, "thesis.tex"))
  expect_refused(fit_many(d, checkpoint = file), "checkpoint")
  expect_refused(fit_many(d, checkpoint = folder), "checkpoint", "`thesis.tex`")
  expect_refused(fit_many(d, checkpoint = 3), "checkpoint")
  expect_refused(fit_many(d, checkpoint = ""), "checkpoint")
  one <- list(covariates = d$covariates, counts = d$counts[, 1])
  expect_refused(fit_many(one, checkpoint = new_folder()), "checkpoint", "one neuron")
})

test_that("a process that is killed in the middle leaves what it had, and the resumed run is identical", {
  skip_on_cran()
  skip_on_os("windows")
  folder <- new_folder()
  run <- function(folder) {
    # some seconds of work
    set.seed(1)
    n <- 20000
    x <- as.data.frame(lapply(1:6, function(i) as.numeric(stats::filter(rnorm(n), 0.9, "recursive"))))
    names(x) <- letters[1:6]
    counts <- vapply(1:12, function(k) as.double(stats::rpois(n, exp(-1 + 0.2 * x[[1 + k %% 6]]))), double(n))
    neurolasso::group_lasso(x, counts, neurolasso::basis_bspline(8), n_lambda = 60, lambda_min_ratio = 1e-3,
                            checkpoint = folder, progress = FALSE)
  }
  script <- tempfile(fileext = ".R")
  on.exit(unlink(script))
  environment(run) <- globalenv()
  dump("run", script, envir = environment())
  paths <- sprintf(".libPaths(c(%s))", paste0("\"", .libPaths(), "\"", collapse = ", "))
  writeLines(c(paths, readLines(script), sprintf("cat(Sys.getpid(), file = \"%s.pid\")", script),
               sprintf("run(\"%s\")", folder)), script)
  system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(script)), wait = FALSE, stdout = FALSE,
          stderr = FALSE)
  start <- Sys.time()
  while (length(neuron_names(folder)) < 3 && difftime(Sys.time(), start, units = "secs") < 60) Sys.sleep(0.01)
  tools::pskill(as.integer(readLines(paste0(script, ".pid"), warn = FALSE)), 9)
  Sys.sleep(0.1)
  n_kept <- length(neuron_names(folder))
  expect_gte(n_kept, 3)
  expect_lt(n_kept, 12)
  kept <- tools::md5sum(file.path(folder, neuron_names(folder)))
  resumed <- run(folder)
  expect_identical(tools::md5sum(names(kept)), kept)
  expect_identical(unclass(resumed)$fits, unclass(run(NULL))$fits)
})

test_that("a run whose time is up, and one with workers that die, are resumed", {
  skip_on_os("windows")
  work <- toy_work()
  units <- toy_units(work)
  folder <- new_folder()
  checkpoint <- neurolasso:::open_checkpoint(folder, colnames(work$counts), list(toy = work$counts))
  slow <- function(work, unit) {
    for (i in 1:20) Sys.sleep(0.01)
    toy_records(work, unit)
  }
  setTimeLimit(elapsed = 0.5, transient = TRUE)
  expect_error(neurolasso:::run_population(work, units, slow, checkpoint, FALSE), "time limit")
  setTimeLimit()
  expect_gte(length(neuron_names(folder)), 2)
  expect_lt(length(neuron_names(folder)), 6)
  # the worker of units 1 and 3 dies in unit 3: unit 1 is kept
  environment(toy_records) <- baseenv()
  killed <- function(work, unit) {
    if ("e" %in% unit && work$main != Sys.getpid()) tools::pskill(Sys.getpid(), 9)
    toy_records(work, unit)
  }
  unlink(file.path(folder, neuron_names(folder)))
  seen <- watch(with_workers(neurolasso:::run_population(work, units, killed, checkpoint, FALSE)))
  expect_identical(vapply(seen$value, `[[`, 0, "fit"), colSums(work$counts))
  expect_identical(seen$warnings[[1]]$lost, character())
  expect_length(neuron_names(folder), 6)
})

test_that("the fingerprint is of values, and of all of them", {
  f <- neurolasso:::fingerprint
  x <- list(a = 1:5, b = "\u00e9", c = NULL, d = list(matrix(0, 2, 3), as.raw(7), TRUE, NA))
  expect_identical(f(x), f(unserialize(serialize(x, NULL))))
  expect_identical(f(1:5), f(c(1L, 2L, 3L, 4L, 5L)))
  expect_match(f(x), "^[0-9a-f]{32}$")
  others <- list(replace(x, "a", list(c(1:4, 6L))), replace(x, "b", "e"),
                 stats::setNames(x, c("a", "b", "x", "d")), x[-4],
                 replace(x, "d", list(list(matrix(0, 3, 2), as.raw(7), TRUE, NA))),
                 replace(x, "d", list(list(matrix(0, 2, 3), as.raw(7), TRUE, FALSE))))
  prints <- vapply(c(list(x), others), f, "")
  expect_identical(anyDuplicated(prints), 0L)
})

test_that("a disk that can't be written costs a warning", {
  work <- toy_work()
  folder <- new_folder()
  checkpoint <- neurolasso:::open_checkpoint(folder, colnames(work$counts), list(toy = 1))
  full <- list(folder = folder, id = "x", neurons = letters[1:6])
  dir.create(neurolasso:::record_file(full, "a")) # a folder in the place of the file
  seen <- watch(neurolasso:::run_population(work, toy_units(work), toy_records, full, FALSE))
  expect_identical(vapply(seen$value, `[[`, 0, "fit"), colSums(work$counts))
  expect_s3_class(seen$warnings[[1]], "neurolasso_checkpoint_unwritten")
})
