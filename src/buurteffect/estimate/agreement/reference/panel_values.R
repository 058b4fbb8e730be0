# Figures on staggered_panel.csv beyond those of fixest and did; run in this folder, it prints rows for reference_values.csv.
# R packages plm 2.6.2, lme4 1.1.31, sandwich 3.0.2 with R 4.2.2.
suppressPackageStartupMessages({library(plm); library(lme4); library(sandwich)})
out <- list()
add <- function(estimator, option, term, est, se = NA) {
  out[[length(out) + 1]] <<- data.frame(estimator, option, term, estimate = as.numeric(est), std_error = as.numeric(se))
}
rows <- function(estimator, option, b, v, keep = names(b)) for (r in keep) add(estimator, option, r, b[r], sqrt(v[r, r]))
d <- read.csv("staggered_panel.csv")
two <- c("x1", "treated")

# Robust errors by name, in a regression with dummies.
l <- lm(y ~ x1 + treated + factor(area) + factor(year), d)
for (ty in c("HC0", "HC1", "HC2", "HC3")) rows("sandwich::vcovHC lm with dummies", ty, coef(l), vcovHC(l, type = ty), two)

# Newey-West within units, Driscoll-Kraay with the default lag, White.
p <- plm(y ~ x1 + treated, d, index = c("area", "year"), model = "within", effect = "twoways")
for (L in 1:3) rows("plm within twoways", paste0("vcovNW HC0 maxlag=", L), coef(p), vcovNW(p, type = "HC0", maxlag = L))
rows("plm within twoways", "vcovNW HC0 default", coef(p), vcovNW(p, type = "HC0"))
rows("plm within twoways", "vcovSCC HC0 default", coef(p), vcovSCC(p, type = "HC0"))
rows("plm within twoways", "vcovHC white1 HC0", coef(p), vcovHC(p, method = "white1", type = "HC0"))

# Mean groups.
panel <- pdata.frame(d, index = c("area", "year"))
for (m in c("mg", "cmg", "dmg")) { g <- pmg(y ~ x1, panel, model = m); rows("plm::pmg", paste0("model=", m), coef(g), vcov(g)) }
g <- pmg(y ~ x1, panel, model = "mg", trend = TRUE)
rows("plm::pmg", "model=mg, trend", coef(g), vcov(g))

# Random intercepts and slopes.
mixed <- function(f, name) {
  l <- lmer(f, d, REML = TRUE, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5)))
  s <- summary(l)$coefficients
  for (r in rownames(s)) add(name, "REML", r, s[r, 1], s[r, 2])
  v <- as.data.frame(VarCorr(l))
  for (i in 1:nrow(v)) add(name, "REML variance", paste(na.omit(c(sub("\\.1$", "", v$grp[i]), v$var1[i], v$var2[i])), collapse = " "), v$vcov[i])
}
mixed(y ~ x1 + treated + (1 | area), "lme4::lmer (1|area)")
mixed(y ~ x1 + treated + (1 + treated | area), "lme4::lmer (1+treated|area)")
mixed(y ~ x1 + treated + (1 + treated || area), "lme4::lmer (1+treated||area)")
mixed(y ~ x1 + treated + (1 + treated | municipality) + (1 | area), "lme4::lmer (1+treated|municipality)+(1|area)")

# Poisson regression with dummies, areas whose every count is 0 left out.
d$count <- floor(exp(d$y + 0.5))
e <- d[ave(d$count, d$area) > 0, ]
po <- function(family) glm(count ~ x1 + treated + factor(area) + factor(year), e, family = family, control = glm.control(epsilon = 1e-12, maxit = 100))
l <- po(poisson)
name <- "glm poisson with dummies"
rows(name, "vcovHC HC0", coef(l), vcovHC(l, type = "HC0"), two)
rows(name, "vcovCL area HC0", coef(l), vcovCL(l, cluster = e$area, type = "HC0", cadjust = FALSE), two)
rows(name, "vcovCL municipality HC0 cadjust", coef(l), vcovCL(l, cluster = e$municipality, type = "HC0", cadjust = TRUE), two)
l <- po(quasipoisson)
rows(name, "quasipoisson", coef(l), vcov(l), two)

# A cross-section: robust errors, and errors by distance as a double sum over pairs (radius as in fixest).
x <- d[d$year == 2013, ]
l <- lm(y ~ x0 + x1, x)
name <- "lm of 2013"
rows(name, "homoskedastic", coef(l), vcov(l))
for (ty in c("HC0", "HC1", "HC2", "HC3")) rows(name, paste("vcovHC", ty), coef(l), vcovHC(l, type = ty))
la <- x$lat * pi / 180; lo <- x$lon * pi / 180
h <- outer(la, la, function(a, b) sin((b - a) / 2)^2) + outer(cos(la), cos(la)) * outer(lo, lo, function(a, b) sin((b - a) / 2)^2)
D <- 12752 * asin(pmin(sqrt(h), 1))
S <- model.matrix(l) * resid(l); B <- solve(crossprod(model.matrix(l)))
for (cut in c(10, 25)) rows(name, paste0("conley bartlett ", cut, " km spherical"), coef(l), B %*% t(S) %*% ((D <= cut) * (1 - D / cut)) %*% S %*% B)
rows(name, "conley uniform 10 km spherical", coef(l), B %*% t(S) %*% (D <= 10) %*% S %*% B)

# The two-stage event study of did2s from its moments: residuals of the first stage on event times, both stages jointly.
# did2s keeps no base either: dummies of event times are orthogonal, so that leaving one out moves no other.
z <- model.matrix(~ 0 + factor(area) + factor(year), d)
free <- d$treated == 0
z0 <- z * free
inner <- crossprod(z0)
event <- ifelse(d$cohort == 0, NA, d$year - d$cohort)
times <- sort(unique(na.omit(event)))
x <- sapply(times, function(k) as.numeric(!is.na(event) & event == k))
left <- as.vector(d$y - z %*% solve(inner, crossprod(z0, d$y)))
b <- solve(crossprod(x), crossprod(x, left))
first <- ifelse(free, left, 0)
psi <- x * as.vector(left - x %*% b) - (z0 * first) %*% solve(inner, crossprod(z, x))
by <- rowsum(psi, d$municipality)
V <- solve(crossprod(x)) %*% crossprod(by) %*% solve(crossprod(x))
for (i in seq_along(times)) add("two stages of did2s, moments written out", "event study, cluster=municipality", paste("event", times[i]), b[i], sqrt(V[i, i]))

r <- do.call(rbind, out); r$estimate <- signif(r$estimate, 12); r$std_error <- signif(r$std_error, 12)
write.table(r, stdout(), sep = ",", row.names = FALSE, col.names = FALSE, quote = 1:3, qmethod = "double")
