# Runs the testthat tests against the installed package, printing every failure,
# skip and warning in full (usage: Rscript tools/run-testthat.R <file>), and
# writes the numbers of passed, failed and skipped expectations to <file>.

counts_file <- commandArgs(TRUE)[1L]
options(testthat.summary.max_reports = Inf)

results <- testthat::test_dir(
  "tests/testthat", package = "neurolasso", load_package = "installed",
  reporter = testthat::SummaryReporter$new(show_praise = FALSE),
  stop_on_failure = FALSE
)

results <- unlist(lapply(results, `[[`, "results"), recursive = FALSE)
number_of <- function(...) {
  sum(vapply(results, inherits, NA, what = paste0("expectation_", c(...))))
}
cat(number_of("success"), number_of("failure", "error"), number_of("skip"), "\n",
    file = counts_file)
