"""Chapter 5, einsum: sums, products and the contractions of attention."""

import numpy as np

from .cases import Floats, case, exercise, floats, numbers


@exercise(
    case("multiply, and sum", a=numbers(2), b=numbers(2, start=2)),
    case(
        "an index that is not after the arrow is summed over: nothing is after this one",
        a=numbers(3),
        b=numbers(3, start=5),
    ),
)
def inner_product(a: Floats, b: Floats) -> Floats:
    return a @ b


@exercise(
    case("all pairs: two different indices, both kept", a=numbers(2), b=numbers(2, start=2)),
    case("the index of a comes first in the result", a=numbers(2), b=numbers(3, start=2)),
)
def outer_product(a: Floats, b: Floats) -> Floats:
    return a[:, None] * b


@exercise(
    case("keep the index of the columns, drop that of the rows", matrix=floats([[1.0, 0.0]])),
    case("sum over the rows: one number for each column", matrix=numbers(3, 2)),
    case(
        "a square matrix does not tell rows from columns, but the letters do",
        matrix=numbers(2, 2),
    ),
)
def column_sums(matrix: Floats) -> Floats:
    sums: Floats = matrix.sum(axis=0)
    return sums


@exercise(
    case("a matrix of one number", matrix=numbers(1, 1)),
    case(
        "an index that occurs twice in one operand walks down its diagonal",
        matrix=numbers(2, 2, start=3),
    ),
    case("keep that index after the arrow", matrix=numbers(3, 3)),
)
def diagonal(matrix: Floats) -> Floats:
    return np.diagonal(matrix)


@exercise(
    case("the sum of the diagonal of a single number", matrix=numbers(1, 1)),
    case(
        "an index that occurs twice in one operand walks down its diagonal",
        matrix=numbers(2, 2, start=3),
    ),
    case("nothing after the arrow: one number", matrix=numbers(3, 3)),
)
def trace(matrix: Floats) -> float:
    return float(np.trace(matrix))


@exercise(
    case(
        "the index that the two share is the one to sum over",
        a=numbers(1, 2),
        b=numbers(2, 1, start=2),
    ),
    case("rows of a with columns of b", a=numbers(2, 2), b=numbers(2, 2, start=4)),
    case("sizes may all differ", a=numbers(2, 3), b=numbers(3, 4, start=2)),
)
def matrix_product(a: Floats, b: Floats) -> Floats:
    return a @ b


@exercise(
    case("one row: the sum of the squares of its numbers", matrix=numbers(1, 2, start=2)),
    case("one number for each row", matrix=numbers(3, 2)),
    case(
        "a square matrix does not tell rows from columns, but the letters do",
        matrix=numbers(2, 2, start=4),
    ),
)
def row_norms(matrix: Floats) -> Floats:
    sums: Floats = (matrix**2).sum(axis=1)
    return sums


@exercise(
    case(
        "the index that the two share stands first in both",
        a=numbers(2, 1),
        b=numbers(2, 2, start=4),
    ),
    case("columns of a with columns of b", a=numbers(2, 2), b=numbers(2, 2, start=4)),
    case("sizes may all differ", a=numbers(3, 2), b=numbers(3, 4, start=2)),
)
def transposed_product(a: Floats, b: Floats) -> Floats:
    return a.T @ b


@exercise(
    case(
        "nothing is kept: one number",
        a=numbers(1),
        matrix=numbers(1, 2, start=3),
        b=numbers(2, start=5),
    ),
    case(
        "a meets the first axis of the matrix, b the second",
        a=numbers(2),
        matrix=numbers(2, 2, start=3),
        b=numbers(2, start=7),
    ),
)
def bilinear(a: Floats, matrix: Floats, b: Floats) -> float:
    return float(a @ matrix @ b)


@exercise(
    case("a batch of one is a matrix product", a=numbers(1, 2, 2), b=numbers(1, 2, 2, start=4)),
    case(
        "the batch index occurs in both operands and after the arrow: it is not summed",
        a=numbers(2, 1, 2),
        b=numbers(2, 2, 1, start=4),
    ),
    case("sizes may all differ", a=numbers(2, 1, 3), b=numbers(2, 3, 4, start=2)),
)
def batch_matrix_product(a: Floats, b: Floats) -> Floats:
    return a @ b


@exercise(
    case(
        "one query, one key: their dot product",
        query=numbers(1, 1, 2),
        key=numbers(1, 1, 2, start=2),
    ),
    case(
        "rows are queries, columns are keys",
        query=numbers(1, 2, 2),
        key=numbers(1, 2, 2, start=5),
    ),
    case(
        "each sentence of the batch looks at its own keys only",
        query=numbers(2, 1, 2),
        key=numbers(2, 3, 2, start=5),
    ),
)
def dot_product_scores(query: Floats, key: Floats) -> Floats:
    return query @ np.swapaxes(key, -1, -2)


@exercise(
    case(
        "all the weight on one key gives its value",
        weights=floats([[[0.0, 1.0]]]),
        value=numbers(1, 2, 2),
    ),
    case(
        "the keys are summed over, the queries and the depth of the values are kept",
        weights=floats([[[0.5, 0.5], [0.25, 0.75]]]),
        value=numbers(1, 2, 2),
    ),
    case(
        "each sentence of the batch has its own values",
        weights=floats([[[0.5, 0.5]], [[0.25, 0.75]]]),
        value=numbers(2, 2, 3),
    ),
)
def context_vectors(weights: Floats, value: Floats) -> Floats:
    return weights @ value


@exercise(
    case(
        "with a kernel of one number: that number times the product",
        query=numbers(1, 1),
        kernel=numbers(1, 1, start=2),
        key=numbers(1, 1, start=3),
    ),
    case(
        "the first axis of the kernel meets the query, the second the key",
        query=numbers(1, 2),
        kernel=numbers(2, 2, start=2),
        key=numbers(1, 2, start=7),
    ),
    case(
        "einsum takes three operands as it takes two",
        query=numbers(2, 2),
        kernel=numbers(2, 3, start=2),
        key=numbers(4, 3, start=7),
    ),
)
def general_scores(query: Floats, kernel: Floats, key: Floats) -> Floats:
    return query @ kernel @ key.T


@exercise(
    case("one head: a matrix product", x=numbers(1, 1, 2), kernel=numbers(2, 1, 2, start=3)),
    case(
        "x (b, q, m) and kernel (m, h, d) give (b, q, h, d)",
        x=numbers(1, 2, 2),
        kernel=numbers(2, 2, 3, start=3),
    ),
)
def project_to_heads(x: Floats, kernel: Floats) -> Floats:
    return np.tensordot(x, kernel, axes=1)


@exercise(
    case(
        "one head: a matrix product",
        weights=floats([[[[0.0, 1.0], [0.5, 0.5]]]]),
        value=numbers(1, 2, 1, 2),
    ),
    case(
        "(b, h, q, k) and (b, k, h, v) give (b, q, h, v)",
        weights=floats([[[[0.5, 0.5]], [[0.25, 0.75]]]]),
        value=numbers(1, 2, 2, 3),
    ),
    case(
        "each head weighs its own values",
        weights=floats([[[[0.0, 1.0]], [[1.0, 0.0]]]]),
        value=numbers(1, 2, 2, 1),
    ),
    case(
        "each sentence of the batch has its own values",
        weights=floats([[[[0.5, 0.5]]], [[[0.25, 0.75]]]]),
        value=numbers(2, 2, 1, 2),
    ),
)
def context_with_heads(weights: Floats, value: Floats) -> Floats:
    return np.swapaxes(weights @ np.swapaxes(value, 1, 2), 1, 2)
