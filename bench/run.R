# Times neurolasso against its peers on named problems, one thread each, and says how right every answer is:
#   Rscript bench/run.R [problem ...] [--peers=adelie,grpreg|all|none] [--tight] [--threads=1] [--repeats=3]
#                       [--cap=120] [--scale=1] [--results=folder]
# Without a problem: the five with the smaller data. All are listed in bench/README.md.

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
for (file in c("common.R", "problems.R", "packages.R")) source(file.path(here, file))

known_options <- c("peers", "tight", "threads", "repeats", "cap", "scale", "results")
usual_problems <- c("guide", "splines", "levels", "dense", "wide")

# What adelie may be asked for until its answer is as right as ours; cheapest first. Its outer tolerance is
# absolute and has to be the smaller one.
tight_settings <- lapply(10^-c(9, 11, 13, 15, 17), function(tol) list(tol = tol, irls_tol = tol / 100))
tight_target <- 1e-6

# ---- one problem ---------------------------------------------------------------------------------

stop_on_error <- function(result) {
  if (is.list(result) && !is.null(result$error)) stop(result$error, call. = FALSE)
  result
}

# The problem's data, written for the jobs; facts about it.
prepare <- function(name, run, sizes = list()) {
  files <- file.path(run$folder, paste0(name, c(".rds", "-dense.rds")))
  facts <- stop_on_error(run_job(
    "prepare", name = name, scale = run$scale, sizes = sizes, peers = run$peers, tight = run$tight,
    file = files[1], dense_file = files[2]
  ))
  c(facts, list(name = name, file = files[1], dense_file = files[2]))
}

fit_package <- function(package, problem, run, lambda, settings = packages[[package]]$settings,
                        threads = run$threads, cap = run$cap) {
  repeats <- if (is.null(problem$repeats)) run$repeats else problem$repeats
  run_job("fit", package = package, lambda = lambda, settings = settings, repeats = repeats,
          file = problem$file, dense_file = problem$dense_file, threads = threads, cap = cap)
}

certify <- function(fit, package, problem) {
  if (!is.null(fit$error)) return(NA_real_)
  kkt <- run_job("certify", file = problem$file, answer = fit$answer, scale = packages[[package]]$scale)
  if (is.list(kkt)) NA_real_ else max(kkt)
}

# ---- rows of the results -------------------------------------------------------------------------

describe_settings <- function(settings) {
  if (length(settings) == 0) return("")
  paste0(names(settings), " = ", vapply(settings, format, ""), collapse = ", ")
}

result_row <- function(problem, run, package, seconds, reference, threads = run$threads, version = "",
                       setting = "", repeats = NA, kkt = NA, memory = NA, solved = NA, note = "") {
  data.frame(
    problem = problem$name, n = problem$n, p = problem$p, groups = problem$groups,
    mean_count = signif(problem$mean_count, 3), package = package, version = version, setting = setting,
    seconds = signif(seconds, 4), repeats = repeats, ratio = signif(seconds / reference, 4),
    kkt = signif(kkt, 3), peak_mb = round(memory, 1), lambdas = solved, threads = threads,
    scale = run$scale, note = note, run$facts
  )
}

fit_row <- function(label, package, fit, kkt, problem, run, reference,
                    settings = packages[[package]]$settings, threads = run$threads) {
  note <- packages[[package]]$note
  setting <- describe_settings(settings)
  if (!is.null(fit$error)) {
    note <- paste(c(note[nzchar(note)], fit$error), collapse = "; ")
    return(result_row(problem, run, label, NA, NA, threads, setting = setting, note = note))
  }
  result_row(problem, run, label, fit$seconds, reference, threads, fit$version, setting, fit$repeats, kkt,
             fit$memory, length(fit$answer$lambda), note)
}

say <- function(row) {
  show <- function(x) ifelse(is.na(x), "-", format(x))
  more <- c(if (row$threads > 1) paste(row$threads, "threads"), row$setting, row$note)
  cat(sprintf("%-9s %-22s %9s s  x %-7s KKT %-8s %8s MB  %s\n", row$problem, row$package,
              show(row$seconds), show(row$ratio), show(row$kkt), show(row$peak_mb),
              paste(more[nzchar(more)], collapse = "; ")))
}

