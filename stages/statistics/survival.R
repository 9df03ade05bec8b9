# The second opinion on the log-rank test and on Cox's model: R's package survival.
log_rank <- function(time, event, group) {
  found <- survival::survdiff(survival::Surv(time, event) ~ group)
  df <- length(found$n) - 1
  c(chi_squared = found$chisq, P = stats::pchisq(found$chisq, df, lower.tail = FALSE))
}
# Covariates one after another in one vector; ties as lifelines takes them.
cox <- function(time, event, values) {
  x <- matrix(values, nrow = length(time))
  fitted <- survival::coxph(survival::Surv(time, event) ~ x, ties = "efron")
  error <- sqrt(diag(as.matrix(stats::vcov(fitted))))
  list(b = unname(stats::coef(fitted)), error = unname(error),
       proportional = unname(survival::cox.zph(fitted, "rank", terms = FALSE, global = FALSE)$table[, "p"]))
}
list(log_rank = log_rank, cox = cox)
