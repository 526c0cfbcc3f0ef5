"""Training under `fit()`, and by several replicas: two devices of one process, and two processes.

Replicas need devices of their own, which TensorFlow makes only before anything else, so they run in
other processes. Those run this file as a script: `python test_distribute.py devices`, or
`python test_distribute.py worker`, and print what they found as JSON.
"""

import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
import traceback

import keras
import numpy as np
import pytest
import tensorflow as tf

from attention_helpers._run import Checkpoint
from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import END_ID, START_ID, SentencePair, Vocabulary
from attention_helpers.training import masked_crossentropy, train

LETTERS = Vocabulary(list("abcd"))
LENGTHS = [1, 1, 1, 6, 1, 6, 5, 6]  # however a batch is halved, its halves have unlike sizes
EPOCHS = 3
KERAS = tuple(int(part) for part in keras.__version__.split(".")[:2])


def new_model(attention="bahdanau"):
    return Seq2Seq(LETTERS, LETTERS, attention=attention, units=6, embedding_dim=5, seed=0)


def batch():
    """`((source, target_in), target_out)` of eight sentences to copy."""
    random = np.random.default_rng(0)
    source = random.integers(4, 8, (8, 6)) * (np.arange(6) < np.array(LENGTHS)[:, None])
    target = np.zeros((8, 8), int)
    target[:, 0] = START_ID
    target[:, 1:7] = source
    target[np.arange(8), np.array(LENGTHS) + 1] = END_ID
    return tuple(each.astype("int32") for each in (source, target[:, :-1], target[:, 1:]))


def fitted(strategy):
    """The loss after some steps of `fit()`, the size of the weights, and the loss before each step."""
    source, target_in, target_out = batch()
    with strategy.scope():
        model = new_model()
        model.compile(keras.optimizers.SGD(0.5), masked_crossentropy)
    data = tf.data.Dataset.from_tensor_slices(((source, target_in), target_out)).batch(8)
    losses = model.fit(data, epochs=EPOCHS, verbose=0, shuffle=False).history["loss"]
    size = sum(float(np.abs(weight).sum()) for weight in model.get_weights())
    after = masked_crossentropy(target_out, model((source, target_in)))
    return [float(after), size, *losses]


def trained(strategy, attention="general", **arguments):
    """The losses of `train()`, whose optimiser clips gradients; and the size of the weights."""
    source, _, _ = batch()
    sentences = [tuple(LETTERS.tokens[i] for i in row if i) for row in source]
    pairs = [SentencePair(words, words) for words in sentences]
    with strategy.scope():
        model = new_model(attention)
    history = train(model, pairs, steps=EPOCHS, batch_size=8, bins=1, verbose=False, **arguments)
    return [*history["loss"], *[float(np.abs(weight).sum()) for weight in model.get_weights()]]


def resumed(strategy):
    """As `trained`, but the run is broken off after two steps, and a new model goes on."""
    write = Checkpoint.write

    def write_twice(self, history, *arrays):
        write(self, history, *arrays)
        if len(history["loss"]) == 2:
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as folder:
        Checkpoint.write = write_twice
        try:
            trained(strategy, checkpoint=os.path.join(folder, "run"), every=1)
        except KeyboardInterrupt:
            Checkpoint.write = write
            return trained(strategy, checkpoint=os.path.join(folder, "run"), every=1)
    raise AssertionError("the run was not broken off")


def few_rows(strategy):
    """The losses where a bin holds one pair, fewer than there are replicas."""
    pairs = [SentencePair((word,) * length, (word,)) for word, length in [("a", 1), ("b", 2)]]
    with strategy.scope():
        model = new_model("general")
    return train(model, pairs, steps=4, batch_size=2, bins=2, verbose=False)["loss"]


@functools.cache
def on_one_device(run):
    return run(tf.distribute.get_strategy())


def close(one, other, atol=2e-5):
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=atol)


# One device


def test_fit_takes_the_loss_and_trains():
    after, _, *losses = on_one_device(fitted)
    source, target_in, target_out = batch()
    close(losses[0], masked_crossentropy(target_out, new_model()((source, target_in))))
    assert after < losses[2] < losses[1] < losses[0]


def test_the_batch_tells_the_mean_over_tokens_from_a_mean_of_means():
    """If each replica took the mean over its own tokens, the loss would be another one."""
    source, target_in, target_out = batch()
    logits = new_model()((source, target_in))
    whole = masked_crossentropy(target_out, logits)
    for rows in (slice(0, 4), slice(4, 8)), (slice(0, 8, 2), slice(1, 8, 2)):
        means = [masked_crossentropy(target_out[part], logits[part]) for part in rows]
        assert abs(np.mean(means) - whole) > 1e-3