record <- function(row, run) {
  say(row)
  file <- sprintf("%s-%s.csv", row$problem, run$facts$blas)
  append_csv(row, file.path(run$results, file))
}

# ---- the fits of a problem -----------------------------------------------------------------------

run_ours <- function(problem, run, package = "neurolasso", threads = run$threads, label = package,
                     reference = NULL) {
  fit <- fit_package(package, problem, run, problem$lambda$values, threads = threads, cap = 3600)
  if (is.null(reference)) reference <- stop_on_error(fit)$seconds
  kkt <- certify(fit, package, problem)
  record(fit_row(label, package, fit, kkt, problem, run, reference, threads = threads), run)
  fit
}

run_limits <- function(ours, problem, run) {
  dense <- stop_on_error(run_job("limit", file = problem$file, answer = ours$answer))
  record(result_row(problem, run, "limit: dense products", dense, ours$seconds, threads = 1), run)
  if (is.na(ours$limit)) return()
  record(result_row(problem, run, "limit: our storage", ours$limit, ours$seconds), run)
}

run_peer <- function(peer, problem, run, reference) {
  fit <- fit_package(peer, problem, run, reference$answer$lambda)
  kkt <- certify(fit, peer, problem)
  record(fit_row(peer, peer, fit, kkt, problem, run, reference$seconds), run)
}

# adelie at the first settings whose answer reaches the target; the last tried where none does.
run_tight <- function(problem, run, ours) {
  for (settings in tight_settings) {
    fit <- fit_package("adelie", problem, run, ours$answer$lambda, settings)
    kkt <- certify(fit, "adelie", problem)
    if (!is.null(fit$error) || isTRUE(kkt <= tight_target)) break
  }
  record(fit_row("adelie (tight)", "adelie", fit, kkt, problem, run, ours$seconds, settings), run)
}

run_problem <- function(name, run) {
  problem <- prepare(name, run)
  on.exit(unlink(c(problem$file, problem$dense_file)))
  ours <- run_ours(problem, run)
  run_limits(ours, problem, run)
  scale <- vapply(packages[problem$peers], function(package) package$scale, "")
  if (any(scale == "group")) ours_group <- run_ours(problem, run, "neurolasso_group")
  for (peer in problem$peers) {
    run_peer(peer, problem, run, if (scale[[peer]] == "group") ours_group else ours)
  }
  if (run$tight) run_tight(problem, run, ours)
}

# Ours alone, on one thread and on two.
run_threads <- function(run) {
  run[c("peers", "tight")] <- list(character(), FALSE)
  problem <- prepare("threads", run)
  on.exit(unlink(problem$file))
  one <- run_ours(problem, run, threads = 1)
  run_ours(problem, run, threads = 2, reference = one$seconds)
}

# ---- the command ---------------------------------------------------------------------------------

wanted_peers <- function(text) {
  if (is.null(text)) return(NULL)
  if (text == "none") return(character())
  if (text == "all") return(all_peers)
  peers <- split_names(text)
  if (!all(peers %in% all_peers)) stop("unknown peer ", setdiff(peers, all_peers)[1], call. = FALSE)
  peers
}

new_run <- function(options) {
  folder <- tempfile("bench")
  dir.create(folder)
  list(folder = folder, peers = wanted_peers(options$peers), tight = option(options, "tight", FALSE),
       threads = option(options, "threads", 1), repeats = option(options, "repeats", 3),
       cap = option(options, "cap", 120), scale = option(options, "scale", 1), results = results_dir(options),
       facts = run_facts())
}

main <- function(args) {
  options <- parse_arguments(args, known_options)
  names <- if (length(options$rest)) options$rest else usual_problems
  unknown <- setdiff(names, names(problem_makers))
  if (length(unknown)) stop("there is no problem '", unknown[1], "'", call. = FALSE)
  run <- new_run(options)
  for (name in names) {
    run$facts$date <- now()
    if (name == "threads") run_threads(run) else run_problem(name, run)
  }
}

if (sys.nframe() == 0) main(commandArgs(TRUE))
