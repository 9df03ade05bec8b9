# Makes gsva_reference.csv from expression.csv with R's GSVA (Debian package r-bioc-gsva, 1.46.0):
#   Rscript tests/expression/gsva_reference.R
# Run by hand where GSVA is installed; the test compares the package's scores with the table.
suppressPackageStartupMessages(library(GSVA))
here <- "tests/expression"
signature <- read.csv("stages/expression/ne50.csv")
sets <- split(signature$gene, signature$set)
expression <- as.matrix(read.csv(file.path(here, "expression.csv"), row.names = 1))
enrich <- function(norm) gsva(expression, sets, method = "ssgsea", tau = 0.25, ssgsea.norm = norm,
                              verbose = FALSE, BPPARAM = BiocParallel::SerialParam())
plain <- enrich(FALSE)
normed <- enrich(TRUE)
table <- data.frame(sample = colnames(expression), NE = plain["NE", ], nonNE = plain["nonNE", ],
                    NE_normalised = normed["NE", ], nonNE_normalised = normed["nonNE", ])
table[-1] <- lapply(table[-1], function(column) sprintf("%.12g", column))
write.csv(table, file.path(here, "gsva_reference.csv"), row.names = FALSE, quote = FALSE)
