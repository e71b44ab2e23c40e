# checkpoint.R: a folder that keeps the records of a population's neurons as they come, so that a run that was
# stopped goes on where it was. `problem.rds` says whose records they are; `neuron-<number>.rds` has one.
# Every file is written beside its place and then renamed, so that what is there is whole.
#
# A checkpoint is NULL (none) or list(folder, id = the fingerprint of the problem, neurons = all names), small
# enough to go out to workers.

# parts: a named list of numbers and strings, in lists, which together are the problem: what makes the same
# records has the same parts.
open_checkpoint <- function(folder, neurons, parts) {
  if (is.null(folder)) return(NULL)
  make_folder(folder)
  parts <- vapply(parts, fingerprint, "")
  problem <- file.path(folder, "problem.rds")
  known <- read_or_null(problem)
  if (is.list(known) && is.character(known$parts)) {
    refuse_other_problem(folder, known, list(neurons = neurons, parts = parts))
  } else {
    strange <- setdiff(list.files(folder), c("problem.rds", neuron_files(seq_along(neurons))))
    if (length(strange) > 0) {
      stop_input("`checkpoint` must be a new or an empty folder, or one that an earlier run has made, but ",
                 folder, " has ", quoted(strange), ".", arg = "checkpoint", class = "neurolasso_checkpoint")
    }
    write_whole(list(parts = parts, neurons = neurons, version = package_version_text()), problem)
  }
  list(folder = normalizePath(folder), id = paste(parts, collapse = " "), neurons = neurons)
}

check_checkpoint <- function(checkpoint) {
  if (!is.null(checkpoint) && !(is.character(checkpoint) && length(checkpoint) == 1 && !is.na(checkpoint) &&
                                  nzchar(checkpoint))) {
    stop_input("`checkpoint` must be NULL or the path of a folder, not ", describe(checkpoint), ".",
               arg = "checkpoint")
  }
  checkpoint
}

refuse_checkpoint <- function(checkpoint, of = "one neuron") {
  if (is.null(checkpoint)) return()
  stop_input("`checkpoint` keeps what many neurons have come to, each by itself; for ", of,
             " it must be NULL.", arg = "checkpoint")
}

make_folder <- function(folder) {
  if (dir.exists(folder) || dir.create(folder, showWarnings = FALSE, recursive = TRUE)) return()
  stop_input("`checkpoint` must be a folder that can be made; ", folder, " can't.", arg = "checkpoint",
             class = "neurolasso_checkpoint")
}

# known: what problem.rds says; came: the same of the problem at hand.
refuse_other_problem <- function(folder, known, came) {
  differs <- vapply(names(came$parts), function(part) !identical(known$parts[part], came$parts[part]), TRUE)
  differ <- if (identical(known$neurons, came$neurons)) names(came$parts)[differs] else "the neurons"
  if (length(differ) == 0) return()
  stop_input("`checkpoint` is the folder of another problem (other: ", paste(differ, collapse = ", "), "): ", folder,
             ". Give a new folder, or remove that one.", arg = "checkpoint", class = "neurolasso_checkpoint")
}

package_version_text <- function() as.character(getNamespaceVersion(topenv()))

# ---- records -------------------------------------------------------------------------------------

neuron_files <- function(numbers) sprintf("neuron-%05d.rds", numbers)

record_file <- function(checkpoint, neuron) {
  file.path(checkpoint$folder, neuron_files(match(neuron, checkpoint$neurons)))
}

# The record of a neuron, or NULL where there is none that is whole and of this problem.
read_record <- function(checkpoint, neuron) {
  if (is.null(checkpoint)) return(NULL)
  stored <- read_or_null(record_file(checkpoint, neuron))
  if (!is.list(stored) || !identical(stored$id, checkpoint$id) || !identical(stored$neuron, neuron)) return(NULL)
  stored$record
}

# The records of a unit's neurons, NULL unless all are there: they are made together.
read_records <- function(checkpoint, unit) {
  records <- lapply(stats::setNames(unit, unit), function(neuron) read_record(checkpoint, neuron))
  if (!any(vapply(records, is.null, TRUE))) records
}

# records: named by neuron. A folder that is not there (a worker on another machine, whose records are
# written when they arrive) is left alone.
write_records <- function(checkpoint, records) {
  if (is.null(checkpoint) || !file.exists(file.path(checkpoint$folder, "problem.rds"))) return()
  for (neuron in names(records)) {
    write_whole(list(id = checkpoint$id, neuron = neuron, record = records[[neuron]]),
                record_file(checkpoint, neuron))
  }
}

# Those among the records (named by neuron) that a worker could not write.
write_missing <- function(checkpoint, records) {
  if (is.null(checkpoint)) return()
  gone <- !file.exists(vapply(names(records), function(neuron) record_file(checkpoint, neuron), ""))
  write_records(checkpoint, records[gone])
}

# ---- files ---------------------------------------------------------------------------------------

read_or_null <- function(file) {
  if (!file.exists(file)) return(NULL)
  tryCatch(suppressWarnings(readRDS(file)), error = function(e) NULL)
}

# A disk that is full must not cost the fits that are there.
write_whole <- function(x, file) {
  beside <- tempfile(".writing-", dirname(file))
  on.exit(unlink(beside))
  written <- tryCatch({
    saveRDS(x, beside)
    file.rename(beside, file)
  }, error = function(e) conditionMessage(e), warning = function(w) conditionMessage(w))
  if (isTRUE(written)) return()
  warn_user("`checkpoint`: ", file, " could not be written",
            if (is.character(written)) paste0(" (", written, ")"),
            "; fits go on without.", class = "neurolasso_checkpoint_unwritten")
}

# The MD5 of the numbers and strings in a list: of their values, not of how R happens to hold them.
fingerprint <- function(x) {
  file <- tempfile()
  on.exit(unlink(file))
  con <- file(file, "wb")
  tryCatch(write_values(x, con), finally = close(con))
  unname(tools::md5sum(file))
}

write_values <- function(x, con) {
  writeLines(paste(typeof(x), length(x), paste(dim(x), collapse = " ")), con)
  if (!is.null(names(x))) writeLines(enc2utf8(names(x)), con, useBytes = TRUE)
  if (is.list(x)) {
    for (part in x) write_values(part, con)
  } else if (is.character(x)) {
    writeLines(enc2utf8(x), con, useBytes = TRUE)
  } else if (!is.null(x)) {
    # in pieces: one call of writeBin() takes 2 GB
    for (first in seq(1, by = 1e7, length.out = ceiling(length(x) / 1e7))) {
      values <- x[first:min(first + 1e7 - 1, length(x))]
      writeBin(if (is.raw(values)) values else as.vector(unclass(values)), con)
    }
  }
}
