"""What a user's own settings must not change."""

import os
import subprocess
import sys

ASK = """
import stages
import keras, matplotlib, numpy, tensorflow as tf
tf.linalg.matmul(one := tf.ones((64, 64)), one)
print(keras.config.backend(), keras.config.floatx(), matplotlib.rcParams["backend"].lower(),
      matplotlib.rcParams["lines.linewidth"], tf.config.list_physical_devices("GPU"))
from threadpoolctl import threadpool_info
from numpy._core._multiarray_umath import __cpu_features__ as features
print([name for name in ("X86_V4", "AVX512_ICL", "AVX512_SPR") if features.get(name)])
print(sorted({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}))
"""


def test_personal_settings_are_not_read(tmp_path, repository):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"floatx": "float16", "backend": "jax"}', encoding="utf-8")
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nbackend: pdf\n", encoding="utf-8")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "KERAS_HOME": str(tmp_path / ".keras"),
        "KERAS_BACKEND": "jax",
        "KERAS_MAX_EPOCHS": "1",
        "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"),
        "OPENBLAS_NUM_THREADS": "2",
        "ONEDNN_VERBOSE": "1",
        "PYTHONPATH": str(repository),
    }
    told = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, cwd=repository, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [line for line in told if not line.startswith("onednn_verbose")] == [
        "tensorflow float32 agg 1.5 []",
        "[]",
        "[1]",
    ]
    assert any(line.endswith(",isa:Intel AVX2") for line in told)  # whatever the processor has
