# A markdown table of the newest run of every problem in bench/results:
#   Rscript bench/table.R [problem ...] [--blas=reference] [--results=folder]

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
for (file in c("common.R", "problems.R")) source(file.path(here, file))

# The rows of a file's last run.
newest_run <- function(file) {
  text <- c("date", "commit", "version", "setting", "note")
  rows <- utils::read.csv(file, colClasses = stats::setNames(rep("character", length(text)), text))
  rows[rows$date == max(rows$date), ]
}

result_files <- function(folder, names, blas) {
  files <- file.path(folder, sprintf("%s-%s.csv", names, blas))
  files[file.exists(files)]
}

found_blas <- function(folder) {
  files <- list.files(folder, pattern = "-[a-z]+\\.csv$")
  files <- files[sub("-[a-z]+\\.csv$", "", files) %in% names(problem_makers)]
  unique(sub(".*-([a-z]+)\\.csv$", "\\1", files))
}

# ---- cells ---------------------------------------------------------------------------------------

blank_na <- function(x, text) ifelse(is.na(x), "", text)

seconds_cell <- function(x) {
  small <- !is.na(x) & x < 0.1
  blank_na(x, ifelse(small, paste(signif(x * 1000, 2), "ms"), paste(format_each(signif(x, 3)), "s")))
}

format_each <- function(x) vapply(x, format, "", scientific = FALSE)

size_cell <- function(rows) sprintf("%s × %s", format_each(rows$n), format_each(rows$p))

# Threads, settings, notes, and how far a path got that stopped before its last lambda.
note_cell <- function(rows) {
  expected <- max(c(rows$lambdas, 0), na.rm = TRUE)
  short <- !is.na(rows$lambdas) & rows$lambdas < expected
  parts <- cbind(
    ifelse(rows$threads > 1, paste(rows$threads, "threads"), ""), rows$setting, rows$note,
    ifelse(short, sprintf("%s of %s lambdas", rows$lambdas, expected), "")
  )
  apply(parts, 1, function(x) paste(x[!is.na(x) & nzchar(x)], collapse = "; "))
}

package_cell <- function(rows) {
  name <- sub("_group$", "", rows$package)
  trimws(paste(name, ifelse(is.na(rows$version), "", rows$version)))
}

table_rows <- function(rows) {
  first <- seq_len(nrow(rows)) == 1
  cells <- cbind(
    ifelse(first, sprintf("%s (%s)", rows$problem, size_cell(rows)), ""), package_cell(rows),
    seconds_cell(rows$seconds), blank_na(rows$ratio, format_each(signif(rows$ratio, 2))),
    blank_na(rows$kkt, formatC(rows$kkt, format = "e", digits = 1)),
    blank_na(rows$peak_mb, format_each(round(rows$peak_mb))), note_cell(rows)
  )
  paste0("| ", apply(cells, 1, paste, collapse = " | "), " |")
}

# ---- the table -----------------------------------------------------------------------------------

print_table <- function(runs, blas) {
  facts <- do.call(rbind, lapply(runs, function(run) run[1, c("cpu", "r", "commit", "date")]))
  all_of <- function(x) paste(unique(x), collapse = ", ")
  cat(sprintf("\n%s BLAS; %s; R %s; neurolasso at %s; %s to %s\n\n", blas, all_of(facts$cpu), all_of(facts$r),
              all_of(facts$commit), substr(min(facts$date), 1, 10), substr(max(facts$date), 1, 10)))
  cat("| problem (bins × columns) | package | time | × ours | worst KKT | peak over data, MB | |\n")
  cat("|---|---|--:|--:|--:|--:|---|\n")
  for (run in runs) writeLines(table_rows(run))
}

main <- function(args) {
  options <- parse_arguments(args, c("blas", "results", "scale"))
  names <- if (length(options$rest)) options$rest else names(problem_makers)
  folder <- results_dir(options)
  for (blas in if (is.null(options$blas)) found_blas(folder) else options$blas) {
    runs <- lapply(result_files(folder, names, blas), newest_run)
    if (length(runs)) print_table(runs, blas)
  }
}

main(commandArgs(TRUE))
