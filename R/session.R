# session.R: sessions: runs of bins that follow each other in time. No window of a convolution crosses from
# one into the next.

# NULL, or the session of each bin as a factor whose levels are in order of time.
check_session <- function(session, n_obs, arg = "session") {
  if (is.null(session)) return(NULL)
  refuse <- function(...) stop_input("`", arg, "` ", ..., arg = arg, class = "neurolasso_session_error")
  if (!is.atomic(session) || !is.null(dim(session))) {
    refuse("must be a vector with one session id per bin, not ", describe(session), ".")
  }
  check_length(session, n_obs, arg)
  if (anyNA(session)) refuse("must not be NA, but is in ", count_rows(is.na(session)), ".")
  ids <- unique(session)
  at <- match(session, ids)
  back <- which(diff(at) < 0)
  if (length(back) > 0) {
    refuse("must be runs of equal ids, one run per session: ", format(session[back[1] + 1]),
           " comes back in row ", format(back[1] + 1, big.mark = ","), ". Give each run an id of its own.")
  }
  structure(at, levels = as.character(ids), class = "factor")
}

# Where the sessions begin, from 0, and the number of bins: integer, as src/convolve.h takes them.
run_starts <- function(session, n_obs) {
  if (is.null(session)) return(c(0L, n_obs))
  c(0L, cumsum(tabulate(session, nlevels(session))))
}

# What windows leave out at the ends of sessions: how many bins have no whole window (`bins`), in how many
# sessions, and how many at most at the beginning and the end of each. NULL where no basis has a window.
window_edges <- function(bases, session, n_obs) {
  if (!any_window(bases)) return(NULL)
  windows <- vapply(bases, has_window, TRUE)
  lags <- unlist(lapply(bases[windows], function(basis) range(conv_lags(basis))))
  before <- max(lags, 0)
  after <- max(-lags, 0)
  sizes <- diff(run_starts(session, n_obs))
  list(before = before, after = after, sessions = length(sizes), bins = sum(pmin(sizes, before + after)))
}

# "the first 50 bins of each of 3 sessions have no whole window (150 in all)"
describe_edges <- function(edges) {
  ends <- c(if (edges$before > 0) paste("first", edges$before),
            if (edges$after > 0) paste("last", edges$after))
  several <- edges$sessions > 1
  sprintf("the %s %s%s no whole window%s", paste(ends, collapse = " and the "),
          if (edges$before + edges$after == 1) "bin" else "bins",
          if (several) sprintf(" of each of %d sessions have", edges$sessions) else
            if (edges$before + edges$after == 1) " has" else " have",
          if (several) sprintf(" (%s in all)", format(edges$bins, big.mark = ",")) else "")
}

# Bins are too few for a window: an error where no session has room for it, else one warning that counts.
check_windows <- function(bases, session, n_obs) {
  if (!any_window(bases)) return()
  sizes <- diff(run_starts(session, n_obs))
  reach <- vapply(bases, function(basis) if (has_window(basis)) whole_window(basis) else 0L, 0L)
  if (max(reach) > max(sizes)) {
    name <- names(bases)[which.max(reach)]
    stop_input("covariate `", name, "`: no bin has a whole window: ", format(bases[[name]]), " needs ",
               if (is.null(session)) "more than " else "sessions of more than ", max(reach) - 1L,
               " bins, and ", if (is.null(session)) "there are " else "the longest has ", max(sizes), ".",
               arg = name, class = "neurolasso_covariate_error")
  }
  warn_of_lags(bases, sum(sizes))
  short <- sizes < max(reach)
  if (any(short)) {
    warn_user(sum(short), " of ", length(sizes), " sessions ", if (sum(short) == 1) "is" else "are",
              " shorter than the window and give no bin: ", quoted(levels(session)[short]), ".",
              class = "neurolasso_short_session", fields = list(sessions = levels(session)[short]))
  }
}

# Columns of lags as they are above this many bytes are worth a word.
many_bytes <- 2e9

# Lags as they are may need more memory than there is.
warn_of_lags <- function(bases, n_obs) {
  sizes <- vapply(bases, function(basis) if (inherits(basis, "basis_history")) basis_size(basis) else 0L, 0L)
  bytes <- 8 * as.double(sizes) * n_obs
  if (sum(bytes) <= many_bytes) return()
  name <- names(bases)[which.max(bytes)]
  warn_user("covariate `", name, "`: ", format(bases[[name]]), " has a column per lag, up to ",
            in_bytes(sum(bytes)), " in all; basis_conv() covers such a window with few functions.",
            class = "neurolasso_many_lags")
}

# A design that was expanded already has its sessions.
refuse_session <- function(session, arg) {
  if (is.null(session)) return()
  stop_input("`session` must be NULL where `", arg, "` is a covariate_design: its windows have been ",
             "evaluated already. Give the raw covariates.", arg = "session")
}
