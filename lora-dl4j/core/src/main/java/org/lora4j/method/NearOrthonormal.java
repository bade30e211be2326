/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How far vectors are from orthonormal ones: {@code |R R^T - I|}, the Frobenius norm, for the rows R of a matrix or for its columns.
 *
 * @param distance the norm
 * @param gradient its gradient by the matrix; zero where the vectors are orthonormal
 */
record NearOrthonormal(double distance, INDArray gradient) {

    static NearOrthonormal of(INDArray matrix, boolean rows) {
        INDArray vectors = rows ? matrix : matrix.transpose();
        INDArray off =
                vectors.mmul(vectors.transpose()).subi(Nd4j.eye(vectors.size(0)).castTo(vectors.dataType()));
        double length = off.norm2Number().doubleValue();
        INDArray gradient =
                length == 0 ? Nd4j.zerosLike(vectors) : off.mmul(vectors).muli(2 / length);
        return new NearOrthonormal(length, (rows ? gradient : gradient.transpose()).dup('c'));
    }
}
