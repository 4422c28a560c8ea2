"""Names of the classical filters, as the report and the benchmarks show them."""

FILTERS = {  # by their names in stages/denoiser/baselines.py
    "non_local_means": "non-local means",
    "gaussian": "Gaussian blur",
    "total_variation": "total variation",
    "median_gaussian": "median + Gaussian blur",
}
