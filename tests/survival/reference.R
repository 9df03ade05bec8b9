# Makes reference.csv from events.csv with R's survival (Debian package r-cran-survival, 3.5-3):
#   Rscript tests/survival/reference.R
# Run by hand where survival is installed; the tests compare the package's results with the table.
library(survival)
here <- "tests/survival"
table <- read.csv(file.path(here, "events.csv"))
rows <- NULL
record <- function(what, name, value) {
  rows <<- rbind(rows, data.frame(what = what, name = name, value = sprintf("%.12g", value)))
}
for (name in c("large", "stage")) {
  found <- survdiff(Surv(time, event) ~ table[[name]], data = table)
  record("log_rank", name, found$chisq)
}
fitted <- coxph(Surv(time, event) ~ large + dose + stage, data = table, ties = "efron")
bounds <- summary(fitted)$conf.int
for (name in rownames(bounds)) {
  record("hazard_ratio", name, bounds[name, "exp(coef)"])
  record("low", name, bounds[name, "lower .95"])
  record("high", name, bounds[name, "upper .95"])
}
record("concordance", "all", concordance(fitted)$concordance)
control <- summary(survfit(Surv(time, event) ~ 1, data = table, conf.type = "log-log"), times = 24)
for (name in c("surv", "lower", "upper")) record("control_24", name, control[[name]])
kind <- factor(ifelse(table$event == 1, 1, ifelse(table$death == 1, 2, 0)), 0:2,
               c("censored", "relapse", "death"))
relapse <- summary(survfit(Surv(table$time, kind) ~ 1, conf.type = "log-log"), times = 24)
column <- which(relapse$states == "relapse")
record("incidence_24", "estimate", relapse$pstate[, column])
record("incidence_24", "error", relapse$std.err[, column])
write.csv(rows, file.path(here, "reference.csv"), row.names = FALSE, quote = FALSE)
