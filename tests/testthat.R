library(testthat)
library(neurolasso)
test_check("neurolasso")
