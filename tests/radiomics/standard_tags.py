"""PyRadiomics' features that the standard (IBSI 1) defines alike, and the standard's names of them."""

SHAPE = {
    "MeshVolume": "volume", "VoxelVolume": "vol_approx", "SurfaceArea": "area_mesh",
    "SurfaceVolumeRatio": "av", "Sphericity": "sphericity", "Maximum3DDiameter": "diam",
    "MajorAxisLength": "pca_maj_axis", "MinorAxisLength": "pca_min_axis",
    "LeastAxisLength": "pca_least_axis", "Elongation": "pca_elongation", "Flatness": "pca_flatness"}
FIRSTORDER = {
    "Mean": "stat_mean", "Variance": "stat_var", "Skewness": "stat_skew", "Kurtosis": "stat_kurt",
    "Median": "stat_median", "Minimum": "stat_min", "10Percentile": "stat_p10",
    "90Percentile": "stat_p90", "Maximum": "stat_max", "InterquartileRange": "stat_iqr",
    "Range": "stat_range", "MeanAbsoluteDeviation": "stat_mad",
    "RobustMeanAbsoluteDeviation": "stat_rmad", "Energy": "stat_energy",
    "RootMeanSquared": "stat_rms", "Entropy": "ih_entropy", "Uniformity": "ih_uniformity"}
GLCM = {
    "MaximumProbability": "joint_max", "JointAverage": "joint_avg", "SumSquares": "joint_var",
    "JointEntropy": "joint_entr", "DifferenceAverage": "diff_avg", "DifferenceVariance": "diff_var",
    "DifferenceEntropy": "diff_entr", "SumAverage": "sum_avg", "SumEntropy": "sum_entr",
    "JointEnergy": "energy", "Contrast": "contrast", "Id": "inv_diff", "Idn": "inv_diff_norm",
    "Idm": "inv_diff_mom", "Idmn": "inv_diff_mom_norm", "InverseVariance": "inv_var",
    "Correlation": "corr", "Autocorrelation": "auto_corr", "ClusterTendency": "clust_tend",
    "ClusterShade": "clust_shade", "ClusterProminence": "clust_prom", "Imc1": "info_corr1",
    "Imc2": "info_corr2"}
RUNS = {
    "ShortRunEmphasis": "sre", "LongRunEmphasis": "lre", "LowGrayLevelRunEmphasis": "lgre",
    "HighGrayLevelRunEmphasis": "hgre", "ShortRunLowGrayLevelEmphasis": "srlge",
    "ShortRunHighGrayLevelEmphasis": "srhge", "LongRunLowGrayLevelEmphasis": "lrlge",
    "LongRunHighGrayLevelEmphasis": "lrhge", "GrayLevelNonUniformity": "glnu",
    "GrayLevelNonUniformityNormalized": "glnu_norm", "RunLengthNonUniformity": "rlnu",
    "RunLengthNonUniformityNormalized": "rlnu_norm", "RunPercentage": "r_perc",
    "GrayLevelVariance": "gl_var", "RunVariance": "rl_var", "RunEntropy": "rl_entr"}
ZONES = {
    "SmallAreaEmphasis": "sze", "LargeAreaEmphasis": "lze", "LowGrayLevelZoneEmphasis": "lgze",
    "HighGrayLevelZoneEmphasis": "hgze", "SmallAreaLowGrayLevelEmphasis": "szlge",
    "SmallAreaHighGrayLevelEmphasis": "szhge", "LargeAreaLowGrayLevelEmphasis": "lzlge",
    "LargeAreaHighGrayLevelEmphasis": "lzhge", "GrayLevelNonUniformity": "glnu",
    "GrayLevelNonUniformityNormalized": "glnu_norm", "SizeZoneNonUniformity": "zsnu",
    "SizeZoneNonUniformityNormalized": "zsnu_norm", "ZonePercentage": "z_perc",
    "GrayLevelVariance": "gl_var", "ZoneVariance": "zs_var", "ZoneEntropy": "zs_entr"}
DEPENDENCE = {
    "SmallDependenceEmphasis": "lde", "LargeDependenceEmphasis": "hde",
    "LowGrayLevelEmphasis": "lgce", "HighGrayLevelEmphasis": "hgce",
    "SmallDependenceLowGrayLevelEmphasis": "ldlge", "SmallDependenceHighGrayLevelEmphasis": "ldhge",
    "LargeDependenceLowGrayLevelEmphasis": "hdlge", "LargeDependenceHighGrayLevelEmphasis": "hdhge",
    "GrayLevelNonUniformity": "glnu", "DependenceNonUniformity": "dcnu",
    "DependenceNonUniformityNormalized": "dcnu_norm", "GrayLevelVariance": "gl_var",
    "DependenceVariance": "dc_var", "DependenceEntropy": "dc_entr"}
TONE = {name: name.lower() for name in
        ("Coarseness", "Contrast", "Busyness", "Complexity", "Strength")}

TAGS = {f"original_{kind}_{name}": f"{before}{tag}{after}"
        for kind, before, names, after in (
            ("shape", "morph_", SHAPE, ""), ("firstorder", "", FIRSTORDER, ""),
            ("glcm", "cm_", GLCM, "_3D_avg"), ("glrlm", "rlm_", RUNS, "_3D_avg"),
            ("glszm", "szm_", ZONES, "_3D"), ("ngtdm", "ngt_", TONE, "_3D"),
            ("gldm", "ngl_", DEPENDENCE, "_3D"))
        for name, tag in names.items()}
