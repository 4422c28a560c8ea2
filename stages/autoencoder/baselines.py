"""What an autoencoder has to beat: principal components, and the best any model could do. Images: shape (n, 28, 28)."""

import copy

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class PrincipalComponents:
    """Linear codes: the best reconstruction, in squared error on the training digits, that a linear map can give."""

    def __init__(self, images: np.ndarray, components: int) -> None:
        self.pca = PCA(components, svd_solver="covariance_eigh", copy=False).fit(_flat(images))

    def cut(self, components: int) -> "PrincipalComponents":
        """With only the first `components` of these: the same as fitted anew, without the work."""
        fewer = copy.copy(self)
        fewer.pca = copy.copy(self.pca)
        fewer.pca.components_ = self.pca.components_[:components]
        return fewer

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Codes, shape (n, components)."""
        return self.pca.transform(_flat(images))

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Images through the code and back, cut to [0, 1], which only brings them nearer to the digits."""
        return np.clip(self.pca.inverse_transform(self.encode(images)), 0, 1).reshape(images.shape)


def cross_entropy(images: np.ndarray, reconstructions: np.ndarray) -> float:
    """Binary cross-entropy of reconstructions, mean over pixels, in nats; cut to [1e-7, 1 - 1e-7] as Keras does."""
    p = np.clip(reconstructions.astype(np.float32), 1e-7, 1 - 1e-7)
    return float(-np.mean(images * np.log(p) + (1 - images) * np.log(1 - p), dtype=np.float64))


def probe(
    train_codes: np.ndarray, train_labels: np.ndarray, test_codes: np.ndarray, test_labels: np.ndarray
) -> np.ndarray:
    """Which digits a logistic regression reads right off their codes: what the code still knows, linearly.

    Codes have shape (n, latent), labels (n,); the result is of bools, shape (n,), for the test digits.
    """
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return classifier.fit(train_codes, train_labels).predict(test_codes) == test_labels


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)
