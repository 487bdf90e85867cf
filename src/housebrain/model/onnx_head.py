"""A graph that computes the logits of some tokens only: answers are made of a quarter of a vocabulary.

The last matrix of a small model is a fifth of its weights, all of which are read for each token that is written.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from housebrain.files import write_json

HEADS = ("MatMul", "MatMulNBits")  # with a bias behind it a head has another form
TOKENS = "tokens.json"  # beside a graph: of which tokens its logits are, in their order


def narrow_head(graph: Path, tokens: Sequence[int]) -> None:
    """Has a graph compute no logits but those of some tokens.

    A head that shares its matrix, or keeps it in a form that is not known, stays as it is.

    Args:
        graph: as onnxruntime-genai's builder writes it, its weights beside it.
        tokens: whose logits are wanted.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(graph)
    (output,) = (one for one in model.graph.output if one.name == "logits")
    vocabulary = output.type.tensor_type.shape.dim[-1]
    (head,) = (node for node in model.graph.node if "logits" in node.output)
    others = {name for node in model.graph.node if node is not head for name in node.input}
    own = [tensor for tensor in model.graph.initializer if tensor.name in head.input and tensor.name not in others]
    if head.op_type not in HEADS or not own or any(vocabulary.dim_value not in tensor.dims for tensor in own):
        return
    for tensor in own:
        values, name = numpy_helper.to_array(tensor), tensor.name
        axis = values.shape.index(vocabulary.dim_value)
        tensor.CopyFrom(numpy_helper.from_array(np.take(values, tokens, axis), name))
    for attribute in head.attribute:
        if attribute.name == "N":  # of a matrix in eight bits: how many rows it has
            attribute.i = len(tokens)
    vocabulary.dim_value = len(tokens)
    data = graph.with_name(f"{graph.name}.data")
    data.unlink(missing_ok=True)  # the library would append to it
    onnx.save(model, graph, save_as_external_data=True, location=data.name)
    shutil.copymode(graph, data)
    write_json(graph.with_name(TOKENS), list(tokens))
