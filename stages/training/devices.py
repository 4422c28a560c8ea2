"""Training on several devices of one machine."""

import contextlib
import os
from collections.abc import Iterator

from stages.core.errors import StageError


@contextlib.contextmanager
def spread_over(devices: int) -> Iterator[None]:
    """What is built and compiled inside trains on several devices of this machine, each on its part of every batch.

    They add up their gradients at each step, so the result is that of one device but for rounding. GPUs where there are
    any, else the processor taken for several: slower than one, and good for trying it out.

    Source: tf.distribute.MirroredStrategy, https://www.tensorflow.org/guide/distributed_training

    Args:
        devices: how many; 1: nothing is changed.

    Raises:
        StageError: there are GPUs, but not so many.
    """
    if devices == 1:
        yield
        return
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)  # hidden by stages/core/environment.py; TensorFlow has not looked yet
    import tensorflow as tf

    if found := tf.config.list_physical_devices("GPU"):
        if len(found) < devices:
            raise StageError(f"params.yaml asks for {devices} devices and this machine has {len(found)} GPUs")
        names = [f"/gpu:{number}" for number in range(devices)]
    else:
        whole = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(whole, [tf.config.LogicalDeviceConfiguration()] * devices)
        names = [f"/cpu:{number}" for number in range(devices)]
    with tf.distribute.MirroredStrategy(names).scope():
        yield
