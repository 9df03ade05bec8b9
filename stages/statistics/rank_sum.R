# The rank-sum tests of the package: run by R itself (rpy2) and by R 4.4.1 (webR), from this file.
# `exact` is the caller's decision, because releases of R differ in what they do about ties.
rank_sum <- function(positive, negative, exact) {
  run <- function(...) stats::wilcox.test(positive, negative, alternative = "two.sided", ...)
  plain <- run(exact = FALSE, correct = FALSE)
  corrected <- run(exact = FALSE, correct = TRUE)
  c(
    W = unname(plain$statistic),
    p_asymptotic = plain$p.value,
    p_asymptotic_corrected = corrected$p.value,
    p_exact = if (exact) run(exact = TRUE)$p.value else NA_real_
  )
}