def test_any_keras_model_takes_the_loss():
    """Also one that is no `Seq2Seq`, by `compile(loss=...)` alone."""
    inputs = keras.Input((4,), dtype="int32")
    model = keras.Model(inputs, keras.layers.Embedding(8, 8)(inputs))
    model.compile("sgd", loss=masked_crossentropy)
    tokens = np.array([[4, 5, 2, 0], [7, 2, 0, 0]])
    expected = float(masked_crossentropy(tokens, model(tokens)))
    close(model.fit(tokens, tokens, verbose=0).history["loss"], [expected])


def test_targets_as_floats_are_the_same_targets():
    _, _, target_out = batch()
    logits = np.random.default_rng(0).normal(size=(8, 7, 8)).astype("float32")
    expected = masked_crossentropy(target_out, logits)
    for dtype in ("float32", "float64", "int64"):
        close(masked_crossentropy(target_out.astype(dtype), logits), expected, atol=0)


def test_a_batch_smaller_than_the_replicas_is_refused(monkeypatch):
    class Strategy:
        num_replicas_in_sync = 9

    monkeypatch.setattr(Seq2Seq, "distribute_strategy", Strategy)
    pairs = [SentencePair(("a",), ("a",))]
    with pytest.raises(
        ValueError, match="batch_size: expected a row for each of 9 replicas, got 8"
    ):
        train(new_model(), pairs, steps=1, batch_size=8)


# Several replicas


def start(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, __file__, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def results(processes):
    """What each process found; all are ended when one of them fails or is too slow."""
    try:
        outputs = [process.communicate(timeout=600) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors[-3000:]
    return [json.loads(output.splitlines()[-1]) for output, _ in outputs]


@pytest.fixture(scope="module")
def devices():
    (result,) = results([start("devices")])
    return result


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def workers():
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    processes = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        processes.append(start("worker", TF_CONFIG=json.dumps(task)))
    return results(processes)


def test_two_devices_fit_as_one_does(devices):
    assert devices["replicas"] == 2
    ours, one_device = devices["fit"], on_one_device(fitted)
    if KERAS < (3, 8):  # which reports the share of one replica
        ours, one_device = ours[:2], one_device[:2]
    close(ours, one_device)


def test_two_devices_train_as_one_does(devices):
    close(devices["train"], on_one_device(trained), atol=2e-4)


def test_two_devices_go_on_with_a_run(devices):
    close(devices["resumed"], devices["train"], atol=0)


def test_a_replica_without_a_row_adds_nothing(devices):
    close(devices["few_rows"], on_one_device(few_rows), atol=2e-4)


def test_several_workers_have_no_checkpoint(workers):
    for worker in workers:
        assert worker["checkpoint"] == "checkpoint: expected one worker with it, got 2"


def test_two_workers_train_as_one_does(workers):
    for worker in workers:
        assert worker["replicas"] == 2
        close(worker["train"], on_one_device(trained), atol=2e-4)
    assert workers[0]["train"] == workers[1]["train"]  # the replicas stay the same model


def test_workers_are_kept_from_fit_by_keras_alone(workers):
    """Keras 3.15 reduces a tuple of batches, which this strategy cannot; `train()` is the way.

    Should Keras learn it, two workers must fit as one does.
    """
    for worker in workers:
        if "error" in worker:
            assert worker["where"] == ["trainer.py", "_maybe_symbolic_build"], worker["error"]
        else:
            close(worker["fit"], on_one_device(fitted))


# What the other processes run


def where_keras_fails(error):
    """The file and the function of Keras that called TensorFlow without need."""
    frames = traceback.extract_tb(error.__traceback__)
    last = [each for each in frames if "keras" in each.filename.split(os.sep)][-1]
    return [os.path.basename(last.filename), last.name]


def main(role):
    keras.config.disable_traceback_filtering()
    if role == "devices":
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * 2
        )
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    else:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    found = {"replicas": strategy.num_replicas_in_sync, "train": trained(strategy)}
    if role == "devices":
        found |= {"resumed": resumed(strategy), "few_rows": few_rows(strategy)}
    else:
        try:
            trained(strategy, checkpoint="run")
        except ValueError as error:
            found["checkpoint"] = str(error)
    try:
        found["fit"] = fitted(strategy)
    except ValueError as error:
        if role == "devices":
            raise
        found |= {"error": str(error)[:300], "where": where_keras_fails(error)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
