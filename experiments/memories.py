"""What is kept of an evening: every pair (softmax attention), a sum of products (linear attention),
a sum that is corrected (the delta rule), the state of a recurrent network (GRU).

Each model hears pairs of a guest and a dish, and after each pair it is asked for one guest. Called
with `guest`, `dish` and `asked`, integers `(b, t)`, it returns the logits `(b, t, dishes)` of the
answers. The answer at t is made of the pairs up to t.
"""

from attention_helpers._tensorflow import keras, tf
from attention_helpers.functional import scaled_dot_product_attention
from attention_helpers.masks import causal_mask
from attention_helpers.seq2seq import GRU

GUESTS, DISHES = 32, 16
# Of linear attention and the delta rule: the numbers of a state, as rows (d_k) and columns (d_v).
STATES = {16: (4, 4), 32: (8, 4), 64: (8, 8), 128: (16, 8), 256: (16, 16)}
DEPTH = 16  # of the keys and of the values of softmax attention
READOUT = 128  # numbers in which the GRU's state and the question meet


class Tables(keras.layers.Layer):
    """A vector for each face, each name and each dish, and a readout: what attention needs."""

    def __init__(self, key_depth, value_depth):
        super().__init__()
        self.face = self.table("face", GUESTS, key_depth)
        self.named = self.table("name", GUESTS, key_depth)
        self.dish = self.table("dish", DISHES, value_depth)
        self.readout = self.table("readout", value_depth, DISHES)

    def table(self, name, rows, depth):
        start = keras.initializers.RandomNormal(stddev=depth**-0.5)  # rows of length one
        return self.add_weight(shape=(rows, depth), initializer=start, name=name)

    def call(self, guest, dish, asked):
        query, key = tf.gather(self.named, asked), tf.gather(self.face, guest)
        context = self.look(query, key, tf.gather(self.dish, dish))
        return tf.einsum("bqv,vo->bqo", context, self.readout)


class Softmax(Tables):
    """All pairs so far are kept, and the softmax chooses among them.

    Args:
        aged: whether a pair that is older by one step loses a trained number from its score.
    """

    def __init__(self, aged=False):
        super().__init__(DEPTH, DEPTH)
        self.age = self.add_weight(shape=(), initializer="zeros", name="age") if aged else None

    def look(self, query, key, value):
        length, bias = key.shape[1], None
        if self.age is not None:
            place = tf.range(length, dtype=tf.float32)
            bias = self.age * (place[None, :] - place[:, None])
        context, _ = scaled_dot_product_attention(query, key, value, causal_mask(length), bias=bias)
        return context


class Linear(Tables):
    """S ← S + k vᵀ, and the answer is Sᵀ q: no softmax, and nothing kept but S. Keys have length one.

    It is computed for all steps at once: (mask ∘ Q Kᵀ) V.
    """

    def look(self, query, key, value):
        key = tf.math.l2_normalize(key, axis=-1)
        return seen_so_far(query, key, self.written(key, value))

    def written(self, key, value):
        return value


class Delta(Linear):
    """S ← S + k β (v − Sᵀ k)ᵀ: only what S does not yet say is written, a trained share β of it."""

    def __init__(self, key_depth, value_depth):
        super().__init__(key_depth, value_depth)
        self.share = self.add_weight(shape=(), initializer="zeros", name="share")  # β = 1/2

    def written(self, key, value):
        return corrections(key, value, tf.sigmoid(self.share))


def seen_so_far(query, key, value):
    """(mask ∘ Q Kᵀ) V."""
    mask = tf.cast(causal_mask(key.shape[1]), key.dtype)
    return tf.einsum("bqk,bkv->bqv", mask * tf.einsum("bqd,bkd->bqk", query, key), value)


def corrections(key, value, share):
    """What the delta rule writes at each step, `(b, t, d_v)`, for all steps at once.

    Δ_t = β (v_t − Sᵀ k_t), where S is the sum of k_j Δ_jᵀ over j < t. So Δ_t + β Σ (k_t · k_j) Δ_j is
    β v_t: one triangular system of equations.
    """
    overlap = tf.einsum("bqd,bkd->bqk", key, key)
    earlier = tf.linalg.band_part(overlap, -1, 0) - tf.linalg.band_part(overlap, 0, 0)
    system = tf.eye(key.shape[1]) + share * earlier
    return tf.linalg.triangular_solve(system, share * value)


class Recurrent(keras.layers.Layer):
    """The last state of a GRU is kept. A product of it and of the question is read."""

    def __init__(self, units):
        super().__init__()
        self.gru = GRU(units)
        self.of_state, self.of_question = (keras.layers.Dense(READOUT) for _ in range(2))
        self.readout = keras.layers.Dense(DISHES)

    def call(self, guest, dish, asked):
        pair = tf.concat([tf.one_hot(guest, GUESTS), tf.one_hot(dish, DISHES)], axis=-1)
        states = self.gru(pair, mask=tf.ones_like(guest, tf.bool))
        question = self.of_question(tf.one_hot(asked, GUESTS))
        return self.readout(self.of_state(states) * question)


MODELS = {"softmax": Softmax, "softmax-aged": lambda: Softmax(aged=True)}
MODELS |= {f"linear-{n}": lambda shape=shape: Linear(*shape) for n, shape in STATES.items()}
MODELS |= {f"delta-{n}": lambda shape=shape: Delta(*shape) for n, shape in STATES.items()}
MODELS |= {f"gru-{n}": lambda n=n: Recurrent(n) for n in (16, 32, 64, 128)}


def numbers_kept(name, pairs):
    """How many numbers a model keeps of so many pairs."""
    family, _, n = name.partition("-")
    return 2 * DEPTH * pairs if family == "softmax" else int(n)
