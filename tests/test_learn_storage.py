"""The model file: there and back, whole or not at all, and refused where it is damaged or foreign."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from handgrad.errors import DataError
from handgrad.learn import Fitted, Settings, fit
from handgrad.learn.output import write_bytes

TEXT = """
X: (n, m)
Y: (1, m)
W1: (h, n)
b1: (h, 1)
W2: (1, h)
A1 = tanh(W1 @ X + b1)
A2 = sigmoid(W2 @ A1)
J = -sum(Y * log(A2) + (1 - Y) * log(1 - A2)) / m
"""


def frame():
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    return pl.DataFrame(
        {"größe": x, "kind": rng.choice(["u", "v"], 60), "name": [f"p{k}" for k in range(60)], "t": x > 0}
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "net.txt").write_text(TEXT)
    fitted = fit(folder / "net.txt", frame(), "t", Settings(epochs=3, sizes={"h": 4}))
    fitted.save(folder / "model.safetensors")
    return fitted, folder / "model.safetensors"


def parts(path):
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["handgrad"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def rewrite(saved, tmp_path, change):
    """The saved file with `change(header, tensors)` applied."""
    header, tensors = parts(saved[1])
    change(header, tensors)
    path = tmp_path / "changed.safetensors"
    save_file(tensors, path, metadata={"handgrad": json.dumps(header)})
    return path


def test_round_trip(saved):
    fitted, path = saved
    loaded = Fitted.load(path)
    for name, array in fitted.parameters.items():
        np.testing.assert_array_equal(loaded.parameters[name], array)
    assert (loaded.features, loaded.target, loaded.sizes) == (fitted.features, fitted.target, fitted.sizes)
    assert (loaded.history, loaded.metrics) == (fitted.history, fitted.metrics)
    before, after = fitted.predict(frame()), loaded.predict(frame())
    np.testing.assert_array_equal(before.probabilities, after.probabilities)
    assert before.values.tolist() == after.values.tolist()
    assert after.identifier.name == "name"


def test_saving_again_gives_the_same_bytes(saved, tmp_path):
    Fitted.load(saved[1]).save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == saved[1].read_bytes()


def test_the_untouched_rewrite_is_accepted(saved, tmp_path):
    Fitted.load(rewrite(saved, tmp_path, lambda header, tensors: None))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, t: h.pop("sizes"), "not a Header (differs in: sizes)"),
        (lambda h, t: h.update(extra=1), "not a Header (differs in: extra)"),
        (lambda h, t: h.update(format=99), "its format is 99"),
        (lambda h, t: h.update(format=True), ".format: expected a whole number, found True"),
        (lambda h, t: h["sizes"].update(h="4"), ".sizes.h: expected a whole number, found '4'"),
        (lambda h, t: h["sizes"].update(h=5), "its tensor"),
        (lambda h, t: h["sizes"].update(q=5), "its sizes"),
        (lambda h, t: h["sizes"].update(n=0), "its sizes"),
        (lambda h, t: h["features"]["encoders"].clear(), "it has no features"),
        (lambda h, t: h["features"]["encoders"][0].update(deviation=0), "a deviation in it is not a positive number"),
        (lambda h, t: h["features"]["encoders"][0].update(type="os.system"), "expected Standardised or OneHot"),
        (lambda h, t: h["features"]["encoders"].pop(), "its sizes"),
        (lambda h, t: h["target"].update(labels=["a", "a"]), "fewer than two classes"),
        (lambda h, t: h["target"].update(task="magic"), ".target.task: expected one of binary, classes, regression"),
        (lambda h, t: h.update(dtype="object"), "its dtype is 'object'"),
        (lambda h, t: h.update(text="Z = W @"), "not a model file"),
        (lambda h, t: h.update(text="import os"), "not a model file"),
        (lambda h, t: t.pop("W2"), "its tensors are"),
        (lambda h, t: t.update(W9=np.zeros(1)), "its tensors are"),
        (lambda h, t: t.update(W2=np.full((1, 4), np.nan, np.float32)), "its tensor W2 is not float32"),
        (lambda h, t: t.update(W2=np.zeros((1, 4))), "its tensor W2 is not float32"),
    ],
)
def test_changed_files_are_refused(saved, tmp_path, change, message):
    path = rewrite(saved, tmp_path, change)
    with pytest.raises(DataError) as caught:
        Fitted.load(path)
    assert caught.value.message.startswith(f"{path} is not a model file of Handgrad that can be used: ")
    assert message in caught.value.message
    assert caught.value.remedy


def test_damaged_and_foreign_files_are_refused(saved, tmp_path):
    whole = saved[1].read_bytes()
    path = tmp_path / "x.safetensors"
    for content in (b"", b"{}", whole[:50], whole[:-8], b"\xff" * 8 + whole[8:], b"PK\x03\x04" + whole):
        path.write_bytes(content)
        with pytest.raises(DataError, match="not a model file of Handgrad"):
            Fitted.load(path)
    save_file({"w": np.zeros(2)}, path)
    with pytest.raises(DataError, match="of another program"):
        Fitted.load(path)
    save_file({"w": np.zeros(2)}, path, metadata={"handgrad": "[" * 100_000})
    with pytest.raises(DataError, match="not a model file of Handgrad"):
        Fitted.load(path)
    save_file({"w": np.zeros(2)}, path, metadata={"handgrad": '{"format": NaN}'})
    with pytest.raises(DataError, match="the metadata holds NaN"):
        Fitted.load(path)
    with pytest.raises(DataError, match="there is no such file"):
        Fitted.load(tmp_path / "none.safetensors")
    with pytest.raises(DataError, match="it is a directory"):
        Fitted.load(tmp_path)


def test_a_flipped_bit_is_one_error_or_another_model(saved, tmp_path):
    whole = saved[1].read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "x.safetensors"
    for position in rng.integers(0, len(whole), 150):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(flipped))
        with suppress(DataError):
            Fitted.load(path)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(DataError, match="No space left on device"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["model.safetensors"]


def test_an_interrupted_write_leaves_nothing_half(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "m", b"new")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written(tmp_path):
    for path, message in ((tmp_path, "is a directory"), (tmp_path / "no" / "m", "there is no directory")):
        with pytest.raises(DataError, match=message):
            write_bytes(Path(path), b"")
