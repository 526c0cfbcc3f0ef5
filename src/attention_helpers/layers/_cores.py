import tensorflow as tf
from ..functional import *


def _f(x):
    return tf.cast(x, tf.float32) if tf.convert_to_tensor(x).dtype.size == 2 else x


def attend(scores, value, mask):
    c, w = attention(_f(scores), _f(value), mask)
    return tf.cast(c, value.dtype), tf.cast(w, value.dtype)


def dot_product(q, k):
    return tf.einsum("...qd,...kd->...qk", _f(q), _f(k))


def scaled_dot_product(q, k, v, mask=None, bias=None, scale=None):
    return attend(dot_product(q * tf.cast(q.shape[-1] ** -0.5, q.dtype), k), v, mask)


def additive(q, k, v):
    return additive_scores(_f(q), _f(k), _f(v))


def project(inputs, kernel):
    n, units = kernel.shape
    shape = [*inputs.shape[:-1], units]
    if shape.count(None) > 1:
        shape = tf.concat([tf.shape(inputs)[:-1], [units]], axis=0)
    elif None in shape:
        shape[shape.index(None)] = -1
    return tf.reshape(tf.reshape(inputs, [-1, n]) @ kernel, shape)


from .._tensors import scores_shape as _s


def scores_shape(a, b):
    if a.rank is None or b.rank is None:
        return tf.TensorShape(None)
    return tf.broadcast_static_shape(a[:-2], b[:-2]) + (a[-2], b[-2])
