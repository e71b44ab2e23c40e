# Reads what R CMD check found (usage: Rscript tools/read-check-log.R <00check.log>
# <allow-list>), prints each finding and ends with the number of those that count.
# A NOTE is allowed when every line of it matches a pattern of the allow-list.

args <- commandArgs(TRUE)
allowed <- readLines(args[2L])
allowed <- paste(allowed[nzchar(allowed) & !startsWith(allowed, "#")], collapse = "|")

found <- tools::check_packages_in_dir_details(logs = args[1L], drop_ok = FALSE)
found <- found[found$Status %in% c("NOTE", "WARNING", "ERROR", "FAILURE", "WARN"), , drop = FALSE]

counted <- 0L
for (i in seq_len(nrow(found))) {
  lines <- strsplit(found$Output[i], "\n", fixed = TRUE)[[1L]]
  lines <- lines[nzchar(trimws(lines))]
  pardoned <- found$Status[i] == "NOTE" && length(lines) > 0L && all(grepl(allowed, lines))
  counted <- counted + !pardoned
  cat("\n", found$Status[i], if (pardoned) " (allowed)", ": ", found$Check[i], "\n", sep = "")
  writeLines(lines)
}
cat(counted, "\n", sep = "")
