# Makes gsva_reference.csv and gsva_tied.csv from expression.csv with R's GSVA (Debian package
# r-bioc-gsva, 1.46.0):
#   Rscript tests/expression/gsva_reference.R
# Run by hand where GSVA is installed; the tests compare the package's scores with the tables.
suppressPackageStartupMessages(library(GSVA))
here <- "tests/expression"
signature <- read.csv("stages/expression/ne50.csv")
sets <- split(signature$gene, signature$set)
expression <- as.matrix(read.csv(file.path(here, "expression.csv"), row.names = 1))
enrich <- function(values, norm) gsva(values, sets, method = "ssgsea", tau = 0.25, ssgsea.norm = norm,
                                      verbose = FALSE, BPPARAM = BiocParallel::SerialParam())
record <- function(table, numbers, name) {
    table[numbers] <- lapply(table[numbers], function(column) sprintf("%.12g", column))
    write.csv(table, file.path(here, name), row.names = FALSE, quote = FALSE)
}
plain <- enrich(expression, FALSE)
normed <- enrich(expression, TRUE)
record(data.frame(sample = colnames(expression), NE = plain["NE", ], nonNE = plain["nonNE", ],
                  NE_normalised = normed["NE", ], nonNE_normalised = normed["nonNE", ]),
       2:5, "gsva_reference.csv")
# As in RNA sequencing: the lowest values, this share of all, are 0.
tied <- do.call(rbind, lapply(c(0.2, 0.4, 0.6), function(share) {
    values <- expression
    values[values <= sort(values)[round(share * length(values))]] <- 0
    found <- enrich(values, TRUE)
    data.frame(zeros = share, sample = colnames(values), NE = found["NE", ], nonNE = found["nonNE", ])
}))
record(tied, 3:4, "gsva_tied.csv")
